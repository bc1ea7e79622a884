"""Closing days: stored figures equal those from the facts, are corrected, and never drift."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from db import facts, ledger, pool
from monitor import figures
from monitor.model import Health, Intent
from tests.factories import add_cameras, approve, change, darken, intend

ZONE = "Asia/Shanghai"
MONDAY = date(2026, 3, 2)
DAY = datetime(2026, 3, 2, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)
NEXT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)
BEFORE = DAY - timedelta(hours=6)
COLUMNS = [
    "up_s", "down_s", "unreachable_s", "planned_s", "exempt_s", "unobserved_s", "out_of_service_s",
]  # fmt: skip


def hour(number: float) -> datetime:
    return DAY + timedelta(hours=number)


async def city(conn: asyncpg.Connection) -> list[int]:
    """Fixture A of domain.md 6, in two areas."""
    await conn.execute(
        "INSERT INTO area (code, name, parent_code) VALUES ('c', 'City', NULL), ('n', 'N', 'c')"
    )
    ids = await add_cameras(conn, 2, BEFORE, area="c") + await add_cameras(
        conn, 3, BEFORE, area="n"
    )
    c1, c2, c3, c4, c5 = ids
    for camera in (c1, c2, c4, c5):
        await change(conn, camera, BEFORE, Health.UNKNOWN, Health.UP)
    await change(conn, c3, BEFORE, Health.UNKNOWN, Health.DOWN)
    await change(conn, c2, hour(6), Health.UP, Health.DOWN)
    await change(conn, c2, hour(12), Health.DOWN, Health.UP)
    await approve(conn, c3, hour(8), hour(20), "exempt")
    await darken(conn, c4, hour(10), hour(14))
    await intend(conn, [c5], BEFORE + timedelta(seconds=1), Intent.RETIRED)
    return ids


async def hours_of(conn: asyncpg.Connection, camera: int, day: date = MONDAY) -> dict[str, float]:
    row = await conn.fetchrow(
        "SELECT * FROM ledger_day WHERE camera_id = $1 AND day = $2", camera, day
    )
    return {name: row[name] / 3600 for name in COLUMNS if row[name]}


async def area_of(conn: asyncpg.Connection, code: str, day: date = MONDAY) -> asyncpg.Record:
    row = await conn.fetchrow(
        "SELECT * FROM ledger_area_day WHERE area_code = $1 AND day = $2", code, day
    )
    assert row is not None
    return row


async def revisions(conn: asyncpg.Connection, day: date = MONDAY) -> list[int]:
    rows = await conn.fetch(
        "SELECT revision FROM ledger_day WHERE day = $1 ORDER BY camera_id", day
    )
    return [row[0] for row in rows]


async def test_the_test_vector_is_stored_as_it_is_printed(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    assert await figures.close_days(conn, NEXT + HOUR, ZONE) == [
        date(2026, 3, 1), MONDAY, date(2026, 3, 3),
    ]  # fmt: skip
    assert [await hours_of(conn, camera) for camera in ids] == [
        {"up_s": 24},
        {"up_s": 18, "down_s": 6},
        {"down_s": 12, "exempt_s": 12},
        {"up_s": 20, "unobserved_s": 4},
        {"out_of_service_s": 24},
    ]
    whole = await area_of(conn, "c")
    assert (whole["up_s"] / 3600, (whole["up_s"] + whole["down_s"]) / 3600) == (62, 80)
    assert (whole["cameras"], whole["outages"]) == (5, 1)
    causes = await conn.fetchval(
        "SELECT unobserved_by_cause FROM ledger_day WHERE camera_id = $1 AND day = $2",
        ids[3],
        MONDAY,
    )
    assert causes == {"collector_lost": 4 * 3600}


async def test_an_area_sums_over_all_areas_below_it(conn: asyncpg.Connection) -> None:
    await city(conn)
    await figures.close_days(conn, NEXT + HOUR, ZONE)
    north = await area_of(conn, "n")
    assert (north["cameras"], north["up_s"] / 3600, north["out_of_service_s"] / 3600) == (3, 20, 24)


async def test_stored_days_and_facts_give_the_same_figures(conn: asyncpg.Connection) -> None:
    await city(conn)
    await figures.close_days(conn, NEXT + HOUR, ZONE)
    for code in ("c", "n"):
        answer = await figures.of_area(conn, code, DAY, NEXT)
        assert answer is not None
        stored = await area_of(conn, code)
        assert [stored[name] for name in COLUMNS] == [answer[name[:-2]] for name in COLUMNS]
        assert (stored["cameras"], stored["outages"]) == (answer["cameras"], answer["outages"])


async def test_the_running_day_is_stored_up_to_now(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    await figures.close_days(conn, hour(7), ZONE)
    assert await hours_of(conn, ids[1]) == {"up_s": 6, "down_s": 1}
    await figures.close_days(conn, hour(8), ZONE)
    assert await hours_of(conn, ids[1]) == {"up_s": 6, "down_s": 2}
    # growing with the day is no correction
    assert await revisions(conn) == [1] * 5


async def test_closing_twice_changes_nothing(conn: asyncpg.Connection) -> None:
    await city(conn)
    await figures.close_days(conn, NEXT + HOUR, ZONE)
    before = await conn.fetch("SELECT *, xmin::text FROM ledger_day ORDER BY camera_id, day")
    assert await figures.close_days(conn, NEXT + HOUR, ZONE) == [date(2026, 3, 3)]
    after = await conn.fetch("SELECT *, xmin::text FROM ledger_day ORDER BY camera_id, day")
    assert after == before


async def test_yesterday_is_closed_again_until_it_is_final(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    await figures.close_days(conn, NEXT + HOUR / 2, ZONE)
    # confirmed after midnight, begun before
    await change(conn, ids[0], NEXT - timedelta(minutes=2), Health.UP, Health.DOWN)
    assert MONDAY in await figures.close_days(conn, NEXT + HOUR, ZONE)
    assert await revisions(conn) == [2, 1, 1, 1, 1]
    assert (await hours_of(conn, ids[0]))["down_s"] * 60 == pytest.approx(2)
    assert await figures.close_days(conn, NEXT + 2 * HOUR, ZONE) == [date(2026, 3, 3)]


async def test_a_late_fact_reopens_the_days_it_touches(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    now = NEXT + timedelta(days=2, hours=2)
    await figures.close_days(conn, now, ZONE)
    await approve(conn, ids[1], hour(6), hour(9), "exempt")
    await ledger.reopen(conn, hour(6), now)
    reopened = await figures.close_days(conn, now, ZONE)
    assert reopened == [MONDAY + timedelta(days=n) for n in range(4)]
    assert await hours_of(conn, ids[1]) == {"up_s": 18, "down_s": 3, "exempt_s": 3}
    assert await revisions(conn) == [1, 2, 1, 1, 1]
    assert await revisions(conn, MONDAY + timedelta(days=1)) == [1] * 5


async def test_a_late_fact_stored_while_a_day_is_closed_is_not_missed(
    database: str, conn: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await city(conn)
    now = NEXT + 2 * HOUR
    sum_areas = ledger.sum_areas

    async def late_fact(conn: pool.Connection, day: date) -> None:
        monkeypatch.setattr(ledger, "sum_areas", sum_areas)
        other = await pool.connect(database)
        async with other.transaction():
            await change(other, ids[0], hour(-1), Health.UP, Health.DOWN)
            await ledger.reopen(other, hour(-1), now)
        await other.close()
        await sum_areas(conn, day)

    monkeypatch.setattr(ledger, "sum_areas", late_fact)
    await figures.close_days(conn, now, ZONE)
    assert await hours_of(conn, ids[0]) == {"down_s": 24}
    assert await hours_of(conn, ids[0], date(2026, 3, 1)) == {
        "up_s": 5,
        "down_s": 1,
        "out_of_service_s": 18,
    }


async def test_a_week_of_standstill_is_caught_up_day_by_day(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    await figures.close_days(conn, hour(7), ZONE)
    days = await figures.close_days(conn, hour(7 + 7 * 24), ZONE)
    assert days == [MONDAY + timedelta(days=n) for n in range(8)]
    assert await hours_of(conn, ids[0], MONDAY + timedelta(days=5)) == {"up_s": 24}
    assert await ledger.final_days(conn) == {MONDAY + timedelta(days=n) for n in range(-1, 7)}


async def test_days_before_a_camera_existed_are_not_written_for_it(
    conn: asyncpg.Connection,
) -> None:
    await city(conn)
    (late,) = await add_cameras(conn, 1, hour(30), area="c")
    await figures.close_days(conn, hour(49), ZONE)
    days = await conn.fetch("SELECT day FROM ledger_day WHERE camera_id = $1 ORDER BY day", late)
    assert [row["day"] for row in days] == [date(2026, 3, 3), date(2026, 3, 4)]
    assert await hours_of(conn, late, date(2026, 3, 3)) == {
        "out_of_service_s": 6, "unobserved_s": 18,
    }  # fmt: skip
    answer = await figures.of_area(conn, "c", DAY, NEXT)
    assert answer is not None
    assert answer["cameras"] == 5


async def test_a_day_of_a_clock_change_has_its_own_length(conn: asyncpg.Connection) -> None:
    born = datetime(2026, 3, 27, 12, tzinfo=UTC)
    (camera,) = await add_cameras(conn, 1, born)
    await change(conn, camera, born, Health.UNKNOWN, Health.UP)
    await figures.close_days(conn, datetime(2026, 3, 31, tzinfo=UTC), "Europe/Zurich")
    assert [await hours_of(conn, camera, date(2026, 3, n)) for n in (28, 29, 30)] == [
        {"up_s": 24}, {"up_s": 23}, {"up_s": 24},
    ]  # fmt: skip


async def test_nothing_is_closed_without_a_camera(conn: asyncpg.Connection) -> None:
    assert await figures.close_days(conn, NEXT, ZONE) == []


async def test_the_ledger_of_a_camera_answers_with_its_window(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    code = await conn.fetchval("SELECT code FROM camera WHERE id = $1", ids[1])
    answer = await figures.of_camera(conn, code, DAY, NEXT)
    assert answer is not None
    assert (answer["from"], answer["to"]) == ("2026-03-01T16:00:00Z", "2026-03-02T16:00:00Z")
    assert (answer["up"], answer["down"], answer["availability"]) == (18 * 3600, 6 * 3600, 0.75)
    assert await figures.of_camera(conn, "nobody", DAY, NEXT) is None
    assert await figures.of_area(conn, "nowhere", DAY, NEXT) is None


async def test_facts_alone_are_enough_to_compute_every_stored_figure_again(
    conn: asyncpg.Connection,
) -> None:
    ids = await city(conn)
    await figures.close_days(conn, NEXT + HOUR, ZONE)
    before = [await hours_of(conn, camera) for camera in ids]
    await conn.execute("TRUNCATE ledger_day, ledger_area_day, day_closed")
    await figures.close_days(conn, NEXT + HOUR, ZONE)
    assert [await hours_of(conn, camera) for camera in ids] == before


async def cover(conn: asyncpg.Connection, *values: tuple[float, float | None, float | None]) -> int:
    """A street whose coverage (designed, effective) changed at these hours of Monday."""
    place: int = await conn.fetchval(
        "INSERT INTO place (kind, code, name, geometry, updated_at) "
        "VALUES ('street', 's', 'Street', '{}', now()) RETURNING id"
    )
    for at, designed, effective in values:
        await conn.execute(
            "INSERT INTO coverage_change (place_id, at, designed, effective) "
            "VALUES ($1, $2, $3, $4)",
            place,
            hour(at),
            designed,
            effective,
        )
    return place


async def covered(conn: asyncpg.Connection, day: date = MONDAY) -> tuple[float | None, ...] | None:
    row = await conn.fetchrow(
        "SELECT designed, effective, effective_min FROM coverage_day WHERE day = $1", day
    )
    return None if row is None else tuple(row)


async def test_coverage_is_weighted_by_time_and_carried_into_the_day(
    conn: asyncpg.Connection,
) -> None:
    await city(conn)
    await cover(conn, (-3, 0.8, 0.8), (6, 0.8, 0.2), (12, 0.8, 0.6))
    await figures.close_days(conn, NEXT + HOUR, ZONE)
    assert await covered(conn) == (
        pytest.approx(0.8), pytest.approx((6 * 0.8 + 6 * 0.2 + 12 * 0.6) / 24), 0.2,
    )  # fmt: skip
    assert await covered(conn, date(2026, 3, 3)) == (pytest.approx(0.8), pytest.approx(0.6), 0.6)


async def test_coverage_of_the_running_day_reaches_to_now(conn: asyncpg.Connection) -> None:
    await city(conn)
    await cover(conn, (-3, 1, 1), (6, 1, 0))
    await figures.close_days(conn, hour(8), ZONE)
    assert await covered(conn) == (1, 0.75, 0)


async def test_time_before_the_first_figure_of_a_place_counts_nowhere(
    conn: asyncpg.Connection,
) -> None:
    await city(conn)
    await cover(conn, (6, 0.5, None), (12, 0.5, 0.25))
    await figures.close_days(conn, NEXT, ZONE)
    assert await covered(conn) == (0.5, 0.25, 0.25)
    assert await covered(conn, date(2026, 3, 1)) is None


async def test_histories_of_all_cameras_are_those_of_each(conn: asyncpg.Connection) -> None:
    ids = await city(conn)
    together = await facts.histories(conn, DAY, NEXT)
    for camera in ids:
        assert (await facts.histories(conn, DAY, NEXT, [camera]))[camera] == together[camera]
