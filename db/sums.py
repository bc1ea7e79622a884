"""What reports read, and keep: sums of stored figures over local days, from the views of schema bi.

Rows as the views give them; what a report makes of them is `monitor.reports`.
"""

from datetime import date, datetime
from typing import Any

import asyncpg

from db.pool import Connection

_SUMS = ", ".join(
    [
        *(
            f"sum({name}_s) AS {name}_s"
            for name in (
                *("up", "down", "unreachable", "planned", "exempt"),
                *("unobserved", "out_of_service"),
            )
        ),
        "sum(outages)::bigint AS outages",
    ]
)


async def days(conn: Connection, first: date, last: date) -> list[asyncpg.Record]:
    """One row per day that has stored figures of declared cameras; up_to: how far they reach."""
    return await conn.fetch(
        f"""
        SELECT day, {_SUMS}, max(ends_at) AS up_to,
          count(*) FILTER (WHERE out_of_service_s < extract(epoch FROM ends_at - starts_at))
            AS cameras
        FROM bi.ledger_day WHERE declared AND day BETWEEN $1 AND $2 GROUP BY day ORDER BY day
        """,  # noqa: S608 constant text
        first,
        last,
    )


async def causes(conn: Connection, first: date, last: date) -> list[asyncpg.Record]:
    """Unobserved seconds by cause."""
    return await conn.fetch(
        """
        SELECT each.key AS cause, sum(each.value::double precision) AS unobserved_s
        FROM bi.ledger_day, jsonb_each_text(unobserved_by_cause) AS each
        WHERE declared AND day BETWEEN $1 AND $2 GROUP BY each.key ORDER BY each.key
        """,
        first,
        last,
    )


async def cameras(conn: Connection, first: date, last: date) -> list[asyncpg.Record]:
    """One row per camera, by code, with the name it has now; over the days it was declared."""
    return await conn.fetch(
        f"""
        SELECT l.*, n.name, n.area_code, n.area
        FROM (SELECT camera_code, {_SUMS} FROM bi.ledger_day
          WHERE declared AND day BETWEEN $1 AND $2 GROUP BY camera_code) l
        JOIN bi.camera_now n USING (camera_code)
        ORDER BY camera_code COLLATE "C"
        """,  # noqa: S608 constant text
        first,
        last,
    )


async def groups(conn: Connection, first: date, last: date) -> list[asyncpg.Record]:
    """One row per purpose and one per contract, by name, over the days of declared cameras."""
    return await conn.fetch(
        f"""
        SELECT g.sort, g.name, count(DISTINCT l.camera_code) AS cameras, {_SUMS}
        FROM bi.ledger_day l
        JOIN bi.camera_group c USING (camera_code)
        CROSS JOIN LATERAL (VALUES ('purpose', c.purpose), ('contract', c.contract)) g (sort, name)
        WHERE l.declared AND l.day BETWEEN $1 AND $2
          AND l.out_of_service_s < extract(epoch FROM l.ends_at - l.starts_at)
        GROUP BY g.sort, g.name ORDER BY g.sort DESC, g.name NULLS LAST
        """,  # noqa: S608 constant text
        first,
        last,
    )


async def reasons(conn: Connection, starts_at: datetime, ends_at: datetime) -> list[asyncpg.Record]:
    """Outages of declared cameras that touch the time, by what took them down; longest first."""
    return await conn.fetch(
        """
        SELECT i.reason, max(r.meaning) AS meaning, count(*) AS outages,
          count(DISTINCT i.camera_code) AS cameras,
          sum(least(coalesce(i.ended_at, $2), $2) - greatest(i.started_at, $1)) AS lasted
        FROM bi.outage i
        JOIN bi.camera_now n ON n.camera_code = i.camera_code AND n.declared
        LEFT JOIN bi.reason r ON r.reason = i.reason
        WHERE i.started_at < $2 AND (i.ended_at IS NULL OR i.ended_at > $1)
        GROUP BY i.reason ORDER BY lasted DESC, i.reason
        """,
        starts_at,
        ends_at,
    )


async def removals(
    conn: Connection, starts_at: datetime, ends_at: datetime
) -> list[asyncpg.Record]:
    """Cameras that were taken away in this time."""
    return await conn.fetch(
        "SELECT camera_code AS code, name, removed_at AS at FROM bi.removal "
        "WHERE removed_at >= $1 AND removed_at < $2 ORDER BY removed_at, camera_code",
        starts_at,
        ends_at,
    )


async def overdue(conn: Connection) -> list[asyncpg.Record]:
    """Declared cameras whose review is overdue, the longest first."""
    return await conn.fetch(
        "SELECT camera_code AS code, name, body, review_due FROM bi.register_now "
        "WHERE state = 'review_due' AND intent <> 'retired' ORDER BY review_due, camera_code"
    )


async def edition(conn: Connection) -> asyncpg.Record | None:
    """The newest edition of the register, and whether it holds still."""
    return await conn.fetchrow("SELECT number, made_at, digest, holds FROM bi.edition_now")


async def top_areas(conn: Connection) -> list[str]:
    """Names of the areas at the top of the tree."""
    rows = await conn.fetch("SELECT area FROM bi.area WHERE depth = 0 ORDER BY path")
    return [row["area"] for row in rows]


async def exemptions(
    conn: Connection, starts_at: datetime, ends_at: datetime
) -> list[asyncpg.Record]:
    """Approved windows that touch the time, by kind and reason, cut at its ends."""
    return await conn.fetch(
        """
        SELECT kind, reason_code, count(*) AS windows, count(DISTINCT camera_code) AS cameras,
          sum(least(ends_at, $2) - greatest(starts_at, $1)) AS duration
        FROM bi.window_camera WHERE starts_at < $2 AND ends_at > $1
        GROUP BY kind, reason_code ORDER BY kind, reason_code
        """,
        starts_at,
        ends_at,
    )


async def defects(conn: Connection) -> list[asyncpg.Record]:
    """Cameras by defect of their file, with one sentence for each."""
    return await conn.fetch(
        """
        SELECT defect AS name, max(detail) AS detail, count(*) AS cameras
        FROM bi.data_defect GROUP BY defect ORDER BY cameras DESC, defect
        """
    )


async def coverage(conn: Connection, first: date, last: date) -> list[asyncpg.Record]:
    """One row per place: figures now, and their mean over the stored days, which weigh alike."""
    return await conn.fetch(
        """
        SELECT n.place_id, n.kind, n.place, n.area, n.length_m, n.area_m2, n.required,
          n.designed, n.effective, n.upper, n.excess,
          CASE WHEN n.required IS NULL THEN n.designed ELSE 0 END AS unrequired,
          d.mean, coalesce(d.days, 0) AS days
        FROM bi.coverage_now n
        LEFT JOIN (
          SELECT place_id, avg(effective) AS mean, count(effective) AS days
          FROM bi.coverage_day WHERE day BETWEEN $1 AND $2 GROUP BY place_id) d
          ON d.place_id = n.place_id
        ORDER BY n.place_id
        """,
        first,
        last,
    )


async def protected(
    conn: Connection, starts_at: datetime, ends_at: datetime
) -> tuple[asyncpg.Record, list[asyncpg.Record], list[asyncpg.Record]]:
    """Cameras that look at protected places now; findings opened and ended in a period, by what
    ended them; the layers that hold."""
    now = await conn.fetchrow("SELECT * FROM bi.protected_now")
    assert now is not None  # noqa: S101 a query of counts always has one row
    ended = await conn.fetch(
        """
        SELECT coalesce(ended_by, 'opened') AS how, count(*) AS times FROM (
          SELECT ended_by FROM bi.protected_finding WHERE ended_at >= $1 AND ended_at < $2
          UNION ALL SELECT NULL FROM bi.protected_finding WHERE since >= $1 AND since < $2) f
        GROUP BY 1 ORDER BY 1
        """,
        starts_at,
        ends_at,
    )
    layers = await conn.fetch("SELECT source, dated FROM bi.protected_layer ORDER BY dated, source")
    return now, ended, layers


async def retention(conn: Connection) -> asyncpg.Record:
    """Declared cameras in service: of how many is known how long recordings are kept, and how many
    are kept longer or shorter than declared on any platform."""
    found: asyncpg.Record | None = await conn.fetchrow(
        """
        SELECT count(*) AS declared, count(k.camera_code) AS known,
          count(*) FILTER (WHERE k.longer) AS longer,
          count(*) FILTER (WHERE k.shorter AND NOT k.longer) AS shorter
        FROM bi.register_now g
        LEFT JOIN (
          SELECT camera_code, bool_or(finding = 'longer') AS longer,
            bool_or(finding = 'shorter') AS shorter
          FROM bi.retention GROUP BY camera_code) k ON k.camera_code = g.camera_code
        WHERE g.declared AND g.intent = 'in_service'
        """
    )
    assert found is not None  # noqa: S101 a query of counts always has one row
    return found


async def outages(conn: Connection, starts_at: datetime, ends_at: datetime) -> list[asyncpg.Record]:
    """By camera the longest outage that ended and the one that lasts, as far as there are any."""
    return await conn.fetch(
        """
        WITH said AS (
          SELECT DISTINCT ON (camera_code) camera_code, intent FROM bi.intent
          WHERE at < $2 ORDER BY camera_code, at DESC),
        happened AS (
          SELECT camera_code, started_at, reason, coalesce(ended_at > $2, true) AS lasts,
            least(ended_at, $2) - greatest(started_at, $1) AS inside
          FROM bi.outage
          WHERE started_at < $2 AND (ended_at IS NULL OR ended_at > $1)),
        longest AS (
          SELECT DISTINCT ON (camera_code, lasts) * FROM happened
          ORDER BY camera_code, lasts, inside DESC, started_at)
        SELECT o.camera_code, n.name, n.area, o.started_at, o.inside, o.lasts, o.reason, r.meaning,
          coalesce(said.intent = 'in_service', false) AS in_service
        FROM longest o
        JOIN bi.camera_now n ON n.camera_code = o.camera_code
        LEFT JOIN bi.reason r ON r.reason = o.reason
        LEFT JOIN said ON said.camera_code = o.camera_code
        ORDER BY o.camera_code COLLATE "C", o.started_at
        """,
        starts_at,
        ends_at,
    )


async def coverage_model(conn: Connection) -> asyncpg.Record | None:
    """The model that the stored coverage rests on, and when it was computed."""
    return await conn.fetchrow("SELECT model, as_of FROM bi.coverage_model")


async def keep(
    conn: Connection,
    kind: str,
    days: tuple[date, date],
    made_at: datetime,
    method: str,
    figures: dict[str, Any],
) -> None:
    """Keep the figures of an issued report; a row is never changed, a later report is a new one."""
    await conn.execute(
        """
        INSERT INTO report (kind, first_day, last_day, made_at, method, figures)
        SELECT $1, $2, $3, $4, $5, $6
        WHERE NOT EXISTS (
          SELECT FROM report WHERE kind = $1 AND first_day = $2 AND made_at = $4)
        """,
        kind,
        *days,
        made_at,
        method,
        figures,
    )


async def undeclared(conn: Connection, first: date, last: date) -> dict[str, Any]:
    """What the sums leave out: cameras not declared on some of these days, and their time.

    up_to: how far any stored figure reaches.
    """
    found = await conn.fetchrow(
        """
        SELECT count(DISTINCT camera_code) FILTER (WHERE NOT declared AND in_service_s > 0)
            AS cameras,
          coalesce(sum(in_service_s) FILTER (WHERE NOT declared), 0) AS in_service_s,
          count(DISTINCT day) AS days, max(ends_at) AS up_to
        FROM (
          SELECT camera_code, day, declared, ends_at,
            extract(epoch FROM ends_at - starts_at)::float8 - out_of_service_s AS in_service_s
          FROM bi.ledger_day WHERE day BETWEEN $1 AND $2) l
        """,
        first,
        last,
    )
    assert found is not None  # noqa: S101  an aggregate always has one row
    return dict(found)


async def register_states(conn: Connection) -> list[asyncpg.Record]:
    """How many cameras stand where in the register, and the day on which the first is let go."""
    return await conn.fetch(
        """
        SELECT state, count(*) AS cameras, count(*) FILTER (WHERE attended) AS attended,
          min(declare_by) FILTER (WHERE attended AND NOT declared) AS first_declare_by
        FROM bi.register_now WHERE intent <> 'retired' GROUP BY state ORDER BY state
        """
    )


async def looked(conn: Connection, starts_at: datetime, ends_at: datetime) -> list[asyncpg.Record]:
    """How often people looked and changed, by role and action; never by name."""
    return await conn.fetch(
        """
        SELECT role, action, count(*) AS times, count(DISTINCT who) AS people
        FROM bi.audit WHERE at >= $1 AND at < $2 GROUP BY role, action ORDER BY role, action
        """,
        starts_at,
        ends_at,
    )
