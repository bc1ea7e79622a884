"""A made-up city of any size for speed and property tests, and the measurement of the coverage map.

Run as a program it prints CPU seconds: `python -m tests.synthetic_city [CAMERAS STREETS]`.
"""

import random
import resource
import sys
import time
from dataclasses import dataclass

import numpy as np

from monitor.coverage.citymap import CoverageMap
from monitor.geodesy.projection import Projection
from monitor.model import Camera, CameraKind, Health, Place, PlaceKind

CENTRE = Projection(lon_deg=108.94, lat_deg=34.34)
_KINDS = (
    [CameraKind.FIXED] * 6 + [CameraKind.HALF_DOME] * 2 + [CameraKind.DOME_PTZ, CameraKind.UNKNOWN]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
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


def with_sites(city: City) -> City:
    """The same with a school, a school known as a point, and a key area in the middle."""
    sites = {
        9001: _site(PlaceKind.SCHOOL, _square(-60, 20, 80)),
        9002: _site(PlaceKind.SCHOOL, {"type": "Point", "coordinates": _degrees([[150, -90]])[0]}),
        9003: _site(PlaceKind.KEY_AREA, _square(30, -40, 120)),
    }
    return City(places=city.places | sites, cameras=city.cameras)


def _square(x_m: float, y_m: float, side_m: float) -> dict[str, object]:
    east, north = x_m + side_m, y_m + side_m
    ring = [[x_m, y_m], [east, y_m], [east, north], [x_m, north], [x_m, y_m]]
    return {"type": "Polygon", "coordinates": [_degrees(ring)]}


def _degrees(plane: list[list[float]]) -> list[list[float]]:
    return CENTRE.to_lonlat(np.array(plane, dtype=float)).tolist()


def _site(kind: PlaceKind, geometry: dict[str, object]) -> Place:
    return Place(kind=kind, code=kind.value, name=kind.value, geometry=geometry)


def _street(number: int, points: list[list[float]]) -> Place:
    return Place(
        kind=PlaceKind.STREET,
        code=f"s{number}",
        name=f"street {number}",
        geometry={"type": "LineString", "coordinates": points},
    )


def _camera(number: int, where: np.ndarray, azimuth_deg: float) -> Camera:
    return Camera(
        code=f"c{number}",
        name=f"camera {number}",
        lon=float(where[0]),
        lat=float(where[1]),
        kind=_KINDS[number % len(_KINDS)],
        direction=str(round(azimuth_deg) % 360),
    )


def states(city: City, *, seed: int = 1) -> dict[int, Health]:
    chosen = random.Random(seed)
    words = [Health.UP] * 18 + [Health.DOWN, Health.UNKNOWN]
    return {key: chosen.choice(words) for key in city.cameras}


def bench(*, cameras: int, streets: int) -> dict[str, float]:
    """CPU seconds of one thread: build, figures of everything, the middle and the worst of nine
    changes of 100 cameras; peak MB."""
    city, small = make(cameras=cameras, streets=streets), make(cameras=9, streets=3)
    CoverageMap(small.places, small.cameras).update(
        {1: Health.UP}
    )  # what libraries load on first use is not measured
    began = time.process_time()
    known = CoverageMap(city.places, city.cameras, ranged=False)
    built = time.process_time()
    known.figures(states(city))
    done = time.process_time()
    touched, changes = 0, []
    for seed in range(9):
        chosen = random.Random(seed).sample(sorted(city.cameras), 100)
        state = Health.UP if seed % 2 else Health.DOWN
        start = time.process_time()
        touched = len(known.update(dict.fromkeys(chosen, state)).places)
        changes.append(time.process_time() - start)
    return {
        "rows": len(known.survey.rows),
        "build_s": built - began,
        "figures_s": done - built,
        "change_of_100_s": sorted(changes)[4],
        "change_of_100_worst_s": max(changes),
        "places_touched": touched,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    sizes = [int(word) for word in sys.argv[1:]] or [10_000, 5_000]
    measured = bench(cameras=sizes[0], streets=sizes[1])
    sys.stdout.writelines(f"{name} {value:.4g}\n" for name, value in measured.items())
