"""The polling loop with a clock of its own."""

import asyncio
import heapq
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise

import pytest

from collectors.loop import Clock, Pace, Poller
from collectors.reading import Target
from monitor.model import Observation, Reason
from monitor.schedule import next_due, slot_of

START = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
CADENCE = timedelta(seconds=60)


class Hours:
    """A clock that moves only when told, and wakes sleepers in order."""

    def __init__(self):
        self.at_s, self.wall_offset_s = 1000.0, 0.0
        self._sleepers, self._order = [], count()

    def now(self):
        return START + timedelta(seconds=self.at_s - 1000 + self.wall_offset_s)

    async def sleep(self, seconds):
        waiter = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.at_s + seconds, next(self._order), waiter))
        await waiter

    async def pass_(self, seconds):
        end_s = self.at_s + seconds
        await settled()
        while self._sleepers and self._sleepers[0][0] <= end_s:
            wake_s, _, waiter = heapq.heappop(self._sleepers)
            self.at_s = max(self.at_s, wake_s)  # late, after a standstill
            if not waiter.done():
                waiter.set_result(None)
            await settled()
        self.at_s = max(self.at_s, end_s)

    def clock(self):
        return Clock(now=self.now, monotonic=lambda: self.at_s, sleep=self.sleep)


async def settled():
    for _ in range(8):
        await asyncio.sleep(0)


class Street:
    """Cameras as the loop sees them: how long each takes, what it answers, when it was asked."""

    def __init__(self, hours):
        self.hours = hours
        self.asked = []
        self.reasons, self.takes_s = {}, {}
        self.most_at_once = self._at_once = 0
        self.room = True
        self.seen = []

    async def ask(self, target, now):
        self.asked.append((target.code, self.hours.at_s))
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if takes_s := self.takes_s.get(target.code, 0):
                await self.hours.sleep(takes_s)
        finally:
            self._at_once -= 1
        reason = self.reasons.get(target.code, Reason.OK)
        return Observation(camera_id=target.camera_id, at=now, reason=reason, took=timedelta(0))

    def sink(self, observation):
        self.seen.append(observation)
        return self.room

    def times(self, code):
        return [at for asked, at in self.asked if asked == code]


def targets(n, first=0):
    return [Target(camera_id=i, code=f"c{i}", host="127.0.0.1") for i in range(first, first + n)]


@asynccontextmanager
async def polling(n=10, *, pace=None, **street_changes):
    hours = Hours()
    street = Street(hours)
    for name, value in street_changes.items():
        setattr(street, name, value)
    poller = Poller(street.ask, street.sink, pace or Pace(), hours.clock())
    poller.enrol(targets(n))
    running = asyncio.create_task(poller.run())
    try:
        yield hours, street, poller, running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def settled_in(hours, street):
    """The first round with its confirmations is over."""
    await hours.pass_(120)
    street.asked.clear()


async def test_every_camera_is_asked_once_per_cadence():
    async with polling(200) as (hours, street, poller, _):
        await settled_in(hours, street)
        await hours.pass_(300)
        assert set(Counter(code for code, _ in street.asked).values()) == {5}
        assert len({code for code, _ in street.asked}) == 200
        assert poller.figures().skipped == 0


async def test_a_camera_is_asked_at_its_slot():
    async with polling(20) as (hours, street, *_):
        await settled_in(hours, street)
        before = hours.now()
        await hours.pass_(60)
        for code, at_s in street.asked:
            due = next_due(slot_of(code), CADENCE, before)
            late_s = at_s - 1000 - (due - START).total_seconds()
            assert -0.001 <= late_s <= 0.021


async def test_a_failure_is_asked_again_quickly_and_keeps_its_slot():
    async with polling(1) as (hours, street, poller, _):
        await settled_in(hours, street)
        street.reasons["c0"] = Reason.REFUSED
        await hours.pass_(120)
        gaps = [round(b - a) for a, b in pairwise(street.times("c0"))]
        assert gaps == [5, 5, 50]
        assert poller.figures().reasked == 3  # one of them to confirm the first answer ever


async def test_an_internal_failure_is_not_asked_again_quickly():
    async with polling(1) as (hours, street, *_):
        await settled_in(hours, street)
        street.reasons["c0"] = Reason.INTERNAL
        await hours.pass_(60)
        assert len(street.asked) == 1


async def test_a_slow_camera_is_never_asked_twice_at_once_and_holds_nobody_up():
    async with polling(5, takes_s={"c0": 100}) as (hours, street, poller, _):
        await hours.pass_(300)
        gaps = [b - a for a, b in pairwise(street.times("c0"))]
        assert min(gaps) >= 100
        assert poller.figures().skipped >= 2
        assert len(street.times("c1")) >= 5


async def test_there_are_never_more_at_once_than_allowed():
    slow = {f"c{i}": 3 for i in range(100)}
    async with polling(100, takes_s=slow, pace=Pace(at_once=4)) as (hours, street, poller, _):
        await hours.pass_(200)
        figures = poller.figures()
        assert street.most_at_once == 4
        assert figures.late_max_s > 5
        assert len({code for code, _ in street.asked}) == 100


async def test_when_all_fall_silent_at_once_regular_questions_come_first():
    async with polling(200, pace=Pace(at_once=40)) as (hours, street, poller, _):
        await settled_in(hours, street)
        for code in (f"c{i}" for i in range(200)):
            street.reasons[code], street.takes_s[code] = Reason.CONNECT_TIMEOUT, 6
        before = poller.figures().reasked
        await hours.pass_(180)
        assert poller.figures().late_max_s < 1
        assert poller.figures().reasked > before  # as far as there was room


async def test_a_full_sink_is_counted_and_stops_nothing():
    async with polling(10, room=False) as (hours, street, poller, _):
        await hours.pass_(120)
        figures = poller.figures()
        assert figures.dropped == len(street.seen) == figures.asked + figures.reasked


@pytest.mark.parametrize("jump_s", [-86_400, -37, 37, 1_000_000])
async def test_a_jump_of_the_wall_clock_makes_neither_a_storm_nor_a_stop(jump_s):
    async with polling(300) as (hours, street, poller, _):
        await settled_in(hours, street)
        hours.wall_offset_s = jump_s
        await hours.pass_(240)
        per_second = Counter(int(at) for _, at in street.asked)
        assert max(per_second.values()) < 30  # 5 a second in the mean
        for code in (f"c{i}" for i in range(300)):
            gaps = [b - a for a, b in pairwise(street.times(code))]
            assert max(gaps) <= 60.1
        assert poller.figures().clock_jumps == 1


async def test_after_a_jump_the_slots_are_those_of_the_new_wall_clock():
    async with polling(20) as (hours, street, *_):
        await settled_in(hours, street)
        hours.wall_offset_s = 37
        await hours.pass_(120)
        street.asked.clear()
        before = hours.now()
        await hours.pass_(60)
        for code, at_s in street.asked:
            due = next_due(slot_of(code), CADENCE, before)
            assert abs(at_s - 1000 + 37 - (due - START).total_seconds()) < 0.03


async def test_after_a_standstill_each_camera_is_asked_once_and_the_rest_is_counted():
    async with polling(50) as (hours, street, poller, _):
        await settled_in(hours, street)
        hours.at_s += 600
        await hours.pass_(1)
        assert max(Counter(code for code, _ in street.asked).values()) <= 2
        assert len(street.asked) < 60
        assert poller.figures().skipped >= 50 * 8


async def test_new_cameras_join_and_old_ones_leave_while_it_runs():
    async with polling(10) as (hours, street, poller, _):
        await settled_in(hours, street)
        poller.enrol(targets(10, first=5))
        await hours.pass_(60)
        assert {code for code, _ in street.asked} == {f"c{i}" for i in range(5, 15)}
        assert poller.figures().enrolled == 10


async def test_enrolling_again_moves_nobody_and_keeps_verdicts():
    async with polling(10) as (hours, street, poller, _):
        await settled_in(hours, street)
        for _ in range(60):
            await hours.pass_(1)
            poller.enrol(targets(10))
        # a forgotten verdict would bring quick re-asks
        assert Counter(code for code, _ in street.asked) == {f"c{i}": 1 for i in range(10)}


async def test_a_new_address_is_used_from_the_next_ask():
    async with polling(1) as (hours, street, poller, _):
        hosts = []
        original = street.ask

        async def ask(target, now):
            hosts.append(target.host)
            return await original(target, now)

        poller._ask = ask
        await settled_in(hours, street)
        poller.enrol([Target(camera_id=0, code="c0", host="127.0.0.9")])
        await hours.pass_(60)
        assert hosts[-1] == "127.0.0.9"


async def test_cancelling_lets_flights_end():
    async with polling(3, takes_s={"c0": 1}) as (hours, street, _, running):
        while not street.times("c0"):
            await hours.pass_(1)
        before = len(street.seen)
        running.cancel()
        await hours.pass_(2)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert len(street.seen) == before + 1


async def test_a_flight_that_does_not_end_is_cancelled_and_counted():
    pace = Pace(patience=timedelta(milliseconds=10))
    async with polling(1, takes_s={"c0": 10_000}, pace=pace) as (hours, _, poller, running):
        await hours.pass_(60)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        figures = poller.figures()
        assert (figures.cancelled, figures.in_flight) == (1, 0)


async def test_a_defect_of_the_sink_stops_the_loop_loudly():
    def broken(observation):
        raise RuntimeError("sink")

    hours = Hours()
    street = Street(hours)
    poller = Poller(street.ask, broken, Pace(), hours.clock())
    poller.enrol(targets(1))
    running = asyncio.create_task(poller.run())
    await hours.pass_(60)
    with pytest.raises(ExceptionGroup) as failure:
        await running
    assert failure.group_contains(RuntimeError, match="sink")


async def test_the_figures_add_up():
    async with polling(40, reasons={"c3": Reason.REFUSED}) as (hours, _, poller, _):
        await hours.pass_(300)
        figures = poller.figures()
        assert sum(figures.by_reason.values()) == figures.asked + figures.reasked
        assert sum(figures.late_buckets) == figures.asked
        assert figures.by_reason[Reason.REFUSED] >= 5
        assert 0 <= figures.late_p50_s <= figures.late_p99_s <= figures.late_max_s <= 0.021
        assert figures.oldest_overdue_s <= 0.02


@pytest.mark.parametrize(
    "changes",
    [{"cadence": timedelta(0)}, {"at_once": 0}, {"deadline": timedelta(seconds=49)}],
)
def test_an_impossible_pace_is_refused(changes):
    with pytest.raises(ValueError, match="cadence"):
        Pace(**changes)
