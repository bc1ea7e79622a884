"""What only a whole file shows: positions, twins, totals, placeholders, lost digits; and logins."""

import io
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.geodesy.extent import extent
from monitor.inventory import logins, read_areas, read_cameras, read_register

BASE = [(-77.1 - n / 1000, 38.87 + n / 1000) for n in range(9)]


@pytest.fixture
def written(tmp_path):
    def write(content, name="cameras.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def located(*positions):
    rows = [*BASE, *positions]
    return "code,lon,lat\n" + "".join(f"K-{n},{x},{y}\n" for n, (x, y) in enumerate(rows, 1))


def workbook(rows, change=None):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book.active)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def said(reading):
    return "\n".join(map(str, reading.problems))


# --- positions


@pytest.mark.parametrize(
    ("position", "hint"),
    [
        ((77.106, 38.876), "the sign of the longitude looks lost"),
        ((-77.106, -38.876), "the sign of the latitude looks lost"),
        ((38.876, -77.106), "longitude and latitude look exchanged"),
        ((-117.107, 38.877), "a digit of the longitude looks wrong"),
        ((-77.107, 39.877), "a digit of the latitude looks wrong"),
        ((12.5, 41.9), "km from the middle of cameras.csv"),
        ((0, 0), "Zero is no position"),
        ((-77.1, 0), "Zero is no position"),
    ],
)
def test_a_position_that_cannot_be_right_is_named_with_its_line_and_distance(
    written, position, hint
):
    reading = read_cameras(written(located(position)))
    (error,) = reading.errors
    assert error.line == 11
    assert hint in error.reason
    assert " km from " in error.reason
    taken = read_cameras(written(located(position)), accept_far=True)
    assert taken.ok
    kept = taken.rows[-1].values.get("lon")
    assert kept == (None if position == (0, 0) else position[0])
    assert "1 positions" in said(taken)


def test_a_position_of_zero_never_clears_one_that_is_known(written):
    reading = read_cameras(written("code,lon,lat\nA,0,0\n"), accept_far=True)
    assert not reading.rows[0].values.keys() & {"lon", "lat"}


def test_a_city_with_suburbs_and_a_country_are_no_slips(written):
    suburbs = [(-77.1 + n / 8, 38.87) for n in range(4)]
    assert read_cameras(written(located(*suburbs))).ok
    country = "".join(f"R-{n},{7 + n / 5},{46 + n % 7 / 4}\n" for n in range(40))
    assert read_cameras(written("code,lon,lat\n" + country)).ok
    two_cities = [(8.5 + n / 1000, 47.3) for n in range(7)]
    assert read_cameras(written(located(*two_cities))).ok


def test_where_the_city_is_known_one_camera_is_enough(written):
    known = extent(BASE, "the middle of the city")
    (error,) = read_cameras(written("code,lon,lat\nA,77.1,38.87\n"), extent=known).errors
    assert "km from the middle of the city" in error.reason


def test_positions_that_a_spreadsheet_filled_down_are_errors(written):
    rows = "".join(f"K-{n},{104.08 + n},30.65\n" for n in range(5))
    reading = read_cameras(written("code,lon,lat\n" + rows))
    assert [error.line for error in reading.errors] == [2, 3, 4, 5, 6]
    assert "filled them down" in reading.errors[0].reason


def test_one_position_for_most_of_the_file_is_asked_about(written):
    rows = "".join(f"K-{n},104.08,30.65\n" for n in range(12))
    assert "12 of 12 positions are the same" in said(read_cameras(written("code,lon,lat\n" + rows)))


@given(
    st.lists(st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)), min_size=8, max_size=60),
    st.sampled_from([(8.5, 47.4), (-77.0, 38.9), (179.95, -17.0), (0.02, 51.5), (104.0, 30.6)]),
)
def test_a_city_holds_all_of_its_cameras_and_not_the_mirrored_one(offsets, middle):
    # no wrap beyond 180 degrees: such a list writes -179.99
    points = [(min(middle[0] + x, 180.0), middle[1] + y) for x, y in offsets]
    found = extent(points, "x")
    assert found is not None
    assert all(found.holds(*point) for point in points)
    assert not found.holds(middle[0], -middle[1])


# --- what says nothing


@pytest.mark.parametrize(
    "word", ["NULL", "none", "DHCP", "TBD", "0.0.0.0", "n/a", "-", "待定", "无"]
)
def test_a_placeholder_is_no_address(written, word):
    reading = read_cameras(written(f"code,name,host\nA,Gate,{word}\nB,Gate,127.0.0.9\n"))
    assert reading.ok
    assert [row.values["host"] for row in reading.rows] == [None, "127.0.0.9"]
    assert "1 cells say that there is nothing" in said(reading)


def test_placeholders_of_numbers_are_nothing_and_of_names_are_text(written):
    text = "code,name,lon,lat,angle,vendor,direction\nA,None,NULL,NULL,n/a,TBD,-1\nB,b,,,,,-1.0\n"
    reading = read_cameras(written(text))
    assert reading.ok
    first, second = (row.values for row in reading.rows)
    assert (first["name"], first["sheet.vendor"]) == ("None", "TBD")
    assert [first[name] for name in ("lon", "lat", "angle_deg", "direction")] == [None] * 4
    assert second["direction"] is None


@pytest.mark.parametrize("port", [554, 8000, 37777, 34567])
def test_a_port_where_no_onvif_service_is_gets_a_question(written, port):
    reading = read_cameras(written(f"code,host,port\nA,127.0.0.1,{port}\nB,127.0.0.2,{port}\n"))
    assert reading.ok
    (warning,) = [each for each in reading.warnings if each.column == "port"]
    assert warning.reason.startswith("2 cameras have the port of")
    assert (warning.line, warning.value) == (2, str(port))


def test_a_usual_port_gets_no_question(written):
    reading = read_cameras(written("code,host,port\nA,127.0.0.1,8080\nB,127.0.0.2,80\n"))
    assert not [each for each in reading.warnings if each.column == "port"]


def test_an_angle_or_range_of_zero_is_said_to_be_none(written):
    reading = read_cameras(written("code,angle,range\nA,0,0\nB,90,0\n"))
    assert reading.rows[0].values == {"angle_deg": None, "range_m": None}
    notes = {note.column: note.reason for note in reading.notes if note.column}
    assert notes["angle"].startswith("1 cells are 0")
    assert notes["range"].startswith("2 cells are 0")


# --- codes


def test_full_width_and_upper_case_twins_are_one(written):
    reading = read_cameras(written("code,name\nＫ－１,a\nk-1,b\nK-2,c\n"))
    (error,) = reading.errors
    assert (error.line, error.value) == (3, "k-1")
    assert "line 2" in error.reason
    assert read_cameras(written("code\nＫ－１\n")).rows[0].key == "K-1"


def test_a_code_that_lost_its_zeros_is_an_error_that_says_what_the_sheet_shows(written):
    def pad(page):
        page["A2"].number_format = "00000"

    content = workbook([("code", "name"), (417, "Gate"), ("00418", "Door")], pad)
    (error,) = read_cameras(written(content)).errors
    assert "The sheet shows 00417 but holds the number 417" in error.reason
    assert "as text" in error.advice
    mixed = read_cameras(written("code\n00417\n00418\n419\n"))
    assert "took the zeros" in mixed.errors[0].reason
    assert read_cameras(written("code\n417\n418\n41\n")).ok


@pytest.mark.parametrize(
    "code", ["1-Mar", "Mar-01", "3月1日", "2026-03-01", "2026/3/1", "1.3.2026"]
)
def test_a_code_that_became_a_date_is_an_error(written, code):
    (error,) = read_cameras(written(f"code,name\n{code},Gate\n")).errors
    assert "date" in error.reason
    assert "as text" in error.advice


def test_a_date_cell_of_a_workbook_is_no_code_but_a_date(written):
    content = workbook([("code", "name"), (date(2026, 3, 1), "Gate")])
    (error,) = read_cameras(written(content)).errors
    assert "took this code for a date" in error.reason
    dated = workbook([("code", "install_date"), ("A", date(2026, 3, 1))])
    assert read_cameras(written(dated)).rows[0].values["sheet.installed_at"] == "2026-03-01"


# --- rows that are no cameras


def test_totals_titles_signatures_and_repeated_headers_are_left_out(written):
    text = (
        "设备编码,设备名称,安装地址\n一、城东片区,,\n51010400001320000041,北门,一号路\n"
        "设备编码,设备名称,安装地址\n51010400001320000042,南门,二号路\n51010400001320000043,东门,三号路\n"
        "合计,3,\n制表：某单位,,\n"
    )
    reading = read_cameras(written(text))
    assert reading.ok
    assert [row.key[-2:] for row in reading.rows] == ["41", "42", "43"]
    assert "3 rows are totals, titles or remarks and were left out (line 2, 7, 8)" in said(reading)
    assert "1 rows repeat the header" in said(reading)


def test_a_camera_without_a_digit_or_a_name_is_still_one(written):
    reading = read_cameras(written("code,name,address\nGATE,,\nDOOR,a,\nQUAY,b,c\n"))
    assert [row.key for row in reading.rows] == ["GATE", "DOOR", "QUAY"]


def test_cells_beyond_the_last_column_are_not_lost_in_silence(written):
    (error,) = read_cameras(written("code,name\nA,Gate, north\n")).errors
    assert (error.line, error.value) == (2, "north")


def test_cells_merged_downwards_hold_for_each_row(written):
    rows = [("区域", "行政区域", "设备编码"), ("x", "510104", "A1"), ("y", None, "A2"),
            ("z", None, "A3"), ("z", None, "A4")]  # fmt: skip
    content = workbook(rows, lambda page: page.merge_cells("B2:B4"))
    found = {row.key: row.values["area_code"] for row in read_cameras(written(content)).rows}
    assert found == {"A1": "510104", "A2": "510104", "A3": "510104", "A4": None}


# --- logins


@pytest.mark.parametrize(
    "header",
    [
        "Password",
        "Pass",
        "Auth",
        "PW",
        "Token",
        "rtsp_user",
        "rtspUser",
        "Kennwort",
        "密码",
        "口令",
        "用户名",
    ],
)
def test_a_column_of_logins_is_left_out(written, header):
    reading = read_cameras(written(f"code,name,{header}\nA,Gate,Example-1\n"))
    assert "Example-1" not in repr(reading)
    (warning,) = [each for each in reading.warnings if each.column == header]
    assert "nothing of it is stored" in warning.reason
    assert "No login is stored here" in warning.advice


@pytest.mark.parametrize("header", ["Passenger count", "Underpass", "Author", "Power", "Passage"])
def test_a_column_that_only_looks_like_one_stays(written, header):
    reading = read_cameras(written(f"code,name,{header}\nA,Gate,7\n"))
    assert reading.rows[0].values[f"sheet.{header}"] == "7"


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("rtsp://viewer:Example-1@127.0.0.41:554/ch1", "rtsp://127.0.0.41:554/ch1"),
        ("rtsp://viewer:Ex@mple-1@127.0.0.41/ch1", "rtsp://127.0.0.41/ch1"),
        ("http://viewer@127.0.0.41/", "http://127.0.0.41/"),
        ("viewer:Example-1@127.0.0.41", "127.0.0.41"),
        ("rtsp://127.0.0.41/user=viewer&password=Example-1&channel=1",
         "rtsp://127.0.0.41/user=&password=&channel=1"),
        ("http://127.0.0.41/snap?usr=viewer&pwd=Example-1", "http://127.0.0.41/snap?usr=&pwd="),
        ("密码：Example-1，备用", "密码：，备用"),
        ("pw = Example-1", "pw ="),
        ("admin/Example-1", ""),
        ('{"password": "Example-1"}', '{"password":}'),
    ],
)  # fmt: skip
def test_a_login_inside_a_cell_is_dropped_and_counted(written, cell, kept):
    quoted = cell.replace('"', '""')
    path = written(f'code,name,note\nA,Gate,"{quoted}"\nB,Gate,plain\n')
    reading = read_cameras(path)
    assert "Example-1" not in repr(reading)
    assert (reading.rows[0].values["sheet.note"] or "") == kept
    (warning,) = [each for each in reading.warnings if each.column == "note"]
    assert warning.reason.startswith("1 cells held a user name or password")


def test_no_file_of_any_kind_keeps_a_login(written):
    read = read_areas(written("code,name\nA,rtsp://u:Example-1@127.0.0.1/\n"))
    assert "Example-1" not in repr(read)
    entries = read_register(written("camera,need\nA,pwd=Example-1\n"), known=["A"])
    assert "Example-1" not in repr(entries)
    point = (
        '{"type":"Feature","geometry":{"type":"Point","coordinates":[8,47]},'
        '"properties":{"code":"A","url":"rtsp://u:Example-1@127.0.0.1/","login":{"pass":"Example-1"}}}'
    )
    assert "Example-1" not in repr(read_cameras(written(point)))


@given(st.text(st.sampled_from("ab:/@=&.1 用户")))
def test_cells_without_a_sign_of_a_login_are_left_as_they_are(text):
    if not logins.suspect(text):
        assert logins.without(text) == text.strip()
