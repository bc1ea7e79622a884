"""What of a camera is public: facts as plain values, the same for pages, open data and digests.

Nothing of its network, no name of a person, no place that is protected. What is withheld says so
and why.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from db.editions import version_digest
from monitor.entry import NAMES

Facts = dict[str, Any]
_FILE = ("camera", "name", "area", "address", "kind", "indoor", "intent", "simulated")
_STATE = ("state", "declared", "first_entered_on", "declare_by", "entry", "version")
_SHARED = ("shared_by", "same_words", "stated_role", "approved_role")
_VIEW = ("direction", "angle_deg", "range_m")
_COST = ("cost_purchase", "cost_year")
_HIDDEN = frozenset({"cost_public", "position_grid_m", "position_reason", *_COST})
_M_PER_DEGREE = 111_320.0


def facts(row: Mapping[str, Any]) -> Facts:
    """The public facts of one row of `register_told`."""
    found: Facts = {name: row[name] for name in (*_FILE, *_STATE, *_SHARED)}
    found["missing"] = list(row["missing"])
    found |= {name: _plain(row[name]) for name in NAMES if name not in _HIDDEN}
    found |= {name: row[name] for name in _VIEW}
    found |= {"lon": row["lon"], "lat": row["lat"], "position": _position(row)}
    found |= _look(row)
    found["kept"] = row["kept"]
    found["installed_at"] = row["installed_at"]
    found["stated_on"], found["approved_on"] = (
        _day(row["stated_at"]),
        _day(row["approved_at"]),
    )
    found["version_digest"] = version_digest(row).hex() if row["version"] else None
    withheld: dict[str, str] = {}
    _withhold_cost(row, found, withheld)
    _coarsen(row, found, withheld)
    found["withheld"] = withheld
    return {name: _plain(value) for name, value in found.items()}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _day(instant: datetime | None) -> str | None:
    return None if instant is None else instant.date().isoformat()


def _look(row: Mapping[str, Any]) -> Facts:
    """How much of its view is protected places, never which; None where nobody has compared."""
    share = row["looks_share"]
    known = 0.0 if row["compared"] else None
    return {
        "looks_at_protected": known if share is None else round(share, 3),
        "looks_since": _day(row["looks_since"]),
    }


def _withhold_cost(row: Mapping[str, Any], found: Facts, withheld: dict[str, str]) -> None:
    if row["cost_public"]:
        found |= {name: row[name] for name in _COST}
        return
    found |= dict.fromkeys(_COST)
    if any(row[name] is not None for name in _COST):
        withheld["cost"] = "the operator has not made the cost public"


def _position(row: Mapping[str, Any]) -> str:
    if row["lon"] is None:
        return "not known"
    return (
        "exact" if row["position_grid_m"] is None else f"on a grid of {row['position_grid_m']:g} m"
    )


def _coarsen(row: Mapping[str, Any], found: Facts, withheld: dict[str, str]) -> None:
    """Move the position to its grid, and leave out what would give the exact one away."""
    grid_m = row["position_grid_m"]
    if grid_m is None or row["lon"] is None:
        return
    step = grid_m / _M_PER_DEGREE
    lat = round(round(row["lat"] / step) * step, 6)
    wide = step / max(math.cos(math.radians(lat)), 0.01)
    found |= {"lat": lat, "lon": round(round(row["lon"] / wide) * wide, 6)}
    found |= dict.fromkeys((*_VIEW, "address"))
    withheld["position"] = row["position_reason"]
    withheld["view"] = "it would give the exact position away"
