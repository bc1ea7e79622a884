"""One question over real sockets: what the network does, and in time."""

import asyncio
import errno
import inspect
import socket
import time

import pytest
import uvloop

from collectors import exchange
from collectors.exchange import Limits
from collectors.reading import ProbeFailure
from monitor.model import Reason
from tests.devices.raw import RESPONSE, device, http, says

LIMITS = Limits(connect_s=0.2, total_s=0.4)
QUESTION = b"POST / HTTP/1.1\r\n\r\n"
HOST = "127.0.0.1"


def on_both_loops(test):
    """Run an async test on the event loop of the library and on uvloop, which production uses."""

    @pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
    def run(loop, **arguments):
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(test(**arguments))

    run.__name__ = test.__name__
    own = inspect.Parameter("loop", inspect.Parameter.KEYWORD_ONLY)
    run.__signature__ = inspect.Signature([*inspect.signature(test).parameters.values(), own])
    return run


async def asked(talk, limits=LIMITS):
    async with device(talk) as port:
        return await exchange.ask(HOST, port, QUESTION, limits)


async def failure_of(talk, limits=LIMITS):
    with pytest.raises(ProbeFailure) as failure:
        await asked(talk, limits)
    return failure.value


@on_both_loops
async def test_it_takes_an_answer_in_many_segments():
    data = http()
    answer = await asked(says(*(data[at : at + 300] for at in range(0, len(data), 300))))
    assert (answer.status, answer.body, answer.cut) == (200, RESPONSE, False)
    assert answer.connected_s < answer.answered_s


@on_both_loops
async def test_it_does_not_wait_for_a_length_that_never_comes():
    started = time.monotonic()
    patient = Limits(connect_s=5, total_s=60)
    await asked(says(http(RESPONSE, "Content-Length: 9999"), keep_open=True), patient)
    assert time.monotonic() - started < 30


@on_both_loops
async def test_it_waits_a_little_for_what_comes_after_a_short_length():
    talk = says(http(RESPONSE[:500], "Content-Length: 400"), RESPONSE[500:], keep_open=True)
    assert (await asked(talk)).body == RESPONSE


@on_both_loops
async def test_a_truncated_envelope_with_a_right_length_is_given_as_it_is():
    answer = await asked(says(http(RESPONSE[:500]), keep_open=True))
    assert answer.body == RESPONSE[:500]


@on_both_loops
async def test_a_close_is_the_end_of_a_body_without_length():
    answer = await asked(says(http(b"hello", "Server: x")))
    assert (answer.body, answer.cut) == (b"hello", False)


@pytest.mark.parametrize(
    ("talk", "reason"),
    [
        (says(), Reason.CLOSED),
        (says(keep_open=True), Reason.ANSWER_TIMEOUT),
        (says(http()[:400], keep_open=True), Reason.ANSWER_TIMEOUT),
        (says(reset=True), Reason.RESET),
        (says(http()[:400], reset=True), Reason.RESET),
        (says(b"SSH-2.0-x\r\n", keep_open=True), Reason.NOT_HTTP),
        (says(http(b"x" * 300_000, "Server: x"), keep_open=True), Reason.ENDLESS),
    ],
)
@on_both_loops
async def test_each_misbehaviour_has_its_reason(talk, reason):
    failure = await failure_of(talk)
    assert failure.reason is reason
    assert failure.detail


@on_both_loops
async def test_a_closed_port_is_refused():
    with socket.socket() as unused:
        unused.bind((HOST, 0))
        with pytest.raises(ProbeFailure) as failure:
            await exchange.ask(HOST, unused.getsockname()[1], QUESTION, LIMITS)
    assert failure.value.reason is Reason.REFUSED


@on_both_loops
async def test_a_full_backlog_is_a_connect_timeout():
    with socket.socket() as server, socket.socket() as first:
        server.bind((HOST, 0))
        server.listen(0)
        first.connect(server.getsockname())
        with pytest.raises(ProbeFailure) as failure:
            await exchange.ask(HOST, server.getsockname()[1], QUESTION, LIMITS)
    assert failure.value.reason is Reason.CONNECT_TIMEOUT


@on_both_loops
async def test_the_connection_is_gone_afterwards():
    gone = asyncio.Event()

    async def talk(reader, writer):
        await reader.read(100)
        writer.write(http(RESPONSE, "Content-Length: 9999"))
        await reader.read()
        gone.set()

    await asked(talk)
    async with asyncio.timeout(1):
        await gone.wait()


@on_both_loops
async def test_an_answer_that_waited_while_our_loop_was_busy_counts():
    async def talk(reader, writer):
        await reader.read(100)
        writer.write(http())
        time.sleep(0.6)  # noqa: ASYNC251 - our own loop stands still beyond the deadline

    assert (await asked(talk)).status == 200


@on_both_loops
async def test_a_standstill_of_ours_is_not_the_cameras_fault(monkeypatch):
    monkeypatch.setattr(exchange, "_OURS_S", 0.3)

    async def talk(reader, writer):
        await reader.read(100)
        time.sleep(0.6)  # noqa: ASYNC251
        await reader.read()

    assert (await failure_of(talk, Limits(connect_s=0.1, total_s=0.2))).reason is Reason.INTERNAL


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (errno.EHOSTUNREACH, Reason.UNREACHABLE),
        (errno.ENETUNREACH, Reason.UNREACHABLE),
        (errno.ETIMEDOUT, Reason.CONNECT_TIMEOUT),
        (errno.ECONNRESET, Reason.RESET),
        (errno.ENETDOWN, Reason.BLIND),
        (errno.EMFILE, Reason.INTERNAL),
        (errno.EADDRNOTAVAIL, Reason.INTERNAL),
    ],
)
def test_an_error_of_the_socket_is_blamed_on_the_right_side(code, reason):
    failure = exchange._failure(OSError(code, "x"))
    assert (failure.reason, failure.detail) == (reason, errno.errorcode[code])


@on_both_loops
async def test_many_flights_leave_no_socket_open():
    transports = []

    async def talk(reader, writer):
        transports.append(writer.transport)
        await reader.read()

    async with device(talk) as port:
        flights = (exchange.ask(HOST, port, QUESTION, LIMITS) for _ in range(50))
        results = await asyncio.gather(*flights, return_exceptions=True)
    assert {failure.reason for failure in results} == {Reason.ANSWER_TIMEOUT}
    assert len(transports) == 50
