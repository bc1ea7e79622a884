"""Does this camera answer ONVIF, and how far is its clock off? One GetSystemDateAndTime without a
login.

An ONVIF fault or a wanted login also proves a living camera; a web page, a redirect or silence does
not.
"""

import time
from datetime import datetime, timedelta
from functools import lru_cache

from collectors import exchange, names, soap
from collectors.answer import Answer, shown
from collectors.reading import Policy, ProbeFailure, Reading, Target, tidy
from monitor.model import Reason

_BAD_IN_HEAD = frozenset(" \t\r\n\0")


async def liveness(target: Target, policy: Policy, now: datetime) -> Reading:
    """Ask one camera once. `now` is the wall clock at the call. Raises ProbeFailure."""
    started_s = time.monotonic()
    ip = await look_up(target, policy)
    question = clock_question(target.host, target.port, target.path)
    spent_s = time.monotonic() - started_s
    answer = await exchange.ask(ip, target.port, question, limits(policy, spent_s))
    return judge(answer, now - timedelta(seconds=started_s), policy.clock_tolerance_s)


async def look_up(target: Target, policy: Policy) -> str:
    """The numeric address of a camera. Raises ProbeFailure."""
    return await names.resolve(target.host, target.port, policy.connect_s / 2)


def limits(policy: Policy, spent_s: float) -> exchange.Limits:
    """What is left for the exchange: a slow name server takes its time from the one deadline."""
    return exchange.Limits(connect_s=policy.connect_s, total_s=policy.deadline_s - spent_s)


@lru_cache(maxsize=1 << 15)
def clock_question(host: str, port: int, path: str) -> bytes:
    """The bytes of GetSystemDateAndTime. Raises ProbeFailure for an address that cannot stand in a
    request.
    """
    check_address(host, path)
    return soap.request(soap.CLOCK, host, port, path)


def check_address(host: str, path: str) -> None:
    """Refuse what would smuggle something into the request; the inventory is untrusted, too."""
    text = host + path
    if not text.isascii() or not _BAD_IN_HEAD.isdisjoint(text):
        raise ProbeFailure(Reason.NO_ADDRESS, f"{host!r} is not a usable address")


def judge(answer: Answer, monotonic_zero: datetime, tolerance_s: float) -> Reading:
    """What the answer to GetSystemDateAndTime says. Raises ProbeFailure.

    monotonic_zero: the wall clock at which the monotonic clock of this machine was 0.
    """
    clock = understand(answer)
    if isinstance(clock, soap.Fault):
        reason = Reason.LOGIN_REQUIRED if clock.denied else Reason.SOAP_FAULT
        return Reading(reason=reason, detail=clock.text)
    if clock.utc is None:
        return Reading(reason=Reason.NO_CLOCK, detail=clock.text or "no UTC time in the answer")
    middle_s = (answer.connected_s + answer.answered_s) / 2
    offset_s = (clock.utc - monotonic_zero).total_seconds() - middle_s
    if abs(offset_s) > tolerance_s:
        detail = f"camera says {clock.text}"
        return Reading(reason=Reason.CLOCK_OFF, detail=detail, clock_offset_s=round(offset_s, 3))
    return Reading(reason=Reason.OK, clock_offset_s=round(offset_s, 3))


def understand(answer: Answer) -> soap.Clock | soap.Fault:
    """The ONVIF content of an answer. Raises ProbeFailure when it has none."""
    if answer.status == 401:
        return soap.Fault(text="HTTP 401", denied=True)
    if 300 <= answer.status < 400:
        where = tidy(answer.headers.get("location", "nowhere"))
        raise ProbeFailure(Reason.NOT_ONVIF, f"HTTP {answer.status}, redirect to {where}")
    clock = soap.read_clock(answer.body)
    if answer.cut and isinstance(clock, soap.Clock) and not clock.text:
        clock = None  # the camera broke off before it came to the time
    if clock is not None:
        return clock
    if answer.status >= 400 and soap.says_denied(answer.body):
        return soap.Fault(text=f"HTTP {answer.status}, not authorised", denied=True)
    raise _no_soap(answer)


def _no_soap(answer: Answer) -> ProbeFailure:
    start = f"starts with {shown(answer.body)}" if answer.body else "empty body"
    if answer.status >= 400:
        return ProbeFailure(Reason.HTTP_ERROR, f"HTTP {answer.status}, {start}")
    if answer.cut:
        return ProbeFailure(Reason.CLOSED, f"closed after {len(answer.body)} bytes of the body")
    return ProbeFailure(Reason.NOT_ONVIF, f"HTTP {answer.status}, {start}")
