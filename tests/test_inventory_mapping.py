"""Shapes that real lists have: each example of MAPPING.md, and what goes wrong with it."""

import io
import json
import re
import zipfile
from pathlib import Path

import pytest

from monitor.inventory import fields, read_areas, read_cameras, read_places
from tests import reading

DATA = Path(__file__).parent / "data"
MAPPING = Path(fields.__file__).parent / "MAPPING.md"
EXAMPLES = re.findall(
    r"```toml example\n(.*?)```\n```csv example\n(.*?)```", MAPPING.read_text("utf-8"), re.DOTALL
)


@pytest.fixture
def files(tmp_path):
    def write(mapping, content, name="file"):
        (tmp_path / "m.toml").write_text(mapping or "# nothing", encoding="utf-8")
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path, str(tmp_path / "m.toml")

    return write


def cameras(files, mapping, content, **options):
    path, rules = files(mapping, content)
    found = reading.read_cameras(path, rules, **options)
    assert found.ok, [str(problem) for problem in found.problems]
    return {camera.code: camera for camera in found.rows}


def error(files, mapping, content):
    path, rules = files(mapping, content)
    (problem,) = read_cameras(path, rules).errors
    return f"{problem.reason} {problem.advice}"


EXPECTED = [
    ("K-1", {"lon": 104.081, "lat": 30.651}),
    ("K-1", {"lon": 7.4201, "lat": 43.7401, "name": "Nordtor"}),
    ("K-1", {"lon": 104.081, "lat": 30.651}),
    ("K-2", {"name": "South gate", "host": "127.0.0.12"}),
    ("GATE-7", {"name": "North gate"}),
    ("K-1", {"sheet": {"retention_days": "30", "Kept": "about 30 days"}}),
    ("P-1-2", {"host": "127.0.0.12", "name": "Pole 2"}),
]


@pytest.mark.parametrize(
    ("example", "expected"), list(zip(EXAMPLES, EXPECTED, strict=True)), ids=range(len(EXPECTED))
)
def test_every_example_of_the_manual_reads_as_it_says(files, example, expected):
    code, values = expected
    camera = cameras(files, *example)[code]
    for name, value in values.items():
        found = getattr(camera, name)
        assert found == (pytest.approx(value) if isinstance(value, float) else value)


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("lat, lon", "30.651, 104.081"),
        ("lat, lon", "(30.651; 104.081)"),
        ("lat, lon", "30.651 104.081"),
        ("lat, lon", "30°39'3.6\"N, 104°4'51.6\"E"),
        ("lon, lat", "104.081/30.651"),
        ("wkt", "POINT(104.081 30.651)"),
        ("wkt", "point Z (104.081 30.651 510.2)"),
    ],
)
def test_a_position_in_one_cell(files, form, cell):
    quoted = cell.replace('"', '""')
    mapping = f'[fields]\nposition = {{ column = "p", form = "{form}" }}\n'
    camera = cameras(files, mapping, f'code,p\nA,"{quoted}"\n')["A"]
    assert (camera.lon, camera.lat) == (pytest.approx(104.081), pytest.approx(30.651))


def test_a_column_of_both_coordinates_without_a_mapping_is_asked_about(files):
    path, _ = files("", 'code,name,position\nK-1,Gate,"30.651, 104.081"\n')
    (warning,) = read_cameras(path).warnings
    assert 'position = { column = "position", form = "lat, lon" }' in warning.advice


def test_a_position_that_is_none_is_an_error_and_an_empty_one_clears(files):
    mapping = '[fields]\nposition = { column = "p", form = "lat, lon" }\n'
    assert "not two coordinates" in error(files, mapping, "code,p\nA,somewhere\n")
    assert "out of range" in error(files, mapping, 'code,p\nA,"104.081, 30.651"\n')
    assert "no WKT point" in error(files, mapping.replace("lat, lon", "wkt"), "code,p\nA,POINT\n")
    path, rules = files(mapping, "code,p\nA,\n")
    assert read_cameras(path, rules).rows[0].values == {"lon": None, "lat": None}


@pytest.mark.parametrize(
    ("cell", "degrees"),
    [
        ("30°39'03.6\"N", 30.651), ("N 30°39.06'", 30.651), ("30°39′3.6″ S", -30.651),
        ("-30°39'3.6\"", -30.651), ("北纬30度39分3.6秒", 30.651), ("30.651 N", 30.651),
        ("S30.651", -30.651), ("30º39'03.6''N", 30.651),
    ],
)  # fmt: skip
def test_degrees_minutes_and_seconds_are_read(files, cell, degrees):
    quoted = cell.replace('"', '""')
    camera = cameras(files, "", f'code,lat,lon\nA,"{quoted}",8.5\n')["A"]
    assert camera.lat == pytest.approx(degrees)


def test_a_comma_without_a_mapping_says_what_to_write(files):
    path, _ = files("", "code;lon;lat\nA;7,42;43,74\n")
    assert 'decimal = ","' in read_cameras(path).errors[0].advice
    rows = "code;lon;lat;range\nA;7,42;43,74;1.000,5\n"
    camera = cameras(files, 'decimal = ","\n', rows)["A"]
    assert (camera.lon, camera.range_m) == (7.42, 1000.5)


def test_several_cameras_by_count(files):
    mapping = '[several]\ncount = "Number"\n'
    found = cameras(files, mapping, "code,name,Number\nP,Pole,3\nQ,Quay,1\n")
    assert [*found] == ["P-1", "P-2", "P-3", "Q"]
    assert found["P-3"].name == "Pole 3"
    assert "counts many cameras" in error(files, mapping, "code,Number\nP,many\n")
    assert "counts 101 cameras" in error(files, mapping, "code,Number\nP,101\n")
    assert "not in this file" in error(files, mapping, "code,No\nP,3\n")


def test_a_list_of_directions_is_one_camera_each(files):
    mapping = '[several]\nlist = "Views"\nseparator = "/"\nfield = "direction"\n'
    found = cameras(files, mapping, "code,Views\nP,N / 90 / SW\n")
    assert [camera.direction for camera in found.values()] == ["N", "90", "SW"]


def test_points_without_ids_take_their_code_from_where_they_are(files):
    points = [[-17.451, 14.701], [-17.452, 14.702]]
    document = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": p}}
            for p in points
        ],
    }
    mapping = '[fields]\ncode = { columns = ["lon", "lat"], join = "/" }\n'
    found = cameras(files, mapping, json.dumps(document))
    assert [*found] == ["-17.451/14.701", "-17.452/14.702"]
    assert [[camera.lon, camera.lat] for camera in found.values()] == points


def test_a_multipoint_of_one_point_is_a_point(files):
    point = {"type": "MultiPoint", "coordinates": [[7.42, 43.74]]}
    feature = {"type": "Feature", "properties": {"code": "K-1"}, "geometry": point}
    assert cameras(files, "", json.dumps(feature))["K-1"].lon == 7.42
    point["coordinates"].append([7.43, 43.74])
    assert "must be a Point" in error(files, "", json.dumps(feature))


def test_a_kept_column_stays_in_the_sheet(files):
    found = cameras(files, 'keep = ["Port"]\n', "code,Port\nA,8000\n")["A"]
    assert (found.port, found.sheet) == (80, {"source Port": "8000"})


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ('decimal = ";"\n', 'decimal must be "." or ","'),
        ('[fields]\nposition = { column = "p", form = "x" }\n', "form must be one of"),
        ('[fields]\nname = { column = "p", find = "(" }\n', "is no pattern"),
        ('[several]\ncount = "a"\nlist = "b"\n', "exactly one of count, list"),
        ('[several]\nlist = "b"\nfield = "name"\n', "several.field must be"),
        ("several = 3\n", "several must be a table"),
        ('[fields]\ncamera = "x"\n', "Unknown key fields.camera"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(files, mapping, words):
    assert words in error(files, mapping, "code,p\nA,1\n")


def test_a_pattern_that_matches_nothing_names_the_cell(files):
    mapping = '[fields]\nretention_days = { column = "Kept", find = "[0-9]+" }\n'
    assert "Nothing here matches" in error(files, mapping, "code,Kept\nA,for ever\n")


# --- built-in ones


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "hikvision",
            "Nickname,Adding Mode,Address,Port,Device Information,User Name,Password,Group Name\n"
            "North gate,0,127.0.0.41,8000,,viewer,Example-1,Gates\n",
            {"code": "North gate", "host": "127.0.0.41", "port": 80},
        ),
        (
            "milestone",
            "HardwareName,HardwareAddress,HardwarePort,HardwareUsername,HardwarePassword,"
            "HardwareDriverID\nNorth gate,http://127.0.0.41:80/,8080,viewer,Example-1,105\n",
            {"code": "North gate", "host": "127.0.0.41", "port": 8080},
        ),
        (
            "wvp",
            "gbDeviceId,gbName,gbManufacturer,gbCivilCode,gbLongitude,gbLatitude\n"
            "51010400001320000041,North gate,Acme,510104,104.081,30.651\n",
            {"code": "51010400001320000041", "area_code": "510104", "lon": 104.081},
        ),
    ],
)
def test_lists_of_vendors_are_recognised_and_keep_no_login(files, name, text, expected):
    path, _ = files("", text)
    found = reading.read_cameras(path)
    assert found.ok, [str(problem) for problem in found.problems]
    assert any(f"built-in mapping {name}" in each.reason for each in found.notes)
    (camera,) = found.rows
    assert {key: getattr(camera, key) for key in expected} == expected
    assert "Example-1" not in repr(found)
    assert "viewer" not in repr(camera)


# --- places and areas


def test_places_are_mapped_as_cameras_are(files):
    point = {"type": "Point", "coordinates": [7.421, 43.741]}
    properties = {"NAME": "Hill School", "SCHOOL_ID": "17"}
    feature = {"type": "Feature", "properties": properties, "geometry": point}
    mapping = '[fields]\nname = "NAME"\ncode = "SCHOOL_ID"\n'
    path, rules = files(mapping, json.dumps(feature))
    (row,) = read_places(path, "school", mapping=rules, area_code="A").rows
    assert (row.key, row.values["name"]) == ("school 17", "Hill School")
    assert row.values["area_code"] == "A"
    path, rules = files(mapping + 'kind = { constant = "school" }\n', json.dumps(feature))
    assert read_places(path, mapping=rules).rows[0].key == "school 17"
    (wrong,) = read_places(path, mapping=files('[fields]\nhost = "x"\n', "{}")[1]).errors
    assert "Unknown key fields.host" in wrong.reason


def test_areas_are_mapped_too_and_know_short_headers(files):
    path, rules = files('[fields]\ncode = "Kennung"\nname = "Bezirk"\n', "Bezirk;Kennung\nNord;1\n")
    (row,) = read_areas(path, mapping=rules).rows
    assert (row.key, row.values) == ("1", {"name": "Nord"})
    (path, _) = files("", "编号,名称,上级\n51,示例省,\n5101,示例市,51\n")
    assert [row.values["parent_code"] for row in read_areas(path).rows] == [None, "51"]


def test_what_is_no_street_is_counted_by_what_it_is(files):
    def feature(geometry, coordinates, **properties):
        shape = {"type": geometry, "coordinates": coordinates}
        return {"type": "Feature", "properties": properties, "geometry": shape}

    features = [
        *[feature("Point", [7.42, 43.74], highway="crossing")] * 3,
        feature("LineString", [[7.42, 43.74], [7.425, 43.741]], highway="residential", name="Quay"),
        feature(
            "LineString",
            [[7.42, 43.75], [7.425, 43.75]],
            highway="primary",
            name="Deep",
            tunnel="yes",
        ),
    ]
    document = {"type": "FeatureCollection", "features": features}
    path, _ = files("", json.dumps(document))
    found = read_places(path)
    assert [row.values["name"] for row in found.rows] == ["Quay", "Deep"]
    assert found.rows[1].values["excluded_m"] > 300
    assert found.rows[1].values["geometry"]["coordinates"] == []
    (warning,) = found.warnings
    assert "3 features (Point crossing) say no kind of place" in warning.reason
    assert "(402 m): Deep" in "\n".join(map(str, found.notes))


# --- workbooks of other kinds


MANIFEST = (
    '<?xml version="1.0"?><manifest:manifest '
    'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
)
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"


def ods(rows, prologue=""):
    cells = "".join(
        "<table:table-row>"
        + "".join(
            '<table:table-cell office:value-type="string">'
            f"<text:p>{cell}</text:p></table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    space = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prologue}<office:document-content '
        f'xmlns:office="{space}:office:1.0" xmlns:table="{space}:table:1.0" '
        f'xmlns:text="{space}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Sheet1">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("mimetype", SPREADSHEET)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def test_an_xls_is_read(tmp_path):
    found = reading.read_cameras(DATA / "devices.xls")
    assert found.ok, [str(problem) for problem in found.problems]
    assert [camera.code for camera in found.rows] == [
        "51010400001320000041",
        "51010400001320000042",
    ]
    first = found.rows[0]
    assert (first.name, first.lon) == ("北门 North gate", 104.081)
    assert first.sheet["installed_at"] == "2024-05-31"
    assert [row.key for row in read_cameras(DATA / "devices.xls", sheet="More").rows] == ["X-1"]
    (error,) = read_cameras(DATA / "devices.xls", sheet="None").errors
    assert "It has: Devices, More" in error.advice


def test_an_ods_is_read(files):
    path, _ = files("", ods([("code", "name"), ("K-1", "北门"), ("K-2", "南门")]))
    found = read_cameras(path)
    assert [(row.key, row.values["name"]) for row in found.rows] == [
        ("K-1", "北门"),
        ("K-2", "南门"),
    ]


def test_an_ods_that_hurts_is_refused(files):
    entity = '<!DOCTYPE x [<!ENTITY a "b">]>'
    path, _ = files("", ods([("code",), ("&a;",)], prologue=entity))
    (error,) = read_cameras(path).errors
    assert "document type" in error.reason
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED
        )
        archive.writestr("content.xml", b" " * (201 << 20))
    path, _ = files("", bomb.getvalue())
    (error,) = read_cameras(path).errors
    assert "unpacks to more than 200 MB" in error.reason


@pytest.mark.parametrize(
    "content", [b"\xd0\xcf\x11\xe0" + b"\0" * 600, DATA.joinpath("devices.xls").read_bytes()[:3000]]
)
def test_a_damaged_xls_is_one_error(files, content):
    path, _ = files("", content)
    (error,) = read_cameras(path).errors
    assert "damaged" in error.reason


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"></kml>', "KML"),
        (b"SQLite format 3\0", "GeoPackage"),
    ],
)
def test_map_formats_are_refused_with_the_command_that_converts_them(files, content, what):
    path, _ = files("", content)
    for read in (read_places, read_cameras):
        (error,) = read(path).errors
        assert what in error.reason
        assert "ogr2ogr -f GeoJSON" in error.advice
