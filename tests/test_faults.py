"""A fault opens and closes after so many observations in a row as its rule says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import faults
from monitor.faults import RULES, Change, FaultKind, Faults
from tests.factories import observation

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
TOLERANCE = timedelta(seconds=30)
CLOCK = FaultKind.CLOCK


def at(number: int) -> datetime:
    return START + timedelta(minutes=number)


def run(*offsets: float | None) -> tuple[Faults, list[Change]]:
    known: Faults = {}
    changes: list[Change] = []
    for number, offset in enumerate(offsets):
        seen = observation(at(number), clock_offset_s=offset)
        known, told = faults.step(known, seen, TOLERANCE)
        changes += told
    return known, changes


def dates(changes: list[Change]) -> list[tuple[datetime, datetime | None]]:
    return [(each.opened_at, each.closed_at) for each in changes]


def test_a_fault_opens_when_it_is_seen_twice_and_is_dated_at_the_first() -> None:
    known, changes = run(0.0, 31.0, 4000.0, 4000.0)
    assert dates(changes) == [(at(1), None)]
    assert changes[0].detail == "clock off by +4000.0 s"
    assert known[CLOCK].opened_at == at(1)


def test_it_closes_at_the_first_of_two_that_no_longer_show_it() -> None:
    known, changes = run(99.0, 99.0, 0.0, 99.0, 0.0, -30.0)
    assert dates(changes) == [(at(0), None), (at(0), at(4))]
    assert known == {}


@pytest.mark.parametrize("offsets", [(99.0,), (99.0, 0.0, 99.0, 0.0), (0.0, None, 30.0, -30.0)])
def test_a_single_slip_opens_nothing(offsets: tuple[float | None, ...]) -> None:
    assert run(*offsets)[1] == []


def test_an_observation_that_says_nothing_of_it_ends_no_run() -> None:
    assert dates(run(99.0, None, 99.0)[1]) == [(at(0), None)]


def test_leaving_service_closes_what_is_open_and_forgets_what_is_suspected() -> None:
    known, _ = run(99.0, 99.0)
    [closed] = faults.leave(1, known, at(9))
    assert (closed.opened_at, closed.closed_at, closed.kind) == (at(0), at(9), CLOCK)
    suspected, _ = run(99.0)
    assert faults.leave(1, suspected, at(9)) == ()


@given(st.lists(st.sampled_from([0.0, 99.0, None]), max_size=40))
def test_openings_and_closings_take_turns_and_are_confirmed(offsets: list[float | None]) -> None:
    known, changes = run(*offsets)
    assert [each.closed_at is None for each in changes] == [
        number % 2 == 0 for number in range(len(changes))
    ]
    is_open = bool(changes) and changes[-1].closed_at is None
    assert is_open == (CLOCK in known and known[CLOCK].opened_at is not None)
    said = [(number, offset == 99.0) for number, offset in enumerate(offsets) if offset is not None]
    for change in changes:
        moment, wrong = (
            (change.opened_at, True) if change.closed_at is None else (change.closed_at, False)
        )
        first = next(index for index, (number, _) in enumerate(said) if at(number) == moment)
        rule = RULES[CLOCK].opens if wrong else RULES[CLOCK].closes
        assert [w for _, w in said[first : first + rule]] == [wrong] * rule
