"""Every fault of a simulated camera, seen by a raw client over real sockets."""

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import uvloop
from lxml import etree

from collectors.simulator.breakage import FAULT_CARDS, Fault, FaultKind, Service, read_fault
from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import Auth, SimulatedCamera, SimulatorError

HOST = "127.32.0.5"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
BODY = (
    '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><GetSystemDateAndTime'
    ' xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
)
REQUEST = (
    f"POST /onvif/device_service HTTP/1.1\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}".encode()
)
LAST_REQUEST = REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
OPTIONS = b"OPTIONS rtsp://x/ RTSP/1.0\r\nCSeq: 7\r\n\r\n"
CAMERA = SimulatedCamera(host=HOST, http_port=0, rtsp_port=0)
GLANCE_S = 0.15


@asynccontextmanager
async def broken(*words: str, **changes):
    async with Simulator([replace(CAMERA, **changes)], now=lambda: NOW) as simulator:
        if words:
            await simulator.set_fault(HOST, read_fault(list(words)))
        yield simulator


@asynccontextmanager
async def connected(simulator: Simulator, *, rtsp=False):
    device = simulator.device(HOST)
    port = device.rtsp_port if rtsp else device.http_port
    async with asyncio.timeout(GLANCE_S):
        reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def seen(simulator: Simulator, *, rtsp=False, glance_s=GLANCE_S) -> tuple[bytes, bool]:
    """What one request brings within a glance, and whether the camera ended it."""
    got = b""
    async with connected(simulator, rtsp=rtsp) as (reader, writer):
        writer.write(OPTIONS if rtsp else LAST_REQUEST)
        try:
            async with asyncio.timeout(glance_s):
                while piece := await reader.read(65536):
                    got += piece
        except TimeoutError:
            return got, False
        return got, True


async def healthy(simulator: Simulator, *, rtsp=False) -> bool:
    async with connected(simulator, rtsp=rtsp) as (reader, writer):
        writer.write(OPTIONS if rtsp else REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        return b" 200 OK\r\n" in head


def parts(got: bytes) -> tuple[bytes, bytes]:
    head, _, body = got.partition(b"\r\n\r\n")
    return head, body


def length(head: bytes) -> int:
    return int(re.search(rb"Content-Length: (\d+)", head)[1])


@pytest.mark.parametrize("rtsp", [False, True])
async def test_refuse_refuses(rtsp):
    async with broken("refuse") as simulator:
        with pytest.raises(ConnectionRefusedError):
            await seen(simulator, rtsp=rtsp)


@pytest.mark.parametrize("rtsp", [False, True])
async def test_black_hole_never_connects(rtsp):
    async with broken("black_hole") as simulator:
        with pytest.raises(TimeoutError):
            await seen(simulator, rtsp=rtsp)


@pytest.mark.parametrize("rtsp", [False, True])
async def test_reset_resets(rtsp):
    async with broken("reset") as simulator:
        with pytest.raises(ConnectionResetError):
            await seen(simulator, rtsp=rtsp)


@pytest.mark.parametrize("kind", list(FaultKind))
async def test_every_fault_ends_and_the_port_stays(kind):
    async with broken() as simulator:
        port = simulator.device(HOST).http_port
        await simulator.set_fault(HOST, Fault(kind=kind))
        assert simulator.faults()[HOST].kind is kind
        await simulator.set_fault(HOST, None)
        assert simulator.device(HOST).http_port == port
        assert await healthy(simulator)
        assert await healthy(simulator, rtsp=True)
        assert simulator.faults() == {}


async def test_one_dead_state_can_follow_another():
    async with broken("refuse") as simulator:
        await simulator.set_fault(HOST, read_fault(["black_hole"]))
        with pytest.raises(TimeoutError):
            await seen(simulator)
        await simulator.set_fault(HOST, read_fault(["refuse"]))
        with pytest.raises(ConnectionRefusedError):
            await seen(simulator)
        await simulator.set_fault(HOST, read_fault(["html"]))
        assert b"<html>" in (await seen(simulator))[0]


@pytest.mark.parametrize("kind", ["refuse", "black_hole", "reset"])
async def test_dying_cuts_open_connections(kind):
    async with broken() as simulator, connected(simulator) as (reader, writer):
        writer.write(REQUEST)
        await reader.readuntil(b"</env:Envelope>")
        await simulator.set_fault(HOST, read_fault([kind]))
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_other_faults_show_on_open_connections_too():
    async with broken() as simulator, connected(simulator) as (reader, writer):
        writer.write(REQUEST)
        await reader.readuntil(b"</env:Envelope>")
        await simulator.set_fault(HOST, read_fault(["http_500"]))
        writer.write(REQUEST)
        assert b" 500 " in await reader.readuntil(b"\r\n\r\n")


async def test_a_fault_of_one_service_leaves_the_other_alone():
    async with broken("refuse", "rtsp") as simulator:
        assert await healthy(simulator)
        with pytest.raises(ConnectionRefusedError):
            await seen(simulator, rtsp=True)
        await simulator.set_fault(HOST, read_fault(["refuse", "http"]))
        assert await healthy(simulator, rtsp=True)


@pytest.mark.parametrize("rtsp", [False, True])
async def test_silent_reads_and_says_nothing(rtsp):
    async with broken("silent") as simulator:
        assert await seen(simulator, rtsp=rtsp) == (b"", False)


async def test_stall_stops_in_the_middle():
    async with broken("stall") as simulator:
        got, ended = await seen(simulator)
    head, body = parts(got)
    assert not ended
    assert 0 < len(body) < length(head)


async def test_slow_waits_before_it_answers():
    async with broken("slow", "0.2") as simulator:
        assert await seen(simulator, glance_s=0.1) == (b"", False)
        assert b"UTCDateTime" in (await seen(simulator, glance_s=0.4))[0]


async def test_trickle_sends_byte_by_byte():
    async with broken("trickle", "0.01") as simulator:
        got, ended = await seen(simulator)
    assert not ended
    assert 1 < len(got) < 50
    assert got.startswith(b"HTTP/1.1"[: len(got)])


async def test_half_close_says_nothing_but_goes_on_reading():
    heard: asyncio.Queue[None] = asyncio.Queue()

    def now() -> datetime:
        heard.put_nowait(None)
        return NOW

    async with Simulator([CAMERA], now=now) as simulator, asyncio.timeout(1):
        await simulator.set_fault(HOST, read_fault(["half_close"]))
        async with connected(simulator) as (reader, writer):
            writer.write(REQUEST)
            assert await reader.read() == b""
            await heard.get()
            writer.write(REQUEST)
            await heard.get()


@pytest.mark.parametrize(
    ("kind", "expected"), [("close", b""), ("garbage", None), ("length_too_long", None)]
)
async def test_some_faults_close(kind, expected):
    async with broken(kind) as simulator:
        got, ended = await seen(simulator)
    assert ended
    assert expected is None or got == expected


@pytest.mark.parametrize(
    ("kind", "status"),
    [("http_401", b"401"), ("http_500", b"500"), ("redirect", b"302"), ("empty", b"200")],
)
@pytest.mark.parametrize("rtsp", [False, True])
async def test_replies_that_are_replaced_as_a_whole(kind, status, rtsp):
    async with broken(kind) as simulator:
        head, body = parts((await seen(simulator, rtsp=rtsp))[0])
    assert head.split(b" ")[1] == status
    assert body == b""
    assert rtsp == (b"CSeq: 7" in head)


async def test_redirect_points_where_it_is_told():
    async with broken("redirect", "http://127.32.0.77/onvif/device_service") as simulator:
        head, _ = parts((await seen(simulator))[0])
    assert b"\r\nLocation: http://127.32.0.77/onvif/device_service\r\n" in head


@pytest.mark.parametrize(
    ("kind", "status", "inside"),
    [("soap_fault", b"500", b"env:Fault"), ("html", b"200", b"<form")],
)
async def test_something_else_instead_of_the_answer(kind, status, inside):
    async with broken(kind) as simulator:
        head, body = parts((await seen(simulator))[0])
        assert await healthy(simulator, rtsp=True)
    assert head.split(b" ")[1] == status
    assert inside in body
    assert b"UTCDateTime" not in body


async def test_broken_xml_is_broken_but_can_be_recovered():
    async with broken("broken_xml") as simulator:
        _, body = parts((await seen(simulator))[0])
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body)
    tree = etree.fromstring(body, etree.XMLParser(recover=True))
    assert tree.findtext(".//{*}UTCDateTime/{*}Time/{*}Hour") == "5"


async def test_lengths_lie():
    async with broken("length_too_long") as simulator:
        head, body = parts((await seen(simulator))[0])
        assert length(head) == len(body) + 100
        await simulator.set_fault(HOST, read_fault(["length_too_short"]))
        head, body = parts((await seen(simulator))[0])
        assert 0 < length(head) < len(body)


@pytest.mark.parametrize(("kind", "differ"), [("two_lengths", 1), ("two_lengths_differ", 2)])
async def test_two_lengths(kind, differ):
    async with broken(kind) as simulator:
        head, body = parts((await seen(simulator))[0])
    said = re.findall(rb"Content-Length: (\d+)", head)
    assert len(said) == 2
    assert len(set(said)) == differ
    assert int(said[0]) == len(body)


async def test_malformed_heads():
    async with broken("no_colon") as simulator:
        head, _ = parts((await seen(simulator))[0])
        assert any(b":" not in line for line in head.split(b"\r\n")[1:])
        await simulator.set_fault(HOST, read_fault(["lf_only"]))
        got, _ = await seen(simulator)
        assert b"\r" not in got
        assert b"\n\n<?xml" in got
        await simulator.set_fault(HOST, read_fault(["no_reason"]))
        assert (await seen(simulator))[0].startswith(b"HTTP/1.1 200\r\n")


async def test_garbage_is_neither_http_nor_text():
    async with broken("garbage") as simulator:
        got, _ = await seen(simulator)
    with pytest.raises(UnicodeDecodeError):
        got.decode()
    assert len(got) == 512


@pytest.mark.parametrize("kind", ["endless_body", "endless_headers"])
async def test_endless_replies_do_not_end(kind):
    async with broken(kind) as simulator:
        got, ended = await seen(simulator)
    assert not ended
    assert len(got) > 20_000
    assert (b"\r\n\r\n" in got) == (kind == "endless_body")


async def test_an_endless_reply_does_not_fill_our_memory():
    async with broken("endless_body") as simulator, connected(simulator) as (_, writer):
        writer.write(REQUEST)
        await asyncio.sleep(GLANCE_S)
        (connection,) = simulator._doors[HOST][0].connections
        assert connection._transport.get_write_buffer_size() < 200_000


async def test_clock_off_moves_the_clock():
    async with broken("clock_off", "-7200") as simulator:
        got, _ = await seen(simulator)
    assert b"<tt:UTCDateTime><tt:Time><tt:Hour>3</tt:Hour>" in got


async def test_no_utc_leaves_only_local_time():
    async with broken("no_utc") as simulator:
        got, _ = await seen(simulator)
    assert b"UTCDateTime" not in got
    assert b"<tt:LocalDateTime><tt:Time><tt:Hour>13</tt:Hour>" in got


async def test_clock_needs_login_refuses_the_date():
    async with broken("clock_needs_login", auth=Auth.USERNAME_TOKEN) as simulator:
        got, _ = await seen(simulator)
    assert b"ter:NotAuthorized" in got


async def test_wrong_password_changes_only_the_password():
    async with broken("wrong_password") as simulator:
        assert await healthy(simulator)
        assert simulator.device(HOST).password(Service.HTTP) != "onvif-2026"
        await simulator.set_fault(HOST, None)
        assert simulator.device(HOST).password(Service.HTTP) == "onvif-2026"


def test_dead_cameras_are_dead_under_uvloop_too():
    async def story():
        async with broken("refuse") as simulator:
            with pytest.raises(ConnectionRefusedError):
                await seen(simulator)
            await simulator.set_fault(HOST, read_fault(["black_hole"]))
            with pytest.raises(TimeoutError):
                await seen(simulator)
            await simulator.set_fault(HOST, read_fault(["reset"]))
            with pytest.raises(ConnectionResetError):
                await seen(simulator)
            await simulator.set_fault(HOST, read_fault(["half_close"]))
            assert await seen(simulator) == (b"", True)
            await simulator.set_fault(HOST, None)
            assert await healthy(simulator)

    with asyncio.Runner(loop_factory=uvloop.Loop) as runner:
        runner.run(story())


def test_every_fault_is_explained():
    assert set(FAULT_CARDS) == set(FaultKind)


@pytest.mark.parametrize("kind", list(FaultKind))
@pytest.mark.parametrize("service", list(Service))
def test_a_fault_is_read_back_as_it_was_written(kind, service):
    words = [kind.value] if service is Service.ALL else [kind.value, service.value]
    fault = read_fault(words)
    assert (fault.kind, fault.service) == (kind, service)
    assert read_fault(str(fault).split()) == fault


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no fault"),
        ("explode", "unknown fault 'explode'"),
        ("slow soon", "takes seconds"),
        ("slow nan", "cannot take"),
        ("slow -1", "cannot take"),
        ("refuse 3", "takes no value"),
        ("slow 1 2", "one value at most"),
    ],
)
def test_a_fault_that_cannot_be_read_says_why(text, message):
    with pytest.raises(SimulatorError, match=message):
        read_fault(text.split())


async def test_an_unknown_camera_cannot_be_broken():
    async with broken() as simulator:
        with pytest.raises(SimulatorError, match=r"no simulated camera at 127\.32\.9\.9"):
            await simulator.set_fault("127.32.9.9", None)
