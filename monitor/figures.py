"""Closes local days: ledgers of cameras and areas, and mean coverage, are computed and stored.

Answers for any window from the facts themselves, with the same arithmetic, too. When it is called
is the service's business.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from db import facts, ledger
from db.ledger import Day
from db.pool import Connection
from monitor import availability
from monitor.availability import Ledger

_AT_ONCE = 1_000  # cameras computed before others get the event loop again
_ATTEMPTS = 3
_DAY = timedelta(days=1)


async def close_days(conn: Connection, now: datetime, timezone: str) -> list[date]:
    """Compute every local day that is not final, up to the running one; returns these days.

    A day is final one hour after its end (`ledger.CONFIRMED_AFTER`), until a late fact reopens it.
    Calling it twice changes nothing. `timezone` is an IANA name. One transaction per day.
    """
    first = await ledger.first_fact(conn)
    if first is None:
        return []
    final = await ledger.final_days(conn)
    zone = ZoneInfo(timezone)
    days = [each for each in local_days(first, now, zone) if each.day not in final]
    for each in days:
        await _close(conn, each, now)
    return [each.day for each in days]


def local_days(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[Day]:
    """The local days from that of `first` to that of `last`, which tile the time between."""
    day, end = first.astimezone(zone).date(), last.astimezone(zone).date()
    while day <= end:
        yield Day(day=day, starts_at=_midnight(day, zone), ends_at=_midnight(day + _DAY, zone))
        day += _DAY


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


async def of_camera(
    conn: Connection, code: str, starts_at: datetime, ends_at: datetime
) -> dict[str, Any] | None:
    """Ledger of one camera in seconds, from its facts; None for an unknown code.

    Raises ValueError when the window ends before it starts. The caller cuts the future off.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        history = await facts.history(conn, code, starts_at, ends_at)
    if history is None:
        return None
    return _answer(starts_at, ends_at, availability.ledger(history, starts_at, ends_at))


async def of_area(
    conn: Connection, code: str, starts_at: datetime, ends_at: datetime
) -> dict[str, Any] | None:
    """The same summed over the cameras of an area and all areas below it, with their number.

    Cameras that were not declared when the window ended are counted, and in no sum. One that was
    not yet known in the window counts nowhere.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        camera_ids = await facts.area_cameras(conn, code)
        if camera_ids is None:
            return None
        declared = await facts.declared_at(conn, ends_at)
        sums, cameras, undeclared = Ledger(), 0, 0
        for some in _pieces(camera_ids):
            ledgers = await _ledgers(conn, some, starts_at, ends_at)
            counted = [each for camera, each in ledgers if camera in declared]
            sums = availability.total([sums, *counted])
            cameras += len(counted)
            undeclared += len(ledgers) - len(counted)
    return {**_answer(starts_at, ends_at, sums), "cameras": cameras, "undeclared": undeclared}


def _answer(starts_at: datetime, ends_at: datetime, split: Ledger) -> dict[str, Any]:
    return {"from": _iso(starts_at), "to": _iso(ends_at), **split.as_json()}


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def _close(conn: Connection, day: Day, now: datetime) -> None:
    await ledger.claim(conn, day)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            async with conn.transaction(isolation="repeatable_read"):
                await _compute(conn, day, now)
        except asyncpg.SerializationError:
            # a late fact was stored meanwhile: our snapshot is too old
            if attempt == _ATTEMPTS:
                raise
        else:
            return


async def _compute(conn: Connection, day: Day, now: datetime) -> None:
    until = min(day.ends_at, now)
    await ledger.take_turn(conn)
    for some in _pieces(await facts.camera_ids(conn)):
        ledgers = await _ledgers(conn, some, day.starts_at, until)
        await ledger.store(conn, day, until, ledgers)
        await asyncio.sleep(0)
    await ledger.mark_declared(conn, day, until)
    await ledger.sum_areas(conn, day.day)
    await ledger.average_coverage(conn, day, until)
    await ledger.finish(conn, day, now)


async def _ledgers(
    conn: Connection, camera_ids: Sequence[int], starts_at: datetime, ends_at: datetime
) -> list[tuple[int, Ledger]]:
    """Ledgers of those of the cameras that were known before the window ended."""
    histories = await facts.histories(conn, starts_at, ends_at, camera_ids)
    return [
        (camera_id, availability.ledger(history, starts_at, ends_at))
        for camera_id, history in histories.items()
        if history.intents
    ]


def _pieces(camera_ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(camera_ids), _AT_ONCE):
        yield camera_ids[first : first + _AT_ONCE]
