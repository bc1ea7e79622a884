"""Builds everything about a city's coverage that does not change when a camera goes up or down.

States are left to `citymap`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from monitor.coverage import axis as axes
from monitor.coverage import intervals, sectors, surfaces, sweep, targets
from monitor.coverage.axis import sums
from monitor.coverage.footprint import Defect, Field, FootprintModel, fields
from monitor.coverage.masks import Mask, unmasked
from monitor.coverage.sectors import Bools, Ints
from monitor.coverage.targets import MAIN, Layout, Surroundings
from monitor.geodesy.projection import Points, Projection
from monitor.model import Camera, Intent, Place

_FAR_DEG = 3.0  # no city is larger; beyond it the plane would bend and the position is a slip


@dataclass(frozen=True, kw_only=True, slots=True)
class Survey:
    """Places, cameras in service and who sees what.

    keys: camera key per camera index. fields, defects: by camera key, each camera in one of them.
    seeing: has fields; steady: has fields that count as watched, not only as reachable. seen_um:
    length in view of each camera index over streets and school perimeters. length_um: per target.
    """

    layout: Layout
    projection: Projection
    axis: axes.Axis
    keys: tuple[int, ...]
    fields: Mapping[int, tuple[Field, ...]]
    defects: Mapping[int, Defect]
    sectors: sectors.Sectors
    rows: intervals.Rows
    ends: sweep.Ends
    surfaces: Mapping[int, surfaces.Surface]
    seeing: Bools
    steady: Bools
    seen_um: Ints
    length_um: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Band:
    """Designed amount at other ranges: micrometres per target, square metres per surface."""

    lines_um: Ints
    surfaces_m2: Mapping[int, float]


def survey(
    places: Mapping[int, Place],
    cameras: Mapping[int, Camera],
    model: FootprintModel,
    surroundings: Surroundings,
    left_out: Mapping[int, str] | None = None,
    masks: Mapping[int, Sequence[Mask]] | None = None,
) -> Survey:
    """Only cameras in service are in any set; the others are left out here."""
    layout = targets.lay_out(places, surroundings, left_out)
    axis = axes.lay(layout.lines, layout.line_target, layout.targets)
    installed = {key: one for key, one in cameras.items() if one.intent is Intent.IN_SERVICE}
    keys = tuple(sorted(installed))
    projection = _projection(layout, installed)
    seen, defects = _look(installed, model, projection, masks or {})
    laid = sectors.lay_out(
        {index: seen[key] for index, key in enumerate(keys) if key in seen},
        _positions(installed, keys, seen, projection),
    )
    rows = intervals.watch(axis, laid)
    ends = sweep.sort_ends(axis, rows, len(keys))
    headline = ends.row_target % 2 == MAIN
    return Survey(
        layout=layout,
        projection=projection,
        axis=axis,
        keys=keys,
        fields=seen,
        defects=defects,
        sectors=laid,
        rows=rows,
        ends=ends,
        surfaces=surfaces.watch(layout.surfaces, laid),
        seeing=np.array([key in seen for key in keys], dtype=bool),
        steady=np.array([key in seen and not seen[key][0].reachable for key in keys], dtype=bool),
        seen_um=sums(rows.camera, (rows.end - rows.start) * headline, len(keys)),
        length_um=axis.length_um(),
    )


def band(known: Survey, factor: float) -> Band:
    """What the steady cameras would be designed to see if every range were `factor` times as
    long."""
    steady = np.flatnonzero(known.steady[known.sectors.camera])
    scaled = sectors.scaled(known.sectors.part(steady), factor)
    seen = surfaces.watch(known.layout.surfaces, scaled)
    return Band(
        lines_um=intervals.seen_um(known.axis, intervals.watch(known.axis, scaled)),
        surfaces_m2={index: one.seen_m2(known.steady) for index, one in seen.items()},
    )


def _projection(layout: Layout, cameras: Mapping[int, Camera]) -> Projection:
    if layout.keys:
        return layout.projection
    placed = [(c.lon, c.lat) for c in cameras.values() if c.lon is not None and c.lat is not None]
    return Projection.centred_on(np.array(placed)) if placed else layout.projection


def _look(
    cameras: Mapping[int, Camera],
    model: FootprintModel,
    centre: Projection,
    masks: Mapping[int, Sequence[Mask]],
) -> tuple[dict[int, tuple[Field, ...]], dict[int, Defect]]:
    seen: dict[int, tuple[Field, ...]] = {}
    defects: dict[int, Defect] = {}
    for key, camera in cameras.items():
        found = fields(camera, model)
        if isinstance(found, Defect):
            defects[key] = found
        elif _far(camera, centre):
            defects[key] = Defect.FAR_AWAY
        elif left := unmasked(found, masks.get(key, ())):
            seen[key] = left
        else:
            defects[key] = Defect.MASKED
    return seen, defects


def _far(camera: Camera, centre: Projection) -> bool:
    east = abs((camera.lon or 0.0) - centre.lon_deg)
    return max(min(east, 360 - east), abs((camera.lat or 0.0) - centre.lat_deg)) > _FAR_DEG


def _positions(
    cameras: Mapping[int, Camera],
    keys: tuple[int, ...],
    seen: Mapping[int, tuple[Field, ...]],
    centre: Projection,
) -> Points:
    """Metres per camera index; those without fields are put at the centre and never asked."""
    spare = (centre.lon_deg, centre.lat_deg)
    lonlat = [(cameras[key].lon, cameras[key].lat) if key in seen else spare for key in keys]
    return centre.to_plane(np.array(lonlat, dtype=np.float64).reshape(-1, 2))
