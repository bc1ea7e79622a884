"""The ledger sums to the wall clock, whatever the facts are and whatever clocks do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.availability import History, Ledger, Stretch, ledger, split, total
from monitor.figures import local_days
from monitor.model import Cause, Health, Intent
from tests.factories import stretch

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
HOUR = timedelta(hours=1)
ALWAYS = ((DAY - timedelta(days=99), Intent.IN_SERVICE),)
UP = ((DAY - timedelta(days=9), Health.UP),)


def hour(number: float) -> datetime:
    return DAY + timedelta(hours=number)


def history(**facts: object) -> History:
    return History(**{"healths": UP, "intents": ALWAYS, **facts})  # type: ignore[arg-type]


def hours(split_up: Ledger) -> dict[str, float]:
    names = ["up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service"]
    return {name: getattr(split_up, name) / HOUR for name in names if getattr(split_up, name)}


# domain.md 6, fixture A. C5 is out of service and C3's notice covers 08:00-20:00.
FIXTURE_A = {
    "C1": history(),
    "C2": history(healths=(*UP, (hour(6), Health.DOWN), (hour(12), Health.UP))),
    "C3": history(
        healths=(*UP, (DAY - HOUR, Health.DOWN)),
        windows=[stretch(hour(8), hour(20), "exempt")],
    ),
    "C4": history(unobserved=[stretch(hour(10), hour(14), "collector_lost")]),
    "C5": history(intents=((DAY - timedelta(days=9), Intent.RETIRED),)),
}


def test_method_c_of_the_test_vector_is_62_of_80_hours() -> None:
    city = total(ledger(each, DAY, NEXT) for each in FIXTURE_A.values())
    assert (city.up / HOUR, city.assessed / HOUR) == (62, 80)
    assert city.availability == 0.775
    assert hours(city)["out_of_service"] == 24


def test_method_d_of_the_test_vector_is_the_mean_of_the_devices() -> None:
    rates = [ledger(each, DAY, NEXT).availability for each in FIXTURE_A.values()]
    assert rates == [1, 0.75, 0, 1, None]
    assert sum(rate for rate in rates if rate is not None) / 4 == 0.6875


def test_the_raw_rate_of_the_test_vector_is_62_of_92_hours() -> None:
    raw = [
        History(healths=each.healths, intents=each.intents, unobserved=each.unobserved)
        for each in FIXTURE_A.values()
    ]
    city = total(ledger(each, DAY, NEXT) for each in raw)
    assert (city.up / HOUR, city.assessed / HOUR) == (62, 92)


def status_at(name: str, moment: datetime) -> str:
    ((_, _, column, _),) = split(FIXTURE_A[name], moment, moment + timedelta(microseconds=1))
    return column


@pytest.mark.parametrize(("clock", "numerator", "denominator"), [(9, 2, 3), (15, 3, 3), (23, 3, 4)])
def test_method_b_of_the_test_vector_reads_the_same_columns(
    clock: int, numerator: int, denominator: int
) -> None:
    columns = [status_at(name, hour(clock)) for name in FIXTURE_A]
    assert columns.count("up") == numerator
    assert columns.count("up") + columns.count("down") == denominator


def test_method_a_of_the_test_vector_is_62_of_80_samples() -> None:
    columns = [status_at(name, hour(clock)) for name in FIXTURE_A for clock in range(24)]
    assert (columns.count("up"), columns.count("up") + columns.count("down")) == (62, 80)


def test_out_of_service_comes_before_planned_before_exempt_before_unobserved() -> None:
    split_up = ledger(
        history(
            intents=(*ALWAYS, (hour(20), Intent.REPAIR)),
            windows=[stretch(hour(6), hour(24), "exempt"), stretch(hour(12), hour(24), "planned")],
            unobserved=[stretch(hour(2), hour(24), "late")],
        ),
        DAY,
        NEXT,
    )
    assert hours(split_up) == {
        "up": 2, "unobserved": 4, "exempt": 6, "planned": 8, "out_of_service": 4
    }  # fmt: skip


def test_a_camera_without_any_fact_is_out_of_service() -> None:
    assert hours(ledger(History(), DAY, NEXT)) == {"out_of_service": 24}


def test_unknown_health_is_unobserved_and_not_yet() -> None:
    split_up = ledger(history(healths=()), DAY, NEXT)
    assert split_up.causes == {Cause.NOT_YET.value: 24 * HOUR}
    assert (split_up.availability, split_up.observed_share) == (None, 0)


def test_open_darkness_reaches_to_the_end_of_the_window() -> None:
    split_up = ledger(history(unobserved=[stretch(hour(18), None, "blind")]), DAY, NEXT)
    assert hours(split_up) == {"up": 18, "unobserved": 6}


def test_best_and_worst_bound_the_availability() -> None:
    split_up = ledger(
        history(
            healths=(*UP, (hour(18), Health.DOWN)), unobserved=[stretch(hour(0), hour(12), "late")]
        ),
        DAY,
        NEXT,
    )
    assert (split_up.worst, split_up.availability, split_up.best) == (0.25, 0.5, 0.75)
    assert split_up.observed_share == 0.5


def test_an_outage_counts_where_it_begins_and_only_if_assessed() -> None:
    down_at_noon = (*UP, (hour(12), Health.DOWN))
    notice = [stretch(hour(11), hour(13), "exempt")]
    assert ledger(history(healths=down_at_noon), DAY, NEXT).outages == 1
    assert ledger(history(healths=down_at_noon), hour(13), NEXT).outages == 0
    assert ledger(history(healths=down_at_noon, windows=notice), DAY, NEXT).outages == 0


def test_a_window_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="ends before"):
        ledger(History(), NEXT, DAY)


def test_an_empty_window_has_no_rate() -> None:
    answer = ledger(history(), DAY, DAY).as_json()
    assert answer["availability"] is answer["best"] is answer["observed_share"] is None


instants = st.integers(-6 * 3600, 30 * 3600).map(lambda s: DAY + timedelta(seconds=s))


@st.composite
def stretches(draw: st.DrawFn, labels: list[str]) -> list[Stretch]:
    """Any overlap, also empty and still open ones; in order of their start, as rows are read."""
    found = []
    for _ in range(draw(st.integers(0, 4))):
        starts_at, length_s = draw(instants), draw(st.integers(0, 12 * 3600))
        ends_at = None if draw(st.booleans()) else starts_at + timedelta(seconds=length_s)
        found.append(stretch(starts_at, ends_at, draw(st.sampled_from(labels))))
    return sorted(found, key=lambda each: each.starts_at)


def changes(values: list[object]) -> st.SearchStrategy[list[tuple[datetime, object]]]:
    return st.dictionaries(instants, st.sampled_from(values), max_size=6).map(
        lambda found: sorted(found.items(), key=lambda change: change[0])
    )


histories = st.builds(
    History,
    healths=changes([Health.UP, Health.DOWN]),
    intents=changes(list(Intent)),
    unobserved=stretches([cause.value for cause in Cause]),
    windows=stretches(["planned", "exempt"]),
)


@given(facts=histories, starts_at=instants, length_s=st.integers(0, 24 * 3600))
def test_it_sums_to_the_window_exactly(facts: History, starts_at: datetime, length_s: int) -> None:
    length = timedelta(seconds=length_s)
    split_up = ledger(facts, starts_at, starts_at + length)
    assert split_up.total == length
    assert sum(split_up.causes.values(), timedelta(0)) == split_up.unobserved


@given(facts=histories, cuts=st.lists(instants, min_size=3, max_size=6, unique=True))
def test_splitting_the_window_adds_up(facts: History, cuts: list[datetime]) -> None:
    cuts.sort()
    pieces = total(ledger(facts, begin, end) for begin, end in pairwise(cuts))
    assert pieces == ledger(facts, cuts[0], cuts[-1])


@given(facts=histories, dark=st.tuples(instants, instants).map(sorted))
def test_an_outage_of_ours_changes_nothing_outside_the_dark(
    facts: History, dark: list[datetime]
) -> None:
    lost = stretch(dark[0], dark[1], "collector_lost")
    unobserved = sorted([*facts.unobserved, lost], key=lambda each: each.starts_at)
    darker = History(
        healths=facts.healths,
        intents=facts.intents,
        unobserved=unobserved,
        windows=facts.windows,
    )
    for begin, end in ((DAY - 7 * HOUR, dark[0]), (dark[1], DAY + 40 * HOUR)):
        assert ledger(darker, begin, end) == ledger(facts, begin, end)
    inside = ledger(darker, dark[0], dark[1])
    assert inside.assessed == timedelta(0)
    assert inside.planned == ledger(facts, dark[0], dark[1]).planned


@given(facts=histories, moment=instants)
def test_each_moment_has_the_column_of_the_order_of_precedence(
    facts: History, moment: datetime
) -> None:
    def covered(each: list[Stretch]) -> list[str]:
        return [
            s.label for s in each if s.starts_at <= moment and (not s.ends_at or moment < s.ends_at)
        ]

    intent = [value for at, value in facts.intents if at <= moment][-1:]
    measured = [value.value for at, value in facts.healths if at <= moment][-1:]
    windows, dark = covered(list(facts.windows)), covered(list(facts.unobserved))
    if intent != [Intent.IN_SERVICE]:
        expected = "out_of_service"
    elif windows:
        expected = "planned" if "planned" in windows else "exempt"
    else:
        expected = "unobserved" if dark or not measured else measured[0]
    ((_, _, column, _),) = split(facts, moment, moment + timedelta(microseconds=1))
    assert column == expected


@pytest.mark.parametrize(
    ("zone", "first", "lengths"),
    [
        ("Europe/Zurich", datetime(2026, 3, 28, 12, tzinfo=UTC), [24, 23, 24]),
        ("Europe/Zurich", datetime(2026, 10, 24, 12, tzinfo=UTC), [24, 25, 24]),
        ("Asia/Shanghai", datetime(2026, 3, 28, 12, tzinfo=UTC), [24, 24, 24]),
        ("Africa/Cairo", datetime(2026, 4, 23, 12, tzinfo=UTC), [24, 23, 24]),  # at midnight
    ],
)
def test_local_days_tile_the_time_when_clocks_change(
    zone: str, first: datetime, lengths: list[int]
) -> None:
    days = list(local_days(first, first + timedelta(days=2), ZoneInfo(zone)))
    assert [(day.ends_at - day.starts_at) / HOUR for day in days] == lengths
    assert all(one.ends_at == other.starts_at for one, other in pairwise(days))
    up = history(healths=((days[0].starts_at, Health.UP),))
    assert [ledger(up, day.starts_at, day.ends_at).up / HOUR for day in days] == lengths
