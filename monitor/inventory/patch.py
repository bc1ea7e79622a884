"""What one row of a file says of an area, a camera or a place: only what it names.

Comparing it with what is stored is left to `db.changes`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from monitor.model import Area, Camera, Place

_NOTHING: Mapping[str, Any] = MappingProxyType({})
SHEET = "sheet."


@dataclass(frozen=True, kw_only=True, slots=True)
class Patch:
    """key: the code; of a place its kind and code. line: where it stands in the file, 0 without.

    values: field → value, None where it is cleared; fields of a camera's sheet as "sheet.NAME".
    Fields that are not named stay as they are. defaults: for a thing that is not stored yet.
    """

    key: str
    values: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    line: int = 0

    @property
    def made(self) -> dict[str, Any]:
        """All that a new thing would have."""
        found = {**self.defaults, **self.values}
        return {name: value for name, value in found.items() if value is not None}


def whole(thing: Area | Camera | Place) -> Patch:
    """A patch that names every field of a thing; of a place without a need, not the need."""
    values = {each.name: getattr(thing, each.name) for each in fields(thing)}
    if isinstance(thing, Place):
        for name in ("requirement", "required_draft"):
            if values[name] is None:
                del values[name]
        return Patch(key=f"{thing.kind} {thing.code}", values=values)
    del values["code"]
    sheet = values.pop("sheet", {})
    values |= {f"{SHEET}{name}": text for name, text in sheet.items()}
    return Patch(key=thing.code, values=values)


def camera(patch: Patch) -> Camera:
    """The camera that the patch would make where there is none."""
    made = patch.made
    sheet = {name.removeprefix(SHEET): made.pop(name) for name in list(made) if SHEET in name[:6]}
    return Camera(**{"name": patch.key, **made}, code=patch.key, sheet=sheet)


def place(patch: Patch) -> Place:
    """The place that the patch would make where there is none."""
    return Place(**patch.made)
