"""coverage can-go, and coverage without FILE: less is an answer."""

import argparse
import asyncio
from typing import Any

from monitor import inventory, planning, settings, whatif
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.inventory import Patch, Refused
from monitor.opening import connected
from monitor.planning import CanGo, Needless, Proof
from monitor.whatif import Without

_SHOWN = 50
_PLACES = 3


async def can_go(arguments: argparse.Namespace) -> int:
    """Which cameras can go; 0 also when none can."""
    config = settings.load(arguments.config)
    async with connected(config) as conn:
        try:
            found = await planning.can_go(conn, config.coverage, arguments.area)
        except LookupError:
            raise UnknownName(f"No area has the code {arguments.area}") from None
    if arguments.json:
        show.as_json(found.as_json())
    else:
        _print_can_go(found)
    return 0


def _print_can_go(found: CanGo) -> None:
    print(
        f"{len(found.can_go):,} of {found.considered:,} cameras can go together, and each of "
        f"{found.requirements:,} requirements is kept as it is. {found.stay:,} stay; with fewer "
        f"than {found.at_least:,} it cannot be done"
        f" ({found.exact:,} pieces of the city exact, {found.greedy:,} greedy)."
    )
    if found.blind:
        print(f"Of {found.blind:,} nobody knows what they look at: nothing is said of those.")
    if found.undeclared:
        print(f"{found.undeclared:,} are undeclared and no part of this: declare or remove.")
    if found.can_go:
        headers = ["camera", "name", "protected", "cost a year", "entered", "why it can go"]
        print()
        show.table(headers, [_row(each) for each in found.can_go[:_SHOWN]])
        if len(found.can_go) > _SHOWN:
            print(f"… and {len(found.can_go) - _SHOWN:,} more (--json lists them)")
        print("\nTake one away: camledger intent CODE retired --reason not_needed")


def _row(each: Needless) -> list[Any]:
    looks = show.MISSING if each.looks is None else show.percent(each.looks)
    return [
        each.camera,
        each.name,
        looks,
        each.cost_year,
        each.first_entered_at.date().isoformat(),
        _why(each),
    ]


def _why(each: Needless) -> str:
    if not each.proof:
        lapsed = f"; the requirement of {', '.join(each.lapsed[:_PLACES])} has lapsed"
        turns = ", and it turns" if each.turns else ""
        return f"nothing that it watches is required{turns}{lapsed if each.lapsed else ''}"
    more = f"; {len(each.proof) - _PLACES} places more" if len(each.proof) > _PLACES else ""
    return "; ".join(_proof(proof) for proof in each.proof[:_PLACES]) + more


def _proof(proof: Proof) -> str:
    also = f", seen by {', '.join(proof.also)}" if proof.also else ""
    return (
        f"{proof.place} keeps {show.percent(proof.without)} of {show.percent(proof.required)}{also}"
    )


async def without(arguments: argparse.Namespace) -> int:
    """What a file of changes would do; 1 when a requirement would be kept no more."""
    if arguments.file is None:
        raise UnknownName("Say which file: coverage without FILE (column code, or more)")
    config = settings.load(arguments.config)
    patches = await asyncio.to_thread(_patches, arguments)
    async with connected(config) as conn:
        try:
            found = await whatif.without(conn, config.coverage, patches)
        except whatif.NotLess as exc:
            raise UnknownName(str(exc)) from exc
    if arguments.json:
        show.as_json(found.as_json())
    else:
        _print_without(found)
    return 1 if found.broken else 0


def _patches(arguments: argparse.Namespace) -> list[Patch]:
    try:
        opened = inventory.open_cameras(arguments.file, accept_far=True)
        patches = list(opened.rows())
        errors = opened.reading().errors
    except Refused as refused:
        raise UnknownName(str(refused.problem)) from refused
    if errors:
        raise UnknownName("\n".join(map(str, errors[:20])))
    return patches


def _print_without(found: Without) -> None:
    if not found.cameras:
        print("The file changes nothing.")
        return
    show.table(
        ["camera", "what happens", "protected before", "after"],
        [
            [
                each.camera + ("" if each.declared else " (undeclared, counts for nothing)"),
                each.change,
                show.percent(each.looks_before),
                show.percent(each.looks_after),
            ]
            for each in found.cameras[:_SHOWN]
        ],
    )
    print()
    if not found.places:
        print("No place is watched otherwise than before.")
        return
    show.table(
        ["place", "required", "designed before", "after", "excess before", "after", ""],
        [
            [
                each.place,
                show.percent(each.required),
                show.percent(each.before),
                show.percent(each.after),
                f"{each.excess_before:,.0f} {each.unit}",
                f"{each.excess_after:,.0f} {each.unit}",
                {True: "kept", False: "NO LONGER KEPT", None: ""}[each.kept],
            ]
            for each in found.places[:_SHOWN]
        ],
    )
    ended = sum(
        each.looks_before is not None and each.looks_after is None for each in found.cameras
    )
    print(
        f"\n{len(found.broken)} requirements would be kept no more; {ended} cameras would no "
        "longer look at a protected place."
    )
