"""Finds the pieces of lines that lie in the fields of cameras, exactly and without polygons.

A disc cuts a segment by a quadratic, an edge of a wedge by a linear bound; a wedge over 180 degrees
is the union of two half planes. Counting the pieces is left to `sweep`.
"""

from dataclasses import dataclass

import numpy as np

from monitor.coverage.axis import Axis, sums
from monitor.coverage.sectors import Bools, Floats, Ints, Sectors, boxes

_BATCH = 20_000  # fields at a time: bounds memory at large cities
_TOUCH_M = 1e-9  # a street that runs exactly along the edge of a view belongs to it


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Pieces seen, sorted by camera and start; pieces of one camera neither overlap nor touch.

    camera: index. start, end: positions on the axis, micrometres, start < end.
    """

    camera: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.camera)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cut:
    """Pairs of a field and a segment with the part low..high of the segment, 0..1, that is
    inside."""

    field: Ints
    segment: Ints
    low: Floats
    high: Floats

    def narrowed(self, low: Floats, high: Floats) -> "_Cut":
        return _Cut(
            field=self.field,
            segment=self.segment,
            low=np.maximum(self.low, low),
            high=np.minimum(self.high, high),
        )

    def where(self, which: Bools) -> "_Cut":
        return _Cut(
            field=self.field[which],
            segment=self.segment[which],
            low=self.low[which],
            high=self.high[which],
        )


def watch(axis: Axis, sectors: Sectors) -> Rows:
    """What each camera sees of the lines."""
    cameras, starts, ends = [], [], []
    for begin in range(0, len(sectors), _BATCH):
        batch = sectors.part(slice(begin, begin + _BATCH))
        cut = _cut(axis, batch)
        begin_um, length_um = axis.seg_start[cut.segment], axis.seg_end - axis.seg_start
        span = length_um[cut.segment]
        cameras.append(batch.camera[cut.field])
        starts.append(begin_um + np.rint(cut.low * span).astype(np.int64))
        ends.append(begin_um + np.rint(cut.high * span).astype(np.int64))
    if not cameras:
        return Rows(camera=_none(), start=_none(), end=_none())
    return merged(np.concatenate(cameras), np.concatenate(starts), np.concatenate(ends))


def merged(camera: Ints, start: Ints, end: Ints) -> Rows:
    """Joins overlapping and touching pieces of one camera; pieces under a micrometre vanish."""
    keep = end > start
    camera, start, end = camera[keep], start[keep], end[keep]
    if not len(camera):
        return Rows(camera=camera, start=start, end=end)
    span = int(end.max()) + 1
    if (int(camera.max()) + 1) * span >= 2**63:
        raise OverflowError("Too many cameras and kilometres for one map: split the city.")
    key = camera * span  # camera and position in one whole number: one sort, exact comparison
    order = np.argsort(key + start, kind="stable")
    key, start, end = key[order], start[order], end[order]
    reach = np.maximum.accumulate(key + end)
    fresh = np.concatenate([[True], key[1:] + start[1:] > reach[:-1]])
    last = np.concatenate([np.flatnonzero(fresh)[1:], [len(key)]]) - 1
    return Rows(camera=camera[order][fresh], start=start[fresh], end=reach[last] - key[last])


def seen_um(axis: Axis, rows: Rows) -> Ints:
    """Length per target that at least one of the cameras sees."""
    union = merged(np.zeros_like(rows.camera), rows.start, rows.end)
    target = axis.line_target[axis.line_at(union.start)]
    return sums(target, union.end - union.start, axis.targets)


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


def _cut(axis: Axis, sectors: Sectors) -> _Cut:
    field, segment = axis.tree.query(boxes(sectors))
    start = axis.seg_from[segment] - np.column_stack([sectors.x, sectors.y])[field]
    step = (axis.seg_to - axis.seg_from)[segment]
    low, high = _disc(start, step, sectors.far[field])
    cut = _Cut(field=field, segment=segment, low=np.maximum(low, 0.0), high=np.minimum(high, 1.0))
    near_enough = cut.high > cut.low
    cut, start, step = cut.where(near_enough), start[near_enough], step[near_enough]
    cut, start, step = _wedge(sectors, cut, start, step)
    return _without_foot(sectors, cut, start, step)


def _disc(start: Floats, step: Floats, radius: Floats) -> tuple[Floats, Floats]:
    """Where the line start + t * step is inside the circle around the origin; empty is low >
    high."""
    square = (step * step).sum(axis=1)
    half = (start * step).sum(axis=1)
    inside = half * half - square * ((start * start).sum(axis=1) - radius * radius)
    root = np.sqrt(np.maximum(inside, 0.0))
    return (
        np.where(inside > 0, (-half - root) / square, 1.0),
        np.where(inside > 0, (-half + root) / square, 0.0),
    )


def _wedge(sectors: Sectors, cut: _Cut, start: Floats, step: Floats) -> tuple[_Cut, Floats, Floats]:
    half, azimuth = sectors.half[cut.field], sectors.azimuth[cut.field]
    left, right = azimuth - half, azimuth + half
    after_left = _half_plane(np.column_stack([np.cos(left), -np.sin(left)]), start, step)
    before_right = _half_plane(np.column_stack([-np.cos(right), np.sin(right)]), start, step)
    round_, narrow = half >= np.pi - 1e-12, half <= np.pi / 2
    wide = ~round_ & ~narrow
    parts = [
        (cut, round_),
        (cut.narrowed(*after_left).narrowed(*before_right), narrow),
        (cut.narrowed(*after_left), wide),
        (cut.narrowed(*before_right), wide),
    ]
    masks = [which & (part.high > part.low) for part, which in parts]
    return (
        _joined([part.where(mask) for (part, _), mask in zip(parts, masks, strict=True)]),
        np.concatenate([start[mask] for mask in masks]),
        np.concatenate([step[mask] for mask in masks]),
    )


def _half_plane(normal: Floats, start: Floats, step: Floats) -> tuple[Floats, Floats]:
    """The bounds of t where the line lies on the side the normal points to."""
    height = (normal * start).sum(axis=1) + _TOUCH_M
    slope = (normal * step).sum(axis=1)
    flat = np.abs(slope) < 1e-12
    crossing = -height / np.where(flat, 1.0, slope)
    never = flat & (height < 0)
    low = np.where(never, np.inf, np.where(slope > 0, crossing, -np.inf))
    high = np.where(slope < 0, crossing, np.inf)
    return np.where(flat & ~never, -np.inf, low), np.where(flat, np.inf, high)


def _without_foot(sectors: Sectors, cut: _Cut, start: Floats, step: Floats) -> _Cut:
    """Cuts out the blind spot at the foot of the mast."""
    near = sectors.near[cut.field]
    if not (near > 0).any():
        return cut
    low, high = _disc(start, step, near)
    hole = (near > 0) & (high > low)
    before = cut.narrowed(np.full_like(low, -np.inf), np.where(hole, low, np.inf))
    after = cut.narrowed(np.where(hole, high, np.inf), np.full_like(high, np.inf))
    return _joined([part.where(part.high > part.low) for part in (before, after)])


def _joined(parts: list[_Cut]) -> _Cut:
    return _Cut(
        field=np.concatenate([part.field for part in parts]),
        segment=np.concatenate([part.segment for part in parts]),
        low=np.concatenate([part.low for part in parts]),
        high=np.concatenate([part.high for part in parts]),
    )
