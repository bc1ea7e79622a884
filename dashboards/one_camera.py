"""The page of one camera: what it is, what it did over time, and the evidence."""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

from dashboards.layout import Board, Row, area_variable, camera_variable, collector_stops
from dashboards.palette import (
    ANY_IS_YELLOW,
    BLUE,
    HEALTH_COLOURS,
    LEDGER_COLOURS,
    OBSERVED,
    PLAIN,
    RED,
    STATUS_COLOURS,
)
from dashboards.panels import Column, Drawn, Saying, lines, rows, stacked, timeline, word
from dashboards.query import local_days, observed, rate

UID = "camledger-camera"


def one_camera() -> Board:
    """The board as a whole."""
    return Board(
        uid=UID,
        title="One camera",
        description="One camera: state, reason, history, evidence. Reached from the lists.",
        folder="technicians",
        rows=[
            Row(id=101, title="Now", panels=[_status(), _facts(), _witnesses()]),
            Row(id=102, title="History", panels=[_timeline(), _totals(), _outages(), _days()]),
            Row(id=103, title="Evidence", panels=[_answer_times(), _failures()]),
        ],
        variables=[area_variable(), camera_variable()],
        annotations=[collector_stops()],
        time_from="now-7d",
    )


def _status() -> Drawn:
    return word(
        Saying(
            id=1,
            title="State",
            description=(
                "The state of this camera now, from bi.camera_now. UNKNOWN: nobody looked lately. "
                "OFFLINE: follow the advice beside it."
            ),
            sql="SELECT status FROM bi.camera_now WHERE camera_code = '$camera'",
            columns=(Column(name="status", title="State", words=STATUS_COLOURS),),
            width=4,
            height=5,
            empty="No such camera",
        )
    )


def _facts() -> Drawn:
    return rows(
        Saying(
            id=2,
            title="What is known",
            description=(
                "The camera and its last answer, now, from bi.camera_now; no address and no login "
                "by design. Clock: camera minus true time at the last reading."
            ),
            sql="""
SELECT name, area, kind, reason, meaning, advice, since, last_seen, last_asked, took_ms,
  clock_offset_s, dark_cause
FROM bi.camera_now WHERE camera_code = '$camera'""",
            columns=(
                Column(name="name", title="Name"),
                Column(name="area", title="Area"),
                Column(name="kind", title="Kind", width=90),
                Column(name="reason", title="Reason", width=130),
                Column(name="meaning", title="What it means"),
                Column(name="advice", title="What to do"),
                Column(name="since", title="Since", unit="dateTimeAsIso", width=155),
                Column(name="last_seen", title="Last up", unit="dateTimeAsIso", width=155),
                Column(name="last_asked", title="Last asked", unit="dateTimeAsIso", width=155),
                Column(name="took_ms", title="Took", unit="ms", decimals=0, width=80),
                Column(name="clock_offset_s", title="Clock", unit="s", decimals=1, width=80),
                Column(name="dark_cause", title="Why dark", width=110),
            ),
            width=20,
            height=5,
            empty="No such camera",
        )
    )


def _witnesses() -> Drawn:
    return rows(
        Saying(
            id=10,
            title="Verdict and witnesses",
            description=(
                "What each witness of the camera says and when it was asked, now, and whose word "
                "counts, from bi.camera_now. Platform: unknown while it is silent, and at its best "
                "that a sign of life came there."
            ),
            sql="""
SELECT w.witness, w.says, w.since, w.asked, n.judged_by
FROM bi.camera_now n
CROSS JOIN LATERAL (VALUES
  ('verdict', n.health, n.since, n.last_asked),
  ('our questions', n.direct, n.direct_since, n.direct_asked),
  ('platform', coalesce(n.platform, 'does not know it'), n.platform_since, n.platform_asked))
  w (witness, says, since, asked)
WHERE n.camera_code = '$camera'""",
            columns=(
                Column(name="witness", title="Witness"),
                Column(name="says", title="Says"),
                Column(name="since", title="Since", unit="dateTimeAsIso", width=155),
                Column(name="asked", title="Asked", unit="dateTimeAsIso", width=155),
                Column(name="judged_by", title="Whose word counts"),
            ),
            width=24,
            height=5,
            empty="No such camera",
        )
    )


_STATE_AT_EDGES = """
SELECT s.at AS time, s.state
FROM bi.state_over_time(
  '$camera', $__timeFrom()::timestamptz, least($__timeTo()::timestamptz, now())) s
ORDER BY s.at LIMIT 5000"""


def _timeline() -> Drawn:
    return timeline(
        Saying(
            id=3,
            title="State over time",
            description=(
                "State of the camera over the time range, rebuilt from the facts in the order of "
                "the ledger, by bi.state_over_time. Grey: nobody looked; it is neither up nor "
                "down."
            ),
            sql=_STATE_AT_EDGES,
            columns=(Column(name="state", title="State", words=HEALTH_COLOURS),),
            width=24,
            height=5,
        )
    )


_COLUMNS = (
    *("up_s", "down_s", "unreachable_s", "assessed_s"),
    *("exempt_s", "planned_s", "unobserved_s"),
)


def _totals() -> Drawn:
    sums = ", ".join(f"sum(d.{column}) AS {column}" for column in _COLUMNS)
    return rows(
        Saying(
            id=4,
            title="Days in the range",
            description=(
                "Sums of bi.ledger_day over local days that begin in the time range; today counts "
                "up to its last closing. Availability = up / (up + down + unreachable); — when "
                "less than 80 % was observed. Red: see outages."
            ),
            sql=f"""
WITH total AS (
  SELECT count(*) AS days, {sums}, sum(d.outages)::integer AS outages
  FROM {local_days("ledger_day")} d
  WHERE $__timeFilter(d.begins) AND d.camera_code = '$camera'
)
SELECT t.days, {rate("t")} AS availability, {observed("t")} AS observed, t.outages,
  t.up_s, t.down_s + t.unreachable_s AS down_s, t.exempt_s + t.planned_s AS excused_s,
  t.unobserved_s
FROM total t""",
            columns=(
                Column(name="days", title="Days"),
                Column(
                    name="availability",
                    title="Availability",
                    unit="percentunit",
                    decimals=2,
                    fixed=PLAIN,
                ),
                Column(
                    name="observed",
                    title="Observed",
                    unit="percentunit",
                    decimals=2,
                    steps=OBSERVED,
                ),
                Column(name="outages", title="Outages", steps=ANY_IS_YELLOW),
                Column(name="up_s", title="Up", unit="dtdurations"),
                Column(name="down_s", title="Down", unit="dtdurations"),
                Column(name="excused_s", title="Exempt, planned", unit="dtdurations"),
                Column(name="unobserved_s", title="Unobserved", unit="dtdurations"),
            ),
            width=12,
            height=5,
            empty="—",
        )
    )


def _outages() -> Drawn:
    return rows(
        Saying(
            id=5,
            title="Outages",
            description=(
                "Outages that overlap the time range, newest first, at most 200, from bi.outage. "
                "They begin with the first failed observation. Many short ones: power or line."
            ),
            sql="""
SELECT i.started_at, i.ended_at,
  extract(epoch FROM coalesce(i.ended_at, now()) - i.started_at)::double precision AS lasted_s,
  i.reason, r.meaning
FROM bi.outage i LEFT JOIN bi.reason r USING (reason)
WHERE i.camera_code = '$camera' AND i.started_at <= $__timeTo()::timestamptz
  AND (i.ended_at IS NULL OR i.ended_at >= $__timeFrom()::timestamptz)
ORDER BY i.started_at DESC LIMIT 200""",
            columns=(
                Column(name="started_at", title="From", unit="dateTimeAsIso", width=160),
                Column(name="ended_at", title="To", unit="dateTimeAsIso", width=160),
                Column(name="lasted_s", title="Lasted", unit="dtdurations", width=140),
                Column(name="reason", title="Reason", width=140),
                Column(name="meaning", title="What it means"),
            ),
            width=12,
            height=5,
            empty="No outage in this time",
        )
    )


def _days() -> Drawn:
    names = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")
    return stacked(
        Saying(
            id=6,
            title="Where each day went",
            description=(
                "Hours of each local day that begins in the time range, from bi.ledger_day. They "
                "add up to the length of the day (23 to 25 hours), today to what has passed."
            ),
            sql=f"""
SELECT d.begins AS time, {", ".join(f"d.{name}_s / 3600 AS {name}" for name in names)}
FROM {local_days("ledger_day")} d
WHERE $__timeFilter(d.begins) AND d.camera_code = '$camera'
ORDER BY 1""",
            columns=tuple(
                Column(name=name, title=name.replace("_", " "), fixed=LEDGER_COLOURS[name])
                for name in names
            ),
            width=24,
            height=8,
            empty="No day in this time",
            unit="h",
        )
    )


def _answer_times() -> Drawn:
    return lines(
        Saying(
            id=7,
            title="Time to answer",
            description=(
                "Mean and longest time to answer per hour (UTC) in the time range, from "
                "bi.observation_hour. Rising: overload or a bad line."
            ),
            sql="""
SELECT hour AS time, took_mean_ms, took_max_ms::double precision AS took_max_ms
FROM bi.observation_hour
WHERE camera_code = '$camera' AND $__timeFilter(hour) ORDER BY 1""",
            columns=(
                Column(name="took_mean_ms", title="Mean", fixed=BLUE),
                Column(name="took_max_ms", title="Longest", fixed="#64B5F6"),
            ),
            width=12,
            height=8,
            empty="Not asked in this time",
            unit="ms",
        )
    )


def _failures() -> Drawn:
    return rows(
        Saying(
            id=8,
            title="Failed observations",
            description=(
                "The newest 100 observations that were not good in the time range, from "
                "bi.observation_failed (evidence, pruned after the retention time)."
            ),
            sql="""
SELECT at, reason, meaning, took_ms FROM bi.observation_failed
WHERE camera_code = '$camera' AND $__timeFilter(at) ORDER BY at DESC LIMIT 100""",
            columns=(
                Column(name="at", title="At", unit="dateTimeAsIso", width=160),
                Column(name="reason", title="Reason", width=140, fixed=RED),
                Column(name="meaning", title="What it means"),
                Column(name="took_ms", title="Took", unit="ms", decimals=0, width=90),
            ),
            width=12,
            height=8,
            empty="No observation failed in this time",
        )
    )
