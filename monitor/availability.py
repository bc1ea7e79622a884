"""The ledger: the wall-clock seconds of a camera, split by what is known about them. Pure.

Made of facts only: transitions, intents, windows and unobserved time. It always sums to the window.
Where several facts cover one moment, the first of this order counts: out of service, planned,
exempt, unobserved, then the measured health; health unknown is unobserved.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Generic, TypeVar

from monitor.model import Cause, Health, Intent

_SECOND = timedelta(seconds=1)
_ZERO = timedelta(0)
_T = TypeVar("_T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A labelled stretch of time; `ends_at` None means: still going on."""

    starts_at: datetime
    ends_at: datetime | None
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The facts about one camera, each list in order of time.

    healths, intents: (from when on, what); before the first, health is unknown and the camera out
    of service. unobserved: label is a Cause. windows: label is "planned" or "exempt".
    """

    healths: Sequence[tuple[datetime, Health]] = ()
    intents: Sequence[tuple[datetime, Intent]] = ()
    unobserved: Sequence[Stretch] = ()
    windows: Sequence[Stretch] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """Seconds of one or many cameras in a window, exact to the microsecond.

    outages: changes to down that began inside the window while the camera was assessed.
    """

    up: timedelta = _ZERO
    down: timedelta = _ZERO
    unreachable: timedelta = _ZERO
    planned: timedelta = _ZERO
    exempt: timedelta = _ZERO
    unobserved: timedelta = _ZERO
    out_of_service: timedelta = _ZERO
    causes: Mapping[str, timedelta] = field(default_factory=dict)
    outages: int = 0

    @property
    def assessed(self) -> timedelta:
        """What a rate is made of."""
        return self.up + self.down + self.unreachable

    @property
    def total(self) -> timedelta:
        """The wall clock, times the number of cameras."""
        return self.assessed + self.planned + self.exempt + self.unobserved + self.out_of_service

    @property
    def availability(self) -> float | None:
        """up / (up + down + unreachable); None when nothing was assessed."""
        return _ratio(self.up, self.assessed)

    @property
    def best(self) -> float | None:
        """Availability if every unobserved second had been up."""
        return _ratio(self.up + self.unobserved, self.assessed + self.unobserved)

    @property
    def worst(self) -> float | None:
        """Availability if every unobserved second had been down."""
        return _ratio(self.up, self.assessed + self.unobserved)

    @property
    def observed_share(self) -> float | None:
        """Assessed share of the time in which the camera should have been assessed."""
        return _ratio(self.assessed, self.assessed + self.unobserved)

    def __add__(self, other: "Ledger") -> "Ledger":
        causes = dict(self.causes)
        for cause, duration in other.causes.items():
            causes[cause] = causes.get(cause, _ZERO) + duration
        return Ledger(
            up=self.up + other.up,
            down=self.down + other.down,
            unreachable=self.unreachable + other.unreachable,
            planned=self.planned + other.planned,
            exempt=self.exempt + other.exempt,
            unobserved=self.unobserved + other.unobserved,
            out_of_service=self.out_of_service + other.out_of_service,
            causes=causes,
            outages=self.outages + other.outages,
        )

    def as_json(self) -> dict[str, Any]:
        """Seconds per column, the split of the unobserved, and the shares (0..1 or null)."""
        return {
            "up": self.up / _SECOND,
            "down": self.down / _SECOND,
            "unreachable": self.unreachable / _SECOND,
            "planned": self.planned / _SECOND,
            "exempt": self.exempt / _SECOND,
            "unobserved": self.unobserved / _SECOND,
            "out_of_service": self.out_of_service / _SECOND,
            "unobserved_by_cause": {
                cause: duration / _SECOND for cause, duration in sorted(self.causes.items())
            },
            "outages": self.outages,
            "observed_share": self.observed_share,
            "availability": self.availability,
            "best": self.best,
            "worst": self.worst,
        }


def _ratio(part: timedelta, whole: timedelta) -> float | None:
    return part / whole if whole else None


def ledger(history: History, starts_at: datetime, ends_at: datetime) -> Ledger:
    """Split [starts_at, ends_at). Raises ValueError when the window ends before it starts."""
    if ends_at < starts_at:
        raise ValueError("the window ends before it starts")
    durations: dict[str, timedelta] = {}
    causes: dict[str, timedelta] = {}
    outages = 0
    failures = {at for at, health in history.healths if health is Health.DOWN}
    for begin, end, column, cause in split(history, starts_at, ends_at):
        durations[column] = durations.get(column, _ZERO) + (end - begin)
        if cause:
            causes[cause] = causes.get(cause, _ZERO) + (end - begin)
        elif column == "down" and begin in failures:
            outages += 1
    return Ledger(**durations, causes=causes, outages=outages)


def split(
    history: History, starts_at: datetime, ends_at: datetime
) -> Iterator[tuple[datetime, datetime, str, str]]:
    """Pieces (begin, end, column of the ledger, cause if unobserved) that tile the window."""
    cuts = _cuts(history, starts_at, ends_at)
    intent, health = _Track(history.intents), _Track(history.healths)
    windows, unobserved = _Cover(history.windows), _Cover(history.unobserved)
    for begin, end in pairwise(cuts):
        approved = windows.at(begin)
        dark = unobserved.at(begin)
        measured = health.at(begin)
        if intent.at(begin) is not Intent.IN_SERVICE:
            yield begin, end, "out_of_service", ""
        elif approved:
            planned = any(each.label == "planned" for each in approved)
            yield begin, end, "planned" if planned else "exempt", ""
        elif dark:
            yield begin, end, "unobserved", dark[0].label
        elif measured is None or measured is Health.UNKNOWN:
            yield begin, end, "unobserved", Cause.NOT_YET.value
        else:
            yield begin, end, measured.value, ""


def total(ledgers: Iterable[Ledger]) -> Ledger:
    """Sum of many cameras or many days."""
    result = Ledger()
    for each in ledgers:
        result = result + each
    return result


def _cuts(history: History, starts_at: datetime, ends_at: datetime) -> list[datetime]:
    moments = {at for at, _ in history.healths}
    moments.update(at for at, _ in history.intents)
    for stretches in (history.unobserved, history.windows):
        for stretch in stretches:
            moments.add(stretch.starts_at)
            if stretch.ends_at is not None:
                moments.add(stretch.ends_at)
    inside = sorted(at for at in moments if starts_at < at < ends_at)
    return [starts_at, *inside, ends_at]


class _Track(Generic[_T]):
    """Dated values; `at` is asked with moments that only grow. None before the first value."""

    __slots__ = ("_changes", "_next", "_value")

    def __init__(self, changes: Sequence[tuple[datetime, _T]]) -> None:
        self._changes = changes
        self._next = 0
        self._value: _T | None = None

    def at(self, moment: datetime) -> _T | None:
        changes = self._changes
        while self._next < len(changes) and changes[self._next][0] <= moment:
            self._value = changes[self._next][1]
            self._next += 1
        return self._value


class _Cover:
    """Stretches by start; `at` gives those that cover a moment, and moments only grow."""

    __slots__ = ("_active", "_next", "_stretches")

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        self._stretches = stretches
        self._next = 0
        self._active: list[Stretch] = []

    def at(self, moment: datetime) -> list[Stretch]:
        stretches = self._stretches
        while self._next < len(stretches) and stretches[self._next].starts_at <= moment:
            self._active.append(stretches[self._next])
            self._next += 1
        if self._active:
            self._active = [
                each for each in self._active if each.ends_at is None or moment < each.ends_at
            ]
        return self._active
