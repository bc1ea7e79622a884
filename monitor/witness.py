"""What a second witness says of cameras: channels of a platform, each with its own word.

What a platform sends is untrusted and is kept raw beside our word for it; unknown is never online.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Said(StrEnum):
    """What a platform says of a camera."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"  # it says nothing, or nothing that can be believed


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """One camera as a platform knows it.

    key: unique within the platform: host and channel. code: what the camera is called there. raw:
    the platform's own word. why: what makes `said` another word than `raw` means. evidence_at: the
    newest sign of life that the platform itself has, where it tells.
    """

    key: str
    code: str
    said: Said
    raw: str = ""
    why: str = ""
    name: str = ""
    host: str = ""
    address: str = ""
    lon: float | None = None
    lat: float | None = None
    frame: str = ""
    evidence_at: datetime | None = None
