"""Measures coverage, looks at protected places and what can go, beside GEOS doing the same.

One process, one thread, CPU seconds, a made-up city. The peer is what a map program would do:
sectors as polygons of 24 corners, united per street, and one number for each; for protected
places the same polygons cut with each outline. It counts nothing twice, and finds no gaps.
"""

import asyncio
import json
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from monitor.bench import synthetic
from monitor.bench.synthetic import CENTRE, City
from monitor.coverage import sectors
from monitor.coverage.citymap import CoverageMap
from monitor.coverage.footprint import FootprintModel
from monitor.coverage.looks import eye, looks
from monitor.coverage.needless import staying, watched
from monitor.coverage.neighbourhood import Neighbourhood
from monitor.coverage.outlines import Outlines
from monitor.coverage.survey import Survey
from monitor.model import Health

Tell = Callable[[str], None]
_CHILD = "from monitor.bench.covering import main; main()"
_CORNERS = 24
_SHARE = 0.3  # required of each street, for what can go


async def measure(cameras: int, tell: Tell) -> dict[str, Any]:
    """CPU seconds for so many cameras, half as many streets, twice as many protected places."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _CHILD, str(cameras)), stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"the measurement of coverage ended with {child.returncode}")
    found: dict[str, Any] = json.loads(told)
    tell(
        f"{cameras:,} cameras x {cameras // 2:,} streets: {found['coverage_s']:.1f} CPU s, "
        f"{1 / found['coverage_ratio']:.1f} times faster than GEOS ({found['geos_s']:.1f} s); 100 "
        f"changes {1000 * found['changes_s']:.0f} ms; one camera turned "
        f"{1000 * found['turned_s']:.0f} ms"
    )
    tell(
        f"looks at {2 * cameras:,} protected places: {found['looks_s']:.1f} CPU s "
        f"({found['looking']:,} look at one), GEOS {found['geos_looks_s']:.1f} s; what can go "
        f"{found['can_go_s']:.1f} s ({found['stay']:,} stay, at least {found['at_least']:,}); "
        f"{found['memory_mb']:.0f} MB at most"
    )
    return found


def main() -> None:
    """The child: prints its figures as JSON."""
    count = int(sys.argv[1])
    warm = synthetic.make(cameras=9, streets=3)
    CoverageMap(warm.places, warm.cameras).update(
        {1: Health.UP}
    )  # what libraries load on first use
    city = synthetic.make(cameras=count, streets=max(count // 2, 1))
    known, coverage_s = _timed(lambda: _built(city))
    changes_s = _changes(known, city)
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    survey = known.survey
    stays, can_go_s = _timed(lambda: _stay(survey, city))
    shapes, drawn_s = _timed(lambda: _polygons(survey))
    _, united_s = _timed(lambda: _united(city, shapes))
    neighbourhood = Neighbourhood(city.places, city.cameras, FootprintModel())
    turned = [_timed(partial(_turn, neighbourhood, city, key))[1] for key in range(1, 10)]
    outlines = synthetic.houses(city, 2 * count)
    looked, looks_s = _timed(lambda: _looks(city, outlines))
    _, cut_s = _timed(lambda: _cut(shapes, outlines))
    figures: Mapping[str, float] = {
        "cameras": count,
        "coverage_s": coverage_s,
        "geos_s": drawn_s + united_s,
        "coverage_ratio": coverage_s / (drawn_s + united_s),
        "changes_s": changes_s,
        "turned_s": sorted(turned)[len(turned) // 2],
        "can_go_s": coverage_s + can_go_s,
        "stay": len(stays.cameras),
        "at_least": stays.at_least,
        "looks_s": looks_s,
        "looking": looked,
        "geos_looks_s": drawn_s + cut_s,
        "memory_mb": memory_mb,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    done = work()
    return done, time.process_time() - began


def _built(city: City) -> CoverageMap:
    known = CoverageMap(city.places, city.cameras, ranged=False)
    known.figures(synthetic.states(city))
    return known


def _changes(known: CoverageMap, city: City) -> float:
    """The middle of nine changes of 100 cameras."""
    found = []
    for seed in range(9):
        count = min(100, len(city.cameras))
        chosen = random.Random(seed).sample(sorted(city.cameras), count)  # noqa: S311
        health = Health.UP if seed % 2 else Health.DOWN
        found.append(_timed(partial(known.update, dict.fromkeys(chosen, health)))[1])
    return sorted(found)[4]


def _stay(known: Survey, city: City) -> Any:
    return staying(watched(known, dict.fromkeys(city.places, _SHARE)), set(city.cameras))


def _turn(neighbourhood: Neighbourhood, city: City, key: int) -> None:
    neighbourhood.difference({key: replace(city.cameras[key], direction="10")})


def _looks(city: City, outlines: NDArray[np.object_]) -> int:
    model = FootprintModel()
    eyes = {key: found for key, each in city.cameras.items() if (found := eye(each, model))}
    return len(looks(eyes, Outlines(outlines)))


def _polygons(known: Survey) -> NDArray[np.object_]:
    """The peer's sectors, metres."""
    per_turn = np.ceil((_CORNERS - 1) * np.pi / known.sectors.half).astype(int).tolist()
    drawn = [sectors.polygon(known.sectors, at, corners) for at, corners in enumerate(per_turn)]
    return np.array(drawn, dtype=object)


def _united(city: City, shapes: NDArray[np.object_]) -> float:
    """Metres of all streets within the union of the sectors near each."""
    lines = shapely.linestrings
    streets = np.array(
        [
            lines(CENTRE.to_plane(np.array(place.geometry["coordinates"])))
            for place in city.places.values()
        ],
        dtype=object,
    )
    street, sector = shapely.STRtree(shapes).query(streets, predicate="intersects")
    order = np.argsort(street, kind="stable")
    street, sector = street[order], sector[order]
    seen = 0.0
    bounds = np.searchsorted(street, np.arange(len(streets) + 1)).tolist()
    for at, line in enumerate(streets):
        near = shapes[sector[bounds[at] : bounds[at + 1]]]
        if len(near):
            seen += shapely.intersection(line, shapely.union_all(near)).length
    return seen


def _cut(shapes: NDArray[np.object_], outlines: NDArray[np.object_]) -> float:
    """Square metres of outlines within each sector near it."""
    flat = shapely.transform(outlines, CENTRE.to_plane)
    sector, outline = shapely.STRtree(flat).query(shapes, predicate="intersects")
    return float(shapely.area(shapely.intersection(shapes[sector], flat[outline])).sum())
