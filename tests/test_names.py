"""Names into addresses, with a name server that knows, does not know, or is silent."""

import asyncio
import socket
import threading
import time

import pytest
import uvloop

from collectors import names, probe
from collectors.reading import Policy, ProbeFailure, Target
from monitor.model import Reason
from tests.clock import Clock
from tests.devices.raw import device, says


@pytest.fixture
def silent_server(monkeypatch):
    """The name server gives no answer; yields the names it was asked for."""
    asked, over = [], threading.Event()

    def wait(host, *_, **__):
        asked.append(host)
        over.wait(30)
        raise socket.gaierror(socket.EAI_AGAIN, "silent")

    monkeypatch.setattr(names, "_clerks", names._Clerks())
    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield asked
    over.set()


async def failure_of(host, limit_s=1.0):
    with pytest.raises(ProbeFailure) as failure:
        await names.resolve(host, 80, limit_s)
    return failure.value


@pytest.mark.parametrize("host", ["a..b", "x" * 80, "a b"])
async def test_a_name_that_cannot_be_one_is_no_address(host):
    assert (await failure_of(host)).reason is Reason.NO_ADDRESS


@pytest.mark.parametrize("host", ["127.1.2.3", "::1", "fe80::1%lo"])
async def test_numeric_hosts_need_no_name_server(host):
    assert await names.resolve(host, 80, 0.0) == host


async def test_a_name_of_this_machine_resolves():
    assert await names.resolve("localhost", 80, 2.0) in {"127.0.0.1", "::1"}


async def test_many_names_at_once_all_resolve():
    found = await asyncio.gather(*(names.resolve("localhost", 80, 5.0) for _ in range(200)))
    assert set(found) <= {"127.0.0.1", "::1"}


def test_a_silent_name_server_is_blind_and_holds_up_no_stop(silent_server):
    async def ask_for_many():
        hosts = [f"camera{n}.example" for n in range(100)]
        return await asyncio.gather(*(failure_of(host, 0.05) for host in hosts))

    began = time.monotonic()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        failures = runner.run(ask_for_many())
    assert {each.reason for each in failures} == {Reason.BLIND}
    assert time.monotonic() - began < 2
    assert len(silent_server) <= names._THREADS


async def test_names_nobody_waits_for_any_more_are_not_looked_up(monkeypatch):
    monkeypatch.setattr(names, "_clerks", names._Clerks())
    monkeypatch.setattr(names, "_THREADS", 1)
    gate, asked = threading.Event(), []

    def look_up(host, *_, **__):
        asked.append(host)
        gate.wait(30)
        return [(0, 0, 0, "", ("127.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    await asyncio.gather(*(failure_of(f"n{n}", 0.05) for n in range(20)))
    gate.set()
    assert await names.resolve("last", 80, 5.0) == "127.0.0.1"
    assert asked == ["n0", "last"]


async def test_a_slow_name_server_leaves_the_verdict_to_the_camera(monkeypatch):
    def slowly(*_, **__):
        time.sleep(0.4)
        return [(0, 0, 0, "", ("127.0.0.1", 80))]

    monkeypatch.setattr(probe, "_SPARE_S", 0.1)
    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    async with device(says(keep_open=True)) as port:
        target = Target(camera_id=1, code="c", host="camera.example", port=port)
        seen = await probe.run(target, Policy(connect_s=1.0, deadline_s=1.0), Clock()())
    assert seen.reason is Reason.ANSWER_TIMEOUT
    assert seen.took.total_seconds() < 1.35  # 1.4 if it came on top
