"""A camera that looks at a protected place is a finding until people turn, mask, shorten or remove
it; the public sees the camera and the share, never the place."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import shapely

from db import accounts, editions, pool, rows
from monitor.coverage.footprint import FootprintModel
from monitor.coverage.looks import Limits
from monitor.lookout import Lookout
from monitor.model import Camera, CameraKind, Intent
from monitor.register.public import facts
from tests import protecting, taking
from tests.clock import Clock
from tests.declared import declare_all
from tests.test_protected import say

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LON, LAT = 8.5, 47.37
# a house 30 m north of the camera, 10 m wide
HOUSE = shapely.box(8.49993, 47.37027, 8.50007, 47.37036)
NORTH = Camera(code="C1", name="C1", lon=LON, lat=LAT, kind=CameraKind.FIXED, direction="0",
               angle_deg=80, range_m=50)  # fmt: skip
SOUTH = replace(NORTH, code="C2", name="C2", direction="180")


@pytest.fixture
async def connections(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with await pool.create_pool(database) as found:
        yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lookout(connections: asyncpg.Pool, clock: Clock) -> Lookout:
    return Lookout(connections, FootprintModel(), Limits(), clock)


@pytest.fixture
async def town(conn: asyncpg.Connection, clock: Clock) -> asyncpg.Connection:
    await protecting.load(conn, [HOUSE])
    await taking.take_cameras(conn, [NORTH, SOUTH], now=clock.at)
    return conn


async def found(conn: asyncpg.Connection, *, ended: bool = False) -> list[dict[str, Any]]:
    return await accounts.protected_findings(conn, ended=ended)


async def test_a_view_that_reaches_a_house_is_a_finding_with_its_share_and_a_way_out(
    town: asyncpg.Connection, lookout: Lookout, clock: Clock
) -> None:
    assert await lookout.refresh() == 1
    [one] = await found(town)
    footprint = 80 / 360 * 3.14159 * 50**2
    width, height = 0.00014 * 75_400, 0.00009 * 111_170
    assert one["camera_code"] == "C1"
    assert one["share"] == pytest.approx(width * height / footprint, rel=0.02)
    assert (one["state"], one["places"], one["owner"]) == ("open", 1, None)
    assert one["free_range_m"] == 30
    assert one["free_bearing_deg"] in (51, 309)
    assert one["since"] == rows.plain(clock.at)
    counts = await accounts.protected_counts(town)
    assert counts == {"cameras": 2, "compared": 2, "looking": 1, "answered": 0}


async def test_undeclared_and_planned_cameras_count_and_the_owner_is_who_declared(
    town: asyncpg.Connection, lookout: Lookout
) -> None:
    planned = replace(NORTH, code="C3", name="C3", intent=Intent.PLANNED)
    await taking.take_cameras(town, [planned], now=NOW)
    await declare_all(town)
    await lookout.refresh()
    rows = {row["camera_code"]: row for row in await found(town)}
    assert set(rows) == {"C1", "C3"}
    assert rows["C1"]["owner"] == "Office for streets"


ENDS: dict[str, Mapping[str, Any]] = {
    "turned": {"direction": "180"},
    "shortened": {"range_m": 25},
    "removed": {"intent": Intent.RETIRED},
    "corrected": {"lat": 47.36},
}


@pytest.mark.parametrize("how", ENDS)
async def test_what_people_did_ends_it_and_says_so(
    town: asyncpg.Connection, lookout: Lookout, clock: Clock, how: str
) -> None:
    await lookout.refresh()
    clock.move(seconds=3600)
    await taking.take_cameras(town, [replace(NORTH, **ENDS[how])], now=clock.at)
    assert await lookout.refresh() == 1
    assert await found(town) == []
    [one] = await found(town, ended=True)
    assert (one["state"], one["ended_by"], one["ended_at"]) == ("ended", how, rows.plain(clock.at))


async def test_narrowing_and_masks_end_it_too(
    database: str, town: asyncpg.Connection, lookout: Lookout, clock: Clock
) -> None:
    await lookout.refresh()
    words = ["protected", "mask", "C1", "--hides", "345,15", "--seen-on", "2026-02-01"]
    for missing, complaint in (
        ([], "say --evidence, too"),
        (["--evidence", "Photo 7", "--hides", "north"], "--hides 30,75"),
        (["--evidence", "Photo 7", "--seen-on", "2999-01-01"], "a day to come"),
    ):
        refused = say(database, *words, *missing)
        assert (refused.returncode, complaint in refused.stderr) == (2, True), refused.stderr
    assert say(database, *words, "--evidence", "Photo 7", "--by", "Li").returncode == 0
    await lookout.refresh()
    [one] = await found(town, ended=True)
    assert (one["ended_by"], one["masked_on"]) == ("masked", "2026-02-01")
    clock.move(seconds=60)
    assert say(database, "protected", "unmask", "C1").returncode == 0
    assert say(database, "protected", "unmask", "C1").returncode == 2
    await lookout.refresh()
    assert [row["state"] for row in await found(town, ended=True)] == ["open", "ended"]
    await taking.take_cameras(town, [replace(NORTH, angle_deg=10, direction="330")], now=NOW)
    await lookout.refresh()
    assert await found(town) == []


async def test_another_layer_ends_it_but_as_nobodys_merit(
    town: asyncpg.Connection, lookout: Lookout
) -> None:
    await lookout.refresh()
    await protecting.load(town, [], anew=True)
    await lookout.refresh()
    [one] = await found(town, ended=True)
    assert one["ended_by"] == "recomputed"


@pytest.mark.parametrize(
    "change", [{"direction": None}, {"indoor": True}, {"lon": None, "lat": None}]
)
async def test_a_view_that_nobody_knows_any_more_keeps_its_finding(
    town: asyncpg.Connection, lookout: Lookout, change: Mapping[str, Any]
) -> None:
    await lookout.refresh()
    await taking.take_cameras(town, [replace(NORTH, **change)], now=NOW)
    assert await lookout.refresh() == 0
    assert [row["state"] for row in await found(town)] == ["open"]
    assert (await accounts.protected_counts(town))["compared"] == 1


async def test_an_answer_ends_nothing_and_expires_after_90_days(
    database: str, town: asyncpg.Connection, lookout: Lookout
) -> None:
    assert say(database, "protected", "answer", "C1", "--text", "x").returncode == 2
    await lookout.refresh()
    await town.execute("UPDATE protected_finding SET opened_at = now() - interval '100 days'")
    done = say(
        database, "protected", "answer", "C1", "--text", "Mast is moved in May", "--by", "Li"
    )
    assert done.returncode == 0, done.stderr
    [one] = await found(town)
    assert (one["state"], one["answer"], one["answered_by"]) == (
        "answered", "Mast is moved in May", "Li",
    )  # fmt: skip
    assert (await accounts.protected_counts(town))["answered"] == 1
    await lookout.refresh()
    await town.execute("UPDATE protected_answer SET answered_at = now() - interval '91 days'")
    [one] = await found(town)
    assert (one["state"], one["answer"]) == ("open", "Mast is moved in May")
    assert (await accounts.protected_counts(town))["answered"] == 0


async def test_a_camera_on_the_house_is_no_finding_unless_it_is_declared_to_face_it(
    database: str, town: asyncpg.Connection, lookout: Lookout
) -> None:
    mounted = replace(NORTH, code="M", name="M", lat=47.370255)  # 1.7 m before the wall
    await taking.take_cameras(town, [mounted], now=NOW)
    await lookout.refresh()
    assert [row["camera_code"] for row in await found(town)] == ["C1"]
    assert say(database, "protected", "mount", "M").returncode == 2
    assert say(database, "protected", "mount", "M", "--counts", "yes").returncode == 0
    await lookout.refresh()
    assert {row["camera_code"] for row in await found(town)} == {"C1", "M"}
    assert say(database, "protected", "mount", "M", "--counts", "no").returncode == 0
    await lookout.refresh()
    assert [row["camera_code"] for row in await found(town)] == ["C1"]


async def test_nothing_is_computed_while_nothing_changes_and_only_what_changed_after(
    town: asyncpg.Connection, lookout: Lookout, monkeypatch: pytest.MonkeyPatch
) -> None:
    import monitor.lookout as module

    asked: list[int] = []
    real: Callable[..., Any] = module.looks

    def counted(eyes: Mapping[int, Any], *more: Any) -> Any:
        asked.append(len(eyes))
        return real(eyes, *more)

    monkeypatch.setattr(module, "looks", counted)
    await lookout.refresh()
    await lookout.refresh()
    await taking.take_cameras(town, [replace(SOUTH, range_m=20)], now=NOW)
    await lookout.refresh()
    assert asked == [2, 1]


async def test_what_could_not_be_stored_is_stored_the_next_time(
    town: asyncpg.Connection, lookout: Lookout
) -> None:
    await town.execute("ALTER TABLE protected_finding ADD CONSTRAINT never CHECK (share > 1)")
    with pytest.raises(asyncpg.CheckViolationError):
        await lookout.refresh()
    await town.execute("ALTER TABLE protected_finding DROP CONSTRAINT never")
    assert await lookout.refresh() == 1


async def test_a_restart_finds_the_same_and_opens_nothing_twice(
    town: asyncpg.Connection, lookout: Lookout, connections: asyncpg.Pool, clock: Clock
) -> None:
    await lookout.refresh()
    clock.move(seconds=60)
    again = Lookout(connections, FootprintModel(), Limits(), clock)
    assert await again.refresh() == 0
    assert len(await found(town, ended=True)) == 1


async def test_where_no_layer_is_loaded_nothing_is_called_free(
    conn: asyncpg.Connection, lookout: Lookout
) -> None:
    await taking.take_cameras(conn, [NORTH], now=NOW)
    await lookout.refresh()
    assert (await accounts.protected_counts(conn))["compared"] == 0
    [row] = [row async for row in _public(conn)]
    assert row["looks_at_protected"] is None
    await protecting.load(conn, [], shapely.box(8, 47, 9, 48))
    await lookout.refresh()
    [row] = [row async for row in _public(conn)]
    assert row["looks_at_protected"] == 0


async def _public(conn: asyncpg.Connection) -> AsyncIterator[dict[str, Any]]:
    for row in await conn.fetch("SELECT * FROM register_told ORDER BY camera"):
        yield facts(row)


async def test_the_public_sees_camera_and_share_and_no_place(
    town: asyncpg.Connection, lookout: Lookout
) -> None:
    await lookout.refresh()
    row = await editions.row(town, "C1")
    assert row is not None
    public = facts(row)
    assert public["looks_at_protected"] == pytest.approx(0.06, abs=0.01)
    assert public["looks_since"] == "2026-03-02"
    told = json.dumps(public, default=str)
    assert not [word for word in ("places", "free_", "hide", "outline") if word in told]
    assert date.fromisoformat(public["looks_since"])


async def test_the_command_line_lists_them_with_what_would_end_them(
    database: str, town: asyncpg.Connection, lookout: Lookout
) -> None:
    await lookout.refresh()
    told = say(database, "protected", "findings").stdout
    assert "1 of 2 cameras look at a protected place" in told
    assert "shorten to 30 m" in told
    listed = json.loads(say(database, "protected", "findings", "--json").stdout)
    assert (listed["looking"], listed["findings"][0]["camera_code"]) == (1, "C1")
    assert say(database, "protected", "answer", "nobody", "--text", "x").returncode == 2
    assert timedelta(0) < timedelta(days=90)
