"""The nouns every other module speaks: cameras, places, observations, health and their codes.

No I/O, no clock, no rules: those live in the modules above.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Intent(StrEnum):
    """What people decided about a camera. Only `in_service` seconds are assessed."""

    PLANNED = "planned"
    TRIAL = "trial"
    IN_SERVICE = "in_service"
    REPAIR = "repair"
    RETIRED = "retired"


class JudgedBy(StrEnum):
    """Whose word counts for a camera that has two witnesses: our own questions and a platform."""

    DIRECT = "direct"
    PLATFORM = "platform"
    FALLBACK = "direct-then-platform"
    BOTH = "both"


class Health(StrEnum):
    """What was measured. `unknown` until the first evidence."""

    UNKNOWN = "unknown"
    UP = "up"
    DOWN = "down"


class Status(StrEnum):
    """The word shown to people; derived from intent, health, faults and darkness (domain 5.2)."""

    ONLINE = "ONLINE"
    DEGRADED = "DEGRADED"
    OFFLINE = "OFFLINE"
    UNKNOWN = "UNKNOWN"
    EXEMPT = "EXEMPT"
    REPAIR = "REPAIR"
    PLANNED = "PLANNED"
    RETIRED = "RETIRED"


class Counts(StrEnum):
    """What a reason counts against."""

    NOTHING = "nothing"
    AVAILABILITY = "availability"
    INTACT = "intact"


class Reason(StrEnum):
    """Why an observation says what it says. Meaning, next step and effect stand in `REASONS`."""

    OK = "ok"
    LOGIN_REQUIRED = "login_required"
    SOAP_FAULT = "soap_fault"
    CLOCK_OFF = "clock_off"
    NO_CLOCK = "no_clock"
    NO_ADDRESS = "no_address"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    CONNECT_TIMEOUT = "connect_timeout"
    RESET = "reset"
    CLOSED = "closed"
    ANSWER_TIMEOUT = "answer_timeout"
    ENDLESS = "endless"
    NOT_HTTP = "not_http"
    HTTP_ERROR = "http_error"
    NOT_ONVIF = "not_onvif"
    PLATFORM_ON = "platform_on"
    PLATFORM_OFF = "platform_off"
    FEED_STALE = "feed_stale"
    BLIND = "blind"
    INTERNAL = "internal"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReasonCard:
    """One reason explained.

    says: the health this observation is evidence for; None means it is no evidence at all.
    counts: what an outage or fault with this reason counts against.
    meaning, advice: sentences for the operator.
    """

    says: Health | None
    counts: Counts
    meaning: str
    advice: str


def _down(meaning: str, advice: str) -> ReasonCard:
    return ReasonCard(says=Health.DOWN, counts=Counts.AVAILABILITY, meaning=meaning, advice=advice)


def _up(meaning: str, advice: str, counts: Counts = Counts.NOTHING) -> ReasonCard:
    return ReasonCard(says=Health.UP, counts=counts, meaning=meaning, advice=advice)


def _ours(meaning: str, advice: str) -> ReasonCard:
    return ReasonCard(says=None, counts=Counts.NOTHING, meaning=meaning, advice=advice)


REASONS: Mapping[Reason, ReasonCard] = MappingProxyType(
    {
        Reason.OK: _up("The camera answered its time query.", "Nothing to do."),
        Reason.LOGIN_REQUIRED: _up(
            "The camera answers, but wants a login even for the time.",
            "Nothing to do for availability; its clock cannot be read without a login.",
        ),
        Reason.SOAP_FAULT: _up(
            "The camera answers with an ONVIF fault instead of the time.",
            "Look at the detail; often old firmware. It counts as up.",
        ),
        Reason.CLOCK_OFF: _up(
            "The camera answers, but its clock is off by more than the tolerance.",
            "Set the camera to network time (NTP) and check its time zone.",
            Counts.INTACT,
        ),
        Reason.NO_CLOCK: _up(
            "The camera answers without a usable UTC time.",
            "Look at the firmware; its clock cannot be checked.",
        ),
        Reason.NO_ADDRESS: _down(
            "The host name of the camera does not resolve.",
            "Check the address in the inventory and the name server.",
        ),
        Reason.UNREACHABLE: _down(
            "The network says there is no way to the camera.",
            "Check switch, fibre and power of the box; compare with its neighbours.",
        ),
        Reason.REFUSED: _down(
            "The address answers, but nothing listens on the port of the camera.",
            "Camera rebooting, port changed, or another device has the address.",
        ),
        Reason.CONNECT_TIMEOUT: _down(
            "No answer at all from the address.",
            "Most often power or link: check box, ONU and switch port.",
        ),
        Reason.RESET: _down(
            "The camera broke the connection off.",
            "Often overload or a hung web service: restart the camera.",
        ),
        Reason.CLOSED: _down(
            "The camera closed the connection without an answer.",
            "Often a hung web service: restart the camera.",
        ),
        Reason.ANSWER_TIMEOUT: _down(
            "The camera took the connection but did not answer in time.",
            "Often overload or a hung web service: restart the camera.",
        ),
        Reason.ENDLESS: _down(
            "The answer did not end within the size limit.",
            "Check what really listens on this address and port.",
        ),
        Reason.NOT_HTTP: _down(
            "Something answers, but it is not HTTP.",
            "Check the port in the inventory; another device may have the address.",
        ),
        Reason.HTTP_ERROR: _down(
            "The web server answers with an error and no ONVIF message.",
            "Restart the camera; check that ONVIF is switched on.",
        ),
        Reason.NOT_ONVIF: _down(
            "A web server answers, but not with ONVIF.",
            "Check address and path; another device may have the address.",
        ),
        Reason.PLATFORM_ON: _up(
            "A platform says that it is online.",
            "Nothing to do. That a sign of life came is all that this means.",
        ),
        Reason.PLATFORM_OFF: _down(
            "A platform says that it is offline.",
            "Look at power, cable and recorder first, then at its registration on the platform.",
        ),
        Reason.FEED_STALE: _ours(
            "The platform that knows it does not answer, or cannot be believed.",
            "See `camledger platforms list`.",
        ),
        Reason.BLIND: _ours(
            "Our own side of the network was dark.", "Check the network of the collector."
        ),
        Reason.INTERNAL: _ours(
            "A defect of the monitor.", "Send the log of the collector to its developers."
        ),
    }
)


class Cause(StrEnum):
    """Why seconds went unobserved (design rule 1). Never the camera's doing."""

    NOT_YET = "not_yet"  # in service, but no evidence so far
    COLLECTOR_STOPPED = "collector_stopped"  # stopped on purpose and started again
    COLLECTOR_LOST = "collector_lost"  # killed, crashed, power cut
    LATE = "late"  # asked later than the rule allows: overload
    DATABASE_AWAY = "database_away"  # observations dropped because they could not be stored
    BLIND = "blind"  # our own network was dark
    CLOCK_SET_BACK = "clock_set_back"  # our own clock went back: this time passed twice
    NO_ADDRESS = "not_polled"  # in service, but the inventory holds no address to ask
    FEED_STALE = "feed_stale"  # only a platform knows it, and that does not answer


class CameraKind(StrEnum):
    """Build of a camera, after GB/T 28181 PTZType (2016: 1-4, 2022: 5-7)."""

    DOME_PTZ = "dome_ptz"  # 1 ball
    HALF_DOME = "half_dome"  # 2
    FIXED = "fixed"  # 3 bullet
    PTZ_BULLET = "ptz_bullet"  # 4
    PTZ_HALF_DOME = "ptz_half_dome"  # 5
    PANORAMA = "panorama"  # 6
    MULTI = "multi"  # 7 multi-sensor split
    UNKNOWN = "unknown"


class PlaceKind(StrEnum):
    """What coverage is counted for. A kind is a label of geometry; no trade is told apart.

    `key_area` is a polygon that a person has named; people are shown "named area" (指定区域).
    """

    STREET = "street"
    SCHOOL = "school"
    KEY_AREA = "key_area"


@dataclass(frozen=True, kw_only=True, slots=True)
class Area:
    """A node of the operator's own tree; the number of levels is data.

    code: unique text key. level: free word ("city", "district", "street office" …).
    """

    code: str
    name: str
    parent_code: str | None = None
    level: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Camera:
    """One point with its file (一机一档).

    code: unique key, GB/T 28181 20-digit id where there is one.
    host, port: where ONVIF is asked; host None means it cannot be polled directly.
    lon, lat: WGS-84 degrees or None.
    direction: as written in the source ("90;160", "N", "东"); its meaning is found by `geodesy`.
    angle_deg: horizontal opening angle; range_m: distance watched; only where surveyed or reported.
    pole: what shares one pole fails together, and one trip mends it.
    simulated: made for the demo, no real camera.
    judged_by: whose word counts where a platform knows it, too; None: as the configuration says.
    sheet: every other field of the camera's file by its English field name, as text.
    """

    code: str
    name: str
    area_code: str | None = None
    intent: Intent = Intent.IN_SERVICE
    host: str | None = None
    port: int = 80
    lon: float | None = None
    lat: float | None = None
    kind: CameraKind = CameraKind.UNKNOWN
    direction: str | None = None
    angle_deg: float | None = None
    range_m: float | None = None
    indoor: bool = False
    pole: str | None = None
    address: str | None = None
    simulated: bool = False
    judged_by: JudgedBy | None = None
    sheet: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Requirement:
    """The share (0..1] of a place that shall be seen, why, on what ground, and until when.

    On the day of its review it stops counting, until somebody states it anew (design 1.3).
    """

    share: float
    purpose: str
    ground: str
    review_due: date

    @property
    def flaw(self) -> str | None:
        """Why it cannot be stated, whatever the day; None when it can."""
        if not 0 < self.share <= 1:
            return "The required share is a number above 0 and at most 1."
        missing = [name for name in ("purpose", "ground") if not getattr(self, name).strip()]
        return f"A requirement needs a {' and a '.join(missing)}." if missing else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A street, school or named area (`key_area`).

    geometry: GeoJSON geometry, WGS-84: (Multi)LineString for streets, (Multi)Polygon or Point for
    schools, (Multi)Polygon for named areas. excluded_m: length of tunnel, covered or unbuilt pieces
    left out of `geometry`.
    required_draft: number of cameras that a file asked for without a reason; it counts for nothing.
    requirement: what the place needs, or None.
    """

    kind: PlaceKind
    code: str
    name: str
    geometry: Mapping[str, Any]
    area_code: str | None = None
    required_draft: int | None = None
    requirement: Requirement | None = None
    excluded_m: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What the direct witness saw of one camera at one time.

    at: when the question was sent. took: until the verdict. clock_offset_s: camera time minus ours
    at the middle of the round trip; None when not read. detail: short evidence text, bounded, never
    a secret.
    """

    camera_id: int
    at: datetime
    reason: Reason
    took: timedelta
    detail: str = ""
    clock_offset_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A dated change of health: the only source of uptime.

    at: the first observation of the streak that caused it, not the moment we noticed.
    """

    camera_id: int
    at: datetime
    from_health: Health
    to_health: Health
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dark:
    """A stretch of unobserved time of one camera; `ends_at` None while it lasts."""

    camera_id: int
    starts_at: datetime
    ends_at: datetime | None
    cause: Cause
