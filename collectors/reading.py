"""The nouns of asking a camera: whom (target), how long (policy), what came back (reading), what
went wrong.

How a question travels is `exchange`; what an answer means is `onvif`.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from monitor.model import Reason

DEVICE_PATH = "/onvif/device_service"
_DETAIL_CHARS = 200
# Control characters, line ends, surrogates and the marks that turn text around on a screen.
_UNPRINTABLE = re.compile(
    r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+"
)


class ProbeFailure(Exception):
    """The question got no usable answer: why, and a short evidence text (bounded, printable)."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = tidy(detail)


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """One camera to ask. host: IPv4, IPv6 or name as in the inventory; path: of the ONVIF device
    service.
    """

    camera_id: int
    code: str
    host: str
    port: int = 80
    path: str = DEVICE_PATH


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How a camera is asked.

    connect_s: until the connection stands; half of it is the most a name look-up takes before.
    deadline_s: until the verdict, counted from the start, look-up included.
    clock_tolerance_s: from here on a camera clock is off.
    """

    connect_s: float = 4.0
    deadline_s: float = 10.0
    clock_tolerance_s: float = 5.0
    probe: str = "onvif"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a probe saw. clock_offset_s: camera time minus ours at the middle of the round trip."""

    reason: Reason
    detail: str = ""
    clock_offset_s: float | None = None


Probe: TypeAlias = Callable[[Target, Policy, datetime], Awaitable[Reading]]


def tidy(text: str) -> str:
    """Text of a camera made fit to store and show: one line, printable, at most 200 characters."""
    clean = _UNPRINTABLE.sub(" ", text[: 4 * _DETAIL_CHARS]).strip()
    return clean if len(clean) <= _DETAIL_CHARS else clean[: _DETAIL_CHARS - 1] + "…"
