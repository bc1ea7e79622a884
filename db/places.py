"""The places' rows, and what is stored of their coverage: latest, changes, gaps, and per camera."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import asyncpg

from db import ledger
from db.pool import Connection
from monitor.coverage.extent import CameraFigures, Gap, PlaceFigures
from monitor.model import Health, Place, PlaceKind, Requirement

_LOCK = 0x5E_0600  # advisory lock: one surveyor stores at a time
_WITHIN_S = 900.0  # for 200,000 rows on a slow machine

Line = Mapping[str, Any]
"""A GeoJSON geometry."""


async def places(conn: Connection, ids: Sequence[int] | None = None) -> dict[int, Place]:
    """Places by id: these, or all."""
    rows = await conn.fetch(
        """
        SELECT p.id, p.kind, p.code, p.name, p.area_code, p.geometry, p.required_draft,
          p.excluded_m, r.share, r.purpose, r.ground, r.review_due
        FROM place p
        LEFT JOIN requirement r ON r.place_id = p.id AND r.withdrawn_at IS NULL
        WHERE $1::bigint[] IS NULL OR p.id = ANY($1)
        ORDER BY p.id
        """,
        ids,
    )
    return {
        row["id"]: Place(
            kind=PlaceKind(row["kind"]),
            code=row["code"],
            name=row["name"],
            geometry=row["geometry"],
            area_code=row["area_code"],
            required_draft=row["required_draft"],
            requirement=_requirement(row),
            excluded_m=row["excluded_m"],
        )
        for row in rows
    }


def _requirement(row: asyncpg.Record) -> Requirement | None:
    if row["share"] is None:
        return None
    return Requirement(
        share=row["share"],
        purpose=row["purpose"],
        ground=row["ground"],
        review_due=row["review_due"],
    )


async def apply(conn: Connection, now: datetime) -> None:
    """Store the difference of the change set that is being made; requirements are left out."""
    await conn.execute(
        """
        INSERT INTO place
          (kind, code, name, area_code, geometry, required_draft, excluded_m, updated_at)
        SELECT u.kind, u.code, u.name, u.area_code, u.geometry, u.required_draft, u.excluded_m,
          $1::timestamptz
        FROM difference d CROSS JOIN LATERAL
          jsonb_populate_record(NULL::place, '{"excluded_m": 0}' || d.after) u
        WHERE d.before IS NULL ORDER BY d.line, d.key
        """,
        now,
        timeout=_WITHIN_S,
    )
    await conn.execute(
        """
        UPDATE place p SET
          (name, area_code, geometry, required_draft, excluded_m, updated_at) = (
          SELECT u.name, u.area_code, u.geometry, u.required_draft, u.excluded_m, $1::timestamptz
          FROM jsonb_populate_record(p, d.after) u)
        FROM difference d
        WHERE p.kind || ' ' || p.code = d.key AND d.before IS NOT NULL AND d.after IS NOT NULL
        """,
        now,
        timeout=_WITHIN_S,
    )


async def needs(conn: Connection) -> list[tuple[str, int, Requirement | None]]:
    """Requirements that the difference states or ends: key, place id, and what is needed."""
    found = await conn.fetch(
        """
        SELECT d.key, p.id, d.after -> 'requirement' AS needed
        FROM difference d JOIN place p ON p.kind || ' ' || p.code = d.key
        WHERE d.after ? 'requirement' ORDER BY d.line, d.key
        """,
        timeout=_WITHIN_S,
    )
    return [(row["key"], row["id"], _needed(row["needed"])) for row in found]


def _needed(spelt: Any) -> Requirement | None:
    if spelt is None:
        return None
    return Requirement(**{**spelt, "review_due": date.fromisoformat(spelt["review_due"])})


async def delete(conn: Connection, keys: Sequence[str]) -> None:
    """Delete places (by kind and code) with their figures and requirements."""
    for table in ("coverage_change", "coverage_day"):
        await conn.execute(
            f"DELETE FROM {table} t USING place p "  # noqa: S608  names from the line above
            "WHERE p.id = t.place_id AND p.kind || ' ' || p.code = ANY($1)",
            list(keys),
            timeout=_WITHIN_S,
        )
    await conn.execute(
        "DELETE FROM place WHERE kind || ' ' || code = ANY($1)", list(keys), timeout=_WITHIN_S
    )


async def called(conn: Connection, name: str) -> dict[int, str]:
    """Ids and codes of the places with this code, or else with this whole name in any case."""
    rows = await conn.fetch(
        "SELECT id, code, code = $1 AS exact FROM place WHERE code = $1 OR lower(name) = lower($1)",
        name,
    )
    chosen = [row for row in rows if row["exact"]] or rows
    return {row["id"]: row["code"] for row in chosen}


async def healths(conn: Connection) -> tuple[dict[int, Health], frozenset[int]]:
    """What coverage may rely on now, and the cameras that we are blind to.

    Declared cameras in service; `unknown` where there is no evidence. Blind: the evidence is
    missing through our own doing, as after a restart.
    """
    rows = await conn.fetch(
        """
        SELECT c.id, CASE WHEN s.health IS NULL OR s.dark_since IS NOT NULL OR stale
          THEN 'unknown' ELSE s.health END AS health,
          coalesce(s.dark_cause NOT IN ('not_yet', 'not_polled'), stale, false) AS ours
        FROM camera c
        JOIN camera_register g ON g.camera_id = c.id AND g.declared
        CROSS JOIN policy p
        LEFT JOIN camera_state s ON s.camera_id = c.id
        CROSS JOIN LATERAL (
          SELECT s.last_at < now() - make_interval(secs => p.patience_s) AS stale) evidence
        WHERE c.intent = 'in_service'
        """
    )
    ours = frozenset(row["id"] for row in rows if row["ours"])
    return {row["id"]: Health(row["health"]) for row in rows}, ours


async def store_coverage(
    conn: Connection,
    figures: Iterable[PlaceFigures],
    now: datetime,
    *,
    blind: Collection[int] = (),
) -> None:
    """Latest figures of these places; a change of one is appended to its history.

    blind: places in view of cameras without evidence through our own doing. What depends on those
    is our ignorance; the history says so by an effective figure of NULL, so that no mean of a day
    pays for an outage of ours.
    """
    rows = [
        (
            f.place,
            f.length_m,
            f.area_m2,
            f.designed,
            f.effective,
            f.upper,
            f.redundant,
            f.reachable,
            f.approach.effective if f.approach else None,
            f.lost_m,
            f.assumed,
            now,
            f.place in blind,
            f.doubled,
        )
        for f in figures
    ]
    await conn.executemany(
        """
        WITH before AS (
          SELECT designed, effective, upper FROM coverage_now WHERE place_id = $1),
        changed AS (
          INSERT INTO coverage_change (place_id, at, designed, effective, upper)
          SELECT $1, $12, $4,
            CASE WHEN NOT $13 OR $5::double precision = $6::double precision THEN $5 END, $6
          WHERE NOT EXISTS (
            SELECT FROM before
            WHERE (designed, effective, upper) IS NOT DISTINCT FROM
              ($4::double precision, $5::double precision, $6::double precision))
          ON CONFLICT (place_id, at) DO UPDATE SET designed = excluded.designed,
            effective = excluded.effective, upper = excluded.upper)
        INSERT INTO coverage_now (place_id, length_m, area_m2, designed, effective, upper,
          redundant, reachable, approach, lost_m, assumed, as_of, doubled)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $14)
        ON CONFLICT (place_id) DO UPDATE SET length_m = excluded.length_m,
          area_m2 = excluded.area_m2, designed = excluded.designed,
          effective = excluded.effective, upper = excluded.upper,
          redundant = excluded.redundant, reachable = excluded.reachable,
          approach = excluded.approach, lost_m = excluded.lost_m, assumed = excluded.assumed,
          as_of = excluded.as_of, doubled = excluded.doubled
        """,
        rows,
    )


async def store_undeclared(conn: Connection, shares: Mapping[int, float | None]) -> None:
    """Share of each stored place (by id, 0..1) that undeclared cameras would see."""
    await conn.execute(
        """
        UPDATE coverage_now v SET undeclared = u.share
        FROM unnest($1::bigint[], $2::double precision[]) u (place_id, share)
        WHERE v.place_id = u.place_id
        """,
        list(shares),
        list(shares.values()),
    )


async def take_turn(conn: Connection) -> None:
    """Wait until no other surveyor stores; lasts as long as the transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def silent_since(conn: Connection, before: datetime) -> datetime | None:
    """When coverage was last known to be current, if that was before `before`."""
    found: datetime | None = await conn.fetchval(
        "SELECT as_of FROM coverage_model WHERE as_of < $1", before
    )
    return found


async def still_so(conn: Connection, now: datetime) -> None:
    """Note that the stored coverage is that of `now`."""
    await conn.execute("UPDATE coverage_model SET as_of = $1", now)


async def forget(conn: Connection, since: datetime, now: datetime) -> None:
    """Say that nobody knows what was watched from `since` on: no mean of a day counts that time."""
    await conn.execute(
        """
        WITH unknown AS (UPDATE coverage_now SET effective = NULL, upper = NULL RETURNING *)
        INSERT INTO coverage_change (place_id, at, designed) SELECT place_id, $1, designed
        FROM unknown
        ON CONFLICT (place_id, at) DO UPDATE SET effective = NULL, upper = NULL
        """,
        since,
    )
    await ledger.reopen(conn, since, now)


async def store_gaps(
    conn: Connection, place_ids: Sequence[int], gaps: Iterable[tuple[int, Gap, Line]]
) -> None:
    """Replace the gaps of these places; each with its line for the map."""
    await conn.execute("DELETE FROM coverage_gap WHERE place_id = ANY($1)", place_ids)
    rows = [
        (place_id, g.from_m, g.to_m, g.kind.value, *g.from_lonlat, *g.to_lonlat, line)
        for place_id, g, line in gaps
    ]
    await conn.copy_records_to_table(
        "coverage_gap",
        schema_name="camledger",
        columns=[
            "place_id",
            "from_m",
            "to_m",
            "kind",
            "from_lon",
            "from_lat",
            "to_lon",
            "to_lat",
            "line",
        ],
        records=rows,
    )


async def store_cameras(conn: Connection, figures: Iterable[CameraFigures]) -> None:
    """What each of these cameras carries."""
    await conn.executemany(
        """
        INSERT INTO camera_coverage (camera_id, exclusive_m) VALUES ($1, $2)
        ON CONFLICT (camera_id) DO UPDATE SET exclusive_m = excluded.exclusive_m
        """,
        [(f.camera, f.exclusive_m) for f in figures],
    )


async def begin_survey(
    conn: Connection,
    defects: Mapping[int, tuple[str, str]],
    place_defects: Mapping[int, str],
    model: Mapping[str, Any],
    now: datetime,
) -> None:
    """A new survey of the whole city: its model, and what has no footprint or no figures.

    defects: camera id -> (short name, sentence). place_defects: place id -> sentence. Figures of
    places and cameras that are no longer surveyed go.
    """
    await conn.execute(
        """
        INSERT INTO coverage_model (model, as_of) VALUES ($1, $2)
        ON CONFLICT (only_row) DO UPDATE SET model = excluded.model, as_of = excluded.as_of
        """,
        dict(model),
        now,
    )
    await conn.execute("DELETE FROM camera_defect")
    await conn.executemany(
        "INSERT INTO camera_defect (camera_id, defect, detail) VALUES ($1, $2, $3)",
        [(camera_id, name, sentence) for camera_id, (name, sentence) in defects.items()],
    )
    await conn.execute("DELETE FROM place_defect")
    await conn.executemany(
        "INSERT INTO place_defect (place_id, detail) VALUES ($1, $2)", list(place_defects.items())
    )
    await conn.execute(
        """
        DELETE FROM camera_coverage v
        WHERE NOT EXISTS (
          SELECT FROM camera c JOIN camera_register g ON g.camera_id = c.id AND g.declared
          WHERE c.id = v.camera_id AND c.intent = 'in_service')
        """
    )
