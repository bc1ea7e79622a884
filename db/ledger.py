"""Rows of stored figures: ledgers per camera and area, coverage per place, and which days are done.

The arithmetic of a ledger is `monitor.availability`; coverage is averaged here, over its changes.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from db.pool import Connection
from monitor.availability import Ledger

CONFIRMED_AFTER = timedelta(hours=1)
"""So long after its end a day's figures are final: streaks are confirmed and queues stored."""

_LOCK = 0x5E_0200  # advisory lock: one closes days at a time
_SECOND = timedelta(seconds=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """A local day as a stretch of UTC; 23 or 25 hours long when clocks change."""

    day: date
    starts_at: datetime
    ends_at: datetime


async def first_fact(conn: Connection) -> datetime | None:
    """When the first camera came into the inventory."""
    found: datetime | None = await conn.fetchval("SELECT min(at) FROM intent_change")
    return found


async def final_days(conn: Connection) -> set[date]:
    """Days whose figures need no other look."""
    rows = await conn.fetch("SELECT day FROM day_closed WHERE final")
    return {row["day"] for row in rows}


async def reopen(conn: Connection, earliest: datetime, now: datetime) -> None:
    """Close days again of which facts have changed from `earliest` on.

    Whoever stores facts about the past calls it in the same transaction. Days that cannot be final
    yet are left alone, so that recording does not wait for closing.
    """
    await conn.execute(
        "UPDATE day_closed SET final = false WHERE ends_at > $1 AND ends_at <= $2",
        earliest,
        now - CONFIRMED_AFTER,
    )


async def claim(conn: Connection, day: Day) -> None:
    """Make the row of a day, so that a late fact stored while it is being closed is noticed."""
    await conn.execute(
        "INSERT INTO day_closed (day, ends_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        day.day,
        day.ends_at,
    )


async def take_turn(conn: Connection) -> None:
    """Wait until nobody else closes days; lasts as long as the transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def finish(conn: Connection, day: Day, now: datetime) -> None:
    """Note that a day has been closed as of `now`.

    Raises asyncpg.SerializationError in a repeatable-read transaction that missed a late fact.
    """
    await conn.execute(
        "UPDATE day_closed SET ends_at = $2, computed_at = $3, final = $4 WHERE day = $1",
        day.day,
        day.ends_at,
        now,
        now >= day.ends_at + CONFIRMED_AFTER,
    )


async def store(
    conn: Connection, day: Day, until: datetime, ledgers: Sequence[tuple[int, Ledger]]
) -> None:
    """Ledgers of cameras from the start of the day to `until`.

    The revision counts corrections: other figures for the same stretch. A row that only grows with
    the running day keeps its revision.
    """
    rows = [_row(camera_id, each) for camera_id, each in ledgers]
    if not rows:
        return
    await conn.execute(
        """
        INSERT INTO ledger_day AS stored (day, starts_at, ends_at, camera_id, up_s, down_s,
          unreachable_s, planned_s, exempt_s, unobserved_s, out_of_service_s, unobserved_by_cause,
          outages)
        SELECT $1, $2, $3, id, up, down, unreachable, planned, exempt, unobserved, out,
          causes::jsonb, outages
        FROM unnest($4::bigint[], $5::float8[], $6::float8[], $7::float8[], $8::float8[],
          $9::float8[], $10::float8[], $11::float8[], $12::text[], $13::int[])
          AS u (id, up, down, unreachable, planned, exempt, unobserved, out, causes, outages)
        ON CONFLICT (camera_id, day) DO UPDATE SET
          starts_at = excluded.starts_at, ends_at = excluded.ends_at, up_s = excluded.up_s,
          down_s = excluded.down_s, unreachable_s = excluded.unreachable_s,
          planned_s = excluded.planned_s, exempt_s = excluded.exempt_s,
          unobserved_s = excluded.unobserved_s, out_of_service_s = excluded.out_of_service_s,
          unobserved_by_cause = excluded.unobserved_by_cause, outages = excluded.outages,
          revision = stored.revision
            + (stored.starts_at = excluded.starts_at AND stored.ends_at = excluded.ends_at)::int
        WHERE (stored.starts_at, stored.ends_at, stored.up_s, stored.down_s, stored.unreachable_s,
            stored.planned_s, stored.exempt_s, stored.unobserved_s, stored.out_of_service_s,
            stored.unobserved_by_cause, stored.outages)
          IS DISTINCT FROM (excluded.starts_at, excluded.ends_at, excluded.up_s, excluded.down_s,
            excluded.unreachable_s, excluded.planned_s, excluded.exempt_s, excluded.unobserved_s,
            excluded.out_of_service_s, excluded.unobserved_by_cause, excluded.outages)
        """,
        day.day,
        day.starts_at,
        until,
        *(list(column) for column in zip(*rows, strict=True)),
    )


def _row(camera_id: int, each: Ledger) -> tuple[int | float | str, ...]:
    causes = {cause: duration / _SECOND for cause, duration in sorted(each.causes.items())}
    return (
        camera_id,
        each.up / _SECOND,
        each.down / _SECOND,
        each.unreachable / _SECOND,
        each.planned / _SECOND,
        each.exempt / _SECOND,
        each.unobserved / _SECOND,
        each.out_of_service / _SECOND,
        json.dumps(causes),
        each.outages,
    )


async def mark_declared(conn: Connection, day: Day, until: datetime) -> None:
    """Note which cameras were declared at the end of the day, or at `until` of the running one.

    From the dated versions of the register alone: only these cameras count in ledgers of areas.
    """
    await conn.execute(
        """
        UPDATE ledger_day l SET declared = d.camera_id IS NOT NULL
        FROM camera c LEFT JOIN declared_at($2) d ON d.camera_id = c.id
        WHERE l.day = $1 AND l.camera_id = c.id AND l.declared <> (d.camera_id IS NOT NULL)
        """,
        day.day,
        min(until, day.ends_at - _INSTANT),
    )


async def sum_areas(conn: Connection, day: date) -> None:
    """Ledgers of areas on a day: sums over the declared cameras of each area and all below it.

    The others are counted, and in no sum.
    """
    await conn.execute(
        """
        WITH sums AS (
          SELECT t.ancestor, count(*) FILTER (WHERE declared) AS cameras,
            count(*) FILTER (WHERE NOT declared) AS undeclared,
            coalesce(sum(up_s) FILTER (WHERE declared), 0) AS up_s,
            coalesce(sum(down_s) FILTER (WHERE declared), 0) AS down_s,
            coalesce(sum(unreachable_s) FILTER (WHERE declared), 0) AS unreachable_s,
            coalesce(sum(planned_s) FILTER (WHERE declared), 0) AS planned_s,
            coalesce(sum(exempt_s) FILTER (WHERE declared), 0) AS exempt_s,
            coalesce(sum(unobserved_s) FILTER (WHERE declared), 0) AS unobserved_s,
            coalesce(sum(out_of_service_s) FILTER (WHERE declared), 0) AS out_of_service_s,
            coalesce(sum(outages) FILTER (WHERE declared), 0) AS outages
          FROM ledger_day l
          JOIN camera c ON c.id = l.camera_id
          JOIN area_tree t ON t.code = c.area_code
          WHERE l.day = $1
          GROUP BY t.ancestor),
        gone AS (
          DELETE FROM ledger_area_day
          WHERE day = $1 AND area_code NOT IN (SELECT ancestor FROM sums))
        INSERT INTO ledger_area_day (area_code, day, cameras, undeclared, up_s, down_s,
          unreachable_s, planned_s, exempt_s, unobserved_s, out_of_service_s, outages)
        SELECT ancestor, $1, cameras, undeclared, up_s, down_s, unreachable_s, planned_s, exempt_s,
          unobserved_s, out_of_service_s, outages
        FROM sums
        ON CONFLICT (area_code, day) DO UPDATE SET
          cameras = excluded.cameras, undeclared = excluded.undeclared,
          up_s = excluded.up_s, down_s = excluded.down_s,
          unreachable_s = excluded.unreachable_s, planned_s = excluded.planned_s,
          exempt_s = excluded.exempt_s, unobserved_s = excluded.unobserved_s,
          out_of_service_s = excluded.out_of_service_s, outages = excluded.outages
        """,
        day,
    )


async def average_coverage(conn: Connection, day: Day, until: datetime) -> None:
    """Coverage of places on a day, up to `until`: means weighted by time, and the minimum.

    The last value before the day carries in; time before the first value of a place counts nowhere.
    """
    await conn.execute(
        """
        WITH points AS (
          SELECT p.id AS place_id, $2::timestamptz AS at, before.designed, before.effective
          FROM place p
          CROSS JOIN LATERAL (
            SELECT designed, effective FROM coverage_change c
            WHERE c.place_id = p.id AND c.at <= $2 ORDER BY c.at DESC LIMIT 1) before
          UNION ALL
          SELECT place_id, at, designed, effective FROM coverage_change
          WHERE at > $2 AND at < $3 AND place_id IN (SELECT id FROM place)),
        held AS (
          SELECT place_id, designed, effective, extract(epoch FROM
            lead(at, 1, $3) OVER (PARTITION BY place_id ORDER BY at) - at)::float8 AS s
          FROM points)
        INSERT INTO coverage_day (place_id, day, designed, effective, effective_min)
        SELECT place_id, $1,
          sum(designed * s) / sum(s) FILTER (WHERE designed IS NOT NULL),
          sum(effective * s) / sum(s) FILTER (WHERE effective IS NOT NULL),
          min(effective)
        FROM held WHERE s > 0
        GROUP BY place_id
        ON CONFLICT (place_id, day) DO UPDATE SET designed = excluded.designed,
          effective = excluded.effective, effective_min = excluded.effective_min
        """,
        day.day,
        day.starts_at,
        until,
    )
