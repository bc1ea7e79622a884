"""One accepted connection to a simulated camera: reads requests, carries out plans. What to say
is decided by `answer`.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from collectors.simulator.breakage import FaultKind, Service
from collectors.simulator.device import Device
from collectors.simulator.spoil import Ending, Plan, plan
from collectors.simulator.wire import Malformed, Reply, Request, take_request

Answer = Callable[[Device, Request], Reply]
# 4 KiB every 2 ms: endless enough for any client, cheap enough for a small machine.
_FOREVER_PAUSE_S = 0.002
_RST_ON_CLOSE = struct.pack("ii", 1, 0)


class Connection(asyncio.Protocol):
    """Serves one client. `open_connections` is the door's set, so that the door can cut them
    all.
    """

    __slots__ = (
        "_answer",
        "_buffer",
        "_device",
        "_ended",
        "_open",
        "_paused",
        "_service",
        "_timer",
        "_transport",
    )

    def __init__(
        self, device: Device, service: Service, answer: Answer, open_connections: "set[Connection]"
    ) -> None:
        self._device = device
        self._service = service
        self._answer = answer
        self._open = open_connections
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused = False
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the client, or reset it if that is the fault."""
        # uvloop's transports are no subclass of asyncio's, so this can only be promised.
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)
        self._device.asked.connections[self._service] += 1
        if self._device.has(FaultKind.RESET, self._service):
            self.reset()

    def data_received(self, data: bytes) -> None:
        """Collect bytes; requests that arrive while a plan is under way wait for it."""
        self._buffer += data
        if self._timer is None:
            self._serve()

    def eof_received(self) -> bool:
        """A client that has said all it wanted still gets its answer; one that left is let go."""
        self._ended = True
        return self._timer is not None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the client."""
        self._open.discard(self)
        self._transport = None
        if self._timer is not None:
            self._timer.cancel()

    def pause_writing(self) -> None:
        """The client reads slower than we write."""
        self._paused = True

    def resume_writing(self) -> None:
        """The client caught up."""
        self._paused = False

    def reset(self) -> None:
        """Cut the connection with RST."""
        if self._transport is None:
            return
        sock = self._transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST_ON_CLOSE)
        self._transport.abort()

    def _serve(self) -> None:
        while self._transport is not None and self._timer is None and self._buffer:
            request = take_request(self._buffer)
            if request is None:
                return
            if isinstance(request, Malformed):
                self._buffer.clear()
                self._carry_out(self._plan_malformed(request))
                return
            self._carry_out(self._plan(request))

    def _plan(self, request: Request) -> Plan:
        reply = self._answer(self._device, request)
        http = self._service is Service.HTTP
        close = http and (request.wants_close or not self._device.camera.keep_alive)
        return plan(reply, self._device.fault_of(self._service), close=close)

    def _plan_malformed(self, bad: Malformed) -> Plan:
        protocol = "HTTP/1.1" if self._service is Service.HTTP else "RTSP/1.0"
        reply = Reply(status=bad.status, reason=bad.reason, protocol=protocol)
        made = plan(reply, None, close=True)
        return Plan(payload=made.payload, ending=Ending.CLOSE)

    def _carry_out(self, todo: Plan) -> None:
        if todo.delay_s:
            self._later(todo.delay_s, lambda: self._send(todo, 0))
        else:
            self._send(todo, 0)

    def _send(self, todo: Plan, start: int) -> None:
        self._timer = None
        if self._transport is None:
            return
        if todo.step and start + todo.step < len(todo.payload):
            self._transport.write(todo.payload[start : start + todo.step])
            self._later(todo.pause_s, lambda: self._send(todo, start + todo.step))
            return
        if start < len(todo.payload):
            self._transport.write(todo.payload[start:] if start else todo.payload)
        if todo.forever:
            self._send_forever(todo.forever)
        else:
            self._end(todo.ending)

    def _send_forever(self, piece: bytes) -> None:
        if self._transport is None:
            return
        if not self._paused:
            self._transport.write(piece)
        self._later(_FOREVER_PAUSE_S, lambda: self._send_forever(piece))

    def _end(self, ending: Ending) -> None:
        transport = self._transport
        if transport is None:
            return
        match ending:
            case Ending.CLOSE:
                transport.close()
            case Ending.KEEP if self._ended:
                transport.close()
            case Ending.END_SENDING:
                transport.write_eof()
            case Ending.KEEP if self._buffer:
                self._later(0.0, self._resume)
            case _:
                pass

    def _resume(self) -> None:
        self._timer = None
        self._serve()

    def _later(self, seconds: float, step: Callable[[], None]) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, step)
