"""The register's rows: entries, their dated versions, and the cameras that each speaks for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.pool import Connection
from monitor.entry import NAMES, Value

_FIELDS = ", ".join(NAMES)
_MARKS = ", ".join(f"${number}" for number in range(6, 6 + len(NAMES)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """The latest version of an entry, approved or not, with the cameras it speaks for (by id)."""

    entry_id: int
    key: str
    version: int
    values: Mapping[str, Value]
    cameras: frozenset[int]
    stated_by: str
    stated_role: str
    approved: bool
    ended: bool


async def camera_ids(conn: Connection) -> dict[str, int]:
    """Ids of all cameras by code."""
    return {row["code"]: row["id"] for row in await conn.fetch("SELECT id, code FROM camera")}


async def keys_of(conn: Connection, camera_ids: Collection[int]) -> dict[int, str]:
    """The entry that speaks, or waits to speak, for each of these cameras; a waiting one wins."""
    found = await conn.fetch(
        """
        SELECT DISTINCT ON (c.camera_id) c.camera_id, e.key
        FROM entry_camera c JOIN entry e ON e.id = c.entry_id
        WHERE c.until_at IS NULL AND c.camera_id = ANY($1)
        ORDER BY c.camera_id, c.from_at NULLS FIRST
        """,
        list(camera_ids),
    )
    return {row["camera_id"]: row["key"] for row in found}


async def latest(conn: Connection, keys: Collection[str]) -> dict[str, Version]:
    """The latest version of each of these entries that exist, locked against others."""
    found = await conn.fetch(
        f"""
        SELECT e.id, e.key, v.version, v.stated_by, v.stated_role,
          v.approved_at IS NOT NULL AS approved, {_FIELDS},
          coalesce((SELECT array_agg(c.camera_id) FROM entry_camera c
            WHERE c.entry_id = e.id AND c.version = v.version AND c.until_at IS NULL),
            '{{}}') AS cameras
        FROM (SELECT id, key FROM entry WHERE key = ANY($1) FOR UPDATE) e
        CROSS JOIN LATERAL (
          SELECT * FROM entry_version WHERE entry_id = e.id ORDER BY version DESC LIMIT 1) v
        """,  # noqa: S608  names of the one table of fields
        list(keys),
    )
    return {
        row["key"]: Version(
            entry_id=row["id"],
            key=row["key"],
            version=row["version"],
            values={name: row[name] for name in NAMES},
            cameras=frozenset(row["cameras"]),
            stated_by=row["stated_by"],
            stated_role=row["stated_role"],
            approved=row["approved"],
            ended=not row["cameras"],
        )
        for row in found
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """A new version to be stored."""

    key: str
    values: Mapping[str, Value]
    cameras: frozenset[int]


async def state(
    conn: Connection, stated: Sequence[Stated], *, by: str, role: str, now: datetime
) -> None:
    """Store new versions, which wait for approval; what waited before for their cameras ends.

    Raises asyncpg.CheckViolationError for more cameras than an entry may speak for.
    """
    if not stated:
        return
    await conn.executemany(
        "INSERT INTO entry (key) VALUES ($1) ON CONFLICT DO NOTHING", [(s.key,) for s in stated]
    )
    await _end(
        conn, [c for s in stated for c in s.cameras], "superseded", by=by, now=now, waiting=True
    )
    versions = await conn.fetch(
        """
        SELECT e.key, e.id, coalesce(max(v.version), 0) + 1 AS version
        FROM entry e LEFT JOIN entry_version v ON v.entry_id = e.id
        WHERE e.key = ANY($1) GROUP BY e.id
        """,
        [s.key for s in stated],
    )
    numbered = {row["key"]: (row["id"], row["version"]) for row in versions}
    await conn.executemany(
        f"""
        INSERT INTO entry_version (entry_id, version, stated_at, stated_by, stated_role, {_FIELDS})
        VALUES ($1, $2, $3, $4, $5, {_MARKS})
        """,  # noqa: S608  names of the one table of fields
        [
            (*numbered[s.key], now, by, role, *(_stored(s.values, name) for name in NAMES))
            for s in stated
        ],
    )
    pairs = [(c, *numbered[s.key]) for s in stated for c in sorted(s.cameras)]
    await conn.execute(
        """
        INSERT INTO entry_camera (camera_id, entry_id, version)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::int[])
        """,
        *([pair[n] for pair in pairs] for n in range(3)),
    )


def _stored(values: Mapping[str, Value], name: str) -> Value:
    value = values.get(name)
    return bool(value) if name in ("safety", "cost_public") else value


async def approve(
    conn: Connection, versions: Sequence[Version], *, by: str, role: str, now: datetime
) -> None:
    """Let versions count from now on; what counted before for their cameras is superseded.

    Raises asyncpg.CheckViolationError where something is missing, or the two are not two.
    """
    ids = [v.entry_id for v in versions], [v.version for v in versions]
    await conn.execute(
        """
        UPDATE entry_version v SET approved_at = $3, approved_by = $4, approved_role = $5
        FROM unnest($1::bigint[], $2::int[]) AS u (entry_id, version)
        WHERE v.entry_id = u.entry_id AND v.version = u.version
        """,
        *ids,
        now,
        by,
        role,
    )
    await _end(
        conn, [c for v in versions for c in v.cameras], "superseded", by=by, now=now, waiting=False
    )
    # an older version of the same entry ends also for the cameras that the new one left out
    await conn.execute(
        """
        UPDATE entry_camera c SET until_at = $3, ended = 'superseded', ended_by = $4
        FROM unnest($1::bigint[], $2::int[]) AS u (entry_id, version)
        WHERE c.entry_id = u.entry_id AND c.version < u.version AND c.until_at IS NULL
        """,
        *ids,
        now,
        by,
    )
    await conn.execute(
        """
        UPDATE entry_camera c SET from_at = $3
        FROM unnest($1::bigint[], $2::int[]) AS u (entry_id, version)
        WHERE c.entry_id = u.entry_id AND c.version = u.version AND c.until_at IS NULL
        """,
        *ids,
        now,
    )


async def withdraw(
    conn: Connection, camera_ids: Sequence[int], *, by: str, now: datetime
) -> set[int]:
    """End what counts and what waits for these cameras; returns those that had something."""
    before = set(await keys_of(conn, camera_ids))
    for waiting in (False, True):
        await _end(conn, camera_ids, "withdrawn", by=by, now=now, waiting=waiting)
    return before


async def _end(
    conn: Connection,
    camera_ids: Sequence[int],
    how: str,
    *,
    by: str,
    now: datetime,
    waiting: bool,
) -> None:
    await conn.execute(
        """
        UPDATE entry_camera SET until_at = $2, ended = $3, ended_by = $4
        WHERE camera_id = ANY($1) AND until_at IS NULL AND (from_at IS NULL) = $5
        """,
        list(camera_ids),
        now,
        how,
        by,
        waiting,
    )


async def history(conn: Connection, camera_id: int) -> list[dict[str, Any]]:
    """All versions that ever spoke or waited for a camera, the newest first."""
    found = await conn.fetch(
        f"""
        SELECT e.key AS entry, v.version, c.from_at, c.until_at, c.ended, c.ended_by, v.stated_at,
          v.stated_by, v.stated_role, v.approved_at, v.approved_by, v.approved_role, {_FIELDS}
        FROM entry_camera c
        JOIN entry e ON e.id = c.entry_id
        JOIN entry_version v ON v.entry_id = c.entry_id AND v.version = c.version
        WHERE c.camera_id = $1 ORDER BY v.stated_at DESC, v.version DESC
        """,  # noqa: S608  names of the one table of fields
        camera_id,
    )
    return [dict(row) for row in found]


async def declared(conn: Connection) -> frozenset[int]:
    """Ids of the cameras that are declared now: only they count for coverage."""
    rows = await conn.fetch("SELECT camera_id FROM camera_register WHERE declared")
    return frozenset(row[0] for row in rows)


async def backdate(conn: Connection, codes: Sequence[str], now: datetime) -> None:
    """Say that cameras were first entered 200 days ago: the demo alone needs a past."""
    await conn.execute(
        "UPDATE camera SET first_entered_at = $2::timestamptz - interval '200 days' "
        "WHERE code = ANY($1)",
        list(codes),
        now,
    )


async def costs(conn: Connection) -> dict[int, Any]:
    """Of each camera (by id): what it cost and costs per year, when it was first entered, and how
    much of its view is protected places (None: none is known)."""
    rows = await conn.fetch(
        """
        SELECT c.id, v.cost_purchase, v.cost_year, c.first_entered_at, f.share AS looks
        FROM camera c
        JOIN camera_register g ON g.camera_id = c.id
        LEFT JOIN entry_version v ON v.entry_id = g.entry_id AND v.version = g.version
        LEFT JOIN protected_finding f ON f.camera_id = c.id AND f.ended_at IS NULL
        """
    )
    return {row["id"]: row for row in rows}
