"""The whole program on real cameras' behaviour: outages found, kills survived, nothing lost."""

import asyncio
import os
import resource
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from collectors.simulator.breakage import read_fault
from db import embedded, ledger, migrate, pool
from monitor import figures, platforms, polling, service, settings
from monitor.model import Camera
from tests import taking
from tests.platforms import Wvp, channel, served
from tests.running import fleet, program, until
from tests.test_platforms import HOST

pytestmark = pytest.mark.timeout(120)


async def status(conn: asyncpg.Connection, code: str) -> str:
    return str(await conn.fetchval("SELECT status FROM bi.camera_now WHERE camera_code = $1", code))


async def reaches(conn: asyncpg.Connection, code: str, word: str) -> None:
    async def there() -> bool:
        return await status(conn, code) == word

    await until(there)


async def all_online(conn: asyncpg.Connection) -> None:
    async def there() -> bool:
        words = await conn.fetch("SELECT status FROM bi.camera_now")
        return {row["status"] for row in words} == {"ONLINE"}

    await until(there)


async def test_an_outage_is_found_explained_and_ended(
    database: str, conn: asyncpg.Connection
) -> None:
    async with fleet(database, "50") as cameras, program(database) as monitor:
        await monitor.ready()
        await all_online(conn)
        broken_at = datetime.now(UTC)
        await cameras.set_fault("127.50.0.2", read_fault(["refuse"]))
        await reaches(conn, "C1", "OFFLINE")
        row = await conn.fetchrow("SELECT reason, advice, since FROM bi.offline_now")
        assert row is not None
        assert row["reason"] == "refused"
        assert timedelta(0) <= row["since"] - broken_at < timedelta(seconds=3)
        await cameras.set_fault("127.50.0.2", None)
        await reaches(conn, "C1", "ONLINE")
        assert await monitor.ask("/api/v1/outages")
        assert all(cameras.asked(host).harm == 0 for host in cameras.hosts)


async def test_kill_9_loses_no_transition_and_books_the_dark_time(
    database: str, conn: asyncpg.Connection
) -> None:
    async with fleet(database, "51") as cameras:
        async with program(database) as first:
            await first.ready()
            await all_online(conn)
            await cameras.set_fault("127.51.0.1", read_fault(["refuse"]))
            await reaches(conn, "C0", "OFFLINE")
            await first.kill()
        killed_at = datetime.now(UTC)
        await cameras.set_fault("127.51.0.1", None)
        await asyncio.sleep(1)  # the dark time itself
        started_at = datetime.now(UTC)
        async with program(database) as second:
            await second.ready()
            await all_online(conn)
            await second.stop()
    dark = await conn.fetch("SELECT * FROM bi.unobserved WHERE cause = 'collector_lost'")
    assert {row["camera_code"] for row in dark} == {"C0", "C1", "C2", "C3", "C4"}
    for row in dark:
        assert killed_at - timedelta(seconds=3) < row["starts_at"] <= killed_at
        assert row["ends_at"] >= started_at
    changes = await conn.fetch(
        "SELECT to_health FROM bi.transition WHERE camera_code = 'C0' ORDER BY at"
    )
    assert [row["to_health"] for row in changes] == ["up", "down", "up"]
    begin = await conn.fetchval("SELECT min(at) FROM intent_change")
    found = await figures.of_camera(conn, "C1", begin, datetime.now(UTC))
    assert found is not None
    assert found["down"] == 0
    assert (
        found["unobserved_by_cause"]["collector_lost"] >= (started_at - killed_at).total_seconds()
    )


async def test_sigterm_stops_within_five_seconds_and_stores_every_answer(
    database: str, conn: asyncpg.Connection
) -> None:
    async with fleet(database, "52", count=50) as cameras, program(database) as monitor:
        await monitor.ready()
        await all_online(conn)
        code, seconds, _ = await monitor.stop()
        asked = sum(sum(cameras.asked(host).operations.values()) for host in cameras.hosts)
    assert (code, seconds < 5) == (0, True)
    assert await conn.fetchval("SELECT sum(hour_asked) FROM camera_state") == pytest.approx(
        asked,
        abs=2,  # asked, and cut off by the stop before the answer was read
    )
    assert await conn.fetchval("SELECT stopped_at IS NOT NULL FROM bi.collector_now")


async def test_a_stop_counts_what_was_seen_until_then(
    database: str, conn: asyncpg.Connection
) -> None:
    seldom = {"CAMLEDGER_FIGURES_EVERY_S": "3600", "CAMLEDGER_CITY_TIMEZONE": "UTC"}
    async with fleet(database, "61"), program(database, **seldom) as monitor:
        await monitor.ready()
        await all_online(conn)
        await monitor.stop()
    rows = await conn.fetch("SELECT up_s, ends_at FROM bi.ledger_day WHERE up_s > 0")
    stopped_at = await conn.fetchval("SELECT max(stopped_at) FROM bi.collector_now")
    assert len(rows) == 5
    assert all(row["ends_at"] >= stopped_at for row in rows)


async def test_a_stop_does_not_wait_for_others_who_count(
    database: str, conn: asyncpg.Connection
) -> None:
    async with fleet(database, "62"), program(database) as monitor:
        await monitor.ready()
        async with conn.transaction():
            await ledger.take_turn(conn)
            code, seconds, said = await monitor.stop()
    assert (code, seconds < 5) == (0, True)
    assert "the next start does it" in said


async def test_a_clean_stop_is_booked_as_such(database: str, conn: asyncpg.Connection) -> None:
    async with fleet(database, "53"):
        for _ in range(2):
            async with program(database) as monitor:
                await monitor.ready()
                await all_online(conn)
                await monitor.stop()
    causes = await conn.fetch("SELECT DISTINCT cause FROM unobserved WHERE ends_at IS NOT NULL")
    assert {row["cause"] for row in causes} == {"not_yet", "collector_stopped"}


async def test_a_second_collector_stands_by_and_takes_over(
    database: str, conn: asyncpg.Connection
) -> None:
    async with fleet(database, "54"), program(database, "run", "--role", "collector") as first:
        await all_online(conn)
        async with program(database, "run", "--role", "collector") as second:
            await first.kill()
            killed_at = datetime.now(UTC)

            async def asked_again() -> bool:
                last = await conn.fetchval("SELECT min(last_asked) FROM bi.camera_now")
                return bool(last > killed_at)

            await until(asked_again)
            assert second.process.returncode is None


async def test_it_outlives_a_restart_of_the_database(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("pg")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o711)
    server = embedded.start(folder, durable=False)
    try:
        dsn = await embedded.ensure_database(server)
        conn = await pool.connect(dsn)
        await migrate.migrate(conn)
        async with fleet(dsn, "55"), program(dsn) as monitor:
            await monitor.ready()
            await all_online(conn)
            server.stop()
            answer = await monitor.ask("/readyz")
            assert answer["ready"] is False
            server = embedded.start(folder, durable=False)
            conn = await pool.connect(dsn)
            back_at = datetime.now(UTC)

            async def asked_again() -> bool:
                return bool(
                    await conn.fetchval("SELECT min(last_at) > $1 FROM camera_state", back_at)
                )

            await until(asked_again)
            assert monitor.process.returncode is None
            # what was asked meanwhile was kept and stored: nobody was down, nothing is dark
            assert (
                await conn.fetchval("SELECT count(*) FROM transition WHERE to_health = 'down'") == 0
            )
            await monitor.stop()
        await conn.close()
    finally:
        server.stop()


async def test_the_embedded_database_is_started_again_when_it_is_killed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("own")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o711)
    given = {"CAMLEDGER_DATABASE_DATA_DIR": str(folder / "data")}
    pid_file = folder / "data" / "postgres" / "postmaster.pid"
    async with program(None, **given) as monitor:
        await monitor.ready()
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)

        async def away() -> bool:
            return not (await monitor.ask("/readyz"))["ready"]

        await until(away)
        await monitor.ready()
        code, seconds, output = await monitor.stop()
        assert (code, seconds < 5) == (0, True), output
    assert not pid_file.exists()


async def test_a_taken_port_is_one_clear_line(database: str) -> None:
    async with program(database) as first:
        await until(lambda: first.ask("/healthz"))
        async with program(database, CAMLEDGER_WEB_PORT=str(first.port)) as second:
            output, _ = await asyncio.wait_for(second.process.communicate(), 30)
    assert second.process.returncode == 2
    last = output.decode().strip().splitlines()[-1]
    assert "cannot be used (Address already in use)" in last
    assert "web.port" in last


async def test_the_demo_shows_a_city_and_goes_on_after_a_stop(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder: Path = tmp_path_factory.mktemp("demo")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o711)
    for _ in range(2):
        async with program(None, "demo", folder=folder) as demo:
            counts = await until(lambda: _most_online(demo), within_s=60)
            assert counts["cameras"] == 390
            streets = await until(lambda: demo.ask("/api/v1/coverage?kind=street"))
            assert streets
            code, seconds, output = await demo.stop(signal.SIGINT)
            assert (code, seconds < 5) == (0, True), output
            assert "Page     http://127.0.0.1:" in output


async def _most_online(demo: object) -> object:
    counts = await demo.ask("/api/v1/status")  # type: ignore[attr-defined]
    return counts if counts and counts.get("online", 0) > 300 else None


def test_open_files_are_allowed_as_far_as_the_hard_limit_goes() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (900, before[1]))
        polling.allow_descriptors(1200)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1200, before[1])
        polling.allow_descriptors(1000)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (1200, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_it_stops_in_time_while_every_camera_hangs(
    database: str, conn: asyncpg.Connection
) -> None:
    async with fleet(database, "56", count=50) as cameras:
        given = {
            "CAMLEDGER_POLLING_CADENCE_S": "20",
            "CAMLEDGER_POLLING_TIMEOUT_S": "15",
            "CAMLEDGER_POLLING_CONNECT_TIMEOUT_S": "15",
        }
        for host in cameras.hosts:
            await cameras.set_fault(host, read_fault(["silent"]))

        async def some_wait() -> bool:
            return sum(cameras.asked(host).connections.total() for host in cameras.hosts) > 5

        async with program(database, **given) as monitor:
            await until(some_wait)
            code, seconds, _ = await monitor.stop()
    assert (code, seconds < 5) == (0, True)
    # cut off by our stop: no evidence against anybody
    assert await conn.fetchval("SELECT count(*) FROM observation_failed") == 0


async def test_the_roles_work_together_as_processes_of_their_own(
    database: str, conn: asyncpg.Connection
) -> None:
    async with (
        fleet(database, "57") as cameras,
        program(database, "run", "--role", "collector") as collector,
        program(database, "run", "--role", "scheduler") as scheduler,
        program(database, "run", "--role", "web") as web,
    ):
        await web.ready()
        await all_online(conn)
        await cameras.set_fault("127.57.0.1", read_fault(["refuse"]))

        async def page_tells() -> bool:
            return bool((await web.ask("/api/v1/status"))["offline"] == 1)

        async def day_is_stored() -> bool:
            return bool(await conn.fetchval("SELECT sum(down_s) > 0 FROM bi.ledger_day"))

        await until(page_tells)
        await until(day_is_stored)
        # enrolled while it runs, and found by the collector
        added = Camera(code="NEW", name="New", host="127.57.0.2", port=1)
        await taking.take_cameras(conn, [added], source="test", now=datetime.now(UTC))
        await reaches(conn, "NEW", "OFFLINE")
        assert [(await each.stop())[0] for each in (web, scheduler, collector)] == [0, 0, 0]


async def test_a_part_that_fails_begins_anew_and_ends_nothing_beside_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs, pauses, settled = 0, [], asyncio.Event()

    async def part() -> None:
        nonlocal runs
        runs += 1
        if runs < 9:
            raise ValueError("what a platform sent broke us")
        settled.set()
        await asyncio.Event().wait()

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    keeping = asyncio.create_task(service.keep_going(part, "platforms", pause))
    await settled.wait()
    assert pauses == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    assert capsys.readouterr().out.count("what a platform sent broke us") >= 8
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping


async def test_a_part_that_is_stopped_is_ended_before_the_stop_goes_on() -> None:
    ended = False

    async def part() -> None:
        nonlocal ended
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended = True

    keeping = asyncio.create_task(service.keep_going(part, "figures"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert ended


async def test_a_camera_with_two_witnesses_is_judged_by_both_and_outlives_a_kill(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    there = Wvp({HOST: []})
    config = tmp_path / "my.toml"
    async with fleet(database, "54", count=2) as cameras, served(there) as url:
        there.hosts[HOST] = [
            {**channel(n, "", "ON"), "deviceId": code} for n, code in enumerate(("C0", "C1"))
        ]
        text = f'[platforms.P]\nkind = "wvp"\nurl = "{url}"\nsecret = "key-1"\ncadence_s = 10\n'
        config.write_text(text, encoding="utf-8")
        await conn.execute("UPDATE camera SET judged_by = 'both'")
        given = settings.load(config).platforms["P"]

        async def heard() -> None:
            asked = await platforms.look(given, ZoneInfo("UTC"))
            assert asked.reading is not None, asked.refusal
            await platforms.keep(conn, "P", asked, datetime.now(UTC))

        async def said_off() -> bool:
            await heard()
            return await status(conn, "C1") == "OFFLINE"

        words = ("--config", str(config), "run")
        async with program(database, *words) as monitor:
            await monitor.ready()
            await all_online(conn)
            there.hosts[HOST][1]["status"] = "OFF"
            await until(said_off)
            assert await status(conn, "C0") == "ONLINE"
            await monitor.kill()
        async with program(database, *words) as monitor:
            await monitor.ready()

            async def both_heard() -> Any:
                await heard()
                found = await monitor.ask("/api/v1/cameras/C1")
                says = (found["health"], found["direct"], found["platform"])
                return found if says == ("down", "up", "off") else None

            found = await until(both_heard)
            assert (found["status"], found["reason"]) == ("OFFLINE", "platform_off")
            assert found["judged_by"] == "both"
        own = await conn.fetch(
            "SELECT witness, to_health FROM bi.witness_transition WHERE camera_code = 'C1'"
        )
        assert {tuple(row) for row in own} == {
            ("direct", "up"), ("platform", "up"), ("platform", "down"),
        }  # fmt: skip
        assert all(cameras.asked(host).harm == 0 for host in cameras.hosts)
