"""Outages that touch a period, per camera, and the cameras that have been down for long."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from db import sums
from db.pool import Connection
from monitor.reports.content import BANDS_DAYS, LongOffline
from monitor.reports.periods import Period


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """One outage. inside: its part within the period; lasts: down at the period's end or now.

    in_service: what people said of the camera at that end.
    """

    name: str
    area: str | None
    started_at: datetime
    inside: timedelta
    lasts: bool
    in_service: bool
    reason: str
    meaning: str | None


async def read(conn: Connection, period: Period, now: datetime) -> dict[str, list[Outage]]:
    """By camera code the longest outage that ended and the one that lasts, as far as there are any.

    The future is cut off at `now`. A flapping camera may have thousands; they stay in the database.
    """
    found = await sums.outages(conn, period.starts_at, min(now, period.ends_at))
    happened: dict[str, list[Outage]] = {}
    for row in found:
        outage = Outage(
            name=row["name"],
            area=row["area"],
            started_at=row["started_at"],
            inside=row["inside"],
            lasts=row["lasts"],
            in_service=row["in_service"],
            reason=row["reason"],
            meaning=row["meaning"],
        )
        happened.setdefault(row["camera_code"], []).append(outage)
    return happened


def long_lasting(
    happened: Mapping[str, list[Outage]], period: Period, now: datetime
) -> tuple[LongOffline, ...]:
    """Cameras in service and down for longer than the first band at the end, the oldest first."""
    until = min(now, period.ends_at)
    found = [
        LongOffline(
            code=code,
            name=each.name,
            area=each.area,
            since=each.started_at,
            lasted=until - each.started_at,
            meaning=each.meaning or each.reason,
        )
        for code, outages in happened.items()
        for each in outages
        if each.lasts and each.in_service
    ]
    least = timedelta(days=BANDS_DAYS[0])
    return tuple(
        sorted((each for each in found if each.lasted > least), key=lambda e: (e.since, e.code))
    )
