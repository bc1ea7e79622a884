"""Lines drawn twice count once; places that cannot lie where they say stay out of the figures."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from monitor.coverage.atlas import Atlas
from monitor.geodesy.strokes import drawn_twice, once
from monitor.model import Camera, Place, PlaceKind

A = [[8.5, 47.37], [8.502, 47.371]]
MIDDLE = [8.501, 47.3705]
EAST = Camera(code="C1", name="C1", lon=8.5, lat=47.37, direction="60", range_m=100.0)


def street(*lines, code="s"):
    geometry = {"type": "MultiLineString", "coordinates": [list(map(list, line)) for line in lines]}
    return Place(kind=PlaceKind.STREET, code=code, name=code, geometry=geometry)


def figures(*places):
    stored = dict(enumerate(places))
    city = Atlas(stored, {1: EAST}, ranged=False)
    return city.figures({1: "up"}), city.place_defects


@pytest.mark.parametrize(
    "again",
    [A, A[::-1], [A[0], MIDDLE], [MIDDLE, A[1]], [A[1], MIDDLE, A[0]],
     [MIDDLE, [8.5005, 47.37025]]],
    ids=["the same", "reversed", "first half", "second half", "with a corner", "an inner stretch"],
)  # fmt: skip
def test_a_stretch_drawn_again_counts_once(again):
    single, _ = figures(street(A))
    double, _ = figures(street(A, again))
    assert double.places[0].length_m == pytest.approx(single.places[0].length_m, abs=0.03)
    assert double.places[0].designed == pytest.approx(single.places[0].designed, abs=1e-3)
    assert double.cameras[1].exclusive_m == pytest.approx(single.cameras[1].exclusive_m, abs=0.03)


def test_a_line_that_goes_back_on_itself_counts_once():
    single, _ = figures(street(A))
    double, _ = figures(street([*A, A[0]]))
    assert double.places[0].length_m == pytest.approx(single.places[0].length_m, abs=0.03)


def test_pieces_that_meet_or_cross_are_left_as_they_are():
    meeting, crossing = [A[1], [8.504, 47.37]], [[8.501, 47.37], [8.501, 47.371]]
    lines = np.array(
        [shapely.MultiLineString([A, meeting]), shapely.MultiLineString([A, crossing])]
    )
    plane = shapely.transform(lines, lambda points: points * 100_000)
    assert drawn_twice(plane).tolist() == []


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6, unique=True),
    st.integers(1, 5),
)
def test_once_never_makes_longer_and_twice_is_once(points, copies):
    line = shapely.LineString([(x * 37.0, y * 37.0) for x, y in points])
    several = shapely.MultiLineString([line] * copies)
    assert once(several).length <= several.length + 0.1  # strokes move by up to a centimetre
    single = once(shapely.MultiLineString([line]))
    assert once(several).length == pytest.approx(single.length, abs=0.1)


TOWN = [street([[8.5 + n / 500, 47.37], [8.501 + n / 500, 47.37]], code=f"s{n}") for n in range(6)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ([[47.37, 8.5], [47.371, 8.5]], "exchanged"),
        ([[0.0, 0.0], [0.001, 0.0]], "0/0"),
        ([[-8.5, 47.37], [-8.501, 47.37]], "sign of the longitude"),
    ],
)
def test_a_street_that_cannot_lie_there_stays_out_of_the_figures(line, reason):
    good, _ = figures(*TOWN)
    found, defects = figures(*TOWN, street(line, code="x"))
    assert reason in defects[6]
    assert found.places[6].designed is None
    assert [found.places[n] for n in range(6)] == [good.places[n] for n in range(6)]


def test_a_place_in_another_town_is_no_slip():
    _, defects = figures(*TOWN, street([[6.14, 46.2], [6.141, 46.2]], code="geneva"))
    assert defects == {}
