"""One definition per figure: page, API, boards, reports and SQL say the same, from one place."""

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dashboards import palette
from db import facts, targets
from monitor.availability import Ledger, split
from monitor.limits import limits
from monitor.model import Status
from monitor.reports.content import published
from monitor.settings import Settings
from monitor.web.assets import routes
from tests.seed import seed

ROOT = Path(__file__).parent.parent
NOW = datetime.now(UTC)
SLOW = [HealthCheck.function_scoped_fixture]
STATES = {"out_of_service": "out of service"}


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(*[st.floats(0, 1e6) | st.just(0.0)] * 4)
async def test_availability_is_the_same_in_sql_and_in_reports(
    conn: asyncpg.Connection, up: float, down: float, unreachable: float, dark: float
) -> None:
    ledger = Ledger(
        up=timedelta(seconds=up),
        down=timedelta(seconds=down),
        unreachable=timedelta(seconds=unreachable),
        unobserved=timedelta(seconds=dark),
    )
    seconds = [x / timedelta(seconds=1) for x in (ledger.up, ledger.assessed, ledger.unobserved)]
    said = await conn.fetchval("SELECT bi.availability($1, $2, $3)", *seconds)
    assert said == (None if published(ledger) is None else pytest.approx(published(ledger)))
    share = await conn.fetchval("SELECT bi.observed_share($1, $2)", *seconds[1:])
    assert share == (
        None if ledger.observed_share is None else pytest.approx(ledger.observed_share)
    )


async def test_the_share_that_must_be_observed_is_read_from_the_table(
    conn: asyncpg.Connection,
) -> None:
    half = "SELECT bi.availability(50, 50, 50)"
    assert await conn.fetchval(half) is None
    await conn.execute("UPDATE target SET at_least = 0.5 WHERE measure = 'observed'")
    assert await conn.fetchval(half) == 1


async def test_the_states_of_a_camera_are_those_of_its_ledger(conn: asyncpg.Connection) -> None:
    await seed(conn, NOW)
    begin, end = NOW - timedelta(days=9), NOW
    for row in await conn.fetch("SELECT id, code FROM camera"):
        history = await facts.history(conn, row["code"], begin, end)
        assert history is not None
        pieces = {at: state for at, _, state, _ in split(history, begin, end)}
        found = await conn.fetch(
            "SELECT * FROM bi.state_over_time($1, $2, $3)", row["code"], begin, end
        )
        told = {each["at"]: each["state"] for each in found}
        assert {at: STATES.get(state, state) for at, state in pieces.items()} == told


async def test_every_count_of_an_area_is_that_of_its_cameras(conn: asyncpg.Connection) -> None:
    await seed(conn, datetime.now(UTC))  # of now: evidence that is older than a minute is stale
    for where, view in (("true", "bi.estate_now"), ("area_code = '610001'", "bi.area_now")):
        row = await conn.fetchrow(
            f"SELECT * FROM {view} WHERE {where if view == 'bi.area_now' else 'true'}"
        )
        sums = await conn.fetchrow(
            "SELECT count(*) AS cameras, sum(up) AS up, sum(assessed) AS assessed "
            f"FROM bi.camera_now WHERE {where}"
        )
        assert row is not None
        assert sums is not None
        assert {name: row[name] for name in ("cameras", "up", "assessed")} == dict(sums)
        assert row["online_rate"] == sums["up"] / sums["assessed"]
        assert sum(row[word.lower()] for word in Status) == row["cameras"]


async def test_a_target_stands_in_the_table_only_with_a_contract(conn: asyncpg.Connection) -> None:
    assert Settings().reports.target is None
    assert await targets.contract(conn) is None
    await targets.store(conn, limits(0.97))
    assert await targets.contract(conn) == 0.97
    await targets.store(conn, limits())
    assert await targets.contract(conn) is None


def test_colours_and_limits_stand_in_one_file() -> None:
    known = {each.colour for each in limits(0.9) if each.colour}
    shown = set(palette.STATUS_COLOURS.values()) | set(palette.GAP_COLOURS.values())
    assert shown <= known
    # neither the layers nor the page has a colour of its own for what the table names
    layers = files("db").joinpath("shapes.py").read_text("utf-8")
    assert re.findall(r"#[0-9a-f]{6}", layers) == []
    page = files("monitor.web").joinpath("static", "shapes.js").read_text("utf-8")
    assert not known & set(re.findall(r"#[0-9a-f]{6}", page))
    assert any("assets" in str(each) for each in routes())


def test_nobody_else_says_which_status_counts_as_up() -> None:
    rule = re.compile(r"IN \('ONLINE', *'DEGRADED'|< 0\.5\b|>= 0\.(95|98)")
    found = [
        str(path.relative_to(ROOT))
        for folder in ("monitor", "db", "dashboards")
        for path in (ROOT / folder).rglob("*.py")
        if rule.search(path.read_text("utf-8"))
    ]
    assert found == []


def test_reports_hold_no_statement() -> None:
    for path in (ROOT / "monitor" / "reports").glob("*.py"):
        assert not re.findall(r"\b(?:SELECT|INSERT)\b.*", path.read_text("utf-8")), path
