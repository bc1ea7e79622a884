"""Reads the figures of one report, in one snapshot, and gives them their names.

The statements are `db.sums`; what a rate is stands in `availability` and `content`.
"""

import asyncio
import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import asyncpg

from db import sums, targets, views
from db.ledger import CONFIRMED_AFTER
from db.pool import Connection
from monitor.availability import Ledger, total
from monitor.reports import cover, notes, outages
from monitor.reports.content import (
    CameraLine,
    CoverageModel,
    DayLine,
    Defect,
    Exemption,
    Figures,
    GroupLine,
    Look,
    Overdue,
    Protected,
    ReasonLine,
    Removal,
    Rests,
    Retention,
    StateLine,
    Targets,
)
from monitor.reports.outages import Outage
from monitor.reports.periods import Period

T = TypeVar("T")
_COLUMNS = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")


async def read(conn: Connection, period: Period, now: datetime, *, city: str = "") -> Figures:
    """Everything a report of this period says at `now`.

    city: heading; without one, the name of the topmost area.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        return await _read(conn, period, now, city)


async def _read(conn: Connection, period: Period, now: datetime, city: str) -> Figures:
    judging = Targets(green=await targets.contract(conn))
    days = await _days(conn, period, judging)
    before = await _days(conn, period.previous, judging)
    left_out = await sums.undeclared(conn, period.first_day, period.last_day)
    up_to = left_out["up_to"]
    whole = dataclasses.replace(
        total(each.ledger for each in days), causes=await _causes(conn, period)
    )
    happened = await outages.read(conn, period, now)
    cameras = await _cameras(conn, period, happened)
    until = min(now, period.ends_at)
    kinds, places = await cover.read(conn, period)
    estate = await views.estate(conn)
    zone = (await views.policy(conn))["timezone"]
    # days of another zone end elsewhere: what they hold is never all of this period
    settled = now >= period.ends_at + CONFIRMED_AFTER and zone == period.timezone
    figures = Figures(
        city=city or _top(await sums.top_areas(conn)),
        period=period,
        as_of=now,
        final=settled and up_to is not None and up_to >= period.ends_at,
        up_to=up_to,
        targets=judging,
        total=whole,
        previous=total(each.ledger for each in before),
        light=judging.judge(whole),
        assessed_cameras=len(cameras),
        estate=estate,
        stored_days=left_out["days"],
        left_out=left_out["cameras"],
        left_out_time=timedelta(seconds=left_out["in_service_s"]),
        register=_all(StateLine, await sums.register_states(conn)),
        days=days,
        groups=await _groups(conn, period),
        reasons=_all(ReasonLine, await sums.reasons(conn, period.starts_at, until)),
        removals=_all(Removal, await sums.removals(conn, period.starts_at, until)),
        overdue=_all(Overdue, await sums.overdue(conn)),
        protected=await _protected(conn, period, until),
        retention=Retention(**await sums.retention(conn)),
        edition=await _edition(conn),
        looks=_all(Look, await sums.looked(conn, period.starts_at, until)),
        cameras=cameras,
        long_offline=outages.long_lasting(happened, period, now),
        exemptions=await _exemptions(conn, period, now),
        kinds=kinds,
        places=places,
        model=await _model(conn),
        defects=_all(Defect, await sums.defects(conn)),
        notes=(),
    )
    return dataclasses.replace(figures, notes=notes.of(figures, zone))


def _ledger(row: asyncpg.Record) -> Ledger:
    """Sums of seconds as durations, exact to the microsecond."""
    durations: dict[str, Any] = {n: timedelta(seconds=row[f"{n}_s"]) for n in _COLUMNS}
    return Ledger(**durations, outages=row["outages"])


async def _days(conn: Connection, period: Period, judging: Targets) -> tuple[DayLine, ...]:
    """One line per day that has stored figures of declared cameras."""
    found = await sums.days(conn, period.first_day, period.last_day)
    ledgers = [_ledger(each) for each in found]
    return tuple(
        DayLine(day=row["day"], cameras=row["cameras"], ledger=each, light=judging.judge(each))
        for row, each in zip(found, ledgers, strict=True)
    )


async def _causes(conn: Connection, period: Period) -> dict[str, timedelta]:
    found = await sums.causes(conn, period.first_day, period.last_day)
    return {row["cause"]: timedelta(seconds=row["unobserved_s"]) for row in found}


async def _cameras(
    conn: Connection, period: Period, happened: Mapping[str, list[Outage]]
) -> tuple[CameraLine, ...]:
    """Cameras that were in service at some time of the period."""
    found = await sums.cameras(conn, period.first_day, period.last_day)
    # in a thread, since tens of thousands of cameras would hold up the event loop
    return await asyncio.to_thread(_lines, found, happened)


def _lines(
    found: list[asyncpg.Record], happened: Mapping[str, list[Outage]]
) -> tuple[CameraLine, ...]:
    ledgers = ((row, _ledger(row)) for row in found)
    return tuple(
        _camera(row, ledger, happened.get(row["camera_code"], []))
        for row, ledger in ledgers
        if ledger.total > ledger.out_of_service
    )


def _camera(row: asyncpg.Record, ledger: Ledger, happened: list[Outage]) -> CameraLine:
    longest = max(happened, key=lambda each: each.inside, default=None)
    return CameraLine(
        code=row["camera_code"],
        name=row["name"],
        area_code=row["area_code"],
        area=row["area"],
        ledger=ledger,
        longest=longest.inside if longest else None,
        reason=longest.reason if longest else None,
        meaning=longest.meaning if longest else None,
        down_since=next(
            (each.started_at for each in happened if each.lasts and each.in_service), None
        ),
    )


def _all(line: type[T], found: Iterable[asyncpg.Record]) -> tuple[T, ...]:
    """Rows whose columns are the fields of a line."""
    return tuple(line(**row) for row in found)


async def _groups(conn: Connection, period: Period) -> tuple[GroupLine, ...]:
    found = await sums.groups(conn, period.first_day, period.last_day)
    return tuple(
        GroupLine(sort=row["sort"], name=row["name"], cameras=row["cameras"], ledger=_ledger(row))
        for row in found
    )


async def _protected(conn: Connection, period: Period, until: datetime) -> Protected:
    now, changes, layers = await sums.protected(conn, period.starts_at, until)
    return Protected(
        **now,
        changes={row["how"]: row["times"] for row in changes},
        layers=tuple((row["source"], row["dated"]) for row in layers),
    )


async def _edition(conn: Connection) -> Rests | None:
    found = await sums.edition(conn)
    return None if found is None else Rests(**found)


def _top(tops: list[str]) -> str:
    return tops[0] if len(tops) == 1 else "All areas"


async def _exemptions(conn: Connection, period: Period, now: datetime) -> tuple[Exemption, ...]:
    found = await sums.exemptions(conn, period.starts_at, min(now, period.ends_at))
    return _all(Exemption, found)


async def _model(conn: Connection) -> CoverageModel | None:
    row = await sums.coverage_model(conn)
    if row is None:
        return None
    return CoverageModel(settings=row["model"], as_of=row["as_of"])
