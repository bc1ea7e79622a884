"""Reads how places are covered, their gaps, and the sums of each kind. As `views`, for console, API
and CLI.
"""

from typing import LiteralString

from db import rows
from db.pool import Connection
from db.rows import Row

_PLACE: LiteralString = """
    SELECT p.id AS place_id, p.code AS place_code, p.name AS place, p.kind::text AS kind,
      p.area_code, a.name AS area, q.share AS required, q.purpose, q.ground, q.review_due,
      p.excluded_m, v.length_m, v.area_m2, v.designed, v.effective, v.upper, v.redundant,
      v.reachable, v.approach, v.lost_m, v.assumed, v.undeclared, t.layer_dated AS protected_layer,
      v.excess_m, v.excess_m2, v.unrequired_m, v.unrequired_m2, d.detail AS defect, v.as_of
    FROM place p
    LEFT JOIN requirement_now q ON q.place_id = p.id
    LEFT JOIN bi.coverage_now v ON v.place_id = p.id
    LEFT JOIN place_defect d ON d.place_id = p.id
    LEFT JOIN place_protection t ON t.place_id = p.id
    LEFT JOIN area a ON a.code = p.area_code
"""


async def places(conn: Connection, kind: str | None = None) -> list[Row]:
    """Every street, school and named area with its figures; these are None until computed."""
    return rows.many(
        await conn.fetch(
            f"{_PLACE} WHERE $1::text IS NULL OR p.kind::text = $1 ORDER BY p.kind, p.name, p.id",
            kind,
        )
    )


async def place(conn: Connection, place_id: int) -> Row | None:
    """One place with its geometry (GeoJSON, WGS-84), gaps and last 30 closed days; or None."""
    found = await conn.fetchrow(f"{_PLACE} WHERE p.id = $1", place_id)
    if found is None:
        return None
    days = await conn.fetch(
        """
        SELECT day, designed, effective, effective_min FROM bi.coverage_day
        WHERE place_id = $1 ORDER BY day DESC LIMIT 30
        """,
        place_id,
    )
    geometry = await conn.fetchval("SELECT geometry FROM place WHERE id = $1", place_id)
    gaps = await _gaps(conn, [place_id])
    return {
        **rows.one(found),
        "geometry": geometry,
        "gaps": gaps.get(place_id, []),
        "days": rows.many(days),
    }


async def coverage(
    conn: Connection, place: str | None = None, kind: str | None = None
) -> list[Row]:
    """Coverage of each place by kind and name, with its gaps where a requirement is not met.

    place: the whole name in any case, or the code.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        found = await conn.fetch(
            f"""
            {_PLACE}
            WHERE ($1::text IS NULL OR lower(p.name) = lower($1) OR p.code = $1)
              AND ($2::text IS NULL OR p.kind::text = $2)
            ORDER BY p.kind, p.name, p.id
            """,
            place,
            kind,
        )
        gaps = await _gaps(conn, [each["place_id"] for each in found])
    return [{**rows.one(each), "gaps": gaps.get(each["place_id"], [])} for each in found]


async def _gaps(conn: Connection, place_ids: list[int]) -> dict[int, list[Row]]:
    found = await conn.fetch(
        """
        SELECT place_id, from_m, to_m, length_m, kind, from_lon, from_lat, to_lon, to_lat
        FROM bi.coverage_gap WHERE place_id = ANY($1) ORDER BY place_id, from_m
        """,
        place_ids,
    )
    gaps: dict[int, list[Row]] = {}
    for each in found:
        gap = {name: each[name] for name in ("from_m", "to_m", "length_m", "kind")}
        gap["from"] = [each["from_lon"], each["from_lat"]]
        gap["to"] = [each["to_lon"], each["to_lat"]]
        gaps.setdefault(each["place_id"], []).append(gap)
    return gaps


async def coverage_kinds(conn: Connection) -> list[Row]:
    """City figures per kind of place: sums of metres or square metres, never means of ratios."""
    return rows.many(await conn.fetch("SELECT * FROM bi.coverage_kind ORDER BY kind DESC"))


async def coverage_model(conn: Connection) -> Row | None:
    """The model that the stored coverage rests on, and when it was computed; None before that."""
    found = await conn.fetchrow("SELECT model, as_of FROM bi.coverage_model")
    return None if found is None else rows.one(found)
