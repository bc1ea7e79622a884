"""The register entry: why a camera is there and who answers for it. Fields, states and constants.

Pure. Storing and approving is `db.register` and `monitor.declaring`, publishing `monitor.register`.
Fields after EDPB 3/2019, the UK code, the Korean standard data set and Decree 799.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

MOST_CAMERAS = 50
"""Cameras that one entry may speak for (design 1.2)."""
UNDECLARED_DAYS = 180
"""So long after it was first entered an undeclared camera is still looked after. No setting."""
_YEARS, _REVIEW_YEARS = 3, 1


class Role(StrEnum):
    """In what capacity somebody acts. The operating unit never approves."""

    OPERATOR = "operator"
    OVERSIGHT = "oversight"
    PRIVACY = "privacy"
    AUDITOR = "auditor"


class RegisterState(StrEnum):
    """Where a camera stands in the register. Only the first two count as declared."""

    DECLARED = "declared"
    REVIEW_DUE = "review_due"
    LAPSED = "lapsed"
    INCOMPLETE = "incomplete"
    WITHDRAWN = "withdrawn"
    UNDECLARED = "undeclared"


class Kind(StrEnum):
    """How the text of a field is read."""

    TEXT = "text"
    DATE = "date, as 2026-01-31"
    COUNT = "whole number"
    NUMBER = "number"
    FLAG = "yes or no"


Value = str | date | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryField:
    """One field. headers: other names of its column. needed: without it nothing is approved."""

    name: str
    kind: Kind
    needed: bool
    headers: tuple[str, ...]
    meaning: str


def _field(row: str) -> EntryField:
    name, kind, needed, headers, meaning = (part.strip() for part in row.split("|"))
    return EntryField(
        name=name,
        kind=Kind[kind],
        needed=needed == "must",
        headers=tuple(each.strip() for each in headers.split(",") if each.strip()),
        meaning=meaning,
    )


# name | kind | must or may | other headers | meaning
FIELDS: tuple[EntryField, ...] = tuple(
    _field(row)
    for row in """
site | TEXT | must | 场所, 项目 | the site or project that this need belongs to
purpose | TEXT | must | 用途, 目的 | what the camera is for
purpose_class | TEXT | may | 用途类别 | a class of the operator's own list, such as traffic flow
safety | FLAG | may | 人身安全 | people's safety depends on it: repaired first
need | TEXT | must | 必要性 | what was tried or weighed instead
ground | TEXT | must | 依据 | law, permit, decision or contract, with number and date
assessment | TEXT | may | 影响评估 | an assessment (DPIA) with its date
body | TEXT | must | 责任机构 | who answers: an office, no person
contact | TEXT | must | 投诉渠道, 公开联系方式 | how to ask and to complain
sign | TEXT | must | 告示牌 | what the sign at the place says
sign_seen_on | DATE | must | 告示核查日期 | when the sign was last seen there
retention_days | COUNT | must | 保存天数, 录像保存天数 | days that recordings are kept; 0: none
declared_from | DATE | must | 声明起始 | from this day on (default: the day it is stated)
declared_until | DATE | must | 声明截止 | until this day, at most three years (default)
review_due | DATE | must | 复核日期 | reviewed by this day (default: after one year)
features | TEXT | may | 功能 | fixed, turning, audio, analytics
position_grid_m | NUMBER | may | 位置网格 | the public sees the position only to so many metres
position_reason | TEXT | may | 位置模糊理由 | why the position is not exact; needed with a grid
cost_purchase | NUMBER | may | 购置费用 | what it cost
cost_year | NUMBER | may | 年费用 | what it costs a year
cost_public | FLAG | may | 费用公开 | the cost is public
filing_no | TEXT | may | 备案号, 备案编号 | filing number (Decree 799)
filed_on | DATE | may | 备案日期 | when it was filed
filing_authority | TEXT | may | 备案机关 | where it was filed
""".strip().splitlines()
)
NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS)
BY_NAME: Mapping[str, EntryField] = {field.name: field for field in FIELDS}

_YES = frozenset({"yes", "true", "1", "y", "是"})
_NO = frozenset({"no", "false", "0", "n", "否"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Declaration:
    """What somebody states for one camera: only the fields that are named; None clears one.

    entry: key of a shared entry; None keeps the one that the camera has, or makes one of its own.
    """

    camera: str
    entry: str | None = None
    values: Mapping[str, Value]


def parse(name: str, text: str) -> Value:
    """A field from text; "" is None. Raises ValueError(reason, advice)."""
    field = BY_NAME[name]
    text = text.strip()
    if not text:
        return False if field.kind is Kind.FLAG else None
    try:
        return _read(field.kind, text)
    except ValueError:
        reason = f"This is not a {field.kind.partition(',')[0]}."
        raise ValueError(reason, f"Write {name} as {field.kind}.") from None


def _read(kind: Kind, text: str) -> Value:
    match kind:
        case Kind.DATE:
            return date.fromisoformat(text)
        case Kind.COUNT:
            if not text.isascii() or not text.isdigit() or len(text) > 6:
                raise ValueError
            return int(text)
        case Kind.NUMBER:
            number = float(text)
            if not 0 <= number < 1e12:
                raise ValueError
            return number
        case Kind.FLAG:
            if text.lower() not in _YES | _NO:
                raise ValueError
            return text.lower() in _YES
    return text


def with_dates(values: Mapping[str, Value], today: date) -> dict[str, Value]:
    """The values of a new entry with the dates that nobody gave: three years, reviewed yearly."""
    begin = values.get("declared_from") or today
    assert isinstance(begin, date)  # noqa: S101  parsed before
    until = values.get("declared_until") or _after(begin, _YEARS)
    assert isinstance(until, date)  # noqa: S101  parsed before
    review = values.get("review_due") or min(until, _after(begin, _REVIEW_YEARS))
    return {**values, "declared_from": begin, "declared_until": until, "review_due": review}


def _after(day: date, years: int) -> date:
    """The last day of so many years that begin on `day`."""
    try:
        return day.replace(year=day.year + years) - timedelta(days=1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def flaw(values: Mapping[str, Value]) -> str | None:
    """Why these values cannot stand together, or None. What is missing is no flaw."""
    begin, until = values.get("declared_from"), values.get("declared_until")
    review = values.get("review_due")
    if isinstance(begin, date) and isinstance(until, date):
        if until <= begin:
            return "declared_until must be after declared_from."
        if until > _after(begin, _YEARS) + timedelta(days=1):
            return "declared_until may be at most three years after declared_from."
    if isinstance(review, date):
        if isinstance(begin, date) and review <= begin:
            return "review_due must be after declared_from."
        if isinstance(until, date) and review > until:
            return "review_due must not be after declared_until."
    if (values.get("position_grid_m") is None) != (values.get("position_reason") is None):
        return "position_grid_m and position_reason belong together."
    if values.get("position_grid_m") == 0:
        return "position_grid_m must be above 0."
    return None


def missing(values: Mapping[str, Value]) -> tuple[str, ...]:
    """The fields without which nothing is approved."""
    return tuple(each.name for each in FIELDS if each.needed and values.get(each.name) is None)
