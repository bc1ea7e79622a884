"""The state machine of a camera: evidence in, facts out, whatever happens to us in between."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import health
from monitor.health import Darkness, Policy, State, Step
from monitor.model import REASONS, Cause, Dark, Health, Observation, Reason, Transition
from tests.factories import observation

T0 = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
POLICY = Policy()
NEW = State(camera_id=1, dark=Darkness(since=T0, cause=Cause.NOT_YET))


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def ok(seconds: float) -> Observation:
    return observation(at(seconds))


def bad(seconds: float, reason: Reason = Reason.CONNECT_TIMEOUT) -> Observation:
    return observation(at(seconds), reason, detail=f"failed at {seconds:g}")


def run(*seen: Observation, state: State = NEW) -> tuple[State, list[Step]]:
    steps = []
    for each in seen:
        steps.append(health.step(state, each, POLICY))
        state = steps[-1].state
    return state, steps


def transitions(steps: list[Step]) -> list[Transition]:
    return [step.transition for step in steps if step.transition]


def darks(steps: list[Step]) -> list[Dark]:
    return [step.dark for step in steps if step.dark]


UP, _ = run(ok(0))
DOWN, _ = run(bad(0), bad(60), bad(120), bad(180))


def test_one_good_answer_brings_a_new_camera_up() -> None:
    state, steps = run(ok(5))
    assert (state.health, state.since, state.confirmed_at) == (Health.UP, at(5), at(5))
    assert transitions(steps)[0].from_health is Health.UNKNOWN


def test_it_stays_up_after_a_single_timeout() -> None:
    state, steps = run(bad(60), ok(65), state=UP)
    assert state.health is Health.UP
    assert state.streak is None
    assert transitions(steps) == []


def test_many_failures_in_a_short_time_are_a_reboot_and_no_outage() -> None:
    state, _ = run(*(bad(60 + second) for second in range(0, 180, 5)), ok(245), state=UP)
    assert state.health is Health.UP


def test_it_goes_down_after_three_failures_that_span_three_minutes() -> None:
    state, steps = run(bad(60), bad(65), bad(120), bad(180), bad(240), state=UP)
    assert state.health is Health.DOWN
    assert len(transitions(steps)) == 1


def test_an_outage_begins_with_its_first_failure_and_keeps_its_reason() -> None:
    _, steps = run(bad(60, Reason.REFUSED), bad(120), bad(240), state=UP)
    (down,) = transitions(steps)
    assert (down.at, down.reason, down.detail) == (at(60), Reason.REFUSED, "failed at 60")


def test_two_failures_are_too_few_however_far_apart() -> None:
    state, _ = run(bad(60), bad(3600), state=UP)
    assert state.health is Health.UP


def test_a_camera_never_seen_good_goes_down_from_unknown() -> None:
    assert DOWN.health is Health.DOWN
    assert DOWN.since == at(0)


def test_failures_of_a_camera_never_seen_before_do_not_date_its_first_sign_of_life() -> None:
    state, steps = run(bad(0), bad(5), ok(60))
    assert (state.health, state.since) == (Health.UP, at(60))
    assert transitions(steps)[0].reason is Reason.OK


def test_it_comes_up_again_with_the_second_good_answer_and_from_the_first_on() -> None:
    state, steps = run(ok(240), ok(245), state=DOWN)
    assert state.health is Health.UP
    assert transitions(steps)[0].at == at(240)


def test_one_good_answer_between_failures_does_not_end_an_outage() -> None:
    state, steps = run(ok(240), bad(245), ok(300), bad(305), state=DOWN)
    assert state.health is Health.DOWN
    assert transitions(steps) == []


@pytest.mark.parametrize("reason", [Reason.LOGIN_REQUIRED, Reason.SOAP_FAULT, Reason.CLOCK_OFF])
def test_a_camera_that_answers_anything_sensible_is_up(reason: Reason) -> None:
    assert run(observation(at(1), reason))[0].health is Health.UP


def test_a_defect_of_ours_is_no_evidence() -> None:
    state, steps = run(*(bad(60 * n, Reason.INTERNAL) for n in range(1, 9)), state=UP)
    assert state == UP
    assert steps[-1] == Step(state=UP)


def test_a_blind_question_is_dark_until_the_next_evidence() -> None:
    state, steps = run(bad(60, Reason.BLIND), bad(120, Reason.BLIND), ok(180), state=UP)
    assert darks(steps) == [Dark(camera_id=1, starts_at=at(60), ends_at=at(180), cause=Cause.BLIND)]
    assert state.health is Health.UP


@given(late=st.integers(-3600, 0))
def test_an_old_observation_changes_nothing(late: int) -> None:
    state, _ = run(ok(60), bad(120), state=UP)
    for reason in Reason:
        assert run(observation(at(120 + late), reason), state=state)[0] is state


def test_a_new_camera_is_dark_until_its_first_evidence() -> None:
    state, steps = run(bad(17))
    assert darks(steps) == [Dark(camera_id=1, starts_at=at(0), ends_at=at(17), cause=Cause.NOT_YET)]
    assert state.dark is None


def test_a_silence_longer_than_the_patience_is_unobserved_after_one_cadence() -> None:
    _, steps = run(ok(121), state=UP)
    assert darks(steps) == [Dark(camera_id=1, starts_at=at(60), ends_at=at(121), cause=Cause.LATE)]


def test_a_silence_within_the_patience_is_not() -> None:
    assert darks(run(ok(120), state=UP)[1]) == []


def test_age_opens_the_darkness_that_a_late_observation_would_have_booked() -> None:
    assert health.age(UP, at(120), POLICY) is UP
    older = health.age(UP, at(121), POLICY)
    assert older.dark == Darkness(since=at(60), cause=Cause.LATE)
    assert darks(run(ok(130), state=older)[1]) == darks(run(ok(130), state=UP)[1])


def test_age_leaves_the_dark_and_the_never_asked_alone() -> None:
    assert health.age(NEW, at(99_999), POLICY) is NEW
    never = State(camera_id=1)
    assert health.age(never, at(99_999), POLICY) is never


def test_darkness_keeps_its_first_cause() -> None:
    dark = health.darken(UP, at(70), Cause.COLLECTOR_LOST)
    assert health.darken(dark, at(80), Cause.LATE) is dark


def test_darkness_never_covers_what_was_seen() -> None:
    assert health.darken(UP, at(-500), Cause.COLLECTOR_LOST).dark == Darkness(
        since=at(0), cause=Cause.COLLECTOR_LOST
    )


def test_a_question_asked_before_the_darkness_was_opened_voids_it() -> None:
    dark = health.darken(UP, at(70), Cause.LATE)
    _, steps = run(ok(69), state=dark)
    (void,) = darks(steps)
    assert void.starts_at == void.ends_at == at(70)


def test_leaving_service_ends_the_darkness() -> None:
    state, dark = health.lighten(health.darken(UP, at(70), Cause.LATE), at(100))
    assert state.dark is None
    assert dark is not None
    assert dark.ends_at == at(100)
    assert health.lighten(UP, at(100)) == (UP, None)


def test_an_hour_is_handed_out_when_the_next_begins() -> None:
    _, steps = run(ok(0), bad(60), ok(3599), ok(3600))
    (hour,) = [step.hour for step in steps if step.hour]
    assert (hour.starts_at, hour.asked, hour.up) == (T0, 3, 2)
    assert (hour.took_ms, hour.took_max_ms) == (36, 12)


stories = st.lists(
    st.tuples(st.sampled_from(list(Reason)), st.sampled_from([5, 55, 60, 60, 60, 61, 130, 4000])),
    max_size=40,
).map(
    lambda moves: [
        observation(at(sum(gap for _, gap in moves[: n + 1])), reason)
        for n, (reason, _) in enumerate(moves)
    ]
)


@given(seen=stories)
def test_it_takes_anything_and_its_facts_alternate_in_order(seen: list[Observation]) -> None:
    state, steps = run(*seen)
    found = transitions(steps)
    assert [t.from_health for t in found] == [Health.UNKNOWN, *(t.to_health for t in found[:-1])][
        : len(found)
    ]
    assert [t.at for t in found] == sorted({t.at for t in found})
    assert state.health is (found[-1].to_health if found else Health.UNKNOWN)
    dark = darks(steps)
    assert all(d.ends_at is not None and d.starts_at <= d.ends_at for d in dark)
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(dark) if a.ends_at)


@given(seen=stories)
def test_every_change_is_dated_and_explained_by_an_observation_that_says_so(
    seen: list[Observation],
) -> None:
    _, steps = run(*seen)
    by_time = {each.at: each for each in seen}
    for change in transitions(steps):
        assert by_time[change.at].reason is change.reason
        assert REASONS[change.reason].says is change.to_health


@given(seen=stories)
def test_it_never_goes_down_without_the_evidence_the_policy_wants(seen: list[Observation]) -> None:
    _, steps = run(*seen)
    for step, last in zip(steps, seen, strict=True):
        if step.transition and step.transition.to_health is Health.DOWN:
            evidence = [
                each
                for each in seen
                if step.transition.at <= each.at <= last.at and REASONS[each.reason].says
            ]
            assert {REASONS[each.reason].says for each in evidence} == {Health.DOWN}
            assert len(evidence) >= POLICY.failures
            assert last.at - step.transition.at >= POLICY.failing_for


@given(seen=stories, cut=st.integers(0, 40), outage=st.booleans())
def test_an_outage_of_ours_never_touches_health(
    seen: list[Observation], cut: int, outage: bool
) -> None:
    state, before = run(*seen[:cut])
    if outage and seen[:cut]:
        state = health.darken(state, seen[:cut][-1].at, Cause.COLLECTOR_LOST)
    state, after = run(*seen[cut:], state=state)
    plain, steps = run(*seen)
    assert transitions(before + after) == transitions(steps)
    assert (state.health, state.since, state.streak) == (plain.health, plain.since, plain.streak)


@given(seen=stories, again=st.integers(0, 40))
def test_replaying_what_was_taken_changes_nothing(seen: list[Observation], again: int) -> None:
    state, _ = run(*seen)
    blind = (Reason.BLIND, Reason.INTERNAL)
    replayed, steps = run(*seen[:again], state=state)
    if not seen or seen[-1].reason not in blind:
        assert replayed == state
        assert all(step == Step(state=state) for step in steps)
