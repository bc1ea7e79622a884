"""Lays all lines of a city end to end on one number line, in whole micrometres.

Whole numbers make sums independent of their order, so that recomputing a few places gives the very
same figures as recomputing all.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from monitor.coverage.sectors import Floats, Ints
from monitor.geodesy.projection import Points

UM_PER_M = 1_000_000
# Without it the end of one line touches the start of the next and views leak from street to street.
SPACE_UM = UM_PER_M
_JOINT_PER_M = 1_000  # ends within a millimetre are one point


@dataclass(frozen=True, kw_only=True, slots=True)
class Axis:
    """Lines and their straight segments on the number line.

    line_target: index of the target a line belongs to, never falling. line_start, line_end:
    positions in micrometres. line_measure: metres of the same target before the line. seg_*: per
    segment; seg_from and seg_to are points in metres on the city plane. joints: pairs of positions
    that are one point of one target: forks, and the first corner of a ring.
    """

    targets: int
    line_target: Ints
    line_start: Ints
    line_end: Ints
    line_measure: Floats
    seg_line: Ints
    seg_from: Points
    seg_to: Points
    seg_start: Ints
    seg_end: Ints
    joints: Ints
    tree: shapely.STRtree

    def length_um(self) -> Ints:
        """Length of each target."""
        return sums(self.line_target, self.line_end - self.line_start, self.targets)

    def line_at(self, position: Ints) -> Ints:
        """The line at or before each position."""
        found: Ints = np.searchsorted(self.line_start, position, side="right") - 1
        return found

    def plane_at(self, position: Ints) -> Points:
        """Metres on the city plane; positions in the empty space give the end of the line
        before."""
        segment = np.searchsorted(self.seg_start, position, side="right") - 1
        start = self.seg_start[segment]
        along = (position - start) / (self.seg_end[segment] - start)
        reach = np.clip(along, 0.0, 1.0)[:, None]
        points: Points = self.seg_from[segment] * (1 - reach) + self.seg_to[segment] * reach
        return points

    def path(self, start: int, end: int) -> Points:
        """The corners of a stretch of one line, both ends included, in metres."""
        first, last = np.searchsorted(self.seg_start, [start, end], side="right")
        corners = self.seg_start[first:last]
        inner = self.seg_from[first:last][corners < end]
        tips = self.plane_at(np.array([start, end]))
        return np.concatenate([tips[:1], inner, tips[1:]])


def sums(group: Ints, amount: Ints, groups: int) -> Ints:
    """Sum of whole numbers per group; exact, because micrometres of a city stay below 2^53."""
    return np.bincount(group, weights=amount, minlength=groups).astype(np.int64)


def lay(lines: NDArray[np.object_], target: Ints, targets: int) -> Axis:
    """The axis of planar lines; `target` names the owner of each line and must not fall."""
    points, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    from_, to, line = points[:-1][same], points[1:][same], owner[:-1][same].astype(np.int64)
    metres = np.hypot(*(to - from_).T) if len(line) else np.zeros(0)
    # Round the running length, not each piece, so that a line keeps its length to a micrometre.
    ends = np.rint(np.cumsum(metres) * UM_PER_M).astype(np.int64)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)[: len(ends)]
    keep = ends > starts
    from_, to, line, starts, ends = from_[keep], to[keep], line[keep], starts[keep], ends[keep]
    used, line = np.unique(line, return_inverse=True)
    starts, ends = starts + line * SPACE_UM, ends + line * SPACE_UM
    first = np.searchsorted(line, np.arange(len(used)))
    last = np.searchsorted(line, np.arange(len(used)), side="right") - 1
    line_start, line_end, owner_of = starts[first], ends[last], target[used]
    return Axis(
        targets=targets,
        line_target=owner_of,
        line_start=line_start,
        line_end=line_end,
        line_measure=_measures(line_end - line_start, owner_of),
        seg_line=line.astype(np.int64),
        seg_from=from_,
        seg_to=to,
        seg_start=starts,
        seg_end=ends,
        joints=_joints(owner_of[line], line, from_, to, starts, ends, first, last),
        tree=shapely.STRtree(shapely.linestrings(np.stack([from_, to], axis=1))),
    )


def _joints(
    target: Ints,
    line: Ints,
    from_: Points,
    to: Points,
    start: Ints,
    end: Ints,
    first: Ints,
    last: Ints,
) -> Ints:
    """Positions (shape n, 2) at which a line ends on another one of its target, or on itself.

    target, line, from_, to, start, end: per segment; first, last: segments of each line.
    """
    # every corner once, by its segment; the end of each line beside
    spots = np.concatenate([from_, to[last]])
    owner = np.concatenate([target, target[last]])
    position = np.concatenate([start, end[last]])
    tip = np.zeros(len(spots), dtype=bool)
    tip[first] = tip[len(from_) :] = True
    x, y = np.rint(spots * _JOINT_PER_M).astype(np.int64).T
    order = np.lexsort([position, y, x, owner])
    x, y, owner, position, tip = x[order], y[order], owner[order], position[order], tip[order]
    same = (x[1:] == x[:-1]) & (y[1:] == y[:-1]) & (owner[1:] == owner[:-1])
    group = np.concatenate([[0], np.cumsum(~same)]) if len(x) else np.zeros(0, dtype=np.int64)
    forked = np.bincount(group, weights=tip) > 0
    linked = np.flatnonzero(same & forked[group[1:]]) if len(x) else np.zeros(0, dtype=np.int64)
    joints: Ints = np.column_stack([position[linked], position[linked + 1]])
    return joints


def _measures(length_um: Ints, target: Ints) -> Floats:
    """Metres of the same target laid before each line."""
    before = np.cumsum(length_um) - length_um
    first = np.searchsorted(target, target)
    measures: Floats = (before - before[first]) / UM_PER_M
    return measures
