"""Coverage follows the cameras: stored per place, changed when they change."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import shapely

from db import covered, pool
from monitor.model import Camera, CameraKind, Place, PlaceKind, Requirement
from monitor.settings import Coverage
from monitor.surveyor import Surveyor, _split
from tests import protecting, taking
from tests.clock import Clock
from tests.declared import declare_all

NOW = datetime(2026, 3, 1, tzinfo=UTC)
STREET = Place(
    kind=PlaceKind.STREET,
    code="s",
    name="Long street",
    geometry={"type": "LineString", "coordinates": [[8.5, 47.37], [8.504, 47.37]]},
    requirement=Requirement(
        share=0.5,
        purpose="School crossing",
        ground="Decision 3",
        review_due=datetime.now(UTC).date() + timedelta(days=100),
    ),
)
EAST = Camera(
    code="C1", name="C1", lon=8.5, lat=47.37, kind=CameraKind.FIXED, direction="E", range_m=100
)


@pytest.fixture
async def connections(database: str) -> AsyncIterator[asyncpg.Pool]:
    async with await pool.create_pool(database) as found:
        yield found


@pytest.fixture
def surveyor(connections: asyncpg.Pool) -> Surveyor:
    return Surveyor(connections, Coverage(), lambda: datetime.now(UTC))


async def turn(conn: asyncpg.Connection, health: str, *, ago: timedelta = timedelta(0)) -> None:
    await conn.execute(
        """
        INSERT INTO camera_state (camera_id, health, since, last_at, last_reason, last_took_ms,
          changed_at)
        SELECT id, $1, $2, $2, 'ok', 1, $2 FROM camera
        ON CONFLICT (camera_id) DO UPDATE SET health = excluded.health, last_at = excluded.last_at,
          changed_at = excluded.changed_at
        """,
        health,
        datetime.now(UTC) - ago,  # the view compares with the clock of the database
    )


async def stored(conn: asyncpg.Connection) -> tuple[float, float, float]:
    row = await conn.fetchrow("SELECT designed, effective, upper FROM bi.coverage_now")
    assert row is not None
    return tuple(round(value, 3) for value in row)  # type: ignore[return-value]


@pytest.fixture
async def street(conn: asyncpg.Connection) -> asyncpg.Connection:
    await protecting.load(conn)
    await taking.take_places(conn, [STREET], now=datetime.now(UTC), by="t")
    await taking.take_cameras(conn, [EAST], source="t", now=NOW)
    await declare_all(conn)
    return conn


async def test_an_up_camera_watches_its_piece_of_the_street(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await surveyor.refresh()
    designed, effective, _ = await stored(street)
    assert designed == effective == pytest.approx(100 / 302.1, abs=0.002)


async def test_a_dead_camera_leaves_a_dark_gap(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await surveyor.refresh()
    await turn(street, "down")
    assert await surveyor.refresh() == 1
    designed, effective, upper = await stored(street)
    assert (designed > 0, effective, upper) == (True, 0, 0)
    kinds = await street.fetch("SELECT kind, length_m FROM bi.coverage_gap ORDER BY from_m")
    assert [row["kind"] for row in kinds] == ["dark", "never"]
    assert kinds[0]["length_m"] == pytest.approx(100, abs=0.5)


async def test_a_camera_nobody_heard_of_lately_is_unknown_not_down(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up", ago=timedelta(hours=1))
    await surveyor.refresh()
    designed, effective, upper = await stored(street)
    assert (effective, upper) == (0, designed)


async def test_nothing_is_written_while_nothing_changes(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await surveyor.refresh()
    assert await surveyor.refresh() == 0
    assert await street.fetchval("SELECT count(*) FROM coverage_change") == 1


async def test_a_moved_camera_means_a_new_survey(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await surveyor.refresh()
    moved = replace(EAST, range_m=50)
    await taking.take_cameras(street, [moved], source="t", now=NOW + timedelta(minutes=1))
    await surveyor.refresh()
    assert (await stored(street))[0] == pytest.approx(50 / 302.1, abs=0.002)


async def test_a_camera_without_direction_is_listed_as_a_defect(
    conn: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await protecting.load(conn)
    await taking.take_places(conn, [STREET], now=datetime.now(UTC), by="t")
    await taking.take_cameras(conn, [replace(EAST, direction=None)], source="t", now=NOW)
    await declare_all(conn)
    await surveyor.refresh()
    assert await conn.fetchval("SELECT defect FROM bi.data_defect") == "no_direction"


async def test_what_undeclared_cameras_would_see_stands_beside_what_counts(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await surveyor.refresh()
    declared = await street.fetchrow("SELECT designed, undeclared FROM bi.coverage_now")
    await street.execute(
        "UPDATE entry_camera SET until_at = now(), ended = 'withdrawn', ended_by = 't'"
    )
    await surveyor.refresh()
    withdrawn = await street.fetchrow("SELECT designed, undeclared FROM bi.coverage_now")
    assert declared is not None
    assert withdrawn is not None
    assert declared["designed"] > 0.3
    assert declared["undeclared"] == 0
    assert withdrawn["designed"] == 0
    assert withdrawn["undeclared"] == pytest.approx(declared["designed"])
    by_kind = await street.fetchrow("SELECT designed, undeclared FROM bi.coverage_kind")
    assert tuple(by_kind or ()) == tuple(withdrawn)


async def test_the_model_is_stored_with_the_figures(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await surveyor.refresh()
    model = await street.fetchval("SELECT model FROM bi.coverage_model")
    assert (model["line_of_sight"], model["ranges_m"]["fixed"]) == (False, 50)


async def test_an_empty_inventory_is_no_error(surveyor: Surveyor) -> None:
    assert await surveyor.refresh() == 0


async def test_figures_that_stay_true_are_dated_by_the_last_look(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await surveyor.refresh()
    first = await street.fetchval("SELECT as_of FROM bi.coverage_now")
    await surveyor.refresh()
    assert await street.fetchval("SELECT as_of FROM bi.coverage_now") > first


async def test_nobody_knows_what_was_watched_while_nobody_looked(
    street: asyncpg.Connection, connections: asyncpg.Pool
) -> None:
    clock = Clock(datetime.now(UTC) - timedelta(days=2))
    await turn(street, "up")
    await Surveyor(connections, Coverage(), clock).refresh()
    died = clock.at
    clock.move(hours=30)
    await street.execute(
        "INSERT INTO day_closed (day, ends_at, final) VALUES ('2026-03-01', $1, true)",
        died + timedelta(hours=1),
    )
    await Surveyor(connections, Coverage(), clock).refresh()
    rows = await street.fetch("SELECT at, designed, effective FROM bi.coverage_change ORDER BY at")
    known = (pytest.approx(0.331, abs=0.001),) * 2
    assert [(row["at"], row["designed"], row["effective"]) for row in rows][1:] == [
        (clock.at, *known)
    ]
    assert (rows[0]["at"], rows[0]["effective"]) == (died, None)
    assert not await street.fetchval("SELECT final FROM day_closed")


async def test_what_we_are_blind_to_after_a_restart_is_not_booked_as_uncovered(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await street.execute(
        "UPDATE camera_state SET dark_since = now(), dark_cause = 'collector_lost'"
    )
    await surveyor.refresh()
    designed, effective, upper = await stored(street)
    assert (effective, upper) == (0, designed)
    assert await street.fetchval("SELECT effective FROM coverage_change") is None


async def test_a_camera_that_was_never_seen_is_booked_as_not_watching(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await surveyor.refresh()
    assert await street.fetchval("SELECT effective FROM coverage_change") == 0


async def test_one_place_that_cannot_be_computed_does_not_stop_the_others(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    spot = [8.503, 47.357]
    hole = [[8.502, 47.359], [8.501, 47.359], [8.5, 47.36], [8.502, 47.359]]
    square = Place(
        kind=PlaceKind.KEY_AREA,
        code="K-1",
        name="Square",
        geometry={"type": "Polygon", "coordinates": [[spot] * 4, hole]},
    )
    await taking.take_places(street, [square], now=datetime.now(UTC), by="t")
    await turn(street, "up")
    await surveyor.refresh()
    row = await street.fetchrow("SELECT place, detail FROM bi.place_defect")
    assert row is not None
    assert row["place"] == "Square"
    assert "no surface" in row["detail"]
    figures = await street.fetchrow(
        "SELECT effective FROM bi.coverage_now WHERE place = 'Long street'"
    )
    assert figures is not None
    assert figures["effective"] > 0.3


def test_places_that_geos_gives_up_on_are_found_among_many() -> None:
    def attempt(some: Mapping[int, Any]) -> None:
        if {3, 8} & some.keys():
            raise shapely.GEOSException("mixed dimension")

    sound, left_out = _split(dict.fromkeys(range(10), STREET), attempt)
    assert (sorted(sound), sorted(left_out)) == ([0, 1, 2, 4, 5, 6, 7, 9], [3, 8])


def elsewhere(number: int) -> tuple[Place, Camera]:
    """Another street, and the camera that watches it."""
    lat = 47.371 + number / 1000
    line = {"type": "LineString", "coordinates": [[8.5, lat], [8.504, lat]]}
    place = Place(kind=PlaceKind.STREET, code=f"s{number}", name=f"Street {number}", geometry=line)
    return place, replace(EAST, code=f"D{number}", name=f"D{number}", lat=lat)


async def settle(conn: asyncpg.Connection, count: int) -> None:
    made = [elsewhere(number) for number in range(count)]
    await taking.take_places(conn, [place for place, _ in made], now=datetime.now(UTC), by="t")
    await taking.take_cameras(conn, [camera for _, camera in made], source="t", now=NOW)
    await declare_all(conn)
    await turn(conn, "up")


async def test_one_camera_we_are_blind_to_leaves_the_history_of_other_streets_alone(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await settle(street, 1)
    await street.execute(
        """
        UPDATE camera_state s SET dark_since = now(),
          dark_cause = CASE c.code WHEN 'C1' THEN 'collector_lost' ELSE 'not_yet' END::cause
        FROM camera c WHERE c.id = s.camera_id
        """
    )
    await surveyor.refresh()
    rows = await street.fetch(
        "SELECT p.name, v.effective FROM coverage_change v JOIN place p ON p.id = v.place_id"
    )
    # ours is unknown to the history; a camera that was never seen does not watch
    assert {row["name"]: row["effective"] for row in rows} == {"Long street": None, "Street 0": 0}


async def test_what_could_not_be_stored_is_stored_the_next_time(
    street: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await turn(street, "up")
    await surveyor.refresh()
    await turn(street, "down")
    await street.execute("ALTER TABLE coverage_now ADD CONSTRAINT refused CHECK (false) NOT VALID")
    with pytest.raises(asyncpg.CheckViolationError):
        await surveyor.refresh()
    await street.execute("ALTER TABLE coverage_now DROP CONSTRAINT refused")
    await surveyor.refresh()
    assert (await stored(street))[1:] == (0, 0)


async def test_two_surveyors_take_turns(
    street: asyncpg.Connection, connections: asyncpg.Pool
) -> None:
    await settle(street, 12)
    both = [Surveyor(connections, Coverage(), lambda: datetime.now(UTC)) for _ in range(2)]
    for health in ("down", "up", "down", "up", "down"):
        await turn(street, health)
        await asyncio.gather(*(each.refresh() for each in both))
    assert await street.fetchval("SELECT count(*) FROM coverage_now WHERE effective = 0") == 13


async def test_a_street_that_lies_hidden_is_kept_with_its_metres_and_the_reason(
    conn: asyncpg.Connection, surveyor: Surveyor
) -> None:
    nothing = {"type": "MultiLineString", "coordinates": []}
    tunnel = replace(STREET, geometry=nothing, excluded_m=640.0, requirement=None)
    await taking.take_places(conn, [tunnel], now=NOW, by="t")
    await surveyor.refresh()
    [place] = await covered.coverage(conn)
    assert (place["designed"], place["excluded_m"]) == (None, 640.0)
    assert place["defect"] == "All of it, 640 m, is tunnel, covered or unbuilt."
    [kind] = await covered.coverage_kinds(conn)
    assert (kind["places"], kind["excluded_m"], kind["designed"]) == (1, 640.0, None)
