"""Starts everything in the right order, keeps it going, and stops it in the right order.

The only module that knows all parts. What each part does is its own business.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from typing import Any

import asyncpg
import structlog
from aiohttp import web

from db import pool
from monitor import platforms, ticks
from monitor.metrics import PollingMetrics, registry_of
from monitor.opening import Opened, database, keep_alive, prepare, utc_now
from monitor.polling import Polling
from monitor.polling import build as polling_of
from monitor.register.pages import publisher
from monitor.settings import Settings
from monitor.web import Console, create_app

_log = structlog.get_logger()

_AGAIN_S, _AGAIN_AT_MOST_S = 5.0, 300.0  # until a part that failed begins anew
_FIGURES_WITHIN_S = 1.5  # with landing and recording, all of a stop stays below five seconds


class PortTaken(Exception):
    """The web address is in use or not ours; the text says what to do."""


class Role(StrEnum):
    """What a process does. `all` on one machine; the others for more."""

    ALL = "all"
    COLLECTOR = "collector"
    WEB = "web"
    SCHEDULER = "scheduler"


Ready = Callable[[str, Polling | None], Awaitable[None]]


async def run(
    settings: Settings,
    *,
    role: Role = Role.ALL,
    load: Callable[[str], Awaitable[None]] | None = None,
    ready: Ready | None = None,
) -> None:
    """Run until SIGTERM or SIGINT.

    load: awaited with the address of the migrated database before anything starts. ready: runs
    beside everything, with that address and the polling half, if this role has one.

    Raises EmbeddedFailure, DatabaseUnreachable, SchemaMismatch, PortTaken.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    async with database(settings, make=True) as opened:
        applied = await prepare(opened.dsn, settings)
        _log.info("database ready", migrations=len(applied))
        if load:
            await load(opened.dsn)
        connections = await pool.create_pool(opened.dsn)
        try:
            await _run_parts(settings, role, opened, connections, stop, ready)
        finally:
            connections.terminate()  # nothing is in flight any more, and the database may be away


async def _run_parts(
    settings: Settings,
    role: Role,
    opened: Opened,
    connections: asyncpg.Pool,
    stop: asyncio.Event,
    ready: "Ready | None",
) -> None:
    polling = polling_of(settings, opened.dsn) if role in (Role.ALL, Role.COLLECTOR) else None
    serves = role in (Role.ALL, Role.WEB)
    counts = role in (Role.ALL, Role.SCHEDULER)
    try:
        async with asyncio.TaskGroup() as group:
            tasks: list[asyncio.Task[Any]] = []
            start = partial(_keep, group, tasks)
            if opened.server:
                start(keep_alive(opened.server), "database")
            serving = asyncio.Event()
            if serves:
                start(_serve(settings, connections, polling, serving), "web")
            else:
                serving.set()
            if polling:
                start(polling.run(connections), "polling")
            if counts:
                beside = {
                    "coverage": partial(ticks.survey, settings, connections),
                    "platforms": partial(platforms.watch, settings, connections, utc_now),
                    "findings": partial(ticks.watch, settings, connections),
                    "figures": partial(ticks.tick, settings, connections),
                }
                for name, part in beside.items():
                    start(keep_going(part, name), name)
            if ready:
                await _either(serving, stop)
                if not stop.is_set():
                    start(ready(opened.dsn, polling), "ready")
            await stop.wait()
            for task in tasks:
                task.cancel()
    finally:
        if polling:
            await polling.recorder.close(within_s=1.5)
    if counts:
        await ticks.last_figures(settings, connections, within_s=_FIGURES_WITHIN_S)


def _keep(
    group: asyncio.TaskGroup, tasks: list[asyncio.Task[Any]], what: Awaitable[Any], name: str
) -> None:
    async def part() -> None:
        await what

    tasks.append(group.create_task(part(), name=name))


async def keep_going(
    part: Callable[[], Coroutine[Any, Any, None]],
    name: str,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run a part beside the polling until cancelled: one that fails is told of with all that is
    known and begins anew, a little later each time; it never ends the others (design 3.10)."""
    pause_s = _AGAIN_S
    while True:
        task = asyncio.create_task(part(), name=name)
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait([task])
            raise
        failure = None if task.cancelled() else task.exception()
        _log.error("a part failed and begins anew", part=name, in_s=pause_s, exc_info=failure)
        await pause(pause_s)
        pause_s = min(2 * pause_s, _AGAIN_AT_MOST_S)


async def _either(*events: asyncio.Event) -> None:
    """Wait for the first of the events."""
    waits = [asyncio.ensure_future(each.wait()) for each in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


async def _serve(
    settings: Settings,
    connections: asyncpg.Pool,
    polling: Polling | None,
    serving: asyncio.Event,
) -> None:
    """The web server until cancelled; sets `serving` when it listens."""
    metrics = (
        PollingMetrics(polling.poller.figures, polling.recorder, lambda: polling.lag_s)
        if polling
        else None
    )
    console = Console(
        city=settings.city.name,
        version=version("camledger"),
        attribution=settings.city.attribution,
        user_header=settings.web.user_header,
        publisher=publisher(settings),
    )
    app = create_app(connections, registry=registry_of(metrics), console=console)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.web.host, settings.web.port)
        try:
            await site.start()
        except OSError as exc:
            raise PortTaken(
                f"{settings.web.host}:{settings.web.port} cannot be used ({_plain(exc)}). "
                "Stop the other program, or set web.port (CAMLEDGER_WEB_PORT)"
            ) from exc
        serving.set()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _plain(exc: OSError) -> str:
    return os.strerror(exc.errno) if exc.errno else str(exc)
