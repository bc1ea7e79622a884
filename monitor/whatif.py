"""Says what taking some cameras away, turning or shortening them would change.

Planning goes down only: what would add a camera, widen its view or reach farther is refused.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from db import cameras, findings, places, protected, register, requirements
from db.pool import Connection
from monitor import assumed
from monitor.coverage.footprint import Defect, Field, FootprintModel, fields
from monitor.coverage.looks import eye, looks
from monitor.coverage.masks import Mask
from monitor.coverage.neighbourhood import Difference, Neighbourhood
from monitor.coverage.outlines import Outlines
from monitor.inventory import Patch
from monitor.model import Camera, Intent, Place
from monitor.settings import Coverage

_ALLOWED = frozenset({"intent", "direction", "angle_deg", "range_m"})
_SAME = 1e-6  # metres, degrees


class NotLess(Exception):
    """A change that would not only take away, turn or shorten; the text says which and why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceChange:
    """A place by design before and after. kept: None where nothing is required, or was not met."""

    place: str
    kind: str
    required: float | None
    before: float | None
    after: float | None
    excess_before: float
    excess_after: float
    unit: str
    kept: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class CameraChange:
    """What happens to a camera (removed, turned, shortened, narrowed), and its look at protected
    places: share of its view before and after, None for none."""

    camera: str
    change: str
    declared: bool
    looks_before: float | None
    looks_after: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Without:
    """What the changes would do."""

    cameras: tuple[CameraChange, ...]
    places: tuple[PlaceChange, ...]

    @property
    def broken(self) -> tuple[PlaceChange, ...]:
        """Places whose requirement would be kept no more."""
        return tuple(each for each in self.places if each.kept is False)

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return asdict(self)


async def without(conn: Connection, settings: Coverage, patches: Sequence[Patch]) -> Without:
    """What taking away, turning or shortening these cameras would change. Raises NotLess."""
    known = await cameras.cameras(conn)
    masks, mounts = await findings.masks(conn), await findings.facing_mounts(conn)
    model = assumed.footprint_model(settings)
    changed, words = _changes(known, patches, model)
    declared = await register.declared(conn)
    counting = {
        key: each
        for key, each in known.items()
        if key in declared and each.intent is Intent.IN_SERVICE
    }
    stored, needs = await places.places(conn), await requirements.shares(conn)
    outlines = await protected.outlines(conn)

    def computed() -> tuple[Difference, tuple[dict[int, float], ...]]:
        city = Neighbourhood(stored, counting, model, assumed.surroundings(settings), masks)
        moved = {key: each for key, each in changed.items() if key in counting}
        lists = Outlines(outlines)
        seen = (
            {key: known[key] for key in changed},
            {key: each for key, each in changed.items() if each is not None},
        )
        shares = tuple(_looks(some, model, masks, mounts, lists, settings) for some in seen)
        return city.difference(moved), shares

    difference, (before, after) = await asyncio.to_thread(computed)
    return Without(
        cameras=tuple(
            CameraChange(
                camera=known[key].code,
                change=words[key],
                declared=key in declared,
                looks_before=before.get(key),
                looks_after=after.get(key),
            )
            for key in changed
        ),
        places=tuple(_place_changes(stored, needs, difference)),
    )


def _looks(
    some: Mapping[int, Camera],
    model: FootprintModel,
    masks: Mapping[int, Sequence[Mask]],
    mounts: Collection[int],
    outlines: Outlines,
    settings: Coverage,
) -> dict[int, float]:
    eyes = {
        key: found
        for key, each in some.items()
        if (found := eye(each, model, masks.get(key, ()), mount_counts=key in mounts))
    }
    return {
        key: look.share for key, look in looks(eyes, outlines, assumed.limits(settings)).items()
    }


def _changes(
    known: Mapping[int, Camera], patches: Sequence[Patch], model: FootprintModel
) -> tuple[dict[int, Camera | None], dict[int, str]]:
    """The changed cameras, None for those gone, and a word for each change."""
    ids = {each.code: key for key, each in known.items()}
    takes_away = not any(_ALLOWED & patch.values.keys() for patch in patches)
    changed: dict[int, Camera | None] = {}
    words: dict[int, str] = {}
    wrong: list[str] = []
    for patch in patches:
        key = ids.get(patch.key)
        if key is None:
            wrong.append(f"{patch.key} is no camera of the inventory: none is ever added here")
            continue
        try:
            word, camera = _changed(known[key], patch, model, takes_away=takes_away)
        except NotLess as exc:
            wrong.append(str(exc))
            continue
        if word:
            changed[key], words[key] = camera, word
    if wrong:
        raise NotLess("; ".join(wrong[:20]))
    return changed, words


def _changed(
    camera: Camera, patch: Patch, model: FootprintModel, *, takes_away: bool
) -> tuple[str, Camera | None]:
    """A word for the change, "" where there is none, and the camera after it."""
    if takes_away or patch.values.get("intent") == Intent.RETIRED:
        return "removed", None
    said = {
        name: value
        for name, value in patch.values.items()
        if name in _ALLOWED - {"intent"} and value != getattr(camera, name)
    }
    if not said:
        return "", camera
    if patch.values.get("intent", camera.intent) != camera.intent:
        raise NotLess(f"{camera.code}: here a camera is only taken away (intent retired)")
    after = replace(camera, **said)
    old, new = fields(camera, model), fields(after, model)
    if isinstance(old, Defect):
        raise NotLess(f"{camera.code}: nobody knows what it looks at now. {old.value}")
    if isinstance(new, Defect):
        raise NotLess(f"{camera.code}: {new.value}")
    _refuse_more(camera.code, old, new)
    if _ends(new) < _ends(old) - _SAME:
        return "shortened", after
    if _opening(new) < _opening(old) - _SAME:
        return "narrowed", after
    return "turned", after


def _refuse_more(code: str, old: Sequence[Field], new: Sequence[Field]) -> None:
    if _ends(new) > _ends(old) + _SAME:
        raise NotLess(
            f"{code} would see {_ends(new):.0f} m instead of {_ends(old):.0f}: planning only takes "
            "away, turns or shortens"
        )
    if _opening(new) > _opening(old) + _SAME:
        raise NotLess(
            f"{code} would see {_opening(new):.0f}° instead of {_opening(old):.0f}: planning only "
            "takes away, turns or shortens"
        )


def _ends(some: Sequence[Field]) -> float:
    return max(each.far_m for each in some)


def _opening(some: Sequence[Field]) -> float:
    return sum(each.opening_deg for each in some)


def _place_changes(
    stored: Mapping[int, Place], needs: Mapping[int, float], difference: Difference
) -> list[PlaceChange]:
    """Places whose figures by design are others than before, those that lose most first."""
    found = []
    for key, old in difference.before.items():
        new = difference.after[key]
        if (old.designed, old.doubled) == (new.designed, new.doubled):
            continue
        size = old.length_m if old.length_m is not None else old.area_m2 or 0.0
        needed = needs.get(key)
        met = needed is not None and old.designed is not None and old.designed >= needed
        found.append(
            PlaceChange(
                place=stored[key].name,
                kind=stored[key].kind.value,
                required=needed,
                before=old.designed,
                after=new.designed,
                excess_before=_excess(old.designed, old.doubled, needed) * size,
                excess_after=_excess(new.designed, new.doubled, needed) * size,
                unit="m" if old.length_m is not None else "m²",
                kept=(new.designed or 0.0) >= (needed or 0.0) if met else None,
            )
        )
    return sorted(found, key=lambda each: (each.after or 0.0) - (each.before or 0.0))


def _excess(designed: float | None, doubled: float | None, needed: float | None) -> float:
    """As `bi.coverage_now` defines it."""
    if designed is None:
        return 0.0
    return designed if needed is None else max(designed - needed, doubled or 0.0, 0.0)
