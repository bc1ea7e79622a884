"""Says what would end a camera's look at protected places: turn, narrow, shorten or mask it.

What is proposed sees nothing at all of any of them, with a little room beside; it is never a camera
more. Nothing is proposed where nothing would do: then only removing is left.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from monitor.coverage import polar
from monitor.coverage.footprint import Field
from monitor.coverage.outlines import Outlines, carries, metres_per_degree
from monitor.coverage.polar import Edges
from monitor.coverage.sectors import Floats
from monitor.geodesy.direction import FULL_TURN_DEG

_ASIDE_DEG = 1.0  # so much beside a wall a view is free
_LEAST_DEG = 10.0  # a narrower view is none
_LEAST_M = 2.0  # a shorter one neither

Arc = tuple[float, float]
"""From and to, degrees clockwise; from lies in 0..360, to above it by at most a turn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Free:
    """bearing_deg: the nearest bearing with the same opening and range. angle_deg: the widest
    opening with the same bearing. range_m: the longest range. None where there is none, and for the
    first two of cameras with several fields. hide: what a mask would have to hide of the view."""

    bearing_deg: float | None
    angle_deg: float | None
    range_m: float | None
    hide: tuple[Arc, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Eye:
    """A camera for this question: where it stands (degrees) and what it looks at.

    mount_counts: it is declared to look along or into the building it hangs on.
    """

    lon: float
    lat: float
    fields: tuple[Field, ...]
    mount_counts: bool = False


def free(eyes: Sequence[Eye], outlines: Outlines, mount_m: float) -> list[Free]:
    """What would end the look of each of these cameras."""
    if not eyes:
        return []
    lon, lat = np.array([e.lon for e in eyes]), np.array([e.lat for e in eyes])
    far = np.array([max(field.far_m for field in e.fields) for e in eyes])
    east, north = (far / per_degree for per_degree in metres_per_degree(lat))
    around = shapely.box(lon - east, lat - north, lon + east, lat + north)
    camera, outline = outlines.tree.query(around)
    order = np.argsort(camera, kind="stable")
    camera, outline = camera[order], outline[order]
    pair, seen = outlines.facing(lon[camera], lat[camera], outline)
    mounted = carries(pair, seen, len(camera), mount_m)
    mounted &= ~np.array([e.mount_counts for e in eyes], dtype=bool)[camera]
    kept = ~mounted[pair]
    owner, seen = camera[pair[kept]], seen.part(kept)
    first, last = polar.azimuths(seen, far[owner])
    bounds = np.searchsorted(owner, np.arange(len(eyes) + 1)).tolist()
    found = []
    for index, each in enumerate(eyes):
        mine = slice(bounds[index], bounds[index + 1])
        found.append(_ways(each, seen.part(mine), first[mine], last[mine]))
    return found


def _ways(eye: Eye, seen: Edges, first: Floats, last: Floats) -> Free:
    taken = _merged(np.degrees(first), np.degrees(last))
    single = eye.fields[0] if len(eye.fields) == 1 else None
    narrow = single is not None and single.opening_deg < FULL_TURN_DEG
    return Free(
        bearing_deg=_bearing(single, taken) if single and narrow else None,
        angle_deg=_angle(single, taken) if single and narrow else None,
        range_m=_range(eye.fields, seen),
        hide=_hide(eye.fields, taken),
    )


def _merged(first: Floats, last: Floats) -> list[Arc]:
    """The bearings under which something protected is seen, rounded outwards, each once."""
    some = last > first
    low = np.floor(first[some] - _ASIDE_DEG / 2) % FULL_TURN_DEG
    width = np.ceil(last[some] + _ASIDE_DEG / 2) - np.floor(first[some] - _ASIDE_DEG / 2)
    arcs: list[list[float]] = []
    for start, size in sorted(zip(low.tolist(), width.tolist(), strict=True)):
        if arcs and start <= arcs[-1][1]:
            arcs[-1][1] = max(arcs[-1][1], start + size)
        else:
            arcs.append([start, start + size])
    while len(arcs) > 1 and arcs[-1][1] - FULL_TURN_DEG >= arcs[0][0]:  # over north
        end = arcs.pop(0)[1] + FULL_TURN_DEG
        arcs[-1][1] = max(arcs[-1][1], end)
    return [(low, min(high, low + FULL_TURN_DEG)) for low, high in arcs]


def _gaps(taken: Sequence[Arc]) -> list[Arc]:
    if not taken:
        return [(0.0, FULL_TURN_DEG)]
    ends = [*taken[1:], (taken[0][0] + FULL_TURN_DEG, 0.0)]
    return [(high, low) for (_, high), (low, _) in zip(taken, ends, strict=True) if low > high]


def _bearing(field: Field, taken: Sequence[Arc]) -> float | None:
    """The centre nearest to the present one that keeps the whole opening in a gap."""
    half, best = field.opening_deg / 2, None
    for low, high in _gaps(taken):
        first, last = math.ceil(low + half), math.floor(high - half)
        if first > last:
            continue
        for turn in (-FULL_TURN_DEG, 0.0, FULL_TURN_DEG):
            centre = min(max(field.azimuth_deg + turn, first), last)
            away = abs(centre - field.azimuth_deg - turn)
            if best is None or away < best[0]:
                best = (away, centre % FULL_TURN_DEG)
    return None if best is None else float(best[1])


def _angle(field: Field, taken: Sequence[Arc]) -> float | None:
    room = FULL_TURN_DEG
    for low, high in taken:
        beside = (field.azimuth_deg - high) % FULL_TURN_DEG
        if beside > FULL_TURN_DEG - (high - low):
            return None  # the axis itself looks at one
        room = min(room, beside, (low - field.azimuth_deg) % FULL_TURN_DEG)
    widest = math.floor(2 * room)
    return float(widest) if widest >= _LEAST_DEG else None


def _range(fields: Sequence[Field], seen: Edges) -> float | None:
    nearest = math.inf
    for field in fields:
        half = np.full(len(seen), math.radians(field.opening_deg / 2))
        start = math.radians(field.azimuth_deg) - half
        for low, high in polar.spans(seen, start, 2 * half):
            some = high > low
            closest = np.clip(0.0, low[some], high[some])
            reach = seen.distance[some] / np.cos(closest)
            nearest = min(nearest, float(reach.min(initial=math.inf)))
    free_m = math.floor(nearest - 0.01) if math.isfinite(nearest) else math.inf
    return float(free_m) if _LEAST_M <= free_m < math.inf else None


def _hide(fields: Sequence[Field], taken: Sequence[Arc]) -> tuple[Arc, ...]:
    """The taken bearings inside of the view."""
    hidden = set()
    for field in fields:
        start = field.azimuth_deg - field.opening_deg / 2
        for low, high in taken:
            for turn in (-FULL_TURN_DEG, 0.0, FULL_TURN_DEG):
                first = max(low + turn, start)
                last = min(high + turn, start + field.opening_deg)
                if last > first:
                    hidden.add((math.floor(first) % 360.0, math.ceil(last) % 360.0 or 360.0))
    return tuple(sorted(hidden))
