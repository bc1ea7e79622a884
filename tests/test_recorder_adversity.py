"""The recorder when something dies: itself, its connection, the database; nothing lost or twice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from db import pool, states
from monitor.model import Intent
from monitor.recorder import AnotherRecords
from tests.factories import intend
from tests.proxy import Proxy, proxied, through
from tests.town import BAD, GOOD, Town, founded, kill, until_free


@pytest.fixture
async def town(database: str, conn: asyncpg.Connection) -> AsyncIterator[Town]:
    async with founded(database, conn) as made:
        yield made


@pytest.fixture
async def proxy(database: str) -> AsyncIterator[Proxy]:
    async with proxied(database) as made:
        yield made


async def test_a_killed_recorder_leaves_dark_time_until_the_first_new_observation(
    town: Town,
) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    town.clock.move(seconds=10)
    await recorder.flush()  # the last sign of life
    town.clock.move(seconds=20)
    town.offer(recorder)  # never stored
    kill(recorder)
    await until_free(town.conn)
    town.clock.move(seconds=600)
    second = await town.recording()
    await town.round(second, seconds=5)
    assert await town.dark() == [(0, 60, "not_yet"), (70, 695, "collector_lost")]
    assert await town.changes() == [(60, "up")]


async def test_a_second_death_before_any_observation_does_not_double_the_dark(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    for _ in range(2):
        kill(recorder)
        await until_free(town.conn)
        town.clock.move(seconds=100)
        recorder = await town.recording()
    await town.round(recorder)
    assert await town.dark() == [(0, 60, "not_yet"), (60, 320, "collector_lost")]


async def test_a_clean_stop_says_so(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    town.clock.move(seconds=20)
    town.offer(recorder)
    await recorder.close()
    assert await town.conn.fetchval("SELECT stopped_at FROM collector") == town.clock.at
    town.clock.move(seconds=100)
    await town.round(await town.recording())
    assert await town.dark() == [(0, 60, "not_yet"), (80, 240, "collector_stopped")]


async def test_a_camera_out_of_service_stays_out_of_the_dark(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    await intend(town.conn, town.ids[:1], town.clock.at, Intent.REPAIR)
    await recorder.enrol({})
    town.clock.move(seconds=10)
    await recorder.close()
    town.clock.move(seconds=100)
    await town.recorder().open()
    assert await town.dark() == [(0, 60, "not_yet")]
    assert await town.dark(town.ids[1]) == [(0, 60, "not_yet"), (70, None, "collector_stopped")]


async def test_a_camera_that_left_while_we_were_dead_was_dark_until_then(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    kill(recorder)
    await until_free(town.conn)
    await intend(town.conn, town.ids[:1], town.clock.move(seconds=50), Intent.RETIRED)
    town.clock.move(seconds=50)
    second = town.recorder()
    await second.open()
    await second.enrol({})
    assert await town.dark() == [(0, 60, "not_yet"), (60, 160, "collector_lost")]


async def test_a_pending_streak_survives_a_restart(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    await town.round(recorder, BAD, GOOD, GOOD)
    await town.round(recorder, BAD, GOOD, GOOD)
    kill(recorder)
    await until_free(town.conn)
    second = await town.recording()
    await town.round(second, BAD, GOOD, GOOD)
    await town.round(second, BAD, GOOD, GOOD)
    assert await town.changes() == [(60, "up"), (120, "down")]


async def test_only_one_records(town: Town) -> None:
    first = await town.recording()
    second = town.recorder()
    with pytest.raises(AnotherRecords):
        await second.open()
    await first.close()
    await second.open()


async def test_a_commit_whose_answer_is_lost_loses_nothing_and_doubles_nothing(
    town: Town, proxy: Proxy
) -> None:
    recorder = await town.recording(dsn=through(town.dsn, proxy.port))
    await town.round(recorder)
    for _ in range(3):
        await town.round(recorder, BAD, GOOD, GOOD)
    proxy.cut_after_commit = True
    await town.round(recorder, BAD, GOOD, GOOD)
    assert proxy.connections == 2
    await town.round(recorder, BAD, GOOD, GOOD)
    assert await town.changes() == [(60, "up"), (120, "down")]
    state = await town.conn.fetchrow(
        "SELECT hour_asked, hour_up FROM camera_state WHERE camera_id = $1", town.ids[0]
    )
    assert tuple(state) == (6, 1)
    assert await town.conn.fetchval("SELECT count(*) FROM observation_failed") == 5


async def test_what_is_seen_while_the_database_is_away_is_stored_when_it_is_back(
    town: Town, proxy: Proxy
) -> None:
    attempts = 0

    async def pause(seconds: float) -> None:
        nonlocal attempts
        attempts += 1
        for _ in range(2):
            town.clock.move(seconds=60)
            town.offer(recorder)
        proxy.refuses = attempts < 12

    recorder = await town.recording(dsn=through(town.dsn, proxy.port), pause=pause)
    await town.round(recorder)
    proxy.refuses = True
    proxy.cut()
    await town.round(recorder)
    assert attempts == 12
    await recorder.flush()
    assert (recorder.dropped, recorder.queued) == (0, 0)
    assert await town.dark() == [(0, 60, "not_yet")]


async def test_a_database_that_hangs_is_away(town: Town, proxy: Proxy) -> None:
    async def pause(_: float) -> None:
        proxy.resume()

    recorder = await town.recording(
        dsn=through(town.dsn, proxy.port), pause=pause, answer_within=timedelta(seconds=1)
    )
    proxy.stall()
    await town.round(recorder)
    assert proxy.connections >= 2
    assert await town.changes() == [(60, "up")]


async def test_a_full_queue_drops_counts_and_books_the_time(town: Town, proxy: Proxy) -> None:
    async def pause(_: float) -> None:
        for _ in range(3 if proxy.refuses else 0):  # room for two rounds
            town.clock.move(seconds=60)
            town.offer(recorder)
        proxy.refuses = False

    recorder = await town.recording(dsn=through(town.dsn, proxy.port), pause=pause, capacity=6)
    await town.round(recorder)
    proxy.refuses = True
    proxy.cut()
    await town.round(recorder)  # kept: this one and the next
    assert recorder.dropped == 6
    assert await town.dark() == [(0, 60, "not_yet"), (240, None, "database_away")]
    await town.round(recorder, seconds=30)
    assert await town.dark() == [(0, 60, "not_yet"), (240, 330, "database_away")]


async def test_losses_are_booked_also_when_the_camera_was_seen_soon_after(town: Town) -> None:
    recorder = await town.recording(capacity=3)
    await town.round(recorder)
    town.clock.move(seconds=60)
    town.offer(recorder)
    town.clock.move(seconds=5)
    town.offer(recorder)  # dropped
    await recorder.flush()
    await town.round(recorder, seconds=5)
    assert await town.dark() == [(0, 60, "not_yet"), (125, 130, "database_away")]
    await town.round(recorder)
    assert len(await town.dark()) == 2


async def test_enrolment_and_batches_may_come_at_one_time(town: Town) -> None:
    recorder = await town.recording()
    town.clock.move(seconds=60)
    town.offer(recorder)
    await asyncio.gather(recorder.flush(), recorder.enrol(town.serving()), recorder.flush())
    assert await town.changes() == [(60, "up")]


async def test_a_stop_in_the_middle_of_a_batch_still_ends_cleanly(town: Town) -> None:
    recorder = await town.recording()
    running = asyncio.create_task(recorder.run())
    town.clock.move(seconds=60)
    town.offer(recorder)
    for _ in range(20):  # some way into the transaction
        await asyncio.sleep(0)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await recorder.close()
    assert await town.changes() == [(60, "up")]
    assert await town.conn.fetchval("SELECT stopped_at FROM collector") is not None


async def test_closing_gives_up_on_a_database_that_hangs(town: Town, proxy: Proxy) -> None:
    recorder = await town.recording(dsn=through(town.dsn, proxy.port))
    proxy.stall()
    await recorder.close(within_s=0.1)
    assert await town.conn.fetchval("SELECT stopped_at FROM collector") is None


async def test_an_unreachable_database_is_said_at_the_start(town: Town, proxy: Proxy) -> None:
    proxy.refuses = True
    with pytest.raises(pool.DatabaseUnreachable):
        await town.recorder(dsn=through(town.dsn, proxy.port)).open()


async def test_somebody_elses_write_is_noticed(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    await town.conn.execute("UPDATE camera_state SET last_at = last_at + interval '1 s'")
    with pytest.raises(states.StateConflict):
        await town.round(recorder)


async def test_dark_time_booked_after_a_long_death_reopens_its_days(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    kill(recorder)
    await until_free(town.conn)
    await town.close_a_day(1)
    town.clock.move(hours=30)
    await town.recording()
    assert not await town.day_is_final()
