"""The probe told to a person, step by step: resolve, connect, http, soap, clock, and device with a
login.

Asks exactly what the minute-by-minute probe asks; only `device` is more. Printing is left to the
caller.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from collectors import exchange, onvif, soap
from collectors.answer import Answer
from collectors.login import Login, digest_authorization, username_token
from collectors.reading import Policy, ProbeFailure, Reading, Target
from monitor.model import REASONS, Counts, Health, Reason, Status

STEPS = ("resolve", "connect", "http", "soap", "clock", "device")
_CONNECT_REASONS = {
    Reason.UNREACHABLE,
    Reason.REFUSED,
    Reason.CONNECT_TIMEOUT,
    Reason.BLIND,
    Reason.INTERNAL,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One rung. ok: None when it was not tried or could not be decided."""

    name: str
    ok: bool | None = None
    took_ms: float | None = None
    detail: str = "not tried"


@dataclass(frozen=True, kw_only=True, slots=True)
class Climb:
    """What one climb saw."""

    camera: str
    reason: Reason
    started_at: datetime
    took: timedelta
    clock_offset_s: float | None
    device: soap.Device | None
    steps: tuple[Step, ...]

    @property
    def status(self) -> Status:
        """The word for this one answer; intent and history of the camera are not looked at."""
        card = REASONS[self.reason]
        if card.says is None:
            return Status.UNKNOWN
        if card.says is Health.DOWN:
            return Status.OFFLINE
        return Status.DEGRADED if card.counts is Counts.INTACT else Status.ONLINE

    def as_json(self) -> dict[str, Any]:
        """The contract of the verb `probe` (CHANGELOG when it changes)."""
        device = self.device
        return {
            "camera": self.camera,
            "status": self.status.value,
            "declared": None,
            "reason": self.reason.value,
            "started_at": self.started_at.isoformat(timespec="milliseconds"),
            "took_ms": _ms(self.took.total_seconds()),
            "clock_offset_s": self.clock_offset_s,
            "device": device
            and {
                "manufacturer": device.manufacturer,
                "model": device.model,
                "firmware": device.firmware,
                "serial": device.serial,
            },
            "steps": [
                {"name": step.name, "ok": step.ok, "took_ms": step.took_ms, "detail": step.detail}
                for step in self.steps
            ],
        }

    def as_text(self) -> str:
        """The same for the eye: verdict, steps, meaning and next step."""
        card = REASONS[self.reason]
        lines = [f"{self.camera}: {self.status} ({self.reason})"]
        lines += [f"  {_line(step)}".rstrip() for step in self.steps]
        if self.clock_offset_s is not None:
            lines.append(f"Clock: {self.clock_offset_s:+.1f} s against ours")
        if self.device is not None:
            lines.append(
                f"Device: {self.device.manufacturer} {self.device.model}, "
                f"firmware {self.device.firmware or '—'}, serial {self.device.serial or '—'}"
            )
        return "\n".join([*lines, f"Meaning: {card.meaning}", f"Next: {card.advice}"])


async def climb(
    target: Target, policy: Policy, now: datetime, *, login: Login | None = None
) -> Climb:
    """Ask `target` once, at `now`, rung by rung; with `login` also what it is. Camera failures
    never raise.
    """
    ladder = _Ladder(target, policy, now)
    reading, device = await ladder.climb(login)
    return Climb(
        camera=target.code,
        reason=reading.reason,
        started_at=now,
        took=timedelta(seconds=time.monotonic() - ladder.started_s),
        clock_offset_s=reading.clock_offset_s,
        device=device,
        steps=tuple(ladder.steps.get(name, Step(name=name)) for name in STEPS),
    )


class _Ladder:
    """The climb in progress."""

    def __init__(self, target: Target, policy: Policy, now: datetime) -> None:
        self._target = target
        self._policy = policy
        self.started_s = time.monotonic()
        self._zero = now - timedelta(seconds=self.started_s)
        self._ip = ""
        self.steps: dict[str, Step] = {}

    async def climb(self, login: Login | None) -> tuple[Reading, soap.Device | None]:
        """All rungs; the reading is the one the poller would have got."""
        try:
            reading = await self._liveness()
        except ProbeFailure as failure:
            return Reading(reason=failure.reason, detail=failure.detail), None
        device = await self._device(login, reading) if login is not None else None
        if login is None:
            self._set("device", None, None, "not tried: no user and password given")
        return reading, device

    async def _liveness(self) -> Reading:
        target = self._target
        with self._rung("resolve") as note:
            onvif.check_address(target.host, target.path)
            self._ip = await onvif.look_up(target, self._policy)
            note(self._ip)
        answer = await self._ask()
        with self._rung("soap") as note:
            understood = onvif.understand(answer)
            note(understood.text if isinstance(understood, soap.Fault) else "answers ONVIF")
        reading = onvif.judge(answer, self._zero, self._policy.clock_tolerance_s)
        self._tell_clock(reading)
        return reading

    async def _ask(self) -> Answer:
        """The rungs connect and http, which are one exchange."""
        target, started_s = self._target, time.monotonic()
        question = onvif.clock_question(target.host, target.port, target.path)
        try:
            limits = onvif.limits(self._policy, started_s - self.started_s)
            answer = await exchange.ask(self._ip, target.port, question, limits)
        except ProbeFailure as failure:
            self._blame(failure, started_s)
            raise
        where = f"{self._ip} port {target.port}"
        self._set("connect", True, answer.connected_s - started_s, where)
        size = f"HTTP {answer.status}, {len(answer.body)} bytes"
        self._set("http", True, answer.answered_s - answer.connected_s, size)
        return answer

    def _blame(self, failure: ProbeFailure, started_s: float) -> None:
        took_s = time.monotonic() - started_s
        if failure.reason in _CONNECT_REASONS:
            self._set("connect", False, took_s, failure.detail)
        else:
            self._set("connect", True, None, f"{self._ip} port {self._target.port}")
            self._set("http", False, took_s, failure.detail)

    def _tell_clock(self, reading: Reading) -> None:
        if reading.reason is Reason.OK:
            self._set("clock", True, 0.0, f"{reading.clock_offset_s:+.1f} s")
        elif reading.reason in {Reason.LOGIN_REQUIRED, Reason.SOAP_FAULT}:
            self._set("clock", None, None, "the camera does not tell the time without a login")
        else:
            offset = "" if reading.clock_offset_s is None else f"{reading.clock_offset_s:+.1f} s; "
            self._set("clock", False, 0.0, offset + reading.detail)

    async def _device(self, login: Login, reading: Reading) -> soap.Device | None:
        """One try with WS-UsernameToken, then at most one with HTTP Digest: cameras lock accounts
        (quirk 9).
        """
        try:
            with self._rung("device") as note:
                offset = timedelta(seconds=reading.clock_offset_s or 0.0)
                camera_time = self._zero + timedelta(seconds=time.monotonic()) + offset
                token = username_token(login, camera_time, os.urandom(16))
                answer = await self._ask_device(security=token)
                found, scheme = _understand(answer), "WS-UsernameToken"
                if isinstance(found, soap.Fault) and found.denied:
                    found, scheme = await self._digest(login, answer), "HTTP Digest"
                if isinstance(found, soap.Fault):
                    raise ProbeFailure(Reason.LOGIN_REQUIRED, found.text)
                note(f"login by {scheme}")
                return found
        except ProbeFailure:
            return None  # the rung tells it; a wrong login says nothing about the camera's health

    async def _digest(self, login: Login, refused: Answer) -> soap.Device | soap.Fault:
        challenge = refused.headers.get("www-authenticate", "")
        if not challenge:  # a SOAP fault carries none: ask for it, without a password
            plain = await self._ask_device()
            challenge = plain.headers.get("www-authenticate", "")
        value = digest_authorization(challenge, login, self._target.path, os.urandom(8).hex())
        if value is None:
            return soap.Fault(text="login by WS-UsernameToken refused", denied=True)
        found = _understand(await self._ask_device(authorization=value))
        if isinstance(found, soap.Fault) and found.denied:
            text = "login by WS-UsernameToken and by HTTP Digest refused"
            return soap.Fault(text=text, denied=True)
        return found

    async def _ask_device(self, *, security: bytes = b"", authorization: str = "") -> Answer:
        target = self._target
        question = soap.request(
            soap.DEVICE,
            target.host,
            target.port,
            target.path,
            security=security,
            authorization=authorization,
        )
        return await exchange.ask(self._ip, target.port, question, onvif.limits(self._policy, 0.0))

    @contextmanager
    def _rung(self, name: str) -> Iterator[Callable[[str], None]]:
        started_s, notes = time.monotonic(), [""]
        try:
            yield lambda text: notes.__setitem__(0, text)
        except ProbeFailure as failure:
            self._set(name, False, time.monotonic() - started_s, failure.detail)
            raise
        self._set(name, True, time.monotonic() - started_s, notes[0])

    def _set(self, name: str, ok: bool | None, took_s: float | None, detail: str) -> None:
        took_ms = None if took_s is None else _ms(took_s)
        self.steps[name] = Step(name=name, ok=ok, took_ms=took_ms, detail=detail)


def _understand(answer: Answer) -> soap.Device | soap.Fault:
    """What the camera says it is, or why not. Raises ProbeFailure when that is no ONVIF."""
    if answer.status == 401:
        return soap.Fault(text="HTTP 401", denied=True)
    found = soap.read_device(answer.body)
    if found is not None:
        return found
    if answer.status >= 400 and soap.says_denied(answer.body):
        return soap.Fault(text=f"HTTP {answer.status}, not authorised", denied=True)
    raise ProbeFailure(Reason.NOT_ONVIF, f"HTTP {answer.status} without an ONVIF message")


def _line(step: Step) -> str:
    mark = {True: "ok", False: "FAILED", None: "-"}[step.ok]
    took = "" if step.took_ms is None else f"{step.took_ms:.1f} ms"
    return f"{step.name:<8} {mark:<7} {took:>10}  {step.detail}"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
