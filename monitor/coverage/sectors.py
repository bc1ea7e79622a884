"""The fields of all cameras as arrays on the city plane, their boxes and their outlines.

What a camera sees by its file is left to `footprint`; this module only lays it out for arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray

from monitor.coverage.footprint import Field
from monitor.geodesy.projection import Points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sectors:
    """One entry per field. camera: index into the list of cameras, never falling.

    x, y: metres on the city plane. azimuth, half: radians, clockwise from north and half the
    opening. far, near: metres.
    """

    camera: Ints
    x: Floats
    y: Floats
    azimuth: Floats
    half: Floats
    far: Floats
    near: Floats

    def __len__(self) -> int:
        return len(self.camera)

    def part(self, which: slice | Ints) -> "Sectors":
        """Only the fields at these positions."""
        return Sectors(
            camera=self.camera[which],
            x=self.x[which],
            y=self.y[which],
            azimuth=self.azimuth[which],
            half=self.half[which],
            far=self.far[which],
            near=self.near[which],
        )


def scaled(sectors: Sectors, factor: float) -> Sectors:
    """The same fields with their far range multiplied."""
    return replace(sectors, far=sectors.far * factor)


def lay_out(fields: Mapping[int, Sequence[Field]], plane: Points) -> Sectors:
    """Arrays of the fields of each camera index; `plane` holds the position of every index."""
    owners = sorted(fields)
    flat = [
        (index, one.azimuth_deg, one.opening_deg, one.far_m, one.near_m)
        for index in owners
        for one in fields[index]
    ]
    table = np.array(flat, dtype=np.float64).reshape(-1, 5)
    camera = table[:, 0].astype(np.int64)
    return Sectors(
        camera=camera,
        x=plane[camera, 0],
        y=plane[camera, 1],
        azimuth=np.radians(table[:, 1]),
        half=np.radians(np.minimum(table[:, 2], 360.0)) / 2,
        far=table[:, 3],
        near=table[:, 4],
    )


def extents(sectors: Sectors) -> tuple[Floats, Floats, Floats, Floats]:
    """How far each sector reaches west, south, east and north of its camera, metres; west and
    south are negative."""
    sides = []
    for pole in (0.5 * np.pi, 0.0):  # east for x, north for y
        edges = [
            np.cos(sectors.azimuth + turn * sectors.half - pole) * sectors.far for turn in (-1, 1)
        ]
        high = np.maximum(np.maximum(*edges), 0.0)
        low = np.minimum(np.minimum(*edges), 0.0)
        # where the sector crosses the axis itself the arc reaches further than its ends
        high = np.where(_looks_at(sectors, pole), sectors.far, high)
        low = np.where(_looks_at(sectors, pole + np.pi), -sectors.far, low)
        sides.append((low, high))
    (west, east), (south, north) = sides
    return west, south, east, north


def boxes(sectors: Sectors) -> NDArray[np.object_]:
    """The smallest upright rectangle around each sector, as shapely polygons."""
    west, south, east, north = extents(sectors)
    made: NDArray[np.object_] = shapely.box(
        sectors.x + west, sectors.y + south, sectors.x + east, sectors.y + north
    )
    return made


def _looks_at(sectors: Sectors, direction: float) -> Bools:
    away = np.abs((sectors.azimuth - direction + np.pi) % (2 * np.pi) - np.pi)
    inside: Bools = away <= sectors.half + 1e-12
    return inside


def outline(sectors: Sectors, position: int, corners_per_turn: int = 72) -> Points:
    """The closed border of one sector in metres; a hole at the foot of the mast is not drawn."""
    half = float(sectors.half[position])
    corners = max(2, int(np.ceil(corners_per_turn * half / np.pi)) + 1)
    turn = sectors.azimuth[position] + np.linspace(-half, half, corners)
    arc = np.column_stack([np.sin(turn), np.cos(turn)]) * sectors.far[position]
    foot = np.zeros((1, 2))
    ring = np.vstack([arc[:-1], arc[:1]] if half >= np.pi else [foot, arc, foot])
    centre = np.array([sectors.x[position], sectors.y[position]])
    moved: Points = ring + centre
    return moved


def polygon(
    sectors: Sectors, position: int, corners_per_turn: int = 72
) -> shapely.geometry.base.BaseGeometry:
    """One sector as a shapely polygon, the hole of the blind spot cut out."""
    shape = shapely.Polygon(outline(sectors, position, corners_per_turn))
    near = float(sectors.near[position])
    if near <= 0:
        return shape
    foot = shapely.Point(sectors.x[position], sectors.y[position])
    return shape.difference(foot.buffer(near, quad_segs=corners_per_turn // 4))
