"""Reads what cameras are accountable for: entries, requirements, what they look at, how long
recordings are kept, and who looked. As `views`, for console, API and CLI.
"""

from db import audit as trail
from db import register as entries
from db import rows
from db.pool import Connection
from db.rows import Row


async def requirements(conn: Connection) -> list[Row]:
    """What places need or needed, each with its reason and state; drafts without one come last."""
    return rows.many(
        await conn.fetch(
            """
            SELECT * FROM bi.requirement
            ORDER BY state = 'draft', place, place_id, stated_at DESC
            """
        )
    )


async def register(conn: Connection, state: str | None = None, limit: int = 1000) -> list[Row]:
    """Why each camera is there, by code; only of one state if asked."""
    return rows.many(
        await conn.fetch(
            "SELECT * FROM bi.register_now WHERE $1::text IS NULL OR state = $1 "
            "ORDER BY camera_code LIMIT $2",
            state,
            limit,
        )
    )


async def register_entry(conn: Connection, code: str) -> Row | None:
    """Why one camera is there, with every earlier version; None for an unknown code."""
    found = await conn.fetchrow("SELECT * FROM bi.register_now WHERE camera_code = $1", code)
    if found is None:
        return None
    camera_id = await conn.fetchval("SELECT id FROM camera WHERE code = $1", code)
    versions = await entries.history(conn, camera_id)
    return {**rows.one(found), "versions": [rows.plain_row(each) for each in versions]}


async def undeclared(conn: Connection, limit: int = 500) -> list[Row]:
    """Declare or remove: cameras that are not declared, those with least time left first."""
    return rows.many(
        await conn.fetch(
            "SELECT * FROM bi.declare_now ORDER BY declare_by, camera_code LIMIT $1", limit
        )
    )


async def audit(conn: Connection, limit: int = 100) -> list[Row]:
    """Who looked at or changed what, the newest first."""
    return rows.many(await trail.rows(conn, limit=limit))


async def protected_counts(conn: Connection) -> Row:
    """Of all cameras that hang: how many were compared with protected places, and look at one."""
    found = await conn.fetchrow("SELECT * FROM bi.protected_now")
    assert found is not None  # noqa: S101 a query of counts always has one row
    return rows.one(found)


async def protected_findings(
    conn: Connection, *, ended: bool = False, camera: str | None = None, limit: int = 10_000
) -> list[Row]:
    """Cameras that look at protected places, the largest share first; those that ended, too."""
    return rows.many(
        await conn.fetch(
            """
            SELECT * FROM bi.protected_finding
            WHERE ($1 OR state <> 'ended') AND ($2::text IS NULL OR camera_code = $2)
            ORDER BY state = 'ended', share DESC, camera_code LIMIT $3
            """,
            ended,
            camera,
            limit,
        )
    )


async def retention(conn: Connection, *, only_findings: bool = False) -> list[Row]:
    """Days that recordings are kept, declared and as platforms tell it; findings first."""
    return rows.many(
        await conn.fetch(
            """
            SELECT * FROM bi.retention WHERE NOT $1 OR finding <> 'as declared'
            ORDER BY finding = 'as declared', finding, camera_code, platform LIMIT 2000
            """,
            only_findings,
        )
    )
