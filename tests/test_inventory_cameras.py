"""Cameras: the city's real files, headers, codes, single cells, mappings."""

import io
from collections import Counter
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from monitor.inventory import Severity, fields
from monitor.model import CameraKind, Intent
from tests.reading import read_cameras

DATA = Path(__file__).parent / "data"
ZURICH = Path(__file__).parents[1] / "monitor/demo/data/zurich-centre"
CODE = "61010000001310000001"


@pytest.fixture
def written(tmp_path):
    def write(content, name="cameras.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def workbook(rows, title="Sheet"):
    book = openpyxl.Workbook()
    page = book.active
    page.title = title
    for row in rows:
        page.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def one(reading):
    assert reading.ok, [str(problem) for problem in reading.problems]
    (camera,) = reading.rows
    return camera


def said(reading):
    return "\n".join(map(str, reading.problems))


def only_error(reading):
    (problem,) = reading.errors
    assert reading.rows == ()
    assert not reading.ok
    return problem


# --- the real files


@pytest.mark.parametrize("mapping", [None, "austin"])
def test_austin_loads_with_its_lifecycle_and_not_its_link_state(mapping):
    reading = read_cameras(DATA / "austin-traffic-cameras.csv", mapping)
    assert reading.ok
    intents = Counter(camera.intent for camera in reading.rows)
    assert intents == {Intent.IN_SERVICE: 413, Intent.PLANNED: 95, Intent.RETIRED: 4}
    links = Counter(c.sheet["IP Comm Status"] for c in reading.rows)
    assert links == {"ONLINE": 371, "NO COMMUNICATION": 96, "OFFLINE": 45}
    assert reading.rows[1].sheet["accessed_at"] == "2017-11-03"
    # REMOVED and VOID are one intent here, so the word itself must not be lost.
    assert {c.sheet["Camera Status"] for c in reading.rows if c.intent is Intent.RETIRED} == {
        "REMOVED",
        "VOID",
    }


def test_austin_loads_by_a_mapping_file_the_city_writes_itself(written):
    mapping = written(
        'fields.code = "Camera ID"\nfields.name = "Location Name"\n'
        '[fields.intent]\ncolumn = "Camera Status"\n'
        "values = {TURNED_ON = 'in_service', DESIRED = 'planned', REMOVED = 'retired', "
        "VOID = 'retired'}\n",
        "ours.toml",
    )
    reading = read_cameras(DATA / "austin-traffic-cameras.csv", mapping)
    assert reading.counts.rows == 512
    assert sum(camera.intent is Intent.PLANNED for camera in reading.rows) == 95


def test_taipei_loads_and_names_the_two_directions_off_the_list():
    reading = read_cameras(DATA / "taipei-police-cctv.csv")
    assert reading.ok
    assert reading.counts.rows == 15_416
    assert [(p.line, p.value) for p in reading.warnings] == [(6, "北北西"), (11628, "北東")]
    first = reading.rows[0]
    assert (first.code, first.pole, first.direction) == ("LAAA001-01", "LAAA001", "西")
    assert first.area_code == "大同分局 寧夏路派出所"
    assert {"北北西", "北東"} <= {camera.direction for camera in reading.rows}


def test_taipei_loads_from_a_workbook_and_from_gb18030_alike(written):
    plain = read_cameras(DATA / "taipei-police-cctv.csv")
    text = (DATA / "taipei-police-cctv.csv").read_text("utf-8-sig")
    chinese = read_cameras(written(text.encode("gb18030")))
    assert chinese.rows == plain.rows
    assert "GB18030" in said(chinese)
    rows = [["編號", "所屬單位", "安裝地址", "攝影方向"]]
    rows += [[c.code, c.area_code, c.address, c.direction] for c in plain.rows[:2000]]
    assert read_cameras(written(workbook(rows), "t.xlsx")).rows == plain.rows[:2000]


def test_openstreetmap_nodes_load_from_geojson():
    reading = read_cameras(ZURICH / "cameras.geojson")
    assert reading.counts.rows == 90
    kinds = Counter(camera.kind for camera in reading.rows)
    assert kinds == {CameraKind.HALF_DOME: 46, CameraKind.FIXED: 16, CameraKind.UNKNOWN: 28}
    assert sum(camera.indoor for camera in reading.rows) == 7
    assert sum(camera.direction is not None for camera in reading.rows) == 15
    assert sum("height_m" in camera.sheet for camera in reading.rows) == 4
    assert (reading.rows[0].lon, reading.rows[0].lat) == (8.535829, 47.3776373)


def test_openstreetmap_nodes_load_flat_and_camera_direction_wins():
    rows = read_cameras(DATA / "swiss-cameras.csv").rows
    assert len(rows) == 2010
    assert sum(camera.direction is not None for camera in rows) == 479


# --- headers


MUNICIPAL = (
    "设备编码*,＊设备名称,行政区域,IP 地址,摄像机类型（必填）,"
    "经度,纬度,监视方位,联网属性,设备状态,室内外\n"
)


def test_the_municipal_sheet_is_read_by_its_chinese_headers_and_codes(written):
    row = f"{CODE},东门,610102,10.0.0.7,3,108.94,34.34,6,0,2,2\n"
    camera = one(read_cameras(written(MUNICIPAL + row)))
    assert (camera.code, camera.name, camera.area_code) == (CODE, "东门", "610102")
    assert (camera.host, camera.port, camera.kind) == ("10.0.0.7", 80, CameraKind.FIXED)
    assert (camera.lon, camera.lat, camera.direction) == (108.94, 34.34, "NE")
    assert (camera.intent, camera.indoor) == (Intent.REPAIR, True)
    assert camera.sheet == {"联网属性": "0"}  # kept as written, without a meaning


@pytest.mark.parametrize(
    ("code", "word"),
    list(enumerate(["E", "W", "S", "N", "SE", "NE", "SW", "NW", "all-round"], start=1)),
)
def test_direction_codes_are_not_clockwise(written, code, word):
    assert one(read_cameras(written(f"code,监视方位\nA,{code}\n"))).direction == word


def test_numbers_under_an_english_direction_are_degrees(written):
    assert one(read_cameras(written("code,direction\nA,6\n"))).direction == "6"
    reading = read_cameras(written("code,direction\nA,6\nB,1\n"))
    assert "read as degrees" in said(reading)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "head", ["", "\ufeff", "Cameras of the city\n\n", "表一,,\n填报单位：X,,\n"]
)
def test_the_header_is_found_under_titles_and_any_delimiter(written, head, delimiter):
    text = f"Device Code{delimiter}LONGITUDE{delimiter}Latitude\nA{delimiter}8.5{delimiter}47.3\n"
    camera = one(read_cameras(written(head + text)))
    assert (camera.code, camera.lon, camera.lat) == ("A", 8.5, 47.3)


def test_a_header_merged_over_two_rows_is_put_together(written):
    rows = [
        ["设备编码", "设备名称", "位置信息", None],
        [None, None, "经度", "纬度"],
        ["A", "n", 8.5, 47],
    ]
    camera = one(read_cameras(written(workbook(rows), "c.xlsx")))
    assert (camera.code, camera.name, camera.lon, camera.lat) == ("A", "n", 8.5, 47.0)


def test_a_file_without_a_code_column_says_what_it_has_and_what_is_expected(written):
    problem = only_error(read_cameras(written("foo,name\n1,2\n")))
    assert "foo, name" in problem.advice
    assert "设备编码" in problem.advice


def test_unknown_columns_go_to_the_sheet_and_are_named(written):
    reading = read_cameras(written("code,Paint colour\nA,red\n"))
    assert one(reading).sheet == {"Paint colour": "red"}
    assert "Paint colour" in said(reading)


def test_a_general_header_gives_way_to_a_clear_one(written):
    camera = one(read_cameras(written("编号,设备编码\n1,A\n")))
    assert (camera.code, camera.sheet) == ("A", {"source 编号": "1"})


def test_two_columns_for_one_field_are_an_error(written):
    assert (
        "both mean name" in only_error(read_cameras(written("code,name,设备名称\nA,8,9\n"))).reason
    )


def test_logins_are_never_taken_into_the_inventory(written):
    reading = read_cameras(written("code,用户名,Password\nA,root,geheim\n"))
    assert one(reading).sheet == {}
    assert reading.counts.warnings == 2
    assert "geheim" not in said(reading)


def test_every_header_means_one_field_only():
    meant = {}
    for field in fields.FIELDS:
        for header in (field.name, *field.headers):
            assert meant.setdefault(fields.normalise(header), field.name) == field.name


def test_fields_md_is_what_the_table_says():
    text = (Path(fields.__file__).parent / "FIELDS.md").read_text("utf-8")
    assert text.endswith(fields.markdown())


# --- cells


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("host", "10.0.0.300", "not a valid IP"),
        ("host", "10.0.0.07", "not a valid IP"),
        ("host", "10.0.0.7:8000", "not an IP address alone"),
        ("host", "http://10.0.0.7", "not an IP address alone"),
        ("host", "224.0.0.1", "No camera can have"),
        ("host", "a b", "neither an IP address nor a host name"),
        ("port", "0", "not a port"),
        ("port", "65536", "not a port"),
        ("lon", "190", "out of range"),
        ("lat", "108.9", "looks like a longitude"),
        ("lat", "34°61'", "below 60"),
        ("lat", "34°20'30", "not a number"),
        ("lon", "inf", "not a number"),
        ("lon", "1_0", "not a number"),
        ("intent", "4", "not known"),
        ("indoor", "0", "not known"),
        ("angle_deg", "400", "out of range"),
        ("name", "#REF!", "error of the spreadsheet"),
    ],
)
def test_a_wrong_cell_is_named_by_line_column_value_and_reason(written, column, value, reason):
    other = {"lon": "lat", "lat": "lon"}.get(column, "model")
    reading = read_cameras(written(f"code,{column},{other}\nX,,\nA,{value},1\n"))
    (problem,) = [p for p in reading.errors if p.column]
    assert (problem.line, problem.column, problem.value) == (3, column, value)
    assert reason in problem.reason
    assert problem.advice


def test_a_longitude_without_latitude_is_an_error(written):
    reading = read_cameras(written("code,lon,lat\nA,108.9,\n"))
    assert only_error(reading).reason == "The latitude is missing."


def test_duplicate_codes_name_both_lines(written):
    reading = read_cameras(written('code,name\nA,"two\nlines"\nB,b\nA,again\n'))
    problem = only_error(reading)
    assert (problem.line, problem.value) == (5, "A")
    assert "line 2" in problem.reason


def test_a_shared_address_is_a_warning(written):
    reading = read_cameras(written("code,ip\nA,10.0.0.1\nB,10.0.0.1\n"))
    assert reading.ok
    assert "line 2" in reading.warnings[0].reason


def test_words_that_do_not_fit_load_with_a_warning_and_are_kept(written):
    text = "code,camera_type,mac,installed_at,point_class\nA,spycam,xx,soon,7\n"
    reading = read_cameras(written(text))
    camera = one(reading)
    assert reading.counts.warnings == 3
    assert camera.kind == CameraKind.UNKNOWN
    kept = {"source camera_type": "spycam", "mac": "xx", "installed_at": "soon"}
    assert camera.sheet == {**kept, "point_class": "7"}  # a class of points means nothing here


def test_an_ipv6_address_serves_where_there_is_no_other(written):
    camera = one(read_cameras(written("code,ipv6\nA,2001:DB8:0::1\n")))
    assert camera.host == "2001:db8::1"


def test_mac_and_dates_take_their_usual_form(written):
    text = "code,mac,安装时间,维保到期\nA,0a:1b:2c:3d:4e:5f,2020年1月5日,2024/12/31\n"
    sheet = one(read_cameras(written(text))).sheet
    assert sheet["mac"] == "0A-1B-2C-3D-4E-5F"
    assert (sheet["installed_at"], sheet["warranty_end"]) == ("2020-01-05", "2024-12-31")


# --- codes of 20 digits


def test_twenty_digits_survive_as_text(written):
    assert one(read_cameras(written(f"code\n{CODE}\n"))).code == CODE
    assert one(read_cameras(written(f'code\n"=""{CODE}"""\n'))).code == CODE
    assert one(read_cameras(written(f"code\n'{CODE}\n"))).code == CODE
    assert one(read_cameras(written(workbook([["code"], [CODE]]), "c.xlsx"))).code == CODE


@pytest.mark.parametrize("code", ["6.1E+19", "6.10100E+19", "6,1E+19"])
def test_a_code_in_exponent_form_says_how_to_mend_it(written, code):
    problem = only_error(read_cameras(written(f"code;name\n{code};x\n")))
    assert (problem.line, problem.value) == (2, code)
    assert "column as text" in problem.advice


@pytest.mark.parametrize("code", [int(CODE), float(CODE)])
def test_a_code_stored_as_a_number_in_a_workbook_is_an_error(written, code):
    problem = only_error(read_cameras(written(workbook([["code"], [code]]), "c.xlsx")))
    assert (problem.unit, problem.line) == ("row", 2)
    assert "column as text" in problem.advice


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("6101000000131000001", "19 digits"),
        ("61010000001180000001", "131 or 132"),
        ("99010000001310000001", "no province"),
        ("61010000001310000000", "five zeros"),
    ],
)
def test_a_doubtful_code_is_a_warning(written, code, reason):
    reading = read_cameras(written(f"code\n{CODE}\n{code}\n"))
    (problem,) = reading.warnings
    assert (problem.line, problem.severity) == (3, Severity.WARNING)
    assert reason in problem.reason


def test_a_list_of_divisions_is_used_when_given(written):
    path = written(f"code\n{CODE}\n")
    assert not read_cameras(path, divisions={"610100"}).warnings
    assert "no division" in said(read_cameras(path, divisions={"610101"}))


def test_codes_with_letters_are_the_citys_own_business(written):
    assert not read_cameras(written("code\nKX-1\n")).warnings


# --- workbooks


def test_a_workbook_gives_dates_numbers_and_truth_as_people_type_them(written):
    rows = [
        ["title of the sheet"],
        [None],
        ["code", "install_time", "port", "simulated", "height", "lon", "lat"],
        [7, date(2024, 5, 31), 8000.0, True, 2.5, 8.54, 47.37],
        [None] * 7,
    ]
    camera = one(read_cameras(written(workbook(rows), "no-matter.csv")))
    assert (camera.code, camera.port, camera.simulated) == ("7", 8000, True)
    assert camera.sheet == {"installed_at": "2024-05-31", "height_m": "2.5"}


def test_a_mapping_can_name_the_sheet(written):
    book = openpyxl.load_workbook(io.BytesIO(workbook([["nothing"]])))
    book.create_sheet("点位").append(["code"])
    book["点位"].append(["A"])
    stream = io.BytesIO()
    book.save(stream)
    path = written(stream.getvalue(), "c.xlsx")
    assert one(read_cameras(path, written('sheet = "点位"', "m.toml"))).code == "A"
    problem = only_error(read_cameras(path, written('sheet = "x"', "m.toml")))
    assert "点位" in problem.advice


# --- mappings


def test_a_mapping_turns_coordinates_and_keeps_the_originals(written):
    mapping = written('frame = "gcj02"', "m.toml")
    camera = one(read_cameras(written("code,lon,lat\nA,123,45\n"), mapping))
    assert (camera.lon, camera.lat) == pytest.approx((122.993955810, 44.998040618), abs=1e-8)
    assert camera.sheet == {
        "source_longitude": "123.0",
        "source_latitude": "45.0",
        "crs_source": "gcj02",
    }


def test_a_mapping_joins_picks_cuts_and_sets(written):
    mapping = written(
        """
        dates = ["%d.%m.%y"]
        [fields]
        code = { first = ["new", "old"] }
        name = { columns = ["road", "no"], join = " / " }
        pole = { column = "old", before = "-" }
        owner = { constant = "1" }
        installed_at = "built"
        """,
        "m.toml",
    )
    text = "old,new,road,no,built\nP-1-2,,High St,4,31.12.19\nQ-1,Z,,5,\n"
    first, second = read_cameras(written(text), mapping).rows
    assert (first.code, first.name, first.pole) == ("P-1-2", "High St / 4", "P-1")
    assert (second.code, second.name, second.pole) == ("Z", "5", "Q")
    assert first.sheet["installed_at"] == "2019-12-31"
    assert first.sheet["owner"] == "1"
    assert second.sheet["new"] == "Z"


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("colour = 1", "Unknown key colour"),
        ("fields.size = 'x'", "Unknown key fields.size"),
        ("fields.code = {colum = 'x'}", "Unknown key fields.code.colum"),
        ("fields.code = {column = 'x', constant = 'y'}", "exactly one"),
        ("fields.code = 3", "column name or a table"),
        ("fields.code = {column = 'a', values = {x = 1}}", "table of texts"),
        ("frame = 'mars'", "wgs84, gcj02, bd09"),
        ("detect = 'x'", "list of texts"),
        ("fields = [", "not valid TOML"),
        ("fields.name = 'nom'", "names the column nom"),
    ],
)
def test_a_wrong_mapping_is_an_error_that_names_the_place(written, toml, reason):
    reading = read_cameras(written("code\nA\n"), written(toml, "m.toml"))
    assert reason in only_error(reading).reason


def test_a_value_the_mapping_does_not_know_is_an_error(written):
    mapping = written("fields.intent = {column = 'state', values = {on = 'in_service'}}", "m.toml")
    problem = only_error(read_cameras(written("code,state\nA,ON\nB,off\n"), mapping))
    assert (problem.line, problem.column, problem.value) == (3, "state", "off")
