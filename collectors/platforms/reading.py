"""The nouns of reading a platform: steps, how whole a reading is, and words of statuses."""

from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from monitor.witness import Channel, Said

_MOST = 200  # characters of any text of a platform


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that was tried, for `platforms test`."""

    name: str
    ok: bool
    took_ms: float
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One reading. complete: every channel was read, none twice, none missing; only then may
    anything be concluded from what is absent."""

    channels: tuple[Channel, ...]
    complete: bool
    version: str = ""
    detail: str = ""


class Refused(Exception):
    """The platform does not let us in (denied), or answers what nobody understands. The text says
    what to do; it holds no secret."""

    def __init__(self, words: str, *, denied: bool = False) -> None:
        super().__init__(words)
        self.denied = denied


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """How to get in. secret: a password, or an API key where there is no user."""

    user: str = ""
    secret: str = field(default="", repr=False)


def text(value: Any) -> str:
    """A value of a platform as a short text on one line; "" for none."""
    if value is None or isinstance(value, dict | list):
        return ""
    whole = str(value).replace("\0", " ").encode("utf-8", "replace").decode()
    return " ".join(whole.split())[:_MOST]


def number(value: Any) -> float | None:
    """A number, also one written as text; None for anything else."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if abs(found) < 1e9 else None


def moment(value: Any, zone: tzinfo) -> datetime | None:
    """A moment as a platform writes it, in its zone where it says none; None for anything else."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)


# GB/T 28181 catalogue, and what devices send instead (2016 and 2022 editions).
_ON = frozenset({"on", "ok", "online", "1", "true"})
_OFF = frozenset({"off", "offline", "error", "defect", "vlost", "0", "false"})


def word(raw: Any) -> Said:
    """Our word for a status as platforms write it; what nobody knows is unknown."""
    said = text(raw).lower()
    if said in _ON:
        return Said.ON
    return Said.OFF if said in _OFF else Said.UNKNOWN


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A channel of which is asked how long its recordings are kept. days: as declared."""

    key: str
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The oldest recording of a channel; None where it has none at all."""

    key: str
    oldest_at: datetime | None
