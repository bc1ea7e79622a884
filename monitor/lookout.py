"""Keeps known which cameras look at protected places, as files, masks and layers change.

Only turning, masking, shortening or removing a camera ends its finding by what people did. A
camera of which nobody knows any more what it looks at keeps it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import date, datetime
from typing import Any

import asyncpg
import numpy as np
import shapely
import structlog

from db import cameras, findings, protected
from db.pool import Connection
from monitor.coverage.footprint import FootprintModel
from monitor.coverage.freeing import Eye
from monitor.coverage.looks import Limits, Look, eye, looks
from monitor.coverage.masks import Mask
from monitor.coverage.outlines import Outlines
from monitor.coverage.protection import Claim
from monitor.model import Camera, Intent

_log = structlog.get_logger()

# What of a camera's file says what it looks at, and how a finding ends when that was changed.
_ENDS: Mapping[str, str] = {
    "masks": "masked",
    "direction": "turned",
    "range_m": "shortened",
    "angle_deg": "shortened",
    "mount_counts": "corrected",
    "kind": "corrected",
    "lon": "corrected",
    "lat": "corrected",
}

SeenAs = dict[str, Any]


class Lookout:
    """Call `refresh` every some seconds; one call at a time."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        model: FootprintModel,
        limits: Limits,
        now: Callable[[], datetime],
    ) -> None:
        self._pool = pool
        self._model = model
        self._limits = limits
        self._now = now
        self._revision = -1
        self._layers = ""
        self._outlines = Outlines(np.zeros(0, dtype=object))
        self._claims: Sequence[Claim] = ()
        self._known: dict[int, SeenAs | None] = {}

    async def refresh(self) -> int:
        """Bring the findings up to now; returns how many were opened or ended."""
        async with self._pool.acquire() as conn:
            revision = await cameras.revision(conn)
            if revision == self._revision:
                return 0
            known, self._known = self._known, {}
            if await self._read_layers(conn):
                known = {}
            changed = await self._compare(conn, known)
            self._known, self._revision = known, revision
            return changed

    async def _read_layers(self, conn: Connection) -> bool:
        """Whether other layers hold than those that are known."""
        held = await protected.held(conn)
        if held == self._layers:
            return False
        shapes = await protected.outlines(conn)
        self._outlines = await asyncio.to_thread(Outlines, shapes)
        self._claims, self._layers = await protected.claims(conn), held
        return True

    async def _compare(self, conn: Connection, known: dict[int, SeenAs | None]) -> int:
        """Look at the cameras that are not as they were known; notes them there."""
        hanging = {
            key: each
            for key, each in (await cameras.cameras(conn)).items()
            if each.intent is not Intent.RETIRED
        }
        masks, mounts = await findings.masks(conn), await findings.facing_mounts(conn)
        eyes: dict[int, Eye] = {}
        now_seen: dict[int, SeenAs | None] = {}
        for key, each in hanging.items():
            mine = masks.get(key, ())
            found = eye(each, self._model, mine, mount_counts=key in mounts)
            now_seen[key] = None if found is None else _seen_as(each, mine, found.mount_counts)
            if found is not None and (key not in known or known[key] != now_seen[key]):
                eyes[key] = found
        fresh = [key for key, seen in now_seen.items() if key not in known or known[key] != seen]
        got = await asyncio.to_thread(looks, eyes, self._outlines, self._limits)
        dated = _dated(hanging, fresh, self._claims)
        compared = {key: (now_seen[key], dated.get(key)) for key in fresh}
        changed = await self._store(conn, got, eyes.keys() - got.keys(), compared, hanging.keys())
        for key in set(known) - set(now_seen):
            del known[key]
        known.update({key: now_seen[key] for key in fresh})
        return changed

    async def _store(
        self,
        conn: Connection,
        got: Mapping[int, Look],
        free: Set[int],
        compared: Mapping[int, tuple[SeenAs | None, date | None]],
        hanging: Set[int],
    ) -> int:
        """Open and end findings. free: cameras whose view reaches no protected place."""
        async with conn.transaction():
            await findings.take_turn(conn)
            before = await findings.compared(conn, compared.keys())
            opened = await findings.open_ones(conn)
            ended = dict.fromkeys(opened - hanging, "removed") | {
                key: _end(before.get(key, (None, None))[0], compared[key][0])
                for key in opened & free
            }
            await findings.store(conn, got, self._now())
            await findings.end(conn, ended, self._now())
            rows = [(key, *each) for key, each in compared.items() if before.get(key) != each]
            await findings.store_compared(conn, rows)
        new = len(got.keys() - opened)
        if new or ended:
            _log.info("looks at protected places", opened=new, ended=len(ended))
        return new + len(ended)


def _seen_as(camera: Camera, masks: Sequence[Mask], mount_counts: bool) -> SeenAs:
    return {
        "lon": camera.lon,
        "lat": camera.lat,
        "kind": camera.kind.value,
        "direction": camera.direction,
        "angle_deg": camera.angle_deg,
        "range_m": camera.range_m,
        "masks": [[mask.from_deg, mask.to_deg, mask.beyond_m] for mask in masks],
        "mount_counts": mount_counts,
    }


def _end(before: SeenAs | None, after: SeenAs | None) -> str:
    """What ended a look: what of the camera's file or masks is another than before."""
    changed = [
        how
        for name, how in _ENDS.items()
        if before is not None and after is not None and before.get(name) != after[name]
    ]
    return changed[0] if changed else "recomputed"


def _dated(
    hanging: Mapping[int, Camera], fresh: Sequence[int], claims: Sequence[Claim]
) -> dict[int, date]:
    """Day of the oldest layer that claims to be complete where each of these cameras hangs."""
    placed = [key for key in fresh if hanging[key].lon is not None]
    spots = shapely.points([(hanging[key].lon, hanging[key].lat) for key in placed] or [(0, 0)])
    found: dict[int, date] = {}
    for claim in sorted(claims, key=lambda each: each.dated, reverse=True):
        shapely.prepare(claim.surface)
        inside = shapely.covers(claim.surface, spots)[: len(placed)].tolist()
        found |= {key: claim.dated for key, here in zip(placed, inside, strict=True) if here}
    return found
