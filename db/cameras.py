"""The inventory's rows: areas and cameras, what was changed, and what people decided about them."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from db.pool import Connection
from monitor.model import Area, Camera, CameraKind, Intent

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
    "sheet",
)


async def areas(conn: Connection) -> dict[str, Area]:
    """All areas by code."""
    rows = await conn.fetch("SELECT code, name, parent_code, level FROM area ORDER BY code")
    return {row["code"]: Area(**dict(row)) for row in rows}


async def store_areas(conn: Connection, changed: Sequence[Area]) -> None:
    """Insert or rewrite areas; parents may come after children."""
    await conn.execute("SET CONSTRAINTS ALL DEFERRED")
    await conn.executemany(
        """
        INSERT INTO area (code, name, parent_code, level) VALUES ($1, $2, $3, $4)
        ON CONFLICT (code) DO UPDATE
        SET name = excluded.name, parent_code = excluded.parent_code, level = excluded.level
        """,
        [(each.code, each.name, each.parent_code, each.level) for each in changed],
    )


async def cameras(conn: Connection) -> dict[int, Camera]:
    """All cameras by id."""
    rows = await conn.fetch(
        """
        SELECT id, code, name, area_code, intent, host, port, lon, lat, kind, direction, angle_deg,
          range_m, indoor, pole, address, simulated, sheet
        FROM camera ORDER BY id
        """
    )
    return {row["id"]: _camera(row) for row in rows}


def _camera(row: asyncpg.Record) -> Camera:
    values = {name: row[name] for name in _COLUMNS}
    values |= {"intent": Intent(row["intent"]), "kind": CameraKind(row["kind"])}
    return Camera(**values)


def _values(camera: Camera) -> tuple[Any, ...]:
    values = [getattr(camera, name) for name in _COLUMNS[:-1]]
    return (*values, json.dumps(dict(camera.sheet), ensure_ascii=False))


async def add(conn: Connection, added: Sequence[Camera], now: datetime) -> None:
    """Insert cameras, and note from when on their intent holds.

    A camera that comes back under another code keeps the day of its first entry: known by its host
    and port, or by its position (to a metre) where the one that hung there serves no more or looked
    the same way.
    """
    if not added:
        return
    columns = list(zip(*map(_values, added), strict=True))
    await conn.execute(
        """
        WITH new AS (
          INSERT INTO camera (code, name, area_code, intent, host, port, lon, lat, kind, direction,
            angle_deg, range_m, indoor, pole, address, simulated, sheet,
            created_at, updated_at, first_entered_at)
          SELECT code, name, area_code, intent, host, port, lon, lat, kind, direction, angle_deg,
            range_m, indoor, pole, address, simulated, sheet::jsonb, $1, $1, least($1, (
              SELECT min(first_entered_at) FROM (
                SELECT first_entered_at FROM camera o WHERE o.host = u.host AND o.port = u.port
                UNION ALL
                SELECT first_entered_at FROM camera o
                WHERE round(o.lon::numeric, 5) = round(u.lon::numeric, 5)
                  AND round(o.lat::numeric, 5) = round(u.lat::numeric, 5)
                  AND (o.intent <> 'in_service' OR o.direction = u.direction)) same))
          FROM unnest($2::text[], $3::text[], $4::text[], $5::intent[], $6::text[], $7::int[],
            $8::double precision[], $9::double precision[], $10::camera_kind[], $11::text[],
            $12::double precision[], $13::double precision[], $14::boolean[], $15::text[],
            $16::text[], $17::boolean[], $18::text[])
          AS u (code, name, area_code, intent, host, port, lon, lat, kind, direction, angle_deg,
            range_m, indoor, pole, address, simulated, sheet)
          RETURNING id, intent)
        INSERT INTO intent_change (camera_id, at, intent) SELECT id, $1, intent FROM new
        """,
        now,
        *map(list, columns),
    )


async def change(
    conn: Connection,
    changes: Sequence[tuple[Camera, Mapping[str, Any]]],
    source: str,
    now: datetime,
) -> None:
    """Rewrite cameras (each with its differing fields: name -> (before, after)); keep a record."""
    await conn.executemany(
        """
        UPDATE camera SET name = $2, area_code = $3, intent = $4, host = $5, port = $6, lon = $7,
          lat = $8, kind = $9, direction = $10, angle_deg = $11, range_m = $12, indoor = $13,
          pole = $14, address = $15, simulated = $16, sheet = $17::text::jsonb, updated_at = $18
        WHERE code = $1
        """,
        [(*_values(camera), now) for camera, _ in changes],
    )
    await conn.execute(
        """
        UPDATE camera c SET first_entered_at = o.first_entered_at
        FROM camera o
        WHERE c.code = ANY($1) AND o.id <> c.id AND o.host = c.host AND o.port = c.port
          AND o.first_entered_at < c.first_entered_at
        """,
        [camera.code for camera, fields in changes if fields.keys() & {"host", "port"}],
    )
    await conn.executemany(
        """
        INSERT INTO camera_change (camera_id, at, source, change)
        SELECT id, $2, $3, $4::text::jsonb FROM camera WHERE code = $1
        """,
        [
            (camera.code, now, source, json.dumps(dict(fields), ensure_ascii=False, default=str))
            for camera, fields in changes
        ],
    )
    await conn.executemany(
        """
        INSERT INTO intent_change (camera_id, at, intent)
        SELECT id, $2, $3 FROM camera WHERE code = $1
        """,
        [(camera.code, now, camera.intent.value) for camera, f in changes if "intent" in f],
    )


async def revision(conn: Connection) -> int:
    """Changes whenever areas, cameras or places do."""
    return int(await conn.fetchval("SELECT revision FROM inventory_revision"))


async def touch(conn: Connection) -> None:
    """Tell every worker to read the inventory again."""
    await conn.execute("UPDATE inventory_revision SET revision = revision + 1")


async def in_service(conn: Connection) -> dict[int, tuple[str, str | None, int, datetime]]:
    """Cameras in service: id -> (code, host, port, in service since)."""
    rows = await conn.fetch(
        """
        SELECT c.id, c.code, c.host, c.port, i.at
        FROM camera c
        CROSS JOIN LATERAL (
          SELECT at FROM intent_change WHERE camera_id = c.id ORDER BY at DESC LIMIT 1) i
        WHERE c.intent = 'in_service'
        ORDER BY c.id
        """
    )
    return {row["id"]: (row["code"], row["host"], row["port"], row["at"]) for row in rows}


async def store_policy(
    conn: Connection,
    *,
    cadence_s: float,
    patience_s: float,
    clock_tolerance_s: float,
    timezone: str,
    longest_retention_days: int | None = None,
) -> None:
    """The settings that views need."""
    await conn.execute(
        "UPDATE policy SET cadence_s = $1, patience_s = $2, clock_tolerance_s = $3, timezone = $4, "
        "longest_retention_days = $5",
        cadence_s,
        patience_s,
        clock_tolerance_s,
        timezone,
        longest_retention_days,
    )
