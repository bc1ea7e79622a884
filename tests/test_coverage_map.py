"""The figures of a city: by hand, against GEOS, through outages, and for the real sample city."""

import math
from itertools import pairwise
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.coverage.citymap import CoverageMap
from monitor.coverage.extent import Figures, GapKind, PlaceFigures
from monitor.coverage.footprint import Defect, FootprintModel, View
from monitor.coverage.sectors import polygon
from monitor.model import Camera, CameraKind, Health, Intent, Place, PlaceKind
from tests import synthetic_city, zurich_centre

UP, DOWN, UNKNOWN = Health.UP, Health.DOWN, Health.UNKNOWN
CITY = synthetic_city.with_sites(synthetic_city.make(cameras=60, streets=10, seed=4))
SMALL = CoverageMap(CITY.places, CITY.cameras, gap_m=0.0)
all_states = st.fixed_dictionaries(
    {key: st.sampled_from([UP, UP, UP, DOWN, UNKNOWN]) for key in CITY.cameras}
)


def degrees(*plane: tuple[float, float]) -> list[list[float]]:
    return synthetic_city._degrees([list(point) for point in plane])


def street(*plane: tuple[float, float]) -> Place:
    line = {"type": "LineString", "coordinates": degrees(*plane)}
    return Place(kind=PlaceKind.STREET, code="s", name="s", geometry=line)


def dome(x: float, y: float, **known: Any) -> Camera:
    ((lon, lat),) = degrees((x, y))
    given = {"kind": CameraKind.PANORAMA, "range_m": 20.0} | known
    return Camera(code=f"{x} {y}", name="", lon=lon, lat=lat, **given)


def lost_m(figures: Figures) -> float:
    return sum(place.lost_m or 0.0 for place in figures.places.values())


def effective_m(figures: Figures) -> float:
    return sum(
        place.effective * place.length_m
        for place in figures.places.values()
        if place.length_m and place.effective is not None
    )


# One street of 200 m; cameras 1 and 2 overlap, 3 stands alone, 4 only turns.
STRAIGHT = CoverageMap(
    {7: street((0, 0), (200, 0))},
    {
        1: dome(30, 0),
        2: dome(50, 0),
        3: dome(150, 0),
        4: dome(110, 0, kind=CameraKind.DOME_PTZ),
    },
)


def straight(**states: Health) -> PlaceFigures:
    named = {"one": 1, "two": 2, "three": 3, "four": 4}
    now = dict.fromkeys(range(1, 5), UP) | {named[name]: state for name, state in states.items()}
    return STRAIGHT.figures(now).places[7]


def test_designed_and_effective_are_the_same_when_all_are_up() -> None:
    place = straight()
    assert place.length_m == pytest.approx(200, abs=0.01)
    assert place.designed == place.effective == place.upper == pytest.approx(0.5, abs=1e-4)
    assert place.redundant == pytest.approx(0.1, abs=1e-4)
    assert place.doubled == pytest.approx(0.1, abs=1e-4)
    assert place.triple == 0


def test_a_camera_that_only_turns_is_counted_apart() -> None:
    place = straight()
    assert place.reachable == pytest.approx(0.7, abs=1e-4)
    assert straight(four=DOWN).reachable_now == pytest.approx(0.5, abs=1e-4)
    assert straight(four=DOWN).effective == place.effective


def test_an_outage_lowers_effective_and_not_designed() -> None:
    place = straight(one=DOWN)
    assert place.designed == pytest.approx(0.5, abs=1e-4)
    assert place.doubled == pytest.approx(0.1, abs=1e-4)  # two hang there, though one is down
    assert place.effective == pytest.approx(0.4, abs=1e-4)
    assert place.lost_m == pytest.approx(20, abs=0.01)


def test_an_unknown_camera_opens_a_range_between_effective_and_upper() -> None:
    place = straight(three=UNKNOWN)
    assert place.effective == pytest.approx(0.3, abs=1e-4)
    assert place.upper == pytest.approx(0.5, abs=1e-4)


def test_gaps_say_where_and_why() -> None:
    gaps = straight(one=DOWN).gaps
    found = [(round(gap.from_m), round(gap.to_m), gap.kind) for gap in gaps]
    never, dark = GapKind.NEVER, GapKind.DARK
    assert found == [(0, 10, never), (10, 30, dark), (70, 130, never), (170, 200, never)]
    assert gaps[2].from_lonlat == pytest.approx(degrees((70, 0))[0], abs=2e-7)


def test_gaps_below_the_limit_are_left_out() -> None:
    places, cameras = {1: street((0, 0), (49, 0))}, {1: dome(20, 0)}
    now = {1: UP}
    assert CoverageMap(places, cameras).figures(now).places[1].gaps == ()
    assert len(CoverageMap(places, cameras, gap_m=8).figures(now).places[1].gaps) == 1


def test_what_a_camera_alone_sees_is_told() -> None:
    figures = STRAIGHT.figures({1: DOWN, 2: DOWN, 3: UP, 4: UP})
    assert figures.cameras[3].exclusive_m == pytest.approx(40, abs=0.01)
    assert figures.cameras[4].seen_m == pytest.approx(40, abs=0.01)


def test_the_band_shows_shorter_and_longer_ranges() -> None:
    place = straight()
    # 40 m of overlap shrink to 36, grow to 45; the lone dome 32 and 50
    assert place.low == pytest.approx((20 + 32 + 32) / 200, abs=1e-4)
    assert place.high == pytest.approx((20 + 50 + 50) / 200, abs=1e-4)


@pytest.mark.parametrize("intent", [Intent.PLANNED, Intent.TRIAL, Intent.REPAIR, Intent.RETIRED])
def test_only_cameras_in_service_belong_to_a_set(intent: Intent) -> None:
    city = CoverageMap({1: street((0, 0), (99, 0))}, {1: dome(20, 0, intent=intent)})
    figures = city.figures({1: UP})
    assert figures.places[1].designed == 0
    assert figures.cameras == {}


def test_two_streets_that_meet_do_not_leak_into_each_other() -> None:
    # the empty space: without it the view of the end of one street runs into the next one
    places = {1: street((0, 0), (100, 0)), 2: street((100, 0), (100, 500))}
    figures = CoverageMap(places, {1: dome(100, 0)}).figures({1: UP})
    assert figures.places[1].effective == pytest.approx(0.2, abs=1e-4)
    assert figures.places[2].effective == pytest.approx(0.04, abs=1e-4)


def test_fields_of_one_camera_that_overlap_count_once() -> None:
    camera = dome(50, 0, kind=CameraKind.FIXED, direction="90;95;100;270", range_m=30.0)
    place = CoverageMap({1: street((0, 0), (100, 0))}, {1: camera}).figures({1: UP}).places[1]
    assert place.effective == pytest.approx(0.6, abs=1e-4)
    assert place.redundant == place.doubled == 0


def test_a_street_without_length_has_no_ratio() -> None:
    place = CoverageMap({1: street((5, 5), (5, 5))}, {1: dome(5, 5)}).figures({1: UP}).places[1]
    assert (place.length_m, place.effective, place.designed) == (0, None, None)


@pytest.mark.parametrize(
    "geometry",
    [
        {}, {"type": "Nothing"}, {"type": "LineString", "coordinates": [[1]]},
        {"type": "LineString", "coordinates": []}, {"type": "Point", "coordinates": [8, 47]},
        {"type": "LineString", "coordinates": [[8, 147], [9, 47]]}, {"type": object()},
        {"type": "LineString", "coordinates": [[math.nan, 47], [9, 47]]},
    ],
)  # fmt: skip
def test_an_unusable_place_is_reported_and_harms_no_other(geometry: dict[str, object]) -> None:
    bad = Place(kind=PlaceKind.STREET, code="b", name="b", geometry=geometry)
    city = CoverageMap({1: bad, 2: street((0, 0), (40, 0))}, {1: dome(20, 0)})
    figures = city.figures({1: UP})
    assert list(city.place_defects) == [1]
    assert figures.places[1].effective is None
    assert figures.places[2].effective == pytest.approx(1, abs=1e-3)


def test_camera_defects_are_listed() -> None:
    cameras = {1: dome(0, 0, indoor=True), 2: Camera(code="x", name="", lon=8.5, lat=47.3, kind=CameraKind.PANORAMA)}  # fmt: skip # noqa: E501
    city = CoverageMap({1: street((0, 0), (40, 0))}, cameras)
    assert city.defects == {1: Defect.INDOOR, 2: Defect.FAR_AWAY}


def test_nothing_at_all_gives_nothing() -> None:
    assert CoverageMap({}, {}).figures({}) == Figures(places={}, cameras={})
    assert CoverageMap({}, {}).update({3: UP}) == Figures(places={}, cameras={})
    alone = CoverageMap({}, {1: dome(0, 0)}).figures({1: UP})
    assert alone.cameras[1].seen_m == 0


def test_a_school_has_perimeter_and_approach() -> None:
    school = SMALL.figures(dict.fromkeys(CITY.cameras, UP)).places[9001]
    # the ring at 5 m: four sides of 80 m and a circle of 5 m
    assert school.length_m == pytest.approx(320 + 2 * math.pi * 5, abs=0.5)
    assert school.perimeter is not None
    assert school.effective == school.perimeter.effective
    assert school.approach is not None
    assert 0 < school.approach.amount < 5_000
    assert not school.assumed


def test_a_school_known_as_a_point_is_an_assumed_disc() -> None:
    school = SMALL.figures({}).places[9002]
    assert school.assumed
    assert school.length_m == pytest.approx(2 * math.pi * 65, rel=0.01)


def test_approaches_are_the_streets_around_a_site() -> None:
    ((lon, lat),) = degrees((100, 200))
    site = Place(
        kind=PlaceKind.SCHOOL, code="p", name="p",
        geometry={"type": "Point", "coordinates": [lon, lat]},
    )  # fmt: skip
    places = {1: street((-500, 200), (500, 200)), 2: site}
    school = CoverageMap(places, {}).figures({}).places[2]
    # through the middle of a disc of 60 m: 100 m on both sides, the disc itself left out
    assert school.approach is not None
    assert school.approach.amount == pytest.approx(200, abs=0.5)


def geos_area(chosen: set[int], key: int, least: int) -> float:
    """Area seen by at least `least` of the chosen, by counting camera sets on an overlay."""
    known = SMALL.survey
    site = known.layout.surfaces[known.layout.keys.index(key)]
    views = []
    for index in sorted({known.keys.index(one) for one in chosen}):
        fields = [i for i, owner in enumerate(known.sectors.camera) if owner == index]
        if fields and known.steady[index]:
            views.append(shapely.union_all([polygon(known.sectors, i, 144) for i in fields]))
    borders = shapely.union_all([view.intersection(site).boundary for view in views])
    cells = shapely.get_parts(shapely.polygonize([borders]))
    middle = [cell.representative_point() for cell in cells]
    seen = [sum(view.contains(point) for view in views) for point in middle]
    return sum(cell.area for cell, count in zip(cells, seen, strict=True) if count >= least)


def test_a_key_area_agrees_with_an_overlay_of_polygons() -> None:
    states = synthetic_city.states(CITY)
    area = SMALL.figures(states).places[9003]
    online = {key for key, state in states.items() if state is UP}
    assert area.area_m2 == pytest.approx(120 * 120, rel=1e-4)
    assert area.effective
    assert area.redundant
    assert area.effective * area.area_m2 == pytest.approx(geos_area(online, 9003, 1), abs=0.01)
    assert area.redundant * area.area_m2 == pytest.approx(geos_area(online, 9003, 2), abs=0.01)
    assert area.doubled
    twice = geos_area(set(CITY.cameras), 9003, 2)
    assert area.doubled * area.area_m2 == pytest.approx(twice, abs=0.01)


def test_streets_agree_with_the_union_of_polygons() -> None:
    states = synthetic_city.states(CITY)
    figures = SMALL.figures(states)
    known = SMALL.survey
    online = [
        polygon(known.sectors, i, 720)
        for i, owner in enumerate(known.sectors.camera.tolist())
        if states[known.keys[owner]] is UP and known.steady[owner]
    ]
    union = shapely.union_all(online)
    targets = known.layout.line_target.tolist()
    for index, key in enumerate(known.layout.keys):
        place = figures.places[key]
        if place.kind is not PlaceKind.STREET:
            continue
        lines = [known.layout.lines[i] for i, owner in enumerate(targets) if owner == 2 * index]
        expected = sum(line.intersection(union).length for line in lines)
        assert place.effective is not None
        assert place.length_m is not None
        assert place.effective * place.length_m == pytest.approx(expected, abs=0.25)


@settings(max_examples=40, deadline=None)
@given(all_states)
def test_gaps_and_covered_length_make_the_whole_length(states: dict[int, Health]) -> None:
    for place in SMALL.figures(states).places.values():
        if place.length_m and place.effective is not None:
            blind = sum(gap.length_m for gap in place.gaps)
            covered = place.effective * place.length_m
            assert blind + covered == pytest.approx(place.length_m, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(all_states)
def test_ratios_are_in_order(states: dict[int, Health]) -> None:
    for place in SMALL.figures(states).places.values():
        ratios = [
            place.triple, place.redundant, place.effective, place.upper, place.designed,
            place.reachable, 1.0,
        ]  # fmt: skip
        known = [ratio for ratio in ratios if ratio is not None]
        assert all(low <= high + 1e-9 for low, high in pairwise(known))
        assert (place.low or 0) <= (place.designed or 0) + 1e-9 <= (place.high or 0) + 2e-9


@settings(max_examples=25, deadline=None)
@given(all_states, st.sampled_from(sorted(CITY.cameras)))
def test_exclusive_is_what_changes_by_hand(states: dict[int, Health], key: int) -> None:
    on, off = SMALL.figures(states | {key: UP}), SMALL.figures(states | {key: DOWN})
    change = effective_m(on) - effective_m(off)
    assert on.cameras[key].exclusive_m == pytest.approx(change, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(all_states, st.lists(st.dictionaries(
    st.sampled_from(sorted(CITY.cameras)), st.sampled_from([UP, DOWN, UNKNOWN]), max_size=5
), max_size=4))  # fmt: skip
def test_updates_give_exactly_the_full_computation(
    states: dict[int, Health], batches: list[dict[int, Health]]
) -> None:
    before = SMALL.figures(states)
    places, cameras = dict(before.places), dict(before.cameras)
    for batch in batches:
        touched = SMALL.update(batch)
        places |= touched.places
        cameras |= touched.cameras
        states = states | batch
    full = SMALL.figures(states)
    assert places == full.places
    assert cameras == full.cameras


def test_an_update_without_a_change_touches_nothing() -> None:
    SMALL.figures(dict.fromkeys(CITY.cameras, UP))
    assert SMALL.update({1: UP, 424242: DOWN}) == Figures(places={}, cameras={})


def test_an_update_touches_only_the_places_a_camera_sees() -> None:
    places = {1: street((0, 0), (100, 0)), 2: street((0, 500), (100, 500))}
    city = CoverageMap(places, {1: dome(50, 0), 2: dome(50, 500), 3: dome(60, 0)})
    city.figures({1: UP, 2: UP, 3: UP})
    touched = city.update({1: DOWN})
    assert list(touched.places) == [1]
    assert list(touched.cameras) == [1, 3]


def whole(figures: Figures) -> dict[str, float]:
    """Sums of metres over all streets that have a length."""
    known = [each for each in figures.places.values() if each.length_m]
    return {
        "length": sum(each.length_m or 0 for each in known),
        "effective": sum((each.effective or 0) * (each.length_m or 0) for each in known),
        "redundant": sum((each.redundant or 0) * (each.length_m or 0) for each in known),
    }


def test_the_city_figure_is_a_sum_over_a_sum() -> None:
    places = {1: street((0, 0), (40, 0)), 2: street((0, 500), (360, 500))}
    figures = CoverageMap(places, {1: dome(20, 0)}).figures({1: UP})
    city = whole(figures)
    assert city["effective"] / city["length"] == pytest.approx(0.1, abs=1e-4)


def test_the_sample_city_gives_the_measured_figures() -> None:
    views = {kind: View(angle_deg=80, range_m=60, round_m=30) for kind in CameraKind}
    model = FootprintModel(name="60 m, 30 m all round", views=views, turning=frozenset())
    cameras, streets = zurich_centre.cameras(), zurich_centre.streets(tunnels=True)
    city = CoverageMap(streets, cameras, model, ranged=False)
    figures = city.figures(dict.fromkeys(cameras, UP))
    metres = whole(figures)
    assert len(city.survey.fields) == 83
    assert metres["length"] == pytest.approx(101_500, rel=0.001)
    assert metres["effective"] == pytest.approx(4_580, rel=0.002)
    assert metres["redundant"] == pytest.approx(1_670, rel=0.003)
    named = [key for key, one in streets.items() if not one.name.startswith("unnamed")]
    blind = [key for key in named if figures.places[key].effective == 0]
    assert (len(named), len(blind)) == (380, 312)


def test_the_sample_city_is_complete_with_schools_and_named_areas() -> None:
    places = zurich_centre.streets() | zurich_centre.sites()
    cameras = zurich_centre.cameras()
    city = CoverageMap(places, cameras)
    figures = city.figures(dict.fromkeys(cameras, UP))
    assert city.place_defects == {}
    kinds = [place.kind for place in figures.places.values()]
    assert kinds.count(PlaceKind.SCHOOL) == 77
    assert kinds.count(PlaceKind.KEY_AREA) == 3
    assert sum(place.assumed for place in figures.places.values()) == 5
    assert all(place.effective is not None for place in figures.places.values())


def test_what_hangs_on_unknown_cameras_is_not_lost():
    line = {"type": "LineString", "coordinates": [[8.5, 47.37], [8.502, 47.37]]}
    street = Place(kind=PlaceKind.STREET, code="s", name="s", geometry=line)
    camera = Camera(code="C", name="C", lon=8.5, lat=47.37, direction="E", range_m=100.0)
    city = CoverageMap({1: street}, {1: camera}, ranged=False)
    unknown, down = city.figures({}).places[1], city.figures({1: Health.DOWN}).places[1]
    assert (unknown.effective, unknown.lost_m) == (0, 0)
    assert unknown.upper == unknown.designed
    assert down.lost_m == pytest.approx(down.designed * down.length_m)


def test_an_approach_ends_within_a_centimetre_of_its_true_border():
    school = {"type": "Point", "coordinates": [8.5, 47.37]}
    spokes = [
        [[8.5, 47.37], [8.5 + 0.004 * math.sin(turn), 47.37 + 0.003 * math.cos(turn)]]
        for turn in (math.pi * n / 17 for n in range(34))
    ]
    streets = {
        n: Place(
            kind=PlaceKind.STREET, code=f"s{n}", name=f"s{n}",
            geometry={"type": "LineString", "coordinates": line},
        )
        for n, line in enumerate(spokes, 2)
    }  # fmt: skip
    place = Place(kind=PlaceKind.SCHOOL, code="p", name="p", geometry=school)
    city = CoverageMap({1: place, **streets}, {}, ranged=False)
    approach = city.figures({}).places[1].approach
    # a disc of 60 m stands for the point; each spoke crosses the 100 m around it
    assert approach.amount == pytest.approx(34 * 100.0, abs=0.5)


def forked(*lines: list[tuple[float, float]]) -> Place:
    drawn = [degrees(*line) for line in lines]
    geometry = {"type": "MultiLineString", "coordinates": drawn}
    return Place(kind=PlaceKind.STREET, code="s", name="s", geometry=geometry)


def blind_m(place: Place, *cameras: Camera) -> list[float]:
    known = dict(enumerate(cameras, start=1))
    figures = CoverageMap({1: place}, known).figures(dict.fromkeys(known, UP)).places[1]
    return [round(gap.length_m, 1) for gap in figures.gaps]


def test_a_blind_stretch_goes_on_through_a_fork() -> None:
    arms = [[(-30.0, 0.0), (0.0, 0.0)], [(0.0, 0.0), (30.0, 0.0)], [(0.0, 0.0), (0.0, 30.0)]]
    seen = dome(-26, 0), dome(26, 0), dome(0, 26)
    assert blind_m(forked(*arms), *seen) == [6.0, 6.0, 6.0]
    # the second line ends in the middle of the first one
    through = [[(-30.0, 0.0), (0.0, 0.0), (30.0, 0.0)], [(0.0, 0.0), (0.0, 30.0)]]
    assert blind_m(forked(*through), dome(-24, 0), dome(24, 0), dome(0, 24)) == [8.0, 4.0]
    # apart from each other they stay too short to be told
    apart = [[(-30.0, 0.0), (0.0, 0.0)], [(1.0, 0.0), (31.0, 0.0)], [(0.0, 1.0), (0.0, 31.0)]]
    assert blind_m(forked(*apart), dome(-26, 0), dome(27, 0), dome(0, 27)) == []


def test_a_blind_stretch_goes_on_over_the_first_corner_of_a_ring() -> None:
    ring = [(0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0), (0.0, 0.0)]
    seen = [dome(26, 0), dome(40, 20), dome(20, 40), dome(0, 26), dome(40, 40), dome(0, 40)]
    assert blind_m(forked(ring), *seen) == [6.0, 6.0]


def test_streets_that_cross_each_other_share_no_blind_stretch() -> None:
    one, other = street((-30, 0), (0, 0)), street((0, 0), (30, 0))
    cameras = {1: dome(-26, 0), 2: dome(26, 0)}
    figures = CoverageMap({1: one, 2: other}, cameras).figures({1: UP, 2: UP}).places
    assert [place.gaps for place in figures.values()] == [(), ()]
