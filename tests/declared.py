"""Declares cameras for tests whose subject is something else: whole entries, approved long ago."""

from datetime import UTC, date, datetime
from typing import Any

import asyncpg

LONG_AGO = datetime(2025, 12, 1, tzinfo=UTC)
WHOLE: dict[str, Any] = {
    "site": "Town",
    "purpose": "Traffic flow",
    "need": "Counting loops were tried first",
    "ground": "Decision 1 of 2025-11-01",
    "body": "Office for streets",
    "contact": "streets@town.example",
    "sign": "Camera, office for streets",
    "sign_seen_on": date(2025, 11, 20),
    "retention_days": 2,
    "declared_from": date(2025, 11, 20),
    "declared_until": date(2028, 11, 19),
    "review_due": date(2028, 11, 1),
}


async def declare_all(conn: asyncpg.Connection, **changed: Any) -> None:
    """Every camera that no entry speaks for gets one, fifty at a time."""
    values = {**WHOLE, **changed}
    ids = await conn.fetch(
        """
        SELECT id FROM camera c WHERE NOT EXISTS (
          SELECT FROM entry_camera e WHERE e.camera_id = c.id AND e.until_at IS NULL) ORDER BY id
        """
    )
    names = ", ".join(values)
    marks = ", ".join(f"${number}" for number in range(3, 3 + len(values)))
    for first in range(0, len(ids), 50):
        some = [row["id"] for row in ids[first : first + 50]]
        entry_id = await conn.fetchval(
            "INSERT INTO entry (key) VALUES ($1) RETURNING id", f"T{some[0]}"
        )
        await conn.execute(
            f"""
            INSERT INTO entry_version (entry_id, version, stated_at, stated_by, stated_role,
              approved_at, approved_by, approved_role, {names})
            VALUES ($1, 1, $2, 'Li', 'operator', $2, 'Wu', 'oversight', {marks})
            """,
            entry_id,
            LONG_AGO,
            *values.values(),
        )
        await conn.executemany(
            "INSERT INTO entry_camera (camera_id, entry_id, version, from_at) "
            "VALUES ($1, $2, 1, $3)",
            [(each, entry_id, LONG_AGO) for each in some],
        )
