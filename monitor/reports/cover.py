"""Reads coverage of places, now and on average over a period; amounts, so that sums make sense."""

from collections.abc import Iterable

import asyncpg

from db import sums
from db.pool import Connection
from monitor.reports.content import Covered, KindLine, PlaceLine
from monitor.reports.periods import Period

_ORDER = ("street", "school", "key_area")


async def read(
    conn: Connection, period: Period
) -> tuple[tuple[KindLine, ...], tuple[PlaceLine, ...]]:
    """Kinds in fixed order, and places by kind and name.

    The mean weighs each stored day of each place alike; a place counts on the days it has.
    """
    found = await sums.coverage(conn, period.first_day, period.last_day)
    places = sorted((_place(row) for row in found), key=_by_name)
    return tuple(_kinds(places)), tuple(places)


def _place(row: asyncpg.Record) -> PlaceLine:
    unit, size = ("m", row["length_m"]) if row["length_m"] is not None else ("m²", row["area_m2"])
    size = size or 0.0
    return PlaceLine(
        place_id=row["place_id"],
        kind=row["kind"],
        name=row["place"],
        area=row["area"],
        unit=unit,
        required=row["required"],
        covered=Covered(
            size=size,
            designed=_times(row["designed"], size),
            effective=_times(row["effective"], size),
            upper=_times(row["upper"], size),
            excess=_times(row["excess"], size),
            unrequired=_times(row["unrequired"], size),
            mean=_times(row["mean"], size * row["days"]),
            mean_size=size * row["days"],
            days=row["days"],
        ),
    )


def _times(ratio: float | None, size: float) -> float | None:
    return None if ratio is None else ratio * size


def _by_name(place: PlaceLine) -> tuple[int, str, int]:
    return _ORDER.index(place.kind), place.name, place.place_id


def _kinds(places: list[PlaceLine]) -> Iterable[KindLine]:
    sorts = {(_ORDER.index(each.kind), each.kind, each.unit) for each in places}
    for _, kind, unit in sorted(sorts):
        group = [each for each in places if (each.kind, each.unit) == (kind, unit)]
        yield KindLine(
            kind=kind,
            unit=unit,
            places=len(group),
            required=sum(each.required is not None for each in group),
            covered=_sum([each.covered for each in group]),
        )


def _sum(parts: list[Covered]) -> Covered:
    return Covered(
        size=sum(each.size for each in parts),
        designed=_known_sum(each.designed for each in parts),
        effective=_known_sum(each.effective for each in parts),
        upper=_known_sum(each.upper for each in parts),
        excess=_known_sum(each.excess for each in parts),
        unrequired=_known_sum(each.unrequired for each in parts),
        mean=_known_sum(each.mean for each in parts),
        mean_size=sum(each.mean_size for each in parts),
        days=sum(each.days for each in parts),
    )


def _known_sum(amounts: Iterable[float | None]) -> float | None:
    known = [each for each in amounts if each is not None]
    return sum(known) if known else None
