"""Counts the cameras over every point of every line: one sort at the start, running sums
afterwards.

A change of state keeps the sorted ends and only changes their weights, so it touches the places of
the changed cameras alone and still equals the full computation to the last micrometre.
"""

from dataclasses import dataclass

import numpy as np

from monitor.coverage.axis import Axis, sums
from monitor.coverage.intervals import Rows
from monitor.coverage.sectors import Bools, Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Ends:
    """All ends of rows and lines, sorted along the axis.

    position: micrometres. camera: index, or the number of cameras for the end of a line. sign: +1
    where a row starts, -1 where it ends, 0 for a line. piece: length up to the next end, 0 in the
    empty space. target: owner of that piece. first: position of each target's first end, one longer
    than the targets. row_start, row_end: where the ends of each row stand. row_target: owner of
    each row.
    """

    position: Ints
    camera: Ints
    sign: Ints
    piece: Ints
    target: Ints
    first: Ints
    row_start: Ints
    row_end: Ints
    row_target: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """Per camera index: does it count in a set? One entry more than cameras, always 0, for lines.

    installed, online, hopeful (online or unknown): cameras that watch continuously. reaching,
    reaching_now: installed and online ones, those that only turn there included.
    """

    installed: Ints
    online: Ints
    hopeful: Ints
    reaching: Ints
    reaching_now: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """Number of cameras of each set over each piece."""

    installed: Ints
    online: Ints
    hopeful: Ints
    reaching: Ints
    reaching_now: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Lengths:
    """Micrometres per target. designed, effective, upper: seen by at least one installed, online,
    online or unknown camera; doubled: by at least two installed; twice, thrice: by at least two,
    three online ones."""

    designed: Ints
    effective: Ints
    upper: Ints
    doubled: Ints
    twice: Ints
    thrice: Ints
    reachable: Ints
    reachable_now: Ints


def sort_ends(axis: Axis, rows: Rows, cameras: int) -> Ends:
    """Sorts the ends of rows and lines once."""
    count, lines = len(rows), len(axis.line_start)
    position = np.concatenate([rows.start, rows.end, axis.line_start, axis.line_end])
    order = np.argsort(position, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    nobody = np.full(2 * lines, cameras, dtype=np.int64)
    sign = np.repeat(np.array([1, -1, 0]), [count, count, 2 * lines])
    position = position[order]
    line = axis.line_at(position)
    piece = np.diff(position, append=position[-1:])
    piece[position >= axis.line_end[line]] = 0
    target = axis.line_target[line]
    return Ends(
        position=position,
        camera=np.concatenate([rows.camera, rows.camera, nobody])[order],
        sign=sign[order],
        piece=piece,
        target=target,
        first=np.searchsorted(target, np.arange(axis.targets + 1)),
        row_start=rank[:count],
        row_end=rank[count : 2 * count],
        row_target=axis.line_target[axis.line_at(rows.start)],
    )


def ends_of(ends: Ends, targets: Ints) -> Ints:
    """The ends of some targets only, in axis order; `targets` must rise."""
    begin, size = ends.first[targets], ends.first[targets + 1] - ends.first[targets]
    before = np.cumsum(size) - size
    offsets: Ints = np.repeat(begin - before, size) + np.arange(int(size.sum()))
    return offsets


def count(ends: Ends, weights: Weights, which: Ints) -> Counts:
    """Runs along the ends in `which`, whole targets each."""
    camera, sign = ends.camera[which], ends.sign[which]
    return Counts(
        installed=np.cumsum(sign * weights.installed[camera]),
        online=np.cumsum(sign * weights.online[camera]),
        hopeful=np.cumsum(sign * weights.hopeful[camera]),
        reaching=np.cumsum(sign * weights.reaching[camera]),
        reaching_now=np.cumsum(sign * weights.reaching_now[camera]),
    )


def lengths(ends: Ends, counts: Counts, which: Ints) -> Lengths:
    """Adds up per target; targets outside of `which` come out as 0."""
    piece, target, targets = ends.piece[which], ends.target[which], len(ends.first) - 1

    def where(seen: Bools) -> Ints:
        return sums(target, piece * seen, targets)

    return Lengths(
        designed=where(counts.installed >= 1),
        effective=where(counts.online >= 1),
        upper=where(counts.hopeful >= 1),
        doubled=where(counts.installed >= 2),
        twice=where(counts.online >= 2),
        thrice=where(counts.online >= 3),
        reachable=where(counts.reaching >= 1),
        reachable_now=where(counts.reaching_now >= 1),
    )


def exclusive(ends: Ends, counts: Counts, weights: Weights, which: Ints, row: Rows) -> Ints:
    """Per row, micrometres that only this online camera sees.

    For rows whose targets all lie in `which`; `row` holds the positions of those rows' ends.
    """
    alone = ends.piece[which] * (counts.online == 1)
    running = np.concatenate([[0], np.cumsum(alone)])
    begin, end = np.searchsorted(which, row.start), np.searchsorted(which, row.end)
    found: Ints = weights.online[row.camera] * (running[end] - running[begin])
    return found
