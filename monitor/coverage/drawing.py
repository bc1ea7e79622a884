"""Draws a coverage map as GeoJSON: sectors of cameras, covered and blind pieces of lines, gaps.

Colours, and what a page does with it, are left to the reader of the GeoJSON.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from monitor.coverage import gaps, sectors, sweep
from monitor.coverage.axis import UM_PER_M
from monitor.coverage.citymap import CoverageMap
from monitor.coverage.extent import GapKind
from monitor.coverage.sectors import Ints
from monitor.coverage.targets import MAIN
from monitor.geodesy.projection import Points

COVERED = "covered"

Feature = dict[str, Any]


def sector_features(city: CoverageMap, cameras: Iterable[int] | None = None) -> Feature:
    """A polygon per field; `cameras` are keys, None for all with a field."""
    known = city.survey
    wanted = set(known.fields if cameras is None else cameras)
    features, rings = [], []
    number: dict[int, int] = {}
    for position, index in enumerate(known.sectors.camera.tolist()):
        key = known.keys[index]
        field = known.fields[key][number.setdefault(key, 0)]
        number[key] += 1
        if key in wanted:
            rings.append(sectors.outline(known.sectors, position))
            features.append(
                {
                    "camera": key,
                    "azimuth_deg": field.azimuth_deg,
                    "opening_deg": field.opening_deg,
                    "range_m": field.far_m,
                    "angle_basis": field.angle_basis.value,
                    "range_basis": field.range_basis.value,
                    "reachable": field.reachable,
                }
            )
    drawn = [{"type": "Polygon", "coordinates": [ring]} for ring in _degrees(city, rings)]
    return _collection(features, drawn)


def line_features(city: CoverageMap, places: Iterable[int] | None = None) -> Feature:
    """Streets and school perimeters in pieces; `seen` is covered, dark or never."""
    which, counts = _ends(city, places)
    known = city.survey
    dull = gaps.blind(known.axis, known.ends, counts, which, 0)
    line, start, end = gaps.seen(known.axis, known.ends, counts, which)
    kind = [GapKind.DARK.value if dark else GapKind.NEVER.value for dark in dull.dark.tolist()]
    return _pieces(
        city,
        np.concatenate([line, dull.line]),
        np.concatenate([start, dull.start]),
        np.concatenate([end, dull.end]),
        [COVERED] * len(line) + kind,
    )


def gap_features(
    city: CoverageMap, places: Iterable[int] | None = None, min_m: float = 10.0
) -> Feature:
    """Only the blind stretches of at least `min_m`; `seen` is dark or never."""
    which, counts = _ends(city, places)
    known = city.survey
    found = gaps.blind(known.axis, known.ends, counts, which, round(min_m * UM_PER_M))
    kind = [GapKind.DARK.value if dark else GapKind.NEVER.value for dark in found.dark.tolist()]
    return _pieces(city, found.line, found.start, found.end, kind)


def _ends(city: CoverageMap, places: Iterable[int] | None) -> tuple[Ints, sweep.Counts]:
    layout = city.survey.layout
    wanted = set(layout.keys if places is None else places)
    chosen = [2 * index + MAIN for index, key in enumerate(layout.keys) if key in wanted]
    which = sweep.ends_of(city.survey.ends, np.array(chosen, dtype=np.int64))
    return which, city.counts(which)


def _pieces(city: CoverageMap, line: Ints, start: Ints, end: Ints, seen: Sequence[str]) -> Feature:
    axis, layout = city.survey.axis, city.survey.layout
    from_m, to_m = (gaps.measure_m(axis, line, side).tolist() for side in (start, end))
    place = [layout.keys[target // 2] for target in axis.line_target[line].tolist()]
    properties = [
        {"place": key, "seen": word, "from_m": round(low, 3), "to_m": round(high, 3)}
        for key, word, low, high in zip(place, seen, from_m, to_m, strict=True)
    ]
    paths = [axis.path(*ends) for ends in zip(start.tolist(), end.tolist(), strict=True)]
    drawn = [{"type": "LineString", "coordinates": path} for path in _degrees(city, paths)]
    return _collection(properties, drawn)


def _degrees(city: CoverageMap, paths: Sequence[Points]) -> list[list[list[float]]]:
    """All paths in one projection call; seven digits are a centimetre."""
    if not paths:
        return []
    lonlat = city.survey.projection.to_lonlat(np.concatenate(paths)).round(7)
    cuts = np.cumsum([len(path) for path in paths])[:-1]
    return [path.tolist() for path in np.split(lonlat, cuts)]


def _collection(properties: Sequence[Feature], geometries: Sequence[Feature]) -> Feature:
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": one, "geometry": geometry}
            for one, geometry in zip(properties, geometries, strict=True)
        ],
    }
