"""Daily, weekly and monthly reports for the committee: one HTML document, and CSV tables beside it.

`periods` says which days, `gather` reads the figures, `document` and `sheets` write them as text,
`files` puts them on disk, `archive` into the database. `make` does all of it; when to do it is left
to the caller.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from db.pool import Connection
from monitor.reports.archive import store
from monitor.reports.content import Figures, Light
from monitor.reports.document import render_html
from monitor.reports.files import FORMATS, ReportNotWritten, check, write
from monitor.reports.gather import read
from monitor.reports.periods import KINDS, Period, period
from monitor.reports.sheets import render_csv
from monitor.settings import Settings

__all__ = [
    "FORMATS",
    "KINDS",
    "Figures",
    "Made",
    "Period",
    "ReportNotWritten",
    "make",
    "period",
    "read",
    "render_csv",
    "render_html",
    "store",
    "write",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A report that was written. files: HTML first. target_missed: by the city as a whole."""

    files: tuple[Path, ...]
    target_missed: bool


async def make(
    conn: Connection,
    kind: str,
    settings: Settings,
    *,
    now: datetime,
    out: Path,
    day: date | None = None,
    formats: Sequence[str] = FORMATS,
) -> Made:
    """Read, write and store one report.

    day: any day of the period; None means the last complete one. Raises ValueError for a format or
    period that does not exist, ReportNotWritten when the folder does not take the files; nothing is
    stored then.
    """
    check(formats)
    figures = await read(
        conn,
        period(kind, day, settings.city.timezone, now),
        now,
        city=settings.city.name,
    )
    # in a thread: writing 20,000 cameras takes seconds, in which the event loop must go on asking
    written = await asyncio.to_thread(write, figures, out, formats)
    await store(conn, figures)
    missed = figures.light in (Light.YELLOW, Light.RED)
    return Made(files=tuple(written), target_missed=missed)
