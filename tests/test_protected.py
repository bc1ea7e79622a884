"""Protected places: only outlines are kept, nothing can be required of a place that touches one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import osmium
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from db import accounts, covered, protected, requirements
from monitor import inventory
from monitor.coverage.protection import Claim, standings
from monitor.inventory import Said, read_protected
from monitor.inventory.problems import Refused
from monitor.inventory.protected import is_protected
from monitor.model import Place, PlaceKind, Requirement
from tests import protecting, taking
from tests.running import ROOT
from tests.test_surveyor import STREET

NOW = datetime.now(UTC)
PLAIN = replace(STREET, requirement=None)
NEED = Requirement(
    share=0.5, purpose="Crossing", ground="D 3", review_due=NOW.date() + timedelta(days=30)
)
NEEDY = replace(PLAIN, requirement=NEED)
CITY = shapely.box(8.49, 47.36, 8.52, 47.38)
ACROSS = shapely.box(8.501, 47.3699, 8.5012, 47.3701)  # a house across the street
BESIDE = shapely.box(8.501, 47.3702, 8.5012, 47.3704)


def feature(shape: Any, **properties: Any) -> dict[str, Any]:
    geometry = json.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def written(path: Path, *features: dict[str, Any], **members: Any) -> Path:
    members = {"source": "Map", "dated": "2026-01-15", "bbox": [*CITY.bounds], **members}
    path.write_text(json.dumps({"type": "FeatureCollection", **members, "features": features}))
    return path


def stranger(number: int) -> Any:
    return shapely.box(8.5 + number / 1000, 47.375, 8.5003 + number / 1000, 47.3753)


# --- what is read


@pytest.mark.parametrize(
    ("tags", "counts"),
    [
        ({"building": "apartments"}, True),
        ({"amenity": "place_of_worship", "building": "yes"}, True),
        ({"class": "synagogue"}, True),
        ({"office": "lawyer"}, True),
        ({"healthcare": "psychotherapist"}, True),
        ({"healthcare": "no"}, False),
        ({"building": "yes"}, False),
        ({"building": "commercial", "shop": "books"}, False),
        ({"landuse": "residential"}, False),
        ({"amenity": "parking"}, False),
        ({}, False),
    ],
)
def test_what_counts_is_told_by_tags(tags: dict[str, str], counts: bool) -> None:
    assert is_protected(tags) is counts


def test_of_a_feature_only_its_outline_leaves_the_reader(tmp_path: Path) -> None:
    secret = {"name": "House of Zoë", "building": "mosque", "osm": "w4711", "denomination": "x"}
    file = written(tmp_path / "p.geojson", feature(BESIDE, **secret), feature(ACROSS, shop="x"))
    reading = read_protected(file)
    [layer] = reading.rows
    told = repr(layer) + "".join(map(str, reading.problems))
    told += "".join(shapely.to_wkt(each) for each in layer.outlines)
    assert len(layer.outlines) == 1
    assert not [word for word in ("Zoë", "mosque", "w4711", "denomination") if word in told]


@given(st.permutations(range(6)))
def test_the_order_of_a_file_leaves_no_trace(order: list[int]) -> None:
    shapes = [stranger(number) for number in order]
    layers = [
        inventory.protected._outlines(some, inventory.problems.Findings("f", 9))
        for some in (shapes, sorted(shapes, key=lambda each: each.bounds))
    ]
    assert [shapely.to_wkb(each) for each in layers[0]] == [
        shapely.to_wkb(each) for each in layers[1]
    ]


def test_every_polygon_of_the_operator_counts_when_it_says_so(tmp_path: Path) -> None:
    file = written(tmp_path / "own.geojson", feature(BESIDE), feature(ACROSS, note="x"))
    [problem] = read_protected(file).errors
    assert "--every" in problem.advice
    [layer] = read_protected(file, Said(every=True)).rows
    assert (len(layer.outlines), layer.source, layer.dated) == (2, "Map", date(2026, 1, 15))
    marked = written(tmp_path / "m.geojson", feature(BESIDE, protected=True), feature(ACROSS))
    assert len(read_protected(marked).rows[0].outlines) == 1


def test_a_place_mapped_as_a_point_is_a_small_disc(tmp_path: Path) -> None:
    spot = feature(shapely.Point(8.5, 47.37), amenity="doctors")
    [layer] = read_protected(written(tmp_path / "p.geojson", spot)).rows
    [disc] = layer.outlines
    west, south, east, north = disc.bounds
    assert (north - south) * 111_195 == pytest.approx(20, abs=0.1)
    assert (east - west) * 75_300 == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        ({"source": ""}, "--source"),
        ({"dated": "lately"}, "--dated"),
        ({"bbox": [9, 47, 8, 48]}, "--covers"),
        ({"covers": {"type": "Polygon", "coordinates": "x"}}, "--covers"),
    ],
)
def test_what_a_layer_must_say_of_itself(
    tmp_path: Path, members: dict[str, Any], complaint: str
) -> None:
    file = written(tmp_path / "p.geojson", feature(BESIDE, building="house"), **members)
    [problem] = read_protected(file).errors
    assert complaint in problem.advice


def test_a_file_that_claims_nothing_adds_to_the_others(tmp_path: Path) -> None:
    file = written(tmp_path / "p.geojson", feature(BESIDE, building="house"), bbox=None)
    reading = read_protected(file)
    assert reading.rows[0].covers is None
    assert "adds to what other layers hold" in str(reading.notes)
    town = written(tmp_path / "town.geojson", feature(CITY))
    for covers in ("8.49,47.36,8.52,47.38", str(town)):
        found = read_protected(file, Said(covers=covers)).rows[0].covers
        assert shapely.equals(shapely.from_geojson(json.dumps(found)), CITY)


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"type": "FeatureCollection"}', "a,b\n1,2\n"])
def test_a_file_that_is_no_map_is_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "f").write_text(text)
    reading = read_protected(tmp_path / "f")
    assert reading.errors[0].advice


def test_a_damaged_outline_is_named_by_its_number_and_nothing_else(tmp_path: Path) -> None:
    damaged = feature(BESIDE, building="church", name="St. X")
    damaged["geometry"]["coordinates"] = [[[8.5, 47.3], [8.6, 47.3]]]
    [problem] = read_protected(written(tmp_path / "p.geojson", damaged)).errors
    assert (problem.line, "church" in str(problem), "St. X" in str(problem)) == (1, False, False)


# --- extracts of OpenStreetMap


@pytest.fixture
def extract(tmp_path: Path) -> Path:
    """A house, a church with a yard cut out, a shop, a lawyer's office, a house cut in two."""
    path = tmp_path / "town.osm.pbf"
    header = osmium.io.Header()
    header.add_box(osmium.osm.Box(8.49, 47.36, 8.52, 47.38))
    header.set("osmosis_replication_timestamp", "2026-02-01T00:00:00Z")
    with osmium.SimpleWriter(str(path), header=header) as writer:
        for first, shape in ((1, BESIDE), (11, stranger(1)), (21, stranger(2)), (31, ACROSS),
                             (41, shapely.box(8.5011, 47.3751, 8.5012, 47.3752))):  # fmt: skip
            for number, (lon, lat) in enumerate(shape.exterior.coords[:4], first):
                writer.add_node(osmium.osm.mutable.Node(id=number, location=(lon, lat)))
        office = {"office": "lawyer", "name": "Zoë & Partners"}
        writer.add_node(osmium.osm.mutable.Node(id=50, location=(8.51, 47.37), tags=office))
        for way, last, tags in (
            (1, 4, {"building": "house", "name": "Zoë"}),
            (2, 14, {}),
            (3, 24, {"building": "retail"}),
            (4, 999, {"building": "house"}),
            (5, 44, {}),
        ):
            first = {1: 1, 2: 11, 3: 21, 4: 31, 5: 41}[way]
            nodes = [first, first + 1, first + 2, last, first]
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, tags=tags))
        members = [("w", 2, "outer"), ("w", 5, "inner")]
        church = {"type": "multipolygon", "building": "church", "name": "St. X"}
        writer.add_relation(osmium.osm.mutable.Relation(id=1, members=members, tags=church))
    return path


def test_an_extract_gives_outlines_with_its_day_and_its_area(extract: Path) -> None:
    reading = read_protected(extract)
    [layer] = reading.rows
    assert (layer.source, layer.dated) == ("OpenStreetMap", date(2026, 2, 1))
    assert shapely.equals(shapely.from_geojson(json.dumps(layer.covers)), CITY)
    assert len(layer.outlines) == 3
    assert sorted(len(each.interiors) for each in layer.outlines) == [0, 0, 1]
    assert any(each.symmetric_difference(BESIDE).area < 1e-10 for each in layer.outlines)
    [warning] = reading.warnings
    assert warning.reason.startswith("1 outlines are not closed")
    told = "".join(map(str, reading.problems)) + repr(layer)
    assert not [word for word in ("Zoë", "lawyer", "church") if word in told]


@pytest.mark.parametrize("kept", [25, 100, 250])
def test_an_extract_that_breaks_off_is_refused(extract: Path, kept: int) -> None:
    extract.write_bytes(extract.read_bytes()[:kept])
    reading = read_protected(extract)
    assert "damaged" in reading.errors[0].reason


# --- what is stored

NUMBER = "471108154711081547"  # so long that no digest and no time holds it by chance


async def everything(conn: asyncpg.Connection) -> Iterator[str]:
    tables = await conn.fetch(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables "
        "WHERE schemaname IN ('camledger', 'bi')"
    )
    rows = [await conn.fetch(f"SELECT t::text FROM {each['name']} t") for each in tables]
    return iter([row[0] for some in rows for row in some])


async def test_neither_kind_nor_name_nor_number_is_stored_anywhere(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    secret = {"name": "House of Zoë", "building": "mosque", "osm": f"w{NUMBER}"}
    file = written(tmp_path / "p.geojson", feature(BESIDE, **secret), feature(stranger(1), shop=1))
    done = say(database, "import", "protected", str(file), "--by", "Li")
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr + "\n".join(await everything(conn))
    assert "import.protected" in told
    assert not [word for word in ("Zoë", "mosque", NUMBER) if word in told]


async def test_an_outline_has_no_column_beside_itself_and_points_at_no_file(
    conn: asyncpg.Connection,
) -> None:
    columns = await conn.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'protected_place'"
    )
    assert [row[0] for row in columns] == ["outline"]
    assert not await conn.fetchval(
        "SELECT count(*) FROM pg_constraint WHERE conrelid = 'protected_place'::regclass "
        "AND contype = 'f' OR confrelid = 'protected_place'::regclass"
    )


async def test_what_was_loaded_one_by_one_lies_as_if_loaded_at_once(
    conn: asyncpg.Connection,
) -> None:
    for number in (4, 1, 3, 2):
        await protecting.load(conn, [stranger(number)], None, digest=bytes([number]))
    stored = [row[0] for row in await conn.fetch("SELECT outline FROM protected_place")]
    assert (len(stored), stored) == (4, sorted(stored))
    assert len(await protected.layers(conn)) == 4


async def test_layers_add_up_until_all_are_loaded_anew(conn: asyncpg.Connection) -> None:
    await protecting.load(conn, [BESIDE], CITY, digest=b"1")
    again = await protecting.load(conn, [BESIDE], CITY, digest=b"1")
    assert (again.known, len(await protected.layers(conn))) == (True, 1)
    more = await protecting.load(conn, [ACROSS, BESIDE], None, digest=b"2")
    assert (more.before, more.after) == (1, 2)
    tried = await protecting.load(conn, [], CITY, digest=b"3", anew=True, dry_run=True)
    assert (tried.after, len(await protected.outlines(conn))) == (0, 2)
    anew = await protecting.load(conn, [ACROSS], CITY, digest=b"3", anew=True)
    assert (anew.before, anew.after, anew.replaced) == (2, 1, ("t", "t"))
    assert len(await protected.layers(conn)) == 1


# --- what follows for requirements


async def test_without_a_layer_nothing_can_be_required(conn: asyncpg.Connection) -> None:
    with pytest.raises(Refused, match="Protected places are not loaded"):
        await taking.take_places(conn, [NEEDY], now=NOW)
    assert await conn.fetchval("SELECT count(*) FROM place") == 0
    await protecting.load(conn, [], shapely.box(8.5001, 47.36, 8.52, 47.38))
    with pytest.raises(Refused, match="not loaded for all of this place"):
        await taking.take_places(conn, [NEEDY], now=NOW)


async def test_nothing_can_be_required_of_a_place_that_touches_one(
    conn: asyncpg.Connection,
) -> None:
    await protecting.load(conn, [ACROSS], CITY)
    with pytest.raises(Refused, match=r"touches a protected place at 8.501\d*, 47.37"):
        await taking.take_places(conn, [NEEDY], now=NOW)
    await protecting.load(conn, [BESIDE], CITY, anew=True)
    await taking.take_places(conn, [NEEDY], now=NOW)
    assert len(await requirements.in_force(conn)) == 1


async def test_the_database_itself_refuses_it(conn: asyncpg.Connection) -> None:
    await taking.take_places(conn, [PLAIN], now=NOW)
    [place_id] = await requirements_of(conn)
    for outlines, name in (([ACROSS], "clear_of_protected"), (None, "protected_not_loaded")):
        if outlines is not None:
            await protecting.load(conn, outlines, CITY)
        else:
            await conn.execute("DELETE FROM place_protection")
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await requirements.state(conn, place_id, NEED, from_day=NOW.date(), by="Li", now=NOW)
        assert refused.value.constraint_name == name


async def requirements_of(conn: asyncpg.Connection) -> list[int]:
    return [row[0] for row in await conn.fetch("SELECT id FROM place")]


async def test_a_requirement_ends_with_a_layer_that_its_place_touches_or_leaves(
    conn: asyncpg.Connection,
) -> None:
    await protecting.load(conn, [], CITY)
    await taking.take_places(conn, [NEEDY], now=NOW)
    done = await protecting.load(conn, [ACROSS], CITY)
    assert (done.touching, done.lost) == (1, (PLAIN.name,))
    assert [row["state"] for row in await accounts.requirements(conn)] == ["touches_protected"]
    assert await requirements.in_force(conn) == frozenset()
    await protecting.load(conn, [], None, anew=True)
    assert [row["state"] for row in await accounts.requirements(conn)] == ["protected_not_loaded"]


async def test_a_place_drawn_anew_is_looked_at_anew(conn: asyncpg.Connection) -> None:
    await protecting.load(conn, [ACROSS], CITY)
    north = {"type": "LineString", "coordinates": [[8.5, 47.372], [8.504, 47.372]]}
    await taking.take_places(conn, [replace(PLAIN, geometry=north)], now=NOW)
    await taking.take_places(conn, [replace(NEEDY, geometry=north)], now=NOW)
    assert len(await requirements.in_force(conn)) == 1
    back = replace(PLAIN, geometry=STREET.geometry)
    await taking.take_places(conn, [back], now=NOW + timedelta(minutes=1))
    assert await requirements.in_force(conn) == frozenset()


def test_a_school_is_compared_by_the_line_around_it_and_an_area_by_its_surface() -> None:
    site = json.loads(shapely.to_geojson(shapely.box(8.5, 47.37, 8.501, 47.3706)))
    inside = shapely.box(8.5004, 47.3702, 8.5005, 47.3703)
    near = shapely.box(8.5, 47.37063, 8.5002, 47.371)  # its wall stands 3.3 m from the site
    claims = [
        Claim(dated=date(2026, 1, 1), surface=CITY),
        Claim(dated=date(2025, 1, 1), surface=shapely.box(8.4, 47.3, 8.5005, 47.4)),
        Claim(dated=date(2024, 1, 1), surface=shapely.box(7, 47.3, 7.5, 47.4)),
    ]
    for kind, touched in ((PlaceKind.SCHOOL, [near]), (PlaceKind.KEY_AREA, [inside])):
        place = {1: Place(kind=kind, code="s", name="s", geometry=site)}
        for outline in (inside, near):
            [standing] = standings(place, np.array([outline]), claims).values()
            assert (standing.touch is not None) == (outline in touched)
            assert standing.layer_dated == date(2025, 1, 1)


async def test_figures_say_of_which_day_the_layer_is_or_that_there_is_none(
    conn: asyncpg.Connection,
) -> None:
    await taking.take_places(conn, [PLAIN], now=NOW)
    [place] = await covered.coverage(conn)
    assert place["protected_layer"] is None
    await protecting.load(conn, [], CITY)
    [place] = await covered.coverage(conn)
    assert place["protected_layer"] == "2026-01-01"


# --- at the command line


def say(dsn: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "CAMLEDGER_DATABASE_URL": dsn, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_an_operator_loads_a_layer_and_sees_what_follows(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    assert "not loaded" in say(database, "protected", "layers").stdout
    await protecting.load(conn, [], CITY)
    await taking.take_places(conn, [NEEDY], now=NOW)
    file = written(tmp_path / "p.geojson", feature(ACROSS, building="house"))
    words = ["import", "protected", str(file), "--by", "Li"]
    tried = say(database, *words, "--dry-run")
    assert f"Requirements that count no more: {PLAIN.name}" in tried.stdout
    assert await conn.fetchval("SELECT count(*) FROM protected_place") == 0
    done = say(database, *words)
    assert (done.returncode, "1 touch one" in done.stdout) == (0, True), done.stderr
    assert "loaded before" in say(database, *words).stdout
    [_, listed] = json.loads(say(database, "protected", "layers", "--json").stdout)
    assert (listed["source"], listed["outlines"], listed["loaded_by"]) == ("Map", 1, "Li")
    wrong = say(database, *words, "--sheet", "x")
    assert (wrong.returncode, "means nothing for protected" in wrong.stderr) == (2, True)
    due = NEED.review_due.isoformat()
    reason = ["--share", "0.4", "--purpose", "p", "--ground", "g", "--review", due]
    refused = say(database, "requirement", "set", "s", *reason)
    assert (refused.returncode, "touches a protected place" in refused.stderr) == (2, True)
