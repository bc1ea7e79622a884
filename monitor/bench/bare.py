"""The peer of the benchmark: sends the same request at the same pace, reads, and keeps nothing.

No schedule, no judgement, no storage: what is left is the price of asking at all.
"""

import asyncio
import sys
from contextlib import suppress

from collectors.onvif import clock_question
from collectors.reading import DEVICE_PATH

_READ_S = 5.0


class _Ask(asyncio.Protocol):
    """One request on one new connection; `done` is set when the server closes or has answered."""

    def __init__(self, request: bytes, done: "asyncio.Future[bool]") -> None:
        self._request = request
        self._done = done
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send at once."""
        self._transport = transport  # type: ignore[assignment]  # TCP gives a full transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """The answer fits into one read or two; its end is the end of the envelope."""
        if b"Envelope>" in data[-40:]:
            self._finish(answered=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server may close first."""
        self._finish(answered=False)

    def _finish(self, *, answered: bool) -> None:
        if not self._done.done():
            self._done.set_result(answered)
        if self._transport:
            self._transport.abort()


async def _ask(host: str, port: int, request: bytes) -> bool:
    """Whether an answer came."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bool] = loop.create_future()
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(_READ_S):
            await loop.create_connection(lambda: _Ask(request, done), host, port)
            return await done
    return False


async def run(hosts: list[str], port: int, cadence_s: float, seconds: float) -> tuple[int, int]:
    """Ask every host once per cadence, evenly spread; the numbers of questions and answers."""
    loop = asyncio.get_running_loop()
    pause = cadence_s / len(hosts)
    began = loop.time()
    requests = {host: clock_question(host, port, DEVICE_PATH) for host in hosts}
    flights: set[asyncio.Task[bool]] = set()
    asked = answered = 0

    def land(flight: asyncio.Task[bool]) -> None:
        nonlocal answered
        flights.discard(flight)
        answered += flight.result()

    while loop.time() - began < seconds:
        due = int((loop.time() - began) / pause) + 1
        while asked < due:
            host = hosts[asked % len(hosts)]
            task = asyncio.create_task(_ask(host, port, requests[host]))
            flights.add(task)
            task.add_done_callback(land)
            asked += 1
        await asyncio.sleep(max(pause, 0.02))
    await asyncio.gather(*flights)
    return asked, answered


def main() -> None:
    """`python -m monitor.bench.bare PORT CADENCE SECONDS`; a line of hosts on standard input."""
    import uvloop

    port, cadence_s, seconds = sys.argv[1:4]
    hosts = sys.stdin.readline().split()
    print(*uvloop.run(run(hosts, int(port), float(cadence_s), float(seconds))))  # noqa: T201


if __name__ == "__main__":
    main()
