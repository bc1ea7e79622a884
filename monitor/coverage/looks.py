"""Says which cameras look at protected places, and by how much.

Every camera counts that hangs, whether it is declared or not; a turning one counts its whole
circle. Walls, trees and terrain are not considered. What would end it is left to `freeing`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely

from monitor.coverage import polar, sectors
from monitor.coverage.footprint import Defect, Field, FootprintModel, fields
from monitor.coverage.freeing import Eye, Free, free
from monitor.coverage.masks import Mask, unmasked
from monitor.coverage.outlines import Outlines, carries, metres_per_degree
from monitor.coverage.sectors import Bools, Floats, Ints, Sectors
from monitor.coverage.uncollected import uncollected
from monitor.geodesy.direction import FULL_TURN_DEG
from monitor.model import Camera

_BATCH = 5_000  # cameras at a time: bounds memory
_CORNERS = 720  # of a circle, where surfaces that lie over each other are united
_M2 = 1e-6  # less is no surface


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a footprint may reach of one protected place, and how near the building stands that a
    camera hangs on (accountability 3)."""

    area_m2: float = 5.0
    facade_m: float = 2.0
    mount_m: float = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What one camera sees of protected places; which ones is not said.

    share: of its footprint, 0..1. places: how many it reaches by more than a limit. area_m2,
    facade_m: what it reaches of all of them.
    """

    share: float
    places: int
    area_m2: float
    facade_m: float
    free: Free


def eye(
    camera: Camera,
    model: FootprintModel,
    masks: Iterable[Mask] = (),
    *,
    mount_counts: bool = False,
) -> Eye | None:
    """None where nobody knows what the camera looks at."""
    found = fields(camera, model)
    if isinstance(found, Defect) or camera.lon is None or camera.lat is None:
        return None
    left = unmasked(found, masks)
    return Eye(lon=camera.lon, lat=camera.lat, fields=left, mount_counts=mount_counts)


@uncollected()
def looks(
    eyes: Mapping[int, Eye], outlines: Outlines, limits: Limits | None = None
) -> dict[int, Look]:
    """The cameras that reach a protected place by more than a limit, by key."""
    found: dict[int, Look] = {}
    keys = [key for key, each in eyes.items() if each.fields]
    for begin in range(0, len(keys), _BATCH):
        some = {key: eyes[key] for key in keys[begin : begin + _BATCH]}
        found |= _batch(some, outlines, limits or Limits())
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Reached:
    """Pairs of a camera (its index) and an outline that is not its mount, by camera: area and
    border within its footprint."""

    camera: Ints
    outline: Ints
    area: Floats
    facade: Floats


def _batch(eyes: Mapping[int, Eye], outlines: Outlines, limits: Limits) -> dict[int, Look]:
    keys, each = list(eyes), list(eyes.values())
    views = _views(each)
    got = _reached(each, views, outlines, limits)
    over = (got.area > limits.area_m2) | (got.facade > limits.facade_m)
    ring = views.half * (views.far**2 - views.near**2)
    footprint = np.bincount(views.camera, weights=ring, minlength=len(each))
    guilty = np.unique(got.camera[over])
    ways = free([each[index] for index in guilty.tolist()], outlines, limits.mount_m)
    found = {}
    for index, way in zip(guilty.tolist(), ways, strict=True):
        mine = slice(*np.searchsorted(got.camera, [index, index + 1]).tolist())
        areas, near = got.area[mine], got.outline[mine]
        crowded = (areas > _M2) & outlines.crowded[near]  # what may lie over another one
        area = float(areas.sum())
        if crowded.sum() > 1:
            area = float(areas[~crowded].sum())
            area += _united(each[index], views, index, outlines.shapes[near[crowded]])
        found[keys[index]] = Look(
            share=min(area / float(footprint[index]), 1.0),
            places=int(over[mine].sum()),
            area_m2=area,
            facade_m=float(got.facade[mine].sum()),
            free=way,
        )
    return found


def _views(eyes: Sequence[Eye]) -> Sectors:
    """The footprints as sectors that do not lie over each other; all eyes at (0, 0)."""
    rows = [(index, *cell) for index, each in enumerate(eyes) for cell in _disjoint(each.fields)]
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    nowhere = np.zeros(len(table))
    return Sectors(
        camera=table[:, 0].astype(np.int64),
        x=nowhere,
        y=nowhere,
        azimuth=np.radians(table[:, 1]),
        half=np.radians(table[:, 2]) / 2,
        far=table[:, 3],
        near=table[:, 4],
    )


def _disjoint(fields: Sequence[Field]) -> list[tuple[float, float, float, float]]:
    """Azimuth, opening (degrees), far and near (metres): where fields lie over each other the
    farthest and the nearest range."""
    if len(fields) == 1:
        [one] = fields
        return [(one.azimuth_deg, one.opening_deg, one.far_m, one.near_m)]
    edges = {0.0, FULL_TURN_DEG}
    for one in fields:
        start = one.azimuth_deg - one.opening_deg / 2
        edges |= {start % FULL_TURN_DEG, (start + one.opening_deg) % FULL_TURN_DEG}
    cells, turn = [], sorted(edges)
    for low, high in pairwise(turn):
        middle = (low + high) / 2
        over = [one for one in fields if _holds(one, middle)]
        if over and high > low:
            far, near = max(one.far_m for one in over), min(one.near_m for one in over)
            cells.append((middle, high - low, far, near))
    return cells


def _holds(field: Field, azimuth_deg: float) -> bool:
    away = abs((azimuth_deg - field.azimuth_deg + 180) % FULL_TURN_DEG - 180)
    return away <= field.opening_deg / 2


def _reached(eyes: Sequence[Eye], views: Sectors, outlines: Outlines, limits: Limits) -> _Reached:
    lon, lat = (np.array([getattr(each, name) for each in eyes]) for name in ("lon", "lat"))
    view, outline = outlines.tree.query(_boxes(views, lon, lat))
    camera = views.camera[view]
    pair, seen = outlines.facing(lon[camera], lat[camera], outline)
    mounted = carries(pair, seen, len(view), limits.mount_m)
    mounted &= ~np.array([each.mount_counts for each in eyes], dtype=bool)[camera]
    kept = ~mounted[pair]
    pair, seen = pair[kept], seen.part(kept)
    sector = view[pair]
    half = views.half[sector]
    area, facade = polar.within(
        seen, views.azimuth[sector] - half, 2 * half, views.near[sector], views.far[sector]
    )
    signed, length = (_sums(pair, each, len(view)) for each in (area, facade))
    # a camera with several sectors has several pairs with one outline
    both, owner = np.unique(np.column_stack([camera, outline]), axis=0, return_inverse=True)
    owner = owner.reshape(-1)
    return _Reached(
        camera=both[:, 0],
        outline=both[:, 1],
        area=_sums(owner, np.abs(signed), len(both)),
        facade=_sums(owner, length, len(both)),
    )


def _sums(group: Ints, amount: Floats, groups: int) -> Floats:
    added: Floats = np.bincount(group, weights=amount, minlength=groups).astype(np.float64)
    return added


def _boxes(views: Sectors, lon: Floats, lat: Floats) -> Any:
    west, south, east, north = sectors.extents(views)
    per_lon, per_lat = metres_per_degree(lat)
    x, y = lon[views.camera], lat[views.camera]
    per_lon, per_lat = per_lon[views.camera], per_lat[views.camera]
    return shapely.box(
        x + west / per_lon, y + south / per_lat, x + east / per_lon, y + north / per_lat
    )


def _united(eye_: Eye, views: Sectors, index: int, shapes: Any) -> float:
    """Square metres of these outlines within a footprint, where they lie over each other."""
    lon, lat = np.array([eye_.lon]), np.array([eye_.lat])
    scale = np.column_stack(metres_per_degree(lat))
    flat = shapely.transform(shapes, lambda points: (points - np.column_stack([lon, lat])) * scale)
    whole = shapely.union_all(flat, grid_size=1e-6)
    mine: Bools = views.camera == index
    return float(
        sum(
            whole.intersection(sectors.polygon(views, position, _CORNERS)).area
            for position in np.flatnonzero(mine).tolist()
        )
    )
