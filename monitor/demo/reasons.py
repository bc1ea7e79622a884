"""The sample city's register: most simulated cameras declared, some lapsed, overdue, waiting, none.

The cameras that were mapped by others stay undeclared: nobody has said why they are there.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from db import register
from db.pool import Connection
from monitor import declaring
from monitor.declaring import Person
from monitor.entry import MOST_CAMERAS, Declaration, Role, Value
from monitor.model import Camera

OFFICE = Person(name="Sample office for streets", role=Role.OPERATOR)
BOARD = Person(name="Sample oversight board", role=Role.OVERSIGHT)
_PURPOSES = (
    ("Traffic flow at signals", "traffic flow", "Counting loops were tried; they miss bicycles", 1),
    ("Flood level of the river", "flood level", "A gauge alone was blocked by driftwood twice", 0),
    ("Road works of the tramway", "road works", "Daily walks of the site miss the night work", 2),
    ("Crowd safety at the stop", "crowd safety", "Stewards alone lost sight of the exits", 3),
    ("Access to the building", "building access", "A doorbell was tried and was not heard", 2),
)
_SITE = ("School crossing", "school crossing", "Crossing guards serve at four of nine hours", 1)
_SAFETY = frozenset({"flood level", "crowd safety"})


@dataclass(kw_only=True)
class Cast:
    """Who stands where. entries: key -> declarations; the sets name keys."""

    entries: dict[str, list[Declaration]] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)


def cast(cameras: Sequence[Camera], today: date) -> Cast:
    """The same for the same day. Each street or site is an entry, shared by what hangs there."""
    made = Cast()
    for number, (site, group) in enumerate(_sites(cameras)):
        key = f"E-{number + 1:03}"
        values, what = _values(number, site, today), number % 23
        if what == 5:
            continue  # nobody has declared these
        if what == 7:
            values |= _dates(today - timedelta(days=1_120), years=3)  # lapsed
        elif what == 11:
            values |= _dates(today - timedelta(days=400), years=2)  # review overdue
        elif what == 13:
            values["sign_seen_on"] = None  # incomplete
        if what in (13, 17):
            made.waiting.add(key)
        elif what == 19:
            made.withdrawn.add(key)
        made.entries[key] = [
            Declaration(camera=each.code, entry=key, values=values) for each in group
        ]
    return made


def _sites(cameras: Sequence[Camera]) -> Iterator[tuple[str, list[Camera]]]:
    groups: dict[str, list[Camera]] = {}
    for each in cameras:
        if each.simulated:
            groups.setdefault(each.address or "Zürich centre", []).append(each)
    for site, group in groups.items():
        for first in range(0, len(group), MOST_CAMERAS):
            yield site, group[first : first + MOST_CAMERAS]


def _values(number: int, site: str, today: date) -> dict[str, Value]:
    at_site = not site.endswith(("strasse", "gasse", "quai", "weg", "platz", "brücke", "street"))
    purpose, kind, need, days = _SITE if at_site else _PURPOSES[number % len(_PURPOSES)]
    return {
        "site": site,
        "purpose": purpose,
        "purpose_class": kind,
        "safety": kind in _SAFETY,
        "need": f"{need} ({site}, sample assessment {number + 1}/2026)",
        "ground": f"Sample decision {number + 1}/2026 of 2026-02-10",
        "body": "Sample office for streets",
        "contact": "streets@city.example, +41 00 000 00 00",
        "sign": "Camera. Sample office for streets. The address of its page stands on the sign",
        "sign_seen_on": today - timedelta(days=20 + number % 90),
        "retention_days": days,
        "features": "no audio, no analytics",
        "cost_purchase": 900.0 + 10 * (number % 40),
        "cost_year": 120.0,
        "cost_public": number % 3 == 0,
        **_dates(today - timedelta(days=number % 200), years=3),
        **_coarse(number),
    }


def _coarse(number: int) -> dict[str, Value]:
    if number % 29 != 3:
        return {}
    return {"position_grid_m": 250.0, "position_reason": "sample: near a place that needs quiet"}


def _dates(begin: date, *, years: int) -> dict[str, Value]:
    return {
        "declared_from": begin,
        "declared_until": begin + timedelta(days=365 * years - 1),
        "review_due": begin + timedelta(days=365),
    }


async def enter(conn: Connection, cameras: Sequence[Camera], now: datetime) -> None:
    """Put the sample register into an inventory that holds these cameras."""
    made = cast(cameras, now.date())
    rows = [row for group in made.entries.values() for row in group]
    await declaring.declare(conn, rows, OFFICE, now)
    await declaring.approve(conn, sorted(made.entries.keys() - made.waiting), BOARD, now)
    gone = [row.camera for key in sorted(made.withdrawn) for row in made.entries[key]]
    reason = "loops do it now"
    await declaring.withdraw(conn, gone, OFFICE, now + timedelta(seconds=1), reason=reason)
    await register.backdate(conn, [c.code for c in cameras if not c.simulated][::3], now)
