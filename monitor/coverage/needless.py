"""Finds the smallest set of cameras that has to stay so that every requirement is kept as it is.

All others can go. Which metres of a place a camera watches comes from the sweep; a requirement asks
for a share of them, no matter which. Pieces of the city that share no place are solved apart: small
ones exactly, by trying all sets; large ones greedily, with a bound that is computed in the same
run. Nothing here ever proposes a camera more.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from monitor.coverage.axis import UM_PER_M
from monitor.coverage.surfaces import Surface
from monitor.coverage.survey import Survey
from monitor.coverage.targets import MAIN
from monitor.coverage.uncollected import uncollected
from monitor.model import PlaceKind

SMALL = 14  # so many undecided cameras are tried in all combinations
_LEAST_M2 = 1e-4

Worth = tuple[float, ...]
"""What would be gained if a camera went; the first entry counts most."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """One place with a requirement. need: what has to stay watched, at most what is watched now.

    parts: amount, and the cameras (keys) that watch just this. Amounts are whole: micrometres, or
    square millimetres of surfaces. whole: the amount of the place.
    """

    place: int
    whole: int
    need: int
    parts: tuple[tuple[int, frozenset[int]], ...]

    @property
    def cameras(self) -> frozenset[int]:
        """All that watch some of it."""
        return frozenset[int]().union(*(seen for _, seen in self.parts))

    def amount(self, staying: Collection[int]) -> int:
        """What is watched by these cameras alone."""
        stay = frozenset(staying)
        return sum(amount for amount, seen in self.parts if seen & stay)


@dataclass(frozen=True, kw_only=True, slots=True)
class Staying:
    """cameras: that stay. at_least: so many have to, whatever one tries. exact: pieces solved by
    trying all sets, and greedy: the others."""

    cameras: frozenset[int]
    at_least: int
    exact: int
    greedy: int


@uncollected()
def watched(known: Survey, shares: Mapping[int, float]) -> list[Watched]:
    """The places (by key) of which a share is required, as they are watched by design."""
    found = []
    for index, key in enumerate(known.layout.keys):
        if key not in shares:
            continue
        if known.layout.kinds[index] is PlaceKind.KEY_AREA:
            surface = known.surfaces.get(index)
            whole = round(surface.area_m2 * UM_PER_M) if surface else 0
            parts = _faces(known, surface) if surface else {}
        else:
            whole = int(known.length_um[2 * index + MAIN])
            parts = _pieces(known, 2 * index + MAIN)
        have = sum(parts.values())
        # a requirement that is not met may lose nothing
        need = min(int(np.ceil(shares[key] * whole - 1e-6)), have)
        listed = tuple((amount, seen) for seen, amount in parts.items())
        found.append(Watched(place=key, whole=whole, need=need, parts=listed))
    return found


def _pieces(known: Survey, target: int) -> dict[frozenset[int], int]:
    """Micrometres of a target by the cameras that watch them."""
    ends = known.ends
    here = slice(int(ends.first[target]), int(ends.first[target + 1]))
    parts: dict[frozenset[int], int] = defaultdict(int)
    active: set[int] = set()
    rows = zip(
        ends.camera[here].tolist(), ends.sign[here].tolist(), ends.piece[here].tolist(), strict=True
    )
    for camera, sign, piece in rows:
        if sign and known.steady[camera]:
            (active.add if sign > 0 else active.discard)(known.keys[camera])
        if piece and active:
            parts[frozenset(active)] += piece
    return parts


def _faces(known: Survey, surface: Surface) -> dict[frozenset[int], int]:
    """Square millimetres of a surface by the cameras that watch them."""
    steady = [
        (known.keys[camera], piece)
        for camera, piece in zip(surface.cameras.tolist(), surface.pieces, strict=True)
        if known.steady[camera]
    ]
    parts: dict[frozenset[int], int] = defaultdict(int)
    if not steady:
        return parts
    shapes = np.array([piece for _, piece in steady], dtype=object)
    borders = shapely.union_all(shapely.boundary(shapes), grid_size=1e-6)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(borders)))
    spots = shapely.point_on_surface(faces)
    face, piece = shapely.STRtree(shapes).query(spots, predicate="intersects")
    seen: dict[int, set[int]] = defaultdict(set)
    for one, other in zip(face.tolist(), piece.tolist(), strict=True):
        seen[one].add(steady[other][0])
    for one, cameras in seen.items():
        area = float(faces[one].area)
        if area > _LEAST_M2:
            parts[frozenset(cameras)] += round(area * UM_PER_M)
    return parts


@uncollected()
def staying(
    places: Sequence[Watched],
    movable: Collection[int],
    worth: Mapping[int, Worth] | None = None,
    *,
    small: int = SMALL,
) -> Staying:
    """Which cameras have to stay.

    movable: those that may go; all others stay whatever they watch. worth: of two equally large
    sets, the one stays whose cameras would have brought least by going.
    """
    free = frozenset(movable)
    needed = {each.place: each for each in places if each.need > 0}
    stay = {camera for each in needed.values() for camera in each.cameras if camera not in free}
    forced = {camera for each in needed.values() for camera in _forced(each, free)}
    held, at_least = stay | forced, len(forced)
    open_ones = [_left(each, held, free) for each in needed.values()]
    exact = greedy = 0
    chosen: set[int] = set()
    for piece in _pieces_apart([each for each in open_ones if each.need > 0]):
        undecided = sorted(frozenset[int]().union(*(each.cameras for each in piece)))
        if len(undecided) <= small:
            found = _tried(piece, undecided, worth or {})
            exact, bound = exact + 1, len(found)
        else:
            found, bound = _greedy(piece, undecided, worth or {})
            greedy += 1
        chosen |= found
        at_least += bound
    return Staying(
        cameras=frozenset(stay | forced | chosen), at_least=at_least, exact=exact, greedy=greedy
    )


def _forced(each: Watched, free: frozenset[int]) -> set[int]:
    """Movable cameras without which the need fails even if all others stay."""
    alone: dict[int, int] = defaultdict(int)
    have = 0
    for amount, seen in each.parts:
        have += amount
        if len(seen) == 1:
            alone[next(iter(seen))] += amount
    return {c for c, amount in alone.items() if c in free and have - amount < each.need}


def _left(each: Watched, held: set[int], free: frozenset[int]) -> Watched:
    """What has still to be found for a place beside the cameras that stay anyway."""
    open_parts = [(amount, seen & free) for amount, seen in each.parts if not seen & held]
    given = sum(amount for amount, seen in each.parts if seen & held)
    return Watched(
        place=each.place, whole=each.whole, need=each.need - given, parts=tuple(open_parts)
    )


def _pieces_apart(places: Sequence[Watched]) -> list[list[Watched]]:
    """Groups of places of which no two groups share a camera."""
    parent: dict[int, int] = {}

    def root(camera: int) -> int:
        while parent.setdefault(camera, camera) != camera:
            parent[camera] = camera = parent[parent[camera]]
        return camera

    firsts = []
    for each in places:
        first, *rest = sorted(each.cameras)
        firsts.append(first)
        for other in rest:
            parent[root(other)] = root(first)
    groups: dict[int, list[Watched]] = defaultdict(list)
    for each, first in zip(places, firsts, strict=True):
        groups[root(first)].append(each)
    return list(groups.values())


def _tried(
    places: Sequence[Watched], cameras: Sequence[int], worth: Mapping[int, Worth]
) -> set[int]:
    """The smallest set of cameras that keeps every need, by trying all of them."""
    sets = np.arange(1 << len(cameras), dtype=np.int64)
    bit = {camera: 1 << position for position, camera in enumerate(cameras)}
    good = np.ones(len(sets), dtype=bool)
    for each in places:
        amount = np.zeros(len(sets), dtype=np.int64)
        for part, seen in each.parts:
            mask = sum(bit[camera] for camera in seen)
            amount += part * ((sets & mask) != 0)
        good &= amount >= each.need
    sets = sets[good]
    size = np.bitwise_count(sets)
    sets = sets[size == size.min()]
    best = min(sets.tolist(), key=lambda some: (_value(some, cameras, worth), some))
    return {camera for camera in cameras if best & bit[camera]}


def _value(some: int, cameras: Sequence[int], worth: Mapping[int, Worth]) -> Any:
    """What would have been gained by the cameras of a set, entry by entry."""
    staying_ones = [worth.get(c, ()) for at, c in enumerate(cameras) if some >> at & 1]
    longest = max((len(each) for each in staying_ones), default=0)
    return tuple(sum(each[at] for each in staying_ones if at < len(each)) for at in range(longest))


class _Progress:
    """How much of each need is found, while cameras are added."""

    def __init__(self, places: Sequence[Watched]) -> None:
        self.missing = [each.need for each in places]
        self._parts: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
        number = 0
        for at, each in enumerate(places):
            for amount, seen in each.parts:
                for camera in seen:
                    self._parts[camera].append((at, number, amount))
                number += 1
        self._found = bytearray(number)

    def gain(self, camera: int) -> int:
        """What a camera would add to the needs that are not met."""
        more: dict[int, int] = defaultdict(int)
        for at, number, amount in self._parts[camera]:
            if not self._found[number]:
                more[at] += amount
        return sum(min(amount, self.missing[at]) for at, amount in more.items())

    def add(self, camera: int) -> None:
        """It stays."""
        for at, number, amount in self._parts[camera]:
            if not self._found[number]:
                self._found[number] = 1
                self.missing[at] = max(self.missing[at] - amount, 0)


def _greedy(
    places: Sequence[Watched], cameras: Sequence[int], worth: Mapping[int, Worth]
) -> tuple[set[int], int]:
    """A set that keeps every need, and a number below which no set does.

    The bound (Wolsey 1982): what is missing, divided by the most that any one camera adds to it.
    """
    progress, left = _Progress(places), sum(each.need for each in places)
    heap = [(-progress.gain(camera), worth.get(camera, ()), camera) for camera in cameras]
    heapq.heapify(heap)
    chosen: list[int] = []
    bound = 0
    while left > 0:
        _, value, camera = heapq.heappop(heap)
        gain = progress.gain(camera)
        if heap and gain < -heap[0][0]:
            heapq.heappush(heap, (-gain, value, camera))  # it adds less than when it was last asked
            continue
        bound = max(bound, -(-left // gain))
        progress.add(camera)
        chosen.append(camera)
        left -= gain
    return _pruned(places, chosen, worth), bound


def _pruned(
    places: Sequence[Watched], chosen: Sequence[int], worth: Mapping[int, Worth]
) -> set[int]:
    """The same set without those that later ones made needless, the worthiest to go first."""
    over = [0] * len(places)
    watchers: list[int] = []
    parts: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    staying_ones = set(chosen)
    for at, each in enumerate(places):
        over[at] = -each.need
        for amount, seen in each.parts:
            here = seen & staying_ones
            over[at] += amount if here else 0
            for camera in here:
                parts[camera].append((at, len(watchers), amount))
            watchers.append(len(here))
    for camera in sorted(chosen, key=lambda c: (worth.get(c, ()), c), reverse=True):
        loss: dict[int, int] = defaultdict(int)
        for at, number, amount in parts[camera]:
            if watchers[number] == 1:
                loss[at] += amount
        if all(over[at] >= amount for at, amount in loss.items()):
            staying_ones.discard(camera)
            for at, amount in loss.items():
                over[at] -= amount
            for _, number, _ in parts[camera]:
                watchers[number] -= 1
    return staying_ones
