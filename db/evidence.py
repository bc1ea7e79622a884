"""Evidence about cameras: failed observations and hourly summaries; kept a while, then pruned."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from db.pool import Connection
from monitor.health import Hour
from monitor.model import Observation


def columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as one array per column, for unnest: one statement costs less than one per row."""
    return [list(column) for column in zip(*rows, strict=True)]


def took_ms(seen: Observation) -> float:
    """Milliseconds until the verdict."""
    return seen.took.total_seconds() * 1000


async def store_failed(conn: Connection, failed: Sequence[Observation]) -> None:
    """Observations that were not good; what is there already stays."""
    rows = [(o.camera_id, o.at, o.reason.value, o.detail, took_ms(o)) for o in failed]
    if rows:
        await conn.execute(
            """
            INSERT INTO observation_failed (camera_id, at, reason, detail, took_ms)
            SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[], $4::text[],
              $5::real[])
            ON CONFLICT DO NOTHING
            """,
            *columns(rows),
        )


async def store_hours(conn: Connection, hours: Sequence[tuple[int, Hour]]) -> None:
    """Complete hours of cameras; what is there already stays."""
    rows = [(i, h.starts_at, h.asked, h.up, h.took_ms, h.took_max_ms) for i, h in hours]
    if rows:
        await conn.execute(
            """
            INSERT INTO observation_hour (camera_id, hour, asked, up, took_ms, took_max_ms)
            SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::int[], $4::int[],
              $5::double precision[], $6::real[])
            ON CONFLICT DO NOTHING
            """,
            *columns(rows),
        )


async def prune(conn: Connection, *, failed_before: datetime, hours_before: datetime) -> int:
    """Delete old evidence; facts stay. Returns how many rows went."""
    first = await conn.execute("DELETE FROM observation_failed WHERE at < $1", failed_before)
    second = await conn.execute("DELETE FROM observation_hour WHERE hour < $1", hours_before)
    return int(first.split()[-1]) + int(second.split()[-1])
