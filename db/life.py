"""Who records, and the signs of life of the processes that ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db.pool import Connection

COLLECTOR_LOCK = 0x5E_0100
"""Key of the advisory lock of the one who records (one shard so far)."""


SILENT = timedelta(seconds=30)
"""After it the views `darkness` and `bi.collector_now` take a collector for dead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Life:
    """The last sign of life of a collector; `stopped_at` is set when it ended on purpose."""

    alive_at: datetime
    stopped_at: datetime | None


async def take_lock(conn: Connection) -> bool:
    """Become the one who records, for as long as this connection lives."""
    return bool(await conn.fetchval("SELECT pg_try_advisory_lock($1)", COLLECTOR_LOCK))


async def last_life(conn: Connection, name: str) -> Life | None:
    """What the collector of this name left behind."""
    row = await conn.fetchrow("SELECT alive_at, stopped_at FROM collector WHERE name = $1", name)
    return None if row is None else Life(alive_at=row["alive_at"], stopped_at=row["stopped_at"])


async def begin_life(conn: Connection, name: str, now: datetime) -> None:
    """Note that the collector has started."""
    await conn.execute(
        """
        INSERT INTO collector (name, started_at, alive_at) VALUES ($1, $2, $2)
        ON CONFLICT (name) DO UPDATE
        SET started_at = $2, alive_at = $2, stopped_at = NULL, asked = 0, dropped = 0, skipped = 0
        """,
        name,
        now,
    )


async def end_life(conn: Connection, name: str, now: datetime) -> None:
    """Note that the collector has stopped on purpose."""
    await conn.execute(
        """
        UPDATE collector SET started_at = least(started_at, $2), alive_at = $2, stopped_at = $2
        WHERE name = $1
        """,
        name,
        now,
    )


async def sign_life(conn: Connection, name: str, now: datetime, figures: Mapping[str, Any]) -> None:
    """Note that the collector lives, with its figures (columns of the table `collector`).

    Its life goes back with the clock: a sign from the future would hide that it is dead.
    """
    await conn.execute(
        """
        UPDATE collector SET started_at = least(started_at, $2), alive_at = $2, cameras = $3,
          asked = $4, dropped = $5, skipped = $6, late_p99_s = $7, loop_lag_s = $8, queue = $9
        WHERE name = $1
        """,
        name,
        now,
        figures["cameras"],
        figures["asked"],
        figures["dropped"],
        figures["skipped"],
        figures["late_p99_s"],
        figures["loop_lag_s"],
        figures["queue"],
    )


async def served_since(conn: Connection, at: datetime) -> set[int]:
    """Cameras that were in service at some moment since `at`; may name a few more."""
    rows = await conn.fetch(
        """
        SELECT id FROM camera c WHERE intent = 'in_service'
          OR EXISTS (SELECT FROM intent_change i WHERE i.camera_id = c.id AND i.at >= $1)
        """,
        at,
    )
    return {row["id"] for row in rows}
