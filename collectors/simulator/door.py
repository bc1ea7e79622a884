"""One listening address of a simulated camera: open, refusing (port kept, nobody listens) or a
black hole.
"""

import asyncio
import errno
import socket
from dataclasses import dataclass, field

from collectors.simulator.breakage import FaultKind, Service
from collectors.simulator.connection import Answer, Connection
from collectors.simulator.device import Device
from collectors.simulator.simulated import SimulatorError

BACKLOG = 128
_CUTTING = (FaultKind.REFUSE, FaultKind.BLACK_HOLE, FaultKind.RESET)


@dataclass(kw_only=True, slots=True)
class Door:
    """The way to one service of one camera. The port stays ours from `open` to `close`, whatever
    the fault.
    """

    device: Device
    service: Service
    answer: Answer
    port: int
    connections: set[Connection] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _holders: list[socket.socket] = field(default_factory=list)

    @property
    def host(self) -> str:
        """The address of the camera."""
        return self.device.camera.host

    async def open(self) -> None:
        """Bind and listen; port 0 becomes the one the system chose."""
        await self._listen(self._bound())

    async def follow_fault(self) -> None:
        """Listen, refuse or swallow connections as the device's fault says now; cut connections
        where it must.
        """
        fault = self.device.fault_of(self.service)
        kind = fault.kind if fault is not None else None
        if kind in _CUTTING:
            self._cut()
        match kind:
            case FaultKind.REFUSE:
                self._shut()
                # Bound but not listening: connects are refused and nobody else can take the port.
                self._holders = [self._bound()]
            case FaultKind.BLACK_HOLE:
                self._shut()
                self._holders = self._black_hole()
            case _ if self._server is None:
                self._release()
                await self._listen(self._bound())
            case _:
                pass

    def close(self) -> None:
        """Give up the port and cut every connection."""
        self._cut()
        self._shut()

    async def _listen(self, sock: socket.socket) -> None:
        sock.listen(BACKLOG)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, sock=sock, backlog=BACKLOG)

    def _connection(self) -> Connection:
        return Connection(self.device, self.service, self.answer, self.connections)

    def _bound(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((self.host, self.port))
        except OSError as error:
            sock.close()
            raise SimulatorError(_why_not_bound(self.host, self.port, error)) from error
        self.port = sock.getsockname()[1]
        return sock

    def _black_hole(self) -> list[socket.socket]:
        """A listener whose queue of one is full, so that the kernel drops every further SYN
        (Linux).
        """
        listener = self._bound()
        listener.listen(0)
        filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        filler.setblocking(False)
        # On loopback the handshake is over when this returns; nobody accepts it.
        code = filler.connect_ex((self.host, self.port))
        if code not in (0, errno.EINPROGRESS):
            raise SimulatorError(
                f"{self.host}:{self.port}: cannot fill the queue: {errno.errorcode[code]}"
            )
        return [listener, filler]

    def _cut(self) -> None:
        for connection in tuple(self.connections):
            connection.reset()

    def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._release()

    def _release(self) -> None:
        for sock in self._holders:
            sock.close()
        self._holders = []


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return f"{host}:{port} is taken by another program"
        case errno.EACCES:
            return f"{host}:{port} needs the right to use ports below 1024"
        case errno.EMFILE | errno.ENFILE:
            return f"{host}:{port}: no file descriptor left (ulimit -n)"
        case _:
            return f"{host}:{port}: {error.strerror}"
