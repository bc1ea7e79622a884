"""The half of a process that asks cameras and records: poller, recorder, and who is enrolled."""

import asyncio
import resource
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import structlog

from collectors import probe, reading
from collectors.horizon import Horizon
from collectors.loop import Pace, Poller
from collectors.reading import Target
from db import cameras, platforms, pool
from db.cameras import Serving
from db.platforms import Word
from monitor.model import Cause, JudgedBy, Observation, Reason
from monitor.opening import utc_now
from monitor.recorder import AnotherRecords, Recorder
from monitor.schedule import Reask
from monitor.settings import Settings
from monitor.witness import Said

_log = structlog.get_logger()

_INVENTORY_EVERY_S = 2.0
_STANDBY_EVERY_S = 2.0
_HEAR_EVERY_S = 5.0
_FIGURES_EVERY_S = 10.0
_LAG_EVERY_S = 0.5
_DESCRIPTORS_SPARE = 200  # database, page, log; one more for each camera in flight
_WINDOW = 1.25  # cadences in which nearly every camera was asked
_LANDING = timedelta(seconds=1)  # flights may end; all of a stop stays below five seconds

_WORDS = {Said.ON: Reason.PLATFORM_ON, Said.OFF: Reason.PLATFORM_OFF}


@dataclass(kw_only=True)
class Polling:
    """The half of a process that asks cameras: poller, recorder, and who is enrolled.

    feed_cadence: between two readings of a platform.
    """

    poller: Poller
    recorder: Recorder
    horizon: Horizon
    feed_cadence: timedelta = timedelta(seconds=60)
    lag_s: float = 0.0

    async def run(self, connections: asyncpg.Pool) -> None:
        """Take over, then ask and record until cancelled; `recorder.close` is the caller's."""
        await self.take_over()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.poller.run(), name="poller")
            group.create_task(self.recorder.run(), name="recorder")
            group.create_task(self.enrol(connections), name="enrolment")
            group.create_task(self.hear(connections), name="platforms")
            group.create_task(self.watch_lag(), name="lag")

    async def take_over(self) -> None:
        """Become the one who records; waits as a stand-by while another does."""
        told = False
        while True:
            try:
                await self.recorder.open()
            except AnotherRecords:
                if not told:
                    _log.info("standby: another process records")
                told = True
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

    async def _take(self, serving: Mapping[int, Serving]) -> None:
        await self.recorder.enrol(
            {key: (each.since, _unseen(each)) for key, each in serving.items()},
            {key: each.judged_by for key, each in serving.items() if _has_two(each)},
        )
        targets = {
            key: Target(camera_id=key, code=each.code, host=each.host, port=each.port)
            for key, each in serving.items()
            if each.host
        }
        self.horizon.enrol(targets)
        self.poller.enrol(targets.values())
        _log.info("enrolled", cameras=len(serving))

    async def hear(self, connections: asyncpg.Pool) -> None:
        """Offer what platforms say of the cameras for which their word may count."""
        pulse, said = "", list[Word]()
        while True:
            try:
                async with connections.acquire() as conn:
                    latest = await platforms.pulse(conn)
                    if latest != pulse:
                        pulse, said = latest, await platforms.heard(conn)
            except pool.LOST as exc:
                _log.warning("platforms wait for the database", error=str(exc))
            else:
                for seen in self._news(said, utc_now()):
                    self.recorder.offer(seen)
            await asyncio.sleep(_HEAR_EVERY_S)

    def _news(self, said: Iterable[Word], now: datetime) -> Iterator[Observation]:
        """Each reading of a platform once, when it was read: hearing it again is no evidence.

        Where it says nothing of a camera, that it does not see it any more: from now on, but no
        longer after the last reading than the next one would have taken.
        """
        for camera_id, word, seen_at, where in said:
            known = self.recorder.heard(camera_id)
            if known is None or (word is Said.UNKNOWN and known.dark):
                continue
            reason = _WORDS.get(word, Reason.FEED_STALE)
            stale = reason is Reason.FEED_STALE
            at = min(now, seen_at + self.feed_cadence) if stale else seen_at
            if known.last is None or at > known.last.at:
                yield Observation(
                    camera_id=camera_id, at=at, reason=reason, took=timedelta(0), detail=where
                )

    async def watch_lag(self) -> None:
        """Measure how late the event loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_EVERY_S
            await asyncio.sleep(_LAG_EVERY_S)
            self.lag_s = max(0.0, loop.time() - due)


def build(settings: Settings, dsn: str) -> Polling:
    """Poller and recorder of this configuration, wired but not started."""
    polling = settings.polling
    allow_descriptors(polling.concurrency + _DESCRIPTORS_SPARE)
    cadence = timedelta(seconds=polling.cadence_s)
    deadline = min(timedelta(seconds=polling.timeout_s), cadence * 0.8)
    asking = reading.Policy(
        connect_s=min(polling.connect_timeout_s, deadline.total_seconds()),
        deadline_s=deadline.total_seconds(),
        clock_tolerance_s=settings.clock.tolerance_s,
    )

    horizon = Horizon(polling.landmarks, _WINDOW * polling.cadence_s)

    async def ask(target: Target, now: datetime) -> Any:
        return await horizon.judge(target, await probe.run(target, asking, now))

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
        dsn=dsn,
        policy=settings.policy,
        feed=settings.feed_policy,
        now=utc_now,
        figures=latest,
        capacity=polling.queue,
    )
    poller = Poller(ask, recorder.offer, pace)
    result = Polling(
        poller=poller,
        recorder=recorder,
        horizon=horizon,
        feed_cadence=settings.feed_policy.cadence,
    )
    return result


def _has_two(serving: Serving) -> bool:
    """Whether two witnesses speak of it; by its policy the second may be one that is silent."""
    if serving.host is None or serving.judged_by is JudgedBy.DIRECT:
        return False
    return serving.heard or serving.judged_by is not JudgedBy.FALLBACK


def _unseen(serving: Serving) -> Cause:
    """Why nobody sees it before it is seen."""
    may_be_heard = serving.heard and serving.judged_by is not JudgedBy.DIRECT
    return Cause.NOT_YET if serving.host or may_be_heard else Cause.NO_ADDRESS


def allow_descriptors(wanted: int) -> None:
    """Raise the soft limit of open files, often 1024, as far as we may without anybody's help."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft in (resource.RLIM_INFINITY, hard) or soft >= wanted:
        allowed = soft
    else:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        _log.warning("too few open files allowed", allowed=allowed, wanted=wanted)
