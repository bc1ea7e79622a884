"""Files go into the inventory whole or not at all, and twice is the same as once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from db import cameras
from monitor import intake
from monitor.demo import city
from monitor.inventory import cameras_csv
from monitor.model import Area, Camera, Intent, Place, PlaceKind
from tests import taking
from tests.reading import read_cameras

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)


def camera(code: str = "C1", **changes: object) -> Camera:
    return Camera(code=code, name=f"Camera {code}", **changes)  # type: ignore[arg-type]


async def take(conn: asyncpg.Connection, *rows: Camera, **options: object) -> intake.Outcome:
    given = {"source": "file.csv", "now": NOW} | options
    return await taking.take_cameras(conn, rows, **given)  # type: ignore[arg-type]


async def test_importing_twice_changes_nothing(conn: asyncpg.Connection) -> None:
    rows = [
        camera("C1", lon=8.5, lat=47.3, sheet={"vendor": "海康"}),
        camera("C2", host="127.0.0.9"),
    ]
    await take(conn, *rows)
    before = await cameras.revision(conn)
    again = await take(conn, *rows, now=NOW + timedelta(hours=1))
    assert (again.tally.added, again.tally.changed, again.tally.unchanged) == (0, 0, 2)
    assert await cameras.revision(conn) == before


async def test_a_dry_run_tells_and_changes_nothing(conn: asyncpg.Connection) -> None:
    told = await take(conn, camera("C1", area_code="A"), dry_run=True)
    assert (told.tally.added, told.new_areas) == (1, ("A",))
    assert await conn.fetchval("SELECT count(*) FROM camera") == 0
    assert await conn.fetchval("SELECT count(*) FROM area") == 0


async def test_every_change_is_kept_with_before_and_after(conn: asyncpg.Connection) -> None:
    await take(conn, camera("C1", direction="N"))
    await take(conn, camera("C1", direction="E"), now=NOW + timedelta(days=1))
    row = await conn.fetchrow(
        "SELECT source, before, after FROM change JOIN change_set USING (number) WHERE number = 2"
    )
    assert tuple(row or ()) == ("file.csv", {"direction": "N"}, {"direction": "E"})


async def test_a_change_of_intent_is_a_dated_fact(conn: asyncpg.Connection) -> None:
    await take(conn, camera("C1"))
    later = NOW + timedelta(days=1)
    await take(conn, camera("C1", intent=Intent.REPAIR), now=later)
    facts = await conn.fetch("SELECT at, intent FROM intent_change ORDER BY at")
    assert [tuple(row) for row in facts] == [(NOW, "in_service"), (later, "repair")]


async def test_cameras_missing_from_the_file_are_only_reported(conn: asyncpg.Connection) -> None:
    await take(conn, camera("C1"), camera("C2"))
    outcome = await take(conn, camera("C1"))
    assert outcome.tally.absent == 1
    assert await conn.fetchval("SELECT count(*) FROM camera") == 2


async def test_unknown_areas_are_made_and_named(conn: asyncpg.Connection) -> None:
    outcome = await take(conn, camera("C1", area_code="610102"))
    assert outcome.new_areas == ("610102",)


async def test_parents_may_follow_their_children(conn: asyncpg.Connection) -> None:
    rows = [Area(code="A1", name="a", parent_code="A"), Area(code="A", name="A")]
    assert (await taking.take_areas(conn, rows)).tally.added == 2


async def test_a_failing_row_takes_all_rows_back(conn: asyncpg.Connection) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await take(conn, camera("C1"), camera("C2", port=0))
    assert await conn.fetchval("SELECT count(*) FROM camera") == 0


async def test_one_code_may_name_a_street_and_a_school(conn: asyncpg.Connection) -> None:
    line = {"type": "LineString", "coordinates": [[8.5, 47.3], [8.6, 47.3]]}
    point = {"type": "Point", "coordinates": [8.5, 47.3]}
    rows = [
        Place(kind=PlaceKind.STREET, code="1", name="s", geometry=line),
        Place(kind=PlaceKind.SCHOOL, code="1", name="p", geometry=point),
    ]
    assert (await taking.take_places(conn, rows, now=NOW, by="t")).tally.added == 2
    assert (await taking.take_places(conn, rows, now=NOW, by="t")).tally.unchanged == 2


async def test_the_stored_inventory_equals_what_was_taken(conn: asyncpg.Connection) -> None:
    sample = city.load()
    await taking.take_areas(conn, sample.areas)
    await take(conn, *sample.cameras)
    stored = {each.code: each for each in (await cameras.cameras(conn)).values()}
    assert stored == {each.code: each for each in sample.cameras}


async def test_an_export_reads_back_as_no_change(conn: asyncpg.Connection, tmp_path) -> None:  # type: ignore[no-untyped-def]
    rows = [replace(each, simulated=False) for each in city.load().cameras]
    await take(conn, *rows)
    file = tmp_path / "cameras.csv"
    stored = list((await cameras.cameras(conn)).values())
    file.write_text(cameras_csv(stored), encoding="utf-8-sig", newline="")
    reading = read_cameras(file)
    assert [str(problem) for problem in reading.errors] == []
    again = await take(conn, *reading.rows)
    assert (again.tally.added, again.tally.changed) == (0, 0)
