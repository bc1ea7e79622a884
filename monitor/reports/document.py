"""Writes the report as one HTML document that needs nothing else: no script, font or picture.

The same figures give the same bytes. Every text is escaped by the template engine.
"""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from monitor.reports import charts, content, words
from monitor.reports.content import Figures

_TITLES = {"daily": ("Daily", "日报"), "weekly": ("Weekly", "周报"), "monthly": ("Monthly", "月报")}
_MOST_CAMERAS = 20


def render_html(figures: Figures) -> str:
    """The report as HTML text."""
    return _template().render(
        f=figures,
        c=content,
        w=words,
        title=_TITLES[figures.period.kind],
        zone=figures.period.zone,
        day_chart=charts.days(figures) if figures.days and figures.period.days > 1 else None,
        chart_width=charts.WIDTH,
        worst=figures.worst[:_MOST_CAMERAS],
        long_offline=figures.long_offline[:_MOST_CAMERAS],
        sample=figures.estate["simulated"] > 0,
    )


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
