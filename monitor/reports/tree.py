"""Puts the sums of areas in the order of their tree, with depth and size. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from monitor.availability import Ledger
from monitor.reports.content import AreaLine, CameraLine


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
) -> tuple[AreaLine, ...]:
    """One line per area, parents before their children, siblings by code.

    ledgers: sums of an area with all areas below it, by code.
    """
    counted = _counted(nodes, cameras)
    found = []
    for node, depth in _walk(nodes):
        found.append(
            AreaLine(
                code=node.code,
                name=node.name,
                level=node.level,
                depth=depth,
                cameras=counted.get(node.code, 0),
                ledger=ledgers.get(node.code, Ledger()),
            )
        )
    return tuple(found)


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
