"""Where the marks of the report's drawings go, in the units of their SVG; the template draws.

Every rate is drawn with its bounds: what it were if all unobserved time had been up, or down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from monitor.availability import Ledger
from monitor.reports.content import DayLine, Figures, Light, published
from monitor.reports.words import DASH, LIGHTS, percent

WIDTH = 680.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 14.0, 16.0, 24.0
_HEIGHT = 190.0
_FLOORS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.6, 0.4, 0.2, 0.0)
_LABELLED_UP_TO = 10  # more values than this would touch each other


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """One rate. y_best, y_worst: ends of its whisker, None without observed time.

    value: the rate in words where there is room, or the sign that stands for a missing one.
    """

    x: float
    y: float | None
    y_best: float | None
    y_worst: float | None
    light: Light
    value: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DayChart:
    """Availability per day. grid: (y, label). joined: runs of neighbouring days with a rate."""

    height: float
    left: float
    right: float
    bottom: float
    grid: tuple[tuple[float, str], ...]
    target_y: float | None
    marks: tuple[Mark, ...]
    joined: tuple[str, ...]


def days(figures: Figures) -> DayChart:
    """All days of the period, also those without figures.

    The scale begins at a round value below the bounds of all rates; others end at its foot.
    """
    low = _floor(figures)
    low_y = _HEIGHT - _BOTTOM

    def y(ratio: float) -> float:
        return round(low_y - (max(ratio, low) - low) / (1 - low) * (low_y - _TOP), 1)

    stored = {each.day: each for each in figures.days}
    count = figures.period.days
    today = figures.as_of.astimezone(figures.period.zone).date()
    step = (WIDTH - _LEFT - _RIGHT) / count
    every = -(-count // 16)
    marks = []
    for number in range(count):
        day = figures.period.first_day + timedelta(days=number)
        line = stored.get(day)
        ledger = line.ledger if line else Ledger()
        rate = published(ledger)
        shown = percent(rate) if rate is not None and count <= _LABELLED_UP_TO else ""
        marks.append(
            Mark(
                x=round(_LEFT + step * (number + 0.5), 1),
                y=None if rate is None else y(rate),
                y_best=None if ledger.best is None else y(ledger.best),
                y_worst=None if ledger.worst is None else y(ledger.worst),
                light=line.light if line else Light.NONE,
                value=_sign(line) if rate is None and day <= today else shown,
                label=f"{day:{'%a %d' if count <= _LABELLED_UP_TO else '%d'}}"
                if number % every == 0
                else "",
            )
        )
    quarters = [low + (1 - low) * part / 4 for part in range(5)]
    return DayChart(
        height=_HEIGHT,
        left=_LEFT,
        right=WIDTH - _RIGHT,
        bottom=low_y,
        grid=tuple((y(each), f"{each * 100:.6g} %") for each in quarters),
        target_y=None if figures.targets.green is None else y(figures.targets.green),
        marks=tuple(marks),
        joined=_joined(marks),
    )


def _floor(figures: Figures) -> float:
    worst = [
        each.ledger.worst
        for each in figures.days
        if published(each.ledger) is not None and each.ledger.worst is not None
    ]
    lowest = min([*worst, *figures.targets.marks], default=0.0)
    return next(each for each in _FLOORS if each <= lowest)


def _sign(line: DayLine | None) -> str:
    return DASH if line is None else LIGHTS[line.light][0]


def _joined(marks: Sequence[Mark]) -> tuple[str, ...]:
    runs: list[list[str]] = [[]]
    for each in marks:
        if each.y is None:
            runs.append([])
        else:
            runs[-1].append(f"{each.x},{each.y}")
    return tuple(" ".join(run) for run in runs if len(run) > 1)
