"""Makes places of the features of one file: street pieces grouped, codes that stay the same.

Reading a feature is left to `places`.
"""

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from monitor.geodesy.distance import distance_m
from monitor.inventory import geojson
from monitor.inventory.patch import Patch
from monitor.inventory.problems import Findings
from monitor.model import PlaceKind, Requirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """One feature understood: a whole school or named area, or a piece of a street.

    left_out: nothing of it counts. excluded_m: what was left out of it before. named: what it says
    at all, if only that there is none.
    """

    number: int
    kind: PlaceKind
    own_code: str
    id: str
    name: str
    word: str
    area_code: str | None
    required_draft: int | None
    requirement: Requirement | None
    geometry: Mapping[str, Any]
    left_out: bool
    excluded_m: float
    named: frozenset[str]


def streets(pieces: Sequence[Piece], findings: Findings) -> list[tuple[int, Patch]]:
    """Streets with the number of their first feature; pieces of one name in one area are one."""
    grouped: dict[tuple[str | None, ...], list[Piece]] = defaultdict(list)
    lines = [piece for piece in pieces if piece.kind is PlaceKind.STREET]
    unnamed = _unique([piece for piece in lines if not piece.name and not piece.own_code])
    for piece in lines:
        own = piece.own_code or unnamed.get(piece.number)
        # A pair, not the joined code: "a/b" of no area and "b" of area "a" are two streets.
        grouped[(own,) if own else (piece.area_code, piece.name)].append(piece)
    found: list[tuple[int, Patch]] = []
    tunnels: list[str] = []
    hidden_m = 0.0
    for key, group in grouped.items():
        code = "/".join(filter(None, ("street", *key) if len(key) > 1 else key))
        place = _street(code, group)
        found.append((group[0].number, place))
        if not place.values["geometry"]["coordinates"]:
            tunnels.append(group[0].name or code)
            hidden_m += place.values["excluded_m"]
    if tunnels:
        names = ", ".join(tunnels[:20])
        findings.note(
            f"{len(tunnels)} streets are wholly tunnel, covered or unbuilt ({hidden_m:,.0f} m): "
            f"{names}. They are kept with these metres and have no figures."
        )
    return found


def _street(code: str, group: Sequence[Piece]) -> Patch:
    """One street of its pieces; without lines when nothing of it lies open."""
    lines = [line for piece in group if not piece.left_out for line in _lines(piece)]
    hidden = _hidden_m(group) + math.fsum(piece.excluded_m for piece in group)
    shape = {"type": "MultiLineString", "coordinates": lines}
    return _patch(code, group, shape, excluded_m=round(hidden, 1))


def _hidden_m(group: Sequence[Piece]) -> float:
    return math.fsum(_length_m(line) for piece in group if piece.left_out for line in _lines(piece))


def _patch(code: str, group: Sequence[Piece], geometry: Mapping[str, Any], **more: float) -> Patch:
    """What the pieces of one place say together: of the fields that any of them names."""
    first = group[0]
    named = frozenset().union(*(piece.named for piece in group))
    drafts = [piece.required_draft for piece in group if piece.required_draft is not None]
    called = first.name or f"{first.word} {first.id}"
    said = {
        "name": called,
        "area_code": first.area_code,
        "required_draft": max(drafts, default=None),
        "requirement": next((piece.requirement for piece in group if piece.requirement), None),
    }
    return Patch(
        key=f"{first.kind} {code}",
        values={
            **{name: value for name, value in said.items() if name in named},
            **{"kind": first.kind, "code": code, "geometry": geometry, **more},
        },
        defaults={"name": called},
        line=first.number,
    )


def _lines(piece: Piece) -> Iterator[list[list[float]]]:
    if not piece.geometry["coordinates"]:
        return iter(())
    return geojson.lines(piece.geometry["type"], piece.geometry["coordinates"])


def _length_m(line: Sequence[Sequence[float]]) -> float:
    return sum(distance_m(*a, *b) for a, b in pairwise(line))


def others(pieces: Sequence[Piece]) -> list[tuple[int, Patch]]:
    whole = [piece for piece in pieces if piece.kind is not PlaceKind.STREET]
    codes = _unique([piece for piece in whole if not piece.own_code])
    return [
        (
            piece.number,
            _patch(piece.own_code or codes[piece.number], [piece], piece.geometry),
        )
        for piece in whole
    ]


def _unique(pieces: Sequence[Piece]) -> dict[int, str]:
    """Codes by feature number; where a source id repeats, the shape of the piece is added."""
    seen = Counter(piece.id for piece in pieces)
    return {
        piece.number: piece.id if seen[piece.id] == 1 else f"{piece.id}/{_shape(piece)}"
        for piece in pieces
    }


def _shape(piece: Piece) -> str:
    return hashlib.sha256(json.dumps(piece.geometry).encode()).hexdigest()[:8]
