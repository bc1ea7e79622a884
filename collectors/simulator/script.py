"""What breaks when: a script of faults as pure data, and pure functions that say what changes
between two times.
"""

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from collectors.simulator.breakage import Fault, read_fault
from collectors.simulator.simulated import SimulatorError

_LONGEST_S = 366 * 86_400
_EVERY = re.compile(r"every:([1-9]\d{0,6})(?:\+(\d{1,7}))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """At `at_ms` from the start, the selected cameras get a fault (or recover, if None) for
    `for_ms`.

    Selectors: `all`, a host, a network such as 127.1.2.0/24, `every:20` or `every:20+3` (each 20th
    camera of the list, beginning with number 3, counted from 0). Without `for_ms` the fault stays
    until a later step.
    """

    at_ms: int
    cameras: str
    fault: Fault | None
    for_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """Steps, repeated every `period_ms` if given. A step must begin within the period.

    Times are whole milliseconds: with floats the end of a step, reached by two sums, would
    sometimes be missed.
    """

    steps: tuple[Step, ...]
    period_ms: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """From `at_ms` on, this camera has this fault (None: it is well)."""

    at_ms: int
    host: str
    fault: Fault | None


def select(selector: str, hosts: Sequence[str]) -> frozenset[str]:
    """The hosts a selector means. SimulatorError if it cannot be read or means none."""
    if selector == "all":
        chosen = frozenset(hosts)
    elif match := _EVERY.fullmatch(selector):
        chosen = frozenset(hosts[int(match[2] or 0) :: int(match[1])])
    else:
        try:
            network = ipaddress.IPv4Network(selector)
        except ValueError as error:
            raise SimulatorError(
                f"{selector!r} is not `all`, a host, a network or `every:N[+M]`"
            ) from error
        chosen = frozenset(host for host in hosts if ipaddress.IPv4Address(host) in network)
    if not chosen:
        raise SimulatorError(f"{selector!r} means none of the {len(hosts)} cameras")
    return chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class Timetable:
    """A script resolved against a list of cameras: which hosts each step means."""

    script: Script
    chosen: tuple[frozenset[str], ...]


def timetable(script: Script, hosts: Sequence[str]) -> Timetable:
    """Resolve the selectors of a script; SimulatorError names the step."""
    chosen = []
    for number, step in enumerate(script.steps, 1):
        try:
            chosen.append(select(step.cameras, hosts))
        except SimulatorError as error:
            raise SimulatorError(f"step {number}: {error}") from error
    return Timetable(script=script, chosen=tuple(chosen))


def fault_at(table: Timetable, host: str, at_ms: int) -> Fault | None:
    """The fault a camera has at a time: that of the latest step begun and not yet over; a recovery
    ends all before it.

    Of a repeated step only the latest beginning matters: earlier ones end earlier and are hidden
    by it.
    """
    begun = []
    for number, step in enumerate(table.script.steps):
        start = _latest_start(step, table.script.period_ms, at_ms)
        if start is not None and host in table.chosen[number]:
            begun.append((start, number))
    for start, number in sorted(begun, reverse=True):
        step = table.script.steps[number]
        if step.for_ms is None or at_ms < start + step.for_ms:
            return step.fault
    return None


def changes(table: Timetable, after_ms: int, until_ms: int) -> list[Change]:
    """What changes in (after_ms, until_ms], in order of time and of host."""
    found: list[Change] = []
    before = after_ms
    for moment, touched in _moments(table, after_ms, until_ms):
        for host in sorted(touched):
            fault = fault_at(table, host, moment)
            if fault != fault_at(table, host, before):
                found.append(Change(at_ms=moment, host=host, fault=fault))
        before = moment
    return found


def next_moment(table: Timetable, after_ms: int) -> int | None:
    """When something may change next, strictly after a time; None if never again."""
    period_ms = table.script.period_ms
    moments = [m for step in table.script.steps for m in _next_edges(step, period_ms, after_ms)]
    return min(moments, default=None)


def _moments(table: Timetable, after_ms: int, until_ms: int) -> list[tuple[int, frozenset[str]]]:
    """Times in (after_ms, until_ms] at which a step begins or ends, with the cameras it touches."""
    touched: dict[int, frozenset[str]] = {}
    for number, step in enumerate(table.script.steps):
        at = after_ms
        while edges := _next_edges(step, table.script.period_ms, at):
            at = min(edges)
            if at > until_ms:
                break
            touched[at] = touched.get(at, frozenset()) | table.chosen[number]
    return sorted(touched.items())


def _next_edges(step: Step, period_ms: int | None, after_ms: int) -> list[int]:
    """The next beginning and the next end of a step after a time; empty if both are past for
    good.
    """
    edges = [step.at_ms] if step.for_ms is None else [step.at_ms, step.at_ms + step.for_ms]
    if period_ms is None:
        return [edge for edge in edges if edge > after_ms]
    return [edge + max(0, (after_ms - edge) // period_ms + 1) * period_ms for edge in edges]


def _latest_start(step: Step, period_ms: int | None, at_ms: int) -> int | None:
    if step.at_ms > at_ms:
        return None
    if period_ms is None:
        return step.at_ms
    return at_ms - (at_ms - step.at_ms) % period_ms


def read_script(document: object) -> Script:
    """A script from parsed JSON or TOML: {"period_s": 600, "steps": [{"at_s", "cameras", "fault",
    "for_s"}]}.

    `fault` is text as in `fault` commands (`slow 2`), or `recover`. SimulatorError names the step.
    """
    if not isinstance(document, dict) or not isinstance(document.get("steps"), list):
        raise SimulatorError('expected {"steps": [...]} and perhaps "period_s"')
    if unknown := sorted(set(document) - {"steps", "period_s"}):
        raise SimulatorError(f"unknown field {', '.join(map(str, unknown))}")
    period_ms = _ms(document["period_s"], "period_s") if "period_s" in document else None
    if period_ms == 0:
        raise SimulatorError("period_s must be above 0")
    steps = []
    for number, row in enumerate(document["steps"], 1):
        try:
            steps.append(_read_step(row, period_ms))
        except SimulatorError as error:
            raise SimulatorError(f"step {number}: {error}") from error
    return Script(steps=tuple(steps), period_ms=period_ms)


def _read_step(row: object, period_ms: int | None) -> Step:
    if not isinstance(row, dict):
        raise SimulatorError(f"expected an object, got {type(row).__name__}")
    if unknown := sorted(set(row) - {"at_s", "cameras", "fault", "for_s"}):
        raise SimulatorError(f"unknown field {', '.join(map(str, unknown))}")
    cameras, fault = row.get("cameras"), row.get("fault")
    if not isinstance(cameras, str) or not isinstance(fault, str):
        raise SimulatorError("cameras and fault must both be given as text")
    at_ms = _ms(row.get("at_s"), "at_s")
    for_ms = _ms(row["for_s"], "for_s") if "for_s" in row else None
    if period_ms is not None and at_ms >= period_ms:
        raise SimulatorError(f"at_s is not within the period of {period_ms / 1000:g} s")
    if for_ms == 0:
        raise SimulatorError("for_s must be above 0")
    wanted = None if fault == "recover" else read_fault(fault.split())
    return Step(at_ms=at_ms, cameras=cameras, fault=wanted, for_ms=for_ms)


def _ms(value: object, name: str) -> int:
    """Seconds as written in the file, in whole milliseconds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SimulatorError(f"{name} must be a number of seconds")
    if not 0 <= value <= _LONGEST_S:
        raise SimulatorError(f"{name} must be between 0 and {_LONGEST_S}")
    return round(value * 1000)
