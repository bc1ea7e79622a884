"""Protected places as arrays of edges, and how they are seen from cameras.

Each camera on a plane of its own, which is right to a millimetre within the range of any view.
"""

import numpy as np
import shapely

from monitor.coverage import polar
from monitor.coverage.polar import Edges
from monitor.coverage.sectors import Bools, Floats, Ints
from monitor.coverage.targets import Shapes

_AXIS_M, _FLATTENING = 6378137.0, 1 / 298.257223563  # WGS-84, EPSG 7030
_SHARE_A_SURFACE = "T********"  # DE-9IM: their insides meet
_ECCENTRICITY2 = _FLATTENING * (2 - _FLATTENING)


class Outlines:
    """Polygons in degrees, ready to be looked at."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes: Shapes = shapely.orient_polygons(shapes)
        self.tree = shapely.STRtree(self.shapes)
        rings, owner = shapely.get_rings(self.shapes, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        same = ring[1:] == ring[:-1]
        self._from, self._to = points[:-1][same], points[1:][same]
        self._first = np.searchsorted(owner[ring[:-1][same]], np.arange(len(shapes) + 1))
        self.crowded = self._crowded()

    def _crowded(self) -> Bools:
        """Which of them share a surface with another one: their areas do not simply add up."""
        crowded = np.zeros(len(self.shapes), dtype=bool)
        one, other = self.tree.query(self.shapes)
        once = one < other
        one, other = one[once], other[once]
        shared = shapely.relate_pattern(self.shapes[one], self.shapes[other], _SHARE_A_SURFACE)
        crowded[one[shared]] = crowded[other[shared]] = True
        return crowded

    def facing(self, lon: Floats, lat: Floats, outline: Ints) -> tuple[Ints, Edges]:
        """All edges of outline n seen from eye n (degrees): the n of each edge, and the edges."""
        first, count = self._first[outline], self._first[outline + 1] - self._first[outline]
        pair = np.repeat(np.arange(len(outline)), count)
        before = np.cumsum(count) - count
        edge = np.repeat(first - before, count) + np.arange(int(count.sum()))
        east, north = metres_per_degree(lat)
        eye, scale = np.column_stack([lon, lat])[pair], np.column_stack([east, north])[pair]
        start, end = ((points[edge] - eye) * scale for points in (self._from, self._to))
        return pair, polar.edges(*start.T, *end.T)


def carries(pair: Ints, seen: Edges, pairs: int, within_m: float) -> Bools:
    """Per pair of eye and outline: whether the eye is inside, or so near that it hangs on it."""
    nearest = np.full(pairs, np.inf)
    np.minimum.at(nearest, pair, seen.nearest)
    turn = np.bincount(pair, weights=polar.swept(seen), minlength=pairs)
    mounted: Bools = (nearest <= within_m) | (np.abs(turn) > np.pi)
    return mounted


def metres_per_degree(lat: Floats) -> tuple[Floats, Floats]:
    """Metres of one degree of longitude and of latitude."""
    bend = 1 - _ECCENTRICITY2 * np.sin(np.radians(lat)) ** 2
    east = _AXIS_M / np.sqrt(bend) * np.cos(np.radians(lat))
    north = _AXIS_M * (1 - _ECCENTRICITY2) / bend**1.5
    return np.radians(1) * np.maximum(east, 1.0), np.radians(1) * north
