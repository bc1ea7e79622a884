"""The register: who states why a camera is there, who approves, what an undeclared one loses."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import accounts, audit, register, views
from monitor import declaring, entry, figures
from monitor.declaring import NotDeclared, Person
from monitor.entry import Declaration, Kind, Role
from monitor.inventory import read_register
from monitor.model import Camera, Health, Intent
from tests import taking
from tests.declared import WHOLE, declare_all
from tests.factories import add_cameras, change
from tests.running import ROOT

NOW = datetime.now(UTC)
LI = Person(name="Li", role=Role.OPERATOR)
WU = Person(name="Wu", role=Role.OVERSIGHT)
DATES = ("declared_from", "declared_until", "review_due")
FIELDS = {name: value for name, value in WHOLE.items() if name not in DATES}


async def enter(conn: asyncpg.Connection, *codes: str, now: datetime = NOW, **fields: Any) -> None:
    rows = [Camera(code=code, name=code, **fields) for code in codes]
    await taking.take_cameras(conn, rows, now=now)


def stated(camera: str, **changed: Any) -> Declaration:
    return Declaration(camera=camera, values={**FIELDS, **changed})


async def state(conn: asyncpg.Connection, code: str) -> tuple[str, bool, list[str]]:
    row = await conn.fetchrow("SELECT * FROM bi.register_now WHERE camera_code = $1", code)
    assert row is not None
    return row["state"], row["declared"], row["missing"]


async def approved(conn: asyncpg.Connection, *codes: str, **changed: Any) -> None:
    await declaring.declare(conn, [stated(code, **changed) for code in codes], LI, NOW)
    await declaring.approve(conn, codes, WU, NOW)


# ---- states


async def test_a_camera_is_undeclared_until_somebody_else_approves_what_was_stated(
    conn: asyncpg.Connection,
) -> None:
    await enter(conn, "C1")
    assert await state(conn, "C1") == ("undeclared", False, [])
    await declaring.declare(conn, [Declaration(camera="C1", values={"purpose": "Fire"})], LI, NOW)
    found, counts, lacks = await state(conn, "C1")
    assert (found, counts) == ("incomplete", False)
    assert {"need", "ground", "approval"} <= set(lacks)
    assert "purpose" not in lacks
    await declaring.declare(conn, [stated("C1")], LI, NOW)
    assert await state(conn, "C1") == ("incomplete", False, ["approval"])
    await declaring.approve(conn, ["C1"], WU, NOW)
    assert await state(conn, "C1") == ("declared", True, [])
    row = await accounts.register_entry(conn, "C1")
    assert row is not None
    assert (row["approved_by"], row["stated_by"], len(row["versions"])) == ("Wu", "Li", 2)
    assert date.fromisoformat(row["review_due"]) - NOW.date() < timedelta(days=367)


async def test_a_new_version_waits_and_the_old_one_counts_meanwhile(
    conn: asyncpg.Connection,
) -> None:
    await enter(conn, "C1")
    await approved(conn, "C1")
    await declaring.declare(conn, [Declaration(camera="C1", values={"purpose": "Fire"})], LI, NOW)
    row = await accounts.register_entry(conn, "C1")
    assert row is not None
    assert (row["state"], row["purpose"]) == ("declared", "Traffic flow")
    await declaring.approve(conn, ["C1"], WU, NOW + timedelta(seconds=1))
    row = await accounts.register_entry(conn, "C1")
    assert row is not None
    assert (row["purpose"], row["need"]) == ("Fire", FIELDS["need"])
    assert [each["ended"] for each in row["versions"]] == [None, "superseded"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"declared_until": NOW.date() - timedelta(days=2)}, ("lapsed", False)),
        ({"review_due": NOW.date() - timedelta(days=2)}, ("review_due", True)),
        ({"declared_from": NOW.date() + timedelta(days=2)}, ("incomplete", False)),
    ],
)
async def test_dates_end_and_begin_what_counts(
    conn: asyncpg.Connection, changed: dict[str, date], expected: tuple[str, bool]
) -> None:
    await enter(conn, "C1")
    dates = {"declared_from": NOW.date() - timedelta(days=300), **changed}
    if "declared_until" in changed:
        dates["review_due"] = NOW.date() - timedelta(days=9)
    await approved(conn, "C1", **dates)
    assert (await state(conn, "C1"))[:2] == expected


async def test_keeping_longer_than_the_law_allows_is_incomplete(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1")
    await approved(conn, "C1", retention_days=31)
    assert (await state(conn, "C1"))[1]
    await conn.execute("UPDATE policy SET longest_retention_days = 30")
    assert await state(conn, "C1") == ("incomplete", False, ["retention_days"])


async def test_withdrawing_counts_at_once_and_says_why(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1", "C2")
    await approved(conn, "C1", "C2")
    with pytest.raises(NotDeclared, match="Say why"):
        await declaring.withdraw(conn, ["C1"], LI, NOW, reason=" ")
    await declaring.withdraw(conn, ["C1"], LI, NOW + timedelta(seconds=1), reason="loops do it")
    assert (await state(conn, "C1"))[:2] == ("withdrawn", False)
    assert (await state(conn, "C2"))[:2] == ("declared", True)
    with pytest.raises(NotDeclared, match="has no entry to withdraw"):
        await declaring.withdraw(conn, ["C1"], LI, NOW, reason="again")
    with pytest.raises(NotDeclared, match="was withdrawn"):
        await declaring.approve(conn, ["C1"], WU, NOW)
    await approved(conn, "C1")
    assert (await state(conn, "C1"))[:2] == ("declared", True)


# ---- the second person, and no bulk justification


@pytest.mark.parametrize(
    ("person", "reason"),
    [
        (LI, "operating unit does not approve"),
        (Person(name=" li ", role=Role.OVERSIGHT), "a second person approves"),
        (Person(name="Zhao", role=Role.PRIVACY), "somebody of another role"),
    ],
)
async def test_nobody_approves_alone(conn: asyncpg.Connection, person: Person, reason: str) -> None:
    await enter(conn, "C1")
    stater = Person(name="Li", role=Role.PRIVACY if person.role is Role.PRIVACY else Role.OPERATOR)
    await declaring.declare(conn, [stated("C1")], stater, NOW)
    with pytest.raises(NotDeclared, match=reason):
        await declaring.approve(conn, ["C1"], person, NOW)
    # and the database itself refuses it, whatever a program says
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(
            "UPDATE entry_version SET approved_at = now(), approved_by = $1, approved_role = $2",
            person.name,
            person.role.value,
        )


async def test_what_is_incomplete_or_unknown_is_not_approved(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1")
    await declaring.declare(conn, [stated("C1", need=None)], LI, NOW)
    with pytest.raises(NotDeclared, match="it lacks need"):
        await declaring.approve(conn, ["C1"], WU, NOW)
    with pytest.raises(asyncpg.CheckViolationError):
        await conn.execute(
            "UPDATE entry_version SET approved_at = now(), approved_by = 'Wu', "
            "approved_role = 'oversight'"
        )
    with pytest.raises(NotDeclared, match="no entry for C9"):
        await declaring.approve(conn, ["C9"], WU, NOW)


async def test_fifty_cameras_may_share_an_entry_and_not_one_more(conn: asyncpg.Connection) -> None:
    codes = [f"C{number:02}" for number in range(51)]
    await enter(conn, *codes)
    rows = [replace(stated(code), entry="Station") for code in codes]
    await declaring.declare(conn, rows[:50], LI, NOW)
    await declaring.approve(conn, ["Station"], WU, NOW)
    assert await conn.fetchval("SELECT max(shared_by) FROM bi.register_now") == 50
    with pytest.raises(NotDeclared, match="51 cameras would share this entry"):
        await declaring.declare(conn, rows, LI, NOW)
    last = await conn.fetchval("SELECT max(id) FROM camera")
    with pytest.raises(asyncpg.CheckViolationError, match="at most 50"):
        await conn.execute(
            "INSERT INTO entry_camera SELECT $1, entry_id, version FROM entry_camera LIMIT 1", last
        )


async def test_a_camera_that_joins_a_shared_entry_waits_for_approval(
    conn: asyncpg.Connection,
) -> None:
    await enter(conn, "C1", "C2")
    await declaring.declare(conn, [replace(stated("C1"), entry="Site")], LI, NOW)
    await declaring.approve(conn, ["Site"], WU, NOW)
    await declaring.declare(conn, [Declaration(camera="C2", entry="Site", values={})], LI, NOW)
    assert (await state(conn, "C1"))[1]
    assert await state(conn, "C2") == ("incomplete", False, ["approval"])
    await declaring.approve(conn, ["Site"], WU, NOW + timedelta(seconds=1))
    assert (await state(conn, "C2"))[1]


async def test_a_version_is_never_changed_and_never_deleted(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1")
    await approved(conn, "C1")
    for statement in (
        "UPDATE entry_version SET purpose = 'other'",
        "UPDATE entry_version SET approved_by = 'Zhao'",
        "DELETE FROM entry_version",
    ):
        with pytest.raises(asyncpg.RestrictViolationError, match="never changed"):
            await conn.execute(statement)


@pytest.mark.parametrize(
    "wrong",
    [
        {"declared_until": date(2040, 1, 1)},
        {"declared_from": date(2026, 1, 1), "declared_until": date(2025, 1, 1)},
        {"review_due": date(2040, 1, 1)},
        {"position_grid_m": 100.0},
        {"position_reason": "a shelter is near"},
    ],
)
async def test_what_cannot_hold_together_is_refused_with_a_sentence(
    conn: asyncpg.Connection, wrong: dict[str, Any]
) -> None:
    await enter(conn, "C1")
    with pytest.raises(NotDeclared, match=r"^C1: \w+"):
        await declaring.declare(conn, [stated("C1", **wrong)], LI, NOW)
    assert await conn.fetchval("SELECT count(*) FROM entry_version") == 0


# ---- undeclared counts for nothing


async def test_rates_see_declared_cameras_only_and_carry_both_counts(
    conn: asyncpg.Connection,
) -> None:
    await enter(conn, "C1", "C2")
    await declare_all(conn)
    await enter(conn, "C3")
    await conn.execute(
        """
        INSERT INTO camera_state (camera_id, health, since, last_at, changed_at)
        SELECT id, CASE code WHEN 'C1' THEN 'up' ELSE 'down' END::health, now(), now(), now()
        FROM camera
        """
    )
    counts = await views.status(conn)
    assert counts["online_rate"] == {"numerator": 1, "denominator": 2, "value": 0.5}
    assert (counts["cameras"], counts["offline"], counts["undeclared"]) == (3, 2, 1)
    assert counts["unattended"] == 0


async def test_180_days_after_first_entry_nobody_repairs_an_undeclared_camera(
    conn: asyncpg.Connection,
) -> None:
    await enter(conn, "OLD", now=NOW - timedelta(days=180, minutes=1))
    await enter(conn, "NEW", now=NOW - timedelta(days=179))
    await conn.execute(
        """
        INSERT INTO camera_state (camera_id, health, since, last_at, confirmed_at, changed_at)
        SELECT id, 'down', now(), now(), now(), now() FROM camera;
        INSERT INTO fault (camera_id, kind, opened_at) SELECT id, 'clock', now() FROM camera
        """
    )
    assert [row["camera_code"] for row in await views.offline(conn)] == ["NEW"]
    assert [row["camera_code"] for row in await views.faults(conn)] == ["NEW"]
    old = await views.camera(conn, "OLD")
    assert old is not None
    assert (old["status"], old["attended"], old["register_state"]) == (
        "OFFLINE", False, "undeclared",
    )  # fmt: skip
    left = {row["camera_code"]: row["days_left"] for row in await accounts.undeclared(conn)}
    assert left == {"OLD": 0, "NEW": 1}
    await approved(conn, "OLD")
    assert {row["camera_code"] for row in await views.offline(conn)} == {"OLD", "NEW"}


@pytest.mark.parametrize(
    ("again", "keeps"),
    [
        ({"host": "127.0.0.9", "port": 80}, True),
        ({"host": "127.0.0.9", "port": 81}, False),
        ({"lon": 8.5000001, "lat": 47.0, "direction": "N"}, True),
        ({"lon": 8.5000001, "lat": 47.0, "direction": "S"}, False),
        ({"lon": 8.5001, "lat": 47.0, "direction": "N"}, False),
    ],
)
async def test_a_camera_that_comes_back_under_another_code_keeps_its_first_day(
    conn: asyncpg.Connection, again: dict[str, Any], keeps: bool
) -> None:
    first = NOW - timedelta(days=200)
    await enter(conn, "A", now=first, host="127.0.0.9", lon=8.5, lat=47.0, direction="N")
    await enter(conn, "B", **again)
    found = await conn.fetchval("SELECT first_entered_at FROM camera WHERE code = 'B'")
    assert found == (first if keeps else NOW)


async def test_a_camera_that_hangs_where_a_retired_one_hung_keeps_its_first_day(
    conn: asyncpg.Connection,
) -> None:
    first = NOW - timedelta(days=200)
    await enter(conn, "A", now=first, lon=8.5, lat=47.0, direction="N", intent=Intent.RETIRED)
    await enter(conn, "B", lon=8.5, lat=47.0, direction="S")
    assert await conn.fetchval("SELECT count(DISTINCT first_entered_at) FROM camera") == 1
    await enter(conn, "C", host="127.0.0.4")
    await enter(conn, "D", now=first, host="127.0.0.5")
    await enter(conn, "C", host="127.0.0.5")
    assert await conn.fetchval("SELECT first_entered_at FROM camera WHERE code = 'C'") == first


async def test_a_declared_safety_purpose_is_repaired_first(conn: asyncpg.Connection) -> None:
    await enter(conn, "A", "B")
    await conn.execute(
        """
        INSERT INTO camera_state (camera_id, health, since, last_at, confirmed_at, changed_at)
        SELECT id, 'down', now() - interval '9 days', now(), now(), now() FROM camera
        """
    )
    assert [row["camera_code"] for row in await views.offline(conn)] == ["A", "B"]
    await declaring.declare(conn, [stated("B", safety=True)], LI, NOW)
    assert [row["camera_code"] for row in await views.offline(conn)] == ["A", "B"]
    await declaring.approve(conn, ["B"], WU, NOW)
    rows = await views.offline(conn)
    assert [(row["camera_code"], row["safety"]) for row in rows] == [("B", True), ("A", False)]


async def test_a_day_counts_the_cameras_that_were_declared_when_it_ended(
    conn: asyncpg.Connection,
) -> None:
    await conn.execute("INSERT INTO area (code, name) VALUES ('A', 'A')")
    begin = datetime(2026, 11, 10, tzinfo=UTC)
    ids = await add_cameras(conn, 2, begin, area="A")
    for each in ids:
        await change(conn, each, begin, Health.UNKNOWN, Health.UP)
    left = begin + timedelta(hours=30)
    await conn.execute(
        "UPDATE entry_camera SET until_at = $2, ended = 'withdrawn', ended_by = 'Li' "
        "WHERE camera_id = $1",
        ids[1],
        left,
    )
    await figures.close_days(conn, begin + timedelta(hours=72), "UTC")
    rows = await conn.fetch("SELECT * FROM bi.ledger_area_day ORDER BY day")
    assert [(row["cameras"], row["undeclared"]) for row in rows] == [(2, 0), (1, 1), (1, 1), (1, 1)]
    assert [row["up_s"] / 3600 for row in rows] == [48, 24, 24, 0]
    found = await figures.of_area(conn, "A", begin, begin + timedelta(hours=72))
    assert found is not None
    assert (found["cameras"], found["undeclared"], found["up"]) == (1, 1, 72 * 3600)


# ---- files


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "register.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_only_the_columns_of_the_file_are_named_and_empty_cells_clear(
    written: Callable[[str], Path],
) -> None:
    path = written("摄像机编码,用途,告示核查日期,保存天数,remark\nC1,Fire,2026-01-31,3,x\nC2,,,,\n")
    reading = read_register(path, known={"C1", "C2"})
    assert reading.ok
    assert "remark" in reading.notes[0].reason
    first, second = (row.values for row in reading.rows)
    assert first == {"purpose": "Fire", "sign_seen_on": date(2026, 1, 31), "retention_days": 3}
    assert second == {"purpose": None, "sign_seen_on": None, "retention_days": None}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("camera,purpose\nC9,Fire\n", "No camera of the inventory has this code"),
        ("camera,retention_days\nC1,-3\n", "not a whole number"),
        ("camera,sign_seen_on\nC1,31.1.2026\n", "not a date"),
        ("camera,safety\nC1,perhaps\n", "not a yes or no"),
        ("camera,cost_year\nC1,nan\n", "not a number"),
        ("camera,purpose\nC1,a\nC1,b\n", "stands already in line 2"),
        ("camera,entry,purpose\nC1,E,a\nC2,E,b\n", "purpose differ from line 2"),
        ("camera,purpose,用途\nC1,a,b\n", "Two columns mean purpose"),
        ("colour\nred\n", "No columns of a register"),
        ("camera,declared_from,declared_until,review_due\nC1,2026-01-01,2025-01-01,2026-02-01\n",
         "declared_until must be after"),
    ],
)  # fmt: skip
def test_each_mistake_of_a_file_is_named(
    written: Callable[[str], Path], text: str, reason: str
) -> None:
    reading = read_register(written(text), known={"C1", "C2"})
    assert reading.rows == ()
    assert reason in " ".join(str(each) for each in reading.errors)


def test_a_file_that_shares_an_entry_too_widely_is_refused(
    written: Callable[[str], Path],
) -> None:
    lines = "".join(f"C{n},E\n" for n in range(51))
    reading = read_register(
        written(f"camera,entry,purpose\n{lines.replace(',E', ',E,p')}"),
        known={f"C{n}" for n in range(51)},
    )
    assert "More than 50 cameras" in reading.errors[0].reason


@given(st.sampled_from(entry.NAMES), st.text(max_size=20))
def test_any_text_is_read_or_refused_in_words(name: str, text: str) -> None:
    try:
        value = entry.parse(name, text)
    except ValueError as error:
        reason, advice = error.args
        assert reason.endswith(".")
        assert name in advice
    else:
        kinds = {Kind.TEXT: str, Kind.DATE: date, Kind.COUNT: int, Kind.NUMBER: float}
        assert value is None or isinstance(value, kinds.get(entry.BY_NAME[name].kind, bool))


async def test_the_same_file_twice_changes_nothing(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1", "C2")
    rows = [replace(stated("C1"), entry="E"), replace(stated("C2"), entry="E")]
    assert (await declaring.declare(conn, rows, LI, NOW)).added == ("E",)
    await declaring.approve(conn, ["E"], WU, NOW)
    assert (await declaring.declare(conn, rows, LI, NOW)).unchanged == 1
    assert await conn.fetchval("SELECT count(*) FROM entry_version") == 1
    dry = await declaring.declare(conn, [stated("C1", need="other")], LI, NOW, dry_run=True)
    assert dry.changed == ("E",)
    assert await conn.fetchval("SELECT count(*) FROM entry_version") == 1


# ---- who did what


async def test_every_change_says_who_when_before_and_after(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1")
    await approved(conn, "C1")
    await declaring.declare(conn, [Declaration(camera="C1", values={"purpose": "Fire"})], LI, NOW)
    await declaring.withdraw(conn, ["C1"], WU, NOW + timedelta(seconds=2), reason="gone")
    rows = list(reversed(await audit.rows(conn)))
    assert [(row["who"], row["action"]) for row in rows] == [
        ("Li", "entry.state"), ("Wu", "entry.approve"), ("Li", "entry.state"),
        ("Wu", "entry.withdraw"),
    ]  # fmt: skip
    assert rows[2]["detail"]["fields"] == {"purpose": ["Traffic flow", "Fire"]}
    assert rows[3]["detail"] == {"reason": "gone"}
    verdict = await audit.verify(conn)
    assert (verdict.rows, verdict.broken) == (4, None)


async def test_a_failed_change_leaves_no_trace(conn: asyncpg.Connection) -> None:
    await enter(conn, "C1")
    with pytest.raises(NotDeclared, match="No camera has the code C2"):
        await declaring.declare(conn, [stated("C1"), stated("C2")], LI, NOW)
    assert await conn.fetchval("SELECT count(*) FROM audit") == 0
    assert await register.declared(conn) == frozenset()


# ---- the command line


def say(dsn: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "monitor", "register", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CAMLEDGER_DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_a_stranger_declares_a_camera_at_the_command_line(
    database: str, conn: asyncpg.Connection
) -> None:
    await enter(conn, "C1")
    done = say(database, "show", "C1")
    assert (done.returncode, "declare or remove" in done.stdout) == (1, True)
    words = [f"{name}={value}" for name, value in FIELDS.items()]
    done = say(database, "set", "C1", *words, "--by", "Li")
    assert done.returncode == 0, done.stderr
    assert "register approve C1 --as oversight" in done.stdout
    done = say(database, "approve", "C1", "--by", "Wu")
    assert (done.returncode, "Say --as oversight" in done.stderr) == (2, True)
    done = say(database, "approve", "C1", "--by", "Wu", "--as", "oversight")
    assert (done.returncode, done.stdout) == (0, "Approved: C1\n"), done.stderr
    assert say(database, "show", "C1").returncode == 0
    [row] = json.loads(say(database, "list", "--state", "declared", "--json").stdout)
    assert (row["camera_code"], row["purpose"]) == ("C1", "Traffic flow")
    for words, reason in (
        (["set", "C1", "colour=red"], "There is no field colour"),
        (["set", "purpose=x"], "Say which camera"),
        (["show", "C9"], "No camera has the code C9"),
        (["withdraw", "C1"], "Say why"),
    ):
        done = say(database, *words)
        assert (done.returncode, reason in done.stderr) == (2, True), done.stderr
