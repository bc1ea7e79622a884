"""Two witnesses of one camera, one verdict: by policy, dated, and without a second of favour."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import health, verdict
from monitor.health import Darkness, Policy, State, Step
from monitor.model import Cause, Dark, Health, JudgedBy, Observation, Reason, Transition
from monitor.verdict import Name, Pair
from tests.factories import observation

T0 = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
POLICY = Policy()
RULES = {Name.DIRECT: POLICY, Name.PLATFORM: POLICY}
NEW = State(camera_id=1, dark=Darkness(since=T0, cause=Cause.NOT_YET))
ON, OFF, STALE = Reason.PLATFORM_ON, Reason.PLATFORM_OFF, Reason.FEED_STALE
OK, BAD, BLIND = Reason.OK, Reason.CONNECT_TIMEOUT, Reason.BLIND


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def s(moment: datetime) -> float:
    return (moment - T0).total_seconds()


@dataclass
class Judged:
    """One camera and what became of it."""

    pair: Pair
    state: State = NEW
    changes: list[Transition] = field(default_factory=list)
    darks: list[Dark] = field(default_factory=list)
    own: list[Transition] = field(default_factory=list)

    def see(self, seconds: float, reason: Reason) -> None:
        heard = verdict.step(self.state, self.pair, observation(at(seconds), reason), RULES)
        self.own += [heard.own] if heard.own else []
        self._take(heard)

    def age(self, seconds: float) -> None:
        self._take(verdict.age(self.state, self.pair, at(seconds), RULES))

    def _take(self, heard: verdict.Heard) -> None:
        self.pair = heard.pair
        for step in heard.steps:
            self.state = step.state
            self.changes += [step.transition] if step.transition else []
            self.darks += [step.dark] if step.dark else []

    @property
    def told(self) -> list[tuple[float, str]]:
        return [(s(each.at), each.to_health.value) for each in self.changes]

    @property
    def dark(self) -> list[tuple[float, float]]:
        return [(s(d.starts_at), s(d.ends_at)) for d in self.darks if d.ends_at is not None]


def judged(by: JudgedBy, *seen: tuple[float, Reason]) -> Judged:
    camera = Judged(verdict.begin(NEW, by, T0))
    for seconds, reason in seen:
        camera.see(seconds, reason)
    return camera


def every(
    step_s: float, until_s: float, reason: Reason, first_s: float
) -> list[tuple[float, Reason]]:
    count = int((until_s - first_s) / step_s) + 1
    return [(first_s + n * step_s, reason) for n in range(count)]


def mixed(*some: list[tuple[float, Reason]]) -> list[tuple[float, Reason]]:
    return sorted([each for part in some for each in part], key=lambda each: each[0])


# --- by example


def test_our_own_question_has_the_word_while_it_is_answered() -> None:
    camera = judged(JudgedBy.FALLBACK, *mixed(every(60, 600, OK, 0), every(60, 600, OFF, 30)))
    assert camera.told == [(0, "up")]
    assert camera.state.last_up_at == at(600)
    assert camera.pair.platform.state.health is Health.DOWN
    assert [(s(each.at), each.to_health.value) for each in camera.own] == [(0, "up"), (30, "down")]


def test_a_platform_that_says_on_is_no_answer_of_a_camera_that_is_dead() -> None:
    camera = judged(
        JudgedBy.FALLBACK,
        *mixed(every(60, 300, OK, 0), every(60, 900, BAD, 360), every(60, 900, ON, 30)),
    )
    assert (camera.told, camera.state.last_up_at) == ([(0, "up"), (360, "down")], at(300))


def test_while_we_are_blind_the_platform_has_the_word_but_only_from_then_on() -> None:
    """It called the camera offline all the time; that counts from the moment we see no more."""
    camera = judged(
        JudgedBy.FALLBACK,
        *mixed(every(60, 600, OK, 0), every(60, 1200, OFF, 30), every(60, 1200, BLIND, 660)),
    )
    assert camera.told == [(0, "up"), (660, "down")]
    assert camera.state.dark is None
    camera.see(1260, OK)
    assert camera.told[2:] == [(1260, "up")]
    assert camera.dark == [(0, 0)]


def test_a_platform_that_says_on_spares_a_blind_hour() -> None:
    camera = judged(
        JudgedBy.FALLBACK, *mixed(every(60, 600, OK, 0), every(60, 4200, ON, 30), [(660, BLIND)])
    )
    camera.age(4200)
    assert (camera.told, camera.state.dark, camera.dark) == ([(0, "up")], None, [(0, 0)])
    camera.age(4400)  # nobody sees any more: from the last word of the platform on
    assert camera.state.dark == Darkness(since=at(4170 + 60), cause=Cause.BLIND)


def test_both_means_that_each_can_take_it_down_and_both_bring_it_up() -> None:
    camera = judged(
        JudgedBy.BOTH,
        *mixed(
            every(60, 600, OK, 0),
            every(60, 600, ON, 30),
            every(60, 1200, OK, 660),
            every(60, 1170, OFF, 630),
            every(60, 1500, ON, 1230),
            every(60, 1500, BAD, 1260),
        ),
    )
    assert camera.told == [(30, "up"), (630, "down"), (1230, "up"), (1260, "down")]
    assert camera.dark == [(0, 30)]


def test_both_is_dark_while_one_of_them_does_not_see() -> None:
    camera = judged(
        JudgedBy.BOTH,
        *mixed(every(60, 1200, OK, 0), every(60, 600, ON, 30), [(660, STALE)], [(1230, ON)]),
    )
    assert camera.told == [(30, "up")]
    assert camera.dark == [(0, 30), (660, 1230)]


def test_a_camera_that_is_down_for_us_stays_down_while_the_platform_is_silent() -> None:
    camera = judged(
        JudgedBy.BOTH,
        *mixed(
            every(60, 600, OK, 0),
            every(60, 990, ON, 30),
            every(60, 1200, BAD, 660),
            [(1000, STALE)],
        ),
    )
    assert (camera.told, camera.state.dark) == ([(30, "up"), (660, "down")], None)
    camera.see(1260, OK)
    camera.see(1320, OK)
    assert camera.state.dark == Darkness(since=at(1260), cause=Cause.FEED_STALE)
    camera.see(1350, ON)
    assert camera.told[2:] == [(1260, "up")]
    assert camera.dark[1:] == [(1260, 1350)]


def test_another_policy_counts_from_now_on() -> None:
    camera = judged(JudgedBy.DIRECT, *mixed(every(60, 1200, OK, 0), every(60, 1200, OFF, 30)))
    pair = verdict.Pair(
        judged_by=JudgedBy.BOTH, direct=camera.pair.direct, platform=camera.pair.platform
    )
    step = verdict.judge(camera.state, pair, at(1210))
    assert step.transition is not None
    assert (s(step.transition.at), step.state.health) == (30, Health.DOWN)


# --- by property


def moments(*reasons: Reason) -> st.SearchStrategy[list[tuple[float, Reason]]]:
    gaps = st.integers(1, 400)
    seen = st.lists(st.tuples(gaps, st.sampled_from(reasons)), max_size=40)

    def dated(some: list[tuple[int, Reason]]) -> list[tuple[float, Reason]]:
        now, found = 0.0, []
        for gap, reason in some:
            now += gap
            found.append((now, reason))
        return found

    return seen.map(dated)


DIRECT = moments(OK, OK, OK, BAD, BAD, BLIND, Reason.INTERNAL)
PLATFORM = moments(ON, ON, ON, OFF, OFF, STALE)


def alone(seen: list[tuple[float, Reason]], ages: list[float], start: State) -> list[Step]:
    state, steps = start, []
    looks: list[tuple[float, Reason | None]] = [*seen, *((each, None) for each in ages)]
    for seconds, reason in sorted(looks, key=lambda each: each[0]):
        state = health.age(state, at(seconds), POLICY)
        step = Step(state=state)
        if reason is not None:
            step = health.step(state, observation(at(seconds), reason), POLICY)
        steps.append(step)
        state = step.state
    return steps


@given(DIRECT, PLATFORM)
@pytest.mark.parametrize("by", [JudgedBy.DIRECT, JudgedBy.PLATFORM])
def test_a_policy_of_one_witness_is_that_witness_alone(
    by: JudgedBy, direct: list[tuple[float, Reason]], platform: list[tuple[float, Reason]]
) -> None:
    camera = judged(by, *mixed(direct, platform))
    known = direct if by is JudgedBy.DIRECT else platform
    start = camera_start(by)
    others = platform if by is JudgedBy.DIRECT else direct
    steps = alone(known, [each[0] for each in others], start)
    assert camera.changes == [each.transition for each in steps if each.transition]
    assert camera.dark == [
        (s(each.dark.starts_at), s(each.dark.ends_at))
        for each in steps
        if each.dark and each.dark.ends_at
    ]
    end = steps[-1].state if steps else start
    assert (camera.state.health, camera.state.since) == (end.health, end.since)
    assert (camera.state.dark is None) == (end.dark is None)


def camera_start(by: JudgedBy) -> State:
    pair = verdict.begin(NEW, by, T0)
    return pair.direct.state if by is JudgedBy.DIRECT else pair.platform.state


def replayed(
    by: JudgedBy,
    direct: list[tuple[float, Reason]],
    platform: list[tuple[float, Reason]],
    lag_s: float = 0.0,
) -> Judged:
    """As the recorder does: what was seen, and a look at the clock once a minute. lag_s: so much
    later than it was read is heard what a platform says."""
    camera = Judged(verdict.begin(NEW, by, T0))
    seen = [(s, s, r) for s, r in direct] + [(s + lag_s, s, r) for s, r in platform]
    last = max((each[0] for each in seen), default=0.0)
    ages = [(n * 60.0 + 0.5, n * 60.0 + 0.5, None) for n in range(int(last / 60) + 1)]
    for _, seconds, reason in sorted([*seen, *ages], key=lambda each: each[0]):
        if reason is None:
            camera.age(seconds)
        else:
            camera.see(seconds, reason)
    return camera


@given(st.sampled_from(JudgedBy), DIRECT, PLATFORM, st.sampled_from([0.0, 5.0, 70.0]))
def test_facts_take_turns_in_order_of_time_and_darkness_never_overlaps(
    by: JudgedBy,
    direct: list[tuple[float, Reason]],
    platform: list[tuple[float, Reason]],
    lag_s: float,
) -> None:
    camera = replayed(by, direct, platform, lag_s)
    for one, next_ in pairwise(camera.changes):
        assert one.at < next_.at
        assert one.to_health is next_.from_health
    assert all(each.from_health is not each.to_health for each in camera.changes)
    stretches = sorted(each for each in camera.dark if each[0] < each[1])
    assert all(one[1] <= next_[0] for one, next_ in pairwise(stretches))
    starts = [each[0] for each in stretches]
    assert len(starts) == len(set(starts))
    if camera.state.dark:
        assert all(each[1] <= s(camera.state.dark.since) for each in stretches)


@given(DIRECT, PLATFORM)
def test_both_is_up_only_while_each_of_them_says_so(
    direct: list[tuple[float, Reason]], platform: list[tuple[float, Reason]]
) -> None:
    camera = replayed(JudgedBy.BOTH, direct, platform)
    words = [each.state for each in (camera.pair.direct, camera.pair.platform)]
    if camera.state.health is Health.UP and camera.state.dark is None:
        assert all(each.health is Health.UP and each.dark is None for each in words)
    if any(each.health is Health.DOWN and each.dark is None for each in words):
        assert (camera.state.health, camera.state.dark) == (Health.DOWN, None)


@given(DIRECT, PLATFORM)
def test_a_second_witness_never_takes_sight_away(
    direct: list[tuple[float, Reason]], platform: list[tuple[float, Reason]]
) -> None:
    both = replayed(JudgedBy.FALLBACK, direct, platform)
    if both.pair.direct.state.dark is None and both.pair.direct.state.health is not Health.UNKNOWN:
        assert both.state.health is both.pair.direct.state.health
        assert both.state.dark is None
    elif both.pair.platform.state.dark is None and both.pair.platform.state.since:
        assert both.state.dark is None
        assert both.state.health is both.pair.platform.state.health


def test_an_observation_says_who_saw_it() -> None:
    seen: list[Observation] = [observation(T0, each) for each in (OK, BLIND, ON, OFF, STALE)]
    assert [verdict.witness_of(each) for each in seen] == [
        *[Name.DIRECT] * 2,
        *[Name.PLATFORM] * 3,
    ]
