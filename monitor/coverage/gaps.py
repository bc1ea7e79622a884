"""Finds the blind gaps of lines: where no camera looks now, and whether one was ever meant to.

Works on the counts of `sweep`; which lines are asked is left to the caller.
"""

from dataclasses import dataclass

import numpy as np

from monitor.coverage.axis import UM_PER_M, Axis
from monitor.coverage.sectors import Bools, Ints
from monitor.coverage.sweep import Counts, Ends


@dataclass(frozen=True, kw_only=True, slots=True)
class Blind:
    """Blind stretches in axis order. target, line: owner. start, end: micrometres. dark: an
    installed camera looks there but is not online; otherwise nobody was ever meant to."""

    target: Ints
    line: Ints
    start: Ints
    end: Ints
    dark: Bools


def blind(axis: Axis, ends: Ends, counts: Counts, which: Ints, min_um: int) -> Blind:
    """Stretches without an online camera of at least `min_um`, split where their kind changes.

    Anything shorter is within the noise of positions (default of the caller: 10 m). A stretch goes
    on where its line ends on another one of the same place: the arms of a fork count together.
    """
    real = ends.piece[which] > 0
    which = which[real]
    start, piece = ends.position[which], ends.piece[which]
    line = axis.line_at(start)
    unseen = counts.online[real] == 0
    dark = unseen & (counts.installed[real] > 0)
    whole = _joined(axis, _groups(line, unseen), start, start + piece, unseen)
    long_enough = np.bincount(whole, weights=piece)[whole] >= min_um if len(whole) else unseen
    kept = unseen & long_enough
    parts = _groups(line, unseen, dark)
    first = np.flatnonzero(np.diff(parts, prepend=-1) > 0)
    last = np.concatenate([first[1:], [len(parts)]]) - 1 if len(parts) else first
    chosen = kept[first]
    first, last = first[chosen], last[chosen]
    return Blind(
        target=ends.target[which][first],
        line=line[first],
        start=start[first],
        end=start[last] + piece[last],
        dark=dark[first],
    )


def _joined(axis: Axis, run: Ints, start: Ints, end: Ints, unseen: Bools) -> Ints:
    """The number of each piece's run; blind runs that meet at a joint have the same one.

    start, end: of each piece, in axis order.
    """
    if not len(axis.joints) or not unseen.any():
        return run
    blind_start, blind_end, blind_run = start[unseen], end[unseen], run[unseen]
    after = np.searchsorted(blind_start, axis.joints, side="right") - 1
    before = np.searchsorted(blind_end, axis.joints, side="left")
    inside = blind_end[np.maximum(after, 0)] >= axis.joints
    starting = (after >= 0) & inside
    ending = before < len(blind_end)
    ending &= blind_start[np.minimum(before, len(blind_end) - 1)] <= axis.joints
    piece = np.where(starting, after, before)
    known = (starting | ending).all(axis=1)
    one, other = blind_run[piece[known]].T
    label = np.arange(int(run[-1]) + 1)
    while True:  # a few rounds: forks are small
        low = np.minimum(label[one], label[other])
        np.minimum.at(label, one, low)
        np.minimum.at(label, other, low)
        if (label[one] == label[other]).all():
            joined: Ints = label[run]
            return joined


def seen(axis: Axis, ends: Ends, counts: Counts, which: Ints) -> tuple[Ints, Ints, Ints]:
    """Line, start and end of the stretches that at least one online camera sees."""
    real = ends.piece[which] > 0
    which = which[real]
    start, piece = ends.position[which], ends.piece[which]
    line, watched = axis.line_at(start), counts.online[real] > 0
    parts = _groups(line, watched)
    first = np.flatnonzero(np.diff(parts, prepend=-1) > 0)
    last = np.concatenate([first[1:], [len(parts)]]) - 1 if len(parts) else first
    chosen = watched[first]
    first, last = first[chosen], last[chosen]
    return line[first], start[first], start[last] + piece[last]


def measure_m(
    axis: Axis, line: Ints, position: Ints
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Metres from the start of the target, its lines laid end to end without the empty space."""
    metres: np.ndarray[tuple[int], np.dtype[np.float64]] = (
        axis.line_measure[line] + (position - axis.line_start[line]) / UM_PER_M
    )
    return metres


def _groups(*keys: Ints | Bools) -> Ints:
    """Numbers runs of equal keys from 0."""
    fresh = np.zeros(len(keys[0]), dtype=bool)
    for key in keys:
        fresh[1:] |= key[1:] != key[:-1]
    numbers: Ints = np.cumsum(fresh)
    return numbers
