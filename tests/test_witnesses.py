"""Two witnesses of one camera as they are heard, weighed, stored and read again."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from db import cameras as inventory
from db import platforms as stored
from monitor import platforms
from monitor.model import Area, Camera, Health, JudgedBy, Reason
from monitor.polling import Polling
from monitor.recorder import Recorder
from monitor.witness import Said
from tests import taking
from tests.factories import observation
from tests.test_platforms import REFUSED, asked_of, codes, now, said
from tests.test_protected import say
from tests.town import Town, founded

# --- cameras that have no address to be asked at


@pytest.fixture
async def quarter(database: str, conn: asyncpg.Connection) -> AsyncIterator[Town]:
    async with founded(database, conn) as made:
        yield made


async def test_a_camera_without_an_address_is_judged_by_what_platforms_say(quarter: Town) -> None:
    """By the same rules as by our own questions: confirmed, and dark while nobody knows."""
    recorder = await quarter.recording()
    polling = Polling(poller=None, recorder=recorder, horizon=None)  # type: ignore[arg-type]
    one, two, three = quarter.ids

    async def hear(*words_: Said, seconds: float = 60) -> None:
        at = quarter.clock.move(seconds=seconds)
        said_ = [(i, w, at, "P: x") for i, w in zip(quarter.ids, words_, strict=True)]
        for each in polling._news(said_, at):
            recorder.offer(each)
        await recorder.flush()

    await hear(Said.ON, Said.ON, Said.UNKNOWN)
    for _ in range(4):
        await hear(Said.ON, Said.OFF, Said.UNKNOWN)
    assert await quarter.changes(one) == [(60, "up")]
    assert await quarter.changes(two) == [(60, "up"), (120, "down")]
    assert await quarter.changes(three) == []
    assert await quarter.dark(three) == [(0, None, "not_yet")]
    await hear(Said.UNKNOWN, Said.UNKNOWN, Said.UNKNOWN)
    await hear(Said.ON, Said.OFF, Said.ON)
    assert await quarter.dark(one) == [(0, 60, "not_yet"), (360, 420, "feed_stale")]
    assert await quarter.changes(two) == [(60, "up"), (120, "down")]
    failed = await quarter.conn.fetch("SELECT DISTINCT reason FROM observation_failed")
    assert [row["reason"] for row in failed] == ["platform_off"]


async def test_one_reading_is_one_piece_of_evidence_however_often_it_is_heard(
    quarter: Town,
) -> None:
    recorder = await quarter.recording()
    polling = Polling(poller=None, recorder=recorder, horizon=None)  # type: ignore[arg-type]
    one = quarter.ids[0]
    read_at = quarter.clock.move(seconds=60)
    for word_, at in ((Said.ON, read_at), (Said.OFF, read_at + timedelta(seconds=60))):
        for _ in range(9):  # the platform is asked every ten minutes, and heard every minute
            quarter.clock.move(seconds=60)
            for each in polling._news([(one, word_, at, "P: x")], quarter.clock.at):
                recorder.offer(each)
            await recorder.flush()
    assert await quarter.changes(one) == [(60, "up")]


async def test_a_word_is_worth_one_reading_and_a_feed_that_stops_gives_no_second_more(
    quarter: Town,
) -> None:
    """Hearing the same reading again is no evidence; what we know ends a cadence after the last."""
    recorder = await quarter.recording()
    polling = Polling(poller=None, recorder=recorder, horizon=None)  # type: ignore[arg-type]
    one, two, _ = quarter.ids
    read_at = quarter.clock.move(seconds=60)
    for _ in range(40):
        for each in polling._news(
            [(i, Said.ON, read_at, "P: x") for i in (one, two)], quarter.clock.at
        ):
            recorder.offer(each)
        await recorder.flush()
        quarter.clock.move(seconds=5)
    assert (await quarter.dark(one))[1:] == [(120, None, "late")]
    # a platform that refuses is known to be silent before that
    again = quarter.clock.at
    for word_ in (Said.ON, Said.UNKNOWN):
        for each in polling._news([(two, word_, again, "P: x")], quarter.clock.at):
            recorder.offer(each)
        await recorder.flush()
        quarter.clock.move(seconds=20)
    assert (await quarter.dark(two))[2:] == [(280, None, "feed_stale")]


async def test_platforms_are_heard_of_all_cameras_but_those_judged_directly_and_on_goes_first(
    conn: asyncpg.Connection,
) -> None:
    one, two, three = codes(3)
    cameras = [
        Camera(code=one, name=one),
        Camera(code=two, name=two, host="127.0.0.7"),
        Camera(code=three, name=three, host="127.0.0.8", judged_by=JudgedBy.DIRECT),
    ]
    await taking.take_cameras(conn, cameras, now=now())
    await stored.enrol(conn, {"P": ("wvp", 60.0), "Q": ("wvp", 60.0)})
    revision = await inventory.revision(conn)
    before = await stored.pulse(conn)
    reading = asked_of(*(said(each, Said.OFF) for each in (one, two, three)))
    await platforms.keep(conn, "P", reading, now())
    assert await inventory.revision(conn) > revision  # workers enrol it anew
    await platforms.keep(conn, "Q", asked_of(said(one, Said.ON)), now())
    heard = {each[0]: each[1:] for each in await stored.heard(conn)}
    serving = await inventory.in_service(conn)
    by_code = {each.code: heard.get(key) for key, each in serving.items()}
    assert [word_ and (word_[0], word_[2]) for word_ in by_code.values()] == [
        (Said.ON, "Q: on"),
        (Said.OFF, "P: off"),
        None,
    ]
    assert [each.heard for each in serving.values()] == [True, True, True]
    assert await stored.pulse(conn) != before
    rows = await conn.fetch(
        "SELECT direct, verdict_by, judged_by FROM bi.camera_now ORDER BY camera_code"
    )
    assert [tuple(row) for row in rows] == [
        ("unknown", "platform", "direct-then-platform"),
        ("unknown", "direct", "direct-then-platform"),
        ("unknown", "direct", "direct"),
    ]
    told = await stored.pulse(conn)
    assert await stored.pulse(conn) == told
    await platforms.keep(conn, "Q", REFUSED, now())
    assert await stored.pulse(conn) != told
    assert {each[1] for each in await stored.heard(conn)} == {Said.OFF}


# --- cameras with two witnesses, in the database


async def test_both_witnesses_of_a_camera_outlive_a_restart(quarter: Town) -> None:
    one, *others = quarter.ids
    by = dict.fromkeys(quarter.ids, JudgedBy.BOTH)
    recorder = await quarter.recording()
    await recorder.enrol(quarter.serving(), by)
    for _ in range(3):
        await both_say(quarter, recorder, Reason.OK, Reason.PLATFORM_ON)
    for _ in range(5):
        await both_say(quarter, recorder, Reason.OK, Reason.PLATFORM_OFF)
    assert await quarter.changes(one) == [(61, "up"), (241, "down")]
    rows = await quarter.conn.fetch(
        "SELECT witness, to_health FROM witness_transition WHERE camera_id = $1 ORDER BY at", one
    )
    assert [tuple(row) for row in rows] == [
        ("direct", "up"), ("platform", "up"), ("platform", "down"),
    ]  # fmt: skip
    await recorder.close()
    again = quarter.recorder()
    await again.open()
    await again.enrol(quarter.serving(), by)
    state = again.heard(one)
    assert (state and state.health, again.known[one].health) == (Health.DOWN, Health.DOWN)
    for _ in range(2):
        await both_say(quarter, again, Reason.OK, Reason.PLATFORM_ON)
    assert (await quarter.changes(one))[2:] == [(541, "up")]
    assert len(others) == 2


async def both_say(quarter: Town, recorder: Recorder, *reasons: Reason) -> None:
    at = quarter.clock.move(seconds=60)
    for second, reason in enumerate(reasons):
        for camera_id in quarter.ids:
            seen_at = at + timedelta(seconds=second)
            recorder.offer(observation(seen_at, reason, camera_id=camera_id))
    await recorder.flush()


async def test_a_camera_that_loses_its_second_witness_goes_on_with_the_verdict(
    quarter: Town,
) -> None:
    one = quarter.ids[0]
    recorder = await quarter.recording()
    await recorder.enrol(quarter.serving(), dict.fromkeys(quarter.ids, JudgedBy.FALLBACK))
    for _ in range(2):
        await both_say(quarter, recorder, Reason.OK, Reason.PLATFORM_OFF)
    assert await quarter.conn.fetchval("SELECT count(*) FROM witness_state") == 6
    await recorder.enrol(quarter.serving())
    assert await quarter.conn.fetchval("SELECT count(*) FROM witness_state") == 0
    await both_say(quarter, recorder, Reason.OK)
    assert await quarter.changes(one) == [(60, "up")]
    assert await quarter.dark(one) == [(0, 60, "not_yet")]


async def test_a_darkness_that_a_late_word_takes_back_can_come_again_in_the_same_batch(
    quarter: Town,
) -> None:
    """The word of before covers the camera only until its own silence is noticed."""
    one = quarter.ids[0]
    recorder = await quarter.recording()
    await recorder.enrol(quarter.serving(), dict.fromkeys(quarter.ids, JudgedBy.FALLBACK))

    def see(seconds: float, reason: Reason) -> None:
        seen_at = quarter.started + timedelta(seconds=seconds)
        recorder.offer(observation(seen_at, reason, camera_id=one))

    quarter.clock.move(seconds=61)
    see(1, Reason.OK)
    see(61, Reason.BLIND)
    await recorder.flush()
    assert await quarter.dark(one) == [(0, 1, "not_yet"), (61, None, "blind")]
    quarter.clock.move(seconds=62)
    see(1, Reason.PLATFORM_ON)
    see(122, Reason.OK)
    await recorder.flush()
    assert await quarter.dark(one) == [(0, 1, "not_yet"), (61, 122, "blind")]


async def test_observations_that_were_dropped_are_unobserved_whoever_saw(quarter: Town) -> None:
    one = quarter.ids[0]
    recorder = await quarter.recording(capacity=6)
    await recorder.enrol(quarter.serving(), dict.fromkeys(quarter.ids, JudgedBy.FALLBACK))
    await both_say(quarter, recorder, Reason.OK, Reason.PLATFORM_ON)
    await both_say(quarter, recorder, Reason.OK, Reason.PLATFORM_ON, Reason.OK)
    assert recorder.dropped == 3
    assert await quarter.dark(one) == [(0, 60, "not_yet"), (122, None, "database_away")]
    await both_say(quarter, recorder, Reason.OK, Reason.PLATFORM_ON)
    assert (await quarter.dark(one))[1:] == [(122, 180, "database_away")]


async def test_a_camera_that_is_deleted_takes_its_witnesses_along(
    database: str, conn: asyncpg.Connection
) -> None:
    one = codes(1)[0]
    number = await taking.take_cameras(conn, [Camera(code=one, name=one)], now=now())
    await conn.execute(
        "INSERT INTO witness_state (camera_id, witness, judged_by, health) "
        "SELECT id, 'direct', 'both', 'unknown' FROM camera"
    )
    assert number is not None
    await inventory.delete(conn, [one], now())
    assert await conn.fetchval("SELECT count(*) FROM witness_state") == 0


async def test_whose_word_counts_is_said_for_an_area_a_platform_or_a_camera_and_can_be_undone(
    database: str, conn: asyncpg.Connection
) -> None:
    one, two, three = codes(3)
    await taking.take_areas(
        conn, [Area(code="A", name="A"), Area(code="B", name="B", parent_code="A")]
    )
    cameras = [
        Camera(code=one, name=one, area_code="B"),
        Camera(code=two, name=two),
        Camera(code=three, name=three),
    ]
    await taking.take_cameras(conn, cameras, now=now())
    await stored.enrol(conn, {"P": ("wvp", 60.0)})
    await platforms.keep(conn, "P", asked_of(said(two, Said.ON)), now())

    async def judged() -> list[str | None]:
        rows = await conn.fetch("SELECT judged_by FROM camera ORDER BY code")
        return [row[0] for row in rows]

    verb = ("platforms", "judge")
    assert say(database, *verb, "both", "--area", "A").returncode == 0
    assert say(database, *verb, "platform", "--platform", "P").returncode == 0
    done = say(database, *verb, "direct", three, "--json")
    assert done.returncode == 0, done.stderr
    assert await judged() == ["both", "platform", "direct"]
    assert "judged so already" in say(database, *verb, "direct", three).stdout
    number = json.loads(done.stdout)["change_set"]
    assert say(database, "imports", "undo", str(number)).returncode == 0
    assert await judged() == ["both", "platform", None]
    for wrong, words in (
        (["majority", three], "one of direct, platform"),
        (["both"], "Say which cameras"),
        (["both", "X"], "no camera X"),
    ):
        refused = say(database, *verb, *wrong)
        assert (refused.returncode, words in refused.stderr) == (2, True), refused.stderr
