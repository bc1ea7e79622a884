"""Keeps the figures of issued reports in the database, as plain JSON."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from db import sums
from db.pool import Connection
from monitor.availability import Ledger
from monitor.reports.content import METHOD, Figures, published

_MOST_CAMERAS = 1_000  # stored with a report


async def store(conn: Connection, figures: Figures) -> None:
    """Keep the figures of an issued report."""
    period = figures.period
    days = period.first_day, period.last_day
    await sums.keep(conn, period.kind, days, figures.as_of, METHOD, frozen(figures))


def frozen(figures: Figures) -> dict[str, Any]:
    """The figures as JSON: seconds for durations, ISO 8601 for instants, and the rates.

    Of the cameras only the worst are kept; the ledger holds the others.
    """
    kept = dataclasses.replace(figures, cameras=figures.worst[:_MOST_CAMERAS])
    plain: dict[str, Any] = _plain(kept)
    plain["published"] = published(figures.total)
    plain["change"] = figures.change
    return plain


def _plain(value: object) -> Any:
    match value:
        case Ledger():
            return value.as_json()
        case timedelta():
            return value.total_seconds()
        case datetime() | date():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(each) for name, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    if dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return value
