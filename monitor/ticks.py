"""What happens by the clock beside the polling: coverage, closing of days, retention, reports.

At a stop, days are closed once more: what was seen until then is in the figures.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from db import evidence, pool
from monitor import assumed, figures, reports
from monitor.lookout import Lookout
from monitor.opening import utc_now
from monitor.settings import Settings
from monitor.surveyor import Surveyor

_log = structlog.get_logger()


async def survey(settings: Settings, connections: asyncpg.Pool) -> None:
    """Keep coverage current until cancelled."""
    surveyor = Surveyor(connections, settings.coverage, utc_now)
    while True:
        try:
            if await surveyor.refresh():
                gc.freeze()  # the city's geometry stays: no collection need walk it again
        except pool.LOST as exc:
            _log.warning("coverage waits for the database", error=str(exc))
        await asyncio.sleep(settings.coverage.refresh_s)


async def watch(settings: Settings, connections: asyncpg.Pool) -> None:
    """Keep known which cameras look at protected places, until cancelled."""
    model, limits = assumed.footprint_model(settings.coverage), assumed.limits(settings.coverage)
    lookout = Lookout(connections, model, limits, utc_now)
    while True:
        try:
            await lookout.refresh()
        except pool.LOST as exc:
            _log.warning("findings wait for the database", error=str(exc))
        await asyncio.sleep(settings.coverage.refresh_s)


async def tick(settings: Settings, connections: asyncpg.Pool) -> None:
    """Close days, prune evidence and write reports by the clock, until cancelled.

    The scheduler only says what is due; the work is done here, one at a time, so that a failure is
    ours to handle and not swallowed.
    """
    zone = ZoneInfo(settings.city.timezone)
    close = partial(close_days, settings, connections)
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


async def close_days(settings: Settings, connections: asyncpg.Pool) -> None:
    """Bring the stored figures up to now."""
    async with connections.acquire() as conn:
        await figures.close_days(conn, utc_now(), settings.city.timezone)


async def last_figures(settings: Settings, connections: asyncpg.Pool, *, within_s: float) -> None:
    """Store what was seen until the stop, in bounded time; ends the connections when it takes long.

    What could not be closed is closed by the next start, or by the next report.
    """
    closing = asyncio.create_task(close_days(settings, connections))
    await asyncio.wait([closing], timeout=within_s)
    if not closing.done():
        connections.terminate()  # an answer that does not come would hold a cancelled task, too
        closing.cancel()
    try:
        await closing
    except (*pool.LOST, asyncpg.SerializationError, asyncio.CancelledError) as exc:
        _log.warning("the last figures were not closed; the next start does it", error=repr(exc))


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
        await figures.close_days(conn, utc_now(), settings.city.timezone)
        try:
            made = await reports.make(conn, kind, settings, now=utc_now(), out=out)
        except reports.ReportNotWritten as exc:
            _log.error("report not written", error=str(exc))
        else:
            _log.info("report written", files=[str(path) for path in made.files])
