"""Host names into addresses, in threads of our own: a name server that is silent holds up neither
the event loop nor the end of the program.

What an address is good for is left to `exchange`.
"""

import asyncio
import queue
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from collectors.reading import ProbeFailure
from monitor.model import Reason

_THREADS = 16  # the resolver of libc blocks, some 10 s at a time when the name server is silent
_NAME_UNKNOWN = {
    getattr(socket, name) for name in ("EAI_NONAME", "EAI_NODATA") if hasattr(socket, name)
}


async def resolve(host: str, port: int, limit_s: float) -> str:
    """The first numeric address of a host; numeric ones are returned as they are.

    Raises ProbeFailure: NO_ADDRESS when the name does not exist, BLIND when the name server gives
    no answer, because that says nothing about the camera.
    """
    if is_numeric(host):
        return host
    loop = asyncio.get_running_loop()
    wanted = _Wanted(host=host, port=port, loop=loop, found=loop.create_future())
    _clerks.take(wanted)
    try:
        async with asyncio.timeout(limit_s):
            return await wanted.found
    except TimeoutError as exc:
        raise ProbeFailure(Reason.BLIND, f"name server gave no answer in {limit_s:.3g} s") from exc
    except OSError as exc:  # socket.gaierror, with error numbers of its own
        reason = Reason.NO_ADDRESS if exc.errno in _NAME_UNKNOWN else Reason.BLIND
        raise ProbeFailure(reason, f"{host}: {exc.strerror}") from exc
    except (UnicodeError, ValueError) as exc:
        raise ProbeFailure(Reason.NO_ADDRESS, f"{host}: not a host name") from exc


@lru_cache(maxsize=1 << 16)
def is_numeric(host: str) -> bool:
    """True for a complete IPv4 or IPv6 address."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except (OSError, ValueError):
            continue
        return True
    return False


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Wanted:
    """One name somebody waits for, or has ceased to."""

    host: str
    port: int
    loop: asyncio.AbstractEventLoop
    found: "asyncio.Future[str]"

    def settle(self, answer: str | OSError | ValueError) -> None:
        """In the event loop."""
        if self.found.done():
            return
        if isinstance(answer, str):
            self.found.set_result(answer)
        else:
            self.found.set_exception(answer)


class _Clerks:
    """The threads. Daemons: loop.getaddrinfo has others, which the end of the program waits for."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Wanted] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._threads = self._open = 0

    def take(self, wanted: _Wanted) -> None:
        """Have a name looked up."""
        with self._lock:
            self._open += 1
            more = self._threads < min(self._open, _THREADS)
            self._threads += more
        self._queue.put(wanted)
        if more:
            threading.Thread(target=self._work, name="names", daemon=True).start()

    def _work(self) -> None:
        while True:
            wanted = self._queue.get()
            # Nobody waits any more: so the queue empties as fast as it fills during an outage.
            if not wanted.found.done():
                answer = _look_up(wanted.host, wanted.port)
                with suppress(RuntimeError):  # the loop is closed
                    wanted.loop.call_soon_threadsafe(wanted.settle, answer)
            with self._lock:
                self._open -= 1


def _look_up(host: str, port: int) -> str | OSError | ValueError:
    try:
        return str(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, ValueError) as exc:  # gaierror is an OSError, UnicodeError a ValueError
        return exc


_clerks = _Clerks()
