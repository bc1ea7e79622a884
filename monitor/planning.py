"""Says which cameras can go while every requirement is kept, with the proof for each of them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from db import cameras, findings, places, register, requirements
from db.pool import Connection
from monitor import assumed
from monitor.coverage.atlas import Atlas
from monitor.coverage.footprint import Defect, fields
from monitor.coverage.masks import Mask
from monitor.coverage.needless import Staying, Watched, Worth, staying, watched
from monitor.model import Camera, Intent, Place
from monitor.settings import Coverage

_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Proof:
    """A place that a camera watches, and why it is not missed there.

    now, without: shares watched by design with all cameras, and without all that can go.
    also: some of those that stay and watch it, too.
    """

    place: str
    required: float
    now: float
    without: float
    also: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Needless:
    """A camera that can go. looks: share of its view in protected places, None where none is
    known. lapsed: places it watches whose requirement was not reviewed in time. turns: it looks at
    one narrow place at a time and counts in no coverage."""

    camera: str
    name: str
    area: str | None
    looks: float | None
    cost_year: float | None
    cost_purchase: float | None
    first_entered_at: datetime
    turns: bool
    proof: tuple[Proof, ...]
    lapsed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CanGo:
    """Cameras that can go together, those first that look at protected places, then by cost, age.

    considered: declared cameras in service whose view is known, of the area. stay: how many of all
    have to stay for the requirements, at_least: below which number nobody gets. exact, greedy:
    pieces of the city. blind: cameras of which nobody knows what they look at. undeclared: cameras
    that count for nothing and are no part of this: declare or remove.
    """

    requirements: int
    considered: int
    can_go: tuple[Needless, ...]
    stay: int
    at_least: int
    exact: int
    greedy: int
    blind: int
    undeclared: int

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


async def can_go(conn: Connection, settings: Coverage, area: str | None = None) -> CanGo:
    """Which cameras can go together; area: only those of it may. Raises LookupError."""
    known = await cameras.cameras(conn)
    within = await cameras.ids_within(conn, area) if area else frozenset(known)
    if area and area not in await cameras.areas(conn):
        raise LookupError(area)
    declared = await register.declared(conn)
    serving = {
        key: each
        for key, each in known.items()
        if key in declared and each.intent is Intent.IN_SERVICE
    }
    costs = await register.costs(conn)
    needs, lapsed = await requirements.shares(conn), await requirements.lapsed(conn)
    asked = await places.places(conn, sorted({*needs, *lapsed}))
    masks = await findings.masks(conn)
    model = assumed.footprint_model(settings)
    movable = {
        key
        for key in within & serving.keys()
        if not isinstance(fields(serving[key], model), Defect)
    }
    worth = {key: _worth(costs[key]) for key in movable}
    solved = await asyncio.to_thread(
        _solve, asked, serving, settings, masks, needs, lapsed, movable, worth
    )
    found, stays, unneeded = solved
    gone = sorted(movable - stays.cameras, key=lambda key: (*(-x for x in worth[key]), key))
    proofs = _Proofs(found, asked, serving, needs, stays.cameras | (serving.keys() - set(gone)))
    return CanGo(
        requirements=len(needs),
        considered=len(movable),
        can_go=tuple(
            Needless(
                camera=serving[key].code,
                name=serving[key].name,
                area=serving[key].area_code,
                looks=costs[key]["looks"],
                cost_year=costs[key]["cost_year"],
                cost_purchase=costs[key]["cost_purchase"],
                first_entered_at=costs[key]["first_entered_at"],
                turns=serving[key].kind in model.turning,
                proof=proofs.of(key),
                lapsed=tuple(unneeded.get(key, ())),
            )
            for key in gone
        ),
        stay=len(movable) - len(gone),
        at_least=stays.at_least,
        exact=stays.exact,
        greedy=stays.greedy,
        blind=len(within & serving.keys()) - len(movable),
        undeclared=sum(
            key not in declared and each.intent is not Intent.RETIRED
            for key, each in known.items()
            if key in within
        ),
    )


def _worth(row: Any) -> Worth:
    """What its going would bring: a look at protected places ended, money, an old device less."""
    cost = (row["cost_year"] or 0.0, row["cost_purchase"] or 0.0)
    return (row["looks"] or 0.0, *cost, -row["first_entered_at"].timestamp())


def _solve(
    asked: Mapping[int, Place],
    serving: Mapping[int, Camera],
    settings: Coverage,
    masks: Mapping[int, Sequence[Mask]],
    needs: Mapping[int, float],
    lapsed: frozenset[int],
    movable: Collection[int],
    worth: Mapping[int, Worth],
) -> tuple[list[Watched], Staying, dict[int, list[str]]]:
    """Places with a requirement, who has to stay, and lapsed places that each camera watches."""
    built = Atlas(
        asked,
        serving,
        assumed.footprint_model(settings),
        surroundings=assumed.surroundings(settings),
        masks=masks,
        ranged=False,
    )
    shares = {**dict.fromkeys(lapsed, 0.0), **needs}
    everywhere = [each for city in built.maps for each in watched(city.survey, shares)]
    found = [each for each in everywhere if each.place in needs]
    unneeded: dict[int, list[str]] = {}
    for each in everywhere:
        if each.place not in needs:
            for camera in each.cameras:
                unneeded.setdefault(camera, []).append(asked[each.place].name)
    return found, staying(found, movable, worth), unneeded


class _Proofs:
    """Why each camera that can go is not missed."""

    def __init__(
        self,
        found: Sequence[Watched],
        asked: Mapping[int, Place],
        serving: Mapping[int, Camera],
        needs: Mapping[int, float],
        stay: Collection[int],
    ) -> None:
        self._of: dict[int, list[Proof]] = {}
        stays = frozenset(stay)
        for each in found:
            still = sorted(serving[key].code for key in each.cameras & stays)
            proof = Proof(
                place=asked[each.place].name,
                required=needs[each.place],
                now=each.amount(each.cameras) / each.whole if each.whole else 0.0,
                without=each.amount(stays) / each.whole if each.whole else 0.0,
                also=tuple(still[:_NAMED]),
            )
            for camera in each.cameras - stays:
                self._of.setdefault(camera, []).append(proof)

    def of(self, camera: int) -> tuple[Proof, ...]:
        """One entry for each place that needs something and that it watches."""
        return tuple(self._of.get(camera, ()))
