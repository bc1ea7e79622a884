"""Reads surfaces and points from extracts of OpenStreetMap (.osm.pbf), by pyosmium.

What they are is asked of the caller, and forgotten.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import osmium
import shapely

from monitor.inventory.problems import Findings, Refused, refuse

_LARGEST = 300 * 1024**2  # a large city; its nodes take about three times as much memory
_HEAD_BYTES = 64
_PROBLEMS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Extract:
    """What a file holds. shapes: polygons and points in degrees. left_out: shapes of other things.

    source, dated, covers: what the file says of itself, "" and None where it does not.
    """

    findings: Findings
    shapes: list[Any]
    left_out: int = 0
    source: str = ""
    dated: str = ""
    covers: Any = None


def is_extract(path: str | os.PathLike[str]) -> bool:
    """Whether a file is an extract, by its content."""
    try:
        with Path(path).open("rb") as stream:
            return b"OSMHeader" in stream.read(_HEAD_BYTES)
    except OSError:
        return False  # whoever reads it next says what is wrong


def read(path: str | os.PathLike[str], wanted: Callable[[Mapping[str, str]], bool]) -> Extract:
    """Surfaces and points whose tags are wanted. Raises Refused."""
    file = Path(path).name
    if Path(path).stat().st_size > _LARGEST:
        reason = f"The extract is larger than {_LARGEST // 1024**2} MiB."
        raise refuse(file, reason, "Cut your city out of it: osmium extract -b W,S,E,N.")
    findings = Findings(file, _PROBLEMS, "object")
    try:
        shapes, left_out, drawn = _shapes(path, wanted)
        header = osmium.FileProcessor(str(path)).header
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise _damaged(file, error) from error
    missing = drawn - sum(shape.geom_type != "Point" for shape in shapes)
    if missing > 0:
        findings.warn(
            f"{missing:,} outlines are not closed within the extract and were left out.",
            "Cut the extract with complete ways and relations (osmium extract does).",
        )
    box = header.box()
    return Extract(
        findings=findings,
        shapes=shapes,
        left_out=left_out,
        source="OpenStreetMap",
        dated=header.get("osmosis_replication_timestamp"),
        covers=[box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat]
        if box.valid()
        else None,
    )


def _damaged(file: str, error: Exception) -> Refused:
    return refuse(file, f"The extract is damaged ({error}).", "Download it again.")


def _shapes(
    path: str | os.PathLike[str], wanted: Callable[[Mapping[str, str]], bool]
) -> tuple[list[Any], int, int]:
    """Wanted shapes; how many others there are; how many surfaces should have been drawn."""
    factory = osmium.geom.WKBFactory()
    shapes: list[Any] = []
    left_out = drawn = 0
    tagged = osmium.filter.EmptyTagFilter()
    each: Any
    for each in osmium.FileProcessor(str(path)).with_areas(tagged).with_filter(tagged):
        is_area, is_node = each.is_area(), each.is_node()
        chosen = wanted({tag.k: tag.v for tag in each.tags})
        if not (is_area or is_node):
            drawn += chosen and _outlines(each)
        elif not chosen:
            left_out += is_area
        elif is_node:
            shapes.append(shapely.Point(each.location.lon, each.location.lat))
        elif each.num_rings()[0]:  # none where its lines cross or touch each other
            shapes.append(shapely.from_wkb(factory.create_multipolygon(each)))
    return shapes, left_out, drawn


def _outlines(each: Any) -> bool:
    """Whether a way or relation is the outline of a surface."""
    if each.is_way():
        return bool(each.is_closed())
    return each.tags.get("type") in ("multipolygon", "boundary")
