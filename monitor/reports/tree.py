"""Puts the sums of areas in the order of their tree, with depth, size, judgement and rank. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor.availability import Ledger
from monitor.reports.content import AreaLine, CameraLine, Light, Targets

_RANKED = frozenset({Light.GREEN, Light.YELLOW, Light.RED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """An area and the code of the one above it."""

    code: str
    name: str
    parent: str | None
    level: str


def lines(
    nodes: Sequence[Node],
    ledgers: Mapping[str, Ledger],
    cameras: Iterable[CameraLine],
    targets: Targets,
) -> tuple[AreaLine, ...]:
    """One line per area, parents before their children, siblings by code; each with its rank.

    ledgers: sums of an area with all areas below it, by code.
    """
    counted = _counted(nodes, cameras)
    found = []
    for node, depth in _walk(nodes):
        ledger = ledgers.get(node.code, Ledger())
        found.append(
            AreaLine(
                code=node.code,
                name=node.name,
                level=node.level,
                depth=depth,
                cameras=counted.get(node.code, 0),
                ledger=ledger,
                light=targets.judge(ledger),
            )
        )
    return _ranked(found)


def _walk(nodes: Sequence[Node]) -> Iterator[tuple[Node, int]]:
    below: dict[str | None, list[Node]] = {}
    for node in sorted(nodes, key=lambda each: each.code, reverse=True):
        below.setdefault(node.parent, []).append(node)
    waiting = [(node, 0) for node in below.get(None, [])]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting += [(child, depth + 1) for child in below.get(node.code, [])]


def _counted(nodes: Sequence[Node], cameras: Iterable[CameraLine]) -> dict[str, int]:
    """Cameras of each area and all below it, by where each camera belongs now."""
    above = {node.code: node.parent for node in nodes}
    counted: dict[str, int] = {}
    for camera in cameras:
        seen: set[str] = set()  # the schema does not forbid a ring of areas
        code = camera.area_code
        while code is not None and code not in seen:
            seen.add(code)
            counted[code] = counted.get(code, 0) + 1
            code = above.get(code)
    return counted


def _ranked(found: Sequence[AreaLine]) -> tuple[AreaLine, ...]:
    """Equal rates share a rank; the next one counts them. Compared unrounded.

    An area that is alone on its level is compared with nobody and has no rank.
    """
    levels = Counter(each.depth for each in found)
    rates: dict[int, list[float]] = {}
    for each in found:
        rate = _rate(each)
        if rate is not None:
            rates.setdefault(each.depth, []).append(rate)
    for of_level in rates.values():
        of_level.sort(reverse=True)
    return tuple(
        each
        if (rate := _rate(each)) is None or levels[each.depth] == 1
        else replace(each, rank=rates[each.depth].index(rate) + 1)
        for each in found
    )


def _rate(area: AreaLine) -> float | None:
    if area.small or area.light not in _RANKED:
        return None
    return area.ledger.availability
