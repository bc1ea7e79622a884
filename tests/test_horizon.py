"""When many fall silent at once our own side is asked first: dark, nobody goes down."""

import asyncio
import socket
from datetime import UTC, datetime

import pytest

from collectors import horizon
from collectors.horizon import Address, Horizon
from collectors.reading import Target
from monitor import settings
from monitor.model import Reason
from monitor.settings import BadSettings, Polling
from tests.factories import observation

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
GATEWAY = ("127.9.9.9", 1)
SILENT, GOOD = Reason.CONNECT_TIMEOUT, Reason.OK


class Network:
    """Cameras 0.. in several networks, and which machines are there now."""

    def __init__(self, cameras: int, networks: int, *gateways: Address) -> None:
        self.time_s = 1_000.0
        self.there: set[str] = {f"127.{10 + n % networks}.0.{n + 1}" for n in range(cameras)}
        self.targets = [
            Target(camera_id=n, code=str(n), host=f"127.{10 + n % networks}.0.{n + 1}")
            for n in range(cameras)
        ]
        self.there |= {host for host, _ in gateways}
        self.asked: list[Address] = []
        self.horizon = Horizon(gateways, 75.0, reach=self.reach, monotonic=lambda: self.time_s)

    async def reach(self, address: Address) -> bool:
        self.asked.append(address)
        return address[0] in self.there

    async def round(self, reason: Reason = SILENT) -> list[Reason]:
        """Every camera is asked once within a minute; those that are not there give `reason`."""
        told = []
        for target in self.targets:
            self.time_s += 60 / len(self.targets)
            seen = observation(
                NOW, GOOD if target.host in self.there else reason, camera_id=target.camera_id
            )
            told.append((await self.horizon.judge(target, seen)).reason)
        return told


async def test_a_cut_switch_before_the_monitor_makes_the_round_blind() -> None:
    network = Network(20, 2, GATEWAY)
    assert set(await network.round()) == {GOOD}
    network.there.clear()
    first, second = await network.round(), await network.round()
    # until half of them were silent nobody could know
    assert first[-5:] == [Reason.BLIND] * 5
    assert second == [Reason.BLIND] * 20
    assert network.horizon.blind_rounds == 1
    network.there |= {target.host for target in network.targets}
    assert await network.round() == [GOOD] * 20


async def test_where_the_gateway_is_there_silent_cameras_are_down() -> None:
    network = Network(20, 2, GATEWAY)
    await network.round()
    network.there = {GATEWAY[0]}
    assert [*await network.round(), *await network.round()] == [SILENT] * 40
    assert network.asked


async def test_one_long_stable_camera_that_is_there_is_enough() -> None:
    network = Network(20, 2)
    for _ in range(3):
        await network.round()
    network.there = {network.targets[0].host}
    assert Reason.BLIND not in await network.round()


async def test_without_a_gateway_one_dark_network_may_be_what_it_seems() -> None:
    alone = Network(20, 1)
    await alone.round()
    alone.there.clear()
    assert [*await alone.round(), *await alone.round()] == [SILENT] * 40
    assert alone.asked == []
    several = Network(20, 4)
    await several.round()
    several.there.clear()
    await several.round()
    assert await several.round() == [Reason.BLIND] * 20


@pytest.mark.parametrize(("cameras", "silent"), [(20, 4), (20, 9), (4, 4)])
async def test_few_silent_cameras_ask_nobody(cameras: int, silent: int) -> None:
    network = Network(cameras, 2, GATEWAY)
    await network.round()
    network.there -= {target.host for target in network.targets[:silent]} | {GATEWAY[0]}
    told = [*await network.round(), *await network.round()]
    assert told.count(SILENT) == 2 * silent
    assert network.asked == []


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.NOT_ONVIF, Reason.RESET])
async def test_cameras_that_answer_wrongly_are_there(reason: Reason) -> None:
    network = Network(20, 2, GATEWAY)
    network.there.clear()
    assert [*await network.round(reason), *await network.round(reason)] == [reason] * 40
    assert network.asked == []


async def test_landmarks_are_asked_once_in_a_few_seconds_however_many_wait() -> None:
    network = Network(200, 2, GATEWAY)
    await network.round()
    network.there.clear()
    await network.round()
    network.asked.clear()
    seen = [observation(NOW, SILENT, camera_id=each.camera_id) for each in network.targets]
    network.time_s += 10
    told = await asyncio.gather(
        *(network.horizon.judge(t, s) for t, s in zip(network.targets, seen, strict=True))
    )
    assert {each.reason for each in told} == {Reason.BLIND}
    assert network.asked.count(GATEWAY) == 1
    assert len(network.asked) <= 7


async def test_a_camera_that_left_is_forgotten() -> None:
    network = Network(20, 2, GATEWAY)
    network.there.clear()
    await network.round()
    network.horizon.enrol({each.camera_id: each for each in network.targets[:3]})
    assert not network.horizon._many_silent(network.time_s + 2)


async def test_a_machine_is_there_when_it_takes_a_connection_or_refuses_it() -> None:
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    assert await horizon.reach(("127.0.0.1", port))
    server.close()
    await server.wait_closed()
    assert await horizon.reach(("127.0.0.1", port))
    assert not await horizon.reach(("127.0.0.1 ", 1))
    with socket.socket() as full:  # nobody takes what waits in its queue
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fills = [socket.socket() for _ in range(3)]
        for each in fills:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        assert not await horizon.reach(full.getsockname(), within_s=0.3)
        for each in fills:
            each.close()


def test_gateways_are_addresses() -> None:
    given = Polling.model_validate({"gateways": "127.0.0.1:80, [::1]:443"})
    assert given.landmarks == (("127.0.0.1", 80), ("::1", 443))
    for wrong in ("127.0.0.1", "host:", ":80", "h:99999", "h:x"):
        with pytest.raises(BadSettings, match="host:port"):
            settings.load(None, {"CAMLEDGER_POLLING_GATEWAYS": wrong})
