"""The made-up city of the measurements, with sites in its middle."""

import numpy as np

from monitor.bench.synthetic import CENTRE, City, houses, make, states
from monitor.model import Place, PlaceKind

__all__ = ["CENTRE", "City", "houses", "make", "states", "with_sites"]


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
