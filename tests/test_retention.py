"""How long recordings are kept is asked gently and compared both ways with what is declared."""

import asyncio
import json
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.platforms import kinds, wvp
from collectors.platforms.reading import Access, Refused, Wanted
from db import accounts, editions, sums
from db import platforms as stored
from monitor import platforms
from monitor.model import Camera
from monitor.register.public import facts
from monitor.settings import Platform
from monitor.witness import Said
from tests import taking
from tests.declared import declare_all
from tests.platforms import Handler, MediaMtx, Recorder, Wvp, ZoneMinder, served
from tests.test_platforms import HOST, KEY, asked_of, codes, now, said
from tests.test_protected import say

ZONE = ZoneInfo("Asia/Shanghai")
ME = Access(user="monitor", secret="geheim")


async def oldest(
    kind: str, there: Handler, access: Access, *wanted: tuple[str, int]
) -> dict[str, str | None]:
    channels = [Wanted(key=key, days=days) for key, days in wanted]
    async with served(there) as url:
        found = kinds.kept(kind, url, access, ZONE, channels)
        return {each.key: each.oldest_at and each.oldest_at.isoformat() async for each in found}


def days_back(*days: int) -> set[str]:
    today = datetime.now(ZONE)
    return {f"{today - timedelta(days=each):%Y-%m-%d}" for each in days}


# --- what each kind tells


async def test_wvp_is_asked_for_days_and_of_days_only(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = Wvp({HOST: []})
    fake.recorded = days_back(*range(46))
    code = codes(1)[0]
    found = await oldest("wvp", fake, KEY, (f"{HOST}/{code}", 30), ("../x", 30))
    [(key, since)] = found.items()
    assert key == f"{HOST}/{code}"
    assert since is not None
    assert since.startswith(days_back(45).pop())
    assert set(fake.asked) == {f"/api/gb_record/query/{HOST}/{code}"}
    assert len(fake.asked) <= 12


async def test_a_device_that_does_not_answer_wvp_says_nothing() -> None:
    fake = Wvp({HOST: []})
    fake.record_code = 100
    assert await oldest("wvp", fake, KEY, (f"{HOST}/{codes(1)[0]}", 30)) == {}


@given(st.integers(0, 400), st.integers(0, 500))
def test_the_oldest_day_is_found_by_a_few_questions_and_three_where_it_is_as_declared(
    kept: int, declared: int
) -> None:
    asked = []

    async def has(days: int) -> bool:
        asked.append(days)
        return days <= kept

    assert asyncio.run(wvp.oldest_day(has, declared)) == min(kept, 400)
    assert len(asked) <= 13
    if kept == declared and 2 <= kept < 399:
        assert len(asked) <= 3


def test_where_nothing_is_recorded_there_is_no_oldest_day() -> None:
    async def has(days: int) -> bool:
        return False

    assert asyncio.run(wvp.oldest_day(has, 30)) is None


async def test_mediamtx_tells_the_start_of_its_oldest_segment() -> None:
    fake = MediaMtx()
    fake.segments = {"a": ["2026-02-03T00:00:00+00:00", "2026-02-01T00:00:00Z", "?"], "b": []}
    assert await oldest("mediamtx", fake, ME, ("a", 3), ("b", 3), ("c", 3)) == {
        "a": "2026-02-01T00:00:00+00:00", "b": None, "c": None,
    }  # fmt: skip


async def test_zoneminder_tells_the_oldest_event_in_whatever_order_it_lists() -> None:
    fake = ZoneMinder()
    fake.events = {"1": ["2026-02-09 10:00:00", "2026-02-05 10:00:00", "2026-02-01 10:00:00"]}
    user = Access(user="u", secret="geheim")
    assert await oldest("zoneminder", fake, user, ("1", 3), ("2", 3), ("x/y", 3)) == {
        "1": "2026-02-01T10:00:00+08:00", "2": None,
    }  # fmt: skip


@pytest.mark.parametrize("login", ["token", "digest"])
async def test_a_recorder_tells_since_when_it_has_recorded_each_source(login: str) -> None:
    fake = Recorder({"ch1": 200, "ch2": 200, "ch3": 200}, login=login)
    fake.earliest["ch2"] = "nonsense"
    found = await oldest("onvif", fake, ME, ("ch1", 3), ("ch2", 3), ("ch9", 3))
    assert found == {"ch1": "2026-02-01T00:00:00+00:00", "ch2": None}


async def test_a_platform_that_does_not_tell_is_a_sentence() -> None:
    with pytest.raises(Refused, match="does not say how long"):
        await oldest("genetec", ZoneMinder(), ME, ("1", 3))
    assert [each for each in kinds.NAMES if kinds.tells_kept(each)] == [
        "wvp", "mediamtx", "zoneminder", "onvif",
    ]  # fmt: skip


# --- what becomes of it


async def city(conn: asyncpg.Connection, *kept_days: float | None, declared: int = 30) -> None:
    """Declared cameras of a platform that keeps recordings for so many days."""
    some = codes(len(kept_days))
    cameras = [Camera(code=each, name=each) for each in some]
    long_ago = datetime(2025, 1, 1, tzinfo=UTC)
    await taking.take_cameras(conn, cameras, now=long_ago)
    await declare_all(conn, retention_days=declared)
    await stored.enrol(conn, {"P": ("wvp", 60.0)})
    await platforms.keep(conn, "P", asked_of(*(said(each, Said.ON) for each in some)), now())
    found = [
        (f"{HOST}/{code}", None if days is None else now() - timedelta(days=days, seconds=1))
        for code, days in zip(some, kept_days, strict=True)
    ]
    await stored.store_kept(conn, "P", found, now())


async def findings(conn: asyncpg.Connection) -> list[tuple[int, str]]:
    rows = {row["camera_code"]: row for row in await accounts.retention(conn)}
    return [(rows[key]["kept_days"], rows[key]["finding"]) for key in sorted(rows)]


async def test_longer_is_a_finding_as_shorter_is_and_a_day_is_none(
    conn: asyncpg.Connection,
) -> None:
    await city(conn, 30, 31, 32, 29, 28, None)
    assert await findings(conn) == [
        (30, "as declared"), (31, "as declared"), (32, "longer"),
        (29, "as declared"), (28, "shorter"), (0, "shorter"),
    ]  # fmt: skip
    told = await accounts.retention(conn, only_findings=True)
    assert {row["finding"] for row in told} == {"longer", "shorter"}
    assert all(row["advice"] for row in told)


async def test_nothing_may_be_kept_where_that_is_declared(conn: asyncpg.Connection) -> None:
    await city(conn, None, 3, declared=0)
    assert await findings(conn) == [(0, "as declared"), (3, "longer")]


async def test_a_young_camera_cannot_have_kept_more(conn: asyncpg.Connection) -> None:
    await city(conn, 3)
    await conn.execute("UPDATE camera SET first_entered_at = now() - interval '3 days'")
    assert await findings(conn) == [(3, "as declared")]


async def test_of_undeclared_cameras_nothing_is_asked(conn: asyncpg.Connection) -> None:
    await city(conn, 3, 45)
    assert {key for key, _ in await stored.wanted(conn, "P", 9)} == {
        f"{HOST}/{code}" for code in codes(2)
    }
    await conn.execute("DELETE FROM entry_camera")
    assert await stored.wanted(conn, "P", 9) == []
    assert await findings(conn) == []


async def test_it_is_asked_once_a_day_and_those_asked_longest_ago_first(
    conn: asyncpg.Connection,
) -> None:
    await city(conn, 3, 45)
    day = timedelta(days=1)
    due = [
        await stored.kept_due(conn, "P", now() + timedelta(hours=hours), day)
        for hours in (0, 1, 23, 25)
    ]
    assert due == [True, False, False, True]
    one, two = (f"{HOST}/{code}" for code in codes(2))
    await stored.store_kept(conn, "P", [(one, now())], now() + day)
    assert await stored.wanted(conn, "P", 1) == [(two, 30)]


async def test_what_was_learnt_before_a_platform_fell_silent_is_kept(
    conn: asyncpg.Connection,
) -> None:
    await city(conn, None, None)
    given = Platform.model_validate({"kind": "wvp", "url": "http://127.0.0.1:1", "secret": "key-1"})
    fake = Wvp({HOST: []})
    fake.recorded = days_back(*range(31))
    seen: list[Any] = []

    def tell(each: Any) -> None:
        seen.append(each)
        fake.down = True

    async with served(fake) as url:
        there = given.model_copy(update={"url": url})
        known = await platforms.learn_kept(
            lambda: nullcontext(conn), "P", there, ZONE, now, each=tell
        )
    assert (known, len(seen)) == (1, 1)
    assert sorted(await findings(conn)) == [(0, "shorter"), (30, "as declared")]


async def test_an_auditor_asks_how_long_recordings_are_kept(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await city(conn, None, None)
    fake = Wvp({HOST: []})
    fake.recorded = days_back(*range(46))
    config = tmp_path / "my.toml"
    async with served(fake) as url:
        text = f'[platforms.P]\nkind = "wvp"\nurl = "{url}"\nsecret = "key-1"\n'
        config.write_text(text, encoding="utf-8")
        verb = ["--config", str(config), "platforms", "retention", "P"]
        told = await asyncio.to_thread(say, database, *verb)
        plain = await asyncio.to_thread(say, database, *verb, "--json")
        fake.key = "other"
        refused = await asyncio.to_thread(say, database, *verb)
    assert (told.returncode, "2 declared cameras, 2 not as declared." in told.stdout) == (1, True)
    assert [row["finding"] for row in json.loads(plain.stdout)] == ["longer", "longer"]
    assert (refused.returncode, "does not let us in" in refused.stdout) == (1, True)


async def test_the_report_tells_how_many_keep_longer_or_shorter_than_declared(
    conn: asyncpg.Connection,
) -> None:
    await city(conn, 30, 45, 60, 3)
    await taking.take_cameras(conn, [Camera(code="unknown", name="n")], now=now())
    await declare_all(conn, retention_days=30)
    found = dict(await sums.retention(conn))
    assert found == {"declared": 5, "known": 4, "longer": 2, "shorter": 1}


async def test_residents_read_whether_recordings_are_kept_as_declared(
    conn: asyncpg.Connection,
) -> None:
    await city(conn, 30, 45, 3)
    await taking.take_cameras(conn, [Camera(code="unknown", name="n")], now=now())
    async with conn.transaction():
        told = {row["camera"]: facts(row)["kept"] async for row in editions.rows(conn)}
    assert list(told.values()) == ["as declared", "longer", "shorter", None]
