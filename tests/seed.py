"""A small believable city by plain SQL: every status word, every kind of place, hostile names.

Used by the tests of the views, the web page and the dashboards. `now` should be the present: the
views compare with the clock of the database.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg

from tests import protecting
from tests.declared import declare_all

LON, LAT = 109.940, 33.868  # a town of the size of a few streets; M_LON metres are one degree here
_M_LAT = 111_132.0
_M_LON = 92_450.0
_ZONE = ZoneInfo("Asia/Shanghai")

Ids = dict[str, int]  # last two digits of the code -> camera id

AREAS = [
    ("610000", "Sample city 示例市", None, "city"),
    ("610001", "North district 北区", "610000", "district"),
    ("610002", "South 'Süd' district 南区", "610000", "district"),
]

# code | name | intent | kind | direction | metres east, north of the middle | simulated
_CAMERA_TABLE = """
61000100001320000001 | Market east 市场东 | in_service | fixed | 90 | 40 205 |
61000100001320000002 | Gate "Nord" <b>bold</b> | in_service | fixed | 西 | 180 195 | simulated
61000100001320000003 | Bridge 桥 | in_service | dome_ptz | | 320 200 |
61000100001320000004 | Clock tower 钟楼 | in_service | fixed | 180 | 200 120 |
61000100001320000005 | O'Brien corner | in_service | fixed | 270 | 400 100 | simulated
61000100001320000006 | School lane 学校巷 | in_service | half_dome | 0 | 60 20 |
61000200001320000007 | Station forecourt 站前广场 | in_service | panorama | 全向 | 240 -80 |
61000200001320000008 | River road west | in_service | fixed | 45 | -60 -120 |
61000200001320000009 | River road east | in_service | fixed | 225 | 420 -130 | simulated
61000200001320000010 | Park 公园 (notice) | in_service | fixed | 135 | 120 -200 |
61000200001320000011 | Depot, in repair | repair | fixed | 90 | 330 -210 |
61000200001320000012 | New pole 12 | planned | unknown | | 460 -40 |
61000200001320000013 | Old post office | retired | fixed | 90 | -80 60 |
61000200001320000014 | No address <script>alert(1)</script> | in_service | unknown | | |
"""
CAMERAS = [
    [cell.strip() for cell in line.split("|")] for line in _CAMERA_TABLE.strip().splitlines()
]

# code suffix, health, minutes since the change, reason, clock offset s, clock fault min, dark
STATES: list[tuple[str, str, float | None, str | None, float | None, float | None, str | None]] = [
    ("01", "up", 14_000, "ok", 0.4, None, None),
    ("02", "up", 14_000, "ok", -1.2, None, None),
    ("03", "up", 75, "login_required", None, None, None),
    ("04", "up", 14_000, "clock_off", 3_612.5, 900, None),
    ("05", "down", 95, "connect_timeout", 0.1, None, None),
    ("06", "down", 2_900, "refused", None, None, None),
    ("07", "up", 14_000, "ok", 0.0, None, None),
    ("08", "down", 12, "not_onvif", 2.0, None, None),
    ("09", "up", 14_000, "ok", 0.2, None, "collector_lost"),
    ("10", "down", 600, "answer_timeout", None, None, None),
    ("11", "down", 9_000, "connect_timeout", None, None, None),
    ("14", "unknown", None, None, None, None, "not_polled"),
]


def at(x_m: float, y_m: float) -> list[float]:
    """[lon, lat] of a point given in metres from the middle of the town."""
    return [round(LON + x_m / _M_LON, 7), round(LAT + y_m / _M_LAT, 7)]


def _line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "MultiLineString", "coordinates": [[at(*p) for p in points]]}


def _box(x: float, y: float, width: float, height: float) -> dict[str, Any]:
    corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    return {"type": "Polygon", "coordinates": [[at(*p) for p in corners]]}


# kind, code, name, area, geometry, length_m, area_m2,
# designed, effective, upper, redundant, assumed
PLACES: list[tuple[Any, ...]] = [
    ("street", "S1", "Market street 市场街", "610001",
     _line((0, 200), (440, 200)), 440.0, None, 0.70, 0.70, 0.70, 0.20, False),
    ("street", "S2", "Long 'Quay' & <i>Row</i>", "610001",
     _line((0, 110), (220, 110), (440, 100)), 440.0, None, 0.50, 0.25, 0.25, 0.0, False),
    ("street", "S3", "River road 河滨路", "610002",
     {"type": "MultiLineString", "coordinates": [
         [at(-100, -125), at(140, -125)], [at(180, -125), at(460, -125)]]},
     520.0, None, 0.60, 0.00, 0.25, 0.0, False),
    ("street", "S4", "Blind alley 无监控巷", "610002",
     _line((500, 200), (500, -100)), 300.0, None, 0.0, 0.0, 0.0, 0.0, False),
    ("street", "S5", "Full cover lane 全覆盖", "610001",
     _line((-60, 240), (-60, 140)), 100.0, None, 1.0, 1.0, 1.0, 0.6, False),
    ("school", "C1", 'No. 1 Primary "第一小学"', "610001",
     _box(30, 15, 100, 60), 360.0, None, 0.40, 0.10, 0.10, 0.0, False),
    ("school", "C2", "Kindergarten 幼儿园", "610002",
     {"type": "Point", "coordinates": at(-20, -40)}, 370.0, None, 0.0, 0.0, 0.0, 0.0, True),
    ("key_area", "K1", "Station square 站前广场", "610002",
     _box(200, -110, 90, 60), None, 5_400.0, 0.96, 0.96, 0.96, 0.30, False),
    ("key_area", "K2", "Freight yard 货场", "610002",
     _box(330, 20, 80, 60), None, 4_800.0, 0.55, 0.20, 0.20, 0.0, False),
]  # fmt: skip

# place code, from_m, to_m, kind, from point, to point
GAPS: list[tuple[str, float, float, str, tuple[float, float], tuple[float, float]]] = [
    ("S1", 308.0, 440.0, "never", (308, 200), (440, 200)),
    ("S2", 110.0, 330.0, "never", (110, 110), (330, 105)),
    ("S2", 330.0, 440.0, "dark", (330, 105), (440, 100)),
    ("S3", 0.0, 240.0, "dark", (-100, -125), (140, -125)),
    ("S3", 240.0, 312.0, "dark", (180, -125), (252, -125)),
    ("S3", 312.0, 520.0, "never", (252, -125), (460, -125)),
    ("S4", 0.0, 300.0, "never", (500, 200), (500, -100)),
    ("C1", 36.0, 252.0, "never", (66, 15), (108, 75)),
    ("C1", 252.0, 360.0, "dark", (108, 75), (30, 45)),
    ("C2", 0.0, 370.0, "never", (40, -40), (40, -40.1)),
]

# place code -> share that is required, with a reason; the other places need nothing
NEEDS = {"S1": 0.9, "S2": 0.5, "S3": 0.5, "C1": 0.6, "K1": 0.9}

# code suffix, exclusive_m
_CARRIES = [
    ("01", 120.0),
    ("02", 60.0),
    ("03", 40.0),
    ("04", 110.0),
    ("05", 0.0),
    ("06", 0.0),
    ("07", 0.0),
    ("08", 0.0),
]

_DEFECTS = [
    ("03", "no_direction", "a PTZ without a home position"),
    ("14", "no_coordinates", ""),
]


async def seed(conn: asyncpg.Connection, now: datetime) -> None:
    """Write the city into an empty migrated database, all in one transaction."""
    async with conn.transaction():
        await _inventory(conn, now)
        await declare_all(conn)
        ids = {row["code"][-2:]: row["id"] for row in await conn.fetch("SELECT * FROM camera")}
        await _windows(conn, now, ids)
        await _states(conn, now, ids)
        await _facts(conn, now, ids)
        await _evidence(conn, now, ids)
        await _places(conn, now)
        await _carried(conn, now, ids)
        await _looks(conn, now, ids)
        await _platform(conn, now, ids)
        await _ledger(conn, now, ids)
        await _monitor(conn, now)


async def _platform(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    """A platform that calls one camera online that is down, and knows one that nobody else does."""
    columns = "name kind cadence_s asked_at answered_at fresh_at version"
    await _insert(conn, "platform", columns, [("town", "wvp", 60.0, now, now, now, "2.7.4")])
    columns = "platform key camera_id code name said since raw first_seen_at"
    long_ago = now - timedelta(days=3)
    rows = [
        (
            "town",
            "h/1",
            ids["06"],
            "61000100001320000006",
            "Six",
            "on",
            long_ago,
            "ON",
            long_ago,
        ),
        ("town", "h/2", None, "61000100001320000099", "<b>", "off", long_ago, "OFF", long_ago),
    ]
    await _insert(conn, "platform_channel", columns, rows)
    columns += " oldest_at kept_at"
    kept = now - timedelta(days=99)
    row = ("town", "h/3", ids["01"], "x", "One", "on", long_ago, "ON", long_ago, kept, now)
    await _insert(conn, "platform_channel", columns, [row])


async def _looks(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    """Two cameras look at a protected place, one of them with an answer; one no longer does."""
    columns = "camera_id seen_as layer_dated"
    await _insert(conn, "camera_look", columns, [(ids["01"], {}, date(2026, 1, 1))])
    long_ago, lately = now - timedelta(days=40), now - timedelta(days=3)
    columns = (
        "camera_id opened_at share places area_m2 facade_m free_bearing_deg free_angle_deg "
        "free_range_m hide ended_at ended_by"
    )
    found = [
        (ids["01"], lately, 0.31, 2, 540.0, 61.0, 140.0, 40.0, 18.0, [[70, 95]], None, None),
        (ids["02"], long_ago, 0.05, 1, 87.0, 12.5, None, None, 33.0, [[200, 215]], None, None),
        (ids["08"], long_ago, 0.12, 1, 209.0, 20.0, 10.0, 30.0, 25.0, [[40, 60]], lately, "turned"),
    ]
    await _insert(conn, "protected_finding", columns, found)
    columns = "camera_id opened_at answered_at answered_by answer"
    answers = [(ids["02"], long_ago, lately, "Li", "The mast is moved in <May>")]
    await _insert(conn, "protected_answer", columns, answers)


async def _insert(
    conn: asyncpg.Connection, table: str, columns: str, rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows; `columns` are names with blanks between."""
    names = columns.split()
    marks = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await conn.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows)


async def _inventory(conn: asyncpg.Connection, now: datetime) -> None:
    born = now - timedelta(days=200)
    sheet = {"vendor": "Sample <Works>", "model": "X-1", "manager": "运维一组"}
    cameras, intents = [], []
    for number, (code, name, intent, kind, direction, place, simulated) in enumerate(CAMERAS, 1):
        lon, lat = at(*map(float, place.split())) if place else (None, None)
        host = f"192.0.2.{number}" if place else None
        cameras.append(
            (code, name, code[:6], intent, host, lon, lat, kind, direction or None,
             bool(simulated), f"Pole {number}", sheet, born, born, born)
        )  # fmt: skip
        intents.append((code, born, "planned" if intent == "planned" else "in_service"))
        if intent in ("repair", "retired"):
            intents.append((code, now - timedelta(days=5), intent))
    await _insert(conn, "area", "code name parent_code level", AREAS)
    await _insert(
        conn,
        "camera",
        "code name area_code intent host lon lat kind direction simulated address "
        "sheet created_at updated_at first_entered_at",
        cameras,
    )
    await conn.executemany(
        "INSERT INTO intent_change SELECT id, $2, $3 FROM camera WHERE code = $1", intents
    )
    await conn.execute("UPDATE inventory_revision SET revision = 1")


async def _windows(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    hour = timedelta(hours=1)
    rows = [
        (ids["10"], now - 9 * hour, now + 30 * hour, "exempt", "ROAD", "Inspector Li"),
        (ids["01"], now - 74 * hour, now - 72 * hour, "planned", "CAM", "Inspector Li"),
    ]
    columns = "camera_id starts_at ends_at kind reason_code approved_by"
    await _insert(conn, "camera_window", columns, rows)


async def _states(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    rows = [_state(now, ids, *each[:5], each[6]) for each in STATES]
    await _insert(
        conn,
        "camera_state",
        "camera_id health since health_reason health_detail confirmed_at "
        "last_at last_up_at last_reason last_detail last_took_ms clock_offset_s "
        "dark_since dark_cause changed_at",
        rows,
    )


def _state(
    now: datetime,
    ids: Ids,
    suffix: str,
    health: str,
    minutes: float | None,
    reason: str | None,
    offset: float | None,
    dark: str | None,
) -> tuple[Any, ...]:
    detail = "no answer within 5 s" if health == "down" else ""
    since = _ago(now, minutes)
    last = None if since is None else now - timedelta(seconds=300 if dark else 20)
    last_up = since - timedelta(minutes=1) if since and health == "down" else last
    confirmed = since and since + timedelta(minutes=3)
    return (
        ids[suffix], health, since, since and reason, detail, confirmed,
        last, last_up, reason, detail, 5_000.0 if detail else 41.5, offset,
        _ago(now, 5 if dark else None), dark, now,
    )  # fmt: skip


def _ago(now: datetime, minutes: float | None) -> datetime | None:
    return None if minutes is None else now - timedelta(minutes=minutes)


async def _facts(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    transitions: list[Any] = []
    dark: list[Any] = [
        (ids["01"], now - timedelta(days=2), now - timedelta(days=2, minutes=-20), "late")
    ]
    for suffix, health, minutes, reason, _, _, cause in STATES:
        if minutes is not None:
            since = now - timedelta(minutes=minutes)
            transitions += _changes(ids[suffix], now, since, health, reason, suffix == "03")
        if cause is not None:
            dark.append((ids[suffix], now - timedelta(minutes=5), None, cause))
    faults = [
        (ids["04"], "clock", now - timedelta(minutes=900), None, "ahead by 3612.5 s"),
        (ids["02"], "clock", now - timedelta(days=4), now - timedelta(days=3), "behind by 95 s"),
    ]
    columns = "camera_id at from_health to_health reason recorded_at"
    await _insert(conn, "transition", columns, transitions)
    await _insert(conn, "unobserved", "camera_id starts_at ends_at cause", dark)
    await _insert(conn, "fault", "camera_id kind opened_at closed_at detail", faults)


def _changes(
    key: int, now: datetime, since: datetime, health: str, reason: str | None, flapped: bool
) -> list[tuple[Any, ...]]:
    late = timedelta(minutes=3)
    first = min(now - timedelta(days=12), since - timedelta(days=3))
    if health == "down":
        return [
            (key, first, "unknown", "up", "ok", first),
            (key, since, "up", "down", reason, since + late),
        ]
    if flapped:
        went = since - timedelta(minutes=40)
        return [
            (key, first, "unknown", "up", "ok", first),
            (key, went, "up", "down", "reset", went + late),
            (key, since, "down", "up", reason, since + late),
        ]
    return [(key, since, "unknown", "up", "ok", since)]


async def _evidence(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    failed = [
        (ids[suffix], now - timedelta(minutes=number, seconds=20), reason, detail, 5_000.0)
        for suffix, reason, detail in [
            ("05", "connect_timeout", "no answer within 5 s"),
            ("06", "refused", ""),
            ("08", "not_onvif", "200 text/html <title>Router</title>"),
        ]
        for number in range(8)
    ]
    hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [
        (ids[suffix], hour - timedelta(hours=back), 60, 0 if health == "down" else 60, 2_520, 130)
        for suffix, health, *_ in STATES
        if health != "unknown"
        for back in range(1, 25)
    ]
    await _insert(conn, "observation_failed", "camera_id at reason detail took_ms", failed)
    await _insert(conn, "observation_hour", "camera_id hour asked up took_ms took_max_ms", hours)


async def _places(conn: asyncpg.Connection, now: datetime) -> None:
    today = now.astimezone(_ZONE).date()
    keys: dict[str, int] = {}
    for kind, code, name, area, geometry, *figures in PLACES:
        key = keys[code] = await conn.fetchval(
            """
            INSERT INTO place (kind, code, name, area_code, geometry, required_draft,
              excluded_m, updated_at)
            VALUES ($1, $2, $3, $4, $5, 1, $6, $7) RETURNING id
            """,
            kind, code, name, area, geometry, 12.5 if code == "S1" else 0.0,
            now - timedelta(days=30),
        )  # fmt: skip
        length_m, area_m2, designed, effective, upper, redundant, assumed = figures
        lost_m = None if length_m is None else round((designed - upper) * length_m, 6)
        approach = 0.35 if kind == "school" else None
        await _insert(
            conn,
            "coverage_now",
            "place_id length_m area_m2 designed effective upper redundant reachable approach "
            "lost_m assumed as_of doubled",
            [(key, length_m, area_m2, designed, effective, upper, redundant, designed, approach,
              lost_m, assumed, now, redundant)],
        )  # fmt: skip
        changes = [
            (key, now - timedelta(days=12), designed, designed, designed),
            (key, now - timedelta(minutes=95), designed, effective, upper),
        ]
        days = [
            (key, today - timedelta(days=back), designed, designed, effective)
            for back in range(1, 11)
        ]
        await _insert(conn, "coverage_change", "place_id at designed effective upper", changes)
        await _insert(conn, "coverage_day", "place_id day designed effective effective_min", days)
    await protecting.load(conn)
    gaps = [
        (keys[code], begin, end, kind, *at(*first), *at(*last), _line(first, last))
        for code, begin, end, kind, first, last in GAPS
    ]
    needs = [
        (keys[code], now - timedelta(days=20), "Li", share, "School crossing", "Decision 3",
         today - timedelta(days=20), today + timedelta(days=200))
        for code, share in NEEDS.items()
    ]  # fmt: skip
    columns = "place_id stated_at stated_by share purpose ground from_day review_due"
    await _insert(conn, "requirement", columns, needs)
    columns = "place_id from_m to_m kind from_lon from_lat to_lon to_lat line"
    await _insert(conn, "coverage_gap", columns, gaps)


async def _carried(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    carried = [(ids[suffix], *rest) for suffix, *rest in _CARRIES]
    defects = [(ids[suffix], *rest) for suffix, *rest in _DEFECTS]
    model = {"name": "default", "line_of_sight": False}
    await _insert(conn, "camera_coverage", "camera_id exclusive_m", carried)
    await _insert(conn, "camera_defect", "camera_id defect detail", defects)
    await _insert(conn, "coverage_model", "model as_of", [(model, now)])


async def _ledger(conn: asyncpg.Connection, now: datetime, ids: Ids) -> None:
    today = now.astimezone(_ZONE).date()
    rows = [
        _day(ids, code, intent, today - timedelta(days=back), back)
        for code, _, intent, *_ in CAMERAS
        for back in range(1, 11)
    ]
    await _insert(
        conn,
        "ledger_day",
        "camera_id day starts_at ends_at up_s down_s planned_s exempt_s unobserved_s "
        "out_of_service_s unobserved_by_cause outages unreachable_s",
        rows,
    )
    await conn.execute("UPDATE ledger_day SET declared = true")
    await conn.execute(
        """
        INSERT INTO ledger_area_day (area_code, day, cameras, up_s, down_s, unreachable_s,
          planned_s, exempt_s, unobserved_s, out_of_service_s, outages)
        SELECT tree.ancestor, l.day, count(*), sum(l.up_s), sum(l.down_s), sum(l.unreachable_s),
          sum(l.planned_s), sum(l.exempt_s), sum(l.unobserved_s), sum(l.out_of_service_s),
          sum(l.outages)
        FROM ledger_day l
        JOIN camera c ON c.id = l.camera_id
        JOIN area_tree tree ON tree.code = c.area_code
        GROUP BY tree.ancestor, l.day
        """
    )


def _day(ids: Ids, code: str, intent: str, day: date, back: int) -> tuple[Any, ...]:
    start = datetime.combine(day, time(), _ZONE).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), _ZONE).astimezone(UTC)
    split = _split(code[-2:], intent, back)
    up_s = (end - start).total_seconds() - sum(split.values())
    causes = {"collector_lost": split["unobserved"]} if split["unobserved"] else {}
    return (
        ids[code[-2:]], day, start, end, up_s, split["down"], split["planned"], split["exempt"],
        split["unobserved"], split["out_of_service"], causes, int(split["down"] > 0), 0.0,
    )  # fmt: skip


def _split(suffix: str, intent: str, back: int) -> dict[str, float]:
    """Seconds of one day other than up; varied by camera and day so that trends have a shape."""
    split = dict.fromkeys(("down", "planned", "exempt", "unobserved", "out_of_service"), 0.0)
    if intent in ("planned", "retired", "repair"):
        split["out_of_service"] = 86_400.0
    elif suffix == "14":
        split["unobserved"] = 86_400.0
    elif suffix == "06":
        split["down"] = 86_400.0 if back <= 2 else 1_800.0 * back
    elif suffix in ("05", "08"):
        split["down"] = 600.0 * back
    elif suffix == "10":
        split["exempt"] = 7_200.0
    elif suffix == "01" and back == 3:
        split["planned"] = 7_200.0
    elif suffix == "09":
        split["unobserved"] = 900.0 * (back % 3)
    return split


async def _monitor(conn: asyncpg.Connection, now: datetime) -> None:
    day = timedelta(days=1)
    today = now.astimezone(_ZONE).date()
    figures = {"availability": {"numerator_s": 1.0, "denominator_s": 2.0}}
    await _insert(
        conn,
        "collector",
        "name started_at alive_at stopped_at cameras asked dropped late_p99_s loop_lag_s queue",
        [
            ("main-1", now - 10 * day, now, None, 11, 158_400, 0, 0.042, 0.001, 3),
            ("old-7", now - 20 * day, now - 10 * day, now - 10 * day, 11, 99, 4, 0.1, 0.002, 0),
        ],
    )
    await _insert(
        conn,
        "report",
        "kind first_day last_day made_at method figures",
        [("weekly", today - 7 * day, today - day, now - day / 4, "time-weighted (C)", figures)],
    )
