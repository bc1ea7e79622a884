"""Takes a file into the inventory: read, compare, one transaction. A bad file changes nothing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from db import cameras, places, requirements
from db.pool import Connection
from monitor.inventory.difference import Diff, diff
from monitor.inventory.problems import refuse
from monitor.model import Area, Camera, Place


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What taking a file did, or would do.

    new_areas: areas that rows named and nobody had described; made with their code as name.
    """

    what: str
    added: int
    changed: int
    unchanged: int
    absent: int
    new_areas: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


class _DryRun(Exception):
    """Rolls the transaction of a dry run back."""


async def take_areas(conn: Connection, rows: Sequence[Area], *, dry_run: bool = False) -> Outcome:
    """Store areas of a file."""
    outcome: Outcome
    try:
        async with conn.transaction():
            difference = diff(await cameras.areas(conn), rows)
            await cameras.store_areas(
                conn, [*difference.added, *(each.after for each in difference.changed)]
            )
            outcome = await _finish(conn, "areas", difference, (), dry_run=dry_run)
    except _DryRun as exc:
        outcome = exc.args[0]
    return outcome


async def take_cameras(
    conn: Connection,
    rows: Sequence[Camera],
    *,
    source: str,
    now: datetime,
    dry_run: bool = False,
) -> Outcome:
    """Store cameras of a file; source is its name, kept with every change."""
    outcome: Outcome
    try:
        async with conn.transaction():
            new_areas = await _name_areas(conn, (row.area_code for row in rows))
            stored = await cameras.cameras(conn)
            difference = diff({each.code: each for each in stored.values()}, rows)
            await cameras.add(conn, difference.added, now)
            changes = [(each.after, each.fields) for each in difference.changed]
            await cameras.change(conn, changes, source, now)
            outcome = await _finish(conn, "cameras", difference, new_areas, dry_run=dry_run)
    except _DryRun as exc:
        outcome = exc.args[0]
    return outcome


async def take_places(
    conn: Connection,
    rows: Sequence[Place],
    *,
    now: datetime,
    by: str,
    dry_run: bool = False,
) -> Outcome:
    """Store places of a file, and the requirements it states. Codes are unique within their kind.

    A requirement, or a draft of one, that the file does not name stays. by: who states it. Raises
    Refused when a review does not lie ahead, within three years.
    """
    outcome: Outcome
    try:
        async with conn.transaction():
            new_areas = await _name_areas(conn, (row.area_code for row in rows))
            kinds = {row.kind for row in rows}
            stored = [each for each in (await places.places(conn)).values() if each.kind in kinds]
            known = _by_kind(stored)
            difference = diff(known, [_kept(each, known) for each in _by_kind(rows).values()])
            changed = [*difference.added, *(each.after for each in difference.changed)]
            await places.store(conn, [_plain(each) for each in changed], now)
            needed = [each for each in changed if _is_new_need(each, known)]
            await _state(conn, [_plain(each) for each in needed], by=by, now=now)
            outcome = await _finish(conn, "places", difference, new_areas, dry_run=dry_run)
    except _DryRun as exc:
        outcome = exc.args[0]
    return outcome


def _kept(row: Place, known: Mapping[str, Place]) -> Place:
    """The row with what the file does not name as it is stored."""
    before = known.get(row.code)
    if before is None:
        return row
    return replace(
        row,
        requirement=row.requirement or before.requirement,
        required_draft=before.required_draft if row.required_draft is None else row.required_draft,
    )


def _is_new_need(row: Place, known: Mapping[str, Place]) -> bool:
    before = known.get(row.code)
    return bool(row.requirement) and (before is None or before.requirement != row.requirement)


async def _state(conn: Connection, rows: Sequence[Place], *, by: str, now: datetime) -> None:
    today = await requirements.today(conn, now)
    for row in rows:
        assert row.requirement is not None  # noqa: S101  chosen by the caller
        flaw = requirements.flaw(row.requirement, today)
        if flaw:
            raise refuse(row.code, flaw, "Correct review_due.")
        place_id = await places.id_of(conn, row.kind, row.code)
        await requirements.state(conn, place_id, row.requirement, from_day=today, by=by, now=now)


def _by_kind(rows: Iterable[Place]) -> dict[str, Place]:
    """Places under a code that is unique over all kinds, as `diff` needs it."""
    keyed = (replace(row, code=f"{row.kind} {row.code}") for row in rows)
    return {row.code: row for row in keyed}


def _plain(row: Place) -> Place:
    return replace(row, code=row.code.removeprefix(f"{row.kind} "))


async def _name_areas(conn: Connection, codes: Iterable[str | None]) -> tuple[str, ...]:
    known = await cameras.areas(conn)
    missing = sorted({code for code in codes if code} - known.keys())
    await cameras.store_areas(conn, [Area(code=code, name=code) for code in missing])
    return tuple(missing)


async def _finish(
    conn: Connection,
    what: str,
    difference: Diff[Any],
    new_areas: tuple[str, ...],
    *,
    dry_run: bool,
) -> Outcome:
    outcome = Outcome(
        what=what,
        added=len(difference.added),
        changed=len(difference.changed),
        unchanged=len(difference.unchanged),
        absent=len(difference.absent),
        new_areas=new_areas,
        changes=tuple(
            f"{change.code}: {name} {before!r} → {after!r}"
            for change in difference.changed
            for name, (before, after) in change.fields.items()
            if name != "geometry"
        ),
    )
    if dry_run:
        raise _DryRun(outcome)
    if new_areas or not difference.empty:
        await cameras.touch(conn)
    return outcome
