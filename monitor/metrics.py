"""The monitor's figures about itself, for Prometheus: read when asked, from the parts that run."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from collectors.pace import LATE_BUCKETS_S, Figures
from monitor.recorder import Recorder


class PollingMetrics(Collector):
    """Metrics of one polling process. loop_lag_s: how late the event loop was last."""

    def __init__(
        self, figures: Callable[[], Figures], recorder: Recorder, loop_lag_s: Callable[[], float]
    ) -> None:
        self._figures = figures
        self._recorder = recorder
        self._loop_lag_s = loop_lag_s

    def collect(self) -> Iterator[Metric]:
        """One snapshot."""
        figures = self._figures()
        yield from self._counters(figures)
        gauges = {
            "cameras": ("Cameras enrolled for polling.", figures.enrolled),
            "in_flight": ("Cameras being asked now.", figures.in_flight),
            "overdue_seconds": ("Age of the oldest question due.", figures.oldest_overdue_s),
            "queue": ("Observations waiting to be stored.", self._recorder.queued),
            "loop_lag_seconds": ("Delay of the event loop.", self._loop_lag_s()),
        }
        for name, (text, value) in gauges.items():
            yield GaugeMetricFamily(f"camledger_{name}", text, value=value)
        yield self._lateness(figures)
        yield self._quantiles(figures)

    def _counters(self, figures: Figures) -> Iterator[Metric]:
        counters = {
            "asked": ("Regular questions sent.", figures.asked),
            "reasked": ("Quick questions sent to confirm a change.", figures.reasked),
            "skipped": ("Slots at which a camera was not asked.", figures.skipped),
            "dropped": ("Observations dropped because the queue was full.", figures.dropped),
            "stored": ("Observations stored.", self._recorder.stored),
        }
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(f"camledger_{name}", text, value=value)
        reasons = CounterMetricFamily(
            "camledger_observations", "Observations by reason.", labels=["reason"]
        )
        for reason, count in figures.by_reason.items():
            reasons.add_metric([reason.value], count)
        yield reasons

    def _lateness(self, figures: Figures) -> Metric:
        buckets: list[tuple[str, float]] = []
        total = 0
        for bound, count in zip((*LATE_BUCKETS_S, "+Inf"), figures.late_buckets, strict=True):
            total += count
            buckets.append((str(bound), total))
        return HistogramMetricFamily(
            "camledger_late_seconds",
            "How late regular questions were sent.",
            buckets=buckets,
            sum_value=figures.late_sum_s,
        )

    def _quantiles(self, figures: Figures) -> Metric:
        gauge = GaugeMetricFamily(
            "camledger_late_last_seconds",
            "How late the last regular questions were sent (at most 20,000).",
            labels=["quantile"],
        )
        values = (figures.late_p50_s, figures.late_p99_s, figures.late_max_s)
        for quantile, value in zip(("0.5", "0.99", "1"), values, strict=True):
            if value is not None:
                gauge.add_metric([quantile], value)
        return gauge


def registry_of(metrics: Collector | None) -> CollectorRegistry:
    """A registry of its own; empty for a process that does not poll."""
    registry = CollectorRegistry()
    if metrics is not None:
        registry.register(metrics)
    return registry
