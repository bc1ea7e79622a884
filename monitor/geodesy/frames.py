"""Turns GCJ-02 and BD-09 coordinates into WGS-84 and back, by the formulas in public use.

Exact against those formulas, which follow the official device to a few metres only. Which frame a
file is in is for its importer to say: nothing here guesses or switches in silence.
"""

import math
from enum import StrEnum

_AXIS_M = 6378245.0  # Krasovsky 1940, as the public GCJ-02 formula has it
_SQUARED_ECCENTRICITY = 0.00669342162296594323
_BAIDU_TURN = math.pi * 3000 / 180
# The usual rectangle of the public formula; outside of it the frames are the same.
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_ROUNDS = 12
_CLOSE_DEG = 1e-12


class Frame(StrEnum):
    """The coordinate system a longitude and latitude were written in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"  # Gaode, Tencent and other published maps
    BD09 = "bd09"  # Baidu: GCJ-02 plus another step


def to_wgs84(lon: float, lat: float, frame: Frame) -> tuple[float, float]:
    """WGS-84 degrees of a point written in `frame`."""
    if frame is Frame.WGS84 or not _covered(lon, lat):
        return lon, lat
    if frame is Frame.BD09:
        lon, lat = _gcj_of_bd(lon, lat)
    return _wgs_of_gcj(lon, lat)


def from_wgs84(lon: float, lat: float, frame: Frame) -> tuple[float, float]:
    """The WGS-84 point written in `frame`, degrees."""
    if frame is Frame.WGS84 or not _covered(lon, lat):
        return lon, lat
    lon, lat = _gcj_of_wgs(lon, lat)
    return _bd_of_gcj(lon, lat) if frame is Frame.BD09 else (lon, lat)


def _covered(lon: float, lat: float) -> bool:
    return _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


def _gcj_of_wgs(lon: float, lat: float) -> tuple[float, float]:
    east, north = lon - 105.0, lat - 35.0
    phi = math.radians(lat)
    shrink = 1 - _SQUARED_ECCENTRICITY * math.sin(phi) ** 2
    metres_north = _AXIS_M * (1 - _SQUARED_ECCENTRICITY) / shrink**1.5
    metres_east = _AXIS_M / math.sqrt(shrink) * math.cos(phi)
    return (
        lon + math.degrees(_shift_east(east, north) / metres_east),
        lat + math.degrees(_shift_north(east, north) / metres_north),
    )


def _waves(value: float, *terms: tuple[float, float]) -> float:
    return sum(weight * math.sin(value * math.pi * turns) for weight, turns in terms) * 2 / 3


def _shift_north(x: float, y: float) -> float:
    """Metres."""
    bend = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    return (
        bend
        + _waves(x, (20, 6), (20, 2))
        + _waves(y, (20, 1), (40, 1 / 3), (160, 1 / 12), (320, 1 / 30))
    )


def _shift_east(x: float, y: float) -> float:
    """Metres."""
    bend = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    return bend + _waves(x, (20, 6), (20, 2), (20, 1), (40, 1 / 3), (150, 1 / 12), (300, 1 / 30))


def _bd_of_gcj(lon: float, lat: float) -> tuple[float, float]:
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BAIDU_TURN)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BAIDU_TURN)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _wgs_of_gcj(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon, lat
    for _ in range(_ROUNDS):
        there = _gcj_of_wgs(x, y)
        x, y = x + lon - there[0], y + lat - there[1]
        if abs(lon - there[0]) < _CLOSE_DEG and abs(lat - there[1]) < _CLOSE_DEG:
            break
    return x, y


def _gcj_of_bd(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 0.0065, lat - 0.006
    for _ in range(_ROUNDS):
        there = _bd_of_gcj(x, y)
        x, y = x + lon - there[0], y + lat - there[1]
        if abs(lon - there[0]) < _CLOSE_DEG and abs(lat - there[1]) < _CLOSE_DEG:
            break
    return x, y
