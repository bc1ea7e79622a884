"""Platforms are read and never fed; a silent one makes its cameras unknown to it, never offline."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from aiohttp import web

from collectors.platforms import kinds, mediamtx, wvp, zoneminder
from collectors.platforms.client import without_secrets
from collectors.platforms.reading import Access, word
from db import platforms as stored
from db import views
from monitor import platforms, proposals, settings
from monitor.model import Camera
from monitor.settings import Platform
from monitor.witness import Channel, Said
from tests import taking
from tests.platforms import MediaMtx, Wvp, ZoneMinder, channel, served
from tests.test_protected import say

ZONE = ZoneInfo("Asia/Shanghai")
HOST, OTHER = "34020300001180000001", "34020300001180000002"
CAM = "3402030000131000000{}"


def now() -> datetime:
    """Of this moment: what platforms said grows old while a suite runs."""
    return datetime.now(UTC)


def codes(count: int, first: int = 1) -> list[str]:
    return [f"34020300001310{number:06}" for number in range(first, first + count)]


async def read(kind: str, url: str, access: Access, memory: Any = None) -> kinds.Asked:
    return await kinds.ask(kind, url, access, ZONE, memory)


@pytest.fixture(params=[False, True], ids=["host by host", "all at once"])
async def there(request: pytest.FixtureRequest) -> AsyncIterator[tuple[Wvp, str]]:
    rows = [channel(1, codes(1)[0], "ON"), channel(2, codes(1, 2)[0], "OFF"),
            channel(3, codes(1, 3)[0], "VLOST"), channel(4, codes(1, 4)[0], ""),
            channel(5, codes(1, 5)[0], None), channel(6, "34020300001340000001", "ON"),
            channel(7, "34020300002160000001", "ON"), channel(8, codes(1, 8)[0], "ok")]  # fmt: skip
    wvp_there = Wvp({HOST: rows})
    wvp_there.common = request.param
    async with served(wvp_there) as url:
        yield wvp_there, url


KEY = Access(secret="key-1")


# --- WVP


async def test_channels_have_our_word_beside_theirs(there: tuple[Wvp, str]) -> None:
    fake, url = there
    fake.keepalives[HOST] = "2026-11-26 21:11:24"
    asked = await read("wvp", url, KEY)
    assert asked.reading is not None
    said = {each.code[-1]: (each.said, each.raw) for each in asked.reading.channels}
    assert said == {
        "1": (Said.ON, "ON"), "2": (Said.OFF, "OFF"), "3": (Said.OFF, "VLOST"),
        "4": (Said.UNKNOWN, ""), "5": (Said.UNKNOWN, ""), "8": (Said.ON, "ok"),
    }  # fmt: skip
    first = asked.reading.channels[0]
    assert (first.host, first.frame, first.lon) == (HOST, "WGS84", 118.3764)
    assert first.evidence_at == datetime(2026, 11, 26, 13, 11, 24, tzinfo=UTC)
    assert (asked.reading.complete, asked.reading.version) == (True, "2.7.4")


async def test_only_what_may_be_read_is_asked_and_secrets_leave_at_once(
    there: tuple[Wvp, str],
) -> None:
    fake, url = there
    asked = await read("wvp", url, KEY)
    by_host = set() if fake.common else {f"/api/device/query/devices/{HOST}/channels"}
    assert set(fake.asked) == by_host | {
        "/api/server/version", "/api/device/query/devices", "/api/common/channel/list",
        "/api/device/query/statistics/keepalive",
    }  # fmt: skip
    assert "devicepw" not in repr(asked)
    assert "key-1" not in repr(asked)


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("count", [1, 200, 450])
async def test_all_pages_are_read(count: int, common: bool) -> None:
    rows = [channel(number, code, "ON") for number, code in enumerate(codes(count))]
    fake = Wvp({HOST: rows})
    fake.common = common
    async with served(fake) as url:
        asked = await read("wvp", url, KEY)
    assert asked.reading is not None
    assert (len(asked.reading.channels), asked.reading.complete) == (count, True)


@pytest.mark.parametrize("common", [False, True])
async def test_rows_that_repeat_and_drop_make_a_reading_that_is_not_whole(common: bool) -> None:
    rows = [channel(number, code, "ON") for number, code in enumerate(codes(450))]
    fake = Wvp({HOST: rows})
    fake.repeats, fake.common = True, common
    async with served(fake) as url:
        asked = await read("wvp", url, KEY)
    assert asked.reading is not None
    assert not asked.reading.complete
    assert len({each.key for each in asked.reading.channels}) == len(asked.reading.channels) < 450
    assert ("the list of channels" if common else HOST) in asked.reading.detail


async def test_what_it_writes_while_a_host_is_offline_is_its_own_inference(
    there: tuple[Wvp, str],
) -> None:
    fake, url = there
    fake.offline = {HOST}
    asked = await read("wvp", url, KEY)
    assert asked.reading is not None
    assert {each.said for each in asked.reading.channels} == {Said.UNKNOWN}
    assert asked.reading.channels[1].raw == "OFF"


async def test_off_after_an_outage_of_the_host_is_inference_until_one_is_on_again(
    there: tuple[Wvp, str],
) -> None:
    """WVP writes OFF for all when a host goes, and leaves it so until a catalogue was read."""
    fake, url = there
    memory: dict[str, float] = {}
    was = [row["status"] for row in fake.hosts[HOST]]

    async def words() -> set[Said]:
        asked = await read("wvp", url, KEY, memory)
        assert asked.reading is not None
        return {each.said for each in asked.reading.channels}

    assert await words() == {Said.ON, Said.OFF, Said.UNKNOWN}
    fake.offline = {HOST}
    for row in fake.hosts[HOST]:
        row["status"] = "OFF"
    assert await words() == {Said.UNKNOWN}
    fake.offline = set()
    assert await words() == {Said.UNKNOWN}
    for row, status in zip(fake.hosts[HOST], was, strict=True):
        row["status"] = status
    assert await words() == {Said.ON, Said.OFF, Said.UNKNOWN}


async def test_heartbeats_of_many_hosts_are_asked_for_in_turn() -> None:
    hosts = [f"340203000011800{number:05}" for number in range(250)]
    fake = Wvp({host: [] for host in hosts})
    fake.common = True
    memory: dict[str, float] = {}
    async with served(fake) as url:
        for _ in range(3):
            await read("wvp", url, KEY, memory)
    assert fake.asked.count("/api/device/query/statistics/keepalive") == 300
    assert {f"asked {host}" for host in hosts} <= set(memory)


@pytest.mark.parametrize("common", [False, True])
async def test_one_code_under_two_hosts_is_two_channels(common: bool) -> None:
    rows = [channel(1, codes(1)[0], "ON")]
    fake = Wvp({HOST: rows, OTHER: [channel(2, codes(1)[0], "OFF")]})
    fake.common = common
    async with served(fake) as url:
        asked = await read("wvp", url, KEY)
    assert asked.reading is not None
    assert {each.key: each.said for each in asked.reading.channels} == {
        f"{HOST}/{codes(1)[0]}": Said.ON, f"{OTHER}/{codes(1)[0]}": Said.OFF,
    }  # fmt: skip


async def test_a_log_in_goes_by_get_and_its_secrets_are_not_kept(there: tuple[Wvp, str]) -> None:
    _, url = there
    asked = await read("wvp", url, Access(user="monitor", secret="geheim"))
    assert asked.reading is not None
    assert not [word_ for word_ in ("geheim", "push-secret", "token-1") if word_ in repr(asked)]
    wrong = await read("wvp", url, Access(user="monitor", secret="falsch"))
    assert "code 100" in wrong.refusal


@pytest.mark.parametrize("older", ["2.6.3", "2.7.2"])
async def test_older_versions_are_told_by_the_keys_they_have(older: str) -> None:
    code = codes(1)[0]
    row = channel(1, HOST, "ON", channelId=code)
    row["status"] = 1 if older == "2.6.3" else True
    async with served(Wvp({HOST: [row]})) as url:
        asked = await read("wvp", url, KEY)
    assert asked.reading is not None
    assert [(each.code, each.said) for each in asked.reading.channels] == [(code, Said.ON)]


def test_names_that_are_garbled_beyond_repair_are_no_names() -> None:
    row = channel(1, codes(1)[0], "ON", name="纰跺ご\ufffd")
    made = wvp._channel(row, HOST, {})
    assert made is not None
    assert made.name == ""


# --- faults of any platform


@pytest.mark.parametrize(
    ("body", "status", "complaint"),
    [
        ("<html>", 200, "no JSON"),
        ("{}", 200, "otherwise than a WVP"),
        ('{"code": 401}', 401, "does not let us in"),
        ('{"code": 500, "msg": "x"}', 200, "code 500"),
        ('{"code": 0, "data": null}', 200, "no list"),
        ("[" * 100_000, 200, "no JSON"),
        ("", 302, "leads elsewhere"),
    ],
)
async def test_an_answer_nobody_understands_is_a_refusal_with_a_sentence(
    body: str, status: int, complaint: str
) -> None:
    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(text=body, status=status, headers={"Location": "http://127.0.0.2/"})

    async with served(answer) as url:
        asked = await read("wvp", url, KEY)
    assert asked.reading is None
    assert complaint in asked.refusal


async def test_an_answer_without_end_is_cut_off() -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(40):
            await answer.write(b" " * 1024**2)
        return answer

    async with served(flood) as url:
        asked = await read("wvp", url, KEY)
    assert "more than 32 MiB" in asked.refusal


async def test_a_silent_address_is_a_refusal() -> None:
    asked = await read("wvp", "http://127.0.0.1:9", KEY)
    assert "does not answer" in asked.refusal
    assert not any(step.ok for step in asked.steps)


async def test_no_kind_may_ask_anything_off_its_list() -> None:
    async with kinds.Client("http://127.0.0.1:9", wvp.ALLOWED) as client:
        for path in ("/api/server/shutdown", "/api/server/config", "/api/play/start/1/2"):
            with pytest.raises(kinds.Refused, match="on no list"):
                await client.get(path)
    words = ("config", "shutdown", "play", "snap", "ptz", "control", "record", "stream", "alarm")
    for allowed in (wvp.ALLOWED, mediamtx.ALLOWED, zoneminder.ALLOWED):
        assert not [path for path in allowed for each in words if each in path.lower()]


def test_secrets_are_dropped_wherever_they_stand() -> None:
    told = {"a": [{"Pass": "x", "gbPassword": "x", "userName": "x", "name": "n"}], "pushKey": "x"}
    assert without_secrets(told) == {"a": [{"name": "n"}]}


@pytest.mark.parametrize(
    ("raw", "said"),
    [("ON", Said.ON), ("online", Said.ON), (1, Said.ON), (True, Said.ON), ("OFF", Said.OFF),
     ("DEFECT", Said.OFF), (0, Said.OFF), ("", Said.UNKNOWN), (None, Said.UNKNOWN),
     ("perhaps", Said.UNKNOWN), ([], Said.UNKNOWN)],
)  # fmt: skip
def test_words_of_a_status(raw: Any, said: Said) -> None:
    assert word(raw) is said


# --- MediaMTX and ZoneMinder


async def test_online_of_mediamtx_is_a_trap_and_bytes_must_come() -> None:
    fake, memory = MediaMtx(), dict[str, float]()
    me = Access(user="u", secret="p")
    async with served(fake) as url:
        assert "does not let us in" in (await read("mediamtx", url, Access())).refusal
        for grows, expected in ((1_000, Said.ON), (1_000, Said.ON), (0, Said.UNKNOWN)):
            if not grows:
                fake.grows, fake.times = 0, 0
                await read("mediamtx", url, me, memory)
            asked = await read("mediamtx", url, me, memory)
            assert asked.reading is not None
            said = {each.code: each.said for each in asked.reading.channels}
            assert said["cam_pub"] is said["cam_pull"] is expected
            assert said["cam_dead"] is said["cam_ondemand"] is Said.UNKNOWN
            assert said["cam_never"] is Said.OFF


async def test_zoneminder_is_believed_only_while_its_daemon_runs() -> None:
    fake = ZoneMinder()
    me = Access(user="u", secret="geheim")
    async with served(fake) as url:
        asked = await read("zoneminder", url, me)
        assert asked.reading is not None
        assert {each.code: each.said for each in asked.reading.channels} == {
            "Gate": Said.ON, "Yard": Said.OFF, "New": Said.UNKNOWN, "Frozen": Said.OFF,
        }  # fmt: skip
        assert not [x for x in ("campw", "onvifpw", "pathpw", "geheim", "tok") if x in repr(asked)]
        assert asked.reading.channels[0].address == "127.0.0.1"
        fake.daemon = 0
        stale = await read("zoneminder", url, me)
        assert stale.reading is not None
        assert {each.said for each in stale.reading.channels} == {Said.UNKNOWN}
        wrong = await read("zoneminder", url, Access(user="u", secret="falsch"))
        assert ("does not let us in" in wrong.refusal, "tok" in wrong.refusal) == (True, False)


# --- what is kept of it


def said(code: str, word_: Said, **more: Any) -> Channel:
    return Channel(key=f"{HOST}/{code}", code=code, said=word_, raw=word_.value, **more)


def asked_of(*channels: Channel, complete: bool = True) -> kinds.Asked:
    reading = kinds.Reading(channels=channels, complete=complete)
    return kinds.Asked(reading=reading, refusal="", steps=())


REFUSED = kinds.Asked(reading=None, refusal="it does not answer", steps=())


async def town(conn: asyncpg.Connection) -> None:
    cameras = [Camera(code=each, name=each, host=f"127.0.0.{each[-1]}") for each in codes(3)]
    await taking.take_cameras(conn, cameras, now=now())
    await stored.enrol(conn, {"P": ("wvp", 60.0)})


async def words(conn: asyncpg.Connection) -> dict[str, str | None]:
    rows = await conn.fetch("SELECT camera_code, platform FROM bi.camera_now ORDER BY 1")
    return {row["camera_code"]: row["platform"] for row in rows}


async def test_what_a_platform_says_stands_beside_what_we_found(conn: asyncpg.Connection) -> None:
    await town(conn)
    one, two, three = codes(3)
    done = await platforms.keep(conn, "P", asked_of(said(one, Said.ON), said(two, Said.OFF)), now())
    assert (done.channels, done.changed) == (2, 0)
    assert await words(conn) == {one: "on", two: "off", three: None}
    [platform] = await views.platforms(conn)
    assert (platform["health"], platform["said_on"], platform["known"]) == ("fresh", 1, 2)


async def test_a_platform_that_refuses_makes_its_cameras_unknown_and_never_offline(
    conn: asyncpg.Connection,
) -> None:
    await town(conn)
    one = codes(1)[0]
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON)), now())
    await platforms.keep(conn, "P", REFUSED, now())
    assert (await words(conn))[one] == "unknown"
    assert (await views.platforms(conn))[0]["health"] == "refused"
    # what it says in the first minute after it is back is not believed
    await platforms.keep(conn, "P", asked_of(said(one, Said.OFF)), now())
    assert (await words(conn))[one] == "unknown"
    assert (await views.platforms(conn))[0]["health"] == "just back"
    await conn.execute("UPDATE platform SET restarted_at = now() - interval '61 seconds'")
    assert (await words(conn))[one] == "off"


async def test_a_platform_that_is_read_no_more_says_nothing(conn: asyncpg.Connection) -> None:
    await town(conn)
    one = codes(1)[0]
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON)), now())
    await stored.enrol(conn, {"Q": ("wvp", 60.0)})  # another configuration asks beside
    assert (await words(conn))[one] == "on"
    await stored.remove_others(conn, ["Q"], now())
    assert (await words(conn))[one] is None
    assert [each["platform"] for each in await views.platforms(conn)] == ["Q"]


async def test_a_stale_feed_is_unknown(conn: asyncpg.Connection) -> None:
    await town(conn)
    one = codes(1)[0]
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON)), now())
    await conn.execute("UPDATE platform SET answered_at = now() - interval '181 seconds'")
    assert (await words(conn))[one] == "unknown"
    assert (await views.platforms(conn))[0]["health"] == "stale"


async def test_a_reading_that_is_not_whole_takes_nothing_away(conn: asyncpg.Connection) -> None:
    await town(conn)
    one, two, _ = codes(3)
    both = asked_of(said(one, Said.ON), said(two, Said.ON))
    await platforms.keep(conn, "P", both, now())
    partial = asked_of(said(one, Said.ON), complete=False)
    await platforms.keep(conn, "P", partial, now() + timedelta(seconds=60))
    assert (await words(conn))[two] == "on"
    assert (await views.platforms(conn))[0]["health"] == "partial"
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON)), now() + timedelta(seconds=120))
    assert (await words(conn))[two] == "unknown"
    await platforms.keep(conn, "P", both, now() + timedelta(seconds=180))
    assert (await words(conn))[two] == "on"


async def test_each_change_of_its_word_is_kept_beside_our_own_transitions(
    conn: asyncpg.Connection,
) -> None:
    await town(conn)
    one = codes(1)[0]
    for minute, word_ in enumerate((Said.ON, Said.ON, Said.OFF, Said.ON)):
        at = now() + timedelta(minutes=minute)
        await platforms.keep(conn, "P", asked_of(said(one, word_)), at)
    rows = await conn.fetch("SELECT from_said, to_said FROM said_change ORDER BY at")
    assert [tuple(row) for row in rows] == [("on", "off"), ("off", "on")]
    assert await conn.fetchval("SELECT count(*) FROM transition") == 0


async def test_disagreements_have_a_name_and_advice_once_they_last(
    conn: asyncpg.Connection,
) -> None:
    await town(conn)
    one, two, _ = codes(3)
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON), said(two, Said.OFF)), now())
    ids = {row["code"]: row["id"] for row in await conn.fetch("SELECT id, code FROM camera")}
    for code, health in ((one, "down"), (two, "up")):
        await conn.execute(
            "INSERT INTO camera_state (camera_id, health, since, changed_at, last_at) "
            "VALUES ($1, $2, now(), now(), now())",
            ids[code],
            health,
        )
    assert await views.disagreements(conn) == []
    assert await conn.fetchval("SELECT dispute_s FROM policy") == 600
    long_ago = "now() - interval '11 minutes'"
    await conn.execute(f"UPDATE camera_state SET since = {long_ago}")
    await conn.execute(f"UPDATE platform_channel SET since = {long_ago}")
    found = {row["camera_code"]: row["kind"] for row in await views.disagreements(conn)}
    assert found == {one: "ghost online", two: "not registered"}
    await platforms.keep(conn, "P", REFUSED, now())
    assert await views.disagreements(conn) == []


async def test_a_channel_without_a_code_we_know_is_matched_by_its_address(
    conn: asyncpg.Connection,
) -> None:
    await taking.take_cameras(
        conn,
        [Camera(code="A", name="A", host="127.0.0.7"), Camera(code="B", name="B", host="127.0.0.8"),
         Camera(code="C", name="C", host="127.0.0.8")],
        now=now(),
    )  # fmt: skip
    await stored.enrol(conn, {"P": ("wvp", 60.0)})
    reading = asked_of(
        said(codes(1)[0], Said.ON, address="127.0.0.7"),
        said(codes(1, 2)[0], Said.ON, address="127.0.0.8"),
    )
    await platforms.keep(conn, "P", reading, now())
    assert await words(conn) == {"A": "on", "B": None, "C": None}


async def test_what_is_accepted_is_undeclared_and_can_be_taken_back(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    known, new, gcj, twin = codes(4)
    await taking.take_cameras(conn, [Camera(code=known, name="K")], now=now())
    rows = [channel(1, known, "ON"), channel(2, new, "ON", longitude=118.4, latitude=31.3),
            channel(4, twin, "ON")]  # fmt: skip
    fake = Wvp({HOST: rows, OTHER: [channel(3, gcj, "OFF"), channel(5, twin, "ON")]})
    async with served(fake) as url:
        config = tmp_path / "my.toml"
        key = tmp_path / "key"
        key.write_text("key-1\n", encoding="utf-8")
        config.write_text(
            f'[platforms.P]\nkind = "wvp"\nurl = "{url}"\nsecret_file = "{key}"\n',
            encoding="utf-8",
        )
        given = settings.load(config).platforms["P"]
        asked = await platforms.look(given, ZONE)
    await stored.enrol(conn, {"P": ("wvp", 60.0)})
    await platforms.keep(conn, "P", asked, now())
    await conn.execute("UPDATE platform_channel SET frame = 'GCJ02' WHERE code = $1", gcj)
    found = {each.code: each for each in await proposals.proposals(conn, "P")}
    assert set(found) == {known, new, gcj, twin}  # the known one has another name there
    assert (found[new].values["lon"], found[twin].acceptable) == (118.4, False)
    verb = ["--config", str(config), "platforms"]
    assert say(database, *verb, "approve", "P", twin).returncode == 2
    done = say(database, *verb, "approve", "P", "--all", "--by", "Li", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["accepted"] == 2
    states = await conn.fetch("SELECT camera_code, declared FROM bi.camera_now ORDER BY 1")
    assert [tuple(row) for row in states] == [(known, False), (new, False), (gcj, False)]
    assert (await words(conn))[new] == "on"
    undone = say(database, "imports", "undo", str(told["change_set"]))
    assert undone.returncode == 0, undone.stderr
    assert await conn.fetchval("SELECT count(*) FROM camera") == 1


# --- at the command line and in the configuration


async def test_an_administrator_tests_and_syncs_a_platform(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    import asyncio

    fake = Wvp({HOST: [channel(1, codes(1)[0], "ON")]})
    config = tmp_path / "my.toml"
    async with served(fake) as url:
        text = f'[platforms.P]\nkind = "wvp"\nurl = "{url}"\nsecret = "key-1"\n'
        config.write_text(text, encoding="utf-8")
        verb = ["--config", str(config), "platforms"]
        tested = await asyncio.to_thread(say, database, *verb, "test", "P")
        assert tested.returncode == 0, tested.stderr
        assert "1 cameras (all of them): 1 on" in tested.stdout
        assert await conn.fetchval("SELECT count(*) FROM platform_channel") == 0
        synced = await asyncio.to_thread(say, database, *verb, "sync", "P", "--by", "Li")
        assert "1 cameras read" in synced.stdout
        fake.down = True
        refused = await asyncio.to_thread(say, database, *verb, "sync", "P")
        assert (refused.returncode, "Nothing was learnt" in refused.stdout) == (1, True)
    listed = json.loads(say(database, *verb, "list", "--json").stdout)
    assert listed["platforms"][0]["health"] == "refused"
    assert "key-1" not in tested.stdout + synced.stdout + refused.stdout + json.dumps(listed)
    unknown = say(database, *verb, "test", "Q")
    assert (unknown.returncode, "no platform Q" in unknown.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('kind = "nvr"\nurl = "http://h"', "kind"),
        ('kind = "wvp"\nurl = "ftp://h"', "http://host:port"),
        ('kind = "wvp"\nurl = "http://u:p@h"', "without user"),
        ('kind = "wvp"', "url"),
        ('kind = "wvp"\nurl = "http://h"\nport = 1', "no such option"),
        ('kind = "wvp"\nurl = "http://h"\ncadence_s = 1', "cadence_s"),
    ],
)
def test_a_platform_that_cannot_be_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f"[platforms.P]\n{text}\n", encoding="utf-8")
    with pytest.raises(settings.BadSettings) as refused:
        settings.load(file)
    assert complaint in str(refused.value)


def test_a_secret_comes_from_one_place(tmp_path: Path) -> None:
    given = {"kind": "wvp", "url": "http://127.0.0.1:1"}
    assert Platform.model_validate({**given, "secret": "s"}).password() == "s"
    assert Platform.model_validate(given).password() == ""
    absent = Platform.model_validate({**given, "secret_file": tmp_path / "absent"})
    with pytest.raises(settings.BadSettings, match="cannot be read"):
        absent.password()


# --- what many, missing and empty rows mean


async def test_what_is_missing_in_three_whole_readings_is_gone(conn: asyncpg.Connection) -> None:
    await town(conn)
    one, two, _ = codes(3)
    both, single = asked_of(said(one, Said.ON), said(two, Said.ON)), asked_of(said(one, Said.ON))
    readings = (both, single, single, asked_of(said(one, Said.ON), complete=False), single)
    gone = []
    for minute, reading in enumerate(readings):
        await platforms.keep(conn, "P", reading, now() + timedelta(minutes=minute))
        gone.append(
            await conn.fetchval("SELECT gone_since FROM platform_channel WHERE code = $1", two)
        )
    assert [each is not None for each in gone] == [False, False, False, False, True]
    await platforms.keep(conn, "P", both, now() + timedelta(minutes=9))
    assert not await conn.fetchval("SELECT count(*) FROM platform_channel WHERE missed > 0")


async def test_an_empty_answer_withdraws_nothing(conn: asyncpg.Connection) -> None:
    await town(conn)
    one = codes(1)[0]
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON)), now())
    await platforms.keep(conn, "P", asked_of(), now() + timedelta(seconds=60))
    assert (await words(conn))[one] == "on"
    assert (await views.platforms(conn))[0]["health"] == "partial"


async def test_many_changes_in_one_reading_are_one_event_of_the_platform(
    conn: asyncpg.Connection,
) -> None:
    many = codes(6)
    await taking.take_cameras(conn, [Camera(code=each, name=each) for each in many], now=now())
    await stored.enrol(conn, {"P": ("wvp", 60.0)})
    await platforms.keep(conn, "P", asked_of(*(said(each, Said.ON) for each in many)), now())
    off = asked_of(*(said(each, Said.OFF) for each in many))
    await platforms.keep(conn, "P", off, now())
    assert set((await words(conn)).values()) == {"unknown"}
    assert (await views.platforms(conn))[0]["health"] == "many at once"
    [told] = await views.disagreements(conn)
    assert (told["kind"], told["said"], told["camera_code"]) == ("many at once", "6 changed", None)
    await platforms.keep(conn, "P", off, now() + timedelta(seconds=61))  # they stay so: it is true
    assert set((await words(conn)).values()) == {"off"}


async def test_a_platform_that_says_nothing_whole_for_long_is_a_finding(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await town(conn)
    one = codes(1)[0]
    await platforms.keep(conn, "P", asked_of(said(one, Said.ON)), now())
    assert await views.disagreements(conn) == []
    await conn.execute("UPDATE platform SET fresh_at = now() - interval '11 minutes'")
    await platforms.keep(conn, "P", REFUSED, now())
    [told] = await views.disagreements(conn)
    assert (told["kind"], told["platform"], told["raw"]) == ("feed stale", "P", REFUSED.refusal)
    config = tmp_path / "my.toml"
    config.write_text('[platforms.P]\nkind = "wvp"\nurl = "http://127.0.0.1:9"\n', encoding="utf-8")
    listed = say(database, "--config", str(config), "platforms", "list").stdout
    assert "platform P: feed stale since" in listed


@pytest.mark.parametrize(("camera_s", "there_s", "differs"), [(2, 3, 0), (2, 300, 1), (-40, 9, 1)])
async def test_a_camera_whose_time_is_not_that_of_its_platform_is_a_finding(
    conn: asyncpg.Connection, camera_s: float, there_s: float, differs: int
) -> None:
    await town(conn)
    one = codes(1)[0]
    await conn.execute(
        "INSERT INTO camera_state (camera_id, health, since, changed_at, last_at, clock_offset_s) "
        "SELECT id, 'up', now(), now(), now(), $2 FROM camera WHERE code = $1",
        one,
        camera_s,
    )
    reading = replace(asked_of(said(one, Said.ON)), clock_offset_s=there_s)
    await platforms.keep(conn, "P", reading, now())
    found = await views.disagreements(conn)
    assert [each["kind"] for each in found] == ["clock differs"] * differs


async def test_the_time_of_a_platform_is_read_from_its_answers(there: tuple[Wvp, str]) -> None:
    asked = await read("wvp", there[1], Access(secret="key-1"))
    assert asked.clock_offset_s is not None
    assert abs(asked.clock_offset_s) < 5


@pytest.mark.parametrize(
    ("took_s", "denied", "pause_s"),
    [(0, 0, 60), (0, 1, 60), (20, 0, 40), (70, 0, 15), (0, 2, 3600), (9, 9, 3600)],
)
def test_questions_keep_their_cadence_and_a_log_in_refused_twice_waits_for_an_hour(
    took_s: float, denied: int, pause_s: float
) -> None:
    assert platforms._pause_s(60.0, took_s, denied) == pause_s


async def test_a_wrong_password_is_known_as_such(there: tuple[Wvp, str]) -> None:
    fake, url = there
    assert (await read("wvp", url, Access(user="monitor", secret="falsch"))).denied
    assert (await read("wvp", url, Access(secret="key-2"))).denied
    fake.down = True
    assert not (await read("wvp", url, Access(secret="key-1"))).denied
