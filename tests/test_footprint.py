"""From a camera's file to its fields: survey, lens, default; and a reason when there is none."""

import math

import pytest

from monitor.coverage.footprint import Basis, Defect, Field, FootprintModel, View, fields
from monitor.model import Camera, CameraKind

MODEL = FootprintModel()


def camera(**known: object) -> Camera:
    given = {"kind": CameraKind.FIXED, "direction": "90", "lon": 108.94, "lat": 34.34} | known
    return Camera(code="c", name="c", **given)


def the_field(**known: object) -> Field:
    found = fields(camera(**known), MODEL)
    assert isinstance(found, tuple), found
    (only,) = found
    return only


@pytest.mark.parametrize(
    ("kind", "direction", "angle", "far"),
    [
        (CameraKind.FIXED, "90", 80, 50),
        (CameraKind.MULTI, "90", 80, 50),
        (CameraKind.HALF_DOME, "90", 110, 30),
        (CameraKind.HALF_DOME, None, 360, 20),
        (CameraKind.HALF_DOME, "360", 360, 20),
        (CameraKind.PANORAMA, "90", 360, 20),
        (CameraKind.PANORAMA, None, 360, 20),
        (CameraKind.UNKNOWN, "90", 80, 40),
        (CameraKind.FIXED, "360", 80, 50),
        (CameraKind.FIXED, "190-100", 270, 50),
        (CameraKind.FIXED, "全向", 360, 50),
    ],
)
def test_each_kind_has_its_default_view(
    kind: CameraKind, direction: str | None, angle: float, far: float
) -> None:
    field = the_field(kind=kind, direction=direction)
    assert (field.opening_deg, field.far_m, field.reachable) == (angle, far, False)


@pytest.mark.parametrize(
    "kind", [CameraKind.DOME_PTZ, CameraKind.PTZ_BULLET, CameraKind.PTZ_HALF_DOME]
)
@pytest.mark.parametrize("direction", ["90", None])
def test_a_turning_camera_is_reachable_all_round(kind: CameraKind, direction: str | None) -> None:
    field = the_field(kind=kind, direction=direction)
    assert (field.opening_deg, field.far_m, field.reachable) == (360, 80, True)


def test_several_directions_are_several_fields() -> None:
    found = fields(camera(direction="90;160;270"), MODEL)
    assert isinstance(found, tuple)
    assert [one.azimuth_deg for one in found] == [90, 160, 270]


def test_a_survey_wins_over_lens_and_default() -> None:
    sheet = {"focal_length_mm": "4", "sensor_width_mm": "5.37", "horizontal_pixels": "1920"}
    field = the_field(angle_deg=45.0, range_m=70.0, sheet=sheet)
    assert (field.opening_deg, field.far_m) == (45, 70)
    assert (field.angle_basis, field.range_basis) == (Basis.SURVEYED, Basis.SURVEYED)


def test_a_lens_gives_the_opening_and_pixels_give_the_range() -> None:
    sheet = {"focal_length_mm": "2.8", "sensor_width_mm": "5.37", "horizontal_pixels": "1920"}
    field = the_field(sheet=sheet)
    # 2 atan(w / 2f); 1920 px at 25 px/m are 76.8 m wide
    assert field.opening_deg == pytest.approx(87.6, abs=0.1)
    assert field.far_m == pytest.approx(76.8 / 2 / math.tan(math.radians(field.opening_deg / 2)))
    assert (field.angle_basis, field.range_basis) == (Basis.DERIVED, Basis.DERIVED)


@pytest.mark.parametrize("resolution", ["6", "1080P", "1920x1080", "1920 × 1080"])
def test_a_resolution_gives_the_range(resolution: str) -> None:
    # 1920 px at 25 px/m and 80 degrees
    far_m = the_field(sheet={"resolution": resolution}).far_m
    assert far_m == pytest.approx(45.8, abs=0.1)


@pytest.mark.parametrize("resolution", ["", "good", "2", "0x0"])
def test_an_unclear_resolution_leaves_the_default(resolution: str) -> None:
    assert the_field(sheet={"resolution": resolution}).far_m == 50


def test_a_derived_range_is_capped() -> None:
    sheet = {"horizontal_pixels": "1920"}
    assert the_field(angle_deg=10.0, sheet=sheet).far_m == 60


def test_an_unknown_kind_is_of_low_confidence() -> None:
    field = the_field(kind=CameraKind.UNKNOWN)
    assert (field.angle_basis, field.range_basis) == (Basis.LOW, Basis.LOW)


def test_nonsense_in_the_file_falls_back_to_the_default() -> None:
    sheet = {"focal_length_mm": "nan", "sensor_width_mm": "wide", "horizontal_pixels": "-5"}
    field = the_field(angle_deg=-3.0, range_m=math.inf, sheet=sheet)
    assert (field.opening_deg, field.far_m, field.range_basis) == (80, 50, Basis.DEFAULT)


@pytest.mark.parametrize(
    ("known", "defect"),
    [
        ({"direction": None}, Defect.NO_DIRECTION),
        ({"direction": " "}, Defect.NO_DIRECTION),
        ({"direction": None, "kind": CameraKind.UNKNOWN}, Defect.NO_DIRECTION),
        ({"direction": None, "kind": CameraKind.MULTI}, Defect.NO_DIRECTION),
        ({"direction": "北北西"}, Defect.BAD_DIRECTION),
        ({"lon": None}, Defect.NO_COORDINATES),
        ({"lon": 0.0, "lat": 0.0}, Defect.BAD_COORDINATES),
        ({"lon": math.nan}, Defect.BAD_COORDINATES),
        ({"lon": 34.34, "lat": 108.94}, Defect.BAD_COORDINATES),
        ({"indoor": True}, Defect.INDOOR),
    ],
)
def test_a_camera_without_a_field_says_why(known: dict[str, object], defect: Defect) -> None:
    assert fields(camera(**known), MODEL) is defect


def test_ranges_are_settings_per_kind() -> None:
    model = FootprintModel(views=MODEL.views | {CameraKind.FIXED: View(angle_deg=60, range_m=25)})
    found = fields(camera(), model)
    assert isinstance(found, tuple)
    assert (found[0].opening_deg, found[0].far_m) == (60, 25)
