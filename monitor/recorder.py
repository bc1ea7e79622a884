"""Observations into facts: one bounded queue, one writer, one transaction a batch.

Nothing here asks a camera or decides by itself: the rules are `health`, the rows `db.states`, and
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

from db import life, pool, states
from db.session import AnotherRecords, Session
from monitor import faults, health
from monitor.faults import Faults
from monitor.health import Darkness, Policy, State
from monitor.model import REASONS, Cause, Dark, Health, Observation, Reason

__all__ = ["AnotherRecords", "Recorder"]

_log = structlog.get_logger()

_AGE_EVERY = timedelta(seconds=5)
_AT_ONCE = 5_000  # observations in one transaction: the event loop is ours for so long

Figures = Callable[[], Mapping[str, Any]]
_Store = Callable[[asyncpg.Connection], Awaitable[None]]


class Recorder:
    """Keeps the state of every enrolled camera and stores what changes.

    dsn: address of the database. figures: of the poller, for the table `collector`. capacity:
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
        capacity: int = 100_000,
        name: str = "main",
        answer_within: timedelta = timedelta(seconds=60),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = Session(dsn, answer_within=answer_within, pause=pause)
        self._policy = policy
        self._now = now
        self._figures = figures
        self._capacity = capacity
        self._name = name
        self._pause = pause
        self._queue: deque[Observation] = deque()
        self._lost: dict[int, datetime] = {}  # first dropped observation of each camera
        self._states: dict[int, State] = {}
        self._faults: dict[int, Faults] = {}
        self._states_hold = False  # whether `_states` is what the database holds
        self._enrolled: dict[int, tuple[datetime, Cause]] = {}
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
        return self._states

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
            await self._session.attempt(self._on_current_states(self._begin))
        _log.info("recording", cameras=len(self._states))

    async def enrol(self, cameras: Mapping[int, tuple[datetime, Cause]]) -> None:
        """The cameras in service from now on: id -> (in service since, cause while unseen).

        New ones begin in the dark; those that have left end their darkness.
        """
        self._enrolled = dict(cameras)
        async with self._turn:
            await self._session.persist(self._on_current_states(self._store_enrolment))

    async def run(self, *, every_s: float = 1.0) -> None:
        """Store batches until cancelled; what is queued then is stored by `close`."""
        while True:
            await self._pause(every_s)
            await self.flush()

    async def flush(self) -> None:
        """Store everything that is queued now, and a sign of life. Waits for the database."""
        async with self._turn:
            await self._session.persist(self._on_current_states(self._store_queue))

    async def close(self, *, within_s: float = 3.0) -> None:
        """Store the rest and note that we stop on purpose; gives up after `within_s`."""
        if not self._session.is_open:
            return
        last_words = self._on_current_states(self._end)
        try:
            # a database that is away: what was not stored becomes unobserved at the next start
            with suppress(*pool.LOST, AnotherRecords):
                async with asyncio.timeout(within_s), self._turn:
                    await self._session.attempt(last_words, within_s=within_s)
                    await self._session.close()
        finally:
            self._session.abandon()

    def _on_current_states(self, store: _Store) -> _Store:
        async def work(conn: asyncpg.Connection) -> None:
            if not self._states_hold:
                self._states = await states.load(conn)
                self._faults = await states.load_faults(conn)
            # if `store` ends early, nobody knows whether its transaction was committed
            self._states_hold = False
            await store(conn)
            self._states_hold = True

        return work

    async def _begin(self, conn: asyncpg.Connection) -> None:
        now = self._now()
        changed: dict[int, State] = {}
        batch = states.Batch()
        async with conn.transaction():
            before = await life.last_life(conn, self._name)
            await life.begin_life(conn, self._name, now)
            if before is None:
                return
            cause = Cause.COLLECTOR_STOPPED if before.stopped_at else Cause.COLLECTOR_LOST
            for camera_id in await life.served_since(conn, before.alive_at):
                if state := self._states.get(camera_id):
                    state = self._rewound(state, now, batch)
                    changed[camera_id] = health.darken(state, min(before.alive_at, now), cause)
            await self._store(conn, changed, batch, now)
        self._states |= changed
        self._alive_at = now

    async def _end(self, conn: asyncpg.Connection) -> None:
        await self._store_queue(conn)
        await life.end_life(conn, self._name, self._now())

    async def _store(
        self,
        conn: asyncpg.Connection,
        changed: Mapping[int, State],
        batch: states.Batch,
        now: datetime,
    ) -> None:
        """Store states and what came of them, if nobody else has changed them meanwhile."""
        for camera_id, state in changed.items():
            before = self._states[camera_id]
            if state is before:
                continue
            batch.states.append((state, before.last.at if before.last else None))
            if state.dark and state.dark != before.dark:
                batch.tells(state.dark.since)
        await states.store(conn, batch, now)

    async def _store_enrolment(self, conn: asyncpg.Connection) -> None:
        now = self._now()
        fresh = [
            State(camera_id=camera_id, dark=Darkness(since=since, cause=cause))
            for camera_id, (since, cause) in self._enrolled.items()
            if camera_id not in self._states
        ]
        changed: dict[int, State] = {}
        batch = states.Batch()
        for camera_id, state in self._states.items():
            changed[camera_id], dark = self._enrolled_state(state, now)
            if dark:
                batch.darks.append(dark)
        left = self._faults.keys() - self._enrolled.keys()
        for camera_id in left:
            batch.faults += faults.leave(camera_id, self._faults[camera_id], now)
        async with conn.transaction():
            await states.insert(conn, fresh, now)
            await self._store(conn, changed, batch, now)
        self._states |= changed
        self._states |= {state.camera_id: state for state in fresh}
        self._faults = {key: each for key, each in self._faults.items() if key not in left}

    def _enrolled_state(self, state: State, now: datetime) -> tuple[State, Dark | None]:
        place = self._enrolled.get(state.camera_id)
        if place is None:
            return health.lighten(state, now)
        since, cause = place
        if state.last is None or state.last.at < since:
            return health.darken(state, since, cause), None
        if cause is Cause.NO_ADDRESS:  # it had an address until now
            return health.darken(state, now, cause), None
        return state, None

    async def _store_queue(self, conn: asyncpg.Connection) -> None:
        for left in range(len(self._queue), -1, -_AT_ONCE):
            taken = list(islice(self._queue, min(left, _AT_ONCE)))
            now = self._now()
            lost = dict(self._lost)
            changed, judged, batch = self._digest(taken, lost)
            last = left <= _AT_ONCE  # only then is all known that was seen
            if last:
                self._book_losses(changed, lost)
                self._age(changed, batch, now)
            async with conn.transaction():
                if last:
                    await self._sign_life(conn, batch, now)
                await self._store(conn, changed, batch, now)
            self._states |= changed
            self._faults |= judged
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

    def _digest(
        self, seen: Sequence[Observation], lost: Mapping[int, datetime]
    ) -> tuple[dict[int, State], dict[int, Faults], states.Batch]:
        changed: dict[int, State] = {}
        judged: dict[int, Faults] = {}
        batch = states.Batch()
        known, enrolled, policy = self._states, self._enrolled, self._policy
        for each in seen:
            camera_id = each.camera_id
            before = changed.get(camera_id) or known.get(camera_id)
            place = enrolled.get(camera_id)
            if before is None or place is None or place[1] is Cause.NO_ADDRESS:
                continue  # left service, or lost its address, while it was being asked
            if lost and camera_id in lost and lost[camera_id] < each.at:
                before = _darkened_by_loss(before, lost[camera_id])
            step = health.step(before, each, policy)
            changed[camera_id] = step.state
            if step.state is not before:
                _collect(batch, each, step, was_dark=before.dark is not None)
            if step.state.last is each:
                was = judged.get(camera_id) or self._faults.get(camera_id, {})
                now_so, told = faults.step(was, each, policy.clock_tolerance)
                batch.faults += told
                if now_so is not was and (now_so or was):
                    judged[camera_id] = now_so
        return changed, judged, batch

    def _book_losses(self, changed: dict[int, State], lost: Mapping[int, datetime]) -> None:
        """Open darkness for those whose last observations were dropped."""
        for camera_id, at in lost.items():
            state = changed.get(camera_id) or self._states.get(camera_id)
            if state is not None and camera_id in self._enrolled:
                changed[camera_id] = _darkened_by_loss(state, at)

    def _rewound(self, state: State, now: datetime, batch: states.Batch) -> State:
        state, twice = health.rewind(state, now, self._policy)
        if twice:
            batch.darks.append(twice)
            batch.tells(twice.starts_at)
        return state

    def _age(self, changed: dict[int, State], batch: states.Batch, now: datetime) -> None:
        """Open darkness for those who have been silent too long. The queue must be in `changed`."""
        if self._aged_at is not None and timedelta(0) <= now - self._aged_at < _AGE_EVERY:
            return
        self._aged_at = now
        for camera_id in self._enrolled:
            state = changed.get(camera_id) or self._states.get(camera_id)
            if state is not None:
                older = health.age(self._rewound(state, now, batch), now, self._policy)
                if older is not state:
                    changed[camera_id] = older


def _darkened_by_loss(state: State, at: datetime) -> State:
    if state.last is not None and state.last.at >= at:
        return state  # booked before, or seen since
    return health.darken(state, at, Cause.DATABASE_AWAY)


def _collect(batch: states.Batch, seen: Observation, step: health.Step, *, was_dark: bool) -> None:
    camera_id = seen.camera_id
    if step.transition:
        batch.transitions.append(step.transition)
        batch.tells(step.transition.at)
    if step.dark:
        batch.darks.append(step.dark)
        batch.tells(step.dark.ends_at if was_dark and step.dark.ends_at else step.dark.starts_at)
    if step.hour:
        batch.hours.append((camera_id, step.hour))
    ours = (Reason.BLIND, Reason.FEED_STALE)
    if REASONS[seen.reason].says is not Health.UP and seen.reason not in ours:
        batch.failed.append(seen)
