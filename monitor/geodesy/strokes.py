"""Finds lines of one owner that are drawn twice, and draws each stretch once; metres on a plane."""

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]

_GRID_M = 0.01  # so near two strokes are one
_LEAST_M = 1.0  # strokes that only meet share less


def drawn_twice(lines: Shapes) -> NDArray[np.int64]:
    """Positions of the shapes of which a stretch is drawn more than once, reversed or not."""
    parts, owner = shapely.get_parts(lines, return_index=True)
    if not len(parts):
        return np.zeros(0, dtype=np.int64)
    a, b = _beside(parts, owner)
    shared = shapely.length(shapely.intersection(parts[a], parts[b], grid_size=_GRID_M))
    folded = np.flatnonzero(~shapely.is_simple(parts))
    again = shapely.length(parts[folded]) - shapely.length(
        shapely.union_all(parts[folded][:, None], axis=1, grid_size=_GRID_M)
    )
    found = [owner[a[shared > _LEAST_M]], owner[folded[again > _LEAST_M]]]
    return np.unique(np.concatenate(found)).astype(np.int64)


def _beside(parts: Shapes, owner: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of parts of one owner whose boxes share more than a corner."""
    a, b = shapely.STRtree(parts).query(parts)
    kept = (a < b) & (owner[a] == owner[b])
    a, b = a[kept], b[kept]
    low = np.maximum(shapely.bounds(parts[a])[:, :2], shapely.bounds(parts[b])[:, :2])
    high = np.minimum(shapely.bounds(parts[a])[:, 2:], shapely.bounds(parts[b])[:, 2:])
    wide = np.hypot(*np.maximum(high - low, 0.0).T) > _LEAST_M
    return a[wide], b[wide]


def once(line: shapely.geometry.base.BaseGeometry) -> shapely.geometry.base.BaseGeometry:
    """The same lines, each stretch once."""
    return shapely.union_all([line], grid_size=_GRID_M)
