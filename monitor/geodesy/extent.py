"""Where most of a set of positions lies, and what may have happened to one that lies elsewhere."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_NEAR_M = 30_000.0  # so near everything is of one city
_LEAST = 4  # positions that have a middle
_APART = 2.0  # how many times farther than the last one begins another city, or a slip
_MOST_OUTSIDE = 1 / 3  # more than that are no slips but another city
_M_PER_DEG = 111_195.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Extent:
    """Where things are: the middle (degrees), and how far from it they reach (metres).

    whose: words for the middle, for messages.
    """

    lon: float
    lat: float
    reach_m: float
    whose: str

    def away_m(self, lon: float, lat: float) -> float:
        """Distance from the middle, good enough to tell cities apart."""
        east = abs(lon - self.lon)
        east = min(east, abs(360 - east)) * math.cos(math.radians((lat + self.lat) / 2))
        return math.hypot(east, lat - self.lat) * _M_PER_DEG

    def holds(self, lon: float, lat: float) -> bool:
        """Whether a position lies within."""
        return abs(lat) <= 90 and abs(lon) <= 180 and self.away_m(lon, lat) <= self.reach_m


def extent(points: Sequence[tuple[float, float]], whose: str) -> Extent | None:
    """The extent of most of the points; None where they are too few or in several cities.

    From the middle outwards each next point belongs to it that is at most twice as far as the one
    before.
    """
    if len(points) < _LEAST:
        return None
    lon, lat = median(p[0] for p in points), median(p[1] for p in points)
    middle = Extent(lon=lon, lat=lat, reach_m=0.0, whose=whose)
    reach, inside = _NEAR_M, 0
    for away in sorted(middle.away_m(*point) for point in points):
        if away > reach and away > _APART * reach:
            break
        reach, inside = max(reach, away), inside + 1
    if len(points) - inside > _MOST_OUTSIDE * len(points):
        return None
    return Extent(lon=lon, lat=lat, reach_m=reach, whose=whose)


def slip(where: Extent, lon: float, lat: float) -> str:
    """What brings a position back to where the others are; "" where nothing does."""
    tries = (
        ("longitude and latitude look exchanged", lat, lon),
        ("the sign of the longitude looks lost", -lon, lat),
        ("the sign of the latitude looks lost", lon, -lat),
        ("both signs look lost", -lon, -lat),
        ("a digit of the longitude looks wrong", where.lon, lat),
        ("a digit of the latitude looks wrong", lon, where.lat),
    )
    return next((words for words, x, y in tries if where.holds(x, y)), "")


def misplaced(where: Extent | None, lon: float, lat: float) -> str:
    """Why a whole place cannot be where it says it is; "" where it may be.

    A place may well lie in another town: only what explains itself is one of these.
    """
    if abs(lon) < 0.01 and abs(lat) < 0.01 and not (where and where.holds(lon, lat)):
        return "The place lies at 0/0."
    if where is None or where.holds(lon, lat):
        return ""
    words = slip(where, lon, lat)
    if not words or words.startswith("a digit"):
        return ""
    away = f"{where.away_m(lon, lat) / 1000:,.0f} km from {where.whose}"
    return f"The place lies {away}: {words}."
