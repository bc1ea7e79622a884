"""The sample city: Zürich centre as published, and about 300 simulated cameras on its streets.

Mapped cameras keep every gap of their file; only their network address is one of the simulator.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.ops import nearest_points

from monitor.geodesy.projection import Projection
from monitor.inventory import Layer, patch, read_cameras, read_places, read_protected
from monitor.model import Area, Camera, CameraKind, Intent, Place, PlaceKind, Requirement

DATA = Path(__file__).parent / "data" / "zurich-centre"
HTTP_PORT = 8000
RTSP_PORT = 8554
_CENTRE = (8.54315, 47.37425)
_SEED = 2026
_ALONG_STREETS = 200
_AT_SITES = 100  # schools and named areas
_PLANNED = 6
_REPAIR = 3
_NEAR_M = 60.0
_QUARTERS = {
    ("N", "W"): "North-west",
    ("N", "E"): "North-east",
    ("S", "W"): "South-west",
    ("S", "E"): "South-east",
}
# Cameras behind a recorder: only a platform knows how they are.
_BEHIND = frozenset(f"SIM-{number:04d}" for number in range(150, 156))
_KINDS = (
    [CameraKind.FIXED] * 12
    + [CameraKind.HALF_DOME] * 4
    + [CameraKind.DOME_PTZ] * 3
    + [CameraKind.PANORAMA]
)


_REVIEW_IN = timedelta(days=300)
# What the sample city has stated that it needs: names, share, purpose, ground. No other place does.
_NEEDS = (
    (
        ("Bahnhof Enge", "Bahnhof Stadelhofen", "Zürich Hauptbahnhof"),
        0.3,
        "Crowd safety at the station",
        "Sample decision 12/2026 of 2026-03-02",
    ),
    (
        ("Bahnhofquai", "Hirschengraben", "Langstrasse"),
        0.1,
        "Traffic flow at signals",
        "Sample decision 7/2026 of 2026-02-10",
    ),
    (
        ("Schulhaus Scherr", "Liceo Artistico", "Schulhaus Hutten"),
        0.5,
        "School crossing",
        "Sample decision 9/2026 of 2026-02-24",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """Everything the first start of the demo puts into the inventory."""

    areas: tuple[Area, ...]
    protected: Layer
    places: tuple[Place, ...]
    cameras: tuple[Camera, ...]


def load() -> City:
    """The sample city; the same at every call."""
    places = tuple(_placed(place) for place in _places())
    mapped = [replace(each, area_code=_quarter(each.lon, each.lat)) for each in _mapped()]
    made = list(_simulated(places))
    cameras = [
        replace(camera, host=None if camera.code in _BEHIND else address(index), port=HTTP_PORT)
        for index, camera in enumerate([*mapped, *made])
    ]
    [layer] = read_protected(DATA / "protected.geojson").rows
    return City(areas=tuple(_areas()), protected=layer, places=places, cameras=tuple(cameras))


def with_needs(places: Sequence[Place], day: date) -> list[Place]:
    """The places, a few of them with what they need as of this day."""
    needs = {
        name: Requirement(share=share, purpose=purpose, ground=ground, review_due=day + _REVIEW_IN)
        for names, share, purpose, ground in _NEEDS
        for name in names
    }
    return [replace(each, requirement=needs.get(each.name)) for each in places]


def address(index: int) -> str:
    """Address of the simulator for the n-th camera."""
    return f"127.20.{index // 200}.{index % 200 + 1}"


def _areas() -> Iterator[Area]:
    yield Area(code="ZRH", name="Zürich centre", level="city")
    for (north, west), name in _QUARTERS.items():
        code = f"ZRH-{north}{west}"
        yield Area(code=code, name=f"{name} quarter", parent_code="ZRH", level="district")


def _quarter(lon: float | None, lat: float | None) -> str:
    if lon is None or lat is None:
        return "ZRH"
    return f"ZRH-{'N' if lat >= _CENTRE[1] else 'S'}{'E' if lon >= _CENTRE[0] else 'W'}"


def _places() -> Iterator[Place]:
    for name in ("streets", "school_buildings", "school_points", "key_areas"):
        yield from map(patch.place, read_places(DATA / f"{name}.geojson").rows)


def _placed(place: Place) -> Place:
    drawn = shape(dict(place.geometry))
    spot = (None, None) if drawn.is_empty else (drawn.centroid.x, drawn.centroid.y)
    return replace(place, area_code=_quarter(*spot))


def _mapped() -> Sequence[Camera]:
    return [patch.camera(each) for each in read_cameras(DATA / "cameras.geojson").rows]


def _simulated(places: Sequence[Place]) -> Iterator[Camera]:
    """Cameras made for the demo, clearly named so."""
    chance = random.Random(_SEED)  # noqa: S311  repeatable, not secret
    ground = _Ground(places)
    spots = [
        *(ground.along_street(chance) for _ in range(_ALONG_STREETS)),
        *ground.at_sites(chance, _AT_SITES),
    ]
    for number, spot in enumerate(spots, 1):
        lon, lat = ground.lonlat(spot.x, spot.y)
        yield Camera(
            code=f"SIM-{number:04d}",
            name=f"Simulated {number:04d} {spot.where}",
            area_code=_quarter(lon, lat),
            intent=_intent(number, len(spots)),
            lon=round(lon, 6),
            lat=round(lat, 6),
            kind=CameraKind.FIXED if spot.aimed else chance.choice(_KINDS),
            direction=f"{spot.azimuth_deg:.0f}",
            pole=f"SIM-POLE-{number // 2:04d}",
            address=spot.where,
            simulated=True,
        )


def _intent(number: int, total: int) -> Intent:
    if number > total - _PLANNED:
        return Intent.PLANNED
    return Intent.REPAIR if number > total - _PLANNED - _REPAIR else Intent.IN_SERVICE


@dataclass(frozen=True, kw_only=True, slots=True)
class _Spot:
    """Where a camera hangs (metres on the plane), where it looks, and what that place is called."""

    x: float
    y: float
    azimuth_deg: float
    where: str
    aimed: bool = False


class _Ground:
    """Streets and sites on a plane, to hang cameras on."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._plane = Projection.centred_on(np.array([_CENTRE]))
        streets = [each for each in places if each.kind is PlaceKind.STREET]
        self._names = [each.name for each in streets]
        self._lines = [self._flat(each) for each in streets]
        self._sites = [
            (each.name, self._flat(each)) for each in places if each.kind is not PlaceKind.STREET
        ]
        self._tree = shapely.STRtree(self._lines)

    def lonlat(self, x: float, y: float) -> tuple[float, float]:
        """Degrees of a point of the plane."""
        lon, lat = self._plane.to_lonlat(np.array([[x, y]]))[0].tolist()
        return lon, lat

    def along_street(self, chance: random.Random) -> _Spot:
        """A random spot of a random street, longer ones more often, looking along it."""
        lengths = [line.length for line in self._lines]
        index = chance.choices(range(len(lengths)), weights=lengths)[0]
        line = self._lines[index]
        pieces = list(getattr(line, "geoms", [line]))
        piece = chance.choices(pieces, weights=[each.length for each in pieces])[0]
        at = chance.uniform(0, piece.length)
        here, ahead = piece.interpolate(at), piece.interpolate(min(at + 5, piece.length))
        back = piece.interpolate(max(at - 5, 0))
        turn = chance.choice((0, 180))
        azimuth = (_azimuth(back, ahead) + turn) % 360
        return _Spot(x=here.x, y=here.y, azimuth_deg=azimuth, where=self._names[index] or "street")

    def at_sites(self, chance: random.Random, count: int) -> Iterator[_Spot]:
        """Spots on streets beside schools and named areas, looking at them."""
        near = [
            (name, site, line)
            for name, site in self._sites
            if site.distance(line := self._lines[int(self._tree.nearest(site))]) < _NEAR_M
        ]
        for number in range(count):
            name, site, line = near[number % len(near)]
            on_street, _ = nearest_points(line, site.centroid)
            at = line.project(on_street) + chance.uniform(-25, 25)
            here = line.interpolate(min(max(at, 0), line.length))
            yield _Spot(
                x=here.x,
                y=here.y,
                azimuth_deg=_azimuth(here, site.centroid) % 360,
                where=name or "school",
                aimed=True,
            )

    def _flat(self, place: Place) -> shapely.Geometry:
        return shapely.transform(shape(dict(place.geometry)), self._plane.to_plane)


def _azimuth(start: shapely.Point, end: shapely.Point) -> float:
    """Degrees clockwise from north."""
    return float(np.degrees(np.arctan2(end.x - start.x, end.y - start.y)))
