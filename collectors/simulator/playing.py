"""Apply a script of faults to a running simulator as time passes. What changes when is decided
by `script`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from math import floor

from collectors.simulator.fleet import Simulator
from collectors.simulator.script import Script, changes, next_moment, timetable


async def play(
    script: Script,
    simulator: Simulator,
    *,
    elapsed_s: Callable[[], float] | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Set and end faults until nothing of the script is left; a repeated script never ends.

    `elapsed_s` tells the seconds since the script began (default: since this call).
    """
    table = timetable(script, simulator.hosts)
    elapsed_s = elapsed_s or _since(time.monotonic())
    done_ms = -1
    while True:
        now_ms = floor(elapsed_s() * 1000)
        for change in changes(table, done_ms, now_ms):
            await simulator.set_fault(change.host, change.fault)
        done_ms = max(done_ms, now_ms)
        moment_ms = next_moment(table, done_ms)
        if moment_ms is None:
            return
        await sleep(max(0.001, moment_ms / 1000 - elapsed_s()))


def _since(start_s: float) -> Callable[[], float]:
    return lambda: time.monotonic() - start_s
