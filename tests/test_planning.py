"""Less is an answer: which cameras can go, with the proof, and what taking some would change."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import shapely

from db import requirements
from monitor import planning, whatif
from monitor.inventory import Patch
from monitor.model import Area, Camera, CameraKind, Intent, Place, PlaceKind, Requirement
from monitor.planning import CanGo
from monitor.settings import Coverage
from tests import protecting, taking
from tests.declared import declare_all
from tests.test_protected import say

NOW = datetime.now(UTC)
M = 1 / 75_342  # degrees of longitude in a metre, at this latitude
NEED = Requirement(
    share=0.3, purpose="Crossing", ground="D 3", review_due=NOW.date() + timedelta(days=90)
)


def street(number: int, need: float | None = None) -> Place:
    lat = 47.37 + number / 100
    line = {"type": "LineString", "coordinates": [[8.5, lat], [8.5 + 300 * M, lat]]}
    requirement = None if need is None else replace(NEED, share=need)
    name = f"Street {number}"
    return Place(
        kind=PlaceKind.STREET, code=f"s{number}", name=name, geometry=line, requirement=requirement
    )


def camera(code: str, number: int, x: float, **more: Any) -> Camera:
    """All round, 20 m, x metres along a street."""
    given = {"kind": CameraKind.PANORAMA, "range_m": 20.0, "area_code": "A"} | more
    return Camera(code=code, name=code, lon=8.5 + x * M, lat=47.37 + number / 100, **given)


@pytest.fixture
async def town(conn: asyncpg.Connection) -> asyncpg.Connection:
    """Street 1 needs 0.3 and is watched by A (0..40 m), B (30..70), C (80..120), D (110..150); of
    street 2 nothing is required: E, F watch it; G turns, H's direction is not known."""
    await protecting.load(conn)
    await taking.take_areas(conn, [Area(code="A", name="A"), Area(code="B", name="B")])
    await taking.take_places(conn, [street(1, 0.3), street(2)], now=NOW)
    stands = [
        camera("A", 1, 20), camera("B", 1, 50), camera("C", 1, 100), camera("D", 1, 130),
        camera("E", 2, 50), camera("F", 2, 60, area_code="B"),
        camera("G", 1, 200, kind=CameraKind.DOME_PTZ),
        camera("H", 1, 200, kind=CameraKind.FIXED),
    ]  # fmt: skip
    await taking.take_cameras(conn, stands, now=NOW)
    await declare_all(conn)
    await taking.take_cameras(conn, [camera("U", 1, 250)], now=NOW)  # undeclared
    return conn


async def asked(conn: asyncpg.Connection, area: str | None = None) -> CanGo:
    return await planning.can_go(conn, Coverage(), area)


async def test_the_fewest_stay_and_each_that_can_go_has_its_proof(
    town: asyncpg.Connection,
) -> None:
    found = await asked(town)
    gone = {each.camera: each for each in found.can_go}
    # 90 m are needed and each sees 40: three have to stay
    assert (found.stay, found.at_least, found.greedy) == (3, 3, 0)
    assert {"E", "F", "G"} < set(gone)
    assert len(gone) == 4
    [one] = gone.keys() - {"E", "F", "G"}
    [proof] = gone[one].proof
    assert (proof.place, proof.required) == ("Street 1", 0.3)
    assert proof.now == pytest.approx(140 / 300, abs=1e-3)
    assert 0.3 <= proof.without < proof.now
    assert len(proof.also) == 3
    assert (gone["E"].proof, gone["G"].turns) == ((), True)
    assert (found.blind, found.undeclared, found.considered) == (1, 1, 7)


async def test_those_that_look_at_protected_places_come_first_then_cost_then_age(
    town: asyncpg.Connection,
) -> None:
    await town.execute(
        "INSERT INTO protected_finding (camera_id, opened_at, share, places, area_m2, facade_m) "
        "SELECT id, now(), 0.2, 1, 9, 9 FROM camera WHERE code IN ('F', 'D')"
    )
    found = await asked(town)
    assert [each.camera for each in found.can_go][:2] == ["D", "F"]
    assert found.can_go[0].looks == 0.2


async def test_only_cameras_of_the_area_may_go(town: asyncpg.Connection) -> None:
    assert [each.camera for each in (await asked(town, "B")).can_go] == ["F"]
    with pytest.raises(LookupError):
        await asked(town, "nowhere")


async def test_without_any_requirement_all_can_go_and_lapsed_ones_are_named(
    town: asyncpg.Connection,
) -> None:
    today = await requirements.today(town, NOW)
    await town.execute(
        "UPDATE requirement SET from_day = $1::date - 9, review_due = $1::date", today
    )
    found = await asked(town)
    assert (found.requirements, found.stay, len(found.can_go)) == (0, 0, 7)
    by_code = {each.camera: each for each in found.can_go}
    assert (by_code["A"].lapsed, by_code["E"].lapsed) == (("Street 1",), ())


async def test_what_is_said_to_go_can_be_taken_away_and_the_requirement_holds(
    town: asyncpg.Connection,
) -> None:
    found = await asked(town)
    patches = [Patch(key=each.camera, values={}) for each in found.can_go]
    done = await whatif.without(town, Coverage(), patches)
    assert done.broken == ()
    [of] = [each for each in done.places if each.place == "Street 1"]
    assert (of.kept, of.after) == (True, pytest.approx(found_after(found), abs=1e-4))
    assert {each.place: each.after for each in done.places}["Street 2"] == 0
    more = await whatif.without(town, Coverage(), [*patches, *stays(found)[:1]])
    assert [each.place for each in more.broken] == ["Street 1"]


def found_after(found: CanGo) -> float:
    return next(each.proof[0].without for each in found.can_go if each.proof)


def stays(found: CanGo) -> list[Patch]:
    gone = {each.camera for each in found.can_go}
    return [Patch(key=code, values={}) for code in "ABCD" if code not in gone]


async def test_turning_and_shortening_show_places_and_protected_places(
    town: asyncpg.Connection,
) -> None:
    house = shapely.box(8.5 + 330 * M, 47.38005, 8.5 + 340 * M, 47.38013)
    await protecting.load(town, [house])
    looking = camera("L", 1, 300, kind=CameraKind.FIXED, direction="80", range_m=40.0)
    await taking.take_cameras(town, [looking], now=NOW)
    await declare_all(town)
    turned = await whatif.without(town, Coverage(), [Patch(key="L", values={"direction": "270"})])
    [one] = turned.cameras
    assert (one.change, one.looks_after) == ("turned", None)
    assert one.looks_before is not None
    [place] = turned.places
    assert place.after == pytest.approx((place.before or 0) + 30 / 300, abs=1e-3)
    shorter = await whatif.without(town, Coverage(), [Patch(key="L", values={"range_m": 20.0})])
    assert (shorter.cameras[0].change, shorter.cameras[0].looks_after) == ("shortened", None)
    narrow = await whatif.without(town, Coverage(), [Patch(key="L", values={"angle_deg": 20.0})])
    assert narrow.cameras[0].change == "narrowed"


@pytest.mark.parametrize(
    ("code", "values", "complaint"),
    [
        ("X", {}, "none is ever added"),
        ("A", {"range_m": 30.0}, "30 m instead of 20"),
        ("L", {"angle_deg": 120.0}, "120° instead of 80"),
        ("L", {"direction": "90;180"}, "160° instead of 80"),
        ("L", {"direction": None}, "survey it"),
        ("H", {"direction": "90"}, "nobody knows what it looks at now"),
        ("L", {"intent": Intent.PLANNED, "range_m": 10.0}, "only taken away"),
    ],
)
async def test_what_would_be_more_is_refused(
    town: asyncpg.Connection, code: str, values: dict[str, Any], complaint: str
) -> None:
    looking = camera("L", 1, 250, kind=CameraKind.FIXED, direction="80", range_m=40.0)
    await taking.take_cameras(town, [looking], now=NOW)
    named = Patch(key="A", values={"range_m": 19.0})  # the file has such columns
    with pytest.raises(whatif.NotLess, match=complaint):
        await whatif.without(town, Coverage(), [named, Patch(key=code, values=values)])


async def test_undeclared_cameras_change_no_coverage(town: asyncpg.Connection) -> None:
    done = await whatif.without(town, Coverage(), [Patch(key="U", values={})])
    assert (done.places, done.cameras[0].declared) == ((), False)


async def test_a_planner_asks_at_the_command_line(
    database: str, town: asyncpg.Connection, tmp_path: Path
) -> None:
    told = say(database, "coverage", "can-go")
    assert told.returncode == 0, told.stderr
    assert "4 of 7 cameras can go together, and each of 1 requirements is kept" in told.stdout
    assert "nothing that it watches is required" in told.stdout
    assert "1 are undeclared" in told.stdout
    listed = json.loads(say(database, "coverage", "can-go", "--json", "--area", "B").stdout)
    assert [each["camera"] for each in listed["can_go"]] == ["F"]
    assert say(database, "coverage", "can-go", "--area", "?").returncode == 2
    file = tmp_path / "gone.csv"
    file.write_text("code\nA\nB\nC\n", encoding="utf-8")
    broken = say(database, "coverage", "without", str(file))
    assert (broken.returncode, "NO LONGER KEPT" in broken.stdout) == (1, True), broken.stderr
    file.write_text("code,intent\nE,retired\nF,in_service\n", encoding="utf-8")
    kept = say(database, "coverage", "without", str(file))
    assert (kept.returncode, "Street 2" in kept.stdout) == (0, True), kept.stderr
    assert "F" not in [line.split()[0] for line in kept.stdout.splitlines() if line.strip()]
    file.write_text("code,range_m\nA,900\n", encoding="utf-8")
    more = say(database, "coverage", "without", str(file))
    assert (more.returncode, "900 m instead of 20" in more.stderr) == (2, True)
    assert say(database, "coverage", "without").returncode == 2
    assert say(database, "coverage", "without", str(tmp_path / "nowhere.csv")).returncode == 2
    done = say(database, "intent", "E", "retired", "--reason", "not_needed", "--by", "Li")
    assert done.returncode == 0, done.stderr
    assert await town.fetchval("SELECT intent FROM camera WHERE code = 'E'") == "retired"
