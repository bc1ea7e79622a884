"""The coverage of one city: built from places and cameras, asked again as cameras go up and down.

A change of a camera's file or of a place means a new map; a change of state means `update`. Drawing
is left to `drawing`.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from monitor.coverage import assembly, gaps, sweep
from monitor.coverage.axis import UM_PER_M, sums
from monitor.coverage.extent import Figures, Gap
from monitor.coverage.footprint import Defect, FootprintModel
from monitor.coverage.intervals import Rows
from monitor.coverage.masks import Mask
from monitor.coverage.sectors import Bools, Ints
from monitor.coverage.survey import Survey, band, survey
from monitor.coverage.targets import MAIN, Surroundings
from monitor.coverage.uncollected import uncollected
from monitor.model import Camera, Health, Place

LOW, HIGH = 0.8, 1.25
"""Range factors of the band: the assumed range is the weakest input of the model."""


class CoverageMap:
    """Keys of places and cameras are the caller's.

    Only cameras in service belong to any set; one without a given state is unknown. With `ranged`
    the designed figure is also computed for shorter and longer ranges.
    """

    @uncollected()
    def __init__(
        self,
        places: Mapping[int, Place],
        cameras: Mapping[int, Camera],
        model: FootprintModel | None = None,
        *,
        surroundings: Surroundings | None = None,
        left_out: Mapping[int, str] | None = None,
        masks: Mapping[int, Sequence[Mask]] | None = None,
        gap_m: float = 10.0,
        ranged: bool = True,
    ) -> None:
        self.model = model or FootprintModel()
        self.survey: Survey = survey(
            places, cameras, self.model, surroundings or Surroundings(), left_out, masks
        )
        self._index = {key: index for index, key in enumerate(self.survey.keys)}
        self._gap_um = round(gap_m * UM_PER_M)
        self._band = tuple(band(self.survey, factor) for factor in (LOW, HIGH)) if ranged else ()
        cameras_known = len(self.survey.keys)
        self._online = np.zeros(cameras_known, dtype=bool)
        self._unknown = np.ones(cameras_known, dtype=bool)
        self._exclusive_um = np.zeros(len(self.survey.rows), dtype=np.int64)
        self._cost(self._all_targets())

    @property
    def defects(self) -> Mapping[int, Defect]:
        """Why a camera in service has no field, by camera key."""
        return self.survey.defects

    @property
    def place_defects(self) -> Mapping[int, str]:
        """Why a place has no figures, by place key."""
        return self.survey.layout.defects

    @uncollected()
    def figures(self, states: Mapping[int, Health]) -> Figures:
        """Takes the states of all cameras and computes everything; unknown keys are passed over."""
        self._online[:], self._unknown[:] = False, True
        self._take(states)
        places = np.arange(len(self.survey.layout.keys))
        return self._figures(places, self._all_targets(), np.arange(len(self.survey.keys)))

    def update(self, changed: Mapping[int, Health]) -> Figures:
        """Takes new states of some cameras; computes and returns the places and cameras touched."""
        moved = self._take(changed)
        targets, cameras = self._neighbours(moved)
        places = np.union1d(targets // 2, self._surfaces_of(moved)).astype(np.int64)
        both = np.union1d(places * 2, places * 2 + 1).astype(np.int64)
        return self._figures(places, both, cameras)

    def in_view_of(self, cameras: Collection[int]) -> frozenset[int]:
        """Keys of the places that any of these cameras sees a part of."""
        if not cameras:
            return frozenset()
        index = np.array(
            [self._index[key] for key in cameras if key in self._index], dtype=np.int64
        )
        targets, _ = self._neighbours(index)
        places = np.union1d(targets // 2, self._surfaces_of(index)).astype(np.int64)
        return frozenset(self.survey.layout.keys[place] for place in places.tolist())

    def weights(self) -> sweep.Weights:
        """Who counts in which set now."""
        steady, seeing = self.survey.steady, self.survey.seeing

        def padded(chosen: Bools) -> Ints:
            return np.append(chosen, False).astype(np.int64)

        return sweep.Weights(
            installed=padded(steady),
            online=padded(steady & self._online),
            hopeful=padded(steady & (self._online | self._unknown)),
            reaching=padded(seeing),
            reaching_now=padded(seeing & self._online),
        )

    def counts(self, which: Ints) -> sweep.Counts:
        """Cameras over each piece of the ends in `which`, now."""
        return sweep.count(self.survey.ends, self.weights(), which)

    def _all_targets(self) -> Ints:
        return np.arange(self.survey.layout.targets)

    def _take(self, states: Mapping[int, Health]) -> Ints:
        """Stores states; the indices of cameras whose state is another one now."""
        known = [(self._index[key], state) for key, state in states.items() if key in self._index]
        index = np.array([position for position, _ in known], dtype=np.int64)
        online = np.array([state == Health.UP for _, state in known], dtype=bool)
        unknown = np.array([state == Health.UNKNOWN for _, state in known], dtype=bool)
        moved = (self._online[index] != online) | (self._unknown[index] != unknown)
        self._online[index], self._unknown[index] = online, unknown
        other: Ints = index[moved]
        return other

    def _neighbours(self, moved: Ints) -> tuple[Ints, Ints]:
        """Targets the moved cameras see, and all cameras that see one of those."""
        ends, rows = self.survey.ends, self.survey.rows
        is_moved = _marks(moved, len(self.survey.keys))
        targets = np.unique(ends.row_target[is_moved[rows.camera]])
        is_near = _marks(targets, self.survey.layout.targets)
        return targets, np.union1d(np.unique(rows.camera[is_near[ends.row_target]]), moved)

    def _surfaces_of(self, moved: Ints) -> Ints:
        is_moved = _marks(moved, len(self.survey.keys))
        near = [i for i, one in self.survey.surfaces.items() if is_moved[one.cameras].any()]
        return np.array(near, dtype=np.int64)

    def _figures(self, places: Ints, targets: Ints, cameras: Ints) -> Figures:
        which, counts = self._cost(targets)
        lengths = sweep.lengths(self.survey.ends, counts, which)
        return Figures(
            places=assembly.places(
                self.survey, places, lengths, self.weights(), self._gaps(which, counts), self._band
            ),
            cameras=assembly.cameras(self.survey, cameras, self._per_camera()),
        )

    def _cost(self, targets: Ints) -> tuple[Ints, sweep.Counts]:
        """Counts the targets and renews what their cameras alone see."""
        ends, rows = self.survey.ends, self.survey.rows
        which, weights = sweep.ends_of(ends, targets), self.weights()
        counts = sweep.count(ends, weights, which)
        # approaches repeat metres of streets: they would count twice
        headline = _marks(targets[targets % 2 == MAIN], self.survey.layout.targets)
        chosen = np.flatnonzero(headline[ends.row_target])
        row = Rows(
            camera=rows.camera[chosen], start=ends.row_start[chosen], end=ends.row_end[chosen]
        )
        self._exclusive_um[chosen] = sweep.exclusive(ends, counts, weights, which, row)
        return which, counts

    def _per_camera(self) -> Ints:
        """What each camera alone sees, in micrometres by camera index."""
        return sums(self.survey.rows.camera, self._exclusive_um, len(self.survey.keys))

    def _gaps(self, which: Ints, counts: sweep.Counts) -> dict[int, list[Gap]]:
        blind = gaps.blind(self.survey.axis, self.survey.ends, counts, which, self._gap_um)
        return assembly.gaps_by_target(self.survey, blind)


def _marks(chosen: Ints, size: int) -> Bools:
    marks = np.zeros(size, dtype=bool)
    marks[chosen] = True
    return marks
