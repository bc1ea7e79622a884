"""Files that are damaged, foreign or made to hurt: one clear message, never an exception."""

import io
import os
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.inventory import Limits, read_areas, read_cameras, read_places

READERS = [read_cameras, read_areas, read_places]


def error(path, content=None, reader=read_cameras, **options):
    if content is not None:
        path.write_bytes(content)
    reading = reader(path, **options)
    (problem,) = reading.errors
    assert reading.rows == ()
    assert problem.advice
    return f"{problem.reason} {problem.advice} {problem.file}"


def book(**parts):
    stream = io.BytesIO()
    made = openpyxl.Workbook()
    made.active.append(["code"])
    made.active.append(["A"])
    made.save(stream)
    changed = io.BytesIO()
    with zipfile.ZipFile(stream) as old, zipfile.ZipFile(changed, "w", 8) as new:
        for item in old.infolist():
            content = old.read(item)
            new.writestr(item, parts.get(item.filename.rsplit("/", 1)[-1], content))
        for name in set(parts) - {i.filename.rsplit("/", 1)[-1] for i in old.infolist()}:
            new.writestr(name, parts[name])
    return changed.getvalue()


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b" \n \n", "empty"),
        (b"\x89PNG\r\n\x1a\n....", "a PNG image"),
        (b"\xff\xd8\xff\xe0....", "a JPEG image"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b....", "gzip"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"code\nA\0B\n", "zero bytes"),
        (b"code\n\x80\x81\xff\n", "no UTF-8"),
    ],
)
def test_foreign_files_are_named(tmp_path, reader, content, reason):
    assert reason in error(tmp_path / "file.csv", content, reader)


@pytest.mark.parametrize("reader", READERS)
def test_a_path_that_is_no_file_is_said(tmp_path, reader):
    assert "folder" in error(tmp_path, reader=reader)
    assert "no such file" in error(tmp_path / "missing.csv", reader=reader)
    assert "cannot be opened" in error(tmp_path / "a\0b", reader=reader)
    os.mkfifo(tmp_path / "pipe")
    assert "not an ordinary file" in error(tmp_path / "pipe", reader=reader)


def test_an_unreadable_file_is_said(tmp_path, monkeypatch):
    path = tmp_path / "c.csv"
    path.write_text("code\nA\n")

    def refused(*_, **__):
        raise PermissionError

    monkeypatch.setattr(type(path), "open", refused)  # root may read everything
    assert "may not be read" in error(path)


def test_size_rows_and_columns_are_bounded(tmp_path):
    path = tmp_path / "c.csv"
    assert "larger than" in error(path, b"x" * 101, limits=Limits(file_bytes=100))
    assert "more than 2 rows" in error(path, b"code\nA\nB\nC\n", limits=Limits(rows=2))
    assert "more than 3 columns" in error(path, b"code,,,,\n", limits=Limits(columns=3))


def test_problems_are_bounded_but_counted(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("code,port\n" + "".join(f"{n},x\n" for n in range(50)))
    reading = read_cameras(path, limits=Limits(problems=10))
    assert len(reading.errors) == 10
    assert reading.counts.errors == 50


def test_a_quote_nobody_closes_is_found(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text('code,name\nA,a\nB,"b\nC,c\n')
    (problem,) = read_cameras(path).errors
    assert problem.line == 3
    assert "quotes" in problem.reason


def test_control_characters_of_a_file_never_reach_the_terminal(tmp_path):
    path = tmp_path / "c.csv"
    path.write_text("code,port\nA,\x1b[2J\u202e80\n")
    assert not {"\x1b", "\u202e"} & set("".join(map(str, read_cameras(path).problems)))


def test_a_workbook_that_unpacks_too_large_is_refused(tmp_path):
    bomb = book(**{"bomb.xml": b"0" * 5_000_000})
    assert len(bomb) < 100_000
    limits = Limits(unpacked_bytes=1_000_000)
    assert "unpacks to more" in error(tmp_path / "c.xlsx", bomb, limits=limits)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("part", ["sheet1.xml", "sharedStrings.xml", "workbook.xml", "styles.xml"])
def test_entities_in_a_workbook_are_never_expanded(tmp_path, part, encoding):
    lol = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = f'<?xml version="1.0" encoding="{encoding}"?><!--{"x" * 9000}-->'
    xml += f'<!DOCTYPE x [<!ENTITY l0 "lol">{lol}]><x>&l9;</x>'
    hostile = book(**{part: xml.encode(encoding)})
    assert "declares a document type" in error(tmp_path / "c.xlsx", hostile)


@pytest.mark.parametrize(
    "sheet",
    [
        b"",
        b"<worksheet",
        b"not xml",
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="99999999999"><c r="A1" t="n"><v>x</v></c></row></sheetData></worksheet>',
    ],
)
def test_a_damaged_workbook_is_said(tmp_path, sheet):
    assert "damaged" in error(tmp_path / "c.xlsx", book(**{"sheet1.xml": sheet}))


def test_a_row_far_down_does_not_run_for_ever(tmp_path):
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
        b'<row r="99999999999"><c t="n"><v>1</v></c></row></sheetData></worksheet>'
    )
    assert "rows" in error(tmp_path / "c.xlsx", book(**{"sheet1.xml": sheet}))


def test_a_zip_that_is_no_workbook_is_said(tmp_path):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("cameras.csv", "code\nA\n")
    assert "ZIP archive" in error(tmp_path / "c.zip", stream.getvalue())
    assert "damaged" in error(tmp_path / "c.xlsx", stream.getvalue()[:40])


@pytest.mark.parametrize("reader", [read_cameras, read_places])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ('{"type": "FeatureCollection", "features": [', "breaks off"),
        ("[1, 2]", "no GeoJSON"),
        ('{"type": "Topology"}', "no GeoJSON"),
        ('{"type": "FeatureCollection", "features": {}}', "no list"),
        ('{"type": "FeatureCollection", "features": [1]}', "no GeoJSON feature"),
        ('{"type": "FeatureCollection", "features": NaN}', "NaN"),
        ('{"type": ' + "1" * 5000 + "}", "not valid"),
        (
            '{"type": "FeatureCollection", "features": [], '
            '"crs": {"properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}}',
            "not WGS-84",
        ),
    ],
)
def test_json_that_is_no_geojson_is_said(tmp_path, reader, text, reason):
    assert reason in error(tmp_path / "c.geojson", text.encode(), reader)


@pytest.mark.parametrize("reader", [read_cameras, read_places])
def test_escapes_that_are_no_text_are_made_harmless(tmp_path, reader):
    path = tmp_path / "c.geojson"
    path.write_text(
        '{"type": "Feature", "geometry": {"type": "Point", "coordinates": [8, 47]}, "properties": '
        '{"code": "A", "amenity": "school", "name": "a\\u0000b\\ud800", "k\\udfff": "\\u0000"}}'
    )
    (row,) = reader(path).rows
    assert row.values["name"] == "a b?"
    assert repr(row).encode()


@pytest.mark.parametrize("depth", range(900, 1000, 7))
def test_properties_nested_to_the_limit_raise_nothing(tmp_path, depth):
    path = tmp_path / "c.geojson"
    nested = '{"a":' * depth + "1" + "}" * depth
    point = f'{{"type": "Point", "coordinates": [8, 47], "x": {nested}}}'
    named = f'{{"code": "A", "name": {nested}}}'
    path.write_text(f'{{"type": "Feature", "properties": {named}, "geometry": {point}}}')
    assert read_cameras(path).problems
    assert read_places(path, "school").counts


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_raise_an_exception(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any"
    for start in (b"", b"code,lon,lat,ip\n", b"PK\x03\x04", b'{"type":"FeatureCollection",'):
        path.write_bytes(start + content)
        for reader in READERS:
            assert reader(path).problems is not None


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.lists(st.text(max_size=12) | st.sampled_from(["1E+19", "=1", "0", "90"]), max_size=6),
        max_size=5,
    )
)
def test_no_table_raises_an_exception(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "table.csv"
    head = "code,lon,lat,ip,监视方位,安装时间\n"
    text = head + "\n".join(",".join(row) for row in rows)
    path.write_bytes(text.encode("utf-8", "replace"))
    reading = read_cameras(path)
    assert reading.ok or reading.rows == ()
