"""The few ONVIF envelopes we send, and a tolerant reading of what comes back. No I/O.

Written for speed on the usual answer and for patience with all others; what a reading means for the
camera is left to `onvif`.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree

from collectors.reading import tidy

OPEN = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">'
)
_BODY = b'<s:Body><%s xmlns="http://www.onvif.org/ver10/device/wsdl"/></s:Body></s:Envelope>'
_ACTION = "http://www.onvif.org/ver10/device/wsdl/"

CLOCK = "GetSystemDateAndTime"
DEVICE = "GetDeviceInformation"

# Time before Date is the order of the schema (ONVIF core, tt:DateTime); other orders take the slow
# path.
_UTC = re.compile(
    rb"UTCDateTime>\s{0,99}<(?:[\w.-]{1,40}:)?Time>"
    rb"\s{0,99}<(?:[\w.-]{1,40}:)?Hour>\s{0,9}(\d{1,2})\s{0,9}</[^>]{1,60}>"
    rb"\s{0,99}<(?:[\w.-]{1,40}:)?Minute>\s{0,9}(\d{1,2})\s{0,9}</[^>]{1,60}>"
    rb"\s{0,99}<(?:[\w.-]{1,40}:)?Second>\s{0,9}(\d{1,2})\s{0,9}</[^>]{1,60}>"
    rb"\s{0,99}</[^>]{1,60}>\s{0,99}<(?:[\w.-]{1,40}:)?Date>"
    rb"\s{0,99}<(?:[\w.-]{1,40}:)?Year>\s{0,9}(\d{1,4})\s{0,9}</[^>]{1,60}>"
    rb"\s{0,99}<(?:[\w.-]{1,40}:)?Month>\s{0,9}(\d{1,2})\s{0,9}</[^>]{1,60}>"
    rb"\s{0,99}<(?:[\w.-]{1,40}:)?Day>\s{0,9}(\d{1,2})\s{0,9}</"
)
_UTC_TAG = b"UTCDateTime>"
# "Not authorised" comes under many codes and wordings (onvif.md, quirk 8).
_DENIED = re.compile(
    r"not\s{0,3}authori[sz]ed|unauthori[sz]ed|failed\s?authentication"
    r"|authentication\s(?:failed|error)",
    re.IGNORECASE,
)
_XML_START = re.compile(
    rb"\A[\s\x00\xef\xbb\xbf]{0,99}<(?!!doctype\s{1,20}html|html)", re.IGNORECASE
)
_FIELDS = ("Hour", "Minute", "Second", "Year", "Month", "Day")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A SOAP fault. denied: it says that a login is wanted or was wrong."""

    text: str
    denied: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """What an answer says of the time. utc: None without a usable date; then `text` is what stood
    there.
    """

    utc: datetime | None = None
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """What a camera says it is; empty where it says nothing."""

    manufacturer: str = ""
    model: str = ""
    firmware: str = ""
    serial: str = ""


def envelope(operation: str, security: bytes = b"") -> bytes:
    """The SOAP 1.2 question; `security` is a complete wsse:Security element (see `login`)."""
    header = b"<s:Header>" + security + b"</s:Header>" if security else b""
    return OPEN + header + _BODY % operation.encode()


def request(
    operation: str,
    host: str,
    port: int,
    path: str,
    *,
    security: bytes = b"",
    authorization: str = "",
) -> bytes:
    """The whole HTTP request. Action and charset are both there, since some cameras answer nothing
    without.
    """
    body = envelope(operation, security)
    name = f"[{host}]" if ":" in host else host
    login = f"Authorization: {authorization}\r\n" if authorization else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {name}:{port}\r\n"
        f'Content-Type: application/soap+xml; charset=utf-8; action="{_ACTION}{operation}"\r\n'
        f"Content-Length: {len(body)}\r\nUser-Agent: camledger\r\n{login}"
        "Connection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


def read_clock(body: bytes) -> Clock | Fault | None:
    """The camera's UTC time, the fault it sent instead, or None when this is no SOAP at all."""
    at = body.find(_UTC_TAG)
    match = _UTC.match(body, at) if at >= 0 else None
    if match is not None:
        return _clock(*map(int, match.groups()))
    root = parse(body)
    if root is None:
        return None
    stamp = _first(root, "UTCDateTime")
    if stamp is not None:
        return _slow_clock(stamp)
    return fault(root) or (Clock() if _is_soap(root) else None)


def read_device(body: bytes) -> Device | Fault | None:
    """What the camera says it is, the fault it sent instead, or None when this is no SOAP."""
    root = parse(body)
    if root is None:
        return None
    answer = _first(root, "GetDeviceInformationResponse")
    if answer is None:
        return fault(root) or (Device() if _is_soap(root) else None)
    return Device(
        manufacturer=_text(_first(answer, "Manufacturer")),
        model=_text(_first(answer, "Model")),
        firmware=_text(_first(answer, "FirmwareVersion")),
        serial=_text(_first(answer, "SerialNumber")),
    )


def says_denied(body: bytes) -> bool:
    """True when plain text under an error status says that a login is wanted."""
    return _DENIED.search(body[:4096].decode("latin-1")) is not None


def _clock(hour: int, minute: int, second: int, year: int, month: int, day: int) -> Clock:
    text = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
    try:
        # Second 60 is a leap second, which datetime does not know.
        utc = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return Clock(text=text)
    # Before 1970 it is no clock that lost its battery, but no date.
    return Clock(utc=utc, text=text) if year >= 1970 and second <= 60 else Clock(text=text)


def _slow_clock(stamp: etree._Element) -> Clock:
    values = [_text(_first(stamp, name)) for name in _FIELDS]
    if all(value.isascii() and value.isdigit() and len(value) <= 4 for value in values):
        return _clock(*map(int, values))
    return Clock(text=tidy(" ".join(values)))


def parse(body: bytes) -> etree._Element | None:
    """The root element, as far as there is one; broken XML is mended, entities and network stay
    off.
    """
    if not _XML_START.match(body):
        return None
    # A parser for each document: lxml keeps state of the last one, and 2.5 us are cheap on this
    # path.
    parser = etree.XMLParser(
        recover=True,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root: etree._Element | None = etree.fromstring(body.strip(b"\x00 \t\r\n"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return root


def local(element: etree._Element) -> str:
    """The name of an element without its namespace or prefix."""
    # Undeclared prefixes stay in the tag as "prefix:name" when the parser mends.
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _first(root: etree._Element, name: str) -> etree._Element | None:
    return next((element for element in root.iter("*") if local(element) == name), None)


def _text(element: etree._Element | None) -> str:
    return "" if element is None else tidy("".join(element.itertext(with_tail=False))[:1000])


def _is_soap(root: etree._Element) -> bool:
    return local(root) == "Envelope"


def fault(root: etree._Element) -> Fault | None:
    """The SOAP fault of an answer, if it is one."""
    element = _first(root, "Fault")
    if element is None:
        return None
    parts = [_text(part) for part in element.iter("*") if len(part) == 0]
    text = tidy(" ".join(part for part in parts if part))
    return Fault(text=text or "fault without a text", denied=_DENIED.search(text) is not None)
