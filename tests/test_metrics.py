"""The monitor's figures about itself, as Prometheus reads them."""

from datetime import UTC, datetime

from prometheus_client import generate_latest

from collectors.loop import Pace, Poller
from collectors.reading import Target
from monitor.health import Policy
from monitor.metrics import PollingMetrics, registry_of
from monitor.model import Observation
from monitor.recorder import Recorder


async def never(target: Target, now: datetime) -> Observation:
    raise AssertionError


def values(poller: Poller) -> dict[str, float]:
    recorder = Recorder(
        dsn="", policy=Policy(), now=lambda: datetime.now(UTC), figures=dict, capacity=10
    )
    text = generate_latest(registry_of(PollingMetrics(poller.figures, recorder, lambda: 0.5)))
    lines = (line for line in text.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_poller_that_has_not_asked_has_zeros_and_no_lateness() -> None:
    found = values(Poller(never, lambda _: True, Pace()))
    assert found["camledger_asked_total"] == found["camledger_skipped_total"] == 0
    assert found['camledger_observations_total{reason="refused"}'] == 0
    assert found["camledger_loop_lag_seconds"] == 0.5
    assert not [name for name in found if "late_last" in name]


def test_lateness_is_told_as_histogram_and_as_quantiles() -> None:
    poller = Poller(never, lambda _: True, Pace())
    for late_ms in range(1, 101):
        poller._lateness.add(late_ms / 1000)
    found = values(poller)
    assert found['camledger_late_seconds_bucket{le="0.05"}'] == 50
    assert found["camledger_late_seconds_count"] == 100
    last = {q: found[f'camledger_late_last_seconds{{quantile="{q}"}}'] for q in ("0.5", "0.99")}
    assert last == {"0.5": 0.05, "0.99": 0.099}
    assert found['camledger_late_last_seconds{quantile="1"}'] == 0.1
