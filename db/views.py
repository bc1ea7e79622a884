"""Reads what people are shown, as dicts ready for JSON; the console, the API and the CLI share it.

Reads schema `bi`, and base tables only for what `bi` must not hold (a camera's address, shapes).
Numbers are bare: seconds `_s`, metres `_m`, ratios 0..1 or None. Drawing is left to `shapes`.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, LiteralString

import asyncpg

from db import audit as trail
from db import register as entries
from db.pool import Connection

Row = dict[str, Any]


def plain(value: object) -> Any:
    """A value of the database as JSON can carry it; instants as ISO 8601 with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def _row(record: asyncpg.Record) -> Row:
    return {name: plain(value) for name, value in record.items()}


def _plain_row(row: Row) -> Row:
    return {name: plain(value) for name, value in row.items()}


def _rows(records: Iterable[asyncpg.Record]) -> list[Row]:
    return [_row(each) for each in records]


def _counted(record: asyncpg.Record) -> Row:
    """Counts with M01 in the shape in which it travels: both parts, and None of nothing."""
    counts = _row(record)
    counts["online_rate"] = {
        "numerator": counts.pop("up"),
        "denominator": counts.pop("assessed"),
        "value": counts["online_rate"],
    }
    return counts


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
    whole, *areas = [_counted(each) for each in counts]
    for name in ("area_code", "area", "parent_code", "level"):
        del whole[name]
    return {**_row(moment), **whole, "by_area": areas}


async def estate(conn: Connection) -> Row:
    """Counts by status word of all cameras, the online rate, and how many are simulated."""
    found = await conn.fetchrow(
        "SELECT e.*, (SELECT count(*) FROM bi.camera_now WHERE simulated) AS simulated "
        "FROM bi.estate_now e"
    )
    assert found is not None  # noqa: S101 the view always has one row
    return _counted(found)


async def offline(conn: Connection, limit: int = 500) -> list[Row]:
    """Cameras that are down: the oldest by days first, then those of which one trip mends most."""
    return _rows(
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
    return _rows(
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
    answer = _row(found)
    camera_id = answer.pop("camera_id")
    for name, sql in _HISTORY.items():
        answer[name] = _rows(await conn.fetch(sql, camera_id))
    answer["protected"] = await protected_findings(conn, ended=True, camera=code, limit=10)
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


_PLACE: LiteralString = """
    SELECT p.id AS place_id, p.code AS place_code, p.name AS place, p.kind::text AS kind,
      p.area_code, a.name AS area, q.share AS required, q.purpose, q.ground, q.review_due,
      p.excluded_m, v.length_m, v.area_m2, v.designed, v.effective, v.upper, v.redundant,
      v.reachable, v.approach, v.lost_m, v.assumed, v.undeclared, t.layer_dated AS protected_layer,
      v.excess_m, v.excess_m2, v.unrequired_m, v.unrequired_m2, d.detail AS defect, v.as_of
    FROM place p
    LEFT JOIN requirement_now q ON q.place_id = p.id
    LEFT JOIN bi.coverage_now v ON v.place_id = p.id
    LEFT JOIN place_defect d ON d.place_id = p.id
    LEFT JOIN place_protection t ON t.place_id = p.id
    LEFT JOIN area a ON a.code = p.area_code
"""


async def places(conn: Connection, kind: str | None = None) -> list[Row]:
    """Every street, school and named area with its figures; these are None until computed."""
    return _rows(
        await conn.fetch(
            f"{_PLACE} WHERE $1::text IS NULL OR p.kind::text = $1 ORDER BY p.kind, p.name, p.id",
            kind,
        )
    )


async def place(conn: Connection, place_id: int) -> Row | None:
    """One place with its geometry (GeoJSON, WGS-84), gaps and last 30 closed days; or None."""
    found = await conn.fetchrow(f"{_PLACE} WHERE p.id = $1", place_id)
    if found is None:
        return None
    days = await conn.fetch(
        """
        SELECT day, designed, effective, effective_min FROM bi.coverage_day
        WHERE place_id = $1 ORDER BY day DESC LIMIT 30
        """,
        place_id,
    )
    geometry = await conn.fetchval("SELECT geometry FROM place WHERE id = $1", place_id)
    gaps = await _gaps(conn, [place_id])
    return {
        **_row(found),
        "geometry": geometry,
        "gaps": gaps.get(place_id, []),
        "days": _rows(days),
    }


async def coverage(
    conn: Connection, place: str | None = None, kind: str | None = None
) -> list[Row]:
    """Coverage of each place by kind and name, with its gaps where a requirement is not met.

    place: the whole name in any case, or the code.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        found = await conn.fetch(
            f"""
            {_PLACE}
            WHERE ($1::text IS NULL OR lower(p.name) = lower($1) OR p.code = $1)
              AND ($2::text IS NULL OR p.kind::text = $2)
            ORDER BY p.kind, p.name, p.id
            """,
            place,
            kind,
        )
        gaps = await _gaps(conn, [each["place_id"] for each in found])
    return [{**_row(each), "gaps": gaps.get(each["place_id"], [])} for each in found]


async def _gaps(conn: Connection, place_ids: list[int]) -> dict[int, list[Row]]:
    found = await conn.fetch(
        """
        SELECT place_id, from_m, to_m, length_m, kind, from_lon, from_lat, to_lon, to_lat
        FROM bi.coverage_gap WHERE place_id = ANY($1) ORDER BY place_id, from_m
        """,
        place_ids,
    )
    gaps: dict[int, list[Row]] = {}
    for each in found:
        gap = {name: each[name] for name in ("from_m", "to_m", "length_m", "kind")}
        gap["from"] = [each["from_lon"], each["from_lat"]]
        gap["to"] = [each["to_lon"], each["to_lat"]]
        gaps.setdefault(each["place_id"], []).append(gap)
    return gaps


async def requirements(conn: Connection) -> list[Row]:
    """What places need or needed, each with its reason and state; drafts without one come last."""
    return _rows(
        await conn.fetch(
            """
            SELECT * FROM bi.requirement
            ORDER BY state = 'draft', place, place_id, stated_at DESC
            """
        )
    )


async def register(conn: Connection, state: str | None = None, limit: int = 1000) -> list[Row]:
    """Why each camera is there, by code; only of one state if asked."""
    return _rows(
        await conn.fetch(
            "SELECT * FROM bi.register_now WHERE $1::text IS NULL OR state = $1 "
            "ORDER BY camera_code LIMIT $2",
            state,
            limit,
        )
    )


async def register_entry(conn: Connection, code: str) -> Row | None:
    """Why one camera is there, with every earlier version; None for an unknown code."""
    found = await conn.fetchrow("SELECT * FROM bi.register_now WHERE camera_code = $1", code)
    if found is None:
        return None
    camera_id = await conn.fetchval("SELECT id FROM camera WHERE code = $1", code)
    versions = await entries.history(conn, camera_id)
    return {**_row(found), "versions": [_plain_row(each) for each in versions]}


async def undeclared(conn: Connection, limit: int = 500) -> list[Row]:
    """Declare or remove: cameras that are not declared, those with least time left first."""
    return _rows(
        await conn.fetch(
            "SELECT * FROM bi.declare_now ORDER BY declare_by, camera_code LIMIT $1", limit
        )
    )


async def audit(conn: Connection, limit: int = 100) -> list[Row]:
    """Who looked at or changed what, the newest first."""
    return _rows(await trail.rows(conn, limit=limit))


async def protected_counts(conn: Connection) -> Row:
    """Of all cameras that hang: how many were compared with protected places, and look at one."""
    found = await conn.fetchrow("SELECT * FROM bi.protected_now")
    assert found is not None  # noqa: S101 a query of counts always has one row
    return _row(found)


async def protected_findings(
    conn: Connection, *, ended: bool = False, camera: str | None = None, limit: int = 10_000
) -> list[Row]:
    """Cameras that look at protected places, the largest share first; those that ended, too."""
    return _rows(
        await conn.fetch(
            """
            SELECT * FROM bi.protected_finding
            WHERE ($1 OR state <> 'ended') AND ($2::text IS NULL OR camera_code = $2)
            ORDER BY state = 'ended', share DESC, camera_code LIMIT $3
            """,
            ended,
            camera,
            limit,
        )
    )


async def platforms(conn: Connection) -> list[Row]:
    """The platforms of the configuration: whether they answer, and what they say in all."""
    return _rows(await conn.fetch("SELECT * FROM bi.platform_now ORDER BY platform"))


async def disagreements(conn: Connection, limit: int = 500) -> list[Row]:
    """Cameras of which a platform says otherwise than we found, the oldest first."""
    return _rows(
        await conn.fetch(
            "SELECT * FROM bi.disagreement ORDER BY since, camera_code, platform LIMIT $1", limit
        )
    )


async def retention(conn: Connection, *, only_findings: bool = False) -> list[Row]:
    """Days that recordings are kept, declared and as platforms tell it; findings first."""
    return _rows(
        await conn.fetch(
            """
            SELECT * FROM bi.retention WHERE NOT $1 OR finding <> 'as declared'
            ORDER BY finding = 'as declared', finding, camera_code, platform LIMIT 2000
            """,
            only_findings,
        )
    )


async def coverage_kinds(conn: Connection) -> list[Row]:
    """City figures per kind of place: sums of metres or square metres, never means of ratios."""
    return _rows(await conn.fetch("SELECT * FROM bi.coverage_kind ORDER BY kind DESC"))


async def coverage_model(conn: Connection) -> Row | None:
    """The model that the stored coverage rests on, and when it was computed; None before that."""
    found = await conn.fetchrow("SELECT model, as_of FROM bi.coverage_model")
    return None if found is None else _row(found)


async def outages(conn: Connection, *, only_open: bool = False, limit: int = 100) -> list[Row]:
    """Outages, the newest first; `ended_at` is None while one lasts.

    only_open: not of retired cameras. One that was taken away while down never comes up again.
    """
    return _rows(
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
    return _rows(
        await conn.fetch("SELECT * FROM bi.fault_now ORDER BY since, camera_code LIMIT $1", limit)
    )


async def reports(conn: Connection, limit: int = 100) -> list[Row]:
    """Stored reports, the newest first, without their figures."""
    return _rows(await conn.fetch("SELECT * FROM bi.report ORDER BY made_at DESC LIMIT $1", limit))


async def collectors(conn: Connection) -> list[Row]:
    """The processes that ask, those alive first."""
    return _rows(await conn.fetch("SELECT * FROM bi.collector_now ORDER BY alive DESC, name"))


async def defects(conn: Connection, limit: int = 500) -> list[Row]:
    """What keeps cameras out of the coverage figures."""
    return _rows(
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
    return _row(found)


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
        looking = await protected_counts(conn)
    assert moment is not None  # noqa: S101 a query of scalars always has one row
    return {
        **_row(moment),
        "protected": looking,
        "cameras": {each["status"]: each["ids"] for each in grouped},
        "places": {
            each["place_id"]: [each[name] for name in ("designed", "effective", "upper", "excess")]
            for each in figures
        },
    }


async def targets(conn: Connection) -> list[Row]:
    """Limits, targets and colours, in order."""
    return _rows(
        await conn.fetch("SELECT measure, word, at_least, colour FROM bi.target ORDER BY position")
    )


async def policy(conn: Connection) -> Row:
    """The settings that figures rest on: cadence, patience, clock tolerance (s), time zone."""
    found = await conn.fetchrow("SELECT * FROM bi.policy")
    return {} if found is None else _row(found)
