"""The days a report is about: one local day, one ISO week, one calendar month.

No clock: the caller passes `now`. Days are those of the city's time zone, also where clocks change.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

KINDS = ("daily", "weekly", "monthly")
_DAY = timedelta(days=1)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000  # beyond them no arithmetic of dates is safe


@dataclass(frozen=True, kw_only=True, slots=True)
class Period:
    """Whole local days, both ends included. kind: one of `KINDS`. timezone: IANA name."""

    kind: str
    first_day: date
    last_day: date
    timezone: str

    @property
    def starts_at(self) -> datetime:
        """The first instant, in UTC."""
        return _midnight(self.first_day, self.timezone)

    @property
    def ends_at(self) -> datetime:
        """The first instant after it, in UTC."""
        return _midnight(self.last_day + _DAY, self.timezone)

    @property
    def zone(self) -> ZoneInfo:
        """The zone itself."""
        return ZoneInfo(self.timezone)

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last_day - self.first_day).days + 1

    @property
    def name(self) -> str:
        """Short name that sorts by time and suits a file name: 2026-11-22, 2026-W47, 2026-11."""
        if self.kind == "weekly":
            week = self.first_day.isocalendar()
            return f"{week.year}-W{week.week:02}"
        return self.first_day.strftime("%Y-%m" if self.kind == "monthly" else "%Y-%m-%d")

    @property
    def stem(self) -> str:
        """What the names of the report's files begin with."""
        return f"{self.kind}-{self.name}"

    @property
    def previous(self) -> "Period":
        """The period of the same kind that ends where this one begins."""
        return _containing(self.kind, self.first_day - _DAY, self.timezone)


def period(kind: str, day: date | None, timezone: str, now: datetime) -> Period:
    """The period that contains a day; without one, the last period that is complete.

    The running period may be asked for, its report is provisional. Raises ValueError for an unknown
    kind or zone, and for a period that has not begun.
    """
    if kind not in KINDS:
        raise ValueError(f'there is no "{kind}" report; there are: {", ".join(KINDS)}')
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as exc:
        raise ValueError(f'"{timezone}" is not a time zone like "Asia/Shanghai"') from exc
    if day is None:
        return _containing(kind, now.astimezone(zone).date(), timezone).previous
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"the day {day} is outside the years {_FIRST_YEAR} to {_LAST_YEAR}")
    found = _containing(kind, day, timezone)
    if found.starts_at > now:
        raise ValueError(f"the {kind} period {found.name} has not begun")
    return found


def _containing(kind: str, day: date, timezone: str) -> Period:
    if kind == "weekly":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=6)
    elif kind == "monthly":
        first = day.replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - _DAY
    else:
        first = last = day
    return Period(kind=kind, first_day=first, last_day=last, timezone=timezone)


def _midnight(day: date, timezone: str) -> datetime:
    """Where a zone skips midnight this is the instant of the change; neighbours always touch."""
    return datetime.combine(day, time(), ZoneInfo(timezone)).astimezone(UTC)
