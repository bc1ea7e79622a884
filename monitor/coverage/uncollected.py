"""Makes many small things that stay, while the collector of cycles does not go through them all.

A survey of a city makes hundreds of thousands of records that hold no cycles; a third of its time
was the collector, which found nothing. It stands still for the seconds of such a piece of work, in
whatever thread, and never longer.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_turn = threading.Lock()
_at_work = 0
_collected = False  # whether the collector was at work before the first of us


@contextmanager
def uncollected() -> Iterator[None]:
    """The collector stands still within; also as a decorator. Pieces of work may overlap."""
    global _at_work, _collected
    with _turn:
        if not _at_work:
            _collected = gc.isenabled()
            gc.disable()
        _at_work += 1
    try:
        yield
    finally:
        with _turn:
            _at_work -= 1
            if not _at_work and _collected:
                gc.enable()
