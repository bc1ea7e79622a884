"""The figures of coverage as they leave this folder: per place and per camera.

Ratios are 0..1, or None where there is nothing to divide by. Storing and printing them is left to
others.
"""

from dataclasses import dataclass
from enum import StrEnum

from monitor.model import PlaceKind


class GapKind(StrEnum):
    """Why a gap is blind."""

    NEVER = "never"  # no installed camera looks there
    DARK = "dark"  # one does, but none is online


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A blind stretch of one line of a place. from_m, to_m: measured along the place. Points: lon,
    lat."""

    from_m: float
    to_m: float
    length_m: float
    kind: GapKind
    from_lonlat: tuple[float, float]
    to_lonlat: tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Shares of one set of lines or polygons, of cameras that watch continuously.

    amount: metres, or square metres for an area. designed: seen by an installed camera. effective:
    by one online now. upper: by one online or unknown. redundant, triple: by at least two, three
    online now. reachable, reachable_now: designed and effective with cameras that only turn there.
    doubled: by at least two installed cameras.
    lost: amount designed but surely not seen now; what hangs on unknown cameras is not lost.
    """

    amount: float
    designed: float | None
    effective: float | None
    upper: float | None
    doubled: float | None
    redundant: float | None
    triple: float | None
    reachable: float | None
    reachable_now: float | None
    lost: float


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceFigures:
    """One place. The headline of a school is its perimeter; of a key area its surface.

    length_m or area_m2 is the denominator, the other is None; lost_m and lost_m2 likewise. low,
    high: designed with all ranges times 0.8 and 1.25. assumed: the outline is a disc around a
    point.
    """

    place: int
    kind: PlaceKind
    length_m: float | None
    area_m2: float | None
    designed: float | None
    effective: float | None
    upper: float | None
    doubled: float | None
    redundant: float | None
    triple: float | None
    reachable: float | None
    reachable_now: float | None
    lost_m: float | None
    lost_m2: float | None
    low: float | None = None
    high: float | None = None
    assumed: bool = False
    perimeter: Part | None = None
    approach: Part | None = None
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraFigures:
    """One installed camera, over all streets and school perimeters, metres.

    seen_m: inside its fields. exclusive_m: seen by no other online camera.
    """

    camera: int
    seen_m: float
    exclusive_m: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Places and cameras by the caller's keys: all of them, or those a change touched."""

    places: dict[int, PlaceFigures]
    cameras: dict[int, CameraFigures]
