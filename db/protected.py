"""The protected places and the layers they came from; which places stand clear of them.

An outline has no row of its own to point at: all of them are replaced together, in the order of
their bytes, so that neither a number nor an order tells one from another.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely

from db.pool import Connection
from monitor.coverage.protection import Claim, Standing
from monitor.coverage.targets import Shapes

_WITHIN_S = 900.0  # for two million outlines on a slow machine


async def outlines(conn: Connection) -> Shapes:
    """Every protected place as a polygon in degrees."""
    rows = await conn.fetch("SELECT outline FROM protected_place", timeout=_WITHIN_S)
    found: Shapes = shapely.from_wkb(np.array([row[0] for row in rows], dtype=object))
    return found


async def claims(conn: Connection) -> list[Claim]:
    """For which areas the layers that hold claim to be complete."""
    rows = await conn.fetch(
        "SELECT dated, covers FROM protected_layer "
        "WHERE replaced_at IS NULL AND covers IS NOT NULL ORDER BY id"
    )
    return [
        Claim(dated=row["dated"], surface=shapely.from_geojson(json.dumps(row["covers"])))
        for row in rows
    ]


async def layers(conn: Connection) -> list[dict[str, Any]]:
    """The layers that hold, the newest last."""
    rows = await conn.fetch(
        """
        SELECT source, dated, covers, outlines, digest, loaded_at, loaded_by FROM protected_layer
        WHERE replaced_at IS NULL ORDER BY id
        """
    )
    return [dict(row) for row in rows]


async def held(conn: Connection) -> str:
    """Another word whenever other layers hold."""
    found: str = await conn.fetchval(
        "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM protected_layer "
        "WHERE replaced_at IS NULL"
    )
    return found


async def replace_outlines(conn: Connection, all_of_them: Shapes) -> None:
    """Store these outlines, and no other."""
    rows = sorted({shapely.to_wkb(shapely.normalize(each)) for each in all_of_them})
    await conn.execute("DELETE FROM protected_place", timeout=_WITHIN_S)
    await conn.copy_records_to_table(
        "protected_place",
        schema_name="camledger",
        columns=["outline"],
        records=[(row,) for row in rows],
        timeout=_WITHIN_S,
    )


async def add_layer(
    conn: Connection,
    *,
    source: str,
    dated: date,
    covers: Mapping[str, Any] | None,
    outlines: int,
    digest: bytes | None,
    by: str,
    now: datetime,
) -> None:
    """Keep what was loaded."""
    await conn.execute(
        """
        INSERT INTO protected_layer (source, dated, covers, outlines, digest, loaded_at, loaded_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        source,
        dated,
        covers,
        outlines,
        digest,
        now,
        by,
    )


async def end_layers(conn: Connection, now: datetime) -> None:
    """All layers that hold are replaced by what is loaded next."""
    await conn.execute("UPDATE protected_layer SET replaced_at = $1 WHERE replaced_at IS NULL", now)


async def unjudged(conn: Connection) -> list[int]:
    """Places of which nobody knows whether they touch a protected place."""
    rows = await conn.fetch(
        "SELECT id FROM place p WHERE NOT EXISTS "
        "(SELECT FROM place_protection t WHERE t.place_id = p.id) ORDER BY id"
    )
    return [row["id"] for row in rows]


async def forget_standings(conn: Connection) -> None:
    """Every place is to be looked at anew."""
    await conn.execute("DELETE FROM place_protection")


async def store_standings(conn: Connection, found: Mapping[int, Standing]) -> None:
    """Keep where these places stand."""
    await conn.copy_records_to_table(
        "place_protection",
        schema_name="camledger",
        columns=["place_id", "layer_dated", "touch_lon", "touch_lat"],
        records=[
            (place_id, each.layer_dated, *(each.touch or (None, None)))
            for place_id, each in found.items()
        ],
        timeout=_WITHIN_S,
    )


async def hindrance(conn: Connection, place_id: int) -> str | None:
    """Why nothing can be required of a place; None where it can."""
    row = await conn.fetchrow("SELECT * FROM place_protection WHERE place_id = $1", place_id)
    if row is None:
        return (
            "Protected places are not loaded for all of this place, so nothing can be required "
            "there. Load them: camledger import protected FILE."
        )
    if row["touch_lon"] is None:
        return None
    return (
        f"It touches a protected place at {row['touch_lon']:.6f}, {row['touch_lat']:.6f} "
        "(longitude, latitude): no coverage can be required there."
    )


async def needy(conn: Connection) -> frozenset[str]:
    """Names of the places that need something today."""
    rows = await conn.fetch(
        "SELECT p.name FROM requirement_now r JOIN place p ON p.id = r.place_id"
    )
    return frozenset(row["name"] for row in rows)


def united(*several: Iterable[Any]) -> Sequence[Any]:
    """All shapes of several sets, each once."""
    by_bytes = {shapely.to_wkb(shapely.normalize(each)): each for some in several for each in some}
    return list(by_bytes.values())
