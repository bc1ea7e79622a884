"""Facts are read as they are stored, bounded by the window, and by the primary keys."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from db import facts, states
from monitor.availability import ledger
from monitor.health import State
from monitor.model import Health, Intent
from tests.factories import add_cameras, approve, change, darken, intend, observation, stretch

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)
BEFORE = DAY - timedelta(days=30)


async def read(conn: asyncpg.Connection, camera_id: int) -> Any:
    return (await facts.histories(conn, DAY, NEXT, [camera_id]))[camera_id]


async def test_the_health_before_the_window_comes_with_its_last_change(
    conn: asyncpg.Connection,
) -> None:
    (camera,) = await add_cameras(conn, 1, BEFORE)
    await change(conn, camera, BEFORE, Health.UNKNOWN, Health.UP)
    await change(conn, camera, DAY - 2 * HOUR, Health.UP, Health.DOWN)
    await change(conn, camera, DAY + HOUR, Health.DOWN, Health.UP)
    await change(conn, camera, NEXT, Health.UP, Health.DOWN)
    history = await read(conn, camera)
    assert history.healths == [(DAY - 2 * HOUR, Health.DOWN), (DAY + HOUR, Health.UP)]


async def test_a_change_at_the_very_start_counts_in_the_window(conn: asyncpg.Connection) -> None:
    (camera,) = await add_cameras(conn, 1, BEFORE)
    await change(conn, camera, BEFORE, Health.UNKNOWN, Health.UP)
    await change(conn, camera, DAY, Health.UP, Health.DOWN)
    assert (await read(conn, camera)).healths == [(DAY, Health.DOWN)]


async def test_stretches_that_touch_the_window_are_read_and_others_not(
    conn: asyncpg.Connection,
) -> None:
    (camera,) = await add_cameras(conn, 1, BEFORE)
    await darken(conn, camera, BEFORE, DAY, "late")
    await darken(conn, camera, DAY - HOUR, DAY + HOUR, "blind")
    await darken(conn, camera, DAY + 9 * HOUR, None, "late")
    await approve(conn, camera, DAY + HOUR, NEXT + HOUR, "planned")
    await approve(conn, camera, NEXT, NEXT + HOUR, "exempt")
    history = await read(conn, camera)
    assert history.unobserved == [
        stretch(DAY - HOUR, DAY + HOUR, "blind"),
        stretch(DAY + 9 * HOUR, None, "late"),
    ]
    assert history.windows == [stretch(DAY + HOUR, NEXT + HOUR, "planned")]


async def test_time_after_the_last_sign_of_life_of_a_dead_collector_is_unobserved(
    conn: asyncpg.Connection,
) -> None:
    (camera,) = await add_cameras(conn, 1, BEFORE)
    await change(conn, camera, BEFORE, Health.UNKNOWN, Health.UP)
    await states.insert(conn, [State(camera_id=camera)], BEFORE)
    await conn.execute(
        "INSERT INTO collector (name, started_at, alive_at) VALUES ('main', $1, $2)",
        BEFORE,
        DAY + 6 * HOUR,
    )
    day = ledger(await read(conn, camera), DAY, NEXT)
    assert (day.up, day.causes) == (6 * HOUR, {"collector_lost": 18 * HOUR})


async def test_an_area_stands_for_all_areas_below_it(conn: asyncpg.Connection) -> None:
    await conn.execute(
        "INSERT INTO area (code, name, parent_code) VALUES ('c', 'City', NULL), ('n', 'N', 'c')"
    )
    city = await add_cameras(conn, 1, BEFORE, area="c")
    north = await add_cameras(conn, 2, BEFORE, area="n")
    assert await facts.area_cameras(conn, "c") == city + north
    assert await facts.area_cameras(conn, "n") == north
    assert await facts.area_cameras(conn, "x") is None


async def test_an_unknown_code_has_no_history(conn: asyncpg.Connection) -> None:
    assert await facts.history(conn, "nobody", DAY, NEXT) is None


async def test_a_camera_that_came_and_went_keeps_its_decisions(conn: asyncpg.Connection) -> None:
    (camera,) = await add_cameras(conn, 1, BEFORE, intent=Intent.TRIAL)
    await intend(conn, [camera], DAY + 6 * HOUR, Intent.IN_SERVICE)
    await intend(conn, [camera], NEXT, Intent.RETIRED)
    history = await read(conn, camera)
    assert history.intents == [(BEFORE, Intent.TRIAL), (DAY + 6 * HOUR, Intent.IN_SERVICE)]


@pytest.fixture
async def crowded(conn: asyncpg.Connection) -> asyncpg.Connection:
    """2,000 cameras with some facts each, statistics gathered."""
    await add_cameras(conn, 2_000, BEFORE)
    await conn.execute(
        """
        INSERT INTO camera_state (camera_id, health, changed_at)
          SELECT id, 'unknown', now() FROM camera;
        INSERT INTO transition
          SELECT id, timestamptz '2026-01-01Z' + n * interval '1 day', 'up', 'down', 'ok', '', now()
          FROM camera, generate_series(1, 8) n;
        INSERT INTO unobserved
          SELECT id, timestamptz '2026-01-01Z' + n * interval '1 day',
            timestamptz '2026-01-01Z' + n * interval '25 h', 'late'
          FROM camera, generate_series(1, 8) n;
        ANALYZE
        """
    )
    return conn


async def plans(conn: asyncpg.Connection, statements: list[str]) -> str:
    """Plans as for any arguments, as prepared statements come to use them."""
    await conn.execute(
        """
        CREATE FUNCTION pg_temp.plan(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
        BEGIN RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN) ' || statement; END $$
        """
    )
    lines = [
        await conn.fetch("SELECT * FROM pg_temp.plan($1) AS line", each) for each in statements
    ]
    return "\n".join(row["line"] for each in lines for row in each)


async def test_facts_of_some_cameras_are_read_by_primary_keys(crowded: asyncpg.Connection) -> None:
    ran: list[str] = []
    with crowded.query_logger(lambda query: ran.append(query.query)):
        await facts.histories(crowded, DAY, NEXT, [1, 2, 3])
        await asyncio.sleep(0)  # the logger is called by the loop
    text = await plans(crowded, [sql for sql in ran if "camera_id" in sql])
    assert re.findall(r"Seq Scan on (transition|unobserved|intent_change)", text) == []
    for index in ("transition_pkey", "unobserved_pkey", "intent_change_pkey"):
        assert index in text


async def test_a_batch_is_stored_by_the_primary_key(crowded: asyncpg.Connection) -> None:
    camera = await crowded.fetchval("SELECT min(id) FROM camera")
    seen = State(camera_id=camera, last=observation(DAY, camera_id=camera))
    ran: list[str] = []
    with crowded.query_logger(lambda query: ran.append(query.query)):
        await states.store(crowded, states.Batch(states=[(seen, None)]), DAY)
        await asyncio.sleep(0)  # the logger is called by the loop
    text = await plans(crowded, [sql for sql in ran if "UPDATE camera_state" in sql])
    assert "camera_state_pkey" in text
    assert "Seq Scan on camera_state" not in text
