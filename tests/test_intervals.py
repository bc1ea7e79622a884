"""The pieces of lines in the fields of cameras agree with GEOS and with plain trigonometry."""

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.coverage.axis import SPACE_UM, UM_PER_M, lay
from monitor.coverage.intervals import Rows, merged, watch
from monitor.coverage.sectors import Sectors, boxes, polygon, scaled

metres = st.floats(-120, 120).map(lambda value: round(value, 3))
points = st.tuples(metres, metres)


def sector(
    azimuth_deg: float,
    opening_deg: float,
    far: float = 60.0,
    near: float = 0.0,
    at: tuple[float, float] = (0.0, 0.0),
) -> Sectors:
    def column(value: float) -> np.ndarray:
        return np.array([value], dtype=float)

    return Sectors(
        camera=np.zeros(1, dtype=np.int64),
        x=column(at[0]),
        y=column(at[1]),
        azimuth=column(math.radians(azimuth_deg)),
        half=column(math.radians(opening_deg / 2)),
        far=column(far),
        near=column(near),
    )


def seen(line: list[tuple[float, float]], view: Sectors) -> Rows:
    lines = np.array([shapely.LineString(line)], dtype=object)
    return watch(lay(lines, np.zeros(1, dtype=np.int64), 1), view)


def length_m(rows: Rows) -> float:
    return int((rows.end - rows.start).sum()) / UM_PER_M


openings = st.floats(1, 360) | st.sampled_from([90.0, 180.0, 270.0, 360.0])


@settings(max_examples=150, deadline=None)
@given(
    line=st.lists(points, min_size=2, max_size=5, unique=True),
    azimuth=st.floats(0, 360),
    opening=openings,
    far=st.floats(5, 100),
    at=points,
)
def test_the_length_lies_between_the_inner_and_the_outer_polygon(
    line: list[tuple[float, float]],
    azimuth: float,
    opening: float,
    far: float,
    at: tuple[float, float],
) -> None:
    view = sector(azimuth, opening, far, at=at)
    found = length_m(seen(line, view))
    # a micrometre more, because a line along an edge is seen and GEOS rounds the edge away
    outer = polygon(scaled(view, 1 / math.cos(math.pi / 720)), 0, 720).buffer(1e-6, join_style=2)
    parts = [shapely.LineString(pair) for pair in pairwise(line)]
    low = sum(part.intersection(polygon(view, 0, 720)).length for part in parts)
    high = sum(part.intersection(outer).length for part in parts)
    assert low - 0.002 <= found <= high + 0.002


@settings(max_examples=200, deadline=None)
@given(
    start=points,
    end=points,
    azimuth=st.floats(0, 360),
    opening=openings,
    near=st.sampled_from([0.0, 8.0, 30.0]),
    share=st.floats(0, 1),
)
def test_a_point_is_seen_exactly_when_distance_and_angle_say_so(
    start: tuple[float, float],
    end: tuple[float, float],
    azimuth: float,
    opening: float,
    near: float,
    share: float,
) -> None:
    length = math.dist(start, end)
    if length < 0.01:
        return
    rows = seen([start, end], sector(azimuth, opening, 60.0, near))
    position = round(share * length * UM_PER_M)
    x, y = (a + (b - a) * position / UM_PER_M / length for a, b in zip(start, end, strict=True))
    away = abs((math.degrees(math.atan2(x, y)) - azimuth + 180) % 360 - 180)
    reach = math.hypot(x, y)
    slack = min(abs(reach - 60), abs(reach - near) if near else 60)
    turn = math.radians(abs(away - opening / 2)) * reach if opening < 360 else 60
    if slack < 0.001 or turn < 0.001:
        return  # on the border itself rounding decides
    expected = near <= reach <= 60 and (away <= opening / 2 or opening == 360)
    assert bool(((rows.start <= position) & (position <= rows.end)).any()) == expected


@given(azimuth=st.floats(0, 360), opening=openings)
def test_the_box_holds_the_whole_sector_and_no_more(azimuth: float, opening: float) -> None:
    view = sector(azimuth, opening)
    box = np.array(shapely.bounds(boxes(view)[0]))
    drawn = np.array(polygon(view, 0, 7200).bounds)
    assert np.abs(box - drawn).max() < 0.001


def test_a_wide_wedge_sees_both_sides_but_not_its_back() -> None:
    rows = seen([(-5.0, -50.0), (-5.0, 50.0)], sector(90, 270))
    # behind the camera the line is hidden for the 90 degrees around west: |y| < 5
    assert len(rows) == 2
    assert length_m(rows) == pytest.approx(2 * (50 - 5), abs=1e-5)


def test_the_foot_of_the_mast_is_cut_out() -> None:
    rows = seen([(0.0, 0.0), (100.0, 0.0)], sector(90, 80, 60.0, 8.0))
    assert (rows.start.tolist(), rows.end.tolist()) == ([8_000_000], [60_000_000])


def test_a_line_along_the_edge_of_a_view_belongs_to_it() -> None:
    assert length_m(seen([(0.0, 0.0), (100.0, 0.0)], sector(50, 80))) == pytest.approx(60, abs=1e-4)


def test_pieces_over_a_corner_are_one_row() -> None:
    assert len(seen([(-20.0, 5.0), (0.0, 6.0), (20.0, 5.0)], sector(0, 360))) == 1


def test_lines_are_kept_apart_by_an_empty_space() -> None:
    lines = np.array(
        [shapely.LineString([(0, 0), (10, 0)]), shapely.LineString([(10, 0), (20, 0)])],
        dtype=object,
    )
    axis = lay(lines, np.array([0, 1]), 2)
    assert axis.line_start[1] - axis.line_end[0] == SPACE_UM
    rows = watch(axis, sector(0, 360))
    assert rows.start.tolist() == [0, 11_000_000]


def test_a_line_without_length_takes_no_room() -> None:
    lines = np.array(
        [shapely.LineString([(3, 3), (3, 3)]), shapely.LineString([(0, 0), (5, 0)])], dtype=object
    )
    axis = lay(lines, np.array([0, 1]), 3)
    assert axis.length_um().tolist() == [0, 5_000_000, 0]


def test_touching_pieces_of_one_camera_join_and_of_two_do_not() -> None:
    start, end = np.array([0, 5, 5]), np.array([5, 9, 9])
    rows = merged(np.array([0, 0, 1]), start, end)
    assert (rows.start.tolist(), rows.end.tolist()) == ([0, 5], [9, 9])


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 12)),
        min_size=1,
        max_size=30,
    )
)
def test_merging_keeps_exactly_the_points_of_each_camera(rows: list[tuple[int, int, int]]) -> None:
    camera, start, size = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    out = merged(camera, start, start + size)
    before = {(c, p) for c, s, n in rows for p in range(s, s + n)}
    after = [
        (int(c), p)
        for c, s, e in zip(out.camera, out.start, out.end, strict=True)
        for p in range(int(s), int(e))
    ]
    assert sorted(after) == sorted(before)
