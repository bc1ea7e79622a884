"""Keeps the coverage of every place current in the database as cameras go up and down.

The geometry lives in memory and is rebuilt when the inventory changes; rows hold the results.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import shapely
import structlog

from db import cameras, findings, places, register, requirements
from db.pool import Connection
from monitor.assumed import footprint_model
from monitor.coverage.atlas import Atlas
from monitor.coverage.extent import Figures
from monitor.coverage.masks import Mask
from monitor.coverage.targets import Surroundings, lay_out
from monitor.model import Health
from monitor.settings import Coverage

_log = structlog.get_logger()
_PATIENCE = timedelta(seconds=60)  # figures kept current less often are nobody's knowledge


class Surveyor:
    """Call `refresh` every some seconds; one call at a time."""

    def __init__(self, pool: asyncpg.Pool, settings: Coverage, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._settings = settings
        self._now = now
        self._patience = max(_PATIENCE, timedelta(seconds=3 * settings.refresh_s))
        self._model = footprint_model(settings)
        self._city: Atlas | None = None
        self._revision = -1
        self._required: frozenset[int] = frozenset()
        self._declared: frozenset[int] = frozenset()
        self._masks: Mapping[int, tuple[Mask, ...]] = {}
        self._states: Mapping[int, Health] = {}

    async def refresh(self) -> int:
        """Bring the stored coverage up to now; returns how many places were written."""
        async with self._pool.acquire() as conn:
            revision = await cameras.revision(conn)
            silent = await places.silent_since(conn, self._now() - self._patience)
            required = await requirements.in_force(conn)
            declared = await register.declared(conn)
            stale = (revision, required, declared) != (
                self._revision,
                self._required,
                self._declared,
            )
            if self._city is None or stale or silent:
                self._required, self._declared = required, declared
                return await self._survey(conn, revision, silent)
            states, blind = await places.healths(conn)
            changed = {
                camera: health
                for camera, health in states.items()
                if self._states.get(camera) is not health
            }
            if not changed:
                await places.still_so(conn, self._now())
                return 0
            # it knows the changes from here on: if they cannot be stored, a new survey is due
            city, self._city = self._city, None
            figures = await asyncio.to_thread(city.update, changed)
            async with conn.transaction():
                await places.take_turn(conn)
                await self._store(conn, city, figures, blind)
                await places.still_so(conn, self._now())
            self._city, self._states = city, states
            return len(figures.places)

    async def _survey(self, conn: Connection, revision: int, silent: datetime | None) -> int:
        """Build the map anew, and store all of it. silent: since when nobody kept it current."""
        self._city = None
        stored = await places.places(conn)
        known = await cameras.cameras(conn)
        inventory = {key: each for key, each in known.items() if key in self._declared}
        rest = {key: each for key, each in known.items() if key not in self._declared}
        states, blind = await places.healths(conn)
        self._masks = await findings.masks(conn)
        city, left_out = await asyncio.to_thread(self._build_sound, stored, inventory)
        sound = {key: place for key, place in stored.items() if key not in left_out}
        undeclared = await asyncio.to_thread(self._undeclared, sound, rest)
        figures = await asyncio.to_thread(city.figures, states)
        defects = {
            camera: (defect.name.lower(), defect.value) for camera, defect in city.defects.items()
        }
        async with conn.transaction():
            await places.take_turn(conn)
            if silent:
                await places.forget(conn, silent, self._now())
            await places.begin_survey(
                conn, defects, {**city.place_defects, **left_out}, self._described(), self._now()
            )
            await self._store(conn, city, figures, blind)
            await places.store_undeclared(conn, undeclared)
        self._city, self._states, self._revision = city, states, revision
        for place, sentence in {**city.place_defects, **left_out}.items():
            _log.warning("place without figures", place=stored[place].code, why=sentence)
        _log.info("surveyed", places=len(stored), declared=len(inventory), defects=len(defects))
        return len(figures.places)

    def _undeclared(
        self, stored: Mapping[int, Any], rest: Mapping[int, Any]
    ) -> dict[int, float | None]:
        """Share of each place that cameras which count for nothing would see, whoever else does."""
        seen = self._build(stored, rest).figures({}).places
        return {key: each.designed for key, each in seen.items()}

    def _build_sound(
        self, stored: Mapping[int, Any], inventory: Mapping[int, Any]
    ) -> tuple[Atlas, dict[int, str]]:
        """The maps of all places that can be laid out, and why each other one cannot."""
        try:
            return self._build(stored, inventory), {}
        except shapely.GEOSException:
            sound, left_out = _split(stored, lambda some: _laid_out(some, self._settings))
            return self._build(sound, inventory), left_out

    def _build(self, stored: Mapping[int, Any], inventory: Mapping[int, Any]) -> Atlas:
        return Atlas(
            stored,
            inventory,
            self._model,
            surroundings=Surroundings(approach_m=self._settings.approach_m),
            gap_m=self._settings.min_gap_m,
            masks=self._masks,
            ranged=False,
        )

    async def _store(
        self, conn: Connection, city: Atlas, figures: Figures, blind: frozenset[int]
    ) -> None:
        if not figures.places:
            return
        now, dark = self._now(), city.in_view_of(blind)
        await places.store_coverage(conn, figures.places.values(), now, blind=dark)
        # where nobody gave a reason to watch, no list of unwatched stretches is made
        asked = [key for key in figures.places if key in self._required]
        lines = _gap_lines(city, asked, self._settings.min_gap_m)
        gaps = [
            (key, gap, lines[key, round(gap.from_m, 3)])
            for key in asked
            for gap in figures.places[key].gaps
        ]
        await places.store_gaps(conn, list(figures.places), gaps)
        await places.store_cameras(conn, figures.cameras.values())

    def _described(self) -> dict[str, Any]:
        """The model as it is printed with every figure."""
        return {
            "name": self._model.name,
            "line_of_sight": False,
            "ranges_m": {kind.value: view.range_m for kind, view in self._model.views.items()},
            "angles_deg": {kind.value: view.angle_deg for kind, view in self._model.views.items()},
            "approach_m": self._settings.approach_m,
            "min_gap_m": self._settings.min_gap_m,
        }


def _laid_out(some: Mapping[int, Any], settings: Coverage) -> None:
    lay_out(some, Surroundings(approach_m=settings.approach_m))


def _split(
    stored: Mapping[int, Any], attempt: Callable[[Mapping[int, Any]], None]
) -> tuple[Mapping[int, Any], dict[int, str]]:
    """Places that can be laid out, and why each other one cannot: one must not stop the rest."""
    try:
        attempt(stored)
    except shapely.GEOSException as exc:
        if len(stored) == 1:
            return {}, dict.fromkeys(stored, f"Its geometry cannot be computed ({exc}).")
        half, keys = len(stored) // 2, list(stored)
        sound: dict[int, Any] = {}
        left_out: dict[int, str] = {}
        for some in (keys[:half], keys[half:]):
            found, without = _split({key: stored[key] for key in some}, attempt)
            sound |= found
            left_out |= without
        return sound, left_out
    return stored, {}


def _gap_lines(
    city: Atlas, keys: list[int], min_gap_m: float
) -> dict[tuple[int, float], Mapping[str, Any]]:
    return {
        (each["properties"]["place"], each["properties"]["from_m"]): each["geometry"]
        for each in city.gap_features(keys, min_gap_m)
    }
