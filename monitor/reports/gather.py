"""Reads the figures of one report from the views of schema bi, in one snapshot.

Only sums and stored figures are read here; what a rate is stands in `availability` and `content`.
"""

import asyncio
import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from db.ledger import CONFIRMED_AFTER
from db.pool import Connection
from monitor.availability import Ledger, total
from monitor.reports import cover, notes, outages
from monitor.reports.content import (
    AreaLine,
    CameraLine,
    CoverageModel,
    DayLine,
    Defect,
    Exemption,
    Figures,
    Targets,
)
from monitor.reports.outages import Outage
from monitor.reports.periods import Period
from monitor.reports.tree import Node, lines

_COLUMNS = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")
_SUMS = ", ".join(f"sum({name}_s) AS {name}_s" for name in _COLUMNS) + (
    ", sum(outages)::bigint AS outages"
)


async def read(
    conn: Connection,
    period: Period,
    now: datetime,
    *,
    targets: Targets | None = None,
    city: str = "",
) -> Figures:
    """Everything a report of this period says at `now`.

    city: heading; without one, the name of the topmost area.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return await _read(conn, period, now, targets or Targets(), city)


async def _read(
    conn: Connection, period: Period, now: datetime, targets: Targets, city: str
) -> Figures:
    days, up_to = await _days(conn, period, targets)
    before, _ = await _days(conn, period.previous, targets)
    whole = dataclasses.replace(
        total(each.ledger for each in days), causes=await _causes(conn, period)
    )
    known = await conn.fetch(
        "SELECT camera_code, name, area_code, area, status, simulated FROM bi.camera_now"
    )
    happened = await outages.read(conn, period, now)
    cameras = await _cameras(conn, period, known, happened)
    nodes = await _nodes(conn)
    areas = await _areas(conn, period, nodes, cameras)
    kinds, places = await cover.read(conn, period)
    statuses: dict[str, int] = {}
    for each in known:
        statuses[each["status"]] = statuses.get(each["status"], 0) + 1
    settled = now >= period.ends_at + CONFIRMED_AFTER
    figures = Figures(
        city=city or _top(nodes),
        period=period,
        as_of=now,
        final=settled and up_to is not None and up_to >= period.ends_at,
        up_to=up_to,
        targets=targets,
        total=whole,
        previous=total(each.ledger for each in before),
        light=targets.judge(whole),
        assessed_cameras=len(cameras),
        statuses=statuses,
        simulated=sum(each["simulated"] for each in known),
        days=days,
        areas=areas,
        cameras=cameras,
        long_offline=outages.long_lasting(happened, known, period, now),
        exemptions=await _exemptions(conn, period, now),
        kinds=kinds,
        places=places,
        model=await _model(conn),
        defects=await _defects(conn),
        notes=(),
    )
    return dataclasses.replace(figures, notes=notes.of(figures, await _zone(conn)))


async def _zone(conn: Connection) -> str:
    """The zone whose days are stored."""
    zone: str = await conn.fetchval("SELECT timezone FROM bi.policy")
    return zone


def _ledger(row: asyncpg.Record) -> Ledger:
    """Sums of seconds as durations, exact to the microsecond."""
    sums: dict[str, Any] = {name: timedelta(seconds=row[f"{name}_s"]) for name in _COLUMNS}
    return Ledger(**sums, outages=row["outages"])


async def _days(
    conn: Connection, period: Period, targets: Targets
) -> tuple[tuple[DayLine, ...], datetime | None]:
    """One line per day that has stored figures, and how far these reach."""
    found = await conn.fetch(
        f"""
        SELECT day, {_SUMS}, max(ends_at) AS up_to,
          count(*) FILTER (WHERE out_of_service_s < extract(epoch FROM ends_at - starts_at))
            AS cameras
        FROM bi.ledger_day WHERE day BETWEEN $1 AND $2 GROUP BY day ORDER BY day
        """,  # noqa: S608 constant text
        period.first_day,
        period.last_day,
    )
    ledgers = [_ledger(each) for each in found]
    days = tuple(
        DayLine(day=row["day"], cameras=row["cameras"], ledger=each, light=targets.judge(each))
        for row, each in zip(found, ledgers, strict=True)
    )
    return days, max((row["up_to"] for row in found), default=None)


async def _causes(conn: Connection, period: Period) -> dict[str, timedelta]:
    found = await conn.fetch(
        """
        SELECT each.key AS cause, sum(each.value::double precision) AS unobserved_s
        FROM bi.ledger_day, jsonb_each_text(unobserved_by_cause) AS each
        WHERE day BETWEEN $1 AND $2 GROUP BY each.key ORDER BY each.key
        """,
        period.first_day,
        period.last_day,
    )
    return {row["cause"]: timedelta(seconds=row["unobserved_s"]) for row in found}


async def _cameras(
    conn: Connection,
    period: Period,
    known: list[asyncpg.Record],
    happened: Mapping[str, list[Outage]],
) -> tuple[CameraLine, ...]:
    """Cameras that were in service at some time of the period."""
    found = await conn.fetch(
        f"""
        SELECT camera_code, {_SUMS} FROM bi.ledger_day
        WHERE day BETWEEN $1 AND $2 GROUP BY camera_code ORDER BY camera_code COLLATE "C"
        """,  # noqa: S608 constant text
        period.first_day,
        period.last_day,
    )
    # in a thread, since tens of thousands of cameras would hold up the event loop
    return await asyncio.to_thread(_lines, found, known, happened)


def _lines(
    found: list[asyncpg.Record],
    known: list[asyncpg.Record],
    happened: Mapping[str, list[Outage]],
) -> tuple[CameraLine, ...]:
    files = {each["camera_code"]: each for each in known}
    sums = ((row["camera_code"], _ledger(row)) for row in found)
    return tuple(
        _camera(files[code], ledger, happened.get(code, []))
        for code, ledger in sums
        if ledger.total > ledger.out_of_service
    )


def _camera(file: asyncpg.Record, ledger: Ledger, happened: list[Outage]) -> CameraLine:
    longest = max(happened, key=lambda each: each.inside, default=None)
    return CameraLine(
        code=file["camera_code"],
        name=file["name"],
        area_code=file["area_code"],
        area=file["area"],
        ledger=ledger,
        longest=longest.inside if longest else None,
        reason=longest.reason if longest else None,
        meaning=longest.meaning if longest else None,
        down_since=next(
            (each.started_at for each in happened if each.lasts and each.in_service), None
        ),
    )


async def _nodes(conn: Connection) -> list[Node]:
    found = await conn.fetch("SELECT area_code, area, parent_code, level FROM bi.area")
    return [
        Node(code=row["area_code"], name=row["area"], parent=row["parent_code"], level=row["level"])
        for row in found
    ]


def _top(nodes: list[Node]) -> str:
    tops = sorted(each.name for each in nodes if each.parent is None)
    return tops[0] if len(tops) == 1 else "All areas"


async def _areas(
    conn: Connection,
    period: Period,
    nodes: list[Node],
    cameras: tuple[CameraLine, ...],
) -> tuple[AreaLine, ...]:
    found = await conn.fetch(
        f"""
        SELECT area_code, {_SUMS} FROM bi.ledger_area_day
        WHERE day BETWEEN $1 AND $2 GROUP BY area_code
        """,  # noqa: S608 constant text
        period.first_day,
        period.last_day,
    )
    return lines(nodes, {row["area_code"]: _ledger(row) for row in found}, cameras)


async def _exemptions(conn: Connection, period: Period, now: datetime) -> tuple[Exemption, ...]:
    found = await conn.fetch(
        """
        SELECT kind, reason_code, count(*) AS windows, count(DISTINCT camera_code) AS cameras,
          sum(least(ends_at, $2) - greatest(starts_at, $1)) AS duration
        FROM bi.window_camera WHERE starts_at < $2 AND ends_at > $1
        GROUP BY kind, reason_code ORDER BY kind, reason_code
        """,
        period.starts_at,
        min(now, period.ends_at),
    )
    return tuple(Exemption(**row) for row in found)


async def _model(conn: Connection) -> CoverageModel | None:
    row = await conn.fetchrow("SELECT model, as_of FROM bi.coverage_model")
    if row is None:
        return None
    return CoverageModel(settings=row["model"], as_of=row["as_of"])


async def _defects(conn: Connection) -> tuple[Defect, ...]:
    found = await conn.fetch(
        """
        SELECT defect AS name, max(detail) AS detail, count(*) AS cameras
        FROM bi.data_defect GROUP BY defect ORDER BY cameras DESC, defect
        """
    )
    return tuple(Defect(**row) for row in found)
