"""Takes rows into the inventory: staged, compared, one transaction. Bad rows change nothing."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import asyncpg

from db import cameras, changes, places, protected, requirements, staged
from db.changes import Order, Tally, What
from db.pool import Connection
from monitor import protecting
from monitor.inventory import areas
from monitor.inventory.patch import Patch
from monitor.inventory.problems import Problem, Severity, refuse, shorten

_EXAMPLES = 1_000
_NAMED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What taking a file did, or would do.

    number: of the change set; None of a dry run and where nothing changed. new_areas: areas that
    rows named and nobody had described; made with their code as name. doubts: warnings and notes
    that only the stored inventory shows. changes: a sentence each.
    """

    what: What
    number: int | None
    tally: Tally
    new_areas: tuple[str, ...] = ()
    doubts: tuple[Problem, ...] = ()
    changes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "what": self.what,
            "change_set": self.number,
            **asdict(self.tally),
            "new_areas": self.new_areas,
            "doubts": [str(each) for each in self.doubts],
            "changes": self.changes,
        }


class Conflict(Exception):
    """Something stands in the way of taking back or deleting; the text names all of it."""


class _DryRun(Exception):
    """Rolls the transaction of a dry run back."""


class Rejected(Exception):
    """Rows that cannot be taken as they are; nothing was changed. problems: why, each one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


async def take(
    conn: Connection,
    what: What,
    rows: Iterable[Patch],
    order: Order,
    *,
    dry_run: bool = False,
    make_areas: bool = False,
    replace_known: bool = False,
    sound: Callable[[], bool] = lambda: True,
) -> Outcome | None:
    """Store what the rows name, and keep it as a change set that can be taken back.

    make_areas: describe areas that nobody has described by their names. replace_known: also where
    most known codes of the file are those of other cameras. sound: asked after the last
    row whether all were; if not, nothing is stored, and the outcome is None. Raises Rejected, and
    Refused when a review does not lie ahead, within three years.
    """
    try:
        async with conn.transaction():
            await changes.take_turn(conn)
            await changes.stage(conn, rows)
            if not sound():
                raise _DryRun(None)
            notes, new_areas = await _look(conn, what, order, make_areas=make_areas)
            tally = await changes.compare(conn, what)
            doubts = await _strangers(conn, order) if what is What.CAMERAS else []
            known = tally.changed + tally.unchanged
            if not (dry_run or replace_known) and 1 < len(doubts) > known / 2:
                raise Rejected([replace(each, severity=Severity.ERROR) for each in doubts])
            lines = [said(*each) for each in await changes.examples(conn, _EXAMPLES)]
            number = await _settle(conn, what, order)
            if new_areas:
                await changes.add(conn, {code: {"name": code} for code in new_areas})
                await _settle(conn, What.AREAS, order, part_of=number)
            nothing = not (tally.added or tally.changed or new_areas)
            outcome = Outcome(
                what=what,
                number=None if dry_run or nothing else number,
                tally=tally,
                new_areas=tuple(new_areas),
                doubts=(*doubts, *notes),
                changes=tuple(lines),
            )
            if outcome.number is None:
                raise _DryRun(outcome)
    except _DryRun as exc:
        outcome = exc.args[0]
    return outcome


async def _look(
    conn: Connection, what: What, order: Order, *, make_areas: bool
) -> tuple[list[Problem], list[str]]:
    """Settle what the staged rows refer to: notes, and areas to be made. Raises Rejected."""
    notes: list[Problem] = []
    if what is What.AREAS:
        return notes, []
    if what is What.CAMERAS:
        zeros = await staged.lost_zeros(conn)
        if zeros:
            raise Rejected([_lost(order, *each) for each in zeros])
        twins = await staged.unite_twins(conn)
        if twins:
            named = ", ".join(f"{key} is {code}" for key, code in twins[:5])
            notes.append(
                _note(order, f"{len(twins)} codes differ from known ones in case: {named}.")
            )
    known = areas.Names((await cameras.areas(conn)).values())
    found = known.settle(await staged.area_words(conn), order.source, order.unit, make=make_areas)
    if found.errors:
        raise Rejected(found.errors)
    await staged.name_areas(conn, found.codes)
    if found.codes:
        named = ", ".join(f"{word} is {code}" for word, code in list(found.codes.items())[:5])
        notes.append(_note(order, f"{len(found.codes)} areas are given by name: {named}."))
    return notes, found.new


def _lost(order: Order, key: str, line: int, code: str) -> Problem:
    return Problem(
        severity=Severity.ERROR,
        file=order.source,
        line=line,
        unit=order.unit,
        column="code",
        value=key,
        reason=f"No camera has this code, but {code} is known: the zeros before it were lost.",
        advice="Format the column as text, enter the codes again from their source, and save.",
    )


def _note(order: Order, reason: str) -> Problem:
    return Problem(severity=Severity.NOTE, file=order.source, reason=reason)


async def _strangers(conn: Connection, order: Order) -> list[Problem]:
    found = await staged.strangers(conn)
    return [
        Problem(
            severity=Severity.WARNING,
            file=order.source,
            line=row["line"],
            unit=order.unit,
            value=row["key"],
            reason=f"This code is known with another name in another place: {shorten(row['was'])}, "
            f"now {shorten(row['is'])}.",
            advice="Is it another camera? Then give it a code of its own. Where most known codes "
            "of a file are so, it is stored with --replace only.",
        )
        for row in found
    ]


async def undo(conn: Connection, number: int, order: Order) -> int:
    """Take a change set back by another one; its number. Raises Conflict, or LookupError."""
    async with conn.transaction():
        await changes.take_turn(conn)
        found = await changes.change_set(conn, number)
        if found is None:
            raise LookupError(number)
        in_the_way = await changes.conflicts(conn, number)
        if in_the_way:
            since = _listed([_changed_since(row) for row in in_the_way])
            raise Conflict(f"{since}. Nothing was changed; take the later change back first")
        order = replace(order, undoes=number)
        what = What(found["what"])
        await changes.reverse(conn, what, number)
        done = await _settle(conn, what, order)
        if what is not What.AREAS and await changes.reverse(conn, What.AREAS, number):
            await _settle(conn, What.AREAS, order, part_of=done)
        try:
            await changes.settle_references(conn)
        except asyncpg.ForeignKeyViolationError as exc:
            raise Conflict(
                f"An area that it needs was deleted since ({exc.detail}). Nothing was changed; "
                "take that deletion back first"
            ) from exc
    return done


async def delete(conn: Connection, what: What, key: str, order: Order) -> int:
    """Delete what should never have been there; the change set. Raises Conflict, or LookupError."""
    async with conn.transaction():
        await changes.take_turn(conn)
        await changes.remove(conn, what, [key])
        if not await changes.removed(conn):
            raise LookupError(key)
        return await _settle(conn, what, order)


async def _settle(conn: Connection, what: What, order: Order, part_of: int | None = None) -> int:
    """Apply the difference and keep it, as a change set or part of one; its number."""
    gone = await changes.removed(conn)
    if what is What.AREAS:
        _refuse(await cameras.areas_in_use(conn, gone))
        await cameras.apply_areas(conn)
        await cameras.delete_areas(conn, gone)
    elif what is What.CAMERAS:
        _refuse(await cameras.in_use(conn, gone))
        await cameras.apply(conn, order.at)
        await cameras.delete(conn, gone, order.at)
    else:
        await places.apply(conn, order.at)
        await protecting.judge(conn)
        await _state(conn, order)
        await places.delete(conn, gone)
    await cameras.touch(conn)
    if part_of is None:
        return await changes.record(conn, what, order)
    await changes.attach(conn, part_of, what)
    return part_of


def _refuse(in_use: Mapping[str, str]) -> None:
    if in_use:
        why = _listed([f"{key}: {why}" for key, why in in_use.items()])
        raise Conflict(f"{why}. Nothing was changed; what served is retired, not deleted")


def _changed_since(row: Any) -> str:
    by = f" (change set {row['by']})" if row["by"] else ""
    field = f", {row['field']}" if row["field"] else ""
    return f"{row['key']}{field} was changed since{by}"


def _listed(lines: list[str]) -> str:
    more = f"; and {len(lines) - _NAMED} more" if len(lines) > _NAMED else ""
    return "; ".join(lines[:_NAMED]) + more


async def _state(conn: Connection, order: Order) -> None:
    """State or end the requirements that the places of the difference name."""
    today = await requirements.today(conn, order.at)
    for key, place_id, needed in await places.needs(conn):
        flaw = needed and (
            requirements.flaw(needed, today) or await protected.hindrance(conn, place_id)
        )
        if needed is None or (flaw and order.undoes):  # a need that lapsed meanwhile stays ended
            await requirements.withdraw(conn, place_id, by=order.by, now=order.at)
            continue
        if flaw:
            raise refuse(key.partition(" ")[2], flaw, "Correct it, or leave its requirement out.")
        await requirements.state(conn, place_id, needed, from_day=today, by=order.by, now=order.at)


def said(key: str, field: str, before: Any, after: Any) -> str:
    """One changed field as people read it."""
    return f"{key}: {field} {_shown(before)} → {_shown(after)}"


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, dict):
        return shorten(", ".join(f"{name} {inner}" for name, inner in value.items()))
    return shorten({True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value))
