"""The recorder on a real PostgreSQL: what is seen becomes facts once, and silence is unobserved."""

import random
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from db import cameras, facts, states
from monitor import health
from monitor.availability import History, ledger
from monitor.health import Policy, State
from monitor.model import Cause, Dark, Health, Intent, Observation, Reason, Transition
from tests.factories import intend, observation, stretch
from tests.town import BAD, GOOD, Town, founded, kill, until_free


@pytest.fixture
async def town(database: str, conn: asyncpg.Connection) -> AsyncIterator[Town]:
    async with founded(database, conn) as made:
        yield made


async def test_a_transition_is_stored_once_and_at_its_first_observation(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    for _ in range(5):
        await town.round(recorder, BAD, GOOD, GOOD)
    assert await town.changes() == [(60, "up"), (120, "down")]
    assert await town.changes(town.ids[1]) == [(60, "up")]
    row = await town.conn.fetchrow("SELECT * FROM transition WHERE to_health = 'down'")
    assert row["recorded_at"] == town.started + timedelta(seconds=300)


async def test_evidence_is_kept_of_failures_and_summed_by_the_hour(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder, GOOD, BAD, BAD)
    await town.round(recorder, GOOD, GOOD, GOOD, seconds=3600)
    failed = await town.conn.fetch("SELECT camera_id, reason, took_ms FROM observation_failed")
    assert sorted(map(tuple, failed)) == [(camera, "refused", 12) for camera in town.ids[1:]]
    hours = await town.conn.fetch("SELECT camera_id, asked, up FROM observation_hour ORDER BY 1")
    assert list(map(tuple, hours)) == [(c, 1, c == town.ids[0]) for c in town.ids]


async def test_a_clock_fault_is_stored_and_closed(town: Town) -> None:
    recorder = await town.recording()
    for offset in (99.0, 99.0, 0.1, 0.1):
        at = town.clock.move(seconds=60)
        recorder.offer(observation(at, camera_id=town.ids[0], clock_offset_s=offset))
        await recorder.flush()
    rows = await town.conn.fetch("SELECT opened_at, closed_at, detail FROM fault")
    assert [(town.s(r[0]), town.s(r[1]), r[2]) for r in rows] == [(60, 180, "clock off by +99.0 s")]


async def test_an_open_fault_outlives_a_restart_and_ends_when_the_camera_leaves_service(
    town: Town,
) -> None:
    recorder = await town.recording()
    for _ in range(2):
        at = town.clock.move(seconds=60)
        recorder.offer(observation(at, camera_id=town.ids[0], clock_offset_s=99.0))
        await recorder.flush()
    assert await town.conn.fetchval("SELECT status FROM bi.camera_now LIMIT 1") is not None
    await recorder.close()
    again = await town.recording()
    town.clock.move(seconds=60)
    serving = town.serving()
    del serving[town.ids[0]]
    await again.enrol(serving)
    rows = await town.conn.fetch("SELECT opened_at, closed_at FROM fault")
    assert [(town.s(r[0]), town.s(r[1])) for r in rows] == [(60, 180)]


async def test_a_new_camera_is_dark_until_it_is_seen(town: Town) -> None:
    recorder = await town.recording()
    assert await town.dark() == [(0, None, "not_yet")]
    await town.round(recorder, seconds=40)
    assert await town.dark() == [(0, 40, "not_yet")]


async def test_a_camera_without_an_address_is_dark_as_not_polled(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    at = town.clock.move(seconds=30)
    await recorder.enrol(town.serving() | {town.ids[0]: (town.started, Cause.NO_ADDRESS)})
    # an answer that was on its way does not count any more
    recorder.offer(observation(at - timedelta(seconds=1), camera_id=town.ids[0]))
    await recorder.flush()
    assert await town.dark() == [(0, 60, "not_yet"), (90, None, "not_polled")]


async def test_a_camera_leaves_service_and_returns(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    first, *others = town.ids
    stay = {camera: place for camera, place in town.serving().items() if camera in others}
    await intend(town.conn, [first], town.clock.at, Intent.REPAIR)
    await recorder.enrol(stay)
    await town.round(recorder, seconds=600)  # an answer of a camera nobody asked about
    back = town.clock.move(seconds=600)
    await intend(town.conn, [first], back, Intent.IN_SERVICE)
    await recorder.enrol(stay | {first: (back, Cause.NOT_YET)})
    await town.round(recorder, seconds=30)
    assert await town.dark() == [(0, 60, "not_yet"), (1260, 1290, "not_yet")]
    assert await town.changes() == [(60, "up")]


async def test_a_camera_that_is_deleted_while_it_is_asked_disturbs_no_other(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    code = await town.conn.fetchval("SELECT code FROM camera WHERE id = $1", town.ids[0])
    async with town.conn.transaction():
        await town.conn.execute("DELETE FROM entry_camera WHERE camera_id = $1", town.ids[0])
        await cameras.delete(town.conn, [code], town.clock.at)
    for _ in range(5):
        await town.round(recorder, BAD, BAD, GOOD)
    assert await town.changes(town.ids[1]) == [(60, "up"), (120, "down")]
    await recorder.enrol({key: at for key, at in town.serving().items() if key != town.ids[0]})
    await town.round(recorder, BAD, GOOD, GOOD)
    assert await town.conn.fetchval("SELECT count(*) FROM camera_state") == len(town.ids) - 1


async def test_failures_before_leaving_service_do_not_count_after_the_return(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    for _ in range(2):
        await town.round(recorder, BAD, GOOD, GOOD)
    await recorder.enrol({})
    back = town.clock.move(days=5)
    await recorder.enrol(town.serving(back))
    await town.round(recorder, BAD, GOOD, GOOD)
    assert await town.changes() == [(60, "up")]


async def test_a_dark_camera_that_leaves_service_ends_its_darkness(town: Town) -> None:
    recorder = await town.recording()
    town.clock.move(seconds=90)
    await recorder.enrol({})
    assert await town.dark() == [(0, 90, "not_yet")]


async def test_leaving_in_the_same_instant_leaves_no_row(town: Town) -> None:
    recorder = await town.recording()
    await recorder.enrol({})
    assert await town.dark() == []


async def test_silence_becomes_unobserved_without_any_observation(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    town.clock.move(seconds=121)
    await recorder.flush()
    assert await town.dark() == [(0, 60, "not_yet"), (120, None, "late")]


async def test_an_answer_that_took_longer_than_our_patience_voids_the_darkness(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    asked = town.clock.move(seconds=59)
    town.clock.move(seconds=62)
    await recorder.flush()
    recorder.offer(observation(asked, camera_id=town.ids[0]))
    await recorder.flush()
    assert await town.dark() == [(0, 60, "not_yet")]


async def test_a_clock_set_back_goes_on_and_what_passed_twice_is_unobserved(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder, seconds=3600)
    await town.round(recorder, BAD, GOOD, GOOD, seconds=3540)
    town.clock.move(hours=-1)
    await town.round(recorder)
    twice = (pytest.approx(3600, abs=1e-5), 7140, "clock_set_back")
    late = (3660, 7140, "late")  # seen once in that hour
    assert await town.dark() == [(0, 3600, "not_yet"), twice, late]
    for _ in range(4):
        await town.round(recorder, BAD, GOOD, GOOD)
    assert recorder.known[town.ids[0]].health is Health.DOWN
    assert await town.changes() == [(3600, "up"), (3660, "down")]
    alive_at = await town.conn.fetchval("SELECT alive_at FROM collector")
    assert alive_at == town.clock.at


async def test_facts_stay_in_order_when_the_clock_goes_back_behind_them(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder, seconds=3600)
    for _ in range(4):
        recorder.offer(observation(town.clock.move(seconds=60), BAD, camera_id=town.ids[0]))
    await recorder.flush()
    for _ in range(2):
        at = town.clock.move(seconds=30)
        recorder.offer(observation(at, BAD, camera_id=town.ids[0], clock_offset_s=99))
    await recorder.flush()
    town.clock.move(hours=-1)
    await recorder.flush()
    for _ in range(2):  # up again, before it went down by the facts
        await town.round(recorder)
    assert await town.changes() == [(3600, "up"), (3660, "down"), (3660.000001, "up")]
    assert recorder.known[town.ids[0]].since == town.started + timedelta(seconds=3660.000001)
    for _ in range(2):
        at = town.clock.move(seconds=30)
        recorder.offer(observation(at, camera_id=town.ids[0], clock_offset_s=0))
    await recorder.flush()
    fault = await town.conn.fetchrow("SELECT opened_at, closed_at FROM fault")
    assert fault is not None
    assert fault["opened_at"] == fault["closed_at"]


async def test_a_restart_after_the_clock_was_set_back_is_dark_at_once(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder, seconds=3600)
    town.clock.move(minutes=-30)
    kill(recorder)
    await until_free(town.conn)
    await town.recording()
    assert (await town.dark())[1:] == [
        (pytest.approx(1800, abs=1e-5), 3600, "clock_set_back"),
        (1800, None, "collector_lost"),
    ]


async def test_a_recorder_that_was_taken_for_dead_reopens_the_days_since(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    await town.close_a_day(hours=1)
    for _ in range(120):  # seen all the time, but stored late
        town.clock.move(seconds=60)
        town.offer(recorder)
    await recorder.flush()
    assert await town.dark() == [(0, 60, "not_yet")]
    assert not await town.day_is_final()


async def test_a_sign_of_life_waits_until_the_whole_queue_is_stored(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = await town.recording()
    await town.round(recorder)
    alive_at = town.clock.at
    monkeypatch.setattr("monitor.recorder._AT_ONCE", 3)
    for _ in range(2):
        town.clock.move(seconds=60)
        town.offer(recorder)
    pieces = 0
    store = states.store

    async def watch(conn: asyncpg.Connection, *of_ours: Any) -> None:
        nonlocal pieces
        pieces += 1  # what others see when the process is killed here
        assert await town.conn.fetchval("SELECT alive_at FROM collector") == alive_at
        await store(conn, *of_ours)

    monkeypatch.setattr(states, "store", watch)
    await recorder.flush()
    assert pieces == 2
    assert await town.conn.fetchval("SELECT alive_at FROM collector") == town.clock.at


async def test_figures_of_the_collector_are_stored_with_each_batch(town: Town) -> None:
    recorder = await town.recording(capacity=2)
    await town.round(recorder)
    row = await town.conn.fetchrow("SELECT * FROM collector")
    assert (row["asked"], row["dropped"], row["queue"]) == (7, 1, 2)
    assert row["alive_at"] == town.clock.at


async def test_a_long_queue_is_stored_in_pieces_and_silence_is_judged_at_its_end(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor.recorder._AT_ONCE", 4)
    recorder = await town.recording()
    for _ in range(5):
        town.clock.move(seconds=100)
        town.offer(recorder, GOOD, BAD, GOOD)
    await recorder.flush()
    assert (recorder.queued, recorder.stored) == (0, 15)
    assert await town.changes(town.ids[1]) == [(100, "down")]
    assert await town.dark() == [(0, 100, "not_yet")]


async def test_what_is_stored_late_reopens_the_day_it_touches(town: Town) -> None:
    recorder = await town.recording()
    await town.close_a_day(1)
    town.clock.move(seconds=60)
    town.offer(recorder)
    town.clock.move(hours=3)
    await recorder.flush()
    assert not await town.day_is_final()


async def test_the_end_of_a_long_darkness_leaves_the_days_before_it_closed(town: Town) -> None:
    recorder = await town.recording()
    await town.close_a_day(24)
    await town.round(recorder, seconds=30 * 3600)
    assert await town.changes() == [(30 * 3600, "up")]
    assert await town.day_is_final()


def story(number: int, cameras: int, rounds: int) -> list[list[tuple[float, Reason]]]:
    """What is seen of some cameras: seconds and reasons."""
    dice = random.Random(number)
    reasons = [GOOD] * 6 + [BAD] * 5 + [Reason.BLIND, Reason.INTERNAL, Reason.CLOCK_OFF]
    told = []
    for _ in range(cameras):
        seconds, weather, seen = 0.0, GOOD, []
        for _ in range(rounds):
            seconds += dice.choice([5, 60, 60, 60, 60, 61, 125, 700])
            weather = dice.choice(reasons) if dice.random() < 0.4 else weather
            seen.append((seconds, weather))
        told.append(seen)
    return told


def live(seen: Sequence[Observation], state: State) -> History:
    """The facts of a camera as the pure state machine finds them."""
    transitions: list[Transition] = []
    darks: list[Dark] = []
    for each in seen:
        step = health.step(state, each, Policy())
        state = step.state
        transitions += [step.transition] if step.transition else []
        darks += [step.dark] if step.dark else []
    dark = [stretch(d.starts_at, d.ends_at, d.cause.value) for d in darks]
    if state.dark:
        dark.append(stretch(state.dark.since, None, state.dark.cause.value))
    began = state.since or seen[0].at
    return History(
        healths=[(t.at, t.to_health) for t in transitions],
        intents=[(min(began, seen[0].at) - timedelta(days=1), Intent.IN_SERVICE)],
        unobserved=dark,
    )


@pytest.mark.parametrize("number", range(2))
async def test_one_by_one_in_batches_and_with_restarts_give_the_same_facts(
    town: Town, number: int
) -> None:
    told = story(number, len(town.ids), 60)
    seen = {
        camera: [
            observation(town.started + timedelta(seconds=s), reason, camera_id=camera)
            for s, reason in lines
        ]
        for camera, lines in zip(town.ids, told, strict=True)
    }
    dice = random.Random(number)
    recorder = await town.recording()
    # the clock stands still and nobody compares with it: what is dark comes from the story alone
    recorder._aged_at = town.clock.at
    for index in range(60):
        for camera in town.ids:
            recorder.offer(seen[camera][index])
        if dice.random() < 0.3:
            await recorder.flush()
        if dice.random() < 0.1:
            await recorder.flush()
            recorder._known_holds = False  # all is read again from its rows
    await recorder.flush()
    starts_at = town.started
    ends_at = town.started + timedelta(days=1)
    await town.conn.execute("UPDATE collector SET alive_at = now()")
    found = await facts.histories(town.conn, starts_at, ends_at, town.ids)
    for camera in town.ids:
        first = State(
            camera_id=camera, dark=health.Darkness(since=town.started, cause=Cause.NOT_YET)
        )
        expected = live(seen[camera], first)
        assert list(found[camera].healths) == list(expected.healths)
        assert list(found[camera].unobserved) == list(expected.unobserved)
        assert ledger(found[camera], starts_at, ends_at).down == sum(
            (end - begin for begin, end in down_stretches(expected, ends_at)),
            timedelta(0),
        )


def down_stretches(facts_of_one: History, ends_at: datetime) -> list[tuple[datetime, datetime]]:
    """Stretches of down that are not dark, counted without the ledger: second by second."""
    step = timedelta(seconds=1)
    found = []
    changes = [*facts_of_one.healths, (ends_at, Health.UNKNOWN)]
    for (begin, value), (end, _) in pairwise(changes):
        moment = begin
        while value is Health.DOWN and moment < end:
            if not any(
                s.starts_at <= moment and (s.ends_at is None or moment < s.ends_at)
                for s in facts_of_one.unobserved
            ):
                found.append((moment, moment + step))
            moment += step
    return found


async def test_the_state_of_a_camera_is_read_back_as_it_was(town: Town) -> None:
    recorder = await town.recording()
    await town.round(recorder, GOOD, BAD, Reason.CLOCK_OFF)
    await town.round(recorder, BAD, BAD, GOOD)
    town.clock.move(seconds=200)
    await recorder.flush()
    assert await states.load(town.conn) == recorder.known
