"""Are the printed figures true? Everything is computed again from the tables, in plain Python."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest
from lxml import html as markup

from db.ledger import CONFIRMED_AFTER
from monitor.availability import Ledger
from monitor.reports import make, period, read, render_csv, render_html, store
from monitor.reports.archive import frozen
from monitor.reports.content import Figures, Light, published
from monitor.reports.periods import Period
from monitor.settings import Settings
from tests.declared import declare_all
from tests.seed import seed

TIMEZONE = "Asia/Shanghai"
ZONE = ZoneInfo(TIMEZONE)
COLUMNS = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")
MADE = 24
DAYS = 40
WHICH = [("weekly", False), ("monthly", True), ("daily", False)]

Truth = dict[str, Any]


async def city(conn: asyncpg.Connection, now: datetime) -> None:
    """The seeded city and, for ranks and periods before, more cameras with a longer past."""
    await seed(conn, now)
    chance = Random(7)  # any numbers will do, but the same ones
    born = now - timedelta(days=400)
    await conn.executemany(
        """
        INSERT INTO camera (code, name, area_code, intent, created_at, updated_at)
        VALUES ($1, $2, $3, 'in_service', $4, $4)
        """,
        [(f"M{n:02}", f"=Made {n} <b>", "610001" if n < 22 else None, born) for n in range(MADE)],
    )
    await conn.execute(
        "INSERT INTO intent_change SELECT id, $1, 'in_service' FROM camera WHERE code ~ '^M'", born
    )
    ids = {row["code"]: row["id"] for row in await conn.fetch("SELECT id, code FROM camera")}
    today = now.astimezone(ZONE).date()
    await conn.executemany(
        """
        INSERT INTO ledger_day (camera_id, day, starts_at, ends_at, up_s, down_s, unreachable_s,
          planned_s, exempt_s, unobserved_s, out_of_service_s, unobserved_by_cause, outages)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        """,
        [
            made_day(chance, ids[f"M{n:02}"], today - timedelta(days=back))
            for n in range(MADE)
            for back in range(1, DAYS)
        ],
    )
    await declare_all(conn)
    begun = datetime.combine(today, time(), ZONE)
    await conn.execute(
        """
        INSERT INTO ledger_day
        SELECT id, $1, $2, $3, extract(epoch FROM $3::timestamptz - $2::timestamptz),
          0, 0, 0, 0, 0, 0
        FROM camera WHERE code ~ '^M'
        """,
        today,
        begun,
        now,
    )
    await conn.execute("UPDATE ledger_day SET declared = true")
    await add_up_areas(conn)
    await outages(conn, now, ids)


def made_day(chance: Random, camera: int, day: date) -> tuple[Any, ...]:
    begins = datetime.combine(day, time(), ZONE).astimezone(UTC)
    ends = datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)
    wall = (ends - begins).total_seconds()
    parts = [round(chance.random() ** 6 * 9_000, 6) for _ in COLUMNS[1:]]
    causes = {"late": parts[4] / 2, "blind": parts[4] / 2} if parts[4] else {}
    return (camera, day, begins, ends, wall - sum(parts), *parts, causes, chance.randrange(3))


async def add_up_areas(conn: asyncpg.Connection) -> None:
    await conn.execute("DELETE FROM ledger_area_day")
    await conn.execute(
        f"""
        INSERT INTO ledger_area_day (area_code, day, cameras, outages,
          {", ".join(f"{name}_s" for name in COLUMNS)})
        SELECT tree.ancestor, l.day, count(*), sum(l.outages),
          {", ".join(f"sum(l.{name}_s)" for name in COLUMNS)}
        FROM ledger_day l
        JOIN camera c ON c.id = l.camera_id
        JOIN area_tree tree ON tree.code = c.area_code
        GROUP BY tree.ancestor, l.day
        """
    )


async def outages(conn: asyncpg.Connection, now: datetime, ids: dict[str, int]) -> None:
    """M00 down for 45 days, M01 for 8, M02 for 2; M03 was for 4 and is back; M04 is retired."""
    spans = {"M00": (45, 0), "M01": (8, 0), "M02": (2, 0), "M03": (20, 16), "M04": (45, 0)}
    for code, (begin, end) in spans.items():
        at = now - timedelta(days=begin)
        rows = [(ids[code], at, "up", "down", "reset")]
        if end:
            rows.append((ids[code], now - timedelta(days=end), "down", "up", "ok"))
        await conn.executemany(
            """
            INSERT INTO transition (camera_id, at, from_health, to_health, reason, recorded_at)
            VALUES ($1, $2, $3, $4, $5, $2)
            """,
            rows,
        )
    await conn.execute(
        "INSERT INTO intent_change VALUES ($1, $2, 'retired')", ids["M04"], now - timedelta(days=3)
    )


def about(kind: str, running: bool, now: datetime) -> Period:
    return period(kind, now.astimezone(ZONE).date() if running else None, TIMEZONE, now)


async def days_of(conn: asyncpg.Connection, window: Period) -> list[Truth]:
    found = await conn.fetch(
        """
        SELECT l.*, c.code, c.area_code, c.name FROM ledger_day l
        JOIN camera c ON c.id = l.camera_id
        """
    )
    return [dict(row) for row in found if window.first_day <= row["day"] <= window.last_day]


def added(rows: Iterable[Truth]) -> Truth:
    sums = dict.fromkeys((*COLUMNS, "outages"), 0.0)
    for row in rows:
        for name in COLUMNS:
            sums[name] += row[f"{name}_s"]
        sums["outages"] += row["outages"]
    return sums


def same(ledger: Ledger, sums: Truth) -> bool:
    shown = {name: getattr(ledger, name).total_seconds() for name in COLUMNS}
    return shown == pytest.approx({name: sums[name] for name in COLUMNS}, abs=0.01) and (
        ledger.outages == sums["outages"]
    )


def rate_of(sums: Truth) -> float | None:
    """Method C by the book; None when nothing or less than 80 % was observed."""
    assessed = sums["up"] + sums["down"] + sums["unreachable"]
    if not assessed or assessed / (assessed + sums["unobserved"]) < 0.8:
        return None
    return sums["up"] / assessed


@pytest.mark.parametrize(("kind", "running"), WHICH)
async def test_sums_and_rates_are_those_of_the_tables(conn, kind, running):
    now = datetime.now(UTC)
    await city(conn, now)
    window = about(kind, running, now)
    figures = await read(conn, window, now)
    rows = await days_of(conn, window)
    before = await days_of(conn, window.previous)

    assert same(figures.total, added(rows))
    assert published(figures.total) == pytest.approx(rate_of(added(rows)))
    assert same(figures.previous, added(before))
    expected = rate_of(added(rows)), rate_of(added(before))
    if None in expected:
        assert figures.change is None
    else:
        assert figures.change == pytest.approx(expected[0] - expected[1])

    for day in figures.days:
        assert same(day.ledger, added(row for row in rows if row["day"] == day.day))
    assert {day.day for day in figures.days} == {row["day"] for row in rows}

    for camera in figures.cameras:
        assert same(camera.ledger, added(row for row in rows if row["code"] == camera.code))
    assert {camera.code for camera in figures.cameras} == {
        code
        for code in {row["code"] for row in rows}
        if sum(
            (row["ends_at"] - row["starts_at"]).total_seconds() - row["out_of_service_s"]
            for row in rows
            if row["code"] == code
        )
        > 0.001
    }

    causes: dict[str, float] = defaultdict(float)
    for row in rows:
        for cause, seconds in row["unobserved_by_cause"].items():
            causes[cause] += seconds
    assert {
        cause: each.total_seconds() for cause, each in figures.total.causes.items()
    } == pytest.approx(causes, abs=0.01)


@pytest.mark.parametrize(("kind", "running"), WHICH)
async def test_groups_are_sums_over_their_cameras_and_undeclared_ones_are_left_out(
    conn, kind, running
):
    now = datetime.now(UTC)
    await city(conn, now)
    await conn.execute(
        "UPDATE camera SET sheet = sheet || '{\"contract_no\": \"K-1\"}' WHERE code < 'M1'"
    )
    out = {"M00", "M07"}
    await conn.execute(
        "UPDATE ledger_day SET declared = false "
        "WHERE camera_id IN (SELECT id FROM camera WHERE code = ANY($1))",
        list(out),
    )
    window = about(kind, running, now)
    figures = await read(conn, window, now)
    rows = [row for row in await days_of(conn, window) if row["code"] not in out]
    assert same(figures.total, added(rows))
    assert figures.left_out == 2
    assert figures.left_out_time > timedelta(0)
    assert "2 cameras were not declared" in " ".join(figures.notes)
    served = [
        row
        for row in rows
        if (row["ends_at"] - row["starts_at"]).total_seconds() - row["out_of_service_s"] > 0.001
    ]
    groups = {(each.sort, each.name): each for each in figures.groups}
    assert same(groups["purpose", "Traffic flow"].ledger, added(served))
    first = [row for row in served if row["code"] < "M1"]
    assert same(groups["contract", "K-1"].ledger, added(first))
    assert groups["contract", "K-1"].cameras == len({row["code"] for row in first})
    assert [each.sort for each in figures.groups] == ["purpose", "contract", "contract"]


async def test_causes_removals_and_reviews_are_those_of_the_facts(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    await conn.execute(
        "INSERT INTO intent_change SELECT id, $1, 'retired' FROM camera WHERE code = 'M09'",
        now - timedelta(seconds=1),
    )
    await conn.execute("UPDATE camera SET intent = 'retired' WHERE code = 'M09'")
    figures = await read(conn, about("daily", True, now), now)
    assert [each.code for each in figures.removals] == ["M09"]
    assert sum(each.cameras for each in figures.reasons) >= 3
    # one that was taken away is no outage any more, but it was one while it hung
    assert {each.reason for each in figures.reasons} >= {"reset"}
    assert figures.overdue == ()
    assert figures.undeclared == 0
    assert figures.edition is None


async def test_long_outages_are_those_of_cameras_in_service(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    figures = await read(conn, about("monthly", True, now), now)
    found = {each.code: each for each in figures.long_offline}
    # the seeded city has one camera down for two days, and one in repair for six
    assert set(found) == {"M00", "M01"}
    assert found["M00"].lasted == timedelta(days=45)
    assert found["M00"].since == now - timedelta(days=45)
    assert [figures.down_longer_than(days) for days in (3, 7, 30)] == [2, 2, 1]
    cameras = {each.code: each for each in figures.cameras}
    assert cameras["M02"].down_since == now - timedelta(days=2)
    assert cameras["M03"].down_since is None


async def test_an_outage_is_cut_at_the_ends_of_the_period(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    figures = await read(conn, about("daily", False, now), now)
    cameras = {each.code: each for each in figures.cameras}
    assert cameras["M00"].longest == timedelta(days=1)
    assert cameras["M00"].reason == "reset"
    # an earlier report does not know what happened after its end
    early = period("daily", (now - timedelta(days=18)).astimezone(ZONE).date(), TIMEZONE, now)
    then = {each.code: each for each in (await read(conn, early, now)).cameras}
    assert then["M03"].down_since == now - timedelta(days=20)
    assert then["M02"].longest is None


async def test_coverage_is_that_of_the_views_and_of_the_stored_days(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    window = about("daily", False, now)
    figures = await read(conn, window, now)
    view = {row["kind"]: row for row in await conn.fetch("SELECT * FROM bi.coverage_kind")}
    days = await conn.fetch(
        """
        SELECT p.kind::text AS kind, d.effective, coalesce(n.length_m, n.area_m2) AS size
        FROM coverage_day d JOIN coverage_now n USING (place_id) JOIN place p ON p.id = d.place_id
        WHERE d.day BETWEEN $1 AND $2
        """,
        window.first_day,
        window.last_day,
    )
    assert [each.kind for each in figures.kinds] == ["street", "school", "key_area"]
    for kind in figures.kinds:
        row, covered = view[kind.kind], kind.covered
        for name in ("designed", "effective", "upper"):
            assert getattr(covered, name) / covered.size == pytest.approx(row[name])
        assert (kind.places, kind.required) == (row["places"], row["required_places"])
        if row["lost_m"] is not None:
            assert covered.lost == pytest.approx(row["lost_m"])
        part = sum(each["effective"] * each["size"] for each in days if each["kind"] == kind.kind)
        whole = sum(each["size"] for each in days if each["kind"] == kind.kind)
        assert covered.mean / covered.mean_size == pytest.approx(part / whole)
        assert covered.observed_share == pytest.approx(1 - (row["upper"] - row["effective"]))


def shown(page: Any, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading, as a reader sees them."""
    table = page.xpath(f'//h2[starts-with(., "{heading}")]/following-sibling::table[1]')[0]
    rows = table.xpath(".//tbody/tr | .//tfoot/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in rows]


def percent(cell: str) -> str:
    return f"{cell} %" if cell else "—"


async def test_document_and_tables_say_the_same(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    figures = await read(conn, about("weekly", False, now), now)
    page = markup.fromstring(render_html(figures))
    tables = {
        name: list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        for name, text in render_csv(figures).items()
    }
    document = shown(page, "Uptime by purpose")
    assert len(document) == len(tables["groups.csv"]) >= 2
    for cells, row in zip(document, tables["groups.csv"], strict=True):
        cells = cells[-7:]
        seen = row["availability_percent"]
        rate = "insufficient data" if not seen and float(row["denominator_h"]) else None
        offline_h = float(row["down_h"]) + float(row["unreachable_h"])
        excused_h = float(row["exempt_h"]) + float(row["planned_h"])
        assert cells[0] == row["cameras"]
        assert cells[1] == (rate or percent(row["availability_percent"]))
        assert cells[2:4] == [percent(row["observed_share_percent"]), row["outages"]]
        assert cells[4] == f"{offline_h:,.1f}"
        assert cells[5] == f"{excused_h:,.1f}"
        assert cells[6] == f"{float(row['unobserved_h']):,.1f}"

    totals = [row for row in tables["coverage.csv"] if row["row"] == "total"]
    for cells, row in zip(shown(page, "Coverage"), totals, strict=True):
        assert cells[1:5] == [
            row["places"],
            percent(row["designed_percent"]),
            " – ".join(
                dict.fromkeys(percent(row[end]) for end in ("effective_percent", "upper_percent"))
            ),
            percent(row["mean_effective_percent"]),
        ]

    cameras = {row["camera_code"]: row for row in tables["cameras.csv"]}
    worst = shown(page, "Cameras offline longest")
    assert len(worst) == min(20, len(figures.worst))
    for cells in worst:
        row = next(cameras[code] for code in cameras if cells[0].endswith(code))
        assert cells[2] == f"{float(row['down_h']) + float(row['unreachable_h']):,.1f}"
        assert cells[4] == row["outages"]
        # a name that a spreadsheet would run is text in the one, and the same name in the other
        assert cells[0].startswith(row["name"].removeprefix("'"))
    assert [row["day"] for row in tables["days.csv"]][-1] == "Total"


async def test_the_same_facts_give_the_same_bytes(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    window = about("weekly", False, now)
    first, second = await read(conn, window, now), await read(conn, window, now)
    assert render_html(first) == render_html(second)
    assert render_csv(first) == render_csv(second)


async def test_an_empty_database_gives_a_report_that_says_why(conn):
    now = datetime.now(UTC)
    figures = await read(conn, about("weekly", False, now), now)
    text = markup.fromstring(render_html(figures)).text_content()
    assert (figures.light, published(figures.total)) == (Light.NONE, None)
    assert "The inventory holds no cameras: nothing can be assessed." in text
    assert "no figures stored" in text
    assert "—" in text
    last = shown(markup.fromstring(render_html(figures)), "Uptime by purpose")[-1]
    assert "%" not in " ".join(last)
    total = render_csv(figures)["groups.csv"].splitlines()[-1]
    assert total.startswith("total,,0,,0,0,,,,0,")


async def test_days_without_figures_are_told(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    window = about("weekly", False, now)
    await conn.execute("DELETE FROM ledger_day WHERE day = $1", window.first_day)
    await add_up_areas(conn)
    notes = " ".join((await read(conn, window, now)).notes)
    assert "1 of 7 days have no stored figures" in notes


async def test_a_report_is_final_once_its_last_day_is_settled(conn: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    await city(conn, now)
    window = about("daily", False, now)
    early = await read(conn, window, window.ends_at + CONFIRMED_AFTER - timedelta(seconds=1))
    settled = await read(conn, window, window.ends_at + CONFIRMED_AFTER)
    assert (early.final, settled.final) == (False, True)
    running = await read(conn, about("weekly", True, now), now)
    assert not running.final
    assert running.up_to == now


async def test_a_last_day_that_is_not_closed_keeps_the_report_provisional(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    window = about("weekly", False, now)
    await conn.execute("DELETE FROM ledger_day WHERE day >= $1", window.last_day)
    figures = await read(conn, window, now)
    assert not figures.final
    assert "PROVISIONAL" in render_html(figures)


async def test_it_reads_with_the_rights_of_the_reading_role_alone(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    window = about("weekly", False, now)
    mine = await read(conn, window, now)
    await conn.execute("SET ROLE camledger_bi")
    theirs = await read(conn, window, now)
    await conn.execute("RESET ROLE")
    assert render_csv(theirs) == render_csv(mine)


async def test_issued_figures_are_kept_and_never_changed(conn):
    now = datetime.now(UTC)
    await city(conn, now)
    await conn.execute("DELETE FROM report")
    figures = await read(conn, about("weekly", False, now), now)
    await store(conn, figures)
    await store(conn, figures)
    await conn.execute("UPDATE ledger_day SET outages = outages + 1")
    later = now + timedelta(minutes=1)
    await store(conn, await read(conn, figures.period, later))
    kept = await conn.fetch("SELECT * FROM report ORDER BY made_at")
    assert [row["made_at"] for row in kept] == [now, later]
    assert kept[0]["figures"] == frozen(figures)
    assert kept[0]["figures"]["total"]["outages"] == figures.total.outages
    assert kept[1]["figures"]["total"]["outages"] > figures.total.outages
    assert (kept[0]["kind"], kept[0]["first_day"]) == ("weekly", figures.period.first_day)


async def test_make_writes_and_keeps_a_report(conn, tmp_path: Path):
    now = datetime.now(UTC)
    await city(conn, now)
    await conn.execute("DELETE FROM report")
    written = (await make(conn, "monthly", Settings(), now=now, out=tmp_path)).files
    assert [path.exists() for path in written] == [True] * 5
    assert await conn.fetchval("SELECT count(*) FROM bi.report WHERE kind = 'monthly'") == 1


async def test_a_format_that_does_not_exist_costs_nothing(
    conn: asyncpg.Connection, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="there are: html, csv"):
        await make(conn, "weekly", Settings(), now=datetime.now(UTC), out=tmp_path, formats=["pdf"])
    assert await conn.fetchval("SELECT count(*) FROM report") == 0


async def test_days_of_another_zone_are_told_and_never_final(conn: asyncpg.Connection) -> None:
    now = datetime.now(UTC)
    await city(conn, now)
    figures: Figures = await read(conn, period("daily", None, "Europe/Zurich", now), now)
    assert "The stored days are those of Asia/Shanghai" in " ".join(figures.notes)
    early = (now - timedelta(days=3)).date()
    for zone, final in ((TIMEZONE, True), ("Europe/Zurich", False)):
        assert (await read(conn, period("daily", early, zone, now), now)).final is final
