"""Shapes read straight from their lists are those that GeoJSON would have given."""

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from monitor.coverage.targets import _drawn
from monitor.model import Place, PlaceKind

NUMBERS = st.floats(-180, 180, allow_nan=False) | st.integers(-90, 90)
POINTS = st.lists(NUMBERS, min_size=2, max_size=3)
FLAT = st.lists(NUMBERS, min_size=2, max_size=2)
LINES = st.lists(FLAT, min_size=2, max_size=6).map(
    lambda some: {"type": "LineString", "coordinates": some}
)
DEEP = st.lists(POINTS, max_size=5).map(lambda some: {"type": "LineString", "coordinates": some})
OTHERS = st.sampled_from([
    {"type": "Point", "coordinates": [1.0, 2.0]},
    {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]},
    {"type": "MultiLineString", "coordinates": [[[0, 0], [1, 1]], [[2, 2], [3, 3]]]},
    {"type": "LineString", "coordinates": []},
    {"type": "LineString", "coordinates": [["1", "2"], ["3", "4"]]},
    {"type": "LineString", "coordinates": [[1, None], [3, 4]]},
    {"type": "LineString", "coordinates": 7},
    {"type": "LineString"},
    {},
])  # fmt: skip


def place(geometry: dict[str, Any]) -> Place:
    return Place(kind=PlaceKind.STREET, code="s", name="s", geometry=geometry)


def by_text(geometry: dict[str, Any]) -> Any:
    return shapely.force_2d(shapely.from_geojson(json.dumps(geometry), on_invalid="ignore"))


@given(st.lists(LINES | DEEP | OTHERS, max_size=6))
def test_every_shape_is_the_one_of_its_text(geometries: list[dict[str, Any]]) -> None:
    found = _drawn([place(each) for each in geometries])
    for one, geometry in zip(found, geometries, strict=True):
        other = by_text(geometry)
        assert (one is None) == (other is None), geometry
        if one is not None:
            assert shapely.to_wkb(one) == shapely.to_wkb(other), geometry


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_number_that_is_none_spoils_no_other_street(bad: float) -> None:
    good = {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}
    spoilt = {"type": "LineString", "coordinates": [[1, bad], [3, 4]]}
    found = _drawn([place(good), place(spoilt)])
    assert shapely.equals(found[0], by_text(good))
    assert found[1] is None or not np.isfinite(shapely.bounds(found[1])).all()
