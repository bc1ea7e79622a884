"""Outages that touch a period, per camera, and the cameras that have been down for long."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from db.pool import Connection
from monitor.reports.content import BANDS_DAYS, LongOffline
from monitor.reports.periods import Period


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """One outage. inside: its part within the period; lasts: down at the period's end or now.

    in_service: what people said of the camera at that end.
    """

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
    until = min(now, period.ends_at)
    found = await conn.fetch(
        """
        WITH said AS (
          SELECT DISTINCT ON (camera_code) camera_code, intent FROM bi.intent
          WHERE at < $2 ORDER BY camera_code, at DESC),
        happened AS (
          SELECT camera_code, started_at, reason, coalesce(ended_at > $2, true) AS lasts,
            least(ended_at, $2) - greatest(started_at, $1) AS inside
          FROM bi.incident
          WHERE started_at < $2 AND (ended_at IS NULL OR ended_at > $1)),
        longest AS (
          SELECT DISTINCT ON (camera_code, lasts) * FROM happened
          ORDER BY camera_code, lasts, inside DESC, started_at)
        SELECT o.camera_code, o.started_at, o.inside, o.lasts, o.reason, r.meaning,
          coalesce(said.intent = 'in_service', false) AS in_service
        FROM longest o
        LEFT JOIN bi.reason r ON r.reason = o.reason
        LEFT JOIN said ON said.camera_code = o.camera_code
        ORDER BY o.camera_code COLLATE "C", o.started_at
        """,
        period.starts_at,
        until,
    )
    happened: dict[str, list[Outage]] = {}
    for row in found:
        outage = Outage(
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
    happened: Mapping[str, list[Outage]],
    known: Iterable[asyncpg.Record],
    period: Period,
    now: datetime,
) -> tuple[LongOffline, ...]:
    """Cameras in service and down for longer than the first band at the end, the oldest first."""
    until = min(now, period.ends_at)
    found = [
        LongOffline(
            code=file["camera_code"],
            name=file["name"],
            area=file["area"],
            since=each.started_at,
            lasted=until - each.started_at,
            meaning=each.meaning or each.reason,
        )
        for file in known
        for each in happened.get(file["camera_code"], [])
        if each.lasts and each.in_service
    ]
    least = timedelta(days=BANDS_DAYS[0])
    return tuple(
        sorted((each for each in found if each.lasted > least), key=lambda e: (e.since, e.code))
    )
