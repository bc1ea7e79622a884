"""What becomes of cameras in one batch: states, faults and facts, in memory. No I/O, no clock.

A `Judgement` stands over what is known and changes nothing of it; what it found is known once it
is stored. Rules are `health`, `verdict` and `faults`; who stores is the recorder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from db.states import Batch
from monitor import faults, health, verdict
from monitor.faults import Faults
from monitor.health import Darkness, Policy, State, Step
from monitor.model import REASONS, Cause, Health, JudgedBy, Observation
from monitor.verdict import Heard, Name, Pair, Rules

Place = tuple[datetime, Cause]
"""In service since, and the cause of its darkness while it is unseen."""


@dataclass(kw_only=True)
class Known:
    """What the database holds. states: the verdict of each camera. pairs: of those that have two
    witnesses. faults: open or suspected ones."""

    states: dict[int, State] = field(default_factory=dict)
    pairs: dict[int, Pair] = field(default_factory=dict)
    faults: dict[int, Faults] = field(default_factory=dict)

    def take(self, done: "Judgement") -> None:
        """What is stored is what we know."""
        self.states |= done.changed
        self.states |= {state.camera_id: state for state in done.fresh}
        self.pairs |= done.batch.pairs
        for camera_id in done.batch.single:
            del self.pairs[camera_id]
        self.faults |= done.faults
        self.faults = {key: each for key, each in self.faults.items() if each}


class Judgement:
    """One batch at `now`. changed: states that may be others. fresh: cameras not known before."""

    def __init__(self, known: Known, rules: Rules, now: datetime) -> None:
        self._known = known
        self._rules = rules
        self._now = now
        self.changed: dict[int, State] = {}
        self.fresh: list[State] = []
        self.faults: dict[int, Faults] = {}
        self.batch = Batch()

    def state(self, camera_id: int) -> State | None:
        """The state of a camera as it is after what was taken so far."""
        return self.changed.get(camera_id) or self._known.states.get(camera_id)

    def take(self, seen: Observation) -> None:
        """One observation of a camera that is known."""
        before = self.state(seen.camera_id)
        assert before is not None  # noqa: S101  the caller asked
        name = verdict.witness_of(seen)
        pair = self._pair(seen.camera_id)
        if pair is None:
            step = health.step(before, seen, self._rules[name])
            state, news = step.state, step.state.last is seen
            if state is not before:
                self._collect(before, step)
        else:
            heard = verdict.step(before, pair, seen, self._rules)
            state, news = self._judged(before, heard), heard.pair.named(name).state.last is seen
            self.batch.own += [(name, heard.own)] if heard.own else []
        self.changed[seen.camera_id] = state
        if news:
            self._take_evidence(seen)

    def _take_evidence(self, seen: Observation) -> None:
        camera_id = seen.camera_id
        if REASONS[seen.reason].says is not Health.UP:
            self.batch.failed.append(seen)
        was = self._faults_of(camera_id)
        now_so, told = faults.step(was, seen, self._rules[Name.DIRECT].clock_tolerance)
        self.batch.faults += told
        if now_so is not was and (now_so or was):
            self.faults[camera_id] = now_so

    def _faults_of(self, camera_id: int) -> Faults:
        if camera_id in self.faults:
            return self.faults[camera_id]
        return self._known.faults.get(camera_id, {})

    def lose(self, camera_id: int, at: datetime) -> None:
        """What was seen of it at `at`, by whomever, was dropped."""
        state = self.state(camera_id)
        if state is not None and (state.last is None or state.last.at < at):
            self.darken(camera_id, at, Cause.DATABASE_AWAY)

    def darken(self, camera_id: int, at: datetime, cause: Cause) -> None:
        """Nobody sees it from `at` on."""
        state, pair = self.state(camera_id), self._pair(camera_id)
        if state is None:
            return
        if pair is None:
            self.changed[camera_id] = health.darken(state, at, cause)
            return
        heard = verdict.act(state, pair, lambda _, each: health.darken(each, at, cause), self._now)
        self.changed[camera_id] = self._judged(state, heard)

    def age(self, camera_ids: Iterable[int]) -> None:
        """Open darkness for those who have been silent too long. All that was seen is taken."""
        for camera_id in camera_ids:
            if self.state(camera_id) is not None:
                state = self.rewind(camera_id)
                older = self._older(state)
                if older is not state:
                    self.changed[camera_id] = older

    def _older(self, state: State) -> State:
        pair = self._pair(state.camera_id)
        if pair is None:
            return health.age(state, self._now, self._rule(state))
        heard = verdict.age(state, pair, self._now, self._rules)
        return self._judged(state, heard) if heard.steps else state

    def rewind(self, camera_id: int) -> State:
        """Go on by a clock of ours that was set back. Of two witnesses the one who last spoke
        decides which time passed twice."""
        before = self.state(camera_id)
        assert before is not None  # noqa: S101  the caller asked
        state, twice = health.rewind(before, self._now, self._rule(before))
        if twice:
            self.changed[camera_id] = state
            self.batch.darks.append(twice)
            self.batch.tells(twice.starts_at)
            if pair := self._pair(camera_id):
                self.batch.pairs[camera_id] = verdict.rewound(pair, self._now, self._rules)
        return state

    def _rule(self, state: State) -> Policy:
        name = Name.DIRECT if state.last is None else verdict.witness_of(state.last)
        return self._rules[name]

    def enrol(self, places: Mapping[int, Place], judged_by: Mapping[int, JudgedBy]) -> None:
        """Who is in service from now on, and whose word counts for those with two witnesses."""
        for camera_id, (since, cause) in places.items():
            if camera_id in self._known.states:
                self._serve(camera_id, since, cause)
                continue
            new = State(camera_id=camera_id, dark=Darkness(since=since, cause=cause))
            self.fresh.append(new)
            if policy := judged_by.get(camera_id):
                self.batch.pairs[camera_id] = verdict.begin(new, policy, self._now)
        for camera_id, policy in judged_by.items():
            self._weigh(camera_id, policy)
        for camera_id in self._known.states.keys() - places.keys():
            self._leave(camera_id)
        self.batch.single += self._known.pairs.keys() - judged_by.keys()
        for camera_id in self.batch.single:
            self.batch.pairs.pop(camera_id, None)

    def _serve(self, camera_id: int, since: datetime, cause: Cause) -> None:
        state = self._known.states[camera_id]
        if state.last is None or state.last.at < since:
            self.darken(camera_id, since, cause)
        elif cause is Cause.NO_ADDRESS:  # it had an address until now
            self.darken(camera_id, self._now, cause)

    def _weigh(self, camera_id: int, judged_by: JudgedBy) -> None:
        """It has two witnesses: perhaps only now, or by another policy."""
        pair = self._pair(camera_id)
        if pair is not None and pair.judged_by is judged_by:
            return
        state = self.state(camera_id)
        if state is None:
            return
        if pair is None:
            pair = verdict.begin(state, judged_by, self._now)
        pair = replace(pair, judged_by=judged_by)
        steps = (verdict.judge(state, pair, self._now),)
        self.changed[camera_id] = self._judged(state, Heard(steps=steps, pair=pair))

    def _leave(self, camera_id: int) -> None:
        state, dark = health.lighten(self._known.states[camera_id], self._now)
        self.changed[camera_id] = state
        self.batch.darks += [dark] if dark else []
        if known := self._known.faults.get(camera_id):
            self.batch.faults += faults.leave(camera_id, known, self._now)
            self.faults[camera_id] = {}

    def _pair(self, camera_id: int) -> Pair | None:
        return self.batch.pairs.get(camera_id) or self._known.pairs.get(camera_id)

    def _judged(self, state: State, heard: Heard) -> State:
        """Note what became of a camera with two witnesses; returns its state."""
        self.batch.pairs[state.camera_id] = heard.pair
        for step in heard.steps:
            self._collect(state, step)
            state = step.state
        return state

    def _collect(self, before: State, step: Step) -> None:
        batch = self.batch
        if step.transition:
            batch.transitions.append(step.transition)
            batch.tells(step.transition.at)
        if step.dark:
            batch.darks.append(step.dark)
            ended = step.dark.ends_at if before.dark else None
            batch.tells(ended or step.dark.starts_at)
        if step.hour:
            batch.hours.append((step.state.camera_id, step.hour))

    def close(self) -> Batch:
        """All of it, for the database: which states are others, and what they were when read."""
        for camera_id, state in self.changed.items():
            before = self._known.states[camera_id]
            if state is before:
                continue
            self.batch.states.append((state, before.last.at if before.last else None))
            if state.dark and state.dark != before.dark:
                self.batch.tells(state.dark.since)
        return self.batch
