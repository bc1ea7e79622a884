"""Puts things of the model into the inventory, as a file that names every field would."""

from collections.abc import Iterable
from datetime import UTC, datetime

import asyncpg

from db.changes import Order, What
from monitor import intake
from monitor.intake import Outcome
from monitor.inventory import whole
from monitor.model import Area, Camera, Place


def order(now: datetime | None = None, *, by: str = "t", source: str = "t") -> Order:
    """An order of now."""
    return Order(by=by, at=now or datetime.now(UTC), source=source)


async def _taken(
    conn: asyncpg.Connection,
    what: What,
    rows: Iterable[Area] | Iterable[Camera] | Iterable[Place],
    given: Order,
    dry_run: bool,
) -> Outcome:
    patches = map(whole, rows)
    done = await intake.take(conn, what, patches, given, dry_run=dry_run, make_areas=True)
    assert done is not None
    return done


async def take_areas(
    conn: asyncpg.Connection, rows: Iterable[Area], *, dry_run: bool = False
) -> Outcome:
    """Store areas."""
    return await _taken(conn, What.AREAS, rows, order(), dry_run)


async def take_cameras(
    conn: asyncpg.Connection,
    rows: Iterable[Camera],
    *,
    now: datetime | None = None,
    source: str = "t",
    dry_run: bool = False,
) -> Outcome:
    """Store cameras."""
    given = order(now, source=source)
    return await _taken(conn, What.CAMERAS, rows, given, dry_run)


async def take_places(
    conn: asyncpg.Connection,
    rows: Iterable[Place],
    *,
    now: datetime | None = None,
    by: str = "t",
    dry_run: bool = False,
) -> Outcome:
    """Store places, and what they need where they say so."""
    given = order(now, by=by)
    return await _taken(conn, What.PLACES, rows, given, dry_run)
