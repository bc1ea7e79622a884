"""The register's board: what is declared, what must be, what was taken away, who looked."""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

from dashboards.layout import Board, Row, area_variable
from dashboards.palette import ANY_IS_YELLOW, PLAIN
from dashboards.panels import Column, Drawn, Saying, numbers, rows
from dashboards.query import in_area
from dashboards.technicians import CAMERA_COLUMNS

UID = "camledger-register"


def register() -> Board:
    """The board as a whole. What was taken away stands first."""
    return Board(
        uid=UID,
        title="Oversight: the register",
        description="What was taken away, what is declared and what is not, and who looked.",
        folder="committee",
        rows=[
            Row(id=101, title="Now", panels=[_counts(), _edition()]),
            Row(id=102, title="Taken away, and states", panels=[_removals(), _states()]),
            Row(id=103, title="Declare or remove", panels=[_declare()]),
            Row(id=105, title="Protected places", panels=[_protected(), _findings()]),
            Row(id=106, title="How long recordings are kept", panels=[_retention()]),
            Row(id=104, title="Reviews, and who looked", panels=[_reviews(), _looked()]),
        ],
        variables=[area_variable()],
        time_from="now-90d",
        refresh="15m",
    )


def _retention() -> Drawn:
    return rows(
        Saying(
            id=11,
            title="Kept longer or shorter than declared",
            description=(
                "Declared cameras of the chosen areas of which a platform tells that recordings "
                "are not kept as long as the register says, now, from bi.retention; at most 500. "
                "Longer is a finding as shorter is. Asked once a day."
            ),
            sql=f"""
SELECT r.camera_code, r.name, r.finding, r.declared_days, r.kept_days, r.platform, r.advice
FROM bi.retention r WHERE r.finding <> 'as declared' AND {in_area("r")}
ORDER BY r.finding, r.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="finding", title="Kept", width=90),
                Column(name="declared_days", title="Declared days", decimals=0, width=120),
                Column(name="kept_days", title="Kept days", decimals=0, width=100),
                Column(name="platform", title="Platform", width=120),
                Column(name="advice", title="Next step"),
            ),
            width=24,
            height=8,
            empty="No platform tells otherwise than declared",
        )
    )


def _counts() -> Drawn:
    return numbers(
        Saying(
            id=1,
            title="Declared and undeclared",
            description=(
                "Cameras of the chosen areas that are not retired, now, from bi.register_now. "
                "Undeclared ones count in no figure; 180 days after their first entry they are "
                "no longer looked after. Declare or remove."
            ),
            sql=f"""
SELECT count(*) FILTER (WHERE r.declared) AS declared,
  count(*) FILTER (WHERE NOT r.declared) AS undeclared,
  count(*) FILTER (WHERE NOT r.attended) AS unattended,
  count(*) FILTER (WHERE r.state = 'review_due') AS overdue
FROM bi.register_now r WHERE r.intent <> 'retired' AND {in_area("r")}""",
            columns=(
                Column(name="declared", title="Declared", fixed=PLAIN),
                Column(name="undeclared", title="Undeclared", steps=ANY_IS_YELLOW),
                Column(name="unattended", title="Looked after no more", fixed=PLAIN),
                Column(name="overdue", title="Reviews overdue", steps=ANY_IS_YELLOW),
            ),
            width=16,
            height=5,
        )
    )


def _edition() -> Drawn:
    return rows(
        Saying(
            id=2,
            title="Newest edition",
            description=(
                "The newest published edition of the register, from bi.edition_now: what is shown "
                "here can be verified with its digest. Unchanged: the register is still as "
                "published; otherwise publish again."
            ),
            sql="""
SELECT e.number, e.made_at, e.digest, CASE WHEN e.holds THEN 'yes' ELSE 'no' END AS unchanged
FROM bi.edition_now e""",
            columns=(
                Column(name="number", title="Edition", width=70),
                Column(name="made_at", title="Made", unit="dateTimeAsIso", width=155),
                Column(name="digest", title="Digest"),
                Column(name="unchanged", title="Unchanged", width=90),
            ),
            width=8,
            height=5,
            empty="UNPUBLISHED: no edition was made yet",
        )
    )


def _removals() -> Drawn:
    return rows(
        Saying(
            id=3,
            title="Taken away in the time range",
            description=(
                "Cameras of the chosen areas that were retired in the time range, newest first, "
                "from bi.removal. Good news: what is not there cannot be misused. At most 500."
            ),
            sql=f"""
SELECT v.camera_code, v.name, v.removed_at
FROM bi.removal v JOIN bi.register_now r USING (camera_code)
WHERE $__timeFilter(v.removed_at) AND {in_area("r")}
ORDER BY v.removed_at DESC, v.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="removed_at", title="Taken away", unit="dateTimeAsIso", width=155),
            ),
            width=12,
            height=9,
            empty="No camera was taken away in this time",
        )
    )


def _states() -> Drawn:
    return rows(
        Saying(
            id=4,
            title="Cameras by state of the register",
            description=(
                "Cameras of the chosen areas that are not retired, by state, now, from "
                "bi.register_now. Declared and review_due count; all other states count for "
                "nothing. The last column: when the first of them is let go."
            ),
            sql=f"""
SELECT r.state, count(*) AS cameras, count(*) FILTER (WHERE r.attended) AS attended,
  min(r.declare_by) FILTER (WHERE NOT r.declared AND r.attended) AS first_declare_by
FROM bi.register_now r WHERE r.intent <> 'retired' AND {in_area("r")}
GROUP BY r.state ORDER BY r.state""",
            columns=(
                Column(name="state", title="State"),
                Column(name="cameras", title="Cameras", width=90),
                Column(name="attended", title="Looked after", width=110),
                Column(
                    name="first_declare_by",
                    title="First one let go",
                    unit="dateTimeAsIso",
                    width=155,
                ),
            ),
            width=12,
            height=9,
            empty="The inventory holds no cameras",
        )
    )


def _protected() -> Drawn:
    return numbers(
        Saying(
            id=8,
            title="Look at protected places",
            description=(
                "Cameras that are not retired, whole estate, now, from bi.protected_now. Protected "
                "places are homes, worship, clinics, inner areas of schools and the like; which "
                "one a camera looks at is not kept. Not compared: no layer there, or nobody "
                "knows what the camera looks at. Walls are not considered."
            ),
            sql="""
SELECT p.looking, p.answered, p.cameras - p.compared AS not_compared FROM bi.protected_now p""",
            columns=(
                Column(name="looking", title="Look at one", steps=ANY_IS_YELLOW),
                Column(name="answered", title="Answered, for 90 days", fixed=PLAIN),
                Column(name="not_compared", title="Not compared", fixed=PLAIN),
            ),
            width=8,
            height=9,
        )
    )


def _findings() -> Drawn:
    return rows(
        Saying(
            id=9,
            title="Cameras that look at protected places",
            description=(
                "Cameras of the chosen areas whose view reaches a protected place by more than the "
                "limit, now, by code, from bi.protected_finding; at most 500. Free: the bearing, "
                "opening or range at which it would reach none. Only turning, masking, shortening "
                "or removing ends it; an answer expires after 90 days."
            ),
            sql=f"""
SELECT f.camera_code, f.name, f.since, f.share, f.owner, f.state, f.answer_until,
  f.free_bearing_deg, f.free_angle_deg, f.free_range_m
FROM bi.protected_finding f WHERE f.state <> 'ended' AND {in_area("f")}
ORDER BY f.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="since", title="Since", unit="dateTimeAsIso", width=155),
                Column(
                    name="share",
                    title="Of its view",
                    unit="percentunit",
                    decimals=0,
                    fixed=PLAIN,
                    width=90,
                ),
                Column(name="owner", title="Who answers"),
                Column(name="state", title="State", width=90),
                Column(name="answer_until", title="Until", unit="dateTimeAsIso", width=155),
                Column(name="free_bearing_deg", title="Free bearing", unit="degree", width=100),
                Column(name="free_angle_deg", title="Free opening", unit="degree", width=100),
                Column(name="free_range_m", title="Free range", unit="lengthm", width=100),
            ),
            width=16,
            height=9,
            empty="No camera is known to look at a protected place",
        )
    )


def _declare() -> Drawn:
    return rows(
        Saying(
            id=5,
            title="Not declared, those to be let go first",
            description=(
                "Cameras of the chosen areas without a complete, approved entry in force, now, "
                "from bi.declare_now, with what is missing and for how many days they are still "
                "looked after. At most 1,000; `camledger register list` shows all."
            ),
            sql=f"""
SELECT d.camera_code, d.name, d.state,
  CASE WHEN d.state IN ('undeclared', 'withdrawn') THEN 'an entry'
    WHEN d.state = 'lapsed' THEN 'a new period'
    ELSE array_to_string(d.missing, ', ') END AS missing, d.first_entered_at, d.days_left
FROM bi.declare_now d WHERE {in_area("d")}
ORDER BY d.days_left, d.camera_code LIMIT 1000""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="state", title="State", width=110),
                Column(name="missing", title="What is missing"),
                Column(
                    name="first_entered_at", title="Known since", unit="dateTimeAsIso", width=155
                ),
                Column(name="days_left", title="Days left", fixed=PLAIN, width=90),
            ),
            width=24,
            height=11,
            empty="Every camera is declared",
        )
    )


def _reviews() -> Drawn:
    return rows(
        Saying(
            id=6,
            title="Reviews due within 90 days",
            description=(
                "Declared cameras of the chosen areas whose review is overdue or due within 90 "
                "days from now, from bi.register_now, the oldest first. Asked again: does this "
                "place need it, and would a lesser means do? At most 500."
            ),
            sql=f"""
SELECT r.camera_code, r.name, r.entry, r.purpose, r.review_due::text AS review_due
FROM bi.register_now r
WHERE r.declared AND r.intent <> 'retired' AND r.review_due < current_date + 90 AND {in_area("r")}
ORDER BY r.review_due, r.camera_code LIMIT 500""",
            columns=(
                *CAMERA_COLUMNS,
                Column(name="entry", title="Entry", width=100),
                Column(name="purpose", title="Purpose"),
                Column(name="review_due", title="Review due", width=110),
            ),
            width=14,
            height=9,
            empty="No review is due",
        )
    )


def _looked() -> Drawn:
    return rows(
        Saying(
            id=7,
            title="Who looked, by role",
            description=(
                "Rows of the audit trail in the time range by role and action, whatever the area, "
                "from bi.audit. `camledger audit list` shows each; `audit verify` follows the "
                "chain. Readers of these boards share one database role and are not seen."
            ),
            sql="""
SELECT coalesce(a.role, '—') AS role, a.action, count(*) AS looks, max(a.at) AS last_at
FROM bi.audit a WHERE $__timeFilter(a.at)
GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200""",
            columns=(
                Column(name="role", title="Role"),
                Column(name="action", title="Action"),
                Column(name="looks", title="Times", width=80),
                Column(name="last_at", title="Last", unit="dateTimeAsIso", width=155),
            ),
            width=10,
            height=9,
            empty="Nobody looked in this time",
        )
    )
