"""Observations, facts and rows with sensible defaults; tests override what they are about."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from monitor.availability import Stretch
from monitor.model import Health, Intent, Observation, Reason
from tests.declared import declare_all


def observation(at: datetime, reason: Reason = Reason.OK, **fields: Any) -> Observation:
    """What was seen of camera 1."""
    values: dict[str, Any] = {"camera_id": 1, "took": timedelta(milliseconds=12)}
    return Observation(at=at, reason=reason, **{**values, **fields})


def stretch(starts_at: datetime, ends_at: datetime | None, label: str) -> Stretch:
    """Positional, as histories in tests are long."""
    return Stretch(starts_at=starts_at, ends_at=ends_at, label=label)


async def add_cameras(
    conn: asyncpg.Connection,
    number: int,
    since: datetime,
    *,
    area: str | None = None,
    intent: Intent = Intent.IN_SERVICE,
) -> list[int]:
    """Cameras by plain SQL; returns their ids."""
    rows = await conn.fetch(
        """
        INSERT INTO camera (code, name, area_code, intent, created_at, updated_at)
        SELECT 'camera-' || i + (SELECT count(*) FROM camera), 'Camera ' || i, $3, $4, $1, $1
        FROM generate_series(1, $2::int) i RETURNING id
        """,
        since,
        number,
        area,
        intent.value,
    )
    ids = sorted(row["id"] for row in rows)
    await intend(conn, ids, since, intent)
    await declare_all(conn)
    return ids


async def intend(
    conn: asyncpg.Connection, ids: Sequence[int], at: datetime, intent: Intent
) -> None:
    """A decision of people about cameras."""
    await conn.execute("UPDATE camera SET intent = $2 WHERE id = ANY($1)", ids, intent.value)
    await conn.execute(
        "INSERT INTO intent_change SELECT unnest($1::bigint[]), $2, $3", ids, at, intent.value
    )


async def change(
    conn: asyncpg.Connection, camera_id: int, at: datetime, before: Health, after: Health
) -> None:
    """A transition, recorded at once."""
    await conn.execute(
        "INSERT INTO transition VALUES ($1, $2, $3, $4, 'ok', '', $2)",
        camera_id,
        at,
        before.value,
        after.value,
    )


async def darken(
    conn: asyncpg.Connection,
    camera_id: int,
    starts_at: datetime,
    ends_at: datetime | None,
    cause: str = "collector_lost",
) -> None:
    """Unobserved time."""
    await conn.execute(
        "INSERT INTO unobserved VALUES ($1, $2, $3, $4)", camera_id, starts_at, ends_at, cause
    )


async def approve(
    conn: asyncpg.Connection, camera_id: int, starts_at: datetime, ends_at: datetime, kind: str
) -> None:
    """A window."""
    await conn.execute(
        "INSERT INTO camera_window VALUES ($1, $2, $3, $4, 'ROAD', 'Inspector Li')",
        camera_id,
        starts_at,
        ends_at,
        kind,
    )
