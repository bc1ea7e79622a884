"""Sectors, covered and blind pieces come out as GeoJSON that fits the figures."""

import json
import math

import pytest
import shapely

from monitor.coverage import drawing
from monitor.coverage.citymap import CoverageMap
from monitor.model import PlaceKind
from tests import synthetic_city

CITY = synthetic_city.with_sites(synthetic_city.make(cameras=60, streets=10, seed=4))
MAP = CoverageMap(CITY.places, CITY.cameras)
FIGURES = MAP.figures(synthetic_city.states(CITY))


def length_m(feature: dict[str, object]) -> float:
    line = shapely.geometry.shape(feature["geometry"])
    return float(shapely.transform(line, synthetic_city.CENTRE.to_plane).length)


def test_every_field_is_a_closed_polygon_of_the_right_size() -> None:
    drawn = drawing.sector_features(MAP)["features"]
    assert len(drawn) == len(MAP.survey.sectors)
    for feature in drawn:
        said = feature["properties"]
        shape = shapely.geometry.shape(feature["geometry"])
        area = shapely.transform(shape, synthetic_city.CENTRE.to_plane).area
        full = math.pi * said["range_m"] ** 2 * said["opening_deg"] / 360
        assert shape.is_valid
        assert area == pytest.approx(full, rel=0.005)


def test_sectors_of_chosen_cameras_only() -> None:
    drawn = drawing.sector_features(MAP, [1, 2])["features"]
    assert {feature["properties"]["camera"] for feature in drawn} == {1, 2}


def test_pieces_of_a_place_make_its_length_and_its_ratio() -> None:
    for key, place in FIGURES.places.items():
        if place.kind is PlaceKind.KEY_AREA or not place.length_m:
            continue
        drawn = drawing.line_features(MAP, [key])["features"]
        covered = [one for one in drawn if one["properties"]["seen"] == drawing.COVERED]
        assert {one["properties"]["place"] for one in drawn} == {key}
        assert sum(map(length_m, drawn)) == pytest.approx(place.length_m, abs=0.1)
        share = sum(map(length_m, covered)) / place.length_m
        assert share == pytest.approx(place.effective, abs=0.001)


def test_gap_lines_are_the_gaps_of_the_figures() -> None:
    drawn = drawing.gap_features(MAP)["features"]
    gaps = [gap for place in FIGURES.places.values() for gap in place.gaps]
    assert len(drawn) == len(gaps)
    assert sum(map(length_m, drawn)) == pytest.approx(sum(gap.length_m for gap in gaps), abs=0.5)


def test_a_map_without_anything_draws_nothing() -> None:
    empty = CoverageMap({}, {})
    for draw in (drawing.sector_features, drawing.line_features, drawing.gap_features):
        assert draw(empty) == {"type": "FeatureCollection", "features": []}


def test_the_drawing_is_json() -> None:
    assert json.loads(json.dumps(drawing.line_features(MAP), allow_nan=False))
