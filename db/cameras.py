"""The inventory's rows: areas and cameras, and what people decided about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from db.pool import Connection
from monitor.model import Area, Camera, CameraKind, Intent, JudgedBy

_COLUMNS = (
    "code",
    "name",
    "area_code",
    "intent",
    "host",
    "port",
    "lon",
    "lat",
    "kind",
    "direction",
    "angle_deg",
    "range_m",
    "indoor",
    "pole",
    "address",
    "simulated",
    "judged_by",
    "sheet",
)
_LISTED = ", ".join(_COLUMNS[:-1])
_OF_U = ", ".join(f"u.{name}" for name in _COLUMNS[:-1])
_OF_CAMERA = (
    *("camera_state", "transition", "unobserved", "fault", "observation_failed"),
    *("observation_hour", "ledger_day", "camera_coverage", "camera_defect", "intent_change"),
    *("said_change", "witness_state", "witness_transition"),
)
_WITHIN_S = 900.0  # for 200,000 rows on a slow machine


async def areas(conn: Connection) -> dict[str, Area]:
    """All areas by code."""
    rows = await conn.fetch("SELECT code, name, parent_code, level FROM area ORDER BY code")
    return {row["code"]: Area(**dict(row)) for row in rows}


async def apply_areas(conn: Connection) -> None:
    """Store the difference of areas; parents may come after children."""
    await conn.execute(
        """
        INSERT INTO area (code, name, parent_code, level)
        SELECT key, after ->> 'name', after ->> 'parent_code', coalesce(after ->> 'level', '')
        FROM difference WHERE before IS NULL
        """
    )
    await conn.execute(
        """
        UPDATE area a SET (name, parent_code, level) = (
          SELECT u.name, u.parent_code, u.level FROM jsonb_populate_record(a, d.after) u)
        FROM difference d
        WHERE a.code = d.key AND d.before IS NOT NULL AND d.after IS NOT NULL
        """
    )


async def areas_in_use(conn: Connection, codes: Sequence[str]) -> dict[str, str]:
    """Why each of these areas may not be deleted, by code: what else lies in it."""
    found = await conn.fetch(
        """
        SELECT a.code, coalesce(
          (SELECT 'camera ' || min(c.code) FROM camera c WHERE c.area_code = a.code),
          (SELECT 'place ' || min(p.name) FROM place p WHERE p.area_code = a.code),
          (SELECT 'area ' || min(o.code) FROM area o
            WHERE o.parent_code = a.code AND o.code <> ALL($1))) AS inside
        FROM area a WHERE a.code = ANY($1) ORDER BY a.code
        """,
        list(codes),
    )
    return {row["code"]: f"{row['inside']} lies in it" for row in found if row["inside"]}


async def delete_areas(conn: Connection, codes: Sequence[str]) -> None:
    """Delete areas in which nothing lies."""
    await conn.execute("DELETE FROM area WHERE code = ANY($1)", list(codes))


async def cameras(conn: Connection) -> dict[int, Camera]:
    """All cameras by id."""
    rows = await conn.fetch(
        """
        SELECT id, code, name, area_code, intent, host, port, lon, lat, kind, direction, angle_deg,
          range_m, indoor, pole, address, simulated, judged_by, sheet
        FROM camera ORDER BY id
        """
    )
    return {row["id"]: _camera(row) for row in rows}


def _camera(row: asyncpg.Record) -> Camera:
    values = {name: row[name] for name in _COLUMNS}
    values |= {"intent": Intent(row["intent"]), "kind": CameraKind(row["kind"])}
    values["judged_by"] = JudgedBy(row["judged_by"]) if row["judged_by"] else None
    return Camera(**values)


async def apply(conn: Connection, now: datetime) -> None:
    """Store the difference of the change set that is being made (see `db.changes`)."""
    await _add(conn, now)
    await _change(conn, now)
    await conn.execute(
        """
        INSERT INTO intent_change (camera_id, at, intent)
        SELECT c.id, $1, c.intent FROM difference d JOIN camera c ON c.code = d.key
        WHERE d.before IS NULL OR d.after ? 'intent'
        """,
        now,
        timeout=_WITHIN_S,
    )


async def _add(conn: Connection, now: datetime) -> None:
    """A camera that comes back under another code keeps the day of its first entry.

    It is known by its code, its host and port, or its position (to a metre) where the one that hung
    there serves no more or looked the same way.
    """
    await conn.execute(
        f"""
        INSERT INTO camera ({_LISTED}, sheet, created_at, updated_at, first_entered_at)
        SELECT {_OF_U}, sheet_of(d.after), $1::timestamptz, $1, least($1, (
          SELECT min(first_entered_at) FROM (
            SELECT first_entered_at FROM camera o WHERE o.host = u.host AND o.port = u.port
            UNION ALL
            SELECT first_entered_at FROM camera o
            WHERE round(o.lon::numeric, 5) = round(u.lon::numeric, 5)
              AND round(o.lat::numeric, 5) = round(u.lat::numeric, 5)
              AND (o.intent <> 'in_service' OR o.direction = u.direction)
            UNION ALL
            SELECT first_entered_at FROM camera_gone o
            WHERE o.code = u.code OR (o.host = u.host AND o.port = u.port)
              OR (round(o.lon::numeric, 5) = round(u.lon::numeric, 5)
                AND round(o.lat::numeric, 5) = round(u.lat::numeric, 5))) same))
        FROM difference d
        CROSS JOIN LATERAL jsonb_populate_record(NULL::camera,
          jsonb_build_object('name', d.key, 'intent', 'in_service', 'port', 80, 'kind', 'unknown',
            'indoor', false, 'simulated', false) || d.after || jsonb_build_object('code', d.key)) u
        WHERE d.before IS NULL ORDER BY d.line, d.key
        """,  # noqa: S608  names of columns above
        now,
        timeout=_WITHIN_S,
    )


async def _change(conn: Connection, now: datetime) -> None:
    await conn.execute(
        f"""
        UPDATE camera c SET ({_LISTED}, sheet, updated_at) = (
          SELECT {_OF_U}, jsonb_strip_nulls(c.sheet || sheet_of(d.after)), $1::timestamptz
          FROM jsonb_populate_record(c, d.after) u)
        FROM difference d
        WHERE c.code = d.key AND d.before IS NOT NULL AND d.after IS NOT NULL
        """,  # noqa: S608  names of columns above
        now,
        timeout=_WITHIN_S,
    )
    await conn.execute(
        """
        UPDATE camera c SET first_entered_at = o.first_entered_at
        FROM camera o, difference d
        WHERE c.code = d.key AND d.before IS NOT NULL AND d.after ?| ARRAY['host', 'port']
          AND o.id <> c.id AND o.host = c.host AND o.port = c.port
          AND o.first_entered_at < c.first_entered_at
        """,
        timeout=_WITHIN_S,
    )


async def sample_positions(conn: Connection, most: int = 2_000) -> list[tuple[float, float]]:
    """Where places and cameras lie: longitude and latitude of at most so many of each."""
    found = await conn.fetch(
        """
        (SELECT (flat ->> 0)::double precision AS lon, (flat ->> 1)::double precision AS lat
        FROM place CROSS JOIN LATERAL
          jsonb_path_query_array(geometry, 'lax $.coordinates.** ? (@.type() == "number")') flat
        ORDER BY md5(code) LIMIT $1)
        UNION ALL
        (SELECT lon, lat FROM camera WHERE lon IS NOT NULL ORDER BY md5(code) LIMIT $1)
        """,
        most,
    )
    return [(row["lon"], row["lat"]) for row in found if row["lon"] is not None]


async def in_use(conn: Connection, codes: Sequence[str]) -> dict[str, str]:
    """Why each of these cameras may not be deleted, by code; those that may are left out."""
    found = await conn.fetch(
        """
        SELECT c.code, CASE
          WHEN EXISTS (SELECT FROM entry_camera e WHERE e.camera_id = c.id)
            THEN 'somebody declared it'
          WHEN EXISTS (SELECT FROM edition_camera e WHERE e.camera_code = c.code)
            THEN 'it stands in a published edition'
          WHEN EXISTS (SELECT FROM camera_window w WHERE w.camera_id = c.id)
            THEN 'time was approved for it' END AS why
        FROM camera c WHERE c.code = ANY($1) ORDER BY c.code
        """,
        list(codes),
        timeout=_WITHIN_S,
    )
    return {row["code"]: row["why"] for row in found if row["why"]}


async def delete(conn: Connection, codes: Sequence[str], now: datetime) -> None:
    """Delete cameras that should never have been there, with all that was seen of them.

    The day of their first entry is kept, in case they come back. The caller asked `in_use`.
    """
    await conn.execute(
        """
        INSERT INTO camera_gone (code, at, host, port, lon, lat, direction, first_entered_at)
        SELECT code, $2, host, port, lon, lat, direction, first_entered_at
        FROM camera WHERE code = ANY($1)
        """,
        list(codes),
        now,
    )
    for table in _OF_CAMERA:
        await conn.execute(
            f"DELETE FROM {table} t USING camera c WHERE c.id = t.camera_id AND c.code = ANY($1)",  # noqa: S608
            list(codes),
            timeout=_WITHIN_S,
        )
    await conn.execute("DELETE FROM camera WHERE code = ANY($1)", list(codes), timeout=_WITHIN_S)


async def ids_within(conn: Connection, area: str) -> frozenset[int]:
    """Cameras of an area and of all areas below it."""
    rows = await conn.fetch(
        "SELECT id FROM camera WHERE area_code IN (SELECT code FROM area_tree WHERE ancestor = $1)",
        area,
    )
    return frozenset(row["id"] for row in rows)


async def id_of(conn: Connection, code: str) -> int | None:
    """The id of the camera with this code."""
    found: int | None = await conn.fetchval("SELECT id FROM camera WHERE code = $1", code)
    return found


async def revision(conn: Connection) -> int:
    """Changes whenever areas, cameras or places do."""
    return int(await conn.fetchval("SELECT revision FROM inventory_revision"))


async def touch(conn: Connection) -> None:
    """Tell every worker to read the inventory again."""
    await conn.execute("UPDATE inventory_revision SET revision = revision + 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Serving:
    """A camera in service. heard: a platform speaks of it. judged_by: whose word counts."""

    code: str
    host: str | None
    port: int
    since: datetime
    heard: bool
    judged_by: JudgedBy


async def in_service(conn: Connection) -> dict[int, Serving]:
    """Cameras in service by id."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.code, c.host, c.port, i.at AS since,
          EXISTS (SELECT FROM witness_now w WHERE w.camera_id = c.id) AS heard,
          coalesce(c.judged_by, p.judged_by) AS judged_by
        FROM camera c
        CROSS JOIN policy p
        CROSS JOIN LATERAL (
          SELECT at FROM intent_change WHERE camera_id = c.id ORDER BY at DESC LIMIT 1) i
        WHERE c.intent = 'in_service'
        ORDER BY c.id
        """
    )
    return {
        row["id"]: Serving(
            code=row["code"],
            host=row["host"],
            port=row["port"],
            since=row["since"],
            heard=row["heard"],
            judged_by=JudgedBy(row["judged_by"]),
        )
        for row in rows
    }


async def store_policy(
    conn: Connection,
    *,
    cadence_s: float,
    patience_s: float,
    clock_tolerance_s: float,
    timezone: str,
    longest_retention_days: int | None = None,
    dispute_s: float = 600.0,
    feed_patience_s: float = 120.0,
    judged_by: JudgedBy = JudgedBy.FALLBACK,
) -> None:
    """The settings that views need; workers read the inventory again where whose word counts is
    another."""
    before = await conn.fetchval("SELECT judged_by FROM policy")
    await conn.execute(
        "UPDATE policy SET cadence_s = $1, patience_s = $2, clock_tolerance_s = $3, timezone = $4, "
        "longest_retention_days = $5, dispute_s = $6, feed_patience_s = $7, judged_by = $8",
        cadence_s,
        patience_s,
        clock_tolerance_s,
        timezone,
        longest_retention_days,
        dispute_s,
        feed_patience_s,
        judged_by.value,
    )
    if before != judged_by:
        await touch(conn)
