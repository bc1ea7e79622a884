"""The polling loop: every camera once per cadence at its slot, changed answers again quickly, never
two at a time.

Knows when to ask and whom; how is the probe function's business, what the answer means the sink's.
"""

import asyncio
import heapq
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeAlias

from collectors.pace import Figures, Lateness, count_reasons
from collectors.reading import Target
from monitor import schedule
from monitor.model import REASONS, Observation, Reason

Ask: TypeAlias = Callable[[Target, datetime], Awaitable[Observation]]
Sink: TypeAlias = Callable[[Observation], bool]

_SECOND_US = 1_000_000
_JUMP_US = _SECOND_US
# The loop wakes at most this often, and takes all cameras due since: a wake costs as much as a
# tenth of a probe.
_STEP_S = 0.02
# And at least this often, to see new targets and jumps of the wall clock.
_LONGEST_STEP_S = 0.5
_MAX_DEADLINE_SHARE = 0.8
# With more flights than this share of the limit, as when all cameras fall silent at once, quick
# re-asks give way: the regular questions confirm as well, and must stay in time.
_REASK_SHARE = 0.5


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """Where the loop gets its time: aware UTC wall clock, monotonic seconds, and a sleep. Tests own
    all three.
    """

    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How the loop runs. deadline: longest time a probe takes; at most 80 % of the cadence.

    at_once: probes in flight at most. patience: how long flights may finish after the loop is
    cancelled.
    """

    cadence: timedelta = timedelta(seconds=60)
    deadline: timedelta = timedelta(seconds=10)
    at_once: int = 2000
    reask: schedule.Reask = field(default_factory=schedule.Reask)
    patience: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        if self.cadence <= timedelta(0) or self.at_once < 1:
            raise ValueError("cadence and at_once must be positive")
        if not timedelta(0) < self.deadline <= _MAX_DEADLINE_SHARE * self.cadence:
            raise ValueError(f"deadline {self.deadline} is over 80 % of the cadence {self.cadence}")


class _Post:
    """What the loop keeps of one camera."""

    __slots__ = ("enrolled", "in_flight", "next_us", "phase_us", "target", "verdict")

    def __init__(self, target: Target, phase_us: int) -> None:
        self.target = target
        self.phase_us = phase_us
        self.next_us = 0  # of the regular slot, on the monotonic clock
        self.verdict = schedule.Verdict()
        self.in_flight = False
        self.enrolled = True


class Poller:
    """Asks the enrolled targets until cancelled. One `run` per object.

    ask: must not raise and must end by itself within `pace.deadline` (`collectors.probe.run` does
    both). sink: takes each observation; False means it had no room, which is counted.
    """

    def __init__(self, ask: Ask, sink: Sink, pace: Pace, clock: Clock | None = None) -> None:
        self._ask = ask
        self._sink = sink
        self._pace = pace
        self._clock = clock or Clock()
        self._cadence_us = schedule.instant_us(datetime(1970, 1, 1, tzinfo=UTC) + pace.cadence)
        self._deadline_us = round(pace.deadline.total_seconds() * _SECOND_US)
        self._posts: dict[int, _Post] = {}
        # (due on the monotonic clock, tie-break, regular?, post)
        self._heap: list[tuple[int, int, bool, _Post]] = []
        self._order = count()
        self._flights: set[asyncio.Task[None]] = set()
        self._anchor_us = self._offset_us()
        self._by_reason: Counter[Reason] = Counter()
        self._lateness = Lateness()
        self._asked = self._reasked = self._skipped = self._dropped = 0
        self._cancelled = self._clock_jumps = 0

    def enrol(self, targets: Iterable[Target]) -> None:
        """Replace the targets, also while running. Who stays keeps slot, verdict and flight."""
        wanted = {target.camera_id: target for target in targets}
        for camera_id in self._posts.keys() - wanted.keys():
            self._posts.pop(camera_id).enrolled = False
        after_us = self._monotonic_us()
        for camera_id, target in wanted.items():
            post = self._posts.get(camera_id)
            if post is not None and post.target.code == target.code:
                post.target = target
                continue
            if post is not None:
                post.enrolled = False  # another camera under the same id
            slot = schedule.slot_of(target.code)
            post = _Post(target, schedule.phase_us(slot, self._cadence_us))
            self._posts[camera_id] = post
            self._book(post, after_us)

    async def run(self) -> None:
        """Ask until cancelled; then take nothing new and let flights end for `pace.patience`."""
        async with asyncio.TaskGroup() as group:
            try:
                while True:
                    await self._clock.sleep(self._step(group))
            finally:
                await self._land()

    def figures(self) -> Figures:
        """What the loop did so far."""
        p50, p99, top = self._lateness.quantiles()
        return Figures(
            enrolled=len(self._posts),
            in_flight=len(self._flights),
            asked=self._asked,
            reasked=self._reasked,
            by_reason=count_reasons(self._by_reason),
            skipped=self._skipped,
            dropped=self._dropped,
            cancelled=self._cancelled,
            clock_jumps=self._clock_jumps,
            oldest_overdue_s=self._oldest_overdue_s(),
            late_p50_s=p50,
            late_p99_s=p99,
            late_max_s=top,
            late_sum_s=self._lateness.sum_s,
            late_buckets=self._lateness.buckets,
        )

    def _step(self, group: asyncio.TaskGroup) -> float:
        """Ask everyone who is due, and say how long to sleep."""
        now_us = self._monotonic_us()
        self._watch_wall_clock()
        while self._heap and self._heap[0][0] <= now_us:
            if len(self._flights) >= self._pace.at_once:
                return _STEP_S
            due_us, _, regular, post = heapq.heappop(self._heap)
            if not post.enrolled:
                continue
            if regular:
                self._book(post, due_us, not_before_us=now_us)
            if not regular and len(self._flights) >= _REASK_SHARE * self._pace.at_once:
                continue
            if not post.in_flight:
                self._start(group, post, regular, now_us - due_us)
            elif regular:
                self._skipped += 1
        if not self._heap:
            return _LONGEST_STEP_S
        return min(max((self._heap[0][0] - now_us) / _SECOND_US, _STEP_S), _LONGEST_STEP_S)

    def _start(self, group: asyncio.TaskGroup, post: _Post, regular: bool, late_us: int) -> None:
        if regular:
            self._asked += 1
            self._lateness.add(late_us / _SECOND_US)
        else:
            self._reasked += 1
        post.in_flight = True
        flight = group.create_task(self._fly(post, regular))
        self._flights.add(flight)

    async def _fly(self, post: _Post, regular: bool) -> None:
        try:
            observation = await self._ask(post.target, self._clock.now())
        except asyncio.CancelledError:
            self._cancelled += 1
            raise
        finally:
            post.in_flight = False
            flight = asyncio.current_task()
            if flight is not None:
                self._flights.discard(flight)
        self._by_reason[observation.reason] += 1
        if not self._sink(observation):
            self._dropped += 1
        if post.enrolled:
            self._learn(post, observation.reason, regular)

    def _learn(self, post: _Post, reason: Reason, regular: bool) -> None:
        """Weigh the answer and book a quick re-ask, if it surely ends before the regular slot."""
        says = REASONS[reason].says
        post.verdict, pause = schedule.weigh(post.verdict, says, self._pace.reask, regular=regular)
        if pause is None:
            return
        due_us = self._monotonic_us() + round(pause.total_seconds() * _SECOND_US)
        if due_us + self._deadline_us <= post.next_us:
            heapq.heappush(self._heap, (due_us, next(self._order), False, post))

    def _book(self, post: _Post, after_us: int, *, not_before_us: int | None = None) -> None:
        """Put the next regular slot after `after_us` on the heap; slots missed until then are
        counted.

        After a jump of the wall clock `after_us` is no slot any more, and the next one comes a
        little early: a camera is then never left out for longer than a cadence.
        """
        anchor_us, cadence_us = self._anchor_us, self._cadence_us
        due_us = schedule.next_due_us(post.phase_us, cadence_us, after_us + anchor_us) - anchor_us
        if not_before_us is not None and due_us <= not_before_us:
            missed = (not_before_us - due_us) // cadence_us + 1
            self._skipped += missed
            due_us += missed * cadence_us
        post.next_us = due_us
        heapq.heappush(self._heap, (due_us, next(self._order), True, post))

    async def _land(self) -> None:
        """Wait for the flights; the task group cancels those that are left."""
        if self._flights:
            await asyncio.wait(self._flights, timeout=self._pace.patience.total_seconds())
        for flight in self._flights:
            flight.cancel()

    def _watch_wall_clock(self) -> None:
        # Slots are slots of the wall clock, but the heap runs on the monotonic one: a jump then
        # neither makes all cameras due at once nor stops them. Each is asked at the time already
        # booked, and moves to its new slot from there.
        offset_us = self._offset_us()
        if abs(offset_us - self._anchor_us) > _JUMP_US:
            self._anchor_us = offset_us
            self._clock_jumps += 1

    def _offset_us(self) -> int:
        return schedule.instant_us(self._clock.now()) - self._monotonic_us()

    def _monotonic_us(self) -> int:
        return int(self._clock.monotonic() * _SECOND_US)

    def _oldest_overdue_s(self) -> float:
        if not self._heap:
            return 0.0
        return max(0, self._monotonic_us() - self._heap[0][0]) / _SECOND_US
