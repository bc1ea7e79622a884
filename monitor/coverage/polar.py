"""Measures polygons as they are seen from a point: area and border within a ring sector, exactly.

By Green's theorem in polar coordinates: an edge at distance d from the eye, seen under the angle u
from its foot, has the radius d / cos u; the area between it and the eye, cut to near..far, has a
closed form. Edges of a polygon add up with their sense of rotation, so that holes and folds come
out right.
"""

from dataclasses import dataclass

import numpy as np

from monitor.coverage.sectors import Bools, Floats, Ints

_LEAST_M = 1e-6  # an edge that points at the eye is moved aside by so much
_TURN = 2 * np.pi


@dataclass(frozen=True, kw_only=True, slots=True)
class Edges:
    """Edges as seen from eyes, one entry per pair of an eye and an edge.

    distance: metres to the edge's line. foot: azimuth of the nearest point of that line. low, high:
    angles from the foot, radians within a quarter turn, low <= high. sense: +1 or -1, the rotation
    of the edge. nearest: metres to the edge itself.
    """

    distance: Floats
    foot: Floats
    low: Floats
    high: Floats
    sense: Floats
    nearest: Floats

    def __len__(self) -> int:
        return len(self.distance)

    def part(self, which: Ints | Bools | slice) -> "Edges":
        """Only these entries."""
        return Edges(
            distance=self.distance[which],
            foot=self.foot[which],
            low=self.low[which],
            high=self.high[which],
            sense=self.sense[which],
            nearest=self.nearest[which],
        )


def edges(x1: Floats, y1: Floats, x2: Floats, y2: Floats) -> Edges:
    """From east and north of both ends, metres from the eye; edges without length see nothing."""
    dx, dy = x2 - x1, y2 - y1
    length = np.maximum(np.hypot(dx, dy), 1e-12)
    tx, ty = dx / length, dy / length
    offset = x1 * ty - y1 * tx
    side = np.where(offset < 0, -1.0, 1.0)
    distance = np.maximum(np.abs(offset), _LEAST_M)
    start, end = x1 * tx + y1 * ty, x2 * tx + y2 * ty
    u1, u2 = -side * np.arctan2(start, distance), -side * np.arctan2(end, distance)
    beside = np.minimum(np.hypot(x1, y1), np.hypot(x2, y2))
    return Edges(
        distance=distance,
        foot=np.arctan2(side * ty, -side * tx),
        low=np.minimum(u1, u2),
        high=np.maximum(u1, u2),
        sense=-side,
        nearest=np.where((start <= 0) & (end >= 0), distance, beside),
    )


def swept(seen: Edges) -> Floats:
    """The angle of each edge as it is seen, with its sense: a whole turn around an eye inside."""
    angle: Floats = seen.sense * (seen.high - seen.low)
    return angle


def within(
    seen: Edges, start: Floats, width: Floats, near: Floats, far: Floats
) -> tuple[Floats, Floats]:
    """Per edge: signed area between it and the eye, and its length, inside of a ring sector.

    start: azimuth of the sector's first side; width: up to a whole turn, radians. near, far:
    metres. Areas of all edges of a polygon add up to its own, but for the sign.
    """
    area, length = np.zeros(len(seen)), np.zeros(len(seen))
    closest = np.arccos(np.minimum(np.divide(seen.distance, np.maximum(near, _LEAST_M / 2)), 1.0))
    farthest = np.arccos(np.minimum(seen.distance / far, 1.0))
    for low, high in spans(seen, start, width):
        cut = high > low
        for bound, sign in ((high, cut * 1.0), (low, cut * -1.0)):
            one_area, one_length = _from_foot(seen.distance, bound, closest, farthest, near, far)
            area += sign * one_area
            length += sign * one_length
    return seen.sense * area, length


def spans(seen: Edges, start: Floats, width: Floats) -> list[tuple[Floats, Floats]]:
    """The parts of each edge (angles from its foot) inside of a sector: at most two of them, and
    low < high where there is one."""
    first = (start - seen.foot + np.pi) % _TURN - np.pi
    return [
        (np.maximum(seen.low, first - back), np.minimum(seen.high, first - back + width))
        for back in (0.0, _TURN)
    ]


def _from_foot(
    distance: Floats, angle: Floats, closest: Floats, farthest: Floats, near: Floats, far: Floats
) -> tuple[Floats, Floats]:
    """Area and length from the foot up to an angle; odd functions of it.

    closest, farthest: the angles at which the edge crosses the near and the far range.
    """
    sign, away = np.sign(angle), np.abs(angle)
    inside = np.clip(away, closest, farthest)
    along = distance * (np.tan(inside) - np.tan(closest))
    beyond = np.maximum(away - farthest, 0.0)
    ring = far**2 - near**2
    area = distance * along - near**2 * (inside - closest) + ring * beyond
    return sign * area / 2, sign * along


def azimuths(seen: Edges, far: Floats) -> tuple[Floats, Floats]:
    """First and last azimuth under which the part of each edge within `far` is seen; the last is
    before the first where no part is."""
    reach = np.arccos(np.minimum(seen.distance / far, 1.0))
    low, high = np.maximum(seen.low, -reach), np.minimum(seen.high, reach)
    gone = seen.distance >= far
    return seen.foot + np.where(gone, 0.0, low), seen.foot + np.where(gone, -1.0, high)
