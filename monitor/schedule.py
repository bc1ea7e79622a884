"""When each camera is asked: its stable slot in the cadence, and quick re-asks when its answer
changes. No I/O, no clock.

Who keeps the time and makes the calls is `collectors.loop`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

from monitor.model import Health

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SLOT_BITS = 64


def slot_of(code: str) -> int:
    """The place of a camera in any cadence, 0 <= slot < 2**64.

    A BLAKE2b digest, so that it is the same in every process, version and machine (`hash()` is
    salted), and similar codes, which 20-digit codes are, still spread evenly.
    """
    return int.from_bytes(blake2b(code.encode(), digest_size=_SLOT_BITS // 8).digest(), "big")


def phase_us(slot: int, cadence_us: int) -> int:
    """Microseconds between the start of a cadence, counted from the epoch, and the slot in it."""
    return slot * cadence_us >> _SLOT_BITS


def next_due_us(phase: int, cadence_us: int, after_us: int) -> int:
    """The first due instant strictly later than `after_us`; all in integer microseconds, so nothing
    drifts.
    """
    return after_us + cadence_us - (after_us - phase) % cadence_us


def next_due(slot: int, cadence: timedelta, after: datetime) -> datetime:
    """The first due instant strictly later than `after`.

    Aligned to the epoch: a restart, another collector or a skipped round never moves it. Raises
    ValueError for a cadence that is not positive.
    """
    if cadence <= timedelta(0):
        raise ValueError(f"cadence must be positive, not {cadence}")
    cadence_us = cadence // _MICROSECOND
    due_us = next_due_us(phase_us(slot, cadence_us), cadence_us, instant_us(after))
    return _EPOCH + due_us * _MICROSECOND


def instant_us(instant: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (instant - _EPOCH) // _MICROSECOND


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What the loop remembers of a camera between two asks.

    in_a_row: agreeing answers, counted until the rule is content. quick: re-asks since the last
    regular ask.
    """

    says: Health = Health.UNKNOWN
    in_a_row: int = 0
    quick: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reask:
    """How a changed answer is confirmed before the next slot.

    after: pause before a quick re-ask. failures, successes: agreeing answers that need no more
    re-asks. at_most: quick re-asks between two regular asks, so that a flapping camera is not
    hammered.
    """

    after: timedelta = timedelta(seconds=5)
    failures: int = 3
    successes: int = 2
    at_most: int = 3

    def enough(self, says: Health) -> int:
        """How many answers in a row are wanted for this verdict."""
        return self.failures if says is Health.DOWN else self.successes


def weigh(
    verdict: Verdict, says: Health | None, rule: Reask, *, regular: bool
) -> tuple[Verdict, timedelta | None]:
    """The verdict after one more answer, and the pause until the quick re-ask, or None for the next
    slot.

    `says` None is no evidence (our own failure): nothing is learnt and nothing is asked in a hurry,
    since the fault is on our side and every camera would be asked again at once.
    """
    if says is None:
        return verdict, None
    enough = rule.enough(says)
    if says is verdict.says:
        if verdict.in_a_row >= enough and verdict.quick == 0:
            return verdict, None  # the usual case: nothing new
        in_a_row = min(verdict.in_a_row + 1, enough)
    else:
        in_a_row = 1
    quick = 0 if regular else verdict.quick
    if in_a_row >= enough or quick >= rule.at_most:
        return Verdict(says=says, in_a_row=in_a_row, quick=quick), None
    return Verdict(says=says, in_a_row=in_a_row, quick=quick + 1), rule.after
