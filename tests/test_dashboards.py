"""The boards as files: fresh, stable, complete, and honest about what they show."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboards import palette, publish
from monitor.model import Status
from monitor.web import geo
from tests.grafana import panels, questions

BOARDS = publish.draw()
COLOURS = {
    value for name, value in vars(palette).items() if name.isupper() and isinstance(value, str)
} | {
    *palette.LEDGER_COLOURS.values(),
    *palette.STATUS_COLOURS.values(),
    *palette.GAP_COLOURS.values(),
}
# ids that @grafana/data 13.2 knows, as far as we use them
UNITS = {
    "none", "short", "percentunit", "s", "ms", "h", "dtdurations", "dateTimeAsIso", "lengthm",
    "areaM2", "degree",
}  # fmt: skip
PROPERTIES = {
    "displayName", "unit", "decimals", "mappings", "thresholds", "color", "links", "min", "max",
    "custom.cellOptions", "custom.width",
}  # fmt: skip

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=list(BOARDS))


def walk(node):
    yield node
    for child in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from walk(child)


def test_the_checked_in_files_are_what_the_code_draws(tmp_path):
    written = {path.relative_to(tmp_path): path.read_bytes() for path in publish.build(tmp_path)}
    there = {
        path.relative_to(publish.JSON_DIR): path.read_bytes()
        for path in publish.JSON_DIR.rglob("*.json")
    }
    assert there == written, "stale: run `camledger dashboards build`"


def test_building_twice_gives_the_same_bytes(tmp_path):
    first = [path.read_bytes() for path in publish.build(tmp_path / "a")]
    assert first == [path.read_bytes() for path in publish.build(tmp_path / "b")]


def test_there_is_a_board_for_each_audience_and_one_for_a_camera():
    assert set(BOARDS) == {
        "technicians/camledger-technicians.json",
        "technicians/camledger-camera.json",
        "planners/camledger-planners.json",
        "committee/camledger-committee.json",
        "committee/camledger-register.json",
    }


def test_importing_publish_loads_no_grafana_library():
    code = (
        "import sys, dashboards, dashboards.publish\n"
        "print([m for m in sys.modules if m.startswith(('grafana', 'niquests', 'urllib3_future'))])"
    )
    root = Path(publish.__file__).parents[1]
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=True)
    assert ran.stdout.strip() == b"[]"


@every_board
def test_ids_are_unique_and_set(board):
    ids = [panel["id"] for outer in board["panels"] for panel in (outer, *outer.get("panels", ()))]
    assert len(ids) == len(set(ids))
    assert all(ids)


@every_board
def test_panels_fill_lines_of_24_and_do_not_overlap(board):
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    for y in {y for _, y in taken}:
        assert {x for x, row in taken if row == y} == set(range(24)), f"hole in line {y}"


@every_board
def test_every_panel_says_what_it_counts_where_from_and_in_which_unit(board):
    for panel in panels(board):
        assert re.search(r"\bbi\.[a-z_]+", panel["description"]), panel["title"]
        named = set(re.findall(r"\bbi\.([a-z_]+)", panel["description"]))
        read = set(re.findall(r"\bbi\.([a-z_]+)", panel["targets"][0]["rawSql"]))
        assert named <= read, panel["title"]
        assert len(panel["description"]) > 80, panel["title"]
        assert panel["fieldConfig"]["defaults"]["noValue"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS


@every_board
def test_overrides_use_known_properties_units_and_our_colours(board):
    for panel in panels(board):
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                assert each["id"] in PROPERTIES
                assert each["id"] != "unit" or each["value"] in UNITS
    for node in walk(board):
        for key in ("color", "fixedColor", "iconColor") if isinstance(node, dict) else ():
            if isinstance(node.get(key), str):
                assert node[key] in COLOURS, node[key]


@every_board
def test_it_names_only_our_data_source_and_reads_only_views(board):
    for node in walk(board):
        if isinstance(node, dict) and "datasource" in node:
            assert node["datasource"]["uid"] == publish.DATASOURCE_UID
    for question in questions(board):
        sql = re.sub(r"extract\(epoch FROM", "", question.sql)
        names = set(re.findall(r"\b(?:FROM|JOIN)\s+([a-z_.]+)", sql))
        ours = set(re.findall(r"(\w+) AS \(", sql))
        assert not {name for name in names - ours if not name.startswith("bi.")}, question.where


@every_board
def test_it_cannot_be_edited_and_does_not_ask_more_than_once_a_minute(board):
    assert board["editable"] is False
    assert board["refresh"] in ("", "1m", "5m", "15m")
    assert "id" not in board
    assert board["schemaVersion"] >= 36


@every_board
def test_links_lead_to_boards_and_variables_that_exist(board):
    variables = {
        other["uid"]: {each["name"] for each in other["templating"]["list"]}
        for other in BOARDS.values()
    }
    for node in walk(board):
        url = node.get("url") if isinstance(node, dict) else None
        if url:
            uid, given = re.fullmatch(
                r"/d/([\w-]+)\?var-(\w+)=\$\{__data\.fields\.\w+\}.*", url
            ).groups()
            assert given in variables[uid]
            assert "${__url_time_range}" in url


@every_board
def test_what_the_sdk_adds_and_grafana_hides_is_taken_out(board):
    assert not [link for link in board["links"] if "placement" in link]
    assert not [panel for panel in panels(board) if "footer" in panel["options"]]
    for variable in board["templating"]["list"]:
        assert not [key for key in variable if key.startswith("auto")]


def test_every_status_word_has_its_colour_and_unknown_is_not_red():
    assert set(palette.STATUS_COLOURS) == {status.value for status in Status}
    assert palette.STATUS_COLOURS["UNKNOWN"] == palette.GREY
    assert [word for word, colour in palette.STATUS_COLOURS.items() if colour == palette.RED] == [
        "OFFLINE"
    ]


def test_the_map_asks_for_layers_that_the_web_serves():
    board = BOARDS["planners/camledger-planners.json"]
    [geomap] = [panel for panel in panels(board) if panel["type"] == "geomap"]
    sources = [
        layer["config"]["src"]
        for layer in geomap["options"]["layers"]
        if layer["type"] == "geojson"
    ]
    assert len(sources) == 4
    assert {Path(source).stem for source in sources} <= set(geo.LAYERS)


def test_the_map_layers_can_live_at_another_address(tmp_path):
    publish.build(tmp_path, geo_url="https://monitor.example/geo/")
    text = (tmp_path / "planners/camledger-planners.json").read_text("utf-8")
    assert '"src": "https://monitor.example/geo/streets.geojson"' in text
    assert '"/geo/' not in text


def test_no_board_holds_a_word_about_people_or_pictures():
    text = json.dumps(BOARDS).lower()
    assert not re.search(r"\b(snapshot|face|person|religion|ethnic\w*|password|serial\w*)\b", text)
