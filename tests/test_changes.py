"""A file changes only what it names, and each change set can be taken back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import cameras, changes, places
from db.changes import What
from monitor import intake, inventory
from monitor.intake import Conflict, Rejected
from monitor.inventory import Patch
from monitor.model import Camera, Intent, PlaceKind
from tests import protecting, taking
from tests.declared import declare_all

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
FULL = """\
code,name,area_code,intent,host,port,lon,lat,direction,kind,vendor,colour
K-1,North gate,510104,in_service,127.0.0.41,8080,104.081,30.651,90,fixed,Old,red
K-2,South gate,510104,repair,127.0.0.42,80,104.082,30.652,270,fixed,,blue
"""
Read = Callable[[str], tuple[Patch, ...]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def of(text: str) -> tuple[Patch, ...]:
        file = tmp_path / "file"
        file.write_text(text, encoding="utf-8")
        reading = inventory.read_cameras(file)
        assert reading.ok, [str(problem) for problem in reading.problems]
        return reading.rows

    return of


async def take(
    conn: asyncpg.Connection, rows: tuple[Patch, ...], hours: int = 0, **options: bool
) -> intake.Outcome:
    order = taking.order(NOW + timedelta(hours=hours), by="Li", source="file.csv")
    done = await intake.take(conn, What.CAMERAS, rows, order, make_areas=True, **options)
    assert done is not None
    return done


async def undo(conn: asyncpg.Connection, number: int) -> int:
    return await intake.undo(conn, number, taking.order(NOW + timedelta(days=1), by="Wu"))


async def stored(conn: asyncpg.Connection) -> dict[str, Camera]:
    return {each.code: each for each in (await cameras.cameras(conn)).values()}


async def everything(conn: asyncpg.Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in await conn.fetch("SELECT * FROM inventory ORDER BY what, key")]


async def test_a_second_file_changes_only_the_columns_it_has(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read(FULL))
    before = await stored(conn)
    outcome = await take(conn, read("code,vendor\nK-1,Acme\nK-2,Acme\n"), hours=1)
    after = await stored(conn)
    assert {code: dict(each.sheet) for code, each in after.items()} == {
        "K-1": {"vendor": "Acme", "colour": "red"},
        "K-2": {"vendor": "Acme", "colour": "blue"},
    }
    for name in Camera.__dataclass_fields__.keys() - {"sheet"}:
        assert {getattr(each, name) for each in before.values()} == {
            getattr(each, name) for each in after.values()
        }
    (field,) = outcome.tally.fields
    assert (field.name, field.set, field.changed, field.cleared) == ("sheet.vendor", 1, 1, 0)


async def test_an_empty_cell_clears_its_field_and_is_counted(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read(FULL))
    emptied = read(
        "code,host,port,lon,lat,direction,kind,vendor,intent\nK-2,,,,,,,,\nK-1,,,,,,,,\n"
    )
    told = await take(conn, emptied, hours=1, dry_run=True)
    cleared = {each.name: each.cleared for each in told.tally.fields if each.cleared}
    assert cleared == {"host": 2, "lon": 2, "lat": 2, "direction": 2, "sheet.vendor": 1}
    await take(conn, emptied, hours=1)
    found = (await stored(conn))["K-1"]
    assert (found.host, found.port, found.lon, found.direction) == (None, 80, None, None)
    assert found.sheet == {"colour": "red"}


async def test_an_empty_cell_of_the_intent_is_nobodys_decision(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read(FULL))
    await take(conn, read("code,intent\nK-2,\n"), hours=1)
    assert (await stored(conn))["K-2"].intent is Intent.REPAIR


async def test_a_feature_changes_only_the_properties_it_has(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read(FULL))
    features = [
        {"type": "Feature", "geometry": None, "properties": properties}
        for properties in ({"code": "K-1", "vendor": "Acme"}, {"code": "K-2", "host": None})
    ]
    await take(conn, read(json.dumps({"type": "FeatureCollection", "features": features})), hours=1)
    found = await stored(conn)
    assert (found["K-1"].host, found["K-1"].sheet["vendor"]) == ("127.0.0.41", "Acme")
    assert (found["K-2"].host, found["K-2"].lon) == (None, 104.082)


async def test_new_cameras_take_defaults_where_the_file_says_nothing(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read("code\nN-1\n"))
    assert (await stored(conn))["N-1"] == Camera(code="N-1", name="N-1")


async def test_areas_and_places_change_only_in_what_is_named(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "areas.csv"
    for text in (
        "code,name,parent,level\nC,City,,city\nD,North,C,district\n",
        "code,name\nD,Nord\n",
    ):
        file.write_text(text)
        rows = inventory.read_areas(file).rows
        await intake.take(conn, What.AREAS, rows, taking.order(NOW))
    assert (await cameras.areas(conn))["D"].parent_code == "C"
    line = {"type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.3]]}
    full = {"code": "s", "name": "Long street", "area_code": "D", "required": 3}
    for properties in (full, {"code": "s", "name": "Short street"}):
        feature = {"type": "Feature", "geometry": line, "properties": properties}
        (tmp_path / "places.geojson").write_text(json.dumps(feature))
        reading = inventory.read_places(tmp_path / "places.geojson")
        await intake.take(conn, What.PLACES, reading.rows, taking.order(NOW))
    (found,) = (await places.places(conn)).values()
    assert (found.name, found.area_code, found.required_draft) == ("Short street", "D", 3)
    assert found.kind is PlaceKind.STREET


async def test_each_import_is_a_numbered_change_set(conn: asyncpg.Connection, read: Read) -> None:
    assert (await take(conn, read(FULL))).number == 1
    assert (await take(conn, read(FULL), hours=1)).number is None
    assert (await take(conn, read("code,host\nK-1,127.0.0.9\n"), dry_run=True)).number is None
    assert (await take(conn, read("code,host\nK-1,127.0.0.9\nK-3,\n"), hours=2)).number == 2
    newest, first = await changes.sets(conn)
    assert (first["added"], first["changed"], first["by"], first["source"]) == (
        2,
        0,
        "Li",
        "file.csv",
    )
    assert (newest["added"], newest["changed"]) == (1, 1)


async def test_undo_brings_back_what_was_and_can_be_undone(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read(FULL))
    before = await everything(conn)
    text = "code,vendor,host,area_code,lon,lat\nK-1,Acme,,NEW,,\nK-3,Acme,127.0.0.3,NEW,104,30\n"
    changed = (await take(conn, read(text), hours=1)).number
    after = await everything(conn)
    undone = await undo(conn, changed or 0)
    assert await everything(conn) == before
    await undo(conn, undone)
    assert await everything(conn) == after


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("ABC"),
            st.dictionaries(
                st.sampled_from(["name", "host", "pole", "sheet.vendor", "sheet.a.b", "angle_deg"]),
                st.sampled_from([None, "1", "x"]),
            ),
            min_size=1,
        ),
        min_size=1,
        max_size=4,
    )
)
async def test_taking_back_in_reverse_order_always_leads_back(
    conn: asyncpg.Connection, files: list[dict[str, dict[str, Any]]]
) -> None:
    def patch(code: str, named: dict[str, Any]) -> Patch:
        values = {n: 1.5 if n == "angle_deg" and v else v for n, v in named.items()}
        return Patch(key=code, values=values | ({"name": code} if "name" in named else {}))

    transaction = conn.transaction()
    await transaction.start()
    try:
        states, numbers = [await everything(conn)], []
        for hours, rows in enumerate(files):
            given = tuple(patch(code, named) for code, named in rows.items())
            number = (await take(conn, given, hours=hours)).number
            if number is not None:
                numbers.append(number)
                states.append(await everything(conn))
        for number in reversed(numbers):
            assert await everything(conn) == states.pop()
            await undo(conn, number)
        assert await everything(conn) == states.pop()
    finally:
        await transaction.rollback()


async def test_undo_refuses_what_was_changed_since_and_names_it(
    conn: asyncpg.Connection, read: Read
) -> None:
    first = (await take(conn, read(FULL))).number or 0
    second = (await take(conn, read("code,vendor\nK-1,Acme\n"), hours=1)).number or 0
    await take(conn, read("code,vendor\nK-1,Other\n"), hours=2)
    before = await everything(conn)
    with pytest.raises(Conflict, match=r"K-1, sheet\.vendor was changed since \(change set 3\)"):
        await undo(conn, second)
    with pytest.raises(Conflict, match="K-1"):
        await undo(conn, first)
    assert await everything(conn) == before


async def test_undo_that_needs_a_deleted_area_says_so(conn: asyncpg.Connection, read: Read) -> None:
    await take(conn, read("code,area\nK-1,A\n"))
    removed = await intake.delete(conn, What.CAMERAS, "K-1", taking.order(NOW))
    without = await intake.delete(conn, What.AREAS, "A", taking.order(NOW))
    with pytest.raises(Conflict, match="An area that it needs was deleted since"):
        await undo(conn, removed)
    assert await everything(conn) == []
    await undo(conn, without)
    await undo(conn, removed)
    assert (await stored(conn))["K-1"].area_code == "A"


async def test_a_declared_camera_is_not_taken_back(conn: asyncpg.Connection, read: Read) -> None:
    number = (await take(conn, read(FULL))).number or 0
    await declare_all(conn)
    with pytest.raises(Conflict, match="K-1: somebody declared it"):
        await undo(conn, number)


async def test_a_camera_that_was_taken_back_keeps_its_first_day(
    conn: asyncpg.Connection, read: Read
) -> None:
    number = (await take(conn, read(FULL))).number or 0
    await undo(conn, number)
    again = FULL.replace("K-1", "X-1")
    await take(conn, read(again), hours=900)
    days = await conn.fetch("SELECT DISTINCT first_entered_at FROM camera")
    assert [row[0] for row in days] == [NOW]


async def test_undo_of_a_place_takes_its_need_back(conn: asyncpg.Connection) -> None:
    line = {"type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.3]]}
    today = datetime.now(UTC).date()
    need = {"share": 0.5, "purpose": "Crossing", "ground": "Decision 3",
            "review_due": (today + timedelta(days=30)).isoformat()}  # fmt: skip
    base = {"kind": "street", "code": "s", "name": "s", "geometry": line}
    order = taking.order()
    await protecting.load(conn)
    await intake.take(conn, What.PLACES, [Patch(key="street s", values=base)], order)
    stated = [Patch(key="street s", values={"requirement": need})]
    done = await intake.take(conn, What.PLACES, stated, order)
    number = (done and done.number) or 0
    assert await conn.fetchval("SELECT count(*) FROM requirement_now") == 1
    await intake.undo(conn, number, taking.order())
    assert await conn.fetchval("SELECT count(*) FROM requirement_now") == 0


# --- what only the stored inventory shows


AREAS = """\
code,name,parent,level
C1,City,,city
D1,North,C1,district
D2,South,C1,district
N1,Market,D1,community
N2,Market,D2,community
"""


async def tree(conn: asyncpg.Connection, tmp_path: Path) -> None:
    file = tmp_path / "areas.csv"
    file.write_text(AREAS)
    await intake.take(conn, What.AREAS, inventory.read_areas(file).rows, taking.order(NOW))


async def test_an_area_may_be_given_by_its_name(
    conn: asyncpg.Connection, read: Read, tmp_path: Path
) -> None:
    await tree(conn, tmp_path)
    rows = read("code,area\nP-1,South\nP-2, ｓｏｕｔｈ\nP-3,D1\nP-4,\n")
    done = await intake.take(conn, What.CAMERAS, rows, taking.order(NOW))
    assert {code: each.area_code for code, each in (await stored(conn)).items()} == {
        "P-1": "D2", "P-2": "D2", "P-3": "D1", "P-4": None,
    }  # fmt: skip
    assert done is not None
    assert "South is D2" in str(done.doubts[0])
    assert await conn.fetchval("SELECT count(*) FROM area") == 5


async def test_a_name_of_two_areas_or_of_none_is_an_error_with_its_line(
    conn: asyncpg.Connection, read: Read, tmp_path: Path
) -> None:
    await tree(conn, tmp_path)
    rows = read("code,area\nP-1,South\nP-2,Market\nP-3,Nowhere\nP-4,Nowhere\n")
    with pytest.raises(Rejected) as rejected:
        await intake.take(conn, What.CAMERAS, rows, taking.order(NOW))
    market, nowhere = rejected.value.problems
    assert (market.line, market.reason) == (3, "2 areas have this name: N1, N2.")
    assert (nowhere.line, nowhere.value) == (4, "Nowhere")
    assert "2 rows say so" in nowhere.reason
    assert "--make-areas" in nowhere.advice
    assert await stored(conn) == {}


async def test_areas_are_made_only_when_asked_for(
    conn: asyncpg.Connection, read: Read, tmp_path: Path
) -> None:
    await tree(conn, tmp_path)
    done = await take(conn, read("code,area\nP-1,East\nP-2,South\n"))
    assert done.new_areas == ("East",)
    await undo(conn, done.number or 0)
    assert "East" not in await cameras.areas(conn)


async def test_parents_and_places_know_areas_by_name_too(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await tree(conn, tmp_path)
    file = tmp_path / "more.csv"
    file.write_text("code,name,parent\nX1,Quay,north\nX2,Pier,Quay\nX3,Lane,Market\n")
    reading = inventory.read_areas(file, known=await cameras.areas(conn))
    (error,) = reading.errors
    assert (error.line, error.value) == (4, "Market")
    assert "N1, N2" in error.reason
    file.write_text("code,name,parent\nX1,Quay,north\nX2,Pier,Quay\n")
    rows = inventory.read_areas(file, known=await cameras.areas(conn)).rows
    assert [row.values["parent_code"] for row in rows] == ["D1", "X1"]
    line = {"type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.3]]}
    values = {"kind": "street", "code": "s", "name": "s", "geometry": line, "area_code": "South"}
    patch = Patch(key="street s", values=values)
    await intake.take(conn, What.PLACES, [patch], taking.order(NOW))
    assert next(iter((await places.places(conn)).values())).area_code == "D2"


async def test_a_code_that_differs_in_case_is_the_known_camera(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read("code,name\nK-1,North gate\n"))
    done = await take(conn, read("code,vendor\nk-1,Acme\n"), hours=1)
    found = await stored(conn)
    assert found["K-1"].sheet == {"vendor": "Acme"}
    assert len(found) == 1
    assert "k-1 is K-1" in str(done.doubts[0])


async def test_a_known_code_whose_zeros_were_lost_is_an_error(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read("code,name\n00417,North gate\n"))
    with pytest.raises(Rejected, match="00417 is known: the zeros before it were lost"):
        await take(conn, read("code,name\n417,North gate\n"), hours=1)


async def test_known_codes_with_another_name_and_place_are_asked_about(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read("编号,设备名称,安装地址\n1,北门,一号路\n2,南门,二号路\n3,东门,三号路\n"))
    other = read("编号,设备名称,安装地址\n1,体育馆,八号路\n2,南门,二号街\n3,东大门,三号路\n")
    done = await take(conn, other, hours=1, dry_run=True)
    (warning,) = done.doubts
    assert (warning.severity, warning.line, warning.value) == ("warning", 2, "1")
    assert "北门, now 体育馆" in warning.reason


async def test_a_list_of_other_cameras_under_known_codes_overwrites_nothing_unasked(
    conn: asyncpg.Connection, read: Read
) -> None:
    await take(conn, read("编号,设备名称,安装地址\n1,北门,一号路\n2,南门,二号路\n"))
    before = await everything(conn)
    other = read("编号,设备名称,安装地址\n1,体育馆,八号路\n2,图书馆,九号路\n3,新,十号路\n")
    with pytest.raises(Rejected) as rejected:
        await take(conn, other, hours=1)
    assert [problem.line for problem in rejected.value.problems] == [2, 3]
    assert "--replace" in rejected.value.problems[0].advice
    assert await everything(conn) == before
    assert len((await take(conn, other, hours=1, replace_known=True)).doubts) == 2


async def test_rows_with_an_error_are_never_stored(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "file.csv"
    file.write_text("code,port\n" + "".join(f"A{n},80\n" for n in range(500)) + "B,x\nC,80\n")
    opened = inventory.open_cameras(file)
    rows = opened.rows()
    order = taking.order(NOW)
    done = await intake.take(conn, What.CAMERAS, rows, order, sound=lambda: opened.sound)
    assert done is None
    assert await stored(conn) == {}
    counts = opened.reading().counts
    assert (counts.lines, counts.rows, counts.errors) == (502, 501, 1)
