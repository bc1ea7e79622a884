"""A proxy between us and PostgreSQL that can refuse, cut, stall, or cut right after a COMMIT."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


class Proxy:
    """Listens on 127.0.0.1 and passes bytes to the Unix socket of the cluster.

    cut_after_commit: the next COMMIT reaches the server, its answer does not reach the client.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.refuses = False
        self.cut_after_commit = False
        self._swallows = False  # the next answer of the server
        self.connections = 0
        self.port = 0

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut everything and stop listening."""
        assert self._server is not None
        self._server.close()
        self._flows.set()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break all connections off."""
        for writer in self._writers:
            writer.transport.abort()

    def stall(self) -> None:
        """Pass nothing on, with connections left open."""
        self._flows.clear()

    def resume(self) -> None:
        """Pass on again."""
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.refuses:
            writer.transport.abort()
            return
        there, back = await asyncio.open_unix_connection(str(self._target))
        self._writers |= {writer, back}
        one = asyncio.create_task(self._pass(reader, back, upstream=True))
        other = asyncio.create_task(self._pass(there, writer, upstream=False))
        self._tasks |= {one, other}
        await asyncio.wait({one, other}, return_when=asyncio.FIRST_COMPLETED)
        for each in (writer, back):
            each.transport.abort()
        await asyncio.wait({one, other})
        self._writers -= {writer, back}
        self._tasks -= {one, other}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, upstream: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                if upstream and self.cut_after_commit and b"COMMIT" in data:
                    self._swallows = True
                elif not upstream and self._swallows:
                    self.cut_after_commit = self._swallows = False
                    return
                writer.write(data)
                await writer.drain()


def through(dsn: str, port: int) -> str:
    """The same database by way of the proxy."""
    found = re.match(r"postgresql://(?P<user>[^@]+)@/(?P<database>[^?]+)", dsn)
    assert found
    return f"postgresql://{found['user']}@127.0.0.1:{port}/{found['database']}?sslmode=disable"


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the cluster of this address."""
    sockets = parse_qs(urlsplit(dsn).query)["host"][0]
    proxy = Proxy(Path(sockets) / ".s.PGSQL.5432")
    await proxy.start()
    try:
        yield proxy
    finally:
        await proxy.stop()
