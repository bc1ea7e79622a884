"""One question to one camera over one fresh connection: connect, send, read until the verdict can
be given, abort.

Bounded in time here and in size by `answer`; never follows, retries or keeps a connection.
"""

import asyncio
import errno
import time
from asyncio import transports
from dataclasses import dataclass
from typing import cast

from collectors.answer import Answer, Reader
from collectors.reading import ProbeFailure
from monitor.model import Reason

_LINGER_S = 0.5  # for the rest of an envelope beyond a too short Content-Length
_GRACE_S = 0.3  # for answers that waited in the socket while our own loop was busy
_LATE_S = 0.05  # from here on a deadline came late
_OURS_S = 2.0  # a deadline missed by more is a standstill of ours: no verdict

_REASONS_BY_ERRNO = {
    errno.ECONNREFUSED: Reason.REFUSED,
    errno.EHOSTUNREACH: Reason.UNREACHABLE,
    errno.ENETUNREACH: Reason.UNREACHABLE,
    errno.EHOSTDOWN: Reason.UNREACHABLE,
    errno.ENONET: Reason.UNREACHABLE,
    errno.ENOPROTOOPT: Reason.UNREACHABLE,  # ICMP protocol unreachable
    errno.EPROTO: Reason.UNREACHABLE,
    errno.ETIMEDOUT: Reason.CONNECT_TIMEOUT,
    errno.ECONNRESET: Reason.RESET,
    errno.ECONNABORTED: Reason.RESET,
    errno.EPIPE: Reason.RESET,
    errno.ENETDOWN: Reason.BLIND,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Seconds from the start of the question: until the connection stands, and until the answer is
    complete.
    """

    connect_s: float
    total_s: float


async def ask(ip: str, port: int, request: bytes, limits: Limits) -> Answer:
    """Send `request` to a numeric address, read one answer. Raises ProbeFailure, nothing else."""
    flight = _Flight(request, limits)
    try:
        return await flight.run(ip, port)
    finally:
        flight.abort()


class _Flight(asyncio.Protocol):
    """One connection from the first SYN to the verdict."""

    __slots__ = (
        "_answering",
        "_connected_s",
        "_deadline",
        "_limits",
        "_loop",
        "_reader",
        "_request",
        "_started",
        "_timer",
        "_transport",
        "_verdict",
        "_waiting",
    )

    def __init__(self, request: bytes, limits: Limits) -> None:
        self._loop = loop = asyncio.get_running_loop()
        self._request = request
        self._limits = limits
        self._reader = Reader()
        self._verdict: asyncio.Future[Answer] = loop.create_future()
        self._transport: transports.Transport | None = None
        self._started = loop.time()
        self._connected_s = 0.0
        self._waiting: asyncio.Timeout | None = None
        self._answering = False  # the deadline is that of the answer, not of the connect
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, ip: str, port: int) -> Answer:
        """Connect and wait for the verdict. The one deadline moves from the connect limit to the
        total limit.
        """
        try:
            async with asyncio.timeout(None) as self._waiting:
                self._allow(min(self._limits.connect_s, self._limits.total_s))
                await self._loop.create_connection(lambda: self, ip, port)
                return await self._verdict
        except TimeoutError as exc:
            raise self._too_late() from exc
        except OSError as exc:
            raise _failure(exc) from exc

    def abort(self) -> None:
        """Close at once, whatever state the connection is in."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.abort()
        if self._verdict.done() and not self._verdict.cancelled():
            self._verdict.exception()  # looked at, even when the connect failed first
        self._verdict.cancel()

    def connection_made(self, transport: transports.BaseTransport) -> None:
        tcp = cast(transports.Transport, transport)  # uvloop's is none by inheritance
        self._transport = tcp
        self._connected_s = time.monotonic()
        tcp.write(self._request)

    def data_received(self, data: bytes) -> None:
        if self._verdict.done():
            return
        try:
            if self._reader.feed(data):
                self._finish(cut=False)
            elif self._reader.lingers:
                self._answering = True
                self._allow(self._loop.time() - self._started + _LINGER_S)
        except ProbeFailure as failure:
            self._verdict.set_exception(failure)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._verdict.done():
            return
        try:
            if isinstance(exc, OSError):
                raise _failure(exc) from exc
            self._finish(cut=self._reader.close())
        except ProbeFailure as failure:
            self._verdict.set_exception(failure)

    def _finish(self, *, cut: bool) -> None:
        self._verdict.set_result(
            Answer(
                status=self._reader.status,
                headers=self._reader.headers,
                body=self._reader.body(),
                cut=cut,
                connected_s=self._connected_s,
                answered_s=time.monotonic(),
            )
        )

    def _allow(self, until_s: float) -> None:
        """Move the deadline to this many seconds after the start, never beyond the total limit."""
        if self._timer is not None:
            self._timer.cancel()
        self._deadline = self._started + min(until_s, self._limits.total_s)
        self._timer = self._loop.call_at(self._deadline, self._expire, True)

    def _expire(self, may_wait: bool) -> None:
        if self._verdict.done():
            return
        if self._transport is not None and not self._answering:
            # Moved only now: most answers are in by then, and a timer saved is 3 % of a probe.
            self._answering = True
            self._allow(self._limits.total_s)
        elif self._reader.lingers:
            self._finish(cut=False)
        elif may_wait and self._loop.time() - self._deadline > _LATE_S:
            # Our loop was busy: the answer may lie in the socket already. Overload never costs a
            # camera.
            self._timer = self._loop.call_later(_GRACE_S, self._expire, False)
        elif self._waiting is not None:
            self._waiting.reschedule(self._loop.time())

    def _too_late(self) -> ProbeFailure:
        over_s = self._loop.time() - self._deadline
        if over_s > _OURS_S:
            return ProbeFailure(Reason.INTERNAL, f"our own loop was {over_s:.1f} s late")
        if self._transport is None:
            return ProbeFailure(
                Reason.CONNECT_TIMEOUT, f"no connection in {self._limits.connect_s:.3g} s"
            )
        seen = "no byte" if self._reader.status == 0 else f"HTTP {self._reader.status}, no end"
        return ProbeFailure(Reason.ANSWER_TIMEOUT, f"{seen} in {self._limits.total_s:.3g} s")


def _failure(exc: OSError) -> ProbeFailure:
    """What an error of the socket says. Lack of ports, files or memory is ours."""
    code = exc.errno or 0
    reason = _REASONS_BY_ERRNO.get(code)
    if reason is None:
        reason = Reason.RESET if isinstance(exc, ConnectionError) else Reason.INTERNAL
    return ProbeFailure(reason, errno.errorcode.get(code, type(exc).__name__))
