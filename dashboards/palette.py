"""Colours and words: one meaning per colour on all boards, always with the word beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

GREEN = "#2E7D32"  # works
YELLOW = "#F9A825"  # works with a fault, or near a limit
RED = "#C62828"  # does not work
GREY = "#9E9E9E"  # not known, not enough observed
BLUE = "#1565C0"  # taken out by people: exempt, planned work, repair
SLATE = "#546E7A"  # not in service: planned, retired
PLAIN = "text"  # no judgement

STATUS_COLOURS: Mapping[str, str] = {
    "ONLINE": GREEN,
    "DEGRADED": YELLOW,
    "OFFLINE": RED,
    "UNKNOWN": GREY,
    "EXEMPT": BLUE,
    "REPAIR": BLUE,
    "PLANNED": SLATE,
    "RETIRED": SLATE,
}
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
GAP_COLOURS: Mapping[str, str] = {"never": SLATE, "dark": RED}
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
OBSERVED = Steps(first=GREY, rest=((0.8, PLAIN),))
COVERED = Steps(first=BLUE)
ANY_IS_RED = Steps(first=PLAIN, rest=((1, RED),))
ANY_IS_YELLOW = Steps(first=PLAIN, rest=((1, YELLOW),))
ANY_IS_GREY = Steps(first=PLAIN, rest=((1, GREY),))
