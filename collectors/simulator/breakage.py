"""The ways a simulated camera can be broken, and how a person writes them. Pure data; the
servers act on it.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from collectors.simulator.simulated import LONGEST_S, SimulatorError


class FaultKind(StrEnum):
    """What is wrong. Explained one by one in `FAULT_CARDS`."""

    REFUSE = "refuse"
    BLACK_HOLE = "black_hole"
    RESET = "reset"
    SILENT = "silent"
    STALL = "stall"
    SLOW = "slow"
    TRICKLE = "trickle"
    HALF_CLOSE = "half_close"
    CLOSE = "close"
    HTTP_401 = "http_401"
    HTTP_500 = "http_500"
    REDIRECT = "redirect"
    SOAP_FAULT = "soap_fault"
    HTML = "html"
    EMPTY = "empty"
    GARBAGE = "garbage"
    BROKEN_XML = "broken_xml"
    LENGTH_TOO_LONG = "length_too_long"
    LENGTH_TOO_SHORT = "length_too_short"
    TWO_LENGTHS = "two_lengths"
    TWO_LENGTHS_DIFFER = "two_lengths_differ"
    NO_COLON = "no_colon"
    LF_ONLY = "lf_only"
    NO_REASON = "no_reason"
    ENDLESS_BODY = "endless_body"
    ENDLESS_HEADERS = "endless_headers"
    CLOCK_OFF = "clock_off"
    NO_UTC = "no_utc"
    CLOCK_NEEDS_LOGIN = "clock_needs_login"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - the name of a fault


class Service(StrEnum):
    """Which half of the camera a fault touches."""

    ALL = "all"
    HTTP = "http"
    RTSP = "rtsp"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One thing wrong with one camera.

    `seconds` is the offset of `clock_off` (may be negative), the delay of `slow`, the pause
    between two bytes of `trickle`; other kinds use none. `target` is where `redirect` points. None
    means the default of the kind's card.
    """

    kind: FaultKind
    seconds: float | None = None
    target: str | None = None
    service: Service = Service.ALL

    def __str__(self) -> str:
        """The text that `read_fault` reads back."""
        value = self.target if self.seconds is None else f"{self.seconds:.15g}"
        words = [self.kind.value, *([value] if value is not None else [])]
        return " ".join([*words, *([self.service.value] if self.service != Service.ALL else [])])


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultCard:
    """One fault explained. `seconds` and `target` are the defaults where the kind takes a value."""

    shows: str
    seconds: float | None = None
    target: str | None = None
    rtsp: bool = True


_K = FaultKind
FAULT_CARDS = MappingProxyType(
    {
        _K.REFUSE: FaultCard(shows="nobody listens: ECONNREFUSED"),
        _K.BLACK_HOLE: FaultCard(shows="connect never completes"),
        _K.RESET: FaultCard(shows="accepts, then RST"),
        _K.SILENT: FaultCard(shows="accepts and reads, never answers"),
        _K.STALL: FaultCard(shows="half an answer, then silence"),
        _K.SLOW: FaultCard(shows="answers after a delay", seconds=3.0),
        _K.TRICKLE: FaultCard(shows="one byte at a time", seconds=0.2),
        _K.HALF_CLOSE: FaultCard(shows="ends its sending side without answering, keeps reading"),
        _K.CLOSE: FaultCard(shows="closes without answering"),
        _K.HTTP_401: FaultCard(shows="401 without a challenge, whatever the login"),
        _K.HTTP_500: FaultCard(shows="500 Internal Server Error"),
        _K.REDIRECT: FaultCard(
            shows="302 to another host", target="http://127.255.255.254/onvif/device_service"
        ),
        _K.SOAP_FAULT: FaultCard(shows="a SOAP fault to every request", rtsp=False),
        _K.HTML: FaultCard(shows="a login page instead of SOAP", rtsp=False),
        _K.EMPTY: FaultCard(shows="200 with an empty body"),
        _K.GARBAGE: FaultCard(shows="bytes that are no protocol, then close"),
        _K.BROKEN_XML: FaultCard(
            shows="bare &, undeclared prefix, GB2312 bytes, no end", rtsp=False
        ),
        _K.LENGTH_TOO_LONG: FaultCard(shows="Content-Length larger than the body, then close"),
        _K.LENGTH_TOO_SHORT: FaultCard(shows="Content-Length smaller than the body"),
        _K.TWO_LENGTHS: FaultCard(shows="Content-Length twice, equal"),
        _K.TWO_LENGTHS_DIFFER: FaultCard(shows="Content-Length twice, the second wrong"),
        _K.NO_COLON: FaultCard(shows="a header line without a colon"),
        _K.LF_ONLY: FaultCard(shows="header lines end in LF"),
        _K.NO_REASON: FaultCard(shows="a status line without a reason phrase"),
        _K.ENDLESS_BODY: FaultCard(shows="a body that never ends"),
        _K.ENDLESS_HEADERS: FaultCard(shows="headers that never end"),
        _K.CLOCK_OFF: FaultCard(shows="clock wrong by this many seconds", seconds=3600.0),
        _K.NO_UTC: FaultCard(shows="date answered without UTCDateTime", rtsp=False),
        _K.CLOCK_NEEDS_LOGIN: FaultCard(shows="asks a login even for the date", rtsp=False),
        _K.WRONG_PASSWORD: FaultCard(shows="the password was changed: right one no longer works"),
    }
)
del _K


def read_fault(words: list[str]) -> Fault:
    """A fault from words such as `refuse`, `slow 2.5`, `redirect http://…`, `reset rtsp`.

    Raises SimulatorError that names what is wrong.
    """
    if not words:
        raise SimulatorError("no fault named")
    try:
        kind = FaultKind(words[0])
    except ValueError as error:
        raise SimulatorError(
            f"unknown fault {words[0]!r}; known: {', '.join(FaultKind)}"
        ) from error
    rest = words[1:]
    service = Service(rest.pop()) if rest and rest[-1] in list(Service) else Service.ALL
    if len(rest) > 1:
        raise SimulatorError(f"{kind} takes one value at most, got {' '.join(rest)!r}")
    fault = Fault(kind=kind, service=service)
    return _with_value(fault, rest[0]) if rest else complete(fault)


def complete(fault: Fault) -> Fault:
    """The same fault with the default value filled in where its kind takes one."""
    card = FAULT_CARDS[fault.kind]
    return Fault(
        kind=fault.kind,
        service=fault.service,
        seconds=card.seconds if fault.seconds is None else fault.seconds,
        target=card.target if fault.target is None else fault.target,
    )


def _with_value(fault: Fault, value: str) -> Fault:
    card = FAULT_CARDS[fault.kind]
    if card.target is not None:
        return Fault(kind=fault.kind, service=fault.service, target=value)
    if card.seconds is None:
        raise SimulatorError(f"{fault.kind} takes no value, got {value!r}")
    try:
        seconds = float(value)
    except ValueError as error:
        raise SimulatorError(f"{fault.kind} takes seconds, got {value!r}") from error
    # NaN and infinity would reach timers and dates, where they raise far from the person who
    # typed them.
    if not -LONGEST_S <= seconds <= LONGEST_S or (
        seconds < 0 and fault.kind != FaultKind.CLOCK_OFF
    ):
        raise SimulatorError(f"{fault.kind} cannot take {value} seconds")
    return Fault(kind=fault.kind, service=fault.service, seconds=seconds)
