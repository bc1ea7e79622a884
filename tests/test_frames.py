"""Shifted Chinese coordinates are turned into WGS-84 exactly, and left alone elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.geodesy.frames import Frame, from_wgs84, to_wgs84

PLACES = {
    "Xi'an": ((108.9402, 34.3416), (108.9448567, 34.3400452), (108.9513009, 34.3462797)),
    "Jincheng": ((112.8513, 35.4901), (112.8574096, 35.4896856), (112.8639960, 35.4953442)),
    "Shangluo": ((109.9398, 33.8684), (109.9447873, 33.8667223), (109.9512787, 33.8728170)),
}


@pytest.mark.parametrize("name", PLACES)
def test_seed_cities_come_out_at_their_computed_places(name: str) -> None:
    wgs, gcj, bd = PLACES[name]
    assert from_wgs84(*wgs, Frame.GCJ02) == pytest.approx(gcj, abs=6e-8)
    assert from_wgs84(*wgs, Frame.BD09) == pytest.approx(bd, abs=6e-8)
    assert to_wgs84(*gcj, Frame.GCJ02) == pytest.approx(wgs, abs=1e-7)
    assert to_wgs84(*bd, Frame.BD09) == pytest.approx(wgs, abs=1e-7)


def test_published_vectors_are_met() -> None:
    beijing = from_wgs84(116.403988, 39.914266, Frame.BD09)
    assert beijing == pytest.approx((116.41661560068297, 39.92196580126834), abs=1e-10)
    assert to_wgs84(123, 45, Frame.GCJ02) == pytest.approx((122.993955810, 44.998040618), abs=1e-9)


@pytest.mark.parametrize("frame", list(Frame))
@given(lon=st.floats(73.5, 135), lat=st.floats(3.5, 53.5))
def test_there_and_back_is_exact_anywhere_in_china(frame: Frame, lon: float, lat: float) -> None:
    back = to_wgs84(*from_wgs84(lon, lat, frame), frame)
    assert back == pytest.approx((lon, lat), abs=1e-9)


@pytest.mark.parametrize("frame", list(Frame))
def test_nothing_moves_outside_china(frame: Frame) -> None:
    assert from_wgs84(8.54, 47.37, frame) == (8.54, 47.37)
    assert to_wgs84(-97.7, 30.3, frame) == (-97.7, 30.3)
