"""The collector stands still while a city is surveyed, and never after."""

import gc
import threading

import pytest

from monitor.coverage.uncollected import uncollected


def test_it_stands_still_within_and_goes_on_after_also_when_that_fails() -> None:
    assert gc.isenabled()
    with uncollected(), uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()

    @uncollected()
    def fails() -> None:
        assert not gc.isenabled()
        raise ValueError

    for _ in range(2):
        with pytest.raises(ValueError):  # noqa: PT011  any will do
            fails()
        assert gc.isenabled()


def test_work_that_overlaps_in_two_threads_ends_it_with_the_last() -> None:
    inside, leave = threading.Event(), threading.Event()

    def work() -> None:
        with uncollected():
            inside.set()
            leave.wait(30)

    other = threading.Thread(target=work)
    with uncollected():
        other.start()
        inside.wait(30)
    assert not gc.isenabled()
    leave.set()
    other.join()
    assert gc.isenabled()


def test_who_has_switched_it_off_finds_it_switched_off() -> None:
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
