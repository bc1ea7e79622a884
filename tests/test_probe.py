"""Whatever happens inside a probe, an observation comes out."""

import asyncio
from datetime import UTC, datetime
from types import MappingProxyType

import pytest
from structlog.testing import capture_logs

from collectors import probe
from collectors.reading import Policy, ProbeFailure, Reading, Target, tidy
from monitor.model import Reason

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
TARGET = Target(camera_id=1, code="c1", host="127.0.0.1")


@pytest.fixture
def as_probe(monkeypatch):
    def put(function):
        monkeypatch.setattr(probe, "PROBES", MappingProxyType({"onvif": function}))

    return put


async def test_a_defect_of_ours_is_data_and_is_logged_with_its_trace(as_probe):
    async def defect(target, policy, now):
        raise KeyError("secret")

    as_probe(defect)
    with capture_logs() as logs:
        observation = await probe.run(TARGET, Policy(), NOW)
    assert (observation.reason, observation.detail) == (Reason.INTERNAL, "KeyError")
    assert (logs[0]["event"], logs[0]["camera"], logs[0]["exc_info"]) == (
        "probe_defect",
        "c1",
        True,
    )


async def test_a_failure_is_data(as_probe):
    async def fails(target, policy, now):
        raise ProbeFailure(Reason.RESET, "a\r\nb")

    as_probe(fails)
    observation = await probe.run(TARGET, Policy(), NOW)
    assert (observation.reason, observation.detail) == (Reason.RESET, "a b")


async def test_a_probe_that_never_ends_is_ended_and_is_ours(as_probe, monkeypatch):
    async def hangs(target, policy, now):
        await asyncio.Event().wait()

    monkeypatch.setattr(probe, "_SPARE_S", 0.0)
    as_probe(hangs)
    observation = await probe.run(TARGET, Policy(deadline_s=0.01), NOW)
    assert observation.reason is Reason.INTERNAL


async def test_cancelling_passes_through(as_probe):
    async def hangs(target, policy, now):
        await asyncio.Event().wait()

    as_probe(hangs)
    task = asyncio.create_task(probe.run(TARGET, Policy(), NOW))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_reading_travels_whole(as_probe):
    async def reads(target, policy, now):
        return Reading(reason=Reason.CLOCK_OFF, detail="d", clock_offset_s=9.0)

    as_probe(reads)
    observation = await probe.run(TARGET, Policy(), NOW)
    assert (observation.clock_offset_s, observation.detail) == (9.0, "d")


def test_texts_of_cameras_are_one_printable_line_and_short():
    assert tidy("a\x00\u202eb\n\n c\ufeff") == "a b c"
    assert len(tidy("x" * 10_000)) == 200
