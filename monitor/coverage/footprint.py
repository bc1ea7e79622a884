"""Says what a camera can see on the ground, from as much of its file as there is.

The model is ours (no standard gives ranges for coverage) and its name belongs on every report.
Walls, trees and terrain are not considered.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType

from monitor.geodesy.direction import FULL_TURN_DEG, Bearing, parse
from monitor.model import Camera, CameraKind


class Basis(StrEnum):
    """Where a value of a field came from, best first."""

    SURVEYED = "surveyed"  # measured, or reported by the camera or its platform
    DERIVED = "derived"  # from lens, sensor and picture size
    DEFAULT = "default"  # the setting for this kind of camera
    LOW = "low"  # the setting although the kind is not known


class Defect(StrEnum):
    """Why a camera has no field on the ground. The value is the sentence for the operator."""

    NO_COORDINATES = "No coordinates: survey the position."
    BAD_COORDINATES = "Coordinates are zero or out of range: survey the position."
    FAR_AWAY = "The position is far outside the city: check it, longitude and latitude swapped?"
    NO_DIRECTION = "The direction is not known: survey it."
    BAD_DIRECTION = "The direction is not readable: write degrees (0-360) or a compass word."
    MASKED = "Masks hide all of its view. Nothing to do."
    INDOOR = "Indoor: does not count for streets. Nothing to do."


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """The assumed view of one kind of camera.

    angle_deg, range_m: with a known direction. round_m: range all round when no direction is known;
    None means that such a camera is not counted. cap_m: limit of a range derived from pixels;
    beyond 60 m walls hide more than half of what a plain sector claims.
    """

    angle_deg: float
    range_m: float
    round_m: float | None = None
    cap_m: float = 60.0


_BULLET = View(angle_deg=80, range_m=50)
_TURNING = View(angle_deg=FULL_TURN_DEG, range_m=80, round_m=80)
_VIEWS: Mapping[CameraKind, View] = MappingProxyType(
    {
        CameraKind.FIXED: _BULLET,
        CameraKind.MULTI: _BULLET,
        CameraKind.HALF_DOME: View(angle_deg=110, range_m=30, round_m=20),
        CameraKind.DOME_PTZ: _TURNING,
        CameraKind.PTZ_BULLET: _TURNING,
        CameraKind.PTZ_HALF_DOME: _TURNING,
        CameraKind.PANORAMA: View(angle_deg=FULL_TURN_DEG, range_m=20, round_m=20),
        CameraKind.UNKNOWN: View(angle_deg=80, range_m=40),
    }
)
# Codes 5 to 7 are those of the municipal camera sheets: 720P, 1080P, 4K and more.
_WIDTHS = {"5": 1280.0, "720p": 1280.0, "6": 1920.0, "1080p": 1920.0, "7": 3840.0, "4k": 3840.0}
_SIZE = re.compile(r"(\d{3,5})\s*[x×*]\s*\d{3,5}", re.ASCII)
_DOMES = frozenset({CameraKind.HALF_DOME, CameraKind.PANORAMA})


@dataclass(frozen=True, kw_only=True, slots=True)
class FootprintModel:
    """The settings of the coverage model; print `name` with every figure.

    views: per kind of camera. turning: kinds that look at one narrow place at a time and therefore
    count as reachable, not as watched. near_m: blind spot at the foot of the mast.
    pixels_per_m: density that limits a derived range (25 px/m: detect, IEC 62676-4:2014).
    """

    name: str = "plain sectors 2026-1, line of sight not considered"
    views: Mapping[CameraKind, View] = field(default_factory=lambda: _VIEWS)
    turning: frozenset[CameraKind] = frozenset(
        {CameraKind.DOME_PTZ, CameraKind.PTZ_BULLET, CameraKind.PTZ_HALF_DOME}
    )
    near_m: float = 0.0
    pixels_per_m: float = 25.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One sector on the ground: azimuth and opening in degrees (clockwise from north), far and near
    range in metres, and where opening and range came from."""

    azimuth_deg: float
    opening_deg: float
    far_m: float
    near_m: float
    angle_basis: Basis
    range_basis: Basis
    reachable: bool


def fields(camera: Camera, model: FootprintModel) -> tuple[Field, ...] | Defect:
    """The fields of a camera, or the one reason why it has none."""
    if camera.indoor:
        return Defect.INDOOR
    misplaced = _misplaced(camera)
    if misplaced is not None:
        return misplaced
    bearings: tuple[Bearing, ...] = ()
    if camera.direction and camera.direction.strip():
        try:
            bearings = _bearings(camera.direction)
        except ValueError:
            return Defect.BAD_DIRECTION
    reachable = camera.kind in model.turning
    view = model.views[camera.kind]
    if reachable or not bearings:
        return _all_round(camera, model, view, reachable)
    return tuple(_directed(camera, model, view, bearing) for bearing in bearings)


@lru_cache(maxsize=4096)
def _bearings(text: str) -> tuple[Bearing, ...]:
    return parse(text)


def _misplaced(camera: Camera) -> Defect | None:
    if camera.lon is None or camera.lat is None:
        return Defect.NO_COORDINATES
    inside = abs(camera.lon) <= 180 and abs(camera.lat) <= 90  # false for NaN too
    # GB/T 28181 platforms send 0 for "not collected"
    return None if inside and (camera.lon, camera.lat) != (0, 0) else Defect.BAD_COORDINATES


def _all_round(
    camera: Camera, model: FootprintModel, view: View, reachable: bool
) -> tuple[Field, ...] | Defect:
    own, basis = _lens(camera)
    sees_round = own == FULL_TURN_DEG and not reachable
    default_m = view.range_m if view.round_m is None and sees_round else view.round_m
    if default_m is None:
        return Defect.NO_DIRECTION
    far_m, range_basis = _range(camera, model, default_m, view, FULL_TURN_DEG)
    return (
        Field(
            azimuth_deg=0.0,
            opening_deg=FULL_TURN_DEG,
            far_m=far_m,
            near_m=model.near_m,
            angle_basis=basis if sees_round else _assumed(camera),
            range_basis=range_basis,
            reachable=reachable,
        ),
    )


def _directed(camera: Camera, model: FootprintModel, view: View, bearing: Bearing) -> Field:
    opening, angle_basis = _opening(camera, view, bearing)
    default_m = view.range_m
    if opening >= FULL_TURN_DEG and view.round_m is not None:
        default_m = view.round_m
    far_m, range_basis = _range(camera, model, default_m, view, opening)
    return Field(
        azimuth_deg=bearing.centre_deg % FULL_TURN_DEG,
        opening_deg=opening,
        far_m=far_m,
        near_m=model.near_m,
        angle_basis=angle_basis,
        range_basis=range_basis,
        reachable=False,
    )


def _opening(camera: Camera, view: View, bearing: Bearing) -> tuple[float, Basis]:
    # A dome with a written 360 looks all round: so written on 45 domes and no fixed camera of the
    # OpenStreetMap nodes of one country (2023). On a fixed camera 360 is north.
    if camera.kind in _DOMES and bearing.centre_deg == FULL_TURN_DEG:
        return FULL_TURN_DEG, Basis.SURVEYED
    own, basis = _lens(camera)
    if bearing.sweep_deg is not None:
        return max(bearing.sweep_deg, own or 0.0), Basis.SURVEYED
    return (own, basis) if own is not None else (view.angle_deg, _assumed(camera))


def _lens(camera: Camera) -> tuple[float | None, Basis]:
    if camera.angle_deg is not None and 0 < camera.angle_deg <= FULL_TURN_DEG:
        return camera.angle_deg, Basis.SURVEYED
    focal, sensor = _positive(camera, "focal_length_mm"), _positive(camera, "sensor_width_mm")
    if focal is None or sensor is None:
        return None, Basis.DEFAULT
    return math.degrees(2 * math.atan(sensor / (2 * focal))), Basis.DERIVED


def _range(
    camera: Camera, model: FootprintModel, default_m: float, view: View, opening_deg: float
) -> tuple[float, Basis]:
    if camera.range_m is not None and 0 < camera.range_m < math.inf:
        return camera.range_m, Basis.SURVEYED
    pixels = _positive(camera, "horizontal_pixels") or _named_pixels(camera)
    if pixels is None or opening_deg >= 180:
        return default_m, _assumed(camera)
    sharp_m = pixels / (model.pixels_per_m * 2 * math.tan(math.radians(opening_deg / 2)))
    return min(sharp_m, view.cap_m), Basis.DERIVED


def _named_pixels(camera: Camera) -> float | None:
    """Picture width from a resolution: a common name, a code of the city sheets, or 1920x1080."""
    name = camera.sheet.get("resolution", "").strip().lower()
    if not name:
        return None
    size = _SIZE.fullmatch(name)
    return float(size[1]) if size else _WIDTHS.get(name)


def _assumed(camera: Camera) -> Basis:
    return Basis.LOW if camera.kind is CameraKind.UNKNOWN else Basis.DEFAULT


def _positive(camera: Camera, name: str) -> float | None:
    said = camera.sheet.get(name)
    if said is None:
        return None
    try:
        value = float(said)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None
