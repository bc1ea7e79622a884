"""Reads what people are shown, as dicts ready for JSON; the console, the API and the CLI share it.

Reads schema `bi`, and base tables only for what `bi` must not hold (a camera's address, shapes).
Numbers are bare: seconds `_s`, metres `_m`, ratios 0..1 or None. Drawing is left to `shapes`.
"""

from typing import LiteralString

from db import accounts, rows
from db.pool import Connection
from db.rows import Row


async def status(conn: Connection) -> Row:
    """Counts by status word, in all and per area (each with all areas below it), of one moment.

    observed_at: the newest observation, None before the first.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        # in one statement: the status of a hundred thousand cameras is worked out once
        counts = await conn.fetch("SELECT * FROM bi.count_now ORDER BY area_code NULLS FIRST")
        moment = await conn.fetchrow(
            "SELECT now() AS as_of, (SELECT max(last_at) FROM camera_state) AS observed_at"
        )
    assert moment is not None  # noqa: S101 scalars always make one row
    whole, *areas = [rows.counted(each) for each in counts]
    for name in ("area_code", "area", "parent_code", "level"):
        del whole[name]
    return {**rows.one(moment), **whole, "by_area": areas}


async def estate(conn: Connection) -> Row:
    """Counts by status word of all cameras, the online rate, and how many are simulated."""
    found = await conn.fetchrow(
        "SELECT e.*, (SELECT count(*) FROM bi.camera_now WHERE simulated) AS simulated "
        "FROM bi.estate_now e"
    )
    assert found is not None  # noqa: S101 the view always has one row
    return rows.counted(found)


async def offline(conn: Connection, limit: int = 500) -> list[Row]:
    """Cameras that are down: the oldest by days first, then those of which one trip mends most."""
    return rows.many(
        await conn.fetch(
            """
            SELECT camera_code, name, area_code, area, pole, reason, meaning, advice, since,
              confirmed_at, offline_s, one_trip, lon, lat, declared, register_state, safety,
              declare_by
            FROM bi.offline_now ORDER BY repair_order LIMIT $1
            """,
            limit,
        )
    )


async def cameras(
    conn: Connection,
    *,
    area: str | None = None,
    status: str | None = None,
    q: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> list[Row]:
    """Cameras by code, one page after the code `after`; an area stands for all areas below it.

    q: part of name or code, in any case.
    """
    return rows.many(
        await conn.fetch(
            """
            SELECT * FROM bi.camera_now
            WHERE ($1::text IS NULL
                OR area_code IN (SELECT code FROM area_tree WHERE ancestor = $1))
              AND ($2::text IS NULL OR status = $2)
              AND ($3::text IS NULL OR strpos(lower(name || ' ' || camera_code), lower($3)) > 0)
              AND ($5::text IS NULL OR camera_code > $5)
            ORDER BY camera_code LIMIT $4
            """,
            area,
            status,
            q,
            limit,
            after,
        )
    )


async def camera(conn: Connection, code: str) -> Row | None:
    """All about one camera, with its address and last evidence; None for an unknown code."""
    found = await conn.fetchrow(
        """
        SELECT n.*, c.id AS camera_id, c.host, c.port, c.address, c.direction, c.angle_deg,
          c.range_m, c.indoor, c.pole,
          c.sheet ->> 'vendor' AS vendor, c.sheet ->> 'model' AS model,
          s.last_reason, last.meaning AS last_meaning, s.last_detail, s.health_detail,
          v.exclusive_m, g.missing AS register_missing, g.declare_by,
          look.seen_as IS NOT NULL AND look.layer_dated IS NOT NULL AS compared
        FROM bi.camera_now n
        JOIN camera c ON c.code = n.camera_code
        JOIN camera_register g ON g.camera_id = c.id
        LEFT JOIN camera_state s ON s.camera_id = c.id
        LEFT JOIN reason last ON last.code = s.last_reason
        LEFT JOIN camera_coverage v ON v.camera_id = c.id
        LEFT JOIN camera_look look ON look.camera_id = c.id
        WHERE n.camera_code = $1
        """,
        code,
    )
    if found is None:
        return None
    answer = rows.one(found)
    camera_id = answer.pop("camera_id")
    for name, sql in _HISTORY.items():
        answer[name] = rows.many(await conn.fetch(sql, camera_id))
    answer["protected"] = await accounts.protected_findings(conn, ended=True, camera=code, limit=10)
    return answer


_HISTORY: dict[str, LiteralString] = {
    "transitions": """
        SELECT at, from_health::text, to_health::text, t.reason, r.meaning, detail
        FROM transition t LEFT JOIN reason r ON r.code = t.reason
        WHERE camera_id = $1 ORDER BY at DESC LIMIT 20""",
    "failed": """
        SELECT at, o.reason, r.meaning, detail, took_ms
        FROM observation_failed o LEFT JOIN reason r ON r.code = o.reason
        WHERE camera_id = $1 ORDER BY at DESC LIMIT 10""",
    "faults": """
        SELECT kind, opened_at, closed_at, detail FROM fault
        WHERE camera_id = $1 ORDER BY opened_at DESC LIMIT 10""",
    "windows": """
        SELECT kind, reason_code, starts_at, ends_at, approved_by FROM camera_window
        WHERE camera_id = $1 ORDER BY starts_at DESC LIMIT 10""",
    "unobserved": """
        SELECT starts_at, ends_at, cause::text FROM unobserved
        WHERE camera_id = $1 ORDER BY starts_at DESC LIMIT 10""",
    "defects": "SELECT defect, detail FROM camera_defect WHERE camera_id = $1 ORDER BY defect",
    "retention": """
        SELECT r.platform, r.declared_days, r.kept_days, r.asked_at, r.finding
        FROM bi.retention r JOIN camera c ON c.code = r.camera_code
        WHERE c.id = $1 ORDER BY r.platform
        """,
    "witnesses": """
        SELECT platform, code, said::text, raw, why, since, evidence_at, seen_at, fresh
        FROM witness_now WHERE camera_id = $1 ORDER BY platform, key""",
    "hours": """
        SELECT hour, asked, up, took_ms / asked AS took_mean_ms, took_max_ms FROM observation_hour
        WHERE camera_id = $1 ORDER BY hour DESC LIMIT 24""",
}


async def platforms(conn: Connection) -> list[Row]:
    """The platforms of the configuration: whether they answer, and what they say in all."""
    return rows.many(await conn.fetch("SELECT * FROM bi.platform_now ORDER BY platform"))


async def disagreements(conn: Connection, limit: int = 500) -> list[Row]:
    """Cameras of which a platform says otherwise than we found, the oldest first."""
    return rows.many(
        await conn.fetch(
            "SELECT * FROM bi.disagreement ORDER BY since, camera_code, platform LIMIT $1", limit
        )
    )


async def outages(conn: Connection, *, only_open: bool = False, limit: int = 100) -> list[Row]:
    """Outages, the newest first; `ended_at` is None while one lasts.

    only_open: not of retired cameras. One that was taken away while down never comes up again.
    """
    return rows.many(
        await conn.fetch(
            """
            SELECT * FROM bi.outage o WHERE NOT $1 OR (ended_at IS NULL AND EXISTS (
              SELECT FROM camera c WHERE c.code = o.camera_code AND c.intent <> 'retired'))
            ORDER BY started_at DESC, camera_code LIMIT $2
            """,
            only_open,
            limit,
        )
    )


async def faults(conn: Connection, limit: int = 500) -> list[Row]:
    """Open faults of cameras, the oldest first."""
    return rows.many(
        await conn.fetch("SELECT * FROM bi.fault_now ORDER BY since, camera_code LIMIT $1", limit)
    )


async def reports(conn: Connection, limit: int = 100) -> list[Row]:
    """Stored reports, the newest first, without their figures."""
    return rows.many(
        await conn.fetch("SELECT * FROM bi.report ORDER BY made_at DESC LIMIT $1", limit)
    )


async def collectors(conn: Connection) -> list[Row]:
    """The processes that ask, those alive first."""
    return rows.many(await conn.fetch("SELECT * FROM bi.collector_now ORDER BY alive DESC, name"))


async def defects(conn: Connection, limit: int = 500) -> list[Row]:
    """What keeps cameras out of the coverage figures."""
    return rows.many(
        await conn.fetch(
            "SELECT * FROM bi.data_defect ORDER BY defect, camera_code LIMIT $1", limit
        )
    )


async def readiness(conn: Connection) -> Row:
    """Whether anybody asks and how old the newest observation is, in seconds (None: none yet).

    polled: cameras that should be asked. patience_s: the age from which evidence is too old.
    """
    found = await conn.fetchrow(
        """
        SELECT
          (SELECT count(*) FROM camera WHERE intent = 'in_service' AND host IS NOT NULL) AS polled,
          (SELECT count(*) FROM bi.collector_now WHERE alive) AS collectors,
          (SELECT extract(epoch FROM now() - max(last_at))::double precision FROM camera_state)
            AS newest_age_s,
          (SELECT patience_s FROM bi.policy) AS patience_s
        """
    )
    assert found is not None  # noqa: S101 a query of scalars always has one row
    return rows.one(found)


async def pulse(conn: Connection) -> Row:
    """The numbers that change often, small: camera ids by status, and ratios by place id.

    inventory: grows whenever cameras or places change, so that shapes are read again.
    protected: how many look at protected places. coverage_as_of: the last change of a ratio;
    coverage_known_at: until when it is known to hold.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        grouped = await conn.fetch(
            "SELECT status, array_agg(camera_id ORDER BY camera_id) AS ids "
            "FROM camera_status GROUP BY status"
        )
        figures = await conn.fetch(
            "SELECT place_id, designed, effective, upper, excess FROM bi.coverage_now"
        )
        moment = await conn.fetchrow(
            """
            SELECT now() AS as_of, (SELECT revision FROM inventory_revision) AS inventory,
              (SELECT max(as_of) FROM coverage_now) AS coverage_as_of,
              (SELECT as_of FROM coverage_model) AS coverage_known_at
            """
        )
        looking = await accounts.protected_counts(conn)
    assert moment is not None  # noqa: S101 a query of scalars always has one row
    return {
        **rows.one(moment),
        "protected": looking,
        "cameras": {each["status"]: each["ids"] for each in grouped},
        "places": {
            each["place_id"]: [each[name] for name in ("designed", "effective", "upper", "excess")]
            for each in figures
        },
    }


async def targets(conn: Connection) -> list[Row]:
    """Limits, targets and colours, in order."""
    return rows.many(
        await conn.fetch("SELECT measure, word, at_least, colour FROM bi.target ORDER BY position")
    )


async def policy(conn: Connection) -> Row:
    """The settings that figures rest on: cadence, patience, clock tolerance (s), time zone."""
    found = await conn.fetchrow("SELECT * FROM bi.policy")
    return {} if found is None else rows.one(found)
