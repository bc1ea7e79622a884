"""The state machine of a camera: observations in, transitions and unobserved time out. Pure.

`step` takes evidence, `age` notices that evidence stays away, `darken` books an outage of ours.
Health is measured; unobserved time lies over it and never changes it (monitor/README.md).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.model import REASONS, Cause, Dark, Health, Observation, Reason, Transition

_DARKENS = {Reason.BLIND: Cause.BLIND, Reason.FEED_STALE: Cause.FEED_STALE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """When evidence becomes a fact.

    cadence: time between two regular questions. patience: a longer silence is unobserved time.
    failures, failing_for: bad observations needed, and the time they must span, to go down.
    successes: good observations needed to come up again. clock_tolerance: larger is a fault.
    """

    cadence: timedelta = timedelta(seconds=60)
    patience: timedelta = timedelta(seconds=120)
    failures: int = 3
    failing_for: timedelta = timedelta(seconds=180)
    successes: int = 2
    clock_tolerance: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Streak:
    """A run of observations that contradicts the health and may become a transition."""

    count: int
    first_at: datetime
    reason: Reason
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Darkness:
    """Unobserved time that has begun and not ended."""

    since: datetime
    cause: Cause


@dataclass(frozen=True, kw_only=True, slots=True)
class Hour:
    """What was asked of a camera in the running hour (UTC). took in milliseconds."""

    starts_at: datetime
    asked: int = 0
    up: int = 0
    took_ms: float = 0.0
    took_max_ms: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """All that is remembered of a camera between two observations."""

    camera_id: int
    health: Health = Health.UNKNOWN
    since: datetime | None = None
    reason: Reason | None = None
    detail: str = ""
    confirmed_at: datetime | None = None
    streak: Streak | None = None
    last: Observation | None = None
    last_up_at: datetime | None = None
    dark: Darkness | None = None
    hour: Hour | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """The outcome of one observation.

    dark: unobserved time that ended with it; empty when the darkness had been opened later than
    the camera was asked, and so never was. hour: an hour that is complete.
    """

    state: State
    transition: Transition | None = None
    dark: Dark | None = None
    hour: Hour | None = None


def step(state: State, seen: Observation, policy: Policy) -> Step:
    """Take one observation. Old ones change nothing.

    Those that are no evidence change nothing either, but two say that nobody sees the camera.
    """
    if state.last is not None and seen.at <= state.last.at:
        return Step(state=state)
    says = REASONS[seen.reason].says
    if says is None:
        cause = _DARKENS.get(seen.reason)
        return Step(state=darken(state, seen.at, cause) if cause else state)
    dark = _ended_darkness(state, seen, policy)
    hour, finished = _count(state.hour, seen, says)
    judged, transition = _judge(state, seen, says, policy)
    return Step(
        state=State(
            camera_id=state.camera_id,
            health=judged.health,
            since=judged.since,
            reason=judged.reason,
            detail=judged.detail,
            confirmed_at=judged.confirmed_at,
            streak=judged.streak,
            last=seen,
            last_up_at=seen.at if says is Health.UP else state.last_up_at,
            dark=None,
            hour=hour,
        ),
        transition=transition,
        dark=dark,
        hour=finished,
    )


def age(state: State, now: datetime, policy: Policy) -> State:
    """Open unobserved time for a camera that should have been asked and was not."""
    if state.dark is not None or state.last is None:
        return state
    if now - state.last.at <= policy.patience:
        return state
    since = state.last.at + policy.cadence
    return replace(state, dark=Darkness(since=since, cause=Cause.LATE))


def rewind(state: State, now: datetime, policy: Policy) -> tuple[State, Dark | None]:
    """Go on by a clock of ours that was set back, instead of waiting until it catches up.

    What has passed twice since `now` is unobserved: nobody can say which of the two was true.
    """
    if state.last is None or state.last.at - now <= policy.patience:
        return state, None
    twice = Dark(
        camera_id=state.camera_id,
        starts_at=now - timedelta.resolution,  # other darkness may begin at `now`: starts are keys
        ends_at=state.last.at,
        cause=Cause.CLOCK_SET_BACK,
    )
    return replace(state, last=replace(state.last, at=now), streak=None), twice


def darken(state: State, at: datetime, cause: Cause) -> State:
    """Book unobserved time from `at` on, or from the last observation if that is later.

    Ends with the next observation. Time that is already unobserved keeps its start and cause.
    """
    if state.dark is not None:
        return state
    since = at if state.last is None else max(at, state.last.at)
    return replace(state, dark=Darkness(since=since, cause=cause))


def lighten(state: State, at: datetime) -> tuple[State, Dark | None]:
    """End unobserved time without evidence: the camera has left service.

    A streak ends too: what happens outside of service spans no time in which it was failing.
    """
    if state.dark is None and state.streak is None:
        return state, None
    dark = _dark(state.camera_id, state.dark, at) if state.dark else None
    return replace(state, dark=None, streak=None), dark


def _ended_darkness(state: State, seen: Observation, policy: Policy) -> Dark | None:
    if state.dark is not None:
        return _dark(state.camera_id, state.dark, seen.at)
    if state.last is None or seen.at - state.last.at <= policy.patience:
        return None
    gap = Darkness(since=state.last.at + policy.cadence, cause=Cause.LATE)
    return _dark(state.camera_id, gap, seen.at)


def _dark(camera_id: int, dark: Darkness, ends_at: datetime) -> Dark:
    # never None, also when empty: the row that was opened must go
    return Dark(
        camera_id=camera_id,
        starts_at=dark.since,
        ends_at=max(ends_at, dark.since),
        cause=dark.cause,
    )


def _judge(
    state: State, seen: Observation, says: Health, policy: Policy
) -> tuple[State, Transition | None]:
    if says is state.health:
        return (state if state.streak is None else replace(state, streak=None)), None
    streak = state.streak
    # while health is unknown, a streak may be of either kind
    if streak is None or REASONS[streak.reason].says is not says:
        streak = Streak(count=0, first_at=seen.at, reason=seen.reason, detail=seen.detail)
    streak = replace(streak, count=streak.count + 1)
    if not _confirmed(state.health, says, streak, seen.at, policy):
        return replace(state, streak=streak), None
    transition = Transition(
        camera_id=state.camera_id,
        at=_after(state.since, streak.first_at),
        from_health=state.health,
        to_health=says,
        reason=streak.reason,
        detail=streak.detail,
    )
    judged = replace(
        state,
        health=says,
        since=transition.at,
        reason=streak.reason,
        detail=streak.detail,
        confirmed_at=seen.at,
        streak=None,
    )
    return judged, transition


def _after(since: datetime | None, at: datetime) -> datetime:
    # facts are read in order of time: after our clock was set back, the last change may lie ahead
    return at if since is None or since <= at else since + timedelta.resolution


def _confirmed(health: Health, says: Health, streak: Streak, at: datetime, policy: Policy) -> bool:
    if says is Health.DOWN:
        return streak.count >= policy.failures and at - streak.first_at >= policy.failing_for
    # nothing contradicts the first sign of life of a camera we know nothing about
    return health is Health.UNKNOWN or streak.count >= policy.successes


def _count(hour: Hour | None, seen: Observation, says: Health) -> tuple[Hour, Hour | None]:
    starts_at = seen.at.replace(minute=0, second=0, microsecond=0)
    finished = hour if hour is not None and hour.starts_at != starts_at else None
    before = hour if hour is not None and finished is None else Hour(starts_at=starts_at)
    took_ms = seen.took.total_seconds() * 1000
    return Hour(
        starts_at=starts_at,
        asked=before.asked + 1,
        up=before.up + (says is Health.UP),
        took_ms=before.took_ms + took_ms,
        took_max_ms=max(before.took_max_ms, took_ms),
    ), finished
