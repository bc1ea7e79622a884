"""Writes the report as one HTML document that needs nothing else: no script, font or picture.

The same figures give the same bytes. Every text is escaped by the template engine.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from monitor.reports import charts, content, words
from monitor.reports.content import AreaLine, Figures

_TITLES = {"daily": ("Daily", "日报"), "weekly": ("Weekly", "周报"), "monthly": ("Monthly", "月报")}
_MOST_AREAS = 60  # more would bury the table; areas.csv has all
_MOST_BARS = 24
_MOST_CAMERAS = 20
_MOST_PLACES = 10


def render_html(figures: Figures) -> str:
    """The report as HTML text."""
    areas = shown_areas(figures.areas)
    ranked = [each for each in areas if each.depth == _ranked_depth(figures.areas)]
    return _template().render(
        f=figures,
        c=content,
        w=words,
        title=_TITLES[figures.period.kind],
        zone=figures.period.zone,
        areas=areas,
        day_chart=charts.days(figures) if figures.days and figures.period.days > 1 else None,
        area_chart=charts.areas(ranked[:_MOST_BARS], figures.targets.green),
        chart_width=charts.WIDTH,
        worst=figures.worst[:_MOST_CAMERAS],
        long_offline=figures.long_offline[:_MOST_CAMERAS],
        lost=_most_lost(figures),
        sample=figures.simulated > 0,
    )


def shown_areas(areas: tuple[AreaLine, ...]) -> tuple[AreaLine, ...]:
    """As many whole levels of the tree as fit, but always the two at the top."""
    depth = max((each.depth for each in areas), default=0)
    while depth > 1 and sum(each.depth <= depth for each in areas) > _MOST_AREAS:
        depth -= 1
    return tuple(each for each in areas if each.depth <= depth)


def _ranked_depth(areas: tuple[AreaLine, ...]) -> int:
    """The level whose areas are compared in the drawing: the children of the top, or the tops."""
    return 1 if any(each.depth == 1 for each in areas) else 0


def _most_lost(figures: Figures) -> list[content.PlaceLine]:
    lost = [each for each in figures.places if each.covered.lost]
    by_share = sorted(lost, key=lambda each: -(each.covered.lost or 0) / (each.covered.size or 1))
    return by_share[:_MOST_PLACES]


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")
