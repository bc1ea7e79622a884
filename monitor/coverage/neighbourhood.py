"""The figures of just the places that some cameras see, before and after those cameras change.

Only the places in reach are laid out, with every camera that can see some of them, so that one
camera turned costs milliseconds in any city.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from monitor.coverage.atlas import Atlas
from monitor.coverage.extent import PlaceFigures
from monitor.coverage.footprint import Defect, FootprintModel, fields
from monitor.coverage.masks import Mask
from monitor.coverage.outlines import metres_per_degree
from monitor.coverage.targets import Shapes, Surroundings, shapes
from monitor.model import Camera, Place, PlaceKind

_MORE_M = 1.0  # a view that ends at a line sees it


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Figures by design of the places in reach, by key, before and after."""

    before: Mapping[int, PlaceFigures]
    after: Mapping[int, PlaceFigures]


class Neighbourhood:
    """A city to ask what would change. Cameras: those that count."""

    def __init__(
        self,
        places: Mapping[int, Place],
        cameras: Mapping[int, Camera],
        model: FootprintModel,
        surroundings: Surroundings | None = None,
        masks: Mapping[int, Sequence[Mask]] | None = None,
    ) -> None:
        self._places, self._cameras, self._model = places, cameras, model
        self._surroundings, self._masks = surroundings or Surroundings(), masks or {}
        self._place_keys = tuple(sorted(places))
        self._boxes = _place_boxes(places, self._place_keys, self._surroundings)
        self._place_tree = shapely.STRtree(self._boxes)
        self._camera_keys = tuple(sorted(cameras))
        self._camera_tree = shapely.STRtree(
            _reaches([cameras[key] for key in self._camera_keys], model)
        )

    def difference(self, changed: Mapping[int, Camera | None]) -> Difference:
        """What other files of these cameras would make of the places; None is a camera gone."""
        old = [self._cameras[key] for key in changed if key in self._cameras]
        new = [camera for camera in changed.values() if camera is not None]
        boxes = _reaches([*old, *new], self._model)
        near = np.unique(self._place_tree.query(boxes)[1])
        places = {self._place_keys[at]: self._places[self._place_keys[at]] for at in near.tolist()}
        seeing = np.unique(self._camera_tree.query(self._boxes[near])[1])
        before = {
            self._camera_keys[at]: self._cameras[self._camera_keys[at]] for at in seeing.tolist()
        }
        after = {key: camera for key, camera in before.items() if key not in changed}
        after |= {key: camera for key, camera in changed.items() if camera is not None}
        return Difference(before=self._figures(places, before), after=self._figures(places, after))

    def _figures(
        self, places: Mapping[int, Place], cameras: Mapping[int, Camera]
    ) -> Mapping[int, PlaceFigures]:
        built = Atlas(
            places,
            cameras,
            self._model,
            surroundings=self._surroundings,
            masks=self._masks,
            ranged=False,
        )
        return built.figures({}).places


def _place_boxes(
    places: Mapping[int, Place], keys: tuple[int, ...], surroundings: Surroundings
) -> Shapes:
    """What is measured of each place lies inside of its box (degrees)."""
    drawn, _ = shapes(places, keys, {})
    west, south, east, north = shapely.bounds(drawn).T
    wide = {PlaceKind.SCHOOL: surroundings.point_m + surroundings.ring_m + _MORE_M}
    margin = np.array([wide.get(places[key].kind, _MORE_M) for key in keys])
    per_lon, per_lat = metres_per_degree(np.nan_to_num((south + north) / 2))
    x, y = margin / per_lon, margin / per_lat
    boxes: Shapes = shapely.box(west - x, south - y, east + x, north + y)
    return boxes


def _reaches(cameras: Sequence[Camera], model: FootprintModel) -> Shapes:
    """A box around all that each camera can see, however it is turned; empty where nobody knows."""
    far, spots = [], []
    for camera in cameras:
        found = fields(camera, model)
        unknown = isinstance(found, Defect)
        far.append(0.0 if isinstance(found, Defect) else max(one.far_m for one in found))
        spots.append((np.nan, np.nan) if unknown else (camera.lon, camera.lat))
    lon, lat = np.array(spots, dtype=float).reshape(-1, 2).T
    reach = np.array(far) + _MORE_M
    per_lon, per_lat = metres_per_degree(np.nan_to_num(lat))
    x, y = reach / per_lon, reach / per_lat
    boxes: Shapes = shapely.box(lon - x, lat - y, lon + x, lat + y)
    return boxes
