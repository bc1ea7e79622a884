"""Colours and words: one meaning per colour on all boards, always with the word beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.limits import (
    BLUE,
    GAP_COLOURS,
    GREEN,
    GREY,
    OBSERVED_AT_LEAST,
    RED,
    SLATE,
    YELLOW,
)
from monitor.limits import STATUS_COLOURS as _STATUS_COLOURS

__all__ = ["BLUE", "GAP_COLOURS", "GREEN", "GREY", "RED", "SLATE", "YELLOW"]

STATUS_COLOURS: Mapping[str, str] = {str(word): colour for word, colour in _STATUS_COLOURS.items()}

PLAIN = "text"  # no judgement

# Of one camera over time; planned and exempt are approved windows.
HEALTH_COLOURS: Mapping[str, str] = {
    "up": GREEN,
    "down": RED,
    "unobserved": GREY,
    "exempt": BLUE,
    "planned": BLUE,
    "out of service": SLATE,
}
COLLECTOR_COLOURS: Mapping[str, str] = {"alive": GREEN, "stopped": GREY, "lost": RED}
LEDGER_COLOURS: Mapping[str, str] = {
    "up": GREEN,
    "down": RED,
    "unreachable": "#8E0000",
    "planned": "#64B5F6",
    "exempt": BLUE,
    "unobserved": GREY,
    "out_of_service": SLATE,
}


@dataclass(frozen=True, kw_only=True)
class Steps:
    """Colours from a value on: `first` below all limits, then (limit, colour) ascending."""

    first: str
    rest: tuple[tuple[float, str], ...] = ()


# Rates and coverage are not judged: a target comes from a contract, a need from a stated reason.
OBSERVED = Steps(first=GREY, rest=((OBSERVED_AT_LEAST, PLAIN),))
COVERED = Steps(first=BLUE)
ANY_IS_RED = Steps(first=PLAIN, rest=((1, RED),))
ANY_IS_YELLOW = Steps(first=PLAIN, rest=((1, YELLOW),))
ANY_IS_GREY = Steps(first=PLAIN, rest=((1, GREY),))
