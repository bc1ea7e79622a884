"""How figures and codes are written for people: the one place that rounds. Pure.

Rates are compared with their targets before they come here; "no data" is written as a dash.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from zoneinfo import ZoneInfo

from monitor.model import Cause
from monitor.reports.content import Light

DASH = "—"
_MOST_DIGITS = 6
_HOUR = timedelta(hours=1)
_ALWAYS = (0.0, 1.0)  # "100.00" is written only where nothing is missing

# Shape, word and Chinese word: readable in black and white and by colour-blind readers.
LIGHTS: Mapping[Light, tuple[str, str, str]] = MappingProxyType(
    {
        Light.GREEN: ("●", "green", "绿"),
        Light.YELLOW: ("▲", "yellow", "黄"),
        Light.RED: ("■", "red", "红"),
        Light.INSUFFICIENT: ("◇", "insufficient data", "数据不足"),
        Light.NONE: (DASH, "nothing assessed", "无可计入时间"),
        Light.NO_TARGET: ("", "no target", "无目标"),
    }
)

CAUSES: Mapping[str, str] = MappingProxyType(
    {
        Cause.NOT_YET: "in service, but no answer or failure seen so far",
        Cause.COLLECTOR_STOPPED: "the monitor was stopped on purpose",
        Cause.COLLECTOR_LOST: "the monitor was lost: crash, power cut or kill",
        Cause.LATE: "asked later than the rule allows: the monitor was overloaded",
        Cause.DATABASE_AWAY: "the monitor could not store what it saw: database away",
        Cause.BLIND: "the monitor's own network was dark",
        Cause.FEED_STALE: "only a platform knows the camera, and it did not answer",
        Cause.CLOCK_SET_BACK: "the monitor's own clock was set back: this time passed twice",
        Cause.NO_ADDRESS: "the inventory holds no address to ask",
    }
)

KINDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "street": ("Streets", "街道"),
        "school": ("School perimeters", "学校周界"),
        "key_area": ("Named areas", "指定区域"),
    }
)

STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "declared": ("Declared", "已登记"),
        "review_due": ("Declared, review overdue", "已登记，复核逾期"),
        "lapsed": ("Lapsed", "已过期"),
        "incomplete": ("Incomplete", "不完整"),
        "withdrawn": ("Withdrawn", "已撤回"),
        "undeclared": ("Undeclared", "未登记"),
    }
)

DEFECTS: Mapping[str, str] = MappingProxyType(
    {
        "no_coordinates": "No coordinates",
        "bad_coordinates": "Coordinates zero or out of range",
        "far_away": "Far outside the city",
        "no_direction": "No direction",
        "bad_direction": "Unreadable direction",
        "indoor": "Indoor, not counted for places",
    }
)


def percent(ratio: float | None, *marks: float) -> str:
    """A ratio in percent without the sign, two digits, half up; a dash for None.

    More digits where two would lift or lower it onto a mark it does not reach (a target, all, or
    nothing): 0.97996 with a target of 0.98 is 97.996, not 98.00.
    """
    if ratio is None:
        return DASH
    exact = Decimal(str(ratio)) * 100
    limits = {Decimal(str(each)) * 100 for each in (*_ALWAYS, *marks)}
    for digits in range(2, _MOST_DIGITS + 1):
        shown = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
        if shown == exact or shown not in limits:
            break
    return str(shown)


def points(change: float | None) -> str:
    """A difference of rates in percentage points, always with its sign; a dash for None."""
    if change is None:
        return DASH
    shown = (Decimal(str(change)) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    sign = "+" if shown > 0 else "−" if shown < 0 else "±"
    return f"{sign}{abs(shown)}"


def hours(duration: timedelta | None) -> str:
    """Hours with one digit, two below one hour; a dash for None. Only nothing is written as 0."""
    if duration is None:
        return DASH
    value = duration / _HOUR
    if 0 < value < 1:
        return f"{max(value, 0.01):.2f}"
    return f"{value:,.1f}"


def amount(value: float | None) -> str:
    """Metres or square metres, whole; a dash for None."""
    return DASH if value is None else f"{value:,.0f}"


def lasting(duration: timedelta | None) -> str:
    """A duration in its two largest units: 12 d 4 h, 3 h 20 min, 9 min."""
    if duration is None:
        return DASH
    minutes = int(duration / timedelta(minutes=1))
    days, rest = divmod(minutes, 24 * 60)
    if days:
        return f"{days} d {rest // 60} h"
    return f"{rest // 60} h {rest % 60} min" if rest >= 60 else f"{rest} min"


def local(instant: datetime | None, zone: ZoneInfo) -> str:
    """Date and minute in the city's zone; a dash for None."""
    return DASH if instant is None else instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def offset(instant: datetime, zone: ZoneInfo) -> str:
    """The zone's distance from UTC at an instant: UTC+08:00."""
    text = instant.astimezone(zone).strftime("%z")
    return f"UTC{text[:3]}:{text[3:5]}"


def cause(code: str) -> str:
    """Why time was not observed; the code itself where it is unknown."""
    return CAUSES.get(code, code)
