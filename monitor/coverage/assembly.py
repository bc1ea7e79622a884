"""Turns counted lengths into the figures of `extent`: whole micrometres to metres and ratios.

Knows nothing of states; the caller says which places and cameras to hand out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from monitor.coverage.axis import UM_PER_M
from monitor.coverage.extent import CameraFigures, Gap, GapKind, Part, PlaceFigures
from monitor.coverage.gaps import Blind, measure_m
from monitor.coverage.sectors import Ints
from monitor.coverage.survey import Band, Survey
from monitor.coverage.sweep import Lengths, Weights
from monitor.coverage.targets import APPROACH, MAIN
from monitor.model import PlaceKind

_DIGITS = 7  # of a degree: a centimetre


def places(
    known: Survey,
    chosen: Ints,
    lengths: Lengths,
    weights: Weights,
    gaps: Mapping[int, list[Gap]],
    bands: Sequence[Band],
) -> dict[int, PlaceFigures]:
    """Figures of the chosen place indices, by place key."""
    schools = np.array([i for i in chosen if known.layout.kinds[i] is PlaceKind.SCHOOL], dtype=int)
    approaches = dict(
        zip(schools.tolist(), _parts(known, 2 * schools + APPROACH, lengths), strict=True)
    )
    headlines = _parts(known, 2 * chosen + MAIN, lengths)
    made = {}
    for index, headline in zip(chosen.tolist(), headlines, strict=True):
        kind = known.layout.kinds[index]
        main = _surface(known, index, weights) if kind is PlaceKind.KEY_AREA else headline
        low, high = _band(known, index, main.amount, bands)
        made[known.layout.keys[index]] = _place(
            known,
            index,
            main,
            low=low,
            high=high,
            perimeter=main if kind is PlaceKind.SCHOOL else None,
            approach=approaches.get(index),
            gaps=tuple(gaps.get(2 * index + MAIN, ())),
        )
    return made


def _parts(known: Survey, targets: Ints, lengths: Lengths) -> list[Part]:
    """One per target; only those are taken out of the arrays, which span the whole city."""
    amounts = {
        one.name: (getattr(lengths, one.name)[targets] / UM_PER_M).tolist()
        for one in fields(Lengths)
    }
    whole = (known.length_um[targets] / UM_PER_M).tolist()
    return [
        _part(amount, **dict(zip(amounts, values, strict=True)))
        for amount, *values in zip(whole, *amounts.values(), strict=True)
    ]


def _place(known: Survey, index: int, main: Part, **more: Any) -> PlaceFigures:
    surface = known.layout.kinds[index] is PlaceKind.KEY_AREA
    return PlaceFigures(
        place=known.layout.keys[index],
        kind=known.layout.kinds[index],
        length_m=None if surface else main.amount,
        area_m2=main.amount if surface else None,
        designed=main.designed,
        effective=main.effective,
        upper=main.upper,
        doubled=main.doubled,
        redundant=main.redundant,
        triple=main.triple,
        reachable=main.reachable,
        reachable_now=main.reachable_now,
        lost_m=None if surface else main.lost,
        lost_m2=main.lost if surface else None,
        assumed=index in known.layout.assumed,
        **more,
    )


def _part(
    amount: float,
    *,
    designed: float,
    effective: float,
    upper: float,
    doubled: float,
    twice: float,
    thrice: float,
    reachable: float,
    reachable_now: float,
) -> Part:
    return Part(
        amount=amount,
        designed=_ratio(designed, amount),
        effective=_ratio(effective, amount),
        upper=_ratio(upper, amount),
        doubled=_ratio(doubled, amount),
        redundant=_ratio(twice, amount),
        triple=_ratio(thrice, amount),
        reachable=_ratio(reachable, amount),
        reachable_now=_ratio(reachable_now, amount),
        lost=max(designed - upper, 0.0),
    )


def _surface(known: Survey, index: int, weights: Weights) -> Part:
    surface = known.surfaces.get(index)
    if surface is None:
        return _part(
            0.0,
            designed=0,
            effective=0,
            upper=0,
            doubled=0,
            twice=0,
            thrice=0,
            reachable=0,
            reachable_now=0,
        )
    once, twice, thrice = surface.levels_m2(weights.online > 0)
    designed, doubled, _ = surface.levels_m2(weights.installed > 0)
    return _part(
        surface.area_m2,
        designed=designed,
        effective=once,
        upper=surface.seen_m2(weights.hopeful > 0),
        doubled=doubled,
        twice=twice,
        thrice=thrice,
        reachable=surface.seen_m2(weights.reaching > 0),
        reachable_now=surface.seen_m2(weights.reaching_now > 0),
    )


def _ratio(part: float, whole: float) -> float | None:
    # polygons may overshoot the whole by rounding; a share above 1 would be a lie
    return min(part / whole, 1.0) if whole > 0 else None


def _band(
    known: Survey, index: int, amount: float, bands: Sequence[Band]
) -> tuple[float | None, float | None]:
    if not bands:
        return None, None
    if known.layout.kinds[index] is PlaceKind.KEY_AREA:
        low, high = (one.surfaces_m2.get(index, 0.0) for one in bands)
    else:
        low, high = (float(one.lines_um[2 * index + MAIN]) / UM_PER_M for one in bands)
    return _ratio(low, amount), _ratio(high, amount)


def cameras(known: Survey, chosen: Ints, exclusive_um: Ints) -> dict[int, CameraFigures]:
    """Figures of the chosen camera indices, by camera key; `exclusive_um` is by camera index."""
    seen_m, exclusive_m = known.seen_um[chosen] / UM_PER_M, exclusive_um[chosen] / UM_PER_M
    return {
        known.keys[index]: CameraFigures(
            camera=known.keys[index], seen_m=seen, exclusive_m=exclusive
        )
        for index, seen, exclusive in zip(
            chosen.tolist(), seen_m.tolist(), exclusive_m.tolist(), strict=True
        )
    }


def gaps_by_target(known: Survey, blind: Blind) -> dict[int, list[Gap]]:
    """Gaps with measures and coordinates; of streets and perimeters only, not of approaches."""
    main = blind.target % 2 == MAIN
    target, line = blind.target[main], blind.line[main]
    start, end, dark = blind.start[main], blind.end[main], blind.dark[main]
    ends = [known.projection.to_lonlat(known.axis.plane_at(side)) for side in (start, end)]
    points = [[(lon, lat) for lon, lat in side.round(_DIGITS).tolist()] for side in ends]
    found: dict[int, list[Gap]] = {}
    columns = (
        target.tolist(),
        measure_m(known.axis, line, start).tolist(),
        measure_m(known.axis, line, end).tolist(),
        dark.tolist(),
        *points,
    )
    for owner, from_m, to_m, is_dark, from_lonlat, to_lonlat in zip(*columns, strict=True):
        gap = Gap(
            from_m=from_m,
            to_m=to_m,
            length_m=to_m - from_m,
            kind=GapKind.DARK if is_dark else GapKind.NEVER,
            from_lonlat=from_lonlat,
            to_lonlat=to_lonlat,
        )
        found.setdefault(owner, []).append(gap)
    return found
