"""What a report holds, as plain data, and the few rules that judge a figure. Pure.

Sums of time are `monitor.availability.Ledger`, which defines every rate made of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from monitor.availability import Ledger
from monitor.limits import MARGIN, OBSERVED_AT_LEAST
from monitor.reports.periods import Period

METHOD = "C time-weighted"  # domain 6, card M02; the method that `report.method` names
DECLARED = ("declared", "review_due")
BANDS_DAYS = (3, 7, 30)  # M08, long offline


class Light(StrEnum):
    """The judgement of the whole against the contract's target; without one there is none."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    INSUFFICIENT = "insufficient data"
    NONE = "nothing assessed"
    NO_TARGET = "no target"


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """What the maintenance contract asks for, None without one; `margin` below it is yellow."""

    green: float | None = None
    margin: float = MARGIN

    @property
    def yellow(self) -> float | None:
        """The lowest availability that is still yellow."""
        return None if self.green is None else round(self.green - self.margin, 9)

    @property
    def marks(self) -> tuple[float, ...]:
        """The limits that rounding must not reach."""
        return tuple(each for each in (self.green, self.yellow) if each is not None)

    def judge(self, ledger: Ledger) -> Light:
        """Compares the unrounded rate; too little observed time is not judged."""
        value, observed = ledger.availability, ledger.observed_share
        if value is None or observed is None:
            return Light.NONE if not ledger.unobserved else Light.INSUFFICIENT
        if observed < OBSERVED_AT_LEAST:
            return Light.INSUFFICIENT
        if self.green is None or self.yellow is None:
            return Light.NO_TARGET
        if value >= self.green:
            return Light.GREEN
        return Light.YELLOW if value >= self.yellow else Light.RED


def offline(ledger: Ledger) -> timedelta:
    """Down by itself or behind a parent that is down."""
    return ledger.down + ledger.unreachable


def published(ledger: Ledger) -> float | None:
    """The availability (0..1) that may be printed: None without enough observed time."""
    observed = ledger.observed_share
    return ledger.availability if observed and observed >= OBSERVED_AT_LEAST else None


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupLine:
    """All declared cameras of one purpose, or of one maintenance contract. Units are not compared.

    sort: purpose or contract. name: None where files say none. cameras: in service at some time.
    """

    sort: str
    name: str | None
    cameras: int
    ledger: Ledger


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonLine:
    """Outages by what took the cameras down, cut at the ends of the period."""

    reason: str
    meaning: str | None
    outages: int
    cameras: int
    lasted: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Removal:
    """A camera that was taken away."""

    code: str
    name: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Overdue:
    """A declared camera whose review is overdue."""

    code: str
    name: str
    body: str | None
    review_due: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Rests:
    """The edition of the register that a report rests on. holds: nothing was changed since."""

    number: int
    made_at: datetime
    digest: str
    holds: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """How often people of one role did one thing."""

    role: str
    action: str
    times: int
    people: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DayLine:
    """All cameras on one local day."""

    day: date
    cameras: int
    ledger: Ledger
    light: Light


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraLine:
    """One camera in service. longest: its longest outage, wall clock, cut at the period's ends.

    reason: code and words of that outage. down_since: set when it is still down at the end.
    """

    code: str
    name: str
    area_code: str | None
    area: str | None
    ledger: Ledger
    longest: timedelta | None = None
    reason: str | None = None
    meaning: str | None = None
    down_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LongOffline:
    """A camera that is in service and down since more than the first of `BANDS_DAYS`."""

    code: str
    name: str
    area: str | None
    since: datetime
    lasted: timedelta
    meaning: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """Covered amounts of one place, or of all places of a kind as sums. unit: m or m².

    size: length or area. designed, effective, upper: amounts, not ratios, as of the report; None
    until computed. excess: designed to be watched by more cameras than are required; unrequired: of
    that, although nothing is required. mean: effective amount on average over the stored days of
    the period and mean_size, its denominator. days: how many place-days that are.
    """

    size: float
    designed: float | None
    effective: float | None
    upper: float | None
    excess: float | None
    unrequired: float | None
    mean: float | None
    mean_size: float
    days: int

    @property
    def lost(self) -> float | None:
        """Designed, but surely dark now: what hangs on unknown cameras is not lost."""
        if self.designed is None or self.upper is None:
            return None
        return max(self.designed - self.upper, 0.0)

    @property
    def observed_share(self) -> float | None:
        """1 less what hangs on cameras of unknown state."""
        if self.upper is None or self.effective is None or not self.size:
            return None
        return 1 - (self.upper - self.effective) / self.size


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceLine:
    """One street, school or named area. required: share that it needs, None without a reason."""

    place_id: int
    kind: str
    name: str
    area: str | None
    unit: str
    required: float | None
    covered: Covered


@dataclass(frozen=True, kw_only=True, slots=True)
class KindLine:
    """All places of one kind. required: how many of them have a requirement in force."""

    kind: str
    unit: str
    places: int
    required: int
    covered: Covered


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption:
    """Approved windows of one kind and reason that touch the period; duration inside of it."""

    kind: str
    reason_code: str
    windows: int
    cameras: int
    duration: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Defect:
    """Cameras with one defect of their file. detail: the sentence for the operator."""

    name: str
    detail: str
    cameras: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CoverageModel:
    """What the coverage rests on: its settings as stored, and when it was computed."""

    settings: Mapping[str, object]
    as_of: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class StateLine:
    """Cameras of one state in the register, those taken away left out.

    attended: how many of them are still looked after. first_declare_by: when the first one of these
    is let go.
    """

    state: str
    cameras: int
    attended: int
    first_declare_by: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Protected:
    """Cameras that look at protected places, as of the report: of all that hang, how many were
    compared, look at one, and have an answer that holds. changes: findings that were opened in the
    period, and ended, by what ended them. layers: source and day.
    """

    cameras: int
    compared: int
    looking: int
    answered: int
    changes: Mapping[str, int]
    layers: tuple[tuple[str, date], ...]

    @property
    def ended(self) -> int:
        """How many ended by what people did to the camera."""
        done = ("turned", "masked", "shortened", "removed")
        return sum(self.changes.get(how, 0) for how in done)


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """How long recordings of declared cameras are kept, as platforms told it last: of so many
    declared ones, how many are known, and are kept longer or shorter than declared."""

    declared: int
    known: int
    longer: int
    shorter: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """All of one report, read in one snapshot at `as_of`.

    up_to: the instant the stored figures reach, None when there are none. days: those with stored
    figures of declared cameras; stored_days: with any. groups: purposes, then contracts. cameras:
    by code. long_offline, reasons, overdue: the oldest or longest first. estate: counts of cameras
    and the live online rate at `as_of`, as `db.views.estate` gives them. left_out, left_out_time:
    cameras that were not declared on some of the days, and their time in service, which are in no
    sum. register: states at `as_of`. edition: what the report rests on. notes: sentences about what
    is missing or does not add up.
    """

    city: str
    period: Period
    as_of: datetime
    final: bool
    up_to: datetime | None
    targets: Targets
    total: Ledger
    previous: Ledger
    light: Light
    assessed_cameras: int
    estate: Mapping[str, Any]
    stored_days: int
    left_out: int
    left_out_time: timedelta
    register: tuple[StateLine, ...]
    days: tuple[DayLine, ...]
    groups: tuple[GroupLine, ...]
    reasons: tuple[ReasonLine, ...]
    removals: tuple[Removal, ...]
    overdue: tuple[Overdue, ...]
    protected: Protected
    retention: Retention
    edition: Rests | None
    looks: tuple[Look, ...]
    cameras: tuple[CameraLine, ...]
    long_offline: tuple[LongOffline, ...]
    exemptions: tuple[Exemption, ...]
    kinds: tuple[KindLine, ...]
    places: tuple[PlaceLine, ...]
    model: CoverageModel | None
    defects: tuple[Defect, ...]
    notes: tuple[str, ...]

    @property
    def change(self) -> float | None:
        """Availability less that of the period before (ratio); None unless both may be printed."""
        now, before = published(self.total), published(self.previous)
        return None if now is None or before is None else now - before

    @property
    def published(self) -> bool:
        """Whether this report rests on an edition of the register that still holds."""
        return self.edition is not None and self.edition.holds

    @property
    def undeclared(self) -> int:
        """Cameras that are not declared at `as_of`."""
        return sum(each.cameras for each in self.register if each.state not in DECLARED)

    @property
    def worst(self) -> tuple[CameraLine, ...]:
        """Cameras that were offline, the longest first."""
        down = (each for each in self.cameras if offline(each.ledger))
        return tuple(sorted(down, key=lambda each: (-offline(each.ledger), each.code)))

    def down_longer_than(self, days: int) -> int:
        """How many cameras in service are down for more days than this, at the end."""
        return sum(each.lasted > timedelta(days=days) for each in self.long_offline)
