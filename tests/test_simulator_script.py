"""Scripts of faults: the arithmetic of what changes when, reading them, and playing them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.simulator.breakage import Fault, FaultKind
from collectors.simulator.fleet import Simulator
from collectors.simulator.playing import play
from collectors.simulator.script import (
    Change,
    Script,
    Step,
    changes,
    fault_at,
    next_moment,
    read_script,
    select,
    timetable,
)
from collectors.simulator.simulated import SimulatedCamera, SimulatorError

HOSTS = tuple(f"127.33.0.{n}" for n in range(1, 7))
REFUSE, RESET = Fault(kind=FaultKind.REFUSE), Fault(kind=FaultKind.RESET)

steps = st.builds(
    Step,
    at_ms=st.integers(0, 49),
    cameras=st.sampled_from(["all", HOSTS[0], HOSTS[1], "every:2", "every:3+1"]),
    fault=st.sampled_from([REFUSE, RESET, Fault(kind=FaultKind.SLOW, seconds=1.0), None]),
    for_ms=st.none() | st.integers(1, 120),
)
scripts = st.builds(
    Script,
    steps=st.lists(steps, max_size=5).map(tuple),
    period_ms=st.none() | st.integers(50, 90),
)
times = st.integers(-1, 400)


def play_by_hand(script: Script, host: str, at_ms: int) -> Fault | None:
    """The slow and plain definition: of all beginnings of all steps, the latest that runs wins."""
    table = timetable(script, HOSTS)
    running = []
    for number, step in enumerate(script.steps):
        start = step.at_ms
        while start <= at_ms and host in table.chosen[number]:
            over = step.for_ms is not None and at_ms >= start + step.for_ms
            if not over:
                running.append((start, number, step.fault))
            start = at_ms + 1 if script.period_ms is None else start + script.period_ms
    return max(running, key=lambda run: run[:2], default=(0, 0, None))[2]


@given(scripts, st.sampled_from(HOSTS), times)
def test_the_fault_at_a_time_is_that_of_the_latest_running_step(script, host, at_ms):
    assert fault_at(timetable(script, HOSTS), host, at_ms) == play_by_hand(script, host, at_ms)


@given(scripts, times, times, times)
def test_splitting_a_span_changes_nothing(script, one, two, three):
    table = timetable(script, HOSTS)
    a, b, c = sorted([one, two, three])
    assert changes(table, a, b) + changes(table, b, c) == changes(table, a, c)


@given(scripts, times, times)
def test_applying_the_changes_gives_the_state_at_the_end(script, one, two):
    table = timetable(script, HOSTS)
    a, b = sorted([one, two])
    state = {host: fault_at(table, host, a) for host in HOSTS}
    for change in changes(table, a, b):
        assert a < change.at_ms <= b
        assert state[change.host] != change.fault
        state[change.host] = change.fault
    assert state == {host: fault_at(table, host, b) for host in HOSTS}


@given(scripts, times)
def test_nothing_changes_before_the_next_moment(script, after):
    table = timetable(script, HOSTS)
    moment = next_moment(table, after)
    if moment is None:
        assert changes(table, after, after + 1000) == []
    else:
        assert moment > after
        assert changes(table, after, moment - 1) == []


def test_a_shorter_fault_covers_a_longer_one_and_gives_it_back():
    slow = Step(at_ms=0, cameras="all", fault=RESET, for_ms=100)
    dead = Step(at_ms=20, cameras=HOSTS[0], fault=REFUSE, for_ms=10)
    table = timetable(Script(steps=(slow, dead)), HOSTS[:1])
    assert [(c.at_ms, c.fault) for c in changes(table, -1, 999)] == [
        (0, RESET),
        (20, REFUSE),
        (30, RESET),
        (100, None),
    ]


def test_a_repeated_fault_comes_again():
    step = Step(at_ms=10, cameras=HOSTS[0], fault=REFUSE, for_ms=5)
    table = timetable(Script(steps=(step,), period_ms=100), HOSTS)
    assert changes(table, 100, 300) == [
        Change(at_ms=at_ms, host=HOSTS[0], fault=fault)
        for at_ms, fault in [(110, REFUSE), (115, None), (210, REFUSE), (215, None)]
    ]


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("all", HOSTS),
        ("127.33.0.2", HOSTS[1:2]),
        ("127.33.0.0/30", HOSTS[:3]),
        ("every:2", HOSTS[::2]),
        ("every:4+1", HOSTS[1::4]),
    ],
)
def test_selectors(selector, expected):
    assert select(selector, HOSTS) == frozenset(expected)


@pytest.mark.parametrize(
    "selector", ["", "some", "127.33.0.9", "every:0", "every:2+6", "10.0.0.0/8"]
)
def test_a_selector_that_means_nothing_is_an_error(selector):
    with pytest.raises(SimulatorError):
        select(selector, HOSTS)


def test_a_script_is_read():
    document = {
        "period_s": 60,
        "steps": [
            {"at_s": 1.5, "cameras": "all", "fault": "slow 2 http", "for_s": 10},
            {"at_s": 30, "cameras": "every:2", "fault": "recover"},
        ],
    }
    script = read_script(document)
    assert script.period_ms == 60_000
    assert (script.steps[0].at_ms, script.steps[0].for_ms) == (1500, 10_000)
    assert str(script.steps[0].fault) == "slow 2 http"
    assert script.steps[1].fault is None


GOOD = {"at_s": 0, "cameras": "all", "fault": "refuse"}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "expected"),
        ({"steps": 3}, "expected"),
        ({"steps": [], "speed": 2}, "unknown field speed"),
        ({"steps": [], "period_s": 0}, "period_s must be above 0"),
        ({"steps": [GOOD, 7]}, "step 2: expected an object"),
        ({"steps": [GOOD | {"for": 1}]}, "step 1: unknown field for"),
        ({"steps": [GOOD | {"at_s": -1}]}, "step 1: at_s must be between"),
        ({"steps": [GOOD | {"at_s": float("nan")}]}, "step 1: at_s must be between"),
        ({"steps": [GOOD | {"at_s": True}]}, "step 1: at_s must be a number"),
        ({"steps": [GOOD | {"for_s": 0}]}, "step 1: for_s must be above 0"),
        ({"steps": [GOOD | {"fault": "melt"}]}, "step 1: unknown fault 'melt'"),
        ({"steps": [GOOD | {"fault": None}]}, "step 1: cameras and fault"),
        ({"steps": [GOOD | {"at_s": 9}], "period_s": 9}, "step 1: at_s is not within"),
    ],
)
def test_a_bad_script_names_the_step(document, message):
    with pytest.raises(SimulatorError, match=message):
        read_script(document)


def test_a_selector_that_fits_no_camera_names_the_step():
    script = Script(steps=(Step(at_ms=0, cameras="127.9.9.9", fault=REFUSE),))
    with pytest.raises(SimulatorError, match=r"step 1: '127\.9\.9\.9' means none"):
        timetable(script, HOSTS)


async def test_playing_follows_the_clock_it_is_given():
    camera = SimulatedCamera(host=HOSTS[0], http_port=0, rtsp_port=0)
    script = Script(
        steps=(
            Step(at_ms=0, cameras="all", fault=REFUSE, for_ms=2000),
            Step(at_ms=5000, cameras="all", fault=RESET, for_ms=1000),
        )
    )
    clock_s, story = [0.0], []

    async with Simulator([camera]) as simulator:

        async def sleep(seconds: float) -> None:
            story.append((clock_s[0], simulator.faults().get(HOSTS[0])))
            clock_s[0] += seconds

        await play(script, simulator, elapsed_s=lambda: clock_s[0], sleep=sleep)
        assert simulator.faults() == {}
    assert story == [(0.0, REFUSE), (2.0, None), (5.0, RESET)]
