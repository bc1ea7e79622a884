"""Starts everything in the right order, keeps it going, and stops it in the right order.

The only module that knows all parts. What each part does is its own business.
"""

import asyncio
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from aiohttp import web
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from collectors import probe, reading
from collectors.loop import Pace, Poller
from collectors.reading import Target
from db import cameras, evidence, pool
from monitor import figures, reports
from monitor.metrics import PollingMetrics, registry_of
from monitor.model import Cause
from monitor.opening import Opened, database, keep_alive, prepare, utc_now
from monitor.recorder import AnotherRecords, Recorder
from monitor.schedule import Reask
from monitor.settings import Settings
from monitor.surveyor import Surveyor
from monitor.web import Console, create_app

_log = structlog.get_logger()

_INVENTORY_EVERY_S = 2.0
_STANDBY_EVERY_S = 2.0
_FIGURES_EVERY_S = 10.0
_LAG_EVERY_S = 0.5
_LANDING = timedelta(seconds=1.5)  # flights may end; all of a stop stays below five seconds


class PortTaken(Exception):
    """The web address is in use or not ours; the text says what to do."""


class Role(StrEnum):
    """What a process does. `all` on one machine; the others for more."""

    ALL = "all"
    COLLECTOR = "collector"
    WEB = "web"
    SCHEDULER = "scheduler"


@dataclass(kw_only=True)
class Polling:
    """The half of a process that asks cameras: poller, recorder, and who is enrolled."""

    poller: Poller
    recorder: Recorder
    lag_s: float = 0.0

    async def take_over(self) -> None:
        """Become the one who records; waits as a stand-by while another does."""
        while True:
            try:
                await self.recorder.open()
            except AnotherRecords:
                _log.info("standby: another process records")
            except pool.LOST as exc:
                _log.warning("recording waits for the database", error=str(exc))
            else:
                return
            await asyncio.sleep(_STANDBY_EVERY_S)

    async def enrol(self, connections: asyncpg.Pool) -> None:
        """Follow the inventory: who is in service is asked."""
        revision = -1
        while True:
            try:
                async with connections.acquire() as conn:
                    latest = await cameras.revision(conn)
                    serving = await cameras.in_service(conn) if latest != revision else None
            except pool.LOST as exc:
                _log.warning("inventory waits for the database", error=str(exc))
            else:
                if serving is not None:
                    revision = latest
                    await self._take(serving)
            await asyncio.sleep(_INVENTORY_EVERY_S)

    async def _take(self, serving: Mapping[int, tuple[str, str | None, int, datetime]]) -> None:
        await self.recorder.enrol(
            {
                camera: (since, Cause.NOT_YET if host else Cause.NO_ADDRESS)
                for camera, (_, host, _, since) in serving.items()
            }
        )
        self.poller.enrol(
            Target(camera_id=camera, code=code, host=host, port=port)
            for camera, (code, host, port, _) in serving.items()
            if host
        )
        _log.info("enrolled", cameras=len(serving))

    async def watch_lag(self) -> None:
        """Measure how late the event loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_EVERY_S
            await asyncio.sleep(_LAG_EVERY_S)
            self.lag_s = max(0.0, loop.time() - due)


Ready = Callable[[str, Polling | None], Awaitable[None]]


def build_polling(settings: Settings, dsn: str) -> Polling:
    """Poller and recorder of this configuration, wired but not started."""
    polling = settings.polling
    cadence = timedelta(seconds=polling.cadence_s)
    deadline = min(timedelta(seconds=polling.timeout_s), cadence * 0.8)
    asking = reading.Policy(
        connect_s=min(polling.connect_timeout_s, deadline.total_seconds()),
        deadline_s=deadline.total_seconds(),
        clock_tolerance_s=settings.clock.tolerance_s,
    )

    async def ask(target: Target, now: datetime) -> Any:
        return await probe.run(target, asking, now)

    pace = Pace(
        cadence=cadence,
        deadline=deadline,
        at_once=polling.concurrency,
        reask=Reask(
            after=timedelta(seconds=polling.reask_after_s),
            failures=polling.failures,
            successes=polling.successes,
        ),
        patience=_LANDING,
    )
    figures_cache: dict[str, Any] = {}

    def latest() -> Mapping[str, Any]:
        now = asyncio.get_running_loop().time()
        if figures_cache.get("until", 0.0) < now:  # quantiles are dear, a batch is every second
            seen = poller.figures()
            figures_cache.update(
                until=now + _FIGURES_EVERY_S,
                cameras=seen.enrolled,
                asked=seen.asked,
                skipped=seen.skipped,
                late_p99_s=seen.late_p99_s,
                loop_lag_s=result.lag_s,
            )
        return figures_cache

    recorder = Recorder(
        dsn=dsn, policy=settings.policy, now=utc_now, figures=latest, capacity=polling.queue
    )
    poller = Poller(ask, recorder.offer, pace)
    result = Polling(poller=poller, recorder=recorder)
    return result


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
    async with database(settings) as opened:
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
    polling = build_polling(settings, opened.dsn) if role in (Role.ALL, Role.COLLECTOR) else None
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
                start(_poll(polling, connections), "polling")
            if counts:
                start(_survey(settings, connections), "coverage")
                start(_tick(settings, connections), "figures")
            if ready:
                await _either(serving, stop)
                start(ready(opened.dsn, polling), "ready")
            await stop.wait()
            for task in tasks:
                task.cancel()
    finally:
        if polling:
            await polling.recorder.close(within_s=1.5)


def _keep(
    group: asyncio.TaskGroup, tasks: list[asyncio.Task[Any]], what: Awaitable[Any], name: str
) -> None:
    async def part() -> None:
        await what

    tasks.append(group.create_task(part(), name=name))


async def _poll(polling: Polling, connections: asyncpg.Pool) -> None:
    await polling.take_over()
    async with asyncio.TaskGroup() as group:
        group.create_task(polling.poller.run(), name="poller")
        group.create_task(polling.recorder.run(), name="recorder")
        group.create_task(polling.enrol(connections), name="enrolment")
        group.create_task(polling.watch_lag(), name="lag")


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
        version=version("sharp-eyes-monitor"),
        attribution=settings.city.attribution,
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
                "Stop the other program, or set web.port (SHARP_EYES_WEB_PORT)"
            ) from exc
        serving.set()
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _plain(exc: OSError) -> str:
    return os.strerror(exc.errno) if exc.errno else str(exc)


async def _survey(settings: Settings, connections: asyncpg.Pool) -> None:
    surveyor = Surveyor(connections, settings.coverage, utc_now)
    while True:
        try:
            if await surveyor.refresh():
                gc.freeze()  # the city's geometry stays: no collection need walk it again
        except pool.LOST as exc:
            _log.warning("coverage waits for the database", error=str(exc))
        await asyncio.sleep(settings.coverage.refresh_s)


async def _tick(settings: Settings, connections: asyncpg.Pool) -> None:
    """Figures, retention and reports by the clock.

    The scheduler only says what is due; the work is done here, one at a time, so that a failure is
    ours to handle and not swallowed.
    """
    zone = ZoneInfo(settings.city.timezone)
    close = partial(_close_days, settings, connections)
    due: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
    scheduler = AsyncIOScheduler(
        timezone=zone,
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.add_job(
        due.put,
        "interval",
        args=[close],
        seconds=settings.figures.every_s,
        next_run_time=datetime.now(zone),
    )
    prune = partial(_prune, settings, connections)
    scheduler.add_job(due.put, "cron", args=[prune], hour=3, minute=30)
    if settings.reports.scheduled:
        weekly = partial(_report, settings, connections, "weekly")
        monthly = partial(_report, settings, connections, "monthly")
        scheduler.add_job(due.put, "cron", args=[weekly], day_of_week="mon", hour=6)
        scheduler.add_job(due.put, "cron", args=[monthly], day=1, hour=6)
    scheduler.start()
    try:
        while True:
            work = await due.get()
            try:
                await work()
            except pool.LOST as exc:
                _log.warning("figures wait for the database", error=str(exc))
    finally:
        scheduler.shutdown(wait=False)


async def _close_days(settings: Settings, connections: asyncpg.Pool) -> None:
    async with connections.acquire() as conn:
        await figures.close_days(conn, utc_now(), settings.city.timezone)


async def _prune(settings: Settings, connections: asyncpg.Pool) -> None:
    now = utc_now()
    async with connections.acquire() as conn:
        gone = await evidence.prune(
            conn,
            failed_before=now - timedelta(days=settings.figures.keep_failed_days),
            hours_before=now - timedelta(days=settings.figures.keep_hours_days),
        )
    _log.info("pruned", rows=gone)


async def _report(settings: Settings, connections: asyncpg.Pool, kind: str) -> None:
    out = Path(settings.reports.dir)
    async with connections.acquire() as conn:
        try:
            made = await reports.make(conn, kind, settings, now=utc_now(), out=out)
        except reports.ReportNotWritten as exc:
            _log.error("report not written", error=str(exc))
        else:
            _log.info("report written", files=[str(path) for path in made.files])
