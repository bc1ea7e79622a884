"""Turn a correct reply and a fault into the bytes, pauses and ending that a client will see.
Pure.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto

from collectors.simulator.answers import soap_fault
from collectors.simulator.breakage import FAULT_CARDS, Fault, FaultKind
from collectors.simulator.wire import Reply, framed, head_lines


class Ending(Enum):
    """What happens to the connection after the last byte."""

    KEEP = auto()
    CLOSE = auto()
    HOLD = auto()
    END_SENDING = auto()


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to do on the wire: wait `delay_s`, send `payload` (`step` bytes at a time, `pause_s`
    between; 0 = at once), then either send `forever` again and again, or end as `ending` says.
    """

    payload: bytes = b""
    delay_s: float = 0.0
    step: int = 0
    pause_s: float = 0.0
    forever: bytes = b""
    ending: Ending = Ending.KEEP


HTML = (
    b"<!DOCTYPE html><html><head><title>Login</title></head><body><form action='/login'>"
    b"<input name='user'><input name='password' type='password'></form></body></html>"
)
# Fixed, so that a failing test can be read: no CR, LF or printable start, and not UTF-8.
GARBAGE = bytes((i * 89 + 128) % 128 + 128 for i in range(512))


def plan(reply: Reply, fault: Fault | None, *, close: bool) -> Plan:
    """What the client sees. `close` says whether a healthy camera would close after this reply."""
    ending = Ending.CLOSE if close else Ending.KEEP
    if fault is None:
        return Plan(payload=framed(head_lines(reply, close=close), reply.body), ending=ending)
    reply = _replaced(reply, fault)
    lines = head_lines(reply, close=close)
    whole = framed(lines, reply.body)
    seconds = fault.seconds if fault.seconds is not None else FAULT_CARDS[fault.kind].seconds or 0.0
    match fault.kind:
        case FaultKind.SILENT:
            return Plan(ending=Ending.HOLD)
        case FaultKind.STALL:
            return Plan(payload=whole[: -max(1, len(reply.body) // 2)], ending=Ending.HOLD)
        case FaultKind.SLOW:
            return Plan(payload=whole, delay_s=seconds, ending=ending)
        case FaultKind.TRICKLE:
            return Plan(payload=whole, step=1, pause_s=seconds, ending=ending)
        case FaultKind.HALF_CLOSE:
            return Plan(ending=Ending.END_SENDING)
        case FaultKind.CLOSE:
            return Plan(ending=Ending.CLOSE)
        case FaultKind.GARBAGE:
            return Plan(payload=GARBAGE, ending=Ending.CLOSE)
        case FaultKind.ENDLESS_BODY:
            # Without a length the body lasts until the close, which never comes; half a document,
            # or a client that stops at its end would not notice.
            half = reply.body[: len(reply.body) // 2]
            return Plan(payload=framed(_without_length(lines), half), forever=b"A" * 4096)
        case FaultKind.ENDLESS_HEADERS:
            first = (lines[0] + "\r\n").encode("latin-1", "replace")
            return Plan(payload=first, forever=b"X-Padding: " + b"A" * 1011 + b"\r\n")
        case _:
            return _misframed(reply, lines, fault.kind, ending) or Plan(
                payload=whole, ending=ending
            )


def _misframed(reply: Reply, lines: list[str], kind: FaultKind, ending: Ending) -> Plan | None:
    """Plans of the framing faults; None for any other kind."""
    size = len(reply.body)
    bare = _without_length(lines)
    match kind:
        case FaultKind.LENGTH_TOO_LONG:
            lines, ending = [*bare, f"Content-Length: {size + 100}"], Ending.CLOSE
        case FaultKind.LENGTH_TOO_SHORT:
            lines = [*bare, f"Content-Length: {size // 2}"]
        case FaultKind.TWO_LENGTHS:
            lines = [*bare, f"Content-Length: {size}", f"Content-Length: {size}"]
        case FaultKind.TWO_LENGTHS_DIFFER:
            lines = [*bare, f"Content-Length: {size}", f"Content-Length: {size + 7}"]
        case FaultKind.NO_COLON:
            lines = [lines[0], "X-Powered-By Embedded", *lines[1:]]
        case FaultKind.LF_ONLY:
            return Plan(payload=framed(lines, reply.body, line_end="\n"), ending=ending)
        case FaultKind.NO_REASON:
            lines = [f"{reply.protocol} {reply.status}", *lines[1:]]
        case _:
            return None
    return Plan(payload=framed(lines, reply.body), ending=ending)


def _without_length(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("Content-Length:")]


def _replaced(reply: Reply, fault: Fault) -> Reply:
    """The reply with another status or body where the fault is about those."""
    rtsp = reply.protocol.startswith("RTSP")
    if rtsp and not FAULT_CARDS[fault.kind].rtsp:
        return reply
    cseq = tuple(header for header in reply.headers if header[0] == "CSeq")
    match fault.kind:
        case FaultKind.HTTP_401:
            return replace(reply, status=401, reason="Unauthorized", body=b"", headers=cseq)
        case FaultKind.HTTP_500:
            return replace(
                reply, status=500, reason="Internal Server Error", body=b"", headers=cseq
            )
        case FaultKind.REDIRECT:
            target = fault.target or FAULT_CARDS[fault.kind].target or ""
            headers = (*cseq, ("Location", target))
            return replace(reply, status=302, reason="Found", body=b"", headers=headers)
        case FaultKind.EMPTY:
            return replace(reply, status=200, reason="OK", body=b"")
        case FaultKind.SOAP_FAULT:
            body = soap_fault("Receiver", "Action", "The device failed to perform the action")
            return replace(reply, status=500, reason="Internal Server Error", body=body)
        case FaultKind.HTML:
            headers = (("Content-Type", "text/html"),)
            return replace(reply, status=200, reason="OK", body=HTML, headers=headers)
        case FaultKind.BROKEN_XML:
            return replace(reply, body=_broken_xml(reply.body))
        case _:
            return reply


def _broken_xml(body: bytes) -> bytes:
    """Four defects of real firmware at once: a bare &, an undeclared prefix, GB2312 in a UTF-8
    document, no end.
    """
    opened, mark, rest = body.partition(b":Body>")
    name = "厂商 & 型号".encode("gb2312")
    extra = b"<hik:Note>" + name + b"</hik:Note>"
    cut = rest.rfind(b"</env:Body>")
    return opened + mark + rest[: max(cut, 0)] + extra
