"""Compares what a file says with what is stored: added, changed, unchanged, absent.

Nothing is applied and nothing ever deleted here: absent is only reported.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from monitor.model import Area, Camera, Place

T = TypeVar("T", Camera, Area, Place)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change(Generic[T]):
    """fields: name -> (before, after), only those that differ; sheet fields as "sheet.NAME"."""

    code: str
    before: T
    after: T
    fields: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Diff(Generic[T]):
    """absent: stored but not in the file, in stored order; the rest in file order."""

    added: tuple[T, ...] = ()
    changed: tuple[Change[T], ...] = ()
    unchanged: tuple[T, ...] = ()
    absent: tuple[T, ...] = ()

    @property
    def empty(self) -> bool:
        """True when storing the file would change nothing."""
        return not (self.added or self.changed)


def diff(existing: Mapping[str, T], new: Sequence[T]) -> Diff[T]:
    """existing: by code. ValueError if a code stands twice in `new`: such a reading has errors."""
    codes = {row.code for row in new}
    if len(codes) != len(new):
        raise ValueError("a code stands twice among the new rows")
    added: list[T] = []
    unchanged: list[T] = []
    changed: list[Change[T]] = []
    for row in new:
        before = existing.get(row.code)
        if before is None:
            added.append(row)
        elif differing := _fields(before, row):
            changed.append(Change(code=row.code, before=before, after=row, fields=differing))
        else:
            unchanged.append(row)
    return Diff(
        added=tuple(added),
        changed=tuple(changed),
        unchanged=tuple(unchanged),
        absent=tuple(row for code, row in existing.items() if code not in codes),
    )


def _fields(before: Camera | Area | Place, after: Camera | Area | Place) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in (field.name for field in dataclasses.fields(before)):
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        if name == "sheet":
            found |= {
                f"sheet.{key}": (old.get(key), new.get(key))
                for key in sorted(old.keys() | new.keys())
                if old.get(key) != new.get(key)
            }
        else:
            found[name] = (old, new)
    return found
