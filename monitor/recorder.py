"""Observations into facts: one bounded queue, one writer, one transaction a batch.

Nothing here asks a camera or decides by itself: that is `judgement`, the rows are `db.states`, and
`db.session` keeps the connection.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import asyncpg
import structlog

from db import life, pool, states, witnesses
from db.session import AnotherRecords, Session
from monitor.health import Policy, State
from monitor.judgement import Judgement, Known
from monitor.model import Cause, JudgedBy, Observation
from monitor.verdict import Name

__all__ = ["AnotherRecords", "Recorder"]

_log = structlog.get_logger()

_AGE_EVERY = timedelta(seconds=5)
_AT_ONCE = 5_000  # observations in one transaction: the event loop is ours for so long

Figures = Callable[[], Mapping[str, Any]]
_Store = Callable[[asyncpg.Connection], Awaitable[None]]


class Recorder:
    """Keeps the state of every enrolled camera and stores what changes.

    dsn: address of the database. feed: when what platforms say becomes a fact; as for our own
    questions if not given. figures: of the poller, for the table `collector`. capacity:
    observations kept while the database is away; more are dropped and counted, and their time
    becomes unobserved. answer_within: the database is away if a batch takes longer.
    """

    def __init__(
        self,
        *,
        dsn: str,
        policy: Policy,
        now: Callable[[], datetime],
        figures: Figures,
        feed: Policy | None = None,
        capacity: int = 100_000,
        name: str = "main",
        answer_within: timedelta = timedelta(seconds=60),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = Session(dsn, answer_within=answer_within, pause=pause)
        self._rules = {Name.DIRECT: policy, Name.PLATFORM: feed or policy}
        self._now = now
        self._figures = figures
        self._capacity = capacity
        self._name = name
        self._pause = pause
        self._queue: deque[Observation] = deque()
        self._lost: dict[int, datetime] = {}  # first dropped observation of each camera
        self._known = Known()
        self._known_holds = False  # whether that is what the database holds
        self._enrolled: dict[int, tuple[datetime, Cause]] = {}
        self._judged_by: dict[int, JudgedBy] = {}
        self._aged_at: datetime | None = None
        self._alive_at: datetime | None = None  # the last sign of life that is surely stored
        self._turn = asyncio.Lock()  # enrolment and batches share one connection
        self.dropped = 0
        self.stored = 0

    @property
    def queued(self) -> int:
        """Observations that wait to be stored."""
        return len(self._queue)

    @property
    def known(self) -> Mapping[int, State]:
        """The last stored state of each camera."""
        return self._known.states

    def heard(self, camera_id: int) -> State | None:
        """The last stored state of what platforms say of a camera; the verdict where they alone
        speak of it."""
        pair = self._known.pairs.get(camera_id)
        return self._known.states.get(camera_id) if pair is None else pair.platform.state

    def offer(self, seen: Observation) -> bool:
        """Take an observation; False when the queue is full and it was dropped."""
        if len(self._queue) >= self._capacity:
            self.dropped += 1
            self._lost.setdefault(seen.camera_id, seen.at)
            return False
        self._queue.append(seen)
        return True

    async def open(self) -> None:
        """Connect, become the one who records, and book the time since the last life as dark.

        Raises AnotherRecords, pool.DatabaseUnreachable.
        """
        async with self._turn:
            await self._session.attempt(self._on_what_is_known(self._begin))
        _log.info("recording", cameras=len(self._known.states))

    async def enrol(
        self,
        cameras: Mapping[int, tuple[datetime, Cause]],
        judged_by: Mapping[int, JudgedBy] | None = None,
    ) -> None:
        """The cameras in service from now on: id -> (in service since, cause while unseen).

        New ones begin in the dark; those that have left end their darkness. judged_by: of those
        that have two witnesses.
        """
        self._enrolled, self._judged_by = dict(cameras), dict(judged_by or {})
        async with self._turn:
            await self._session.persist(self._on_what_is_known(self._store_enrolment))

    async def run(self, *, every_s: float = 1.0) -> None:
        """Store batches until cancelled; what is queued then is stored by `close`."""
        while True:
            await self._pause(every_s)
            await self.flush()

    async def flush(self) -> None:
        """Store everything that is queued now, and a sign of life. Waits for the database."""
        async with self._turn:
            await self._session.persist(self._on_what_is_known(self._store_queue))

    async def close(self, *, within_s: float = 3.0) -> None:
        """Store the rest and note that we stop on purpose; gives up after `within_s`."""
        if not self._session.is_open:
            return
        last_words = self._on_what_is_known(self._end)
        try:
            # a database that is away: what was not stored becomes unobserved at the next start
            with suppress(*pool.LOST, AnotherRecords):
                async with asyncio.timeout(within_s), self._turn:
                    await self._session.attempt(last_words, within_s=within_s)
                    await self._session.close()
        finally:
            self._session.abandon()

    def _on_what_is_known(self, store: _Store) -> _Store:
        async def work(conn: asyncpg.Connection) -> None:
            if not self._known_holds:
                self._known = Known(
                    states=await states.load(conn),
                    pairs=await witnesses.load_pairs(conn),
                    faults=await states.load_faults(conn),
                )
            # if `store` ends early, nobody knows whether its transaction was committed
            self._known_holds = False
            await store(conn)
            self._known_holds = True

        return work

    async def _begin(self, conn: asyncpg.Connection) -> None:
        now = self._now()
        work = self._judgement(now)
        async with conn.transaction():
            before = await life.last_life(conn, self._name)
            await life.begin_life(conn, self._name, now)
            if before is None:
                return
            cause = Cause.COLLECTOR_STOPPED if before.stopped_at else Cause.COLLECTOR_LOST
            for camera_id in await life.served_since(conn, before.alive_at):
                if camera_id in self._known.states:
                    work.rewind(camera_id)
                    work.darken(camera_id, min(before.alive_at, now), cause)
            await states.store(conn, work.close(), now)
        self._known.take(work)
        self._alive_at = now

    async def _end(self, conn: asyncpg.Connection) -> None:
        await self._store_queue(conn)
        await life.end_life(conn, self._name, self._now())

    def _judgement(self, now: datetime) -> Judgement:
        return Judgement(self._known, self._rules, now)

    async def _store_enrolment(self, conn: asyncpg.Connection) -> None:
        now = self._now()
        work = self._judgement(now)
        work.enrol(self._enrolled, self._judged_by)
        async with conn.transaction():
            await states.insert(conn, work.fresh, now)
            await states.store(conn, work.close(), now)
        self._known.take(work)

    async def _store_queue(self, conn: asyncpg.Connection) -> None:
        for left in range(len(self._queue), -1, -_AT_ONCE):
            taken = list(islice(self._queue, min(left, _AT_ONCE)))
            now = self._now()
            work, lost = self._judgement(now), dict(self._lost)
            self._take(work, taken, lost)
            last = left <= _AT_ONCE  # only then is all known that was seen
            if last:
                self._age(work, lost, now)
            async with conn.transaction():
                if last:
                    await self._sign_life(conn, work.batch, now)
                await states.store(conn, work.close(), now)
            self._known.take(work)
            self.stored += len(taken)
            for _ in taken:
                self._queue.popleft()
            if last:
                self._alive_at = now
                self._lost = {i: at for i, at in self._lost.items() if lost.get(i) != at}
                return

    async def _sign_life(
        self, conn: asyncpg.Connection, batch: states.Batch, now: datetime
    ) -> None:
        """Say that all is stored that was seen; what is lost after a kill counts from here."""
        if self._alive_at is not None and now - self._alive_at > life.SILENT:
            batch.tells(self._alive_at)  # we were taken for dead, and days may be closed so
        figures = {**self._figures(), "dropped": self.dropped, "queue": len(self._queue)}
        await life.sign_life(conn, self._name, now, figures)

    def _take(
        self, work: Judgement, seen: Sequence[Observation], lost: Mapping[int, datetime]
    ) -> None:
        for each in seen:
            camera_id = each.camera_id
            place = self._enrolled.get(camera_id)
            if place is None or place[1] is Cause.NO_ADDRESS or work.state(camera_id) is None:
                continue  # left service, or lost its address, while it was being asked
            if camera_id in lost and lost[camera_id] < each.at:
                work.lose(camera_id, lost[camera_id])
            work.take(each)

    def _age(self, work: Judgement, lost: Mapping[int, datetime], now: datetime) -> None:
        """Open darkness for those whose last observations were dropped, and for the silent."""
        for camera_id, at in lost.items():
            if camera_id in self._enrolled:
                work.lose(camera_id, at)
        if self._aged_at is None or not timedelta(0) <= now - self._aged_at < _AGE_EVERY:
            self._aged_at = now
            work.age(self._enrolled)
