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
from dashboards.query import counted_days, in_area, observed, rate
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
            Row(id=102, title="Purposes and contracts", panels=[_groups()]),
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
                f"{_METHOD} All declared cameras of the chosen areas, also those "
                "without an area when All is chosen, from bi.ledger_day. Both parts in hours."
            ),
            sql=f"""WITH total AS (
  SELECT {_sums("d")}
  FROM {counted_days()} d JOIN bi.camera_now n USING (camera_code)
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


def _groups() -> Drawn:
    return rows(
        Saying(
            id=9,
            title="By purpose, and by contract",
            description=(
                f"{_METHOD} Declared cameras of the chosen areas, once by purpose and once by "
                "contract, from bi.ledger_day and bi.camera_group, in the order of the names. "
                "Units are not compared."
            ),
            sql=f"""WITH total AS (
  SELECT g.purpose, g.contract, grouping(g.contract) = 1 AS by_purpose,
    count(DISTINCT d.camera_code)::integer AS cameras, {_sums("d")},
    sum(d.outages)::integer AS outages
  FROM {counted_days()} d JOIN bi.camera_now n USING (camera_code)
  JOIN bi.camera_group g USING (camera_code)
  WHERE $__timeFilter(d.begins) AND {in_area("n")}
  GROUP BY GROUPING SETS ((g.purpose), (g.contract))
)
SELECT CASE WHEN t.by_purpose THEN 'purpose' ELSE 'contract' END AS sort,
  coalesce(CASE WHEN t.by_purpose THEN t.purpose ELSE t.contract END, '—') AS name, t.cameras,
  {rate("t")} AS availability, t.up_s / 3600 AS up_h, t.assessed_s / 3600 AS assessed_h,
  {observed("t")} AS observed, t.exempt_s / 3600 AS exempt_h, t.planned_s / 3600 AS planned_h,
  t.unobserved_s / 3600 AS unobserved_h, t.outages
FROM total t ORDER BY t.by_purpose DESC, 2 LIMIT 1000""",
            columns=(
                Column(name="sort", title="By", width=90),
                Column(name="name", title="Name"),
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
                "All hours of declared cameras of each local day that begins in the time range, "
                "split as in the ledger, chosen areas, from bi.ledger_day; drawn as parts. "
                "Grey is time nobody looked: neither up nor down."
            ),
            sql=f"""
SELECT d.begins AS time, {hours}
FROM {counted_days()} d JOIN bi.camera_now n USING (camera_code)
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
                f"{_METHOD} The 20 declared cameras of the chosen areas that were down longest, "
                "from bi.ledger_day. Many outages: unstable; few and long: waits for repair."
            ),
            sql=f"""WITH total AS (
  SELECT d.camera_code, {_sums("d")}, sum(d.outages)::integer AS outages
  FROM {counted_days()} d WHERE $__timeFilter(d.begins)
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
