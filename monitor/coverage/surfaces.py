"""Measures the part of key areas that lies in the fields of cameras, by polygons.

Lines are measured exactly by `intervals` and `sweep`; surfaces are few, so polygons are good enough
here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from monitor.coverage.sectors import Bools, Ints, Sectors, boxes, polygon

_GRID_M = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """One key area. cameras: indices of those that see a part of it; pieces: that part of each."""

    area_m2: float
    cameras: Ints
    pieces: tuple[Any, ...]

    def seen_m2(self, chosen: Bools) -> float:
        """Area seen by at least one of the chosen cameras; `chosen` is asked by camera index."""
        return float(_united(self._of(chosen)).area)

    def levels_m2(self, chosen: Bools) -> tuple[float, float, float]:
        """Area seen by at least one, two, three of the chosen cameras."""
        once = twice = thrice = shapely.Polygon()
        for piece in self._of(chosen):
            thrice = _firm(shapely.union, thrice, _firm(shapely.intersection, twice, piece))
            twice = _firm(shapely.union, twice, _firm(shapely.intersection, once, piece))
            once = _firm(shapely.union, once, piece)
        return float(once.area), float(twice.area), float(thrice.area)

    def _of(self, chosen: Bools) -> list[Any]:
        return [self.pieces[i] for i in np.flatnonzero(chosen[self.cameras])]


def watch(surfaces: Mapping[int, Any], sectors: Sectors) -> dict[int, Surface]:
    """Cuts the fields of all cameras with each surface once."""
    if not surfaces:
        return {}
    keys = list(surfaces)
    shapes = np.array([surfaces[key] for key in keys], dtype=object)
    field, which = shapely.STRtree(shapes).query(boxes(sectors))
    drawn = {int(f): polygon(sectors, int(f), 144) for f in np.unique(field)}
    found: dict[int, dict[int, list[Any]]] = {key: {} for key in keys}
    for f, w in zip(field.tolist(), which.tolist(), strict=True):
        piece = _firm(shapely.intersection, shapes[w], drawn[f])
        if piece.area > 0:
            found[keys[w]].setdefault(int(sectors.camera[f]), []).append(piece)
    return {key: _surface(surfaces[key], found[key]) for key in keys}


def _surface(shape: Any, found: Mapping[int, Sequence[Any]]) -> Surface:
    cameras = sorted(found)
    return Surface(
        area_m2=float(shape.area),
        cameras=np.array(cameras, dtype=np.int64),
        pieces=tuple(_united(found[camera]) for camera in cameras),
    )


def _united(pieces: Sequence[Any]) -> Any:
    try:
        return shapely.union_all(pieces)
    except shapely.GEOSException:
        return shapely.union_all(pieces, grid_size=_GRID_M)


def _firm(operation: Callable[..., Any], a: Any, b: Any) -> Any:
    """The operation; where GEOS gives up on almost touching corners, on a grid of micrometres."""
    try:
        return operation(a, b)
    except shapely.GEOSException:
        return operation(a, b, grid_size=_GRID_M)
