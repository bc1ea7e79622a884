"""Cameras that look at protected places: findings, answers, masks, and what was compared."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from db.pool import Connection
from monitor.coverage.looks import Look
from monitor.coverage.masks import Mask

_LOCK = 0x5E_0700  # advisory lock: one at a time stores findings
_WITHIN_S = 900.0


async def take_turn(conn: Connection) -> None:
    """Wait until nobody else stores findings; lasts as long as the transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def masks(conn: Connection) -> dict[int, tuple[Mask, ...]]:
    """What masks hide, by camera id."""
    rows = await conn.fetch(
        "SELECT camera_id, from_deg, to_deg, beyond_m FROM view_mask "
        "WHERE withdrawn_at IS NULL ORDER BY camera_id, id"
    )
    found: dict[int, tuple[Mask, ...]] = {}
    for row in rows:
        mask = Mask(from_deg=row["from_deg"], to_deg=row["to_deg"], beyond_m=row["beyond_m"])
        found[row["camera_id"]] = (*found.get(row["camera_id"], ()), mask)
    return found


async def facing_mounts(conn: Connection) -> frozenset[int]:
    """Cameras that are declared to look along or into the building they hang on."""
    return frozenset(row[0] for row in await conn.fetch("SELECT camera_id FROM faces_mount"))


async def compared(conn: Connection, ids: Collection[int]) -> dict[int, tuple[Any, date | None]]:
    """As what these cameras were last compared, and the day of the layer; without those that never
    were."""
    rows = await conn.fetch(
        "SELECT camera_id, seen_as, layer_dated FROM camera_look WHERE camera_id = ANY($1)",
        list(ids),
    )
    return {row["camera_id"]: (row["seen_as"], row["layer_dated"]) for row in rows}


async def store_compared(conn: Connection, rows: Iterable[tuple[int, Any, date | None]]) -> None:
    """Keep as what each camera was compared, and of which day the layer was."""
    await conn.executemany(
        """
        INSERT INTO camera_look (camera_id, seen_as, layer_dated) VALUES ($1, $2, $3)
        ON CONFLICT (camera_id) DO UPDATE SET
          seen_as = excluded.seen_as, layer_dated = excluded.layer_dated
        """,
        rows,
        timeout=_WITHIN_S,
    )


async def open_ones(conn: Connection) -> frozenset[int]:
    """Cameras with an open finding."""
    rows = await conn.fetch("SELECT camera_id FROM protected_finding WHERE ended_at IS NULL")
    return frozenset(row[0] for row in rows)


async def store(conn: Connection, looks: Mapping[int, Look], now: datetime) -> None:
    """Open a finding for each of these cameras, or bring the open one up to date."""
    await conn.executemany(
        """
        INSERT INTO protected_finding (camera_id, opened_at, share, places, area_m2, facade_m,
          free_bearing_deg, free_angle_deg, free_range_m, hide)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (camera_id) WHERE ended_at IS NULL DO UPDATE SET share = excluded.share,
          places = excluded.places, area_m2 = excluded.area_m2, facade_m = excluded.facade_m,
          free_bearing_deg = excluded.free_bearing_deg, free_angle_deg = excluded.free_angle_deg,
          free_range_m = excluded.free_range_m, hide = excluded.hide
        """,
        [
            (
                camera_id,
                now,
                look.share,
                look.places,
                look.area_m2,
                look.facade_m,
                look.free.bearing_deg,
                look.free.angle_deg,
                look.free.range_m,
                look.free.hide,
            )
            for camera_id, look in looks.items()
        ],
        timeout=_WITHIN_S,
    )


async def end(conn: Connection, ended: Mapping[int, str], now: datetime) -> None:
    """End the open findings of these cameras, each by what ended it."""
    await conn.execute(
        """
        UPDATE protected_finding f SET ended_at = $3, ended_by = e.how::look_end
        FROM unnest($1::bigint[], $2::text[]) e (camera_id, how)
        WHERE f.camera_id = e.camera_id AND f.ended_at IS NULL
        """,
        list(ended),
        list(ended.values()),
        now,
    )


async def answer(conn: Connection, camera_id: int, text: str, *, by: str, now: datetime) -> bool:
    """Keep an answer to the open finding of a camera; False when there is none."""
    done: str = await conn.execute(
        """
        INSERT INTO protected_answer (camera_id, opened_at, answered_at, answered_by, answer)
        SELECT camera_id, opened_at, $2, $3, $4 FROM protected_finding
        WHERE camera_id = $1 AND ended_at IS NULL
        """,
        camera_id,
        now,
        by,
        text,
    )
    return done != "INSERT 0 0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """That a mask is set: seen on which day, and by what that can be proved."""

    seen_on: date
    words: str


async def add_mask(
    conn: Connection, camera_id: int, mask: Mask, evidence: Evidence, *, by: str, now: datetime
) -> None:
    """Keep what a mask hides."""
    await conn.execute(
        """
        INSERT INTO view_mask
          (camera_id, from_deg, to_deg, beyond_m, seen_on, evidence, stated_at, stated_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        camera_id,
        mask.from_deg,
        mask.to_deg,
        mask.beyond_m,
        evidence.seen_on,
        evidence.words,
        now,
        by,
    )


async def withdraw_masks(conn: Connection, camera_id: int, *, by: str, now: datetime) -> int:
    """No mask of this camera is set any more; how many were."""
    done: str = await conn.execute(
        "UPDATE view_mask SET withdrawn_at = $2, withdrawn_by = $3 "
        "WHERE camera_id = $1 AND withdrawn_at IS NULL",
        camera_id,
        now,
        by,
    )
    return int(done.split()[1])


async def face_mount(
    conn: Connection, camera_id: int, *, counts: bool, by: str, now: datetime
) -> None:
    """Say whether a camera looks along or into the building it hangs on."""
    if not counts:
        await conn.execute("DELETE FROM faces_mount WHERE camera_id = $1", camera_id)
        return
    await conn.execute(
        """
        INSERT INTO faces_mount (camera_id, stated_at, stated_by) VALUES ($1, $2, $3)
        ON CONFLICT (camera_id) DO NOTHING
        """,
        camera_id,
        now,
        by,
    )
