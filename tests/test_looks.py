"""What cameras see of protected places, against polygons; and what would end it."""

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.coverage import polar
from monitor.coverage.footprint import Basis, Field, FootprintModel
from monitor.coverage.freeing import Eye
from monitor.coverage.looks import Limits, eye, looks
from monitor.coverage.masks import Mask, unmasked
from monitor.coverage.outlines import Outlines, metres_per_degree
from monitor.model import Camera, CameraKind

LON, LAT = 8.54, 47.37
SMALL = settings(max_examples=60, deadline=None)


def degrees(shape: shapely.Geometry) -> shapely.Geometry:
    """Metres around the eye as degrees."""
    scale = np.column_stack(metres_per_degree(np.array([LAT])))
    return shapely.transform(shape, lambda points: points / scale + (LON, LAT))


def outlines(*shapes: shapely.Geometry) -> Outlines:
    return Outlines(np.array([degrees(each) for each in shapes], dtype=object))


def house(x: float, y: float, side: float = 10.0) -> shapely.Geometry:
    return shapely.box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def field(azimuth: float = 0, opening: float = 80, far: float = 50, near: float = 0) -> Field:
    return Field(
        azimuth_deg=azimuth,
        opening_deg=opening,
        far_m=far,
        near_m=near,
        angle_basis=Basis.SURVEYED,
        range_basis=Basis.SURVEYED,
        reachable=False,
    )


def camera(*fields: Field, mount_counts: bool = False) -> Eye:
    return Eye(lon=LON, lat=LAT, fields=fields or (field(),), mount_counts=mount_counts)


def drawn(*fields: Field) -> shapely.Geometry:
    """The footprint as a polygon of many corners."""
    parts = []
    for one in fields:
        half = one.opening_deg / 2
        turn = np.radians(np.linspace(one.azimuth_deg - half, one.azimuth_deg + half, 2001))
        arc = np.column_stack([np.sin(turn), np.cos(turn)])
        whole = one.opening_deg >= 360
        ring = arc * one.far_m if whole else np.vstack([[[0, 0]], arc * one.far_m])
        foot = shapely.Point(0, 0).buffer(one.near_m, quad_segs=500)
        parts.append(shapely.Polygon(ring).buffer(0).difference(foot))
    return shapely.union_all(parts)


fields = st.builds(
    field,
    st.floats(0, 360),
    st.one_of(st.floats(5, 200), st.just(360.0)),
    st.floats(5, 90),
    st.sampled_from([0.0, 3.0]),
)
houses = st.lists(
    st.builds(house, st.floats(-70, 70), st.floats(-70, 70), st.floats(2, 30)), max_size=6
)


@SMALL
@given(fields, houses)
def test_area_and_border_are_those_of_polygons(view: Field, shapes: list[shapely.Geometry]) -> None:
    for shape in shapes:
        ring = np.array(shape.exterior.coords)
        seen = polar.edges(*ring[:-1].T, *ring[1:].T)
        same = np.ones(len(seen))
        half = np.radians(view.opening_deg / 2)
        start = (np.radians(view.azimuth_deg) - half) * same
        area, length = polar.within(
            seen, start, 2 * half * same, view.near_m * same, view.far_m * same
        )
        footprint = drawn(view)
        assert abs(area.sum()) == pytest.approx(footprint.intersection(shape).area, abs=0.02)
        assert length.sum() == pytest.approx(
            footprint.intersection(shape.exterior).length, abs=0.05
        )
        inside = abs(polar.swept(seen).sum()) > np.pi
        assert inside == shape.contains(shapely.Point(0, 0)) or shape.boundary.distance(
            shapely.Point(0, 0)
        ) == pytest.approx(0, abs=1e-9)


@SMALL
@given(st.lists(fields, min_size=1, max_size=3), houses)
def test_findings_are_those_of_a_second_computation(
    views: list[Field], shapes: list[shapely.Geometry]
) -> None:
    footprint, spot = drawn(*views), shapely.Point(0, 0)
    # near the limit of the mount polygons and arcs may differ
    shapes = [each for each in shapes if abs(each.distance(spot) - 3) > 0.01]
    counted = [each for each in shapes if each.distance(spot) > 3]
    areas = [footprint.intersection(each).area for each in counted]
    borders = [footprint.intersection(each.exterior).length for each in counted]
    if any(abs(area - 5) < 0.05 for area in areas) or any(abs(b - 2) < 0.1 for b in borders):
        return
    over = sum(area > 5 or border > 2 for area, border in zip(areas, borders, strict=True))
    found = looks({1: camera(*views)}, outlines(*shapes)) if shapes else {}
    assert bool(found) == bool(over)
    for look in found.values():
        union = footprint.intersection(shapely.union_all(counted)).area
        assert look.places == over
        assert look.share == pytest.approx(union / footprint.area, abs=2e-3)


@SMALL
@given(fields, houses)
def test_what_is_proposed_sees_nothing_protected(
    view: Field, shapes: list[shapely.Geometry]
) -> None:
    near = outlines(*shapes) if shapes else None
    found = looks({1: camera(view)}, near) if near else {}
    if not found or near is None:
        return
    free = found[1].free
    ways = [unmasked((view,), [Mask(from_deg=a % 360, to_deg=b % 360) for a, b in free.hide])]
    if free.bearing_deg is not None:
        ways.append((replace(view, azimuth_deg=free.bearing_deg),))
    if free.angle_deg is not None:
        ways.append((replace(view, opening_deg=free.angle_deg),))
        assert free.angle_deg < view.opening_deg
    if free.range_m is not None:
        ways.append((replace(view, far_m=free.range_m),))
        assert free.range_m < view.far_m
    for way in ways:
        assert not way or not looks({1: camera(*way)}, near)


def test_the_nearest_free_bearing_is_proposed() -> None:
    near = outlines(house(0, 30), house(30, 0))  # north and east
    [look] = looks({1: camera(field(azimuth=80, opening=40))}, near).values()
    assert look.places == 1
    bearing = look.free.bearing_deg
    assert bearing is not None
    assert bearing == 58  # between the two, and not 40 degrees the other way
    assert look.free.range_m == 24
    [round_] = looks({1: camera(field(opening=360))}, near).values()
    assert (round_.places, round_.free.bearing_deg, round_.free.angle_deg) == (2, None, None)


def test_nothing_is_proposed_where_nothing_would_do() -> None:
    around = [house(x, y, 8) for x in (-8, 0, 8) for y in (-8, 0, 8) if (x, y) != (0, 0)]
    [look] = looks({1: camera(field(far=30))}, outlines(*around), Limits(mount_m=0.5)).values()
    assert (look.free.bearing_deg, look.free.angle_deg) == (None, None)


def test_the_building_a_camera_hangs_on_is_not_what_it_looks_at() -> None:
    wall = house(0, 7, 10)  # its wall is 2 m away
    beyond = house(0, 30)
    assert looks({1: camera()}, outlines(wall)) == {}
    [look] = looks({1: camera()}, outlines(wall, beyond)).values()
    assert look.places == 1
    [look] = looks({1: camera(mount_counts=True)}, outlines(wall, beyond)).values()
    assert look.places == 2
    inside = house(0, 0, 30)
    assert looks({1: camera()}, outlines(inside)) == {}


def test_a_touch_below_the_limits_is_no_finding() -> None:
    sliver = shapely.box(-0.5, 49.7, 0.5, 60)  # less than 2 m of wall, less than 5 m2
    assert looks({1: camera()}, outlines(sliver)) == {}
    assert len(looks({1: camera()}, outlines(sliver), Limits(area_m2=0.2))) == 1
    wall = shapely.box(-3, 49.9, 3, 60)
    [look] = looks({1: camera(field(opening=180))}, outlines(wall)).values()
    assert look.area_m2 < 5 < 6 < look.facade_m + 1


def test_surfaces_that_lie_over_each_other_count_once() -> None:
    yard, school = shapely.box(-20, 20, 20, 40), shapely.box(-5, 25, 5, 35)
    [look] = looks({1: camera(field(opening=180))}, outlines(yard, school)).values()
    footprint = drawn(field(opening=180))
    assert look.area_m2 == pytest.approx(footprint.intersection(yard).area, abs=0.1)
    assert look.places == 2


def test_a_turning_camera_counts_its_whole_circle() -> None:
    turning = Camera(code="c", name="c", lon=LON, lat=LAT, kind=CameraKind.DOME_PTZ, direction="N")
    made = eye(turning, FootprintModel())
    assert made is not None
    assert len(looks({1: made}, outlines(house(0, -60)))) == 1
    assert eye(replace(turning, indoor=True), FootprintModel()) is None


@SMALL
@given(fields, st.floats(0, 359.9), st.floats(0, 359.9), st.floats(0, 60), st.floats(0, 360))
def test_a_mask_hides_its_bearings_and_nothing_else(
    view: Field, first: float, last: float, beyond: float, bearing: float
) -> None:
    mask = Mask(from_deg=first, to_deg=last, beyond_m=beyond)
    left = unmasked((view,), [mask])

    def reach(some: tuple[Field, ...]) -> float:
        return max((f.far_m for f in some if _holds(f, bearing)), default=0.0)

    edges = [first, last, view.azimuth_deg - view.opening_deg / 2,
             view.azimuth_deg + view.opening_deg / 2]  # fmt: skip
    if any(abs((bearing - edge + 180) % 360 - 180) < 1e-6 for edge in edges):
        return
    hidden = (bearing - first) % 360 < mask.width_deg
    whole = reach((view,))
    expected = min(whole, beyond) if hidden else whole
    assert reach(left) == pytest.approx(expected if expected > view.near_m else 0.0)
    total = sum(one.opening_deg for one in left)
    assert total <= view.opening_deg + 1e-6


def _holds(one: Field, bearing: float) -> bool:
    return abs((bearing - one.azimuth_deg + 180) % 360 - 180) < one.opening_deg / 2
