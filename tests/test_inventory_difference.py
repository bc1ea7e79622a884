"""What changes when a file is stored, and the way of cameras out to a file and back."""

import csv
import dataclasses
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.inventory import diff, export_rows, fields, read_cameras, read_places
from monitor.inventory.grid import protect, unprotect
from monitor.model import Area, Camera, CameraKind, Intent

DATA = Path(__file__).parent / "data"
ZURICH = Path(__file__).parents[1] / "monitor/demo/data/zurich-centre"

# What a reading can hold: trimmed text without characters that are not text at all.
_TEXT = (
    st.text(
        st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"))
        | st.sampled_from("\n\r=+-@'\","),
        min_size=1,
        max_size=12,
    )
    .map(str.strip)
    .filter(lambda text: text and not text.startswith("#"))
)
_CODE = st.from_regex(r"[A-Z][A-Z0-9/-]{0,8}|[0-9]{20}", fullmatch=True)
_FOREIGN = _TEXT.filter(
    lambda key: fields.clean(key) == key and fields.find(key) is None and not fields.is_secret(key)
)
_SHEET_FIELDS = [f.name for f in fields.FIELDS if f.to is None and f.shape is fields.Shape.TEXT]
_DEGREES = st.floats(-85, 85).filter(lambda value: value != 0)


@st.composite
def a_camera(draw):
    placed = draw(st.booleans())
    return Camera(
        code=draw(_CODE),
        name=draw(_TEXT),
        area_code=draw(st.none() | _TEXT),
        intent=draw(st.sampled_from(Intent)),
        host=draw(st.none() | st.ip_addresses(v=4).filter(_usable).map(str) | st.just("cam-1.lan")),
        port=draw(st.integers(1, 65535)),
        lon=draw(_DEGREES) if placed else None,
        lat=draw(_DEGREES) if placed else None,
        kind=draw(st.sampled_from(CameraKind)),
        direction=draw(st.none() | st.sampled_from(["90;160", "-27", "东", "N"]) | _TEXT),
        angle_deg=draw(st.none() | st.floats(0.5, 360)),
        range_m=draw(st.none() | st.floats(0.5, 900)),
        indoor=draw(st.booleans()),
        pole=draw(st.none() | _TEXT),
        address=draw(st.none() | _TEXT),
        simulated=draw(st.booleans()),
        sheet=draw(st.dictionaries(st.sampled_from(_SHEET_FIELDS) | _FOREIGN, _TEXT, max_size=4)),
    )


def _usable(address):
    return not (address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255")


CAMERAS = st.lists(a_camera(), max_size=5, unique_by=lambda camera: camera.code)


def by_code(rows):
    return {row.code: row for row in rows}


@settings(max_examples=120, deadline=None)
@given(CAMERAS.filter(bool))
def test_exported_cameras_are_read_back_identical(tmp_path_factory, cameras):
    path = tmp_path_factory.getbasetemp() / "export.csv"
    path.write_text(export_rows(cameras), "utf-8-sig", newline="")
    reading = read_cameras(path)
    assert reading.ok, [str(problem) for problem in reading.errors]
    assert list(reading.rows) == cameras


@pytest.mark.parametrize(
    "name", ["austin-traffic-cameras.csv", "taipei-police-cctv.csv", "swiss-cameras.csv"]
)
def test_real_files_survive_export_and_import(tmp_path, name):
    rows = read_cameras(DATA / name).rows
    path = tmp_path / "export.csv"
    path.write_text(export_rows(rows), "utf-8-sig", newline="")
    assert diff(by_code(rows), read_cameras(path).rows).empty


@given(_TEXT)
def test_no_exported_cell_starts_a_formula(text):
    cell = protect(text)
    assert cell[0] not in "=+-@" or cell[1:].replace(".", "").isdigit()
    assert unprotect(cell) == text


def test_formulas_in_headers_are_protected_too():
    camera = Camera(code="A", name="=1+1", sheet={"=cmd": "@x", "plain": "-1"})
    (header, row) = csv.reader(io.StringIO(export_rows([camera])))
    assert "'=cmd" in header
    assert {"'=1+1", "'@x", "-1"} <= set(row)


@settings(max_examples=40, deadline=None)
@given(CAMERAS, CAMERAS)
def test_applying_the_difference_gives_the_file(stored, new):
    existing = by_code(stored)
    found = diff(existing, new)
    applied = dict(existing)
    applied |= by_code(found.added)
    applied |= {change.code: change.after for change in found.changed}
    for camera in found.absent:
        del applied[camera.code]
    assert applied == by_code(new)
    assert len(found.unchanged) + len(found.changed) + len(found.absent) == len(existing)


@settings(max_examples=40, deadline=None)
@given(CAMERAS)
def test_the_same_cameras_twice_change_nothing(cameras):
    found = diff(by_code(cameras), cameras)
    assert found.empty
    assert found.unchanged == tuple(cameras)
    assert found.absent == ()


@pytest.mark.parametrize("name", ["streets", "school_buildings", "school_points", "key_areas"])
def test_the_same_places_twice_change_nothing(name):
    path = ZURICH / f"{name}.geojson"
    found = diff(by_code(read_places(path).rows), read_places(path).rows)
    assert found.empty
    assert not found.absent


def test_a_change_names_its_fields_before_and_after():
    before = Camera(code="A", name="a", sheet={"vendor": "X", "model": "1"})
    after = dataclasses.replace(before, name="b", sheet={"vendor": "Y", "box": "2"})
    (change,) = diff({"A": before}, [after]).changed
    assert change.fields == {
        "name": ("a", "b"),
        "sheet.vendor": ("X", "Y"),
        "sheet.model": ("1", None),
        "sheet.box": (None, "2"),
    }


def test_absent_rows_are_only_reported():
    area = Area(code="1", name="one")
    found = diff({"1": area}, [])
    assert (found.absent, found.empty) == ((area,), True)


def test_a_code_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        diff({}, [Area(code="1", name="one"), Area(code="1", name="two")])
