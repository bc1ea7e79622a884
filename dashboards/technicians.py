"""The technicians' board: what is down now, why, where first, and whether we ourselves look."""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

from dashboards.layout import Board, Row, area_variable, collector_stops
from dashboards.palette import (
    ANY_IS_GREY,
    ANY_IS_RED,
    ANY_IS_YELLOW,
    COLLECTOR_COLOURS,
    GREEN,
    PLAIN,
    RED,
    STATUS_COLOURS,
    YELLOW,
    Steps,
)
from dashboards.panels import Column, Drawn, Saying, bars, numbers, rows, stacked
from dashboards.query import in_area

UID = "camledger-technicians"
CAMERA_LINK = "/d/camledger-camera?var-camera=${__data.fields.camera_code}&${__url_time_range}"

_AGE = Steps(first=GREEN, rest=((120, YELLOW), (300, RED)))
_LATE = Steps(first=GREEN, rest=((1, YELLOW), (10, RED)))

# The camera columns of every list: a code that leads to the page of the camera, and its name.
CAMERA_COLUMNS = (
    Column(name="camera_code", title="Camera", link=CAMERA_LINK, width=190),
    Column(name="name", title="Name", link=CAMERA_LINK),
)


def technicians() -> Board:
    """The board as a whole."""
    return Board(
        uid=UID,
        title="Technicians: repair first",
        description="What is offline now, why, since when, and what one trip mends.",
        folder="technicians",
        rows=[
            Row(id=101, title="Now", panels=[_states(), _live_rate(), _watching()]),
            Row(id=102, title="Work list", panels=[_offline(), _reasons(), _not_observed()]),
            Row(id=103, title="Faults and changes", panels=[_clock(), _changes()]),
            Row(id=105, title="The second witness", panels=[_platforms(), _disputes()]),
            Row(id=104, title="Our own eyes", panels=[_collectors(), _failing()]),
        ],
        variables=[area_variable()],
        annotations=[collector_stops()],
    )


def _states() -> Drawn:
    judged = {"offline": ANY_IS_RED, "degraded": ANY_IS_YELLOW, "unknown": ANY_IS_GREY}
    words = ("offline", "degraded", "unknown", "online", "exempt", "repair", "planned", "retired")
    return numbers(
        Saying(
            id=1,
            title="Cameras by state",
            description=(
                "Every camera of the chosen areas in exactly one state, now, from bi.camera_now. "
                "UNKNOWN is not offline: nobody looked lately, see 'Not observed'. "
                "Offline red: work through the list below."
            ),
            sql=f"""
SELECT {", ".join(_count(word) for word in words)}
FROM bi.camera_now n WHERE {in_area("n")}""",
            columns=tuple(
                Column(
                    name=word,
                    title=word.upper(),
                    steps=judged.get(word),
                    fixed=None if word in judged else STATUS_COLOURS[word.upper()],
                )
                for word in words
            ),
            width=12,
            height=5,
        )
    )


def _count(word: str) -> str:
    return f"count(*) FILTER (WHERE n.status = '{word.upper()}') AS {word}"


def _live_rate() -> Drawn:
    return numbers(
        Saying(
            id=2,
            title="Live online rate (M01)",
            description=(
                "(ONLINE + DEGRADED) / (ONLINE + DEGRADED + OFFLINE), now, from bi.camera_now, "
                "with both parts. Unknown, exempt, repair, planned and retired are in neither. "
                "See Work list for those that are down."
            ),
            sql=f"""WITH counted AS (
  SELECT sum(n.up) AS up, sum(n.assessed) AS assessed FROM bi.camera_now n WHERE {in_area("n")}
)
SELECT bi.online_rate(up, assessed) AS online_rate, up, assessed FROM counted""",
            columns=(
                Column(
                    name="online_rate",
                    title="Rate",
                    unit="percentunit",
                    decimals=2,
                    fixed=PLAIN,
                ),
                Column(name="up", title="Up"),
                Column(name="assessed", title="Of"),
            ),
            width=6,
            height=5,
        )
    )


def _watching() -> Drawn:
    return numbers(
        Saying(
            id=3,
            title="Are we looking?",
            description=(
                "Age of the newest answer; cameras in service that were not asked within the "
                "patience of the policy; collectors alive. From bi.camera_now, bi.policy and "
                "bi.collector_now, whole network, now. Red: figures on this page are old; look "
                "at 'Collectors' before sending anybody out."
            ),
            sql="""
SELECT
  (SELECT extract(epoch FROM now() - max(last_asked))::double precision FROM bi.camera_now)
    AS newest_s,
  (SELECT count(*) FROM bi.camera_now n CROSS JOIN bi.policy p
   WHERE n.intent = 'in_service'
     AND (n.last_asked IS NULL OR n.last_asked < now() - make_interval(secs => p.patience_s)))
    AS overdue,
  (SELECT count(*) FROM bi.collector_now WHERE alive) AS collectors""",
            columns=(
                Column(name="newest_s", title="Newest answer", unit="s", decimals=0, steps=_AGE),
                Column(name="overdue", title="Overdue", steps=ANY_IS_YELLOW),
                Column(
                    name="collectors",
                    title="Collectors",
                    steps=Steps(first=RED, rest=((1, GREEN),)),
                ),
            ),
            width=6,
            height=5,
        )
    )


def _offline() -> Drawn:
    return rows(
        Saying(
            id=4,
            title="Offline now, oldest first",
            description=(
                "One row per OFFLINE camera of the chosen areas from bi.offline_now, at most 500. "
                "Order: whole days offline, then how many cameras one trip mends (offline on the "
                "same pole), then the older. Repair from the top; the code leads to the page of "
                "the camera."
            ),
            sql=f"""
SELECT o.camera_code, o.name, o.area, o.one_trip, o.offline_s, o.since, o.reason, o.meaning,
  o.advice
FROM bi.offline_now o WHERE {in_area("o")}
ORDER BY o.repair_order LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="area", title="Area", width=150),
                Column(name="one_trip", title="One trip", fixed=PLAIN, width=90),
                Column(name="offline_s", title="Offline for", unit="dtdurations", width=140),
                Column(name="since", title="Since", unit="dateTimeAsIso", width=160),
                Column(name="reason", title="Reason", width=140),
                Column(name="meaning", title="What it means"),
                Column(name="advice", title="What to do"),
            ),
            width=24,
            height=12,
            empty="No camera is offline",
        )
    )


def _reasons() -> Drawn:
    return bars(
        Saying(
            id=5,
            title="Offline by cause",
            description=(
                "OFFLINE cameras of the chosen areas by the reason that took them down, now, from "
                "bi.offline_now. One long bar often is one common cause: power, switch, line."
            ),
            sql=f"""
SELECT o.reason, count(*) AS cameras
FROM bi.offline_now o WHERE {in_area("o")}
GROUP BY o.reason ORDER BY cameras DESC, o.reason LIMIT 20""",
            columns=(Column(name="cameras", title="Cameras", decimals=0),),
            width=8,
            height=9,
            empty="No camera is offline",
        ),
        RED,
    )


def _not_observed() -> Drawn:
    return rows(
        Saying(
            id=6,
            title="Not observed (UNKNOWN)",
            description=(
                "Cameras of the chosen areas whose state nobody knows now, from bi.camera_now, at "
                "most 500: never asked, or not for longer than the patience. It costs them no "
                "availability. Look for one common cause on our side first."
            ),
            sql=f"""
SELECT n.camera_code, n.name, n.area, coalesce(n.dark_cause, 'not asked lately') AS cause,
  n.dark_since, n.last_asked
FROM bi.camera_now n WHERE n.status = 'UNKNOWN' AND {in_area("n")}
ORDER BY n.last_asked NULLS FIRST, n.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="area", title="Area", width=150),
                Column(name="cause", title="Cause", width=150),
                Column(name="dark_since", title="Dark since", unit="dateTimeAsIso", width=160),
                Column(name="last_asked", title="Last asked", unit="dateTimeAsIso", width=160),
            ),
            width=16,
            height=9,
            empty="Every camera in service is observed",
        )
    )


def _clock() -> Drawn:
    return rows(
        Saying(
            id=7,
            title="Clock faults",
            description=(
                "Open clock faults of the chosen areas from bi.fault_now, at most 500, with the "
                "last offset read (camera minus true time). Set network time and the time zone; "
                "an offset of whole hours is a time zone, a date of 1970 or 2000 an empty battery."
            ),
            sql=f"""
SELECT f.camera_code, f.name, n.area, n.clock_offset_s, f.since
FROM bi.fault_now f JOIN bi.camera_now n USING (camera_code)
WHERE f.kind = 'clock' AND {in_area("f")}
ORDER BY abs(n.clock_offset_s) DESC NULLS LAST, f.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="area", title="Area", width=150),
                Column(name="clock_offset_s", title="Offset", unit="s", decimals=1, width=110),
                Column(name="since", title="Since", unit="dateTimeAsIso", width=160),
            ),
            width=12,
            height=9,
            empty="No clock fault is open",
        )
    )


def _changes() -> Drawn:
    return stacked(
        Saying(
            id=8,
            title="Changes per hour",
            description=(
                "Dated changes of health in the time range, per hour, chosen areas, from "
                "bi.transition. First seen: a camera that had no state before. A wall of red is "
                "one incident, not many: look for what the cameras share."
            ),
            sql=f"""
SELECT date_trunc('hour', t.at) AS time,
  count(*) FILTER (WHERE t.to_health = 'down') AS went_down,
  count(*) FILTER (WHERE t.to_health = 'up' AND t.from_health = 'down') AS came_back,
  count(*) FILTER (WHERE t.to_health = 'up' AND t.from_health = 'unknown') AS first_seen
FROM bi.transition t JOIN bi.camera_now n USING (camera_code)
WHERE $__timeFilter(t.at) AND {in_area("n")}
GROUP BY 1 ORDER BY 1""",
            columns=(
                Column(name="went_down", title="Went down", fixed=RED),
                Column(name="came_back", title="Came back", fixed=GREEN),
                Column(name="first_seen", title="First seen", fixed="#64B5F6"),
            ),
            width=12,
            height=9,
            empty="No change in this time",
            unit="short",
        )
    )


def _platforms() -> Drawn:
    return rows(
        Saying(
            id=11,
            title="Platforms",
            description=(
                "Video platforms that are read, all areas, now, from bi.platform_now. Stale, "
                "refused or just back: nothing they say is believed, and no camera goes "
                "offline for it. Unknown here: cameras that the inventory lacks."
            ),
            sql="""
SELECT p.platform, p.kind, p.health, p.said_on, p.said_off, p.said_unknown, p.unknown_here,
  p.answered_at, p.problem
FROM bi.platform_now p ORDER BY p.platform""",
            columns=(
                Column(name="platform", title="Platform"),
                Column(name="kind", title="Kind", width=110),
                Column(name="health", title="Health", width=90),
                Column(name="said_on", title="Says on", width=80),
                Column(name="said_off", title="Says off", width=80),
                Column(name="said_unknown", title="Unknown", width=90),
                Column(name="unknown_here", title="Unknown here", width=110),
                Column(name="answered_at", title="Answered", unit="dateTimeAsIso", width=155),
                Column(name="problem", title="Problem"),
            ),
            width=12,
            height=8,
            empty="No platform is configured",
        )
    )


def _disputes() -> Drawn:
    return rows(
        Saying(
            id=12,
            title="Platform and camera disagree",
            description=(
                "Cameras of the chosen areas of which a platform says otherwise than we found for "
                "longer than polling.dispute_s, and platforms themselves, now, the oldest first, "
                "from bi.disagreement; at most 500. Ghost online: the platform calls it online and "
                "it does not answer. Not registered: it answers and the platform calls it offline. "
                "Clock differs, feed stale, many at once: see the next step."
            ),
            sql=f"""
SELECT d.camera_code, d.name, d.kind, d.platform, d.since, d.advice
FROM bi.disagreement d WHERE d.camera_code IS NULL OR {in_area("d")}
ORDER BY d.since, d.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="kind", title="What", width=120),
                Column(name="platform", title="Platform", width=120),
                Column(name="since", title="Since", unit="dateTimeAsIso", width=155),
                Column(name="advice", title="Next step"),
            ),
            width=12,
            height=8,
            empty="No platform contradicts us",
        )
    )


def _collectors() -> Drawn:
    return rows(
        Saying(
            id=9,
            title="Collectors",
            description=(
                "The processes that ask the cameras, now, from bi.collector_now. Late: 99th "
                "percentile of how late a camera was asked. Dropped and skipped since the start; "
                "both became unobserved time. Lost: the process died; start it again."
            ),
            sql="""
SELECT name,
  CASE WHEN alive THEN 'alive' WHEN stopped_at IS NOT NULL THEN 'stopped' ELSE 'lost' END AS state,
  alive_at, cameras, asked, late_p99_s, loop_lag_s, queue, dropped, skipped
FROM bi.collector_now ORDER BY alive DESC, alive_at DESC LIMIT 100""",
            columns=(
                Column(name="name", title="Collector"),
                Column(name="state", title="State", words=COLLECTOR_COLOURS),
                Column(name="alive_at", title="Last sign of life", unit="dateTimeAsIso", width=160),
                Column(name="cameras", title="Cameras"),
                Column(name="asked", title="Asked", unit="short"),
                Column(name="late_p99_s", title="Late, p99", unit="s", decimals=3, steps=_LATE),
                Column(name="loop_lag_s", title="Loop lag", unit="s", decimals=3),
                Column(name="queue", title="Queue"),
                Column(name="dropped", title="Dropped", steps=ANY_IS_YELLOW),
                Column(name="skipped", title="Skipped", steps=ANY_IS_YELLOW),
            ),
            width=12,
            height=9,
            empty="No collector has ever run",
        )
    )


def _failing() -> Drawn:
    return rows(
        Saying(
            id=10,
            title="Failed observations of the last hour",
            description=(
                "Observations that were not good in the last 60 minutes, whatever the time range, "
                "chosen areas, from bi.observation_failed, the 200 worst. Cameras here that are "
                "not OFFLINE are unstable: repair them before they fail."
            ),
            sql=f"""WITH failed AS (
  SELECT camera_code, reason, count(*) AS failed, max(at) AS last_at, max(took_ms) AS took_max_ms
  FROM bi.observation_failed WHERE at > now() - interval '1 hour'
  GROUP BY camera_code, reason
)
SELECT f.camera_code, n.name, n.status, f.reason, f.failed, f.last_at, f.took_max_ms
FROM failed f JOIN bi.camera_now n USING (camera_code)
WHERE {in_area("n")}
ORDER BY f.failed DESC, f.camera_code, f.reason LIMIT 200""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="status", title="State", words=STATUS_COLOURS, width=100),
                Column(name="reason", title="Reason", width=140),
                Column(name="failed", title="Failed", fixed=PLAIN, width=80),
                Column(name="last_at", title="Last", unit="dateTimeAsIso", width=160),
                Column(name="took_max_ms", title="Slowest", unit="ms", decimals=0, width=90),
            ),
            width=12,
            height=9,
            empty="No observation failed in the last hour",
        )
    )
