"""The planners' board: what of each street, school and named area is watched, and need it be."""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

from dashboards.city_map import city_map
from dashboards.layout import Board, Row, area_variable, kind_variable
from dashboards.palette import (
    BLUE,
    COVERED,
    GAP_COLOURS,
    GREY,
    PLAIN,
    SLATE,
    STATUS_COLOURS,
    YELLOW,
    Steps,
)
from dashboards.panels import Column, Drawn, Saying, bars, lines, rows
from dashboards.query import in_area, local_days
from dashboards.technicians import CAMERA_COLUMNS

UID = "camledger-planners"

KIND = "('__all__' = ANY(ARRAY[$kind]::text[]) OR {column} = ANY(ARRAY[$kind]::text[]))"
KIND_WORDS = {"street": "streets", "school": "schools", "key_area": "named areas"}

# Worst is drawn last and lies on top.
SEVERITY = ("PLANNED", "REPAIR", "EXEMPT", "ONLINE", "DEGRADED", "UNKNOWN", "OFFLINE")


def kind_words(column: str) -> str:
    """SQL: the plural word of a kind of place; an unknown kind stays as it is."""
    cases = " ".join(f"WHEN '{kind}' THEN '{word}'" for kind, word in KIND_WORDS.items())
    return f"CASE {column} {cases} ELSE {column} END"


def planners() -> Board:
    """The board as a whole. Refreshed on demand: the map would jump under the reader."""
    return Board(
        uid=UID,
        title="Planners: coverage",
        description="What is watched, by design and now, and where a stated need is not met.",
        folder="planners",
        rows=[
            Row(id=101, title="City", panels=[_kinds(), coverage_trend(2, 10)]),
            Row(id=102, title="Map", panels=[_map()]),
            Row(id=103, title="Places and gaps", panels=[_places(), _gaps()]),
            Row(id=104, title="Cameras", panels=[_defect_counts(), _defects()]),
            Row(id=105, title="Model", panels=[_model()], collapsed=True),
        ],
        variables=[area_variable(), kind_variable()],
        time_from="now-30d",
        refresh="",
    )


def _ratio(name: str, title: str) -> Column:
    return Column(
        name=name,
        title=title,
        unit="percentunit",
        decimals=1,
        steps=COVERED,
        gauge=True,
        width=130,
    )


_RATIOS = (
    _ratio("designed", "Designed"),
    _ratio("effective", "Effective now"),
    _ratio("upper", "At best"),
    _ratio("redundant", "By two or more"),
)

# More than anybody gave a reason for: what could go.
_EXCESS = (
    Column(name="excess_m", title="Excess", unit="lengthm", decimals=0, fixed=PLAIN, width=90),
    Column(
        name="excess_m2", title="Excess area", unit="areaM2", decimals=0, fixed=PLAIN, width=100
    ),
)
_UNREQUIRED = Column(
    name="unrequired_m",
    title="Nothing required",
    unit="lengthm",
    decimals=0,
    fixed=PLAIN,
    width=130,
)

# Not on the scale of coverage: these cameras count for nothing, so more is not better.
_UNDECLARED = Column(
    name="undeclared",
    title="By undeclared",
    unit="percentunit",
    decimals=1,
    fixed=PLAIN,
    width=110,
)


def _kinds() -> Drawn:
    return rows(
        Saying(
            id=1,
            title="Coverage by kind of place, whole city",
            description=(
                "From bi.coverage_kind, now, all areas: metres (square metres for named areas) "
                "watched / all metres, from sums. Designed: all installed cameras work. Effective: "
                "those up now. At best: the unknown ones work too; the truth lies between. Dark "
                "now: surely not seen, even if they do. More is not better: a place "
                "needs coverage only with a requirement. Excess: designed to be watched by more "
                "cameras than are required; nothing required: the part of it in places of which "
                "nobody requires anything. Protected known: places for which a layer of protected "
                "places is loaded."
            ),
            sql=f"""
SELECT {kind_words("k.kind")} AS kind, k.places, k.length_m, k.area_m2, k.designed, k.effective,
  k.upper, k.redundant, k.undeclared, k.lost_m, k.excess_m, k.excess_m2, k.unrequired_m,
  k.required_places, k.protected_known
FROM bi.coverage_kind k ORDER BY k.kind DESC""",
            columns=(
                Column(name="kind", title="Kind", width=110),
                Column(name="places", title="Places", width=80),
                Column(name="length_m", title="Length", unit="lengthm", decimals=1, width=100),
                Column(name="area_m2", title="Surface", unit="areaM2", decimals=0, width=100),
                *_RATIOS,
                _UNDECLARED,
                Column(name="lost_m", title="Dark now", unit="lengthm", decimals=1, width=100),
                *_EXCESS,
                _UNREQUIRED,
                Column(name="required_places", title="Required", fixed=PLAIN, width=90),
                Column(name="protected_known", title="Protected known", fixed=PLAIN, width=120),
            ),
            width=14,
            height=8,
            empty="Coverage was not computed yet",
        )
    )


def coverage_trend(panel: int, width: int) -> Drawn:
    """Coverage per local day and kind, of the chosen areas; also on the committee's board."""
    return lines(
        Saying(
            id=panel,
            title="Coverage per day",
            description=(
                "Mean over each local day that begins in the time range, by kind, chosen areas, "
                "from bi.coverage_day weighted with the sizes of bi.coverage_now (sums, "
                "never means of ratios). The gap between designed and effective is what broken "
                "cameras cost."
            ),
            sql=f"""
SELECT d.begins AS time, {kind_words("d.kind")} || ' ' || x.which AS metric,
  sum(x.ratio * coalesce(n.length_m, n.area_m2)) / nullif(sum(coalesce(n.length_m, n.area_m2)), 0)
    AS ratio
FROM {local_days("coverage_day")} d
JOIN bi.coverage_now n USING (place_id)
CROSS JOIN LATERAL (VALUES ('designed', d.designed), ('effective', d.effective)) x (which, ratio)
WHERE $__timeFilter(d.begins) AND x.ratio IS NOT NULL AND {in_area("d")}
GROUP BY 1, 2 ORDER BY 1, 2""",
            columns=(),
            width=width,
            height=8,
            empty="No day in this time",
            unit="percentunit",
        )
    )


def _map() -> Drawn:
    steps = Steps(
        first=SLATE,
        rest=tuple(
            (float(level), STATUS_COLOURS[word]) for level, word in enumerate(SEVERITY) if level
        ),
    )
    levels = " ".join(f"WHEN '{word}' THEN {level}" for level, word in enumerate(SEVERITY))
    return city_map(
        Saying(
            id=3,
            title="Streets, schools, named areas, gaps and cameras",
            description=(
                "Lines and areas: coverage as last computed, loaded by the browser from /geo when "
                "the page opens. Points: cameras of the chosen areas with coordinates, now, from "
                "bi.camera_now, retired ones left out. Green online, yellow degraded, red offline, "
                "grey unknown, blue exempt or repair."
            ),
            sql=f"""
SELECT round(n.lat::numeric, 6)::double precision AS lat,
  round(n.lon::numeric, 6)::double precision AS lon,
  n.camera_code, n.name, n.status, CASE n.status {levels} END AS severity
FROM bi.camera_now n
WHERE n.lon IS NOT NULL AND n.status <> 'RETIRED' AND {in_area("n")}
ORDER BY severity, n.camera_code LIMIT 50000""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="status", title="State", words=STATUS_COLOURS),
                Column(name="severity", title="Severity", steps=steps),
            ),
            width=24,
            height=18,
            empty="No camera with coordinates",
        ),
        colour_by="severity",
    )


def _places() -> Drawn:
    return rows(
        Saying(
            id=4,
            title="Places",
            description=(
                "Each place of the chosen areas and kinds, now, from bi.coverage_now, by kind and "
                "name, at most 1,000. Required: the share that somebody gave a reason for; — "
                "where nobody did. Excess: designed to be watched by more cameras than are "
                "required. Protected: day of the layer; without one nothing can be required. "
                "Assumed: the outline is a guess from a point."
            ),
            sql=f"""
SELECT p.place, {kind_words("p.kind")} AS kind, p.area, p.length_m, p.area_m2, p.required,
  p.designed, p.effective, p.upper, p.redundant, p.undeclared, p.lost_m, p.excess_m, p.excess_m2,
  coalesce(p.protected_layer::text, 'not loaded') AS protected_layer,
  CASE WHEN p.assumed THEN 'assumed' ELSE '' END
    AS outline, p.as_of
FROM bi.coverage_now p
WHERE {in_area("p")} AND {KIND.format(column="p.kind")}
ORDER BY p.kind DESC, p.place, p.place_id LIMIT 1000""",
            columns=(
                Column(name="place", title="Place"),
                Column(name="kind", title="Kind", width=90),
                Column(name="area", title="Area", width=140),
                Column(name="length_m", title="Length", unit="lengthm", decimals=0, width=90),
                Column(name="area_m2", title="Surface", unit="areaM2", decimals=0, width=90),
                Column(name="required", title="Required", unit="percentunit", decimals=0, width=90),
                *_RATIOS,
                _UNDECLARED,
                Column(name="lost_m", title="Dark now", unit="lengthm", decimals=0, width=90),
                *_EXCESS,
                Column(name="protected_layer", title="Protected", width=110),
                Column(name="outline", title="Outline", width=80),
                Column(name="as_of", title="As of", unit="dateTimeAsIso", width=155),
            ),
            width=24,
            height=12,
            empty="No place in these areas",
        )
    )


def _gaps() -> Drawn:
    return rows(
        Saying(
            id=5,
            title="Gaps of places that need coverage",
            description=(
                "Only where a requirement is in force and not met, with its purpose: stretches "
                "that nobody watches now, chosen areas and kinds, at most 500, from "
                "bi.coverage_gap. dark: a camera would see it but is not up; never: none looks "
                "there. From, to: metres along the place."
            ),
            sql=f"""
SELECT g.place, {kind_words("g.place_kind")} AS place_kind, g.purpose, g.kind, g.length_m,
  g.from_m, g.to_m, g.from_lat, g.from_lon, g.to_lat, g.to_lon
FROM bi.coverage_gap g
WHERE {in_area("g")} AND {KIND.format(column="g.place_kind")}
ORDER BY g.place, g.place_id, g.from_m LIMIT 500""",
            columns=(
                Column(name="place", title="Place"),
                Column(name="place_kind", title="Kind of place", width=110),
                Column(name="purpose", title="Purpose"),
                Column(name="kind", title="Gap", words=GAP_COLOURS, width=80),
                Column(name="length_m", title="Length", unit="lengthm", decimals=0, width=90),
                Column(name="from_m", title="From", unit="lengthm", decimals=0, width=90),
                Column(name="to_m", title="To", unit="lengthm", decimals=0, width=90),
                Column(name="from_lat", title="From lat", decimals=6, width=110),
                Column(name="from_lon", title="From lon", decimals=6, width=110),
                Column(name="to_lat", title="To lat", decimals=6, width=110),
                Column(name="to_lon", title="To lon", decimals=6, width=110),
            ),
            width=24,
            height=10,
            empty="No gap in these areas",
        )
    )


def _defect_counts() -> Drawn:
    return bars(
        Saying(
            id=7,
            title="Data defects by kind",
            description=(
                "Cameras of the chosen areas whose file leaves the field of view missing or "
                "doubtful, by defect, from bi.data_defect. Each one makes coverage look smaller "
                "than it is or rests on an assumption: complete the file."
            ),
            sql=f"""
SELECT d.defect, count(*) AS cameras FROM bi.data_defect d WHERE {in_area("d")}
GROUP BY d.defect ORDER BY cameras DESC, d.defect LIMIT 20""",
            columns=(Column(name="cameras", title="Cameras", decimals=0),),
            width=8,
            height=10,
            empty="No data defect",
        ),
        YELLOW,
    )


def _defects() -> Drawn:
    return rows(
        Saying(
            id=8,
            title="Data defects",
            description=(
                "The same, camera by camera, at most 500, from bi.data_defect. Correct the file "
                "and import it again; the same file twice changes nothing."
            ),
            sql=f"""
SELECT d.camera_code, d.name, d.defect, d.detail FROM bi.data_defect d WHERE {in_area("d")}
ORDER BY d.defect, d.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="defect", title="Defect", width=140),
                Column(name="detail", title="Detail"),
            ),
            width=16,
            height=10,
            empty="No data defect",
        )
    )


def _model() -> Drawn:
    return rows(
        Saying(
            id=9,
            title="Assumptions of the coverage figures",
            description=(
                "The model that the stored coverage rests on, from bi.coverage_model: ranges, "
                "angles, whether lines of sight are known."
            ),
            sql="""
SELECT e.key AS assumption, e.value::text AS value, m.as_of
FROM bi.coverage_model m CROSS JOIN LATERAL jsonb_each(m.model) e ORDER BY e.key""",
            columns=(
                Column(name="assumption", title="Assumption", fixed=BLUE),
                Column(name="value", title="Value", fixed=GREY),
                Column(name="as_of", title="As of", unit="dateTimeAsIso", width=160),
            ),
            width=24,
            height=8,
            empty="Coverage was not computed yet",
        )
    )
