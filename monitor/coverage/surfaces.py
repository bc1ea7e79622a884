"""Measures the part of key areas that lies in the fields of cameras, by polygons.

Lines are measured exactly by `intervals` and `sweep`; surfaces are few, so polygons are good enough
here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from monitor.coverage.sectors import Bools, Ints, Sectors, boxes, polygon


@dataclass(frozen=True, kw_only=True, slots=True)
class Surface:
    """One key area. cameras: indices of those that see a part of it; pieces: that part of each."""

    area_m2: float
    cameras: Ints
    pieces: tuple[Any, ...]

    def seen_m2(self, chosen: Bools) -> float:
        """Area seen by at least one of the chosen cameras; `chosen` is asked by camera index."""
        return float(shapely.union_all(self._of(chosen)).area)

    def levels_m2(self, chosen: Bools) -> tuple[float, float, float]:
        """Area seen by at least one, two, three of the chosen cameras."""
        once = twice = thrice = shapely.Polygon()
        for piece in self._of(chosen):
            thrice = thrice.union(twice.intersection(piece))
            twice = twice.union(once.intersection(piece))
            once = once.union(piece)
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
        piece = shapes[w].intersection(drawn[f])
        if piece.area > 0:
            found[keys[w]].setdefault(int(sectors.camera[f]), []).append(piece)
    return {key: _surface(surfaces[key], found[key]) for key in keys}


def _surface(shape: Any, found: Mapping[int, Sequence[Any]]) -> Surface:
    cameras = sorted(found)
    return Surface(
        area_m2=float(shape.area),
        cameras=np.array(cameras, dtype=np.int64),
        pieces=tuple(shapely.union_all(found[camera]) for camera in cameras),
    )
