"""Turns places into what is measured: streets, rings and approaches of schools, key areas.

Lengths and cameras are left to the other modules of this folder.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from monitor.coverage.sectors import Ints
from monitor.geodesy.extent import extent, misplaced
from monitor.geodesy.outline import NO_SURFACE, repaired
from monitor.geodesy.projection import Projection
from monitor.geodesy.strokes import drawn_twice, once
from monitor.model import Place, PlaceKind

MAIN, APPROACH = 0, 1
"""Parts of a place: target number = 2 * place index + part."""

_POINTS, _LINES, _SURFACES = (0, 4), (1, 2, 5), (3, 6)  # GEOS geometry type numbers

# Segments of a quarter circle: an approach of 100 m ends within a centimetre of its true border.
_QUARTER = 64

Shapes = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """How a site becomes lines, metres. ring_m: distance of the perimeter line outside the site.
    approach_m: how far public street counts as approach (local checklists say 50..200). point_m:
    radius assumed around a site known as a point only."""

    ring_m: float = 5.0
    approach_m: float = 100.0
    point_m: float = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """What is measured, on the city plane.

    keys, kinds: per place index. lines with line_target: rising target numbers. surfaces: key areas
    by place index. assumed: place indices whose outline is a disc around a point. defects: sentence
    per place key whose geometry cannot be used.
    """

    keys: tuple[int, ...]
    kinds: tuple[PlaceKind, ...]
    projection: Projection
    lines: Shapes
    line_target: Ints
    surfaces: Mapping[int, Any]
    assumed: frozenset[int]
    defects: Mapping[int, str]

    @property
    def targets(self) -> int:
        """Number of targets, those without lines included."""
        return 2 * len(self.keys)


def lay_out(
    places: Mapping[int, Place],
    surroundings: Surroundings,
    left_out: Mapping[int, str] | None = None,
) -> Layout:
    """Projects all places around their common centre and cuts them into targets.

    left_out: why a place shall have no figures, by its key.
    """
    keys = tuple(sorted(places))
    kinds = tuple(places[key].kind for key in keys)
    drawn, defects = shapes(places, keys, left_out or {})
    projection = _projection(drawn)
    flat = shapely.transform(drawn, projection.to_plane)
    streets = [i for i, kind in enumerate(kinds) if kind is PlaceKind.STREET]
    lines, target = _streets(flat, streets)
    sites, assumed = _sites(flat, kinds, surroundings, keys, defects)
    schools = {i: site for i, site in sites.items() if kinds[i] is PlaceKind.SCHOOL}
    rings = _rings(schools, surroundings)
    ways = _approaches(schools, lines, surroundings)
    lines = np.concatenate([lines, rings[0], ways[0]])
    target = np.concatenate([target, rings[1], ways[1]])
    order = np.argsort(target, kind="stable")
    return Layout(
        keys=keys,
        kinds=kinds,
        projection=projection,
        lines=lines[order],
        line_target=target[order],
        surfaces={i: site for i, site in sites.items() if kinds[i] is PlaceKind.KEY_AREA},
        assumed=frozenset(assumed),
        defects=defects,
    )


def shapes(
    places: Mapping[int, Place], keys: tuple[int, ...], left_out: Mapping[int, str]
) -> tuple[Shapes, dict[int, str]]:
    """Each place as it is drawn, degrees; an empty one, and why, where it cannot be used."""
    drawn = _drawn([places[key] for key in keys])
    defects = {}
    kinds, points = shapely.get_type_id(drawn), shapely.get_num_coordinates(drawn)
    bounds = np.abs(shapely.bounds(drawn)) <= (180.0, 89.0, 180.0, 89.0)
    usable = bounds.all(axis=1)  # false for NaN, hence for empty shapes too
    for index, key in enumerate(keys):
        problem = left_out.get(key) or _problem(places[key], int(kinds[index]), int(points[index]))
        if problem is None and not usable[index]:
            problem = "Coordinates are out of range: longitude first, degrees."
        if problem is not None:
            drawn[index], defects[key] = shapely.Point(), problem
    return drawn, defects


def middles(places: Mapping[int, Place]) -> dict[int, tuple[float, float]]:
    """Where each place lies (longitude, latitude), of those that can be drawn."""
    keys = tuple(sorted(places))
    drawn, _ = shapes(places, keys, {})
    usable = np.flatnonzero(~shapely.is_empty(drawn)).tolist()
    points = shapely.get_coordinates(shapely.centroid(drawn[usable])).tolist()
    return {keys[index]: (lon, lat) for index, (lon, lat) in zip(usable, points, strict=True)}


def misplaced_places(spots: Mapping[int, tuple[float, float]]) -> dict[int, str]:
    """Places at 0/0, with exchanged axes or a lost sign; out until somebody settles them."""
    where = extent(list(spots.values()), "the middle of the places")
    reasons = {key: misplaced(where, *spot) for key, spot in spots.items()}
    return {key: reason for key, reason in reasons.items() if reason}


def _drawn(places: Sequence[Place]) -> Shapes:
    """Their shapes in two dimensions; None where it cannot be read. Nearly all are plain lines, and
    those need no text on the way."""
    drawn = np.full(len(places), None, dtype=object)
    plain = [at for at, each in enumerate(places) if _is_line(each.geometry)]
    lines = _plain_lines([places[at].geometry["coordinates"] for at in plain])
    if lines is None:
        plain = []
    else:
        drawn[plain] = lines
    others = np.setdiff1d(np.arange(len(places)), plain)
    texts = np.array([_text(places[at]) for at in others.tolist()], dtype=object)
    drawn[others] = shapely.force_2d(shapely.from_geojson(texts, on_invalid="ignore"))
    return drawn


def _is_line(geometry: Mapping[str, Any]) -> bool:
    points = geometry.get("coordinates")
    return geometry.get("type") == "LineString" and isinstance(points, list) and len(points) > 1


def _plain_lines(coordinates: Sequence[list[Any]]) -> Shapes | None:
    """Lines of lists of points; None where one of them is not as it should be."""
    try:
        points = np.array(list(chain.from_iterable(coordinates)))
    except (TypeError, ValueError):
        return None
    sound = points.ndim == 2 and points.shape[1] in (2, 3) and points.dtype.kind in "fi"
    if not sound or not np.isfinite(points).all():
        return None
    owner = np.repeat(np.arange(len(coordinates)), [len(points) for points in coordinates])
    found: Shapes = shapely.linestrings(points[:, :2].astype(np.float64), indices=owner)
    return found


def _text(place: Place) -> str:
    try:
        return json.dumps(dict(place.geometry))
    except (TypeError, ValueError, RecursionError):
        return ""


def _problem(place: Place, type_id: int, points: int) -> str | None:
    if type_id < 0:
        return "The geometry is not readable GeoJSON."
    if not points and place.excluded_m:
        return f"All of it, {place.excluded_m:,.0f} m, is tunnel, covered or unbuilt."
    kind = place.kind
    wanted = _LINES if kind is PlaceKind.STREET else _POINTS + _SURFACES
    if type_id not in wanted:
        return f"The shape does not fit a {kind.value}: lines for streets, surfaces for the others."
    return None if points else "The geometry is empty."


def _projection(shapes: Shapes) -> Projection:
    points = shapely.get_coordinates(shapes)
    return Projection.centred_on(points) if len(points) else Projection(lon_deg=0.0, lat_deg=0.0)


def _streets(flat: Shapes, streets: list[int]) -> tuple[Shapes, Ints]:
    lines = flat[streets]
    for again in drawn_twice(lines).tolist():
        lines[again] = once(lines[again])
    # Pieces that meet end to end become one line, so that a gap over a crossing stays one gap.
    parts, owner = shapely.get_parts(shapely.line_merge(lines), return_index=True)
    return parts, np.array(streets, dtype=np.int64)[owner] * 2 + MAIN


def _sites(
    flat: Shapes,
    kinds: tuple[PlaceKind, ...],
    surroundings: Surroundings,
    keys: tuple[int, ...],
    defects: dict[int, str],
) -> tuple[dict[int, Any], set[int]]:
    """Sites by place index, and which of them are assumed; one that cannot be drawn is a defect."""
    sites, assumed = {}, set()
    for index, kind in enumerate(kinds):
        shape = flat[index]
        if kind is PlaceKind.STREET or shape.is_empty:
            continue
        if shapely.get_type_id(shape) in _POINTS:
            shape = shape.buffer(surroundings.point_m)
            assumed.add(index)
        site = repaired(shape)
        if site is None:
            defects[keys[index]] = NO_SURFACE
            assumed.discard(index)
        else:
            sites[index] = site
    return sites, assumed


def _rings(schools: Mapping[int, Any], surroundings: Surroundings) -> tuple[Shapes, Ints]:
    outside = shapely.buffer(np.array(list(schools.values()), dtype=object), surroundings.ring_m)
    parts, owner = shapely.get_parts(outside, return_index=True)
    places = np.array(list(schools), dtype=np.int64)[owner]
    return shapely.get_exterior_ring(parts), places * 2 + MAIN


def _approaches(
    schools: Mapping[int, Any], streets: Shapes, surroundings: Surroundings
) -> tuple[Shapes, Ints]:
    sites = np.array(list(schools.values()), dtype=object)
    zones = shapely.difference(
        shapely.buffer(sites, surroundings.approach_m, quad_segs=_QUARTER), sites
    )
    school, street = shapely.STRtree(streets).query(zones, predicate="intersects")
    order = np.lexsort([street, school])
    school, street = school[order], street[order]
    pieces, owner = shapely.get_parts(
        shapely.intersection(streets[street], zones[school]), return_index=True
    )
    is_line = shapely.get_type_id(pieces) == 1
    places = np.array(list(schools), dtype=np.int64)[school[owner[is_line]]]
    return pieces[is_line], places * 2 + APPROACH
