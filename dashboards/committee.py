"""The oversight board's page: how the estate does, and why not. No unit is ranked or judged."""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

from dashboards.layout import Board, Row, area_variable
from dashboards.palette import (
    LEDGER_COLOURS,
    OBSERVED,
    PLAIN,
    STATUS_COLOURS,
)
from dashboards.panels import Column, Drawn, Saying, numbers, rows, stacked
from dashboards.planners import coverage_trend
from dashboards.query import in_area, local_days, observed, rate
from dashboards.technicians import CAMERA_COLUMNS

UID = "camledger-committee"

_PARTS = ("up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service")
_SUMMED = (*_PARTS, "assessed")
_METHOD = (
    "Availability = up / (up + down + unreachable) seconds (method C, time-weighted) of the local "
    "days that begin in the time range; today counts up to its last closing. Exempt, planned, "
    "unobserved and out-of-service time is in neither part; — when less than 80 % was observed."
)


def committee() -> Board:
    """The board as a whole."""
    return Board(
        uid=UID,
        title="Oversight: the estate",
        description="Online rate, availability, where time went, coverage. With both parts.",
        folder="committee",
        rows=[
            Row(id=101, title="Now and in the time range", panels=[_live(), _range()]),
            Row(id=102, title="Areas", panels=[_areas()]),
            Row(
                id=103,
                title="Where time went, and coverage",
                panels=[_split(), coverage_trend(6, 12)],
            ),
            Row(id=104, title="Cameras and reports", panels=[_worst(), _reports()]),
        ],
        variables=[area_variable()],
        time_from="now-30d",
        refresh="15m",
    )


def _sums(alias: str, parts: tuple[str, ...] = _SUMMED) -> str:
    return ", ".join(f"sum({alias}.{part}_s) AS {part}_s" for part in parts)


def _rate(name: str, title: str) -> Column:
    return Column(name=name, title=title, unit="percentunit", decimals=2, fixed=PLAIN)


_OBSERVED = Column(
    name="observed", title="Observed", unit="percentunit", decimals=2, steps=OBSERVED, width=90
)


def _live() -> Drawn:
    others = ("unknown", "exempt", "repair")
    counts = ", ".join(
        f"count(*) FILTER (WHERE n.status = '{word.upper()}') AS {word}" for word in others
    )
    return numbers(
        Saying(
            id=1,
            title="Live online rate (M01)",
            description=(
                "(ONLINE + DEGRADED) / (ONLINE + DEGRADED + OFFLINE), now, chosen areas, from "
                "bi.camera_now, with both parts. Unknown, exempt and repair are in neither and "
                "stand beside it."
            ),
            sql=f"""WITH counted AS (
  SELECT sum(n.up) AS up, sum(n.assessed) AS assessed, {counts}
  FROM bi.camera_now n WHERE {in_area("n")}
)
SELECT bi.online_rate(up, assessed) AS online_rate, up, assessed, unknown, exempt,
  repair
FROM counted""",
            columns=(
                Column(
                    name="online_rate",
                    title="Rate now",
                    unit="percentunit",
                    decimals=2,
                    fixed=PLAIN,
                ),
                Column(name="up", title="Up"),
                Column(name="assessed", title="Of"),
                *(
                    Column(name=word, title=word.title(), fixed=STATUS_COLOURS[word.upper()])
                    for word in others
                ),
            ),
            width=12,
            height=5,
        )
    )


def _range() -> Drawn:
    return numbers(
        Saying(
            id=2,
            title="Availability in the time range (M02)",
            description=(
                f"{_METHOD} All cameras of the chosen areas, also those without an area when All "
                "is chosen, from bi.ledger_day. Both parts in camera hours."
            ),
            sql=f"""WITH total AS (
  SELECT {_sums("d")}
  FROM {local_days("ledger_day")} d JOIN bi.camera_now n USING (camera_code)
  WHERE $__timeFilter(d.begins) AND {in_area("n")}
)
SELECT {rate("t")} AS availability, t.up_s / 3600 AS up_h,
  t.assessed_s / 3600 AS assessed_h, {observed("t")} AS observed
FROM total t""",
            columns=(
                _rate("availability", "Availability"),
                Column(name="up_h", title="Up", unit="h", decimals=1),
                Column(name="assessed_h", title="Of", unit="h", decimals=1),
                _OBSERVED,
            ),
            width=12,
            height=5,
        )
    )


def _areas() -> Drawn:
    return rows(
        Saying(
            id=3,
            title="Areas, in the order of the tree",
            description=(
                f"{_METHOD} Each chosen area with all areas below it, from bi.ledger_area_day; a "
                "row contains the rows below it, so rows must not be added up. Areas are not "
                "compared: few cameras, other streets and other power make other figures."
            ),
            sql=f"""WITH total AS (
  SELECT d.area_code, d.area, (array_agg(d.cameras ORDER BY d.day DESC))[1] AS cameras,
    {_sums("d")}, sum(d.outages)::integer AS outages
  FROM {local_days("ledger_area_day")} d
  WHERE $__timeFilter(d.begins) AND {in_area("d")}
  GROUP BY d.area_code, d.area
), rated AS (
  SELECT t.*, {rate("t")} AS availability, {observed("t")} AS observed FROM total t
)
SELECT r.area, r.area_code, a.level, r.cameras, r.availability,
  r.up_s / 3600 AS up_h, r.assessed_s / 3600 AS assessed_h, r.observed,
  r.exempt_s / 3600 AS exempt_h, r.planned_s / 3600 AS planned_h,
  r.unobserved_s / 3600 AS unobserved_h, r.outages
FROM rated r LEFT JOIN bi.area a USING (area_code)
ORDER BY a.path LIMIT 1000""",
            columns=(
                Column(name="area", title="Area"),
                Column(name="area_code", title="Code", width=110),
                Column(name="level", title="Level", width=90),
                Column(name="cameras", title="Cameras", width=90),
                _rate("availability", "Availability"),
                *(
                    Column(name=f"{word}_h", title=f"{word.title()} h", decimals=1, width=110)
                    for word in ("up", "assessed")
                ),
                _OBSERVED,
                *(
                    Column(name=f"{word}_h", title=f"{word.title()} h", decimals=1, width=110)
                    for word in ("exempt", "planned", "unobserved")
                ),
                Column(name="outages", title="Outages", width=90),
            ),
            width=24,
            height=10,
            empty="No day in this time",
        )
    )


def _split() -> Drawn:
    hours = ", ".join(f"sum(d.{part}_s) / 3600 AS {part}" for part in _PARTS)
    return stacked(
        Saying(
            id=5,
            title="Where camera time went",
            description=(
                "All camera hours of each local day that begins in the time range, split as in the "
                "ledger, chosen areas, from bi.ledger_day; drawn as parts of the whole. "
                "Grey is time nobody looked: neither up nor down."
            ),
            sql=f"""
SELECT d.begins AS time, {hours}
FROM {local_days("ledger_day")} d JOIN bi.camera_now n USING (camera_code)
WHERE $__timeFilter(d.begins) AND {in_area("n")}
GROUP BY 1 ORDER BY 1""",
            columns=tuple(
                Column(name=part, title=part.replace("_", " "), fixed=LEDGER_COLOURS[part])
                for part in _PARTS
            ),
            width=12,
            height=8,
            empty="No day in this time",
            unit="h",
        ),
        shares=True,
    )


def _worst() -> Drawn:
    return rows(
        Saying(
            id=7,
            title="Cameras with most down time",
            description=(
                f"{_METHOD} The 20 cameras of the chosen areas that were down longest, from "
                "bi.ledger_day. Many outages: unstable; few and long: waits for repair."
            ),
            sql=f"""WITH total AS (
  SELECT d.camera_code, {_sums("d")}, sum(d.outages)::integer AS outages
  FROM {local_days("ledger_day")} d WHERE $__timeFilter(d.begins)
  GROUP BY d.camera_code
)
SELECT t.camera_code, n.name, n.area, n.status, t.down_s + t.unreachable_s AS down_s, t.outages,
  {rate("t")} AS availability, {observed("t")} AS observed
FROM total t JOIN bi.camera_now n USING (camera_code)
WHERE t.down_s + t.unreachable_s > 0 AND {in_area("n")}
ORDER BY 5 DESC, t.camera_code LIMIT 20""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="area", title="Area", width=140),
                Column(name="status", title="Now", words=STATUS_COLOURS, width=100),
                Column(name="down_s", title="Down", unit="dtdurations", width=140),
                Column(name="outages", title="Outages", fixed=PLAIN, width=90),
                _rate("availability", "Availability"),
                _OBSERVED,
            ),
            width=16,
            height=10,
            empty="No camera was down in this time",
        )
    )


def _reports() -> Drawn:
    return rows(
        Saying(
            id=8,
            title="Frozen reports",
            description=(
                "The newest 50 reports that were made and kept, whatever the time range, from "
                "bi.report. Figures in them never change; reprint them from the console."
            ),
            sql="""
SELECT kind, first_day::text AS first_day, last_day::text AS last_day, method, made_at
FROM bi.report ORDER BY made_at DESC, id DESC LIMIT 50""",
            columns=(
                Column(name="kind", title="Report", width=90),
                Column(name="first_day", title="From", width=100),
                Column(name="last_day", title="To", width=100),
                Column(name="method", title="Method"),
                Column(name="made_at", title="Made", unit="dateTimeAsIso", width=155),
            ),
            width=8,
            height=10,
            empty="No report was made yet",
        )
    )
