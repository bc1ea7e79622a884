"""Slots and quick re-asks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.model import Health
from monitor.schedule import Reask, Verdict, next_due, slot_of, weigh

CODES = st.text(min_size=1, max_size=30)
CADENCES = st.timedeltas(min_value=timedelta(milliseconds=1), max_value=timedelta(days=2))
INSTANTS = st.timedeltas(min_value=timedelta(days=400), max_value=timedelta(days=60_000)).map(
    lambda since: datetime(1970, 1, 1, tzinfo=UTC) + since
)
RULE = Reask()


def dues(code, cadence, start, end):
    found, at = [], start - timedelta(microseconds=1)
    while (at := next_due(slot_of(code), cadence, at)) < end:
        found.append(at)
    return found


@given(code=CODES, cadence=CADENCES, start=INSTANTS, rounds=st.integers(1, 5))
def test_a_camera_is_due_exactly_once_per_cadence_in_any_window(code, cadence, start, rounds):
    assert len(dues(code, cadence, start, start + rounds * cadence)) == rounds


@given(code=CODES, cadence=CADENCES, a=INSTANTS, b=INSTANTS)
def test_a_restart_keeps_the_slot(code, cadence, a, b):
    gap = next_due(slot_of(code), cadence, a) - next_due(slot_of(code), cadence, b)
    assert gap % cadence == timedelta(0)


@given(code=CODES, cadence=CADENCES, after=INSTANTS)
def test_the_next_slot_is_later_but_by_no_more_than_a_cadence(code, cadence, after):
    assert after < next_due(slot_of(code), cadence, after) <= after + cadence


def test_the_slot_of_a_code_never_changes_between_versions():
    # Pinned: another value would move every camera of every installation.
    assert slot_of("34020000001320000001") == 10752500569458137193


def test_neighbouring_codes_spread_evenly():
    counts = [0] * 60
    for number in range(20_000):
        counts[slot_of(f"3402000000132{number:07}") * 60 >> 64] += 1
    mean = 20_000 / 60
    # Chi-square with 59 degrees of freedom: over 110 happens once in 20,000 draws.
    assert sum((n - mean) ** 2 / mean for n in counts) < 110


def test_a_cadence_of_nothing_is_refused():
    with pytest.raises(ValueError, match="must be positive"):
        next_due(0, timedelta(0), datetime(2026, 1, 1, tzinfo=UTC))


UP_FOR_LONG = Verdict(says=Health.UP, in_a_row=2)


def answers(*healths, start=UP_FOR_LONG):
    """The pauses after each answer: the first regular, then quick as long as the rule asks."""
    verdict, pauses, regular = start, [], True
    for says in healths:
        verdict, pause = weigh(verdict, says, RULE, regular=regular)
        pauses.append(pause)
        regular = pause is None
    return pauses


def test_an_unchanged_answer_waits_for_its_slot():
    assert answers(Health.UP, Health.UP) == [None, None]


def test_a_failure_is_asked_again_until_three_agree():
    down = Health.DOWN
    assert answers(down, down, down, down) == [RULE.after, RULE.after, None, None]


def test_a_recovery_is_asked_again_once():
    start = Verdict(says=Health.DOWN, in_a_row=3)
    assert answers(Health.UP, Health.UP, Health.UP, start=start) == [RULE.after, None, None]


def test_our_own_failure_teaches_nothing_and_hurries_nobody():
    verdict = Verdict(says=Health.UP, in_a_row=2)
    assert weigh(verdict, None, RULE, regular=True) == (verdict, None)


@given(st.lists(st.sampled_from([Health.UP, Health.DOWN, None]), max_size=60))
def test_quick_asks_between_two_regular_ones_stay_under_the_limit(healths):
    quick = 0
    for pause in answers(*healths, start=Verdict()):
        quick = quick + 1 if pause is not None else 0
        assert quick <= RULE.at_most
