"""Streets, schools, key areas from GeoJSON, and the tree of areas from tables."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Area, PlaceKind, Requirement
from tests.reading import read_areas, read_places

ZURICH = Path(__file__).parents[1] / "monitor/demo/data/zurich-centre"
SQUARE = [[8.0, 47.0], [8.01, 47.0], [8.01, 47.01], [8.0, 47.0]]


@pytest.fixture
def collection(tmp_path):
    def write(*features, **members):
        path = tmp_path / "places.geojson"
        document = {"type": "FeatureCollection", "features": features} | members
        path.write_text(json.dumps(document))
        return path

    return write


def feature(geometry, coordinates, /, **properties):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": geometry, "coordinates": coordinates},
    }


def street(*positions, **properties):
    return feature("LineString", list(positions or ((8.0, 47.0), (8.01, 47.0))), **properties)


def said(reading):
    return "\n".join(map(str, reading.problems))


# --- the real city


def test_zurich_streets_are_grouped_by_name_and_tunnels_left_out():
    reading = read_places(ZURICH / "streets.geojson")
    assert reading.ok
    assert {place.kind for place in reading.rows} == {PlaceKind.STREET}
    named = [place for place in reading.rows if place.code.startswith("street/")]
    # 380 names, 7 of them wholly tunnel or covered; 25 pieces have no name.
    assert (len(named), len(reading.rows) - len(named)) == (380, 25)
    hidden = [place for place in named if not place.geometry["coordinates"]]
    assert len(hidden) == 7
    assert "7 streets" in said(reading)
    assert "Ulmbergtunnel" in said(reading)
    assert all(place.geometry["type"] == "MultiLineString" for place in reading.rows)
    assert sum(len(place.geometry["coordinates"]) for place in reading.rows) == 1291 - 25
    # every metre that is left out stands in the figures of its street
    assert sum(place.excluded_m for place in reading.rows) == pytest.approx(4496, rel=0.001)


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [
        ("school_buildings", PlaceKind.SCHOOL, 72),
        ("school_points", PlaceKind.SCHOOL, 5),
        ("key_areas", PlaceKind.KEY_AREA, 3),
    ],
)
def test_zurich_schools_say_it_by_class_and_named_areas_by_kind(name, kind, count):
    reading = read_places(ZURICH / f"{name}.geojson")
    assert reading.ok
    assert [place.kind for place in reading.rows] == [kind] * count
    assert len({place.code for place in reading.rows}) == len(reading.rows)
    assert all(place.name for place in reading.rows)


def test_codes_come_from_the_source_without_its_version():
    codes = {place.code for place in read_places(ZURICH / "school_buildings.geojson").rows}
    assert {"w367955782", "r5617512"} <= codes


def test_codes_of_streets_do_not_depend_on_the_order_of_the_file(tmp_path):
    document = json.loads((ZURICH / "streets.geojson").read_text())
    document["features"].reverse()
    path = tmp_path / "reversed.geojson"
    path.write_text(json.dumps(document))
    again = {place.code for place in read_places(path).rows}
    assert again == {place.code for place in read_places(ZURICH / "streets.geojson").rows}


# --- streets


def test_pieces_that_are_tunnel_or_unbuilt_are_left_out_and_measured(collection):
    path = collection(
        street(name="A"),
        street((8.0, 47.0), (8.0, 47.01), name="A", flags=["is_tunnel"]),
        street((8.0, 47.0), (8.0, 47.01), name="A", tunnel="yes"),
        street((8.0, 47.0), (8.0, 47.01), name="A", highway="construction"),
        street(name="A", tunnel="no", flags=["is_bridge"]),
    )
    (place,) = read_places(path).rows
    assert len(place.geometry["coordinates"]) == 2
    assert place.excluded_m == pytest.approx(3 * 1111.95, abs=0.2)


def test_streets_of_one_name_in_two_areas_are_two(collection):
    path = collection(
        street(name="A", area_code="1"),
        street(name="A", area_code="2"),
        street(name="A", area_code="1"),
    )
    assert [(p.code, p.area_code) for p in read_places(path).rows] == [
        ("street/1/A", "1"),
        ("street/2/A", "2"),
    ]


def test_a_slash_in_a_name_merges_nothing(collection):
    path = collection(street(name="A/B"), street(name="B", area_code="A"))
    assert "stands already" in said(read_places(path))


def test_an_area_given_by_the_caller_holds_for_features_that_name_none(collection):
    path = collection(street(name="A"), street(name="B", area_code="2"))
    assert [p.area_code for p in read_places(path, area_code="1").rows] == ["1", "2"]


def test_unnamed_pieces_stay_apart_even_with_one_source_id(collection):
    path = collection(street(osm="w1"), street((9.0, 47.0), (9.1, 47.0), osm="w1"))
    first, second = (place.code for place in read_places(path).rows)
    assert first != second
    assert first.startswith("w1/")


# --- what a place is


def test_the_file_may_say_it_all_itself(collection):
    path = collection(
        feature(
            "Polygon", [SQUARE], 编码="K1", 名称="广场东", kind="指定区域", 应装数=4, area_code="61"
        )
    )
    (place,) = read_places(path).rows
    assert (place.kind, place.code, place.name) == (PlaceKind.KEY_AREA, "K1", "广场东")
    assert (place.requirement, place.area_code) == (None, "61")
    assert place.required_draft == 4  # a number without a reason: kept, and counted nowhere


def test_a_requirement_is_read_with_its_reason(collection):
    reason = {"purpose": "School crossing", "ground": "Decision 3", "review_due": "2027-01-31"}
    path = collection(street(name="A", required_share=0.5, **reason))
    (place,) = read_places(path).rows
    assert place.requirement == Requirement(
        share=0.5,
        purpose="School crossing",
        ground="Decision 3",
        review_due=date(2027, 1, 31),
    )


def test_the_caller_may_say_the_kind(collection):
    path = collection(feature("Polygon", [SQUARE], name="A"))
    (place,) = read_places(path, "school").rows
    assert place.kind is PlaceKind.SCHOOL
    with pytest.raises(ValueError, match="bakery"):
        read_places(path, "bakery")


@pytest.mark.parametrize(
    "word", ["hospital", "clinic", "place_of_worship", "apartments", "government", "lighthouse"]
)
def test_no_class_of_a_map_makes_a_named_area(collection, word):
    path = collection(feature("Polygon", [SQUARE], **{"class": word}))
    reading = read_places(path)
    assert (reading.ok, reading.rows) == (True, ())
    assert "kind = key_area, or --kind key_area" in reading.warnings[0].advice
    assert read_places(path, "key_area").rows[0].kind is PlaceKind.KEY_AREA


def test_heights_are_dropped_and_a_feature_without_geometry_is_left_out(collection):
    empty = {"type": "Feature", "properties": {}, "geometry": None}
    reading = read_places(collection(street((8, 47, 410), (8.1, 47, 411), name="A"), empty))
    assert reading.rows[0].geometry["coordinates"] == [[[8.0, 47.0], [8.1, 47.0]]]
    assert reading.warnings[0].line == 2


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (street((8, 47)), "1 positions"),
        (street((47, 108.9), (47, 108.8)), "look swapped"),
        (street((683000, 247000), (683100, 247000)), "out of range"),
        (street((8, 47), (8, "47")), "two numbers"),
        (street((8, 47), (8, True)), "two numbers"),
        (street((8, 47), (10**400, 47)), "out of range"),
        (street((8, 47), [8]), "two numbers"),
        (feature("Polygon", [SQUARE[:3]]), "3 positions"),
        (feature("Polygon", [[*SQUARE[:3], [8.5, 47]]]), "not closed"),
        (feature("Polygon", SQUARE), "not nested"),
        (feature("Polygon", []), "missing"),
        (feature("MultiPolygon", None), "missing"),
        (feature("GeometryCollection", []), "Unknown geometry"),
        (feature(["x"], []), "Unknown geometry"),
        (feature("Point", [8, 47], kind="key_area"), "A named area cannot be a Point"),
        (feature("Polygon", [SQUARE], kind="street"), "cannot be a Polygon"),
        (feature("Polygon", [SQUARE], kind="pub"), "Unknown kind"),
        (feature("Polygon", [SQUARE], kind="key_area", required="many"), "no count"),
        (street(required_share=0.5), "needs a purpose"),
        (street(required_share=0.5, purpose="p", ground="g", review_due="soon"), "cannot be read"),
        (street(required_share=2, purpose="p", ground="g", review_due="2027-01-31"), "at most 1"),
    ],
)
def test_a_broken_feature_is_named_by_its_number(collection, broken, reason):
    reading = read_places(collection(street(name="A"), broken))
    (problem,) = reading.errors
    assert (problem.line, problem.unit) == (2, "feature")
    assert reason in problem.reason
    assert reading.rows == ()


def test_the_same_code_twice_is_an_error(collection):
    school = feature("Point", [8, 47], code="S1", amenity="school")
    problem = read_places(collection(school, school)).errors[0]
    assert "feature 1" in problem.reason


@given(st.recursive(st.none() | st.floats() | st.text(max_size=5), st.lists, max_leaves=15))
def test_no_coordinates_raise_an_exception(tmp_path_factory, nested):
    path = tmp_path_factory.getbasetemp() / "any.geojson"
    kinds = ("Point", "LineString", "Polygon", "MultiLineString", "MultiPolygon")
    features = [feature(kind, nested, amenity="school") for kind in kinds]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert read_places(path).problems


# --- areas


def areas(tmp_path, text, **options):
    path = tmp_path / "areas.csv"
    path.write_text(text, "utf-8")
    return read_areas(path, **options)


def test_areas_come_with_parents_first(tmp_path):
    reading = areas(tmp_path, "code,name,parent,level\n6101,西安,61,city\n61,陕西,,province\n")
    assert reading.rows == (
        Area(code="61", name="陕西", level="province"),
        Area(code="6101", name="西安", parent_code="61", level="city"),
    )


def test_areas_are_read_by_chinese_headers(tmp_path):
    reading = areas(tmp_path, "区划表,,,\n区划代码*,区划名称,上级代码,级别\n61,陕西,,省\n")
    assert reading.rows == (Area(code="61", name="陕西", level="省"),)


def test_a_stored_parent_counts(tmp_path):
    text = "code,name,parent_code\n6101,西安,61\n"
    assert "neither in this file nor stored" in said(areas(tmp_path, text))
    assert areas(tmp_path, text, known={"61": Area(code="61", name="陕西")}).ok


@pytest.mark.parametrize("text", ["A,a,A\n", "A,a,B\nB,b,A\n", "X,x,A\nA,a,B\nB,b,C\nC,c,A\n"])
def test_a_cycle_is_an_error_and_named_once(tmp_path, text):
    reading = areas(tmp_path, "code,name,parent_code\n" + text)
    (problem,) = reading.errors
    assert "own ancestors: A -> " in problem.reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [("A,,\n", "no name"), (",a,\n", "no code"), ("1.3E+19,a,\n", "rounded number")],
)
def test_a_wrong_area_is_named(tmp_path, row, reason):
    (problem,) = areas(tmp_path, "code,name,parent_code\n" + row).errors
    assert problem.line == 2
    assert reason in problem.reason


def test_a_table_without_codes_is_no_table_of_areas(tmp_path):
    assert "found: foo" in said(areas(tmp_path, "foo,name\n1,2\n"))


def test_places_and_areas_are_not_mixed_up(tmp_path, collection):
    assert "CSV or XLSX" in said(read_areas(collection(street())))
    (tmp_path / "t.csv").write_text("code\nA\n")
    assert "GeoJSON" in said(read_places(tmp_path / "t.csv"))


RING = [[7.4201, 43.7401], [7.4209, 43.7401], [7.4209, 43.7406], [7.4201, 43.7401]]


def test_a_closed_line_around_a_school_is_its_outline(collection):
    path = collection(
        feature("LineString", RING, amenity="school", name="Hill School"),
        feature("LineString", RING, highway="residential", name="Ring road"),
        feature("LineString", RING, building="yes", name="Hall"),
    )
    reading = read_places(path)
    assert [(place.kind.value, place.name) for place in reading.rows] == [
        ("street", "Ring road"), ("school", "Hill School"),
    ]  # fmt: skip
    assert reading.rows[1].geometry["type"] == "Polygon"
    assert "1 features (Polygon yes) say no kind" in said(reading).replace("LineString", "Polygon")
    named = read_places(collection(feature("LineString", RING, name="Yard")), "key_area")
    assert named.rows[0].geometry["type"] == "Polygon"


def test_an_outline_without_a_surface_is_said_at_import(collection):
    flat = [[8.0, 47.0], [8.0, 47.0], [8.0, 47.0], [8.0, 47.0]]
    reading = read_places(collection(feature("Polygon", [flat], name="Flat", kind="key_area")))
    assert reading.ok
    (warning,) = reading.warnings
    assert (warning.line, warning.value) == (1, "Flat")
    assert "encloses no surface" in warning.reason
