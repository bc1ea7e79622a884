"""Asks the platforms of the configuration by the clock, and keeps what they say.

A platform that does not answer says nothing: its cameras are unknown to it, never offline.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import structlog

from collectors.platforms import kinds
from collectors.platforms.reading import Access, Kept, Refused, Step, Wanted
from db import platforms, pool
from db.pool import Connection
from monitor.settings import BadSettings, Platform, Settings

_log = structlog.get_logger()
_DENIALS, _LOCKED_OUT_S = 2, 3600.0
_KEPT_EVERY, _KEPT_MOST, _GENTLY_S = timedelta(days=1), 2_000, 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one reading brought. refusal: why there is none. changed: cameras of which it says
    something else than before."""

    channels: int
    complete: bool
    changed: int
    refusal: str
    detail: str
    version: str
    steps: tuple[Step, ...]


def enrolled(settings: Settings) -> dict[str, tuple[str, float]]:
    """Kind and cadence of each platform, by name."""
    return {name: (each.kind, each.cadence_s) for name, each in settings.platforms.items()}


async def look(
    given: Platform,
    zone: ZoneInfo,
    memory: dict[str, float] | None = None,
    each: Callable[[Step], None] = lambda step: None,
) -> kinds.Asked:
    """Ask once, and keep nothing."""
    access = Access(user=given.user, secret=given.password())
    return await kinds.ask(given.kind, given.url, access, zone, memory, each, given.trust())


async def keep(conn: Connection, name: str, asked: kinds.Asked, now: datetime) -> Outcome:
    """Store what was read; a refusal changes nothing but that it is known."""
    reading = asked.reading
    if reading is None:
        await platforms.refused(conn, name, asked.refusal, now)
        return Outcome(
            channels=0,
            complete=False,
            changed=0,
            refusal=asked.refusal,
            detail="",
            version="",
            steps=asked.steps,
        )
    async with conn.transaction():
        changed = await platforms.store(
            conn,
            name,
            reading.channels,
            now,
            complete=reading.complete,
            version=reading.version,
            clock_offset_s=asked.clock_offset_s,
        )
    return Outcome(
        channels=len(reading.channels),
        complete=reading.complete,
        changed=changed,
        refusal="",
        detail=reading.detail,
        version=reading.version,
        steps=asked.steps,
    )


async def watch(settings: Settings, connections: asyncpg.Pool, now: Callable[[], datetime]) -> None:
    """Ask every platform in its cadence, each on its own, until cancelled."""
    while True:
        try:
            async with connections.acquire() as conn:
                await platforms.enrol(conn, enrolled(settings))
                await platforms.remove_others(conn, settings.platforms, now())
            break
        except pool.LOST as exc:
            _log.warning("platforms wait for the database", error=str(exc))
            await asyncio.sleep(settings.coverage.refresh_s)
    if not settings.platforms:
        await asyncio.Event().wait()
    async with asyncio.TaskGroup() as group:
        for name, given in settings.platforms.items():
            group.create_task(_watch(name, given, settings, connections, now), name=name)
            if kinds.tells_kept(given.kind):
                group.create_task(_watch_kept(name, given, settings, connections, now))


async def _watch(
    name: str,
    given: Platform,
    settings: Settings,
    connections: asyncpg.Pool,
    now: Callable[[], datetime],
) -> None:
    memory: dict[str, float] = {}
    zone, refusal, denied = ZoneInfo(settings.city.timezone), "", 0
    while True:
        began_s = time.monotonic()
        try:
            asked = await look(given, zone, memory)
            denied = denied + 1 if asked.denied else 0
            async with connections.acquire() as conn:
                done = await keep(conn, name, asked, now())
            if done.refusal != refusal:
                refusal = done.refusal
                _log.warning("platform", name=name, state=refusal or "answers again")
        except pool.LOST as exc:
            _log.warning("platforms wait for the database", error=str(exc))
        except BadSettings as exc:
            _log.warning("platform", name=name, state=str(exc))
        took_s = time.monotonic() - began_s
        await asyncio.sleep(_pause_s(given.cadence_s, took_s, denied))


Opened = Callable[[], AbstractAsyncContextManager[Connection]]


async def learn_kept(
    opened: Opened,
    name: str,
    given: Platform,
    zone: ZoneInfo,
    now: Callable[[], datetime],
    *,
    gently_s: float = 0.0,
    each: Callable[[Kept], None] = lambda kept: None,
) -> int:
    """Ask how long recordings of declared cameras are kept, and store it one by one; returns of how
    many it is known now.

    opened: a connection for each moment that needs one; the answers may take hours. gently_s: pause
    after each. Raises Refused.
    """
    async with opened() as conn:
        rows = await platforms.wanted(conn, name, _KEPT_MOST)
    channels = [Wanted(key=key, days=days) for key, days in rows]
    if not channels:
        return 0
    access = Access(user=given.user, secret=given.password())
    known = 0
    async for kept in kinds.kept(given.kind, given.url, access, zone, channels, given.trust()):
        async with opened() as conn:
            await platforms.store_kept(conn, name, [(kept.key, kept.oldest_at)], now())
        known += 1
        each(kept)
        await asyncio.sleep(gently_s)
    return known


async def _watch_kept(
    name: str,
    given: Platform,
    settings: Settings,
    connections: asyncpg.Pool,
    now: Callable[[], datetime],
) -> None:
    """Once a day, slowly: some platforms ask the camera itself for it."""
    zone = ZoneInfo(settings.city.timezone)
    while True:
        await asyncio.sleep(given.cadence_s)  # its cameras have to be known first
        try:
            async with connections.acquire() as conn:
                due = await platforms.kept_due(conn, name, now(), _KEPT_EVERY)
            if due:
                opened = connections.acquire
                known = await learn_kept(opened, name, given, zone, now, gently_s=_GENTLY_S)
                _log.info("retention", platform=name, cameras=known)
        except (*pool.LOST, Refused, BadSettings) as exc:
            _log.warning("retention", platform=name, state=str(exc))


def _pause_s(cadence_s: float, took_s: float, denied: int) -> float:
    """Seconds until the next question, which begins a cadence after the last one did; a platform
    that needs long gets a quarter of it for itself. A log-in that is refused twice waits: platforms
    lock accounts after some five."""
    if denied >= _DENIALS:
        return max(cadence_s, _LOCKED_OUT_S)
    return max(cadence_s - took_s, cadence_s / 4)
