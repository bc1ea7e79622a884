"""A place needs coverage only for a stated, dated reason; without one nothing is missing."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from db import accounts, covered, migrate, requirements
from monitor.inventory.problems import Refused
from monitor.model import Place, PlaceKind, Requirement
from monitor.surveyor import Surveyor
from tests import protecting, taking
from tests.declared import declare_all
from tests.running import ROOT
from tests.test_migrate import old_database
from tests.test_surveyor import EAST, STREET, connections, surveyor, turn

__all__ = ["connections", "surveyor"]

NOW = datetime.now(UTC)
NEED = Requirement(
    share=0.5,
    purpose="School crossing",
    ground="Decision 3",
    review_due=NOW.date() + timedelta(days=30),
)
PLAIN = replace(STREET, requirement=None)


@pytest.fixture(autouse=True)
async def known(conn: asyncpg.Connection) -> None:
    """Protected places are loaded: there are none."""
    await protecting.load(conn)


async def needs(conn: asyncpg.Connection) -> list[tuple[str, float | None]]:
    return [(row["state"], row["share"]) for row in await accounts.requirements(conn)]


async def gaps(conn: asyncpg.Connection) -> int:
    return int(await conn.fetchval("SELECT count(*) FROM bi.coverage_gap"))


async def test_a_street_without_a_requirement_has_coverage_and_no_gap(
    conn: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await taking.take_places(conn, [PLAIN], now=NOW, by="Li")
    await taking.take_cameras(conn, [EAST], source="t", now=NOW)
    await declare_all(conn)
    await turn(conn, "up")
    await surveyor.refresh()
    [place] = await covered.coverage(conn)
    assert (place["required"], place["gaps"], place["effective"] > 0.3) == (None, [], True)
    # not even a hidden list of unwatched stretches is made
    assert await conn.fetchval("SELECT count(*) FROM coverage_gap") == 0


async def test_excess_is_what_is_watched_beyond_the_need_or_twice(
    conn: asyncpg.Connection, surveyor: Surveyor
) -> None:
    """One camera watches 100 of 302 metres; a second one, 30 m on, half of the same again."""
    second = replace(EAST, code="C2", name="C2", lon=(EAST.lon or 0) + 30 / 75_400)
    await taking.take_places(conn, [PLAIN], now=NOW, by="Li")
    await taking.take_cameras(conn, [EAST], source="t", now=NOW)
    await declare_all(conn)
    await surveyor.refresh()
    [place] = await covered.coverage(conn)
    assert place["excess_m"] == place["unrequired_m"] == pytest.approx(100, abs=0.5)
    assert place["excess_m2"] is place["unrequired_m2"] is None
    for share, excess in ((0.1, 100 - 30.2), (0.5, 0.0)):
        wanted = replace(PLAIN, requirement=replace(NEED, share=share))
        await taking.take_places(conn, [wanted], now=datetime.now(UTC), by="Li")
        [place] = await covered.coverage(conn)
        assert place["excess_m"] == pytest.approx(excess, abs=0.5)
        assert place["unrequired_m"] == 0
    await taking.take_cameras(conn, [second], source="t", now=NOW)
    await declare_all(conn)
    await surveyor.refresh()
    [place] = await covered.coverage(conn)
    assert place["excess_m"] == pytest.approx(70, abs=1)  # watched by both
    [kind] = await covered.coverage_kinds(conn)
    assert (kind["excess_m"], kind["unrequired_m"]) == (place["excess_m"], 0)


async def test_gaps_come_with_the_reason_and_go_on_the_day_of_its_review(
    conn: asyncpg.Connection, surveyor: Surveyor
) -> None:
    await taking.take_places(conn, [STREET], now=NOW, by="Li")
    await taking.take_cameras(conn, [EAST], source="t", now=NOW)
    await declare_all(conn)
    await turn(conn, "up")
    await surveyor.refresh()
    assert (await needs(conn), await gaps(conn)) == ([("in_force", 0.5)], 1)
    today = await requirements.today(conn, datetime.now(UTC))
    await conn.execute(
        "UPDATE requirement SET from_day = $1::date - 9, review_due = $1::date", today
    )
    assert (await needs(conn), await gaps(conn)) == ([("lapsed", 0.5)], 0)
    [place] = await covered.coverage(conn)
    assert (place["required"], place["gaps"]) == (None, [])
    await surveyor.refresh()
    assert await conn.fetchval("SELECT count(*) FROM coverage_gap") == 0


async def test_a_requirement_that_is_met_or_may_be_met_leaves_no_gap(
    conn: asyncpg.Connection, surveyor: Surveyor
) -> None:
    met = replace(STREET, requirement=replace(NEED, share=0.3))
    await taking.take_places(conn, [met], now=NOW, by="Li")
    await taking.take_cameras(conn, [EAST], source="t", now=NOW)
    await declare_all(conn)
    await surveyor.refresh()  # nobody has looked yet: the camera may be up
    assert await gaps(conn) == 0
    await turn(conn, "up")
    await surveyor.refresh()
    assert await gaps(conn) == 0
    await turn(conn, "down")
    await surveyor.refresh()
    assert await gaps(conn) == 2


async def test_a_file_changes_only_the_needs_that_it_names(conn: asyncpg.Connection) -> None:
    stated = replace(PLAIN, requirement=NEED, required_draft=4)
    await taking.take_places(conn, [stated], now=NOW, by="Li")
    later = NOW + timedelta(microseconds=1)
    renamed = replace(PLAIN, name="Short street")
    assert (await taking.take_places(conn, [renamed], now=later, by="Wu")).tally.changed == 1
    assert await needs(conn) == [("in_force", 0.5)]
    assert (await taking.take_places(conn, [replace(stated, name="Short street")], now=later,
                                     by="Wu")).tally.unchanged == 1  # fmt: skip
    other = replace(renamed, requirement=replace(NEED, share=0.8))
    await taking.take_places(conn, [other], now=later, by="Wu")
    assert await needs(conn) == [("in_force", 0.8), ("withdrawn", 0.5)]
    row = await conn.fetchrow("SELECT * FROM requirement WHERE withdrawn_at IS NOT NULL")
    assert row is not None
    assert (row["stated_by"], row["withdrawn_by"]) == ("Li", "Wu")


@pytest.mark.parametrize(
    ("review_due", "reason"),
    [
        (date(2020, 1, 1), "does not lie ahead"),
        (NOW.date() + timedelta(days=4 * 366), "more than 3 years ahead"),
    ],
)
async def test_a_review_lies_ahead_within_three_years(
    conn: asyncpg.Connection, review_due: date, reason: str
) -> None:
    wrong = replace(PLAIN, requirement=replace(NEED, review_due=review_due))
    with pytest.raises(Refused, match=reason):
        await taking.take_places(conn, [wrong], now=NOW, by="Li")
    assert await conn.fetchval("SELECT count(*) FROM place") == 0


@pytest.mark.parametrize(
    "wrong",
    [
        "share = 0",
        "share = 1.01",
        "purpose = ' '",
        "ground = ''",
        "stated_by = ''",
        "review_due = from_day",
        "review_due = from_day + 1200",
        "withdrawn_at = now()",
    ],
)
async def test_the_database_itself_refuses_a_need_without_its_reason(
    conn: asyncpg.Connection, wrong: str
) -> None:
    await taking.take_places(conn, [replace(PLAIN, requirement=NEED)], now=NOW, by="Li")
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(f"UPDATE requirement SET {wrong}")


async def test_what_was_required_without_a_reason_is_kept_as_a_draft_and_counts_for_nothing(
    empty_database: str,
) -> None:
    conn = await old_database(empty_database)
    await conn.execute("SET search_path = sharp_eyes, public")
    await conn.execute(
        """
        INSERT INTO place (kind, code, name, area_type, geometry, required, updated_at)
        VALUES ('street', 's', 'Old street', 'ST', '{}', 4, now());
        INSERT INTO camera (code, name, intent, point_class, created_at, updated_at)
        VALUES ('P1', 'P1', 'in_service', '2', now(), now());
        """
    )
    await conn.execute("RESET search_path")
    await migrate.migrate(conn)
    assert await needs(conn) == [("draft", None)]
    assert await conn.fetchval("SELECT required_draft FROM place") == 4
    assert await requirements.in_force(conn) == frozenset()
    assert (
        await conn.fetchval("SELECT sheet ->> 'point_class' FROM camera WHERE code = 'P1'") == "2"
    )
    await conn.close()


def say(dsn: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "monitor", "requirement", *words],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "CAMLEDGER_DATABASE_URL": dsn, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_person_states_and_withdraws_a_need_at_the_command_line(
    database: str, conn: asyncpg.Connection
) -> None:
    area = Place(kind=PlaceKind.SCHOOL, code="s2", name=PLAIN.name, geometry=STREET.geometry)
    await taking.take_places(conn, [PLAIN, area], now=NOW, by="Li")
    reason = ["--share", "0.4", "--purpose", "Flood level", "--ground", "Decision 4"]
    due = (NOW.date() + timedelta(days=99)).isoformat()
    for words, complaint in (
        (["set", "s", *reason], "say --review, too"),
        (["set", "nowhere", *reason, "--review", due], "No place is called nowhere"),
        (["set", PLAIN.name, *reason, "--review", due], "2 places are called"),
        (["set", "s", *reason, "--review", "2020-01-01"], "does not lie ahead"),
        (["withdraw", "s"], "has no requirement to withdraw"),
        (["set"], "Say which place"),
    ):
        done = say(database, *words)
        assert (done.returncode, complaint in done.stderr) == (2, True), done.stderr
    done = say(
        database, "set", "s", *reason, "--review", due, "--by", "Office for floods", "--json"
    )
    assert done.returncode == 0, done.stderr
    [row] = json.loads(done.stdout)
    assert (row["state"], row["share"], row["stated_by"]) == ("in_force", 0.4, "Office for floods")
    assert "Flood level" in say(database, "list").stdout
    assert say(database, "withdraw", "s", "--by", "Wu").returncode == 0
    assert await needs(conn) == [("withdrawn", 0.4)]
