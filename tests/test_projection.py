"""The city plane keeps lengths to the millimetre and gives coordinates back unchanged."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.geodesy.projection import Projection

XIAN = Projection(lon_deg=108.94, lat_deg=34.34)


def point(lon: float, lat: float) -> np.ndarray:
    return np.array([[lon, lat]], dtype=float)


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-75, 75),
    east=st.floats(-1.5, 1.5),
    north=st.floats(-1.5, 1.5),
)
def test_there_and_back_is_exact_to_a_micrometre(
    lon: float, lat: float, east: float, north: float
) -> None:
    plane = Projection(lon_deg=lon, lat_deg=lat)
    there = point(lon + east, lat + north)
    back = plane.to_lonlat(plane.to_plane(there))
    off = np.abs((back - there + 180) % 360 - 180)
    assert float(off.max()) < 1e-11


def test_the_centre_is_the_origin() -> None:
    assert np.abs(XIAN.to_plane(point(108.94, 34.34))).max() < 1e-9


@pytest.mark.parametrize(("lat", "metres"), [(45.0, 4984944.378), (90.0 - 1e-9, 10001965.729)])
def test_the_meridian_has_its_known_length(lat: float, metres: float) -> None:
    plane = Projection(lon_deg=0.0, lat_deg=0.0).to_plane(point(0.0, lat))
    assert plane[0, 1] == pytest.approx(metres, abs=0.002)


def test_a_short_parallel_has_its_known_length() -> None:
    squared = 0.00669437999014
    radius = 6378137 / math.sqrt(1 - squared * math.sin(math.radians(34.34)) ** 2)
    metres = radius * math.cos(math.radians(34.34)) * math.radians(0.001)
    assert XIAN.to_plane(point(108.941, 34.34))[0, 0] == pytest.approx(metres, abs=1e-4)


def test_it_agrees_with_redfearns_independent_series() -> None:
    plane = Projection(lon_deg=141.0, lat_deg=0.0).to_plane(point(140.0, 40.0))
    squared, lon, lat = 0.00669437999014, math.radians(-1), math.radians(40)
    nu = 6378137 / math.sqrt(1 - squared * math.sin(lat) ** 2)
    second, tan2 = squared / (1 - squared) * math.cos(lat) ** 2, math.tan(lat) ** 2
    arc = lon * math.cos(lat)
    east = nu * (
        arc
        + (1 - tan2 + second) * arc**3 / 6
        + (5 - 18 * tan2 + tan2**2 + 14 * second - 58 * tan2 * second) * arc**5 / 120
    )
    assert plane[0, 0] == pytest.approx(east, abs=0.001)


def test_lengths_fifty_kilometres_out_are_right_to_four_millimetres_in_a_hundred_metres() -> None:
    # A hundred metres along the meridian, half a degree east of the centre
    metres_per_degree = 111132.95 - 559.82 * math.cos(2 * math.radians(34.34))
    ends = np.array([[109.44, 34.34], [109.44, 34.34 + 100 / metres_per_degree]])
    plane = XIAN.to_plane(ends)
    assert math.dist(*plane) == pytest.approx(100, abs=0.006)


def test_the_centre_is_not_pulled_away_by_one_misplaced_point() -> None:
    points = np.array([[8.54, 47.37], [8.55, 47.38], [8.53, 47.36], [0.0, 0.0]])
    plane = Projection.centred_on(points)
    assert 8.5 < plane.lon_deg < 8.6
    assert 47.3 < plane.lat_deg < 47.4
