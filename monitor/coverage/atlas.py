"""The coverage of an estate in several towns: one map, on a plane of its own, for each of them.

Towns that lie apart have no stretch in common, so figures of places are simply put together; those
of a camera that two maps share are added up.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from monitor.coverage import drawing
from monitor.coverage.citymap import CoverageMap
from monitor.coverage.extent import CameraFigures, Figures
from monitor.coverage.footprint import Defect
from monitor.coverage.targets import middles, misplaced_places
from monitor.model import Camera, Health, Place

_CELL_DEG = 0.5  # towns with an empty row of such cells between them lie apart
_WIDEST_DEG = 5.0  # beyond it the plane would bend: a country of touching towns is cut
_CUT_DEG = 2.0
_BESIDE_DEG = 0.05  # no camera sees farther; one beside a border belongs to both maps

Spot = tuple[float, float]


class Atlas:
    """Keys of places and cameras are the caller's. Options are those of `CoverageMap`.

    A place at 0/0, with exchanged axes or a lost sign, compared with all others, stays out.
    """

    def __init__(
        self, places: Mapping[int, Place], cameras: Mapping[int, Camera], *args: Any, **options: Any
    ) -> None:
        spots = middles(places)
        left_out = misplaced_places(spots)
        towns = _towns({key: spot for key, spot in spots.items() if key not in left_out})
        lost = [key for key in places if key not in spots or key in left_out]
        self.maps = [
            CoverageMap(
                {key: places[key] for key in sorted([*town, *(lost if first else ())])},
                {key: cameras[key] for key in seen},
                *args,
                left_out=left_out if first else {},
                **options,
            )
            for first, town, seen in _shared(towns, spots, cameras)
        ]

    @property
    def defects(self) -> Mapping[int, Defect]:
        """Why a camera in service has no field, by camera key."""
        return {key: defect for each in self.maps for key, defect in each.defects.items()}

    @property
    def place_defects(self) -> Mapping[int, str]:
        """Why a place has no figures, by place key."""
        return {key: why for each in self.maps for key, why in each.place_defects.items()}

    def figures(self, states: Mapping[int, Health]) -> Figures:
        """Takes the states of all cameras and computes everything."""
        return self._together(each.figures(states) for each in self.maps)

    def update(self, changed: Mapping[int, Health]) -> Figures:
        """Takes new states of some cameras; computes and returns what they touch."""
        return self._together(each.update(changed) for each in self.maps)

    def in_view_of(self, cameras: Collection[int]) -> frozenset[int]:
        """Keys of the places that any of these cameras sees a part of."""
        return frozenset().union(*(each.in_view_of(cameras) for each in self.maps))

    def gap_features(self, places: Collection[int], min_m: float) -> Iterator[Mapping[str, Any]]:
        """The blind stretches of these places as GeoJSON features."""
        for each in self.maps:
            yield from drawing.gap_features(each, places, min_m)["features"]

    def _together(self, parts: Iterable[Figures]) -> Figures:
        found = Figures(places={}, cameras={})
        for part in parts:
            found.places.update(part.places)
            for key, figures in part.cameras.items():
                known = found.cameras.get(key)
                found.cameras[key] = _added(known, figures) if known else figures
        return found


def _added(one: CameraFigures, other: CameraFigures) -> CameraFigures:
    return replace(
        one,
        seen_m=one.seen_m + other.seen_m,
        exclusive_m=one.exclusive_m + other.exclusive_m,
    )


def _towns(spots: Mapping[int, Spot]) -> list[list[int]]:
    """Places that hang together, the town with most of them first."""
    cells: dict[Spot, list[int]] = defaultdict(list)
    for key, (lon, lat) in spots.items():
        cells[lon // _CELL_DEG, lat // _CELL_DEG].append(key)
    towns: list[list[int]] = []
    while cells:
        town, reached = [], [next(iter(cells))]
        while reached:
            x, y = reached.pop()
            town += cells.pop((x, y), [])
            reached += [
                (x + dx, y + dy)
                for dx in (-1, 0, 1)
                for dy in (-1, 0, 1)
                if (x + dx, y + dy) in cells
            ]
        towns += _cut(town, spots)
    return sorted(towns, key=len, reverse=True)


def _cut(town: list[int], spots: Mapping[int, Spot]) -> list[list[int]]:
    """The town, or where it is as wide as a country, squares of it."""
    lon, lat = zip(*(spots[key] for key in town), strict=True)
    if max(max(lon) - min(lon), max(lat) - min(lat)) <= _WIDEST_DEG:
        return [town]
    squares: dict[Spot, list[int]] = defaultdict(list)
    for key in town:
        squares[spots[key][0] // _CUT_DEG, spots[key][1] // _CUT_DEG].append(key)
    return list(squares.values())


def _shared(
    towns: list[list[int]], spots: Mapping[int, Spot], cameras: Mapping[int, Camera]
) -> Iterator[tuple[bool, list[int], list[int]]]:
    """Each town with the cameras that may see some of it; every camera belongs to one at least."""
    if len(towns) <= 1:
        yield True, towns[0] if towns else [], list(cameras)
        return
    boxes = [_box([spots[key] for key in town]) for town in towns]
    seen: list[list[int]] = [[] for _ in towns]
    for key, camera in cameras.items():
        if camera.lon is None or camera.lat is None:
            seen[0].append(key)
            continue
        away = [_away(box, camera.lon, camera.lat) for box in boxes]
        near = [place for place, degrees in enumerate(away) if degrees <= _BESIDE_DEG]
        for place in near or [away.index(min(away))]:
            seen[place].append(key)
    for number, town in enumerate(towns):
        yield number == 0, town, seen[number]


def _box(points: Collection[Spot]) -> tuple[float, float, float, float]:
    lon, lat = zip(*points, strict=True)
    return min(lon), min(lat), max(lon), max(lat)


def _away(box: tuple[float, float, float, float], lon: float, lat: float) -> float:
    """Degrees from the box; 0 inside."""
    west, south, east, north = box
    return max(west - lon, lon - east, south - lat, lat - north, 0.0)
