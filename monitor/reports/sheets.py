"""Writes the same figures as CSV tables for spreadsheets; each row can be checked on its own.

Rates are in percent, rounded as in the document; numerators and denominators are not rounded. Text
that a spreadsheet would run is kept from it by an apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import timedelta

from monitor.availability import Ledger
from monitor.inventory.grid import protect
from monitor.reports.content import METHOD, Covered, Figures, Light, Targets, published
from monitor.reports.words import KINDS, LIGHTS, local, percent

Cell = str | int | float | None
Row = list[Cell]
_BOM = "\ufeff"  # without it Excel reads UTF-8 as the local code page
_HOUR = timedelta(hours=1)
_COMMON = {
    "rate": "availability_percent,numerator_h,denominator_h,observed_share_percent,best_percent,"
    "worst_percent,outages,down_h,unreachable_h,planned_h,exempt_h,unobserved_h,"
    "out_of_service_h,light,change_pp,method,window,state",
    "coverage": "unit,size,designed_percent,designed,effective_percent,numerator,denominator,"
    "observed_share_percent,upper_percent,lost,excess,unrequired,mean_effective_percent,mean_numerator,mean_denominator,"
    "place_days,method,model,as_of,window,state",
}
_OWN = {
    "groups": "by,name,cameras",
    "cameras": "camera_code,name,area_code,area,longest_outage_h,reason,meaning,down_since",
    "coverage": "row,kind,place_id,place,area,required_percent,places,places_required",
    "days": "day,cameras",
}


def render_csv(figures: Figures) -> dict[str, str]:
    """File name -> text, each with a byte order mark."""
    return {
        "cameras.csv": _text(_OWN["cameras"], _COMMON["rate"], _cameras(figures)),
        "coverage.csv": _text(_OWN["coverage"], _COMMON["coverage"], _coverage(figures)),
        "days.csv": _text(_OWN["days"], _COMMON["rate"], _days(figures)),
        "groups.csv": _text(_OWN["groups"], _COMMON["rate"], _groups(figures)),
    }


def _text(own: str, common: str, rows: Iterable[Row]) -> str:
    written = io.StringIO()
    written.write(_BOM)
    writer = csv.writer(written)
    writer.writerow([*own.split(","), *common.split(",")])
    writer.writerows([_cell(each) for each in row] for row in rows)
    return written.getvalue()


def _cell(value: Cell) -> str:
    match value:
        case None:
            return ""
        case float():
            return format(value, ".6f").rstrip("0").rstrip(".")
        case int():
            return str(value)
    return protect(value)


def _groups(figures: Figures) -> Iterator[Row]:
    for each in figures.groups:
        own: Row = [each.sort, each.name or "", each.cameras]
        yield own + _rate(each.ledger, figures, judged=False)
    total: Row = ["total", "", figures.assessed_cameras]
    yield total + _rate(figures.total, figures, change=figures.change)


def _days(figures: Figures) -> Iterator[Row]:
    for each in figures.days:
        own: Row = [each.day.isoformat(), each.cameras]
        yield own + _rate(each.ledger, figures)
    total: Row = ["Total", figures.assessed_cameras]
    yield total + _rate(figures.total, figures, change=figures.change)


def _cameras(figures: Figures) -> Iterator[Row]:
    zone = figures.period.zone
    for each in figures.cameras:
        own: Row = [
            each.code,
            each.name,
            each.area_code,
            each.area,
            each.longest / _HOUR if each.longest else None,
            each.reason,
            each.meaning,
            local(each.down_since, zone) if each.down_since else None,
        ]
        yield own + _rate(each.ledger, figures)


def _rate(
    ledger: Ledger, figures: Figures, *, change: float | None = None, judged: bool = True
) -> Row:
    """The common columns of a rate, which is left out where the document prints none."""
    targets = figures.targets
    light = targets.judge(ledger) if judged else Light.NO_TARGET
    return [
        _percent(published(ledger), targets),
        ledger.up / _HOUR,
        ledger.assessed / _HOUR,
        _percent(ledger.observed_share, targets),
        _percent(ledger.best, targets),
        _percent(ledger.worst, targets),
        ledger.outages,
        *(
            duration / _HOUR
            for duration in (
                ledger.down,
                ledger.unreachable,
                ledger.planned,
                ledger.exempt,
                ledger.unobserved,
                ledger.out_of_service,
            )
        ),
        "" if light in (Light.NONE, Light.NO_TARGET) else LIGHTS[light][1],
        None if change is None else change * 100,
        METHOD,
        *_window(figures),
    ]


def _percent(ratio: float | None, targets: Targets) -> Cell:
    return None if ratio is None else percent(ratio, *targets.marks)


def _window(figures: Figures) -> list[Cell]:
    period = figures.period
    state = "final" if figures.final else "provisional"
    return [f"{period.first_day}/{period.last_day} {period.timezone}", state]


def _coverage(figures: Figures) -> Iterator[Row]:
    for kind in figures.kinds:
        own: Row = ["total", kind.kind, None, KINDS[kind.kind][0], "", None]
        yield [*own, kind.places, kind.required, *_cover(kind.covered, kind.unit, figures)]
    for place in figures.places:
        required = None if place.required is None else percent(place.required)
        own = ["place", place.kind, place.place_id, place.name, place.area, required]
        yield [*own, None, None, *_cover(place.covered, place.unit, figures)]


def _cover(covered: Covered, unit: str, figures: Figures) -> Row:
    model = figures.model
    return [
        unit,
        covered.size,
        _share(covered.designed, covered.size),
        covered.designed,
        _share(covered.effective, covered.size),
        covered.effective,
        covered.size,
        _share(covered.observed_share, 1),
        _share(covered.upper, covered.size),
        covered.lost,
        covered.excess,
        covered.unrequired,
        _share(covered.mean, covered.mean_size),
        covered.mean,
        covered.mean_size,
        covered.days,
        "covered amount / amount",
        "" if model is None else str(model.settings.get("name", "")),
        "" if model is None else local(model.as_of, figures.period.zone),
        *_window(figures),
    ]


def _share(part: float | None, whole: float) -> Cell:
    return None if part is None or not whole else percent(part / whole)
