"""Figures on the boards equal figures computed here by plain Python from the base tables."""

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from dashboards import publish
from tests.grafana import expand, sql_of
from tests.seed import NEEDS, seed

BOARDS = {board["uid"]: board for board in publish.draw().values()}
TECHNICIANS, COMMITTEE = BOARDS["camledger-technicians"], BOARDS["camledger-committee"]
REGISTER = BOARDS["camledger-register"]
PLANNERS, ONE = BOARDS["camledger-planners"], BOARDS["camledger-camera"]
ZONE = ZoneInfo("Asia/Shanghai")
RANGE = timedelta(days=8)
PARTS = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")


@pytest.fixture
async def now(conn: asyncpg.Connection) -> datetime:
    instant = datetime.now(UTC)
    await seed(conn, instant)
    return instant


async def shown(conn, board, title, now, *, area=None, kind=None, camera=""):
    values = {"area": area, "kind": kind, "camera": camera}
    return await conn.fetch(expand(sql_of(board, title), board, values, now - RANGE, now))


async def statuses(conn: asyncpg.Connection, now: datetime) -> dict[str, str]:
    """The word of each camera from cameras, states, windows and the patience, rule by rule."""
    patience = timedelta(seconds=await conn.fetchval("SELECT patience_s FROM policy"))
    states = {row["camera_id"]: row for row in await conn.fetch("SELECT * FROM camera_state")}
    open_faults = await conn.fetch("SELECT camera_id FROM fault WHERE closed_at IS NULL")
    faulty = {row["camera_id"] for row in open_faults}
    excused = {
        row["camera_id"]
        for row in await conn.fetch("SELECT * FROM camera_window")
        if row["starts_at"] <= now < row["ends_at"]
    }
    words = {"planned": "PLANNED", "trial": "PLANNED", "repair": "REPAIR", "retired": "RETIRED"}
    found = {}
    for camera in await conn.fetch("SELECT id, code, intent::text AS intent FROM camera"):
        state = states.get(camera["id"])
        if camera["intent"] in words:
            word = words[camera["intent"]]
        elif camera["id"] in excused:
            word = "EXEMPT"
        elif (
            state is None
            or state["health"] == "unknown"
            or state["dark_since"]
            or state["last_at"] < now - patience
        ):
            word = "UNKNOWN"
        elif state["health"] == "down":
            word = "OFFLINE"
        else:
            word = "DEGRADED" if camera["id"] in faulty else "ONLINE"
        found[camera["code"]] = word
    return found


async def ledger(conn, now, cameras=None):
    """Seconds by part, summed over the local days that begin in the range, and the day rows."""
    rows = [
        row
        for row in await conn.fetch(
            "SELECT c.code, c.area_code, l.* FROM ledger_day l JOIN camera c ON c.id = l.camera_id"
        )
        if now - RANGE <= begins(row["day"]) <= now and (cameras is None or row["code"] in cameras)
    ]
    return {part: sum(row[f"{part}_s"] for row in rows) for part in PARTS}, rows


def begins(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def availability(sums: dict[str, float]) -> float | None:
    assessed = sums["up"] + sums["down"] + sums["unreachable"]
    if not assessed or assessed < 0.8 * (assessed + sums["unobserved"]):
        return None
    return sums["up"] / assessed


async def test_states_are_counted_once_each_and_add_up(conn, now):
    [row] = await shown(conn, TECHNICIANS, "Cameras by state", now)
    counted = Counter(word.lower() for word in (await statuses(conn, now)).values())
    assert dict(row) == {name: counted[name] for name in row.keys()}  # noqa: SIM118
    assert sum(row.values()) == await conn.fetchval("SELECT count(*) FROM camera")
    assert len(counted) == 8


@pytest.mark.parametrize("board", [TECHNICIANS, COMMITTEE], ids=["technicians", "committee"])
@pytest.mark.parametrize("area", [None, ["610001"], ["610000"], ["610002", "610001"]])
async def test_the_live_rate_has_both_its_parts(conn, now, board, area):
    [row] = await shown(conn, board, "Live online rate (M01)", now, area=area)
    areas = dict(await conn.fetch("SELECT code, area_code FROM camera"))
    words = Counter(
        word
        for code, word in (await statuses(conn, now)).items()
        if area != ["610001"] or areas[code] == "610001"
    )
    up = words["ONLINE"] + words["DEGRADED"]
    assert (row["up"], row["assessed"]) == (up, up + words["OFFLINE"])
    assert row["online_rate"] == pytest.approx(up / (up + words["OFFLINE"]), abs=1e-12)


async def test_a_camera_nobody_looks_at_leaves_the_rate_instead_of_lowering_it(conn, now):
    await conn.execute("UPDATE camera_state SET last_at = now() - interval '1 day'")
    [row] = await shown(conn, COMMITTEE, "Live online rate (M01)", now)
    assert (row["online_rate"], row["assessed"]) == (None, 0)
    assert row["unknown"] > 0
    assert await shown(conn, TECHNICIANS, "Offline now, oldest first", now) == []


async def test_the_work_list_is_the_offline_cameras_the_oldest_first(conn, now):
    rows = await shown(conn, TECHNICIANS, "Offline now, oldest first", now)
    offline = {code for code, word in (await statuses(conn, now)).items() if word == "OFFLINE"}
    assert {row["camera_code"] for row in rows} == offline
    assert len(rows) == len(offline)
    assert [row["since"] for row in rows] == sorted(row["since"] for row in rows)
    assert all(row["meaning"] and row["advice"] for row in rows)
    bars = await shown(conn, TECHNICIANS, "Offline by cause", now)
    assert {r["reason"]: r["cameras"] for r in bars} == Counter(r["reason"] for r in rows)


async def test_unknown_cameras_have_their_own_list(conn, now):
    rows = await shown(conn, TECHNICIANS, "Not observed (UNKNOWN)", now)
    unknown = {code for code, word in (await statuses(conn, now)).items() if word == "UNKNOWN"}
    assert {row["camera_code"] for row in rows} == unknown


async def test_changes_per_hour_are_the_transitions(conn, now):
    rows = await shown(conn, TECHNICIANS, "Changes per hour", now)
    hours = defaultdict(Counter)
    for row in await conn.fetch(
        "SELECT at, from_health::text AS a, to_health::text AS b FROM transition"
    ):
        if now - RANGE <= row["at"] <= now:
            hour = row["at"].replace(minute=0, second=0, microsecond=0)
            hours[hour][row["a"], row["b"]] += 1
    found = {r["time"]: (r["went_down"], r["came_back"], r["first_seen"]) for r in rows}
    assert found == {
        hour: (
            sum(n for (_, to), n in kinds.items() if to == "down"),
            kinds["down", "up"],
            kinds["unknown", "up"],
        )
        for hour, kinds in hours.items()
    }


async def test_failed_observations_are_those_of_the_last_hour(conn, now):
    rows = await shown(conn, TECHNICIANS, "Failed observations of the last hour", now)
    base = await conn.fetch(
        "SELECT c.code, f.reason FROM observation_failed f JOIN camera c ON c.id = f.camera_id"
    )
    assert {(r["camera_code"], r["reason"]): r["failed"] for r in rows} == Counter(
        (row["code"], row["reason"]) for row in base
    )


async def test_availability_comes_from_sums_of_seconds(conn, now):
    [row] = await shown(conn, COMMITTEE, "Availability in the time range (M02)", now)
    sums, _ = await ledger(conn, now)
    assessed = sums["up"] + sums["down"] + sums["unreachable"]
    assert row["availability"] == pytest.approx(sums["up"] / assessed, abs=1e-12)
    assert row["up_h"] == pytest.approx(sums["up"] / 3600)
    assert row["assessed_h"] == pytest.approx(assessed / 3600)
    assert row["observed"] == pytest.approx(assessed / (assessed + sums["unobserved"]))


async def test_each_purpose_and_contract_is_the_sum_of_its_cameras(conn, now):
    rows = await shown(conn, COMMITTEE, "By purpose, and by contract", now)
    group = {r["camera_code"]: r for r in await conn.fetch("SELECT * FROM bi.camera_group")}
    assert {row["sort"] for row in rows} == {"purpose", "contract"}
    for row in rows:
        codes = {c for c, each in group.items() if (each[row["sort"]] or "—") == row["name"]}
        sums, days = await ledger(conn, now, codes)
        assert row["availability"] == pytest.approx(availability(sums), abs=1e-12)
        assert row["unobserved_h"] == pytest.approx(sums["unobserved"] / 3600)
        assert row["exempt_h"] == pytest.approx(sums["exempt"] / 3600)
        assert row["outages"] == sum(day["outages"] for day in days)


async def test_a_group_hardly_observed_gets_no_rate_and_stays(conn, now):
    await conn.execute("UPDATE ledger_day SET unobserved_s = unobserved_s + up_s, up_s = 0")
    rows = await shown(conn, COMMITTEE, "By purpose, and by contract", now)
    assert rows
    assert all(row["availability"] is None and row["cameras"] > 0 for row in rows)


async def test_days_of_undeclared_cameras_count_in_no_figure_of_the_board(conn, now):
    await conn.execute("UPDATE ledger_day SET declared = false")
    [row] = await shown(conn, COMMITTEE, "Availability in the time range (M02)", now)
    assert row["availability"] is None
    for title in ("By purpose, and by contract", "Where camera time went"):
        assert await shown(conn, COMMITTEE, title, now) == []
    assert await shown(conn, COMMITTEE, "Cameras with most down time", now) == []


async def test_the_register_board_counts_what_the_register_holds(conn, now):
    [row] = await shown(conn, REGISTER, "Declared and undeclared", now)
    base = await conn.fetch("SELECT * FROM bi.register_now WHERE intent <> 'retired'")
    assert row["declared"] == sum(each["declared"] for each in base) > 0
    assert row["undeclared"] == sum(not each["declared"] for each in base)
    states = await shown(conn, REGISTER, "Cameras by state of the register", now)
    assert {r["state"]: r["cameras"] for r in states} == Counter(each["state"] for each in base)
    waiting = await shown(conn, REGISTER, "Not declared, those to be let go first", now)
    assert len(waiting) == row["undeclared"]


async def test_what_is_not_declared_stands_in_the_list_with_what_is_missing(conn, now):
    await conn.execute(
        "UPDATE entry_camera SET until_at = now(), ended = 'withdrawn', ended_by = 'Li'"
    )
    [counted] = await shown(conn, REGISTER, "Declared and undeclared", now)
    assert (counted["declared"], counted["undeclared"] > 0) == (0, True)
    waiting = await shown(conn, REGISTER, "Not declared, those to be let go first", now)
    assert len(waiting) == counted["undeclared"]
    assert all(row["missing"] for row in waiting)
    assert await shown(conn, REGISTER, "Reviews due within 90 days", now) == []


async def test_the_split_of_a_day_adds_up_to_all_camera_hours(conn, now):
    rows = await shown(conn, COMMITTEE, "Where camera time went", now)
    sums, days = await ledger(conn, now)
    cameras = await conn.fetchval("SELECT count(*) FROM camera")
    assert {row["time"] for row in rows} == {begins(day["day"]) for day in days}
    for row in rows:
        assert sum(row[part] for part in PARTS) == pytest.approx(24 * cameras)
    for part in PARTS:
        assert sum(row[part] for row in rows) == pytest.approx(sums[part] / 3600)


async def test_worst_cameras_are_those_down_longest(conn, now):
    rows = await shown(conn, COMMITTEE, "Cameras with most down time", now)
    _, days = await ledger(conn, now)
    down = Counter()
    for day in days:
        down[day["code"]] += day["down_s"] + day["unreachable_s"]
    expected = sorted(((s, code) for code, s in down.items() if s), key=lambda p: (-p[0], p[1]))
    assert [(row["down_s"], row["camera_code"]) for row in rows] == expected[:20]


async def test_coverage_by_kind_comes_from_sums_of_metres(conn, now):
    rows = await shown(conn, PLANNERS, "Coverage by kind of place, whole city", now)
    base = await conn.fetch(
        "SELECT p.kind::text AS kind, v.* FROM coverage_now v JOIN place p ON p.id = v.place_id"
    )
    words = {"streets": "street", "schools": "school", "named areas": "key_area"}
    for row in rows:
        places = [each for each in base if each["kind"] == words[row["kind"]]]
        size = [each["length_m"] or each["area_m2"] for each in places]
        for figure in ("designed", "effective", "upper", "redundant"):
            covered = sum(each[figure] * m for each, m in zip(places, size, strict=True))
            assert row[figure] == pytest.approx(covered / sum(size), abs=1e-12)
        assert row["places"] == len(places)
        assert row["designed"] >= row["upper"] >= row["effective"]


@pytest.mark.parametrize("board", [PLANNERS, COMMITTEE], ids=["planners", "committee"])
async def test_the_coverage_trend_is_weighted_with_sizes(conn, now, board):
    rows = await shown(conn, board, "Coverage per day", now)
    base = await conn.fetch(
        """
        SELECT d.*, p.kind::text AS kind, coalesce(v.length_m, v.area_m2) AS size
        FROM coverage_day d JOIN place p ON p.id = d.place_id JOIN coverage_now v USING (place_id)
        """
    )
    covered, whole = Counter(), Counter()
    words = {"street": "streets", "school": "schools", "key_area": "named areas"}
    for each in base:
        if now - RANGE <= begins(each["day"]) <= now:
            for which in ("designed", "effective"):
                key = begins(each["day"]), f"{words[each['kind']]} {which}"
                covered[key] += each[which] * each["size"]
                whole[key] += each["size"]
    found = {(row["time"], row["metric"]): row["ratio"] for row in rows}
    assert found == {key: pytest.approx(covered[key] / whole[key]) for key in whole}


async def test_places_come_by_kind_and_name_and_gaps_only_with_a_reason(conn, now):
    places = await shown(conn, PLANNERS, "Places", now)
    assert len(places) == await conn.fetchval("SELECT count(*) FROM coverage_now")
    by_kind = {kind: [r["place"] for r in places if r["kind"] == kind] for kind in ("streets",)}
    assert by_kind["streets"] == sorted(by_kind["streets"])
    needed = {row["place"]: row["required"] for row in places if row["required"] is not None}
    assert len(needed) == len(NEEDS)
    gaps = await shown(conn, PLANNERS, "Gaps of places that need coverage", now, kind=["street"])
    base = await conn.fetch(
        """
        SELECT g.from_m, g.to_m FROM coverage_gap g JOIN place p ON p.id = g.place_id
        WHERE p.code IN ('S1', 'S2', 'S3')
        """
    )
    expected = sorted(row["to_m"] - row["from_m"] for row in base)
    assert sorted(row["length_m"] for row in gaps) == pytest.approx(expected)
    assert {row["purpose"] for row in gaps} == {"School crossing"}


async def test_the_map_shows_every_placed_camera_and_red_lies_on_top(conn, now):
    [title] = [p["title"] for p in PLANNERS["panels"] if p["type"] == "geomap"]
    rows = await shown(conn, PLANNERS, title, now)
    words = await statuses(conn, now)
    placed = {r["code"] for r in await conn.fetch("SELECT code FROM camera WHERE lon IS NOT NULL")}
    assert {r["camera_code"] for r in rows} == {c for c in placed if words[c] != "RETIRED"}
    assert all(row["severity"] is not None for row in rows)
    assert rows[-1]["status"] == "OFFLINE"


async def test_the_timeline_of_a_camera_shows_notice_before_outage_and_darkness_before_health(
    conn, now
):
    async def states(camera):
        return [
            row["state"] for row in await shown(conn, ONE, "State over time", now, camera=camera)
        ]

    assert (await states("61000200001320000010"))[-1] == "exempt"
    assert (await states("61000200001320000009"))[-1] == "unobserved"
    assert (await states("61000100001320000005"))[-1] == "down"
    assert (await states("61000200001320000013"))[-1] == "out of service"
    assert (await states("61000100001320000001")) == ["up", "planned", "up", "unobserved", "up"]


async def test_the_totals_of_a_camera_are_its_ledger(conn, now):
    code = "61000100001320000006"
    [row] = await shown(conn, ONE, "Days in the range", now, camera=code)
    sums, days = await ledger(conn, now, {code})
    assert row["days"] == len(days)
    assert row["availability"] == pytest.approx(availability(sums), abs=1e-12)
    assert row["down_s"] == pytest.approx(sums["down"])
