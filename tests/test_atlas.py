"""Towns that lie apart are each measured on a plane of their own, and put together."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.coverage.atlas import Atlas
from monitor.coverage.citymap import CoverageMap
from monitor.model import Camera, Health, Place, PlaceKind


def town(lon, lat, first=1):
    """Three streets, each with a camera that looks along it; keys from `first`."""
    places, cameras = {}, {}
    for n in range(3):
        line = [[lon, lat + n / 500], [lon + 0.004, lat + n / 500]]
        geometry = {"type": "LineString", "coordinates": line}
        code = f"{first}-{n}"
        places[first + n] = Place(kind=PlaceKind.STREET, code=code, name=code, geometry=geometry)
        cameras[first + n] = Camera(
            code=code, name=code, lon=lon, lat=lat + n / 500, direction="E", range_m=100.0
        )
    return places, cameras


def up(cameras):
    return dict.fromkeys(cameras, Health.UP)


def test_one_town_has_the_very_figures_of_its_map():
    places, cameras = town(8.5, 47.37)
    assert Atlas(places, cameras).figures(up(cameras)) == CoverageMap(places, cameras).figures(
        up(cameras)
    )


def test_a_second_town_five_hundred_kilometres_away_changes_nothing_of_the_first():
    places, cameras = town(8.5, 47.37)
    others, more = town(2.35, 48.85, first=11)
    both = Atlas({**places, **others}, {**cameras, **more})
    found = both.figures(up({**cameras, **more}))
    for some, seen in ((places, cameras), (others, more)):
        alone = CoverageMap(some, seen).figures(up(seen))
        assert {key: found.places[key] for key in some} == alone.places
        assert {key: found.cameras[key] for key in seen} == alone.cameras
    assert both.defects == {}
    assert all(each.designed > 0.2 for each in found.places.values())


def test_an_update_reaches_the_town_of_its_camera_only():
    places, cameras = town(8.5, 47.37)
    others, more = town(2.35, 48.85, first=11)
    both = Atlas({**places, **others}, {**cameras, **more})
    both.figures(up({**cameras, **more}))
    changed = both.update({12: Health.DOWN})
    assert [*changed.places] == [12]
    assert changed.places[12].effective == 0
    assert both.in_view_of([12, 1]) == {12, 1}
    gaps = list(both.gap_features([12], 10.0))
    assert {each["properties"]["place"] for each in gaps} == {12}
    assert gaps[0]["geometry"]["coordinates"][0][0] == pytest.approx(2.35, abs=0.01)


def test_a_camera_far_from_every_town_is_a_defect_and_one_without_a_position_too():
    places, cameras = town(8.5, 47.37)
    others, more = town(2.35, 48.85, first=11)
    stray = replace(cameras[1], code="stray", lon=100.0, lat=10.0)
    nowhere = replace(cameras[1], code="nowhere", lon=None, lat=None)
    both = Atlas({**places, **others}, {**cameras, **more, 98: stray, 99: nowhere})
    assert {key: defect.name for key, defect in both.defects.items()} == {
        98: "FAR_AWAY", 99: "NO_COORDINATES",
    }  # fmt: skip


def test_a_country_of_touching_towns_is_cut_and_nothing_is_lost():
    places, cameras = {}, {}
    for n in range(20):
        some, seen = town(5 + n * 0.4, 47.0, first=10 * n)
        places |= some
        cameras |= seen
    atlas = Atlas(places, cameras, ranged=False)
    found = atlas.figures(up(cameras))
    assert len(atlas.maps) > 1
    assert found.places.keys() == places.keys()
    assert atlas.defects == {}
    assert min(each.effective for each in found.places.values()) > 0.2


@given(st.floats(-179, 179), st.floats(-60, 60))
def test_nothing_depends_on_where_the_second_town_lies(lon, lat):
    places, cameras = town(8.5, 47.37)
    others, more = town(round(lon, 3), round(lat, 3), first=11)
    if abs(lon - 8.5) < 2 and abs(lat - 47.37) < 2:
        return
    atlas = Atlas({**places, **others}, {**cameras, **more}, ranged=False)
    found = atlas.figures(up({**cameras, **more}))
    alone = CoverageMap(places, cameras, ranged=False).figures(up(cameras))
    misplaced = atlas.place_defects
    assert {key: found.places[key] for key in places if key not in misplaced} == {
        key: each for key, each in alone.places.items() if key not in misplaced
    }
