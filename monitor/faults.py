"""Named faults of a camera: a defect of one that answers, confirmed, opened and closed. Pure.

A fault is dated at the first observation that showed it, and closed at the first one that no longer
did; each needs as many in a row as its rule says. Health is left to `health`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from monitor.model import Observation


class FaultKind(StrEnum):
    """What can be wrong with a camera that answers."""

    CLOCK = "clock"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Observations in a row that open a fault, and that close it."""

    opens: int
    closes: int


RULES: Mapping[FaultKind, Rule] = {FaultKind.CLOCK: Rule(opens=2, closes=2)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What is known of one kind of fault of a camera. opened_at: None while it is only suspected.

    count, first_at: the run of observations that contradicts this.
    """

    opened_at: datetime | None = None
    count: int = 0
    first_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A fault that opened, or closed (closed_at)."""

    camera_id: int
    kind: FaultKind
    opened_at: datetime
    closed_at: datetime | None
    detail: str


Faults = Mapping[FaultKind, Fault]
"""Kinds that are open or suspected; all others are sound."""

_SOUND = Fault()


def step(
    known: Faults, seen: Observation, clock_tolerance: timedelta
) -> tuple[Faults, tuple[Change, ...]]:
    """Take one observation that `health.step` took: the faults after it, and what changed."""
    signs = tuple(_signs(seen, clock_tolerance))
    if not known and not any(wrong for _, wrong, _ in signs):
        return known, ()  # nearly all of them
    after, changes = known, []
    for kind, wrong, detail in signs:
        fault, change = _judge(known.get(kind, _SOUND), seen, kind, wrong=wrong, detail=detail)
        if fault is not known.get(kind, _SOUND):
            after = {**after, kind: fault}
        if change:
            changes.append(change)
    return {kind: fault for kind, fault in after.items() if fault != _SOUND}, tuple(changes)


def leave(camera_id: int, known: Faults, at: datetime) -> tuple[Change, ...]:
    """Close all that is open: the camera has left service, as an outage of it ends then."""
    return tuple(
        Change(
            camera_id=camera_id,
            kind=kind,
            opened_at=fault.opened_at,
            closed_at=max(at, fault.opened_at),
            detail=fault.detail,
        )
        for kind, fault in known.items()
        if fault.opened_at is not None
    )


def _signs(seen: Observation, clock_tolerance: timedelta) -> Iterator[tuple[FaultKind, bool, str]]:
    """What the observation says of each kind that it says something of."""
    if seen.clock_offset_s is not None:
        off = abs(seen.clock_offset_s) > clock_tolerance.total_seconds()
        yield FaultKind.CLOCK, off, f"clock off by {seen.clock_offset_s:+.1f} s"


def _judge(
    fault: Fault, seen: Observation, kind: FaultKind, *, wrong: bool, detail: str
) -> tuple[Fault, Change | None]:
    is_open = fault.opened_at is not None
    if wrong is is_open:  # it says what is known; a run against it ends
        return (replace(fault, count=0, first_at=None) if fault.count else fault), None
    count, first_at = fault.count + 1, fault.first_at or seen.at
    rule = RULES[kind]
    if count < (rule.opens if wrong else rule.closes):
        said = detail if wrong else fault.detail
        return replace(fault, count=count, first_at=first_at, detail=said), None
    if fault.opened_at is None:
        opened = Fault(opened_at=first_at, detail=detail)
        return opened, _change(seen.camera_id, kind, first_at, None, detail)
    closed_at = max(first_at, fault.opened_at)
    return _SOUND, _change(seen.camera_id, kind, fault.opened_at, closed_at, fault.detail)


def _change(
    camera_id: int, kind: FaultKind, opened_at: datetime, closed_at: datetime | None, detail: str
) -> Change:
    return Change(
        camera_id=camera_id, kind=kind, opened_at=opened_at, closed_at=closed_at, detail=detail
    )
