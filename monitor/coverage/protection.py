"""Says which places touch a protected place, and where nobody knows because no layer is loaded.

A place is compared by what is measured of it: the lines of a street, the line around a school, the
surface of a named area. Outlines carry no kind, name or number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely

from monitor.coverage import targets
from monitor.coverage.targets import Shapes, Surroundings
from monitor.geodesy.outline import repaired
from monitor.geodesy.projection import Projection
from monitor.model import Place, PlaceKind

_POINT = 0  # GEOS geometry type number
_DIGITS = 6  # of a degree: a decimetre


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """The surface (degrees) for which a layer of this day claims to be complete."""

    dated: date
    surface: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A place where protected places are known. layer_dated: day of the oldest layer concerned.

    touch: a point (lon, lat) in which the place touches a protected place; None where it does not.
    """

    layer_dated: date
    touch: tuple[float, float] | None


def standings(
    places: Mapping[int, Place],
    outlines: Shapes,
    claims: Sequence[Claim],
    surroundings: Surroundings | None = None,
) -> dict[int, Standing]:
    """The standing of each place that lies wholly where layers claim to be complete."""
    measured = _measured(places, surroundings or Surroundings())
    if not measured or not claims:
        return {}
    keys, shapes = list(measured), np.array(list(measured.values()), dtype=object)
    claimed = shapely.union_all([claim.surface for claim in claims])
    shapely.prepare(claimed)
    known = shapely.covers(claimed, shapes)
    touches = _touches(shapes, outlines)
    found = {}
    for index in np.flatnonzero(known).tolist():
        dates = [each.dated for each in claims if shapely.intersects(each.surface, shapes[index])]
        found[keys[index]] = Standing(layer_dated=min(dates), touch=touches.get(index))
    return found


def _measured(places: Mapping[int, Place], surroundings: Surroundings) -> dict[int, Any]:
    """What is measured of each place, in degrees; those that cannot be drawn are left out."""
    keys = tuple(sorted(places))
    shapes, defects = targets.shapes(places, keys, {})
    found = {}
    for key, shape in zip(keys, shapes.tolist(), strict=True):
        if key in defects:
            continue
        kind = places[key].kind
        drawn = shape if kind is PlaceKind.STREET else _site(shape, kind, surroundings)
        if drawn is not None:
            found[key] = drawn
    return found


def _site(shape: Any, kind: PlaceKind, surroundings: Surroundings) -> Any:
    plane = Projection.centred_on(shapely.get_coordinates(shape))
    flat = shapely.transform(shape, plane.to_plane)
    if shapely.get_type_id(flat) == _POINT:
        flat = flat.buffer(surroundings.point_m)
    site = repaired(flat)
    if site is not None and kind is PlaceKind.SCHOOL:
        site = shapely.boundary(site.buffer(surroundings.ring_m))
    return None if site is None else shapely.transform(site, plane.to_lonlat)


def _touches(shapes: Shapes, outlines: Shapes) -> dict[int, tuple[float, float]]:
    """A common point of each shape that meets an outline."""
    if not len(outlines):
        return {}
    outline, shape = shapely.STRtree(shapes).query(outlines, predicate="intersects")
    shape, first = np.unique(shape, return_index=True)
    common = shapely.intersection(shapes[shape], outlines[outline[first]])
    spots = shapely.get_coordinates(shapely.point_on_surface(common)).round(_DIGITS).tolist()
    return {index: (lon, lat) for index, (lon, lat) in zip(shape.tolist(), spots, strict=True)}
