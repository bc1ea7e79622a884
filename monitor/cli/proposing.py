"""What platforms propose: listed, accepted as a change set, or turned down."""

import argparse
from typing import Any

from db import platforms as stored
from db.changes import Order, What
from db.pool import Connection
from monitor import intake, proposals
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, who
from monitor.opening import utc_now
from monitor.proposals import Kind, Proposal

_SHOWN = 100


async def propose(conn: Connection, arguments: argparse.Namespace) -> int:
    """Show, approve or dismiss what the catalogue of a platform proposes."""
    found = await proposals.proposals(conn, arguments.name)
    if arguments.action == "proposals":
        kind = Kind(arguments.kind) if arguments.kind else None
        _print([each for each in found if kind in (None, each.kind)], arguments)
        return 0
    meant = _meant(found, arguments)
    if arguments.action == "approve":
        return await _approve(conn, meant, arguments)
    return await _dismiss(conn, meant, arguments)


def _meant(found: list[Proposal], arguments: argparse.Namespace) -> list[Proposal]:
    kind = Kind(arguments.kind) if arguments.kind else None
    try:
        meant = proposals.chosen(found, arguments.codes, kind, every=arguments.all)
    except LookupError as exc:
        raise UnknownName(f"No proposal that can be accepted has the code {exc}") from exc
    if not meant:
        raise UnknownName("Say which: codes, or --all (camledger platforms proposals NAME)")
    return meant


def _print(found: list[Proposal], arguments: argparse.Namespace) -> None:
    if arguments.json:
        names = [name for name in Proposal.__slots__ if name != "key"]
        show.as_json([{name: getattr(each, name) for name in names} for each in found])
        return
    if not found:
        print("It knows nothing that the inventory does not know.")
        return
    counts = {kind: sum(each.kind is kind for each in found) for kind in Kind}
    print(", ".join(f"{count:,} {kind}" for kind, count in counts.items() if count))
    rows = [
        [each.kind, each.code, each.name, each.host, each.address, _remark(each)]
        for each in found[:_SHOWN]
    ]
    show.table(["what", "code", "name", "host", "address", ""], rows)
    if len(found) > _SHOWN:
        print(f"… and {len(found) - _SHOWN:,} more (--json lists them)")
    print(
        "\nAccept: camledger platforms approve NAME CODE …, or --all (new ones; others with "
        "--kind). New cameras are undeclared. dismiss NAME CODE … turns one down until it says "
        "otherwise."
    )


def _remark(each: Proposal) -> str:
    return "; ".join(each.doubts) or "can be accepted"


async def _approve(
    conn: Connection, accepted: list[Proposal], arguments: argparse.Namespace
) -> int:
    order = Order(by=who(arguments), at=utc_now(), source=f"platform {arguments.name}")
    outcome = await intake.take(
        conn, What.CAMERAS, proposals.patches(accepted), order, replace_known=True
    )
    await stored.match(conn)
    number = None if outcome is None else outcome.number
    said = {"cameras": len(accepted), "number": number}
    await note(conn, arguments, "platform.approve", arguments.name, **said)
    if arguments.json:
        show.as_json({"accepted": len(accepted), "change_set": number})
        return 0
    new = sum(each.kind is Kind.NEW for each in accepted)
    words = f"{len(accepted):,} accepted"
    if new:
        words += f"; {new:,} new, undeclared: declare or remove within 180 days"
    print(f"{words}. Change set {number}; camledger imports undo {number} takes it back.")
    return 0


async def _dismiss(
    conn: Connection, turned_down: list[Proposal], arguments: argparse.Namespace
) -> int:
    await stored.dismiss(conn, arguments.name, {each.key: each.said for each in turned_down})
    said: dict[str, Any] = {"cameras": len(turned_down)}
    await note(conn, arguments, "platform.dismiss", arguments.name, **said)
    if arguments.json:
        show.as_json({"dismissed": len(turned_down)})
    else:
        print(f"{len(turned_down):,} turned down, until the platform says otherwise of them.")
    return 0
