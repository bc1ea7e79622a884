"""What two witnesses of one camera say together, by its policy. Pure.

Each witness is judged alone by `health.step`; `combine` weighs them, and `judge` makes of it the
one state of the camera that the ledger rests on. A camera with a single witness needs none of this:
its state is the verdict.

A change is dated at the first observation of the streak of the witness that caused it; where the
word passes to the other witness, not before the first lost sight or the other regained it. A
silence that is noticed late never reaches back over a time that has been told already.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor import health
from monitor.health import Darkness, Policy, State, Step
from monitor.model import Cause, Dark, Health, JudgedBy, Observation, Reason, Transition


class Name(StrEnum):
    """Who bears witness: our own questions, or the platforms that know the camera."""

    DIRECT = "direct"
    PLATFORM = "platform"


_OF_PLATFORMS = frozenset({Reason.PLATFORM_ON, Reason.PLATFORM_OFF, Reason.FEED_STALE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """What one witness knows. sees_since: since when without a gap; None while it does not see."""

    state: State
    sees_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Both witnesses of a camera, and whose word counts. lit_at: when the last time ended in which
    nobody saw it: a silence that is noticed late may not reach back over that."""

    judged_by: JudgedBy
    direct: Witness
    platform: Witness
    lit_at: datetime | None = None

    def named(self, name: Name) -> Witness:
        """One of the two."""
        return self.direct if name is Name.DIRECT else self.platform

    def with_one(self, name: Name, witness: Witness) -> "Pair":
        """The same with another state of one of the two."""
        if name is Name.DIRECT:
            return replace(self, direct=witness)
        return replace(self, platform=witness)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """by: the witness whose word it is. since: since when it is so; None while nobody sees. dark:
    what makes that nobody does."""

    by: State
    since: datetime | None
    dark: Darkness | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What became of a camera with two witnesses. steps: of the verdict, in order; none where
    nothing changed. own: the transition of the witness that made the observation, beside them."""

    steps: tuple[Step, ...]
    pair: Pair
    own: Transition | None = None


Rules = Mapping[Name, Policy]
"""When evidence of each witness becomes a fact: platforms are asked more seldom than cameras."""


def witness_of(seen: Observation) -> Name:
    """Who saw it."""
    return Name.PLATFORM if seen.reason in _OF_PLATFORMS else Name.DIRECT


def combine(pair: Pair) -> Verdict:
    """Whose word counts now, since when, and whether nobody sees the camera."""
    direct, platform = pair.direct, pair.platform
    match pair.judged_by:
        case JudgedBy.DIRECT:
            return _alone(direct)
        case JudgedBy.PLATFORM:
            return _alone(platform)
        case JudgedBy.FALLBACK:
            return _first(direct, platform)
        case JudgedBy.BOTH:
            return _both(direct, platform)


def _alone(witness: Witness) -> Verdict:
    state = witness.state
    return Verdict(by=state, since=state.since if _sees(witness) else None, dark=state.dark)


def _first(direct: Witness, platform: Witness) -> Verdict:
    """Our own question; while it sees nothing, the platform, but only from then on."""
    if _sees(direct):
        return Verdict(by=direct.state, since=_latest(direct), dark=None)
    lost = _darkness(direct)
    if _sees(platform):
        since = _latest(platform, lost.since if lost else None)
        return Verdict(by=platform.state, since=since, dark=None)
    own, other = lost, _darkness(platform)
    dark = replace(own, since=max(own.since, other.since)) if own and other else own or other
    return Verdict(by=direct.state, since=None, dark=dark)


def _both(direct: Witness, platform: Witness) -> Verdict:
    """Up when both say so, down when one does; dark where the one who could say so does not see."""
    seeing = [each for each in (direct, platform) if _sees(each)]
    down = [each.state for each in seeing if each.state.health is Health.DOWN]
    if down:
        first = min(down, key=_since)
        return Verdict(by=first, since=first.since, dark=None)
    if len(seeing) == 2:
        last = max((each.state for each in seeing), key=_since)
        return Verdict(by=last, since=last.since, dark=None)
    found = [each for each in map(_darkness, (direct, platform)) if each]
    dark = min(found, key=lambda each: each.since) if found else None
    if dark and seeing:  # until then one of them had called it down
        dark = replace(dark, since=max(dark.since, _since(seeing[0].state)))
    by = seeing[0].state if seeing else direct.state
    return Verdict(by=by, since=None, dark=dark)


def _sees(witness: Witness) -> bool:
    return witness.state.dark is None and witness.state.health is not Health.UNKNOWN


def _latest(witness: Witness, also: datetime | None = None) -> datetime:
    """Since when its word holds without a gap, and not before `also`."""
    moments = (witness.state.since, witness.sees_since, also)
    return max(each for each in moments if each is not None)


def _since(state: State) -> datetime:
    assert state.since is not None  # noqa: S101  it sees
    return state.since


def _darkness(witness: Witness) -> Darkness | None:
    """Why it does not see; before its first word is confirmed, that there is none yet."""
    state = witness.state
    if state.dark or _sees(witness) or state.last is None:
        return state.dark
    since = state.streak.first_at if state.streak else state.last.at
    return Darkness(since=since, cause=Cause.NOT_YET)


def judge(before: State, pair: Pair, at: datetime) -> Step:
    """The state of the camera after news of a witness: what changed, and which darkness ended."""
    said = combine(pair)
    dark = said.dark
    if said.since is None and dark is None and before.health is not Health.UNKNOWN:
        dark = Darkness(since=at, cause=Cause.NOT_YET)  # another policy, and no word of it so far
    if dark and not before.dark and pair.lit_at:
        dark = replace(dark, since=max(dark.since, pair.lit_at))
    state = replace(
        before,
        streak=said.by.streak,
        last=said.by.last or before.last,
        last_up_at=said.by.last_up_at or before.last_up_at,
        dark=before.dark if before.dark and dark else dark,
        hour=pair.direct.state.hour,
    )
    transition = None
    if said.since is not None and said.by.health is not before.health:
        state, transition = _changed(state, said, at)
    ended = _ended(before, at) if before.dark and not dark else None
    return Step(state=state, transition=transition, dark=ended)


def _changed(state: State, said: Verdict, at: datetime) -> tuple[State, Transition]:
    by = said.by
    assert said.since is not None and by.reason is not None  # noqa: S101, PT018  it sees
    since = said.since
    if state.since is not None:  # facts are read in order of time, and two witnesses may coincide
        since = max(since, state.since + timedelta.resolution)
    transition = Transition(
        camera_id=state.camera_id,
        at=since,
        from_health=state.health,
        to_health=by.health,
        reason=by.reason,
        detail=by.detail,
    )
    judged = replace(
        state,
        health=by.health,
        since=since,
        reason=by.reason,
        detail=by.detail,
        confirmed_at=at,
    )
    return judged, transition


def _ended(before: State, at: datetime) -> Dark:
    assert before.dark is not None  # noqa: S101  asked before
    since = before.dark.since
    return Dark(
        camera_id=before.camera_id,
        starts_at=since,
        ends_at=max(at, since),
        cause=before.dark.cause,
    )


def step(before: State, pair: Pair, seen: Observation, rules: Rules) -> Heard:
    """Take one observation: `health.step` for its witness, then the verdict. Old ones change
    nothing.

    Both are aged first, so that a silence that nobody noticed in time is weighed like any other.
    """
    name = witness_of(seen)
    aged = age(before, pair, seen.at, rules)
    witness = aged.pair.named(name)
    own = health.step(witness.state, seen, rules[name])
    if own.state is witness.state:
        return aged
    after = aged.pair.with_one(name, _followed(witness, own.state, seen.at))
    latest = aged.steps[-1].state if aged.steps else before
    judged = replace(judge(latest, after, seen.at), hour=own.hour)
    return Heard(steps=(*aged.steps, judged), pair=_lit(after, judged), own=own.transition)


def _lit(pair: Pair, judged: Step) -> Pair:
    return replace(pair, lit_at=judged.dark.ends_at) if judged.dark else pair


def age(before: State, pair: Pair, now: datetime, rules: Rules) -> Heard:
    """Open unobserved time of each witness whose evidence stays away."""
    return act(before, pair, lambda name, state: health.age(state, now, rules[name]), now)


def _followed(before: Witness, after: State, at: datetime) -> Witness:
    if after.dark or after.health is Health.UNKNOWN:
        return Witness(state=after)
    if before.state.health is Health.UNKNOWN:
        return Witness(state=after, sees_since=after.since)
    return Witness(state=after, sees_since=before.sees_since or at)


Act = Callable[[Name, State], State]


def act(before: State, pair: Pair, change: Act, at: datetime) -> Heard:
    """Darken or lighten the witnesses, and judge anew. change: what becomes of each."""
    after = pair
    for name, witness in _each(pair):
        state = change(name, witness.state)
        if state is not witness.state:
            after = after.with_one(name, _followed(witness, state, at))
    if after is pair:
        return Heard(steps=(), pair=pair)
    judged = judge(before, after, at)
    return Heard(steps=(judged,), pair=_lit(after, judged))


def _each(pair: Pair) -> Iterator[tuple[Name, Witness]]:
    yield Name.DIRECT, pair.direct
    yield Name.PLATFORM, pair.platform


def begin(state: State, judged_by: JudgedBy, at: datetime) -> Pair:
    """Two witnesses of a camera that had one until now: whoever spoke last keeps what it knows."""
    by_platform = state.last is not None and witness_of(state.last) is Name.PLATFORM
    known = Witness(state=state, sees_since=None if state.dark else state.since)
    cause = Cause.NOT_YET if by_platform else Cause.FEED_STALE
    dark = Darkness(since=at, cause=cause)
    fresh = Witness(state=State(camera_id=state.camera_id, dark=dark, hour=state.hour))
    if by_platform:
        return Pair(judged_by=judged_by, direct=fresh, platform=known)
    return Pair(judged_by=judged_by, direct=known, platform=fresh)


def rewound(pair: Pair, now: datetime, rules: Rules) -> Pair:
    """Both witnesses by a clock of ours that was set back (see `health.rewind`)."""
    direct, _ = health.rewind(pair.direct.state, now, rules[Name.DIRECT])
    platform, _ = health.rewind(pair.platform.state, now, rules[Name.PLATFORM])
    lit_at = min(pair.lit_at, now) if pair.lit_at else None
    return replace(
        pair,
        direct=replace(pair.direct, state=direct),
        platform=replace(pair.platform, state=platform),
        lit_at=lit_at,
    )
