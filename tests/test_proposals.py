"""What a catalogue knows otherwise is proposed: a person decides, and nothing moves in silence."""

import json
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import platforms as stored
from monitor import platforms, proposals
from monitor.geodesy.distance import distance_m
from monitor.geodesy.frames import Frame, from_wgs84
from monitor.model import Camera
from monitor.proposals import Kind, Proposal, weigh
from monitor.witness import Said
from tests import taking
from tests.test_platforms import asked_of, codes, now, said
from tests.test_protected import say

EAST, NORTH = 118.38, 31.33


def row(number: int, **more: Any) -> dict[str, Any]:
    """A channel of the catalogue that is camera `number` of the inventory, in the same place."""
    code = codes(1, number)[0]
    lon, lat = EAST + number / 1000, NORTH
    values = {
        "key": f"h/{code}", "code": code, "name": f"Gate {number}", "host": "h", "address": "",
        "lon": lon, "lat": lat, "frame": "", "gone_since": None, "dismissed": None,
        "camera_code": code, "camera_name": f"Gate {number}", "camera_lon": lon, "camera_lat": lat,
        "intent": "in_service", "twins": 1, "elsewhere": True, "answers": True,
    }  # fmt: skip
    return {**values, **more}


def new(number: int, **more: Any) -> dict[str, Any]:
    nobody = dict.fromkeys(("camera_code", "camera_name", "camera_lon", "camera_lat", "intent"))
    return {**row(number), **nobody, **more}


def one(*rows: dict[str, Any]) -> Proposal:
    [found] = weigh(rows)
    return found


def test_what_is_the_same_is_no_proposal() -> None:
    assert weigh([row(1), row(2)]) == []
    assert weigh([]) == []


def test_another_name_is_a_change_and_no_name_is_none() -> None:
    found = one(row(1, name="North gate"))
    assert (found.values, found.doubts) == ({"name": "North gate"}, ("called Gate 1 here",))
    assert weigh([row(1, name=""), row(2, name=codes(1, 2)[0])]) == []


def test_a_camera_that_hangs_elsewhere_there_has_moved_and_it_is_said_how_far() -> None:
    found = one(row(1, lat=NORTH + 0.01))
    assert (found.kind, found.acceptable) == (Kind.MOVED, True)
    assert found.moved_m == pytest.approx(1_112, abs=1)
    assert "1,112 m" in found.doubts[0]
    assert weigh([row(1, lat=NORTH + 0.0002)]) == []  # 22 m: the same pole


def test_a_position_that_the_inventory_lacks_is_proposed() -> None:
    found = one(row(1, camera_lon=None, camera_lat=None))
    assert (found.kind, found.values) == (Kind.CHANGED, {"lon": EAST + 0.001, "lat": NORTH})
    assert weigh([row(1, lon=0.0, lat=0.0), row(2, lon=None), row(3, lat=123.0)]) == []


def test_one_code_twice_is_a_fault_of_the_data_and_nobody_can_accept_it() -> None:
    found = weigh([new(1, twins=2), new(1, twins=2, key="other")])
    assert [(each.kind, each.acceptable) for each in found] == [(Kind.DUPLICATE, False)] * 2


def test_gone_is_proposed_for_a_camera_in_service_that_is_nowhere_else_and_does_not_answer() -> (
    None
):
    gone = {"gone_since": now(), "elsewhere": False}
    silent, answering = one(row(1, **gone, answers=False)), one(row(1, **gone))
    assert (silent.kind, silent.values, silent.acceptable) == (
        Kind.MISSING,
        {"intent": "retired"},
        True,
    )
    assert (answering.acceptable, "registration" in answering.doubts[1]) == (False, True)
    assert weigh([row(1, gone_since=now()), row(2, **gone, intent="repair"), new(3, **gone)]) == []


def test_a_frame_that_the_platform_names_is_converted_and_said() -> None:
    lon, lat = from_wgs84(EAST, NORTH, Frame.GCJ02)
    found = one(new(1, lon=lon, lat=lat, frame="GCJ-02"))
    assert distance_m(found.values["lon"], found.values["lat"], EAST, NORTH) < 0.1
    assert found.doubts == ("converted from GCJ-02",)
    unknown = one(new(1, frame="Beijing 54"))
    assert ("lon" in unknown.values, "Beijing 54: left out" in unknown.doubts[0]) == (False, True)


@given(st.sampled_from([Frame.GCJ02, Frame.BD09]), st.integers(3, 9))
def test_a_frame_that_is_not_the_named_one_is_found_by_cameras_that_both_know(
    frame: Frame, known: int
) -> None:
    def there(made: dict[str, Any]) -> dict[str, Any]:
        lon, lat = from_wgs84(made["lon"], made["lat"], frame)
        return {**made, "lon": lon, "lat": lat, "frame": "WGS84"}

    found = one(*(there(row(number)) for number in range(known)), there(new(99)))
    assert found.kind is Kind.NEW
    assert distance_m(found.values["lon"], found.values["lat"], EAST + 0.099, NORTH) < 1
    assert f"{known} of {known} known cameras" in found.doubts[0]


def test_two_cameras_are_too_few_for_a_word_about_the_frame() -> None:
    lon, lat = from_wgs84(EAST + 0.001, NORTH, Frame.GCJ02)
    found = weigh([row(1, lon=lon, lat=lat), row(2, lon=lon + 0.001, lat=lat)])
    assert [each.kind for each in found] == [Kind.MOVED] * 2


def test_nothing_but_new_cameras_is_accepted_in_bulk_unless_it_is_said() -> None:
    found = weigh(
        [new(1), row(2, name="x"), row(3, gone_since=now(), elsewhere=False, answers=False)]
    )
    assert [each.kind for each in proposals.chosen(found, [], None, every=True)] == [Kind.NEW]
    [gone] = proposals.chosen(found, [], Kind.MISSING, every=True)
    assert gone.kind is Kind.MISSING
    with pytest.raises(LookupError):
        proposals.chosen(found, [codes(1, 9)[0]], None, every=False)


async def test_changed_moved_and_missing_cameras_are_accepted_undone_and_turned_down(
    database: str, conn: asyncpg.Connection, tmp_path: Any
) -> None:
    renamed, moved, gone = codes(3)
    cameras = [
        Camera(code=each, name="old", lon=EAST, lat=NORTH) for each in (renamed, moved, gone)
    ]
    await taking.take_cameras(conn, cameras, now=now())
    await stored.enrol(conn, {"P": ("wvp", 60.0)})
    there = (
        said(renamed, Said.ON, name="new name", lon=EAST, lat=NORTH),
        said(moved, Said.ON, name="old", lon=EAST, lat=NORTH + 0.1),
    )
    await platforms.keep(conn, "P", asked_of(*there, said(gone, Said.ON)), now())
    for minute in range(1, 4):
        await platforms.keep(conn, "P", asked_of(*there), now() + timedelta(minutes=minute))
    config = tmp_path / "my.toml"
    config.write_text('[platforms.P]\nkind = "wvp"\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    verb = ["--config", str(config), "platforms"]
    listed = json.loads(say(database, *verb, "proposals", "P", "--json").stdout)
    assert [(each["kind"], each["code"]) for each in listed] == [
        ("changed", renamed), ("moved", moved), ("missing", gone),
    ]  # fmt: skip
    text = say(database, *verb, "proposals", "P").stdout
    assert "1 changed, 1 moved, 1 missing" in text
    only = say(database, *verb, "proposals", "P", "--kind", "moved").stdout
    assert (moved in only, gone in only) == (True, False)
    assert say(database, *verb, "approve", "P", "--all").returncode == 2  # none is new
    for meant in (["--kind", "missing", "--all"], [renamed]):
        done = say(database, *verb, "approve", "P", *meant, "--json")
        assert done.returncode == 0, done.stderr
    rows = await conn.fetch("SELECT name, intent::text FROM camera ORDER BY code")
    assert [tuple(each) for each in rows] == [
        ("new name", "in_service"), ("old", "in_service"), ("old", "retired"),
    ]  # fmt: skip
    undone = say(database, "imports", "undo", str(json.loads(done.stdout)["change_set"]))
    assert undone.returncode == 0, undone.stderr
    assert await conn.fetchval("SELECT name FROM camera WHERE code = $1", renamed) == "old"
    assert say(database, *verb, "dismiss", "P", moved).returncode == 0
    left = [each.code for each in await proposals.proposals(conn, "P")]
    assert left == [renamed]
    farther = said(moved, Said.ON, name="old", lon=EAST, lat=NORTH + 0.2)
    await platforms.keep(conn, "P", asked_of(there[0], farther), now() + timedelta(minutes=9))
    assert [each.code for each in await proposals.proposals(conn, "P")] == [renamed, moved]
