"""Figures of the polling loop for metrics and the status page: what was asked, how late, what was
skipped or lost.
"""

from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model import Reason

LATE_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LAST = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """One look at the loop. Counts are since start; lateness is over the last asks, in seconds,
    None without any.

    skipped: slots at which the camera was not asked, because it was still being asked or we were
    too late. dropped: observations the sink would not take. late_buckets: asks per upper bound of
    `LATE_BUCKETS_S`, one more for the rest, not cumulated; late_sum_s: their sum.
    """

    enrolled: int
    in_flight: int
    asked: int
    reasked: int
    by_reason: Mapping[Reason, int]
    skipped: int
    dropped: int
    cancelled: int
    clock_jumps: int
    oldest_overdue_s: float
    late_p50_s: float | None
    late_p99_s: float | None
    late_max_s: float | None
    late_sum_s: float
    late_buckets: tuple[int, ...]


class Lateness:
    """How late the regular asks were: a histogram since start, exact quantiles of the last."""

    def __init__(self) -> None:
        self._last: deque[float] = deque(maxlen=_LAST)
        self._buckets = [0] * (len(LATE_BUCKETS_S) + 1)
        self.sum_s = 0.0

    def add(self, late_s: float) -> None:
        """Note one ask; late_s >= 0."""
        self._last.append(late_s)
        self._buckets[bisect_left(LATE_BUCKETS_S, late_s)] += 1
        self.sum_s += late_s

    @property
    def buckets(self) -> tuple[int, ...]:
        """Asks per bucket."""
        return tuple(self._buckets)

    def quantiles(self) -> tuple[float, float, float] | tuple[None, None, None]:
        """Median, 99th percentile (nearest rank) and maximum of the last asks."""
        if not self._last:
            return None, None, None
        ordered = sorted(self._last)
        return _ranked(ordered, 50), _ranked(ordered, 99), ordered[-1]


def _ranked(ordered: list[float], percent: int) -> float:
    """The nearest-rank percentile of sorted values, of which there is at least one."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


def count_reasons(counter: Counter[Reason]) -> dict[Reason, int]:
    """Every reason with its count, zeros included: a metric never appears out of nothing."""
    return {reason: counter[reason] for reason in Reason}
