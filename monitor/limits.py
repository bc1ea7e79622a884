"""Limits, targets and colours: where one word ends and the next begins, and how each is shown.

The one table. It is stored as `target` (view `bi.target`) at each start; views, layers, page,
boards and reports read it or are made of it. Nothing here says that more coverage were better.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.model import Status

GREEN = "#1e8e3e"  # works
YELLOW = "#c98a00"  # works with a fault, or near a limit
RED = "#d93025"  # does not work
GREY = "#6b7280"  # not known, not enough observed
BLUE = "#5b7fb5"  # taken out by people for a time
PURPLE = "#8d6bb0"  # in repair
SLATE = "#7d8794"  # not in service

STATUS_COLOURS: Mapping[Status, str] = {
    Status.ONLINE: GREEN,
    Status.DEGRADED: YELLOW,
    Status.OFFLINE: RED,
    Status.UNKNOWN: GREY,
    Status.EXEMPT: BLUE,
    Status.REPAIR: PURPLE,
    Status.PLANNED: SLATE,
    Status.RETIRED: SLATE,
}
# Shares of a place that are seen, from light to dark; `some` is anything above nothing.
_COVERAGE = (
    ("zero", 0.0, "#98a2ad"),
    ("some", 1e-9, "#bcd7f0"),
    ("quarter", 0.25, "#86b8e5"),
    ("half", 0.5, "#4a90d2"),
    ("most", 0.75, "#1f66b0"),
)
NOT_COMPUTED = "#d0d4da"
GAP_COLOURS = {"never": "#3c4653", "dark": "#8b0000"}
OBSERVED_AT_LEAST = 0.8
"""Share of its time that must have been observed before a rate is printed (domain 6)."""
MARGIN = 0.03
"""How far below the target of a contract yellow reaches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """One word of a measure. at_least: from this value on; None where no number decides."""

    measure: str
    word: str
    at_least: float | None = None
    colour: str | None = None


def limits(target: float | None = None) -> tuple[Limit, ...]:
    """The whole table. target: availability that a maintenance contract asks for, if one does."""
    return (
        *(Limit(measure="status", word=word, colour=c) for word, c in STATUS_COLOURS.items()),
        Limit(measure="coverage", word="none", colour=NOT_COMPUTED),
        *(
            Limit(measure="coverage", word=word, at_least=value, colour=colour)
            for word, value, colour in _COVERAGE
        ),
        *(Limit(measure="gap", word=word, colour=c) for word, c in GAP_COLOURS.items()),
        Limit(measure="observed", word="enough", at_least=OBSERVED_AT_LEAST),
        *_contract(target),
    )


def _contract(target: float | None) -> tuple[Limit, ...]:
    if target is None:
        return ()
    near = round(target - MARGIN, 9)
    return (
        Limit(measure="availability", word="target", at_least=target, colour=GREEN),
        Limit(measure="availability", word="near", at_least=near, colour=YELLOW),
    )
