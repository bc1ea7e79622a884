"""Which cameras can go: against all sets where there are few, against its own bound where many."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.coverage.citymap import CoverageMap
from monitor.coverage.needless import Staying, Watched, staying, watched
from monitor.model import Health
from tests import synthetic_city

SMALL = settings(max_examples=150, deadline=None)


def place(number: int, need: float, *parts: tuple[int, set[int]]) -> Watched:
    listed = tuple((amount, frozenset(seen)) for amount, seen in parts)
    whole = sum(amount for amount, _ in listed)
    return Watched(place=number, whole=whole, need=round(need * whole), parts=listed)


def kept(places: list[Watched], stay: frozenset[int] | set[int]) -> bool:
    return all(each.amount(stay) >= each.need for each in places)


def smallest(places: list[Watched], movable: set[int], cameras: set[int]) -> int:
    """How many movable cameras have to stay, by trying all sets."""
    fixed = cameras - movable
    for size in range(len(movable) + 1):
        for some in combinations(sorted(movable), size):
            if kept(places, fixed | set(some)):
                return size
    raise AssertionError


@st.composite
def towns(draw: st.DrawFn) -> list[Watched]:
    cameras = st.frozensets(st.integers(1, 9), min_size=1, max_size=4)
    part = st.tuples(st.integers(1, 50), cameras)
    shares = draw(st.lists(st.floats(0.05, 1), min_size=1, max_size=5))
    return [
        place(number, share, *draw(st.lists(part, min_size=1, max_size=6)))
        for number, share in enumerate(shares)
    ]


@SMALL
@given(towns(), st.frozensets(st.integers(1, 9)), st.booleans())
def test_every_need_is_kept_by_the_fewest(
    places: list[Watched], fixed: frozenset[int], tried: bool
) -> None:
    cameras = set().union(*(each.cameras for each in places))
    movable = cameras - fixed
    best = smallest(places, movable, cameras)
    found = staying(places, movable, small=14 if tried else 0)
    assert kept(places, found.cameras)
    stays = len(found.cameras & movable)
    assert found.at_least <= best <= stays
    if tried:
        assert (stays, found.at_least, found.greedy) == (best, best, 0)
    # nobody that stays is needless
    for camera in found.cameras & movable:
        assert not kept(places, found.cameras - {camera})


def test_of_equal_sets_the_less_worthy_stays() -> None:
    either = [place(1, 1.0, (100, {1, 2}))]
    assert staying(either, {1, 2}, {1: (1.0, 0.0), 2: (0.0, 9.0)}).cameras == {2}
    assert staying(either, {1, 2}, {1: (0.0, 0.0), 2: (0.0, 9.0)}).cameras == {1}
    greedy = staying(either, {1, 2}, {1: (1.0, 0.0), 2: (0.0, 9.0)}, small=0)
    assert greedy.cameras == {2}


def test_what_nobody_needs_can_go_and_what_is_not_asked_for_stays() -> None:
    places = [place(1, 0.5, (60, {1}), (40, {2})), place(2, 0.0, (90, {3}))]
    assert staying(places, {1, 2, 3}).cameras == {1}
    assert staying(places, {2, 3}).cameras == {1}  # only an area was asked for
    assert staying([], {1}) == Staying(cameras=frozenset(), at_least=0, exact=0, greedy=0)


def test_a_requirement_that_is_not_met_loses_nothing() -> None:
    city = synthetic_city.make(cameras=40, streets=6, seed=3)
    known = CoverageMap(city.places, city.cameras).survey
    for each in watched(known, dict.fromkeys(city.places, 1.0)):
        assert each.need == sum(amount for amount, _ in each.parts) < each.whole


@pytest.mark.parametrize("seed", [1, 2])
def test_the_parts_of_a_city_are_those_of_its_figures(seed: int) -> None:
    city = synthetic_city.with_sites(synthetic_city.make(cameras=120, streets=10, seed=seed))
    built = CoverageMap(city.places, city.cameras, ranged=False)
    figures = built.figures(dict.fromkeys(city.cameras, Health.UP)).places
    for each in watched(built.survey, dict.fromkeys(city.places, 0.5)):
        of = figures[each.place]
        size = of.length_m if of.length_m is not None else of.area_m2
        assert size is not None
        assert of.designed is not None
        assert of.doubled is not None
        designed = sum(amount for amount, _ in each.parts) / 1e6
        doubled = sum(amount for amount, seen in each.parts if len(seen) > 1) / 1e6
        assert designed == pytest.approx(of.designed * size, abs=0.05)
        assert doubled == pytest.approx(of.doubled * size, abs=0.05)


def test_taking_the_others_away_keeps_the_figures_of_a_city_above_every_need() -> None:
    city = synthetic_city.make(cameras=300, streets=20, seed=5)
    built = CoverageMap(city.places, city.cameras, ranged=False)
    all_up = dict.fromkeys(city.cameras, Health.UP)
    before = built.figures(all_up).places
    needs = dict.fromkeys(city.places, 0.3)
    found = staying(watched(built.survey, needs), set(city.cameras))
    assert 0 < len(found.cameras) < 150
    assert found.at_least <= len(found.cameras)
    rest = {key: city.cameras[key] for key in found.cameras}
    after = CoverageMap(city.places, rest, ranged=False).figures(all_up).places
    for key in city.places:
        designed, needed = after[key].designed, min(0.3, before[key].designed or 0)
        assert designed is not None
        assert designed >= needed - 1e-9
    assert np.isfinite(found.at_least)
