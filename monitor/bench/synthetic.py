"""A made-up city of any size, for measurements and for tests of properties."""

import random
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from monitor.geodesy.projection import Projection
from monitor.model import Camera, CameraKind, Health, Place, PlaceKind

CENTRE = Projection(lon_deg=108.94, lat_deg=34.34)
_KINDS = (
    [CameraKind.FIXED] * 6 + [CameraKind.HALF_DOME] * 2 + [CameraKind.DOME_PTZ, CameraKind.UNKNOWN]
)
_BESIDE_M = 14.0  # from the middle of a street to that of a house
_HALF_M = (8.0, 5.0)  # along the street and across


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """Places and cameras by key."""

    places: dict[int, Place]
    cameras: dict[int, Camera]


def make(*, cameras: int, streets: int, seed: int = 1) -> City:
    """Streets of eight bent pieces of 60 m; cameras stand beside them and mostly look along."""
    rng = np.random.default_rng(seed)
    side_m = 160.0 * streets**0.5  # 19 km of street per square kilometre: an inner city
    start = rng.uniform(-side_m / 2, side_m / 2, (streets, 1, 2))
    turn = rng.uniform(0, 2 * np.pi, (streets, 1)) + rng.normal(0, 0.15, (streets, 8)).cumsum(1)
    steps = np.stack([np.sin(turn), np.cos(turn)], axis=2) * 60.0
    lines = np.concatenate([start, start + steps.cumsum(axis=1)], axis=1)
    lonlat = CENTRE.to_lonlat(lines.reshape(-1, 2)).round(7).reshape(streets, 9, 2)
    street = rng.integers(0, streets, cameras)
    piece = rng.integers(0, 8, cameras)
    spot = lines[street, piece] + rng.normal(0, 6.0, (cameras, 2))
    azimuth = np.degrees(turn[street, piece]) + rng.normal(0, 20, cameras)
    where = CENTRE.to_lonlat(spot).round(7)
    return City(
        places={i + 1: _street(i, points.tolist()) for i, points in enumerate(lonlat)},
        cameras={i + 1: _camera(i, where[i], float(azimuth[i])) for i in range(cameras)},
    )


def _street(number: int, points: list[list[float]]) -> Place:
    return Place(
        kind=PlaceKind.STREET,
        code=f"s{number}",
        name=f"street {number}",
        geometry={"type": "LineString", "coordinates": points},
    )


def _camera(number: int, where: NDArray[np.float64], azimuth_deg: float) -> Camera:
    return Camera(
        code=f"c{number}",
        name=f"camera {number}",
        lon=float(where[0]),
        lat=float(where[1]),
        kind=_KINDS[number % len(_KINDS)],
        direction=str(round(azimuth_deg) % 360),
    )


def houses(city: City, count: int, *, seed: int = 1) -> NDArray[np.object_]:
    """Outlines beside the streets, degrees; a few lie over each other, as in real layers."""
    rng = np.random.default_rng(seed)
    lines = [np.array(place.geometry["coordinates"]) for place in city.places.values()]
    chosen, piece = rng.integers(0, len(lines), count), rng.integers(0, 8, count)
    ends = [
        CENTRE.to_plane(np.array([lines[i][p + more] for i, p in zip(chosen, piece, strict=True)]))
        for more in (0, 1)
    ]
    along = (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]).T)[:, None]
    across = np.column_stack([-along[:, 1], along[:, 0]]) * rng.choice([-1, 1], count)[:, None]
    middle = ends[0] + (ends[1] - ends[0]) * rng.uniform(0, 1, count)[:, None]
    middle = middle + across * _BESIDE_M
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
    ring = [middle + along * one * _HALF_M[0] + across * other * _HALF_M[1] for one, other in signs]
    lonlat = CENTRE.to_lonlat(np.stack(ring, axis=1).reshape(-1, 2)).reshape(count, 5, 2)
    made: NDArray[np.object_] = shapely.polygons(lonlat)
    return made


def states(city: City, *, seed: int = 1) -> dict[int, Health]:
    """Nine of ten are up."""
    chosen = random.Random(seed)  # noqa: S311  repeatable, not secret
    words = [Health.UP] * 18 + [Health.DOWN, Health.UNKNOWN]
    return {key: chosen.choice(words) for key in city.cameras}
