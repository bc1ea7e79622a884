"""Reads files as things of the model: what each row would make where nothing is stored yet."""

from dataclasses import replace
from typing import Any

from monitor import inventory
from monitor.inventory import Reading, patch
from monitor.model import Area, Camera, Place


def read_cameras(*given: Any, **options: Any) -> Reading[Camera]:
    """Cameras of a file."""
    reading = inventory.read_cameras(*given, **options)
    return replace(reading, rows=tuple(map(patch.camera, reading.rows)))  # type: ignore[arg-type, return-value]


def read_places(*given: Any, **options: Any) -> Reading[Place]:
    """Places of a file."""
    reading = inventory.read_places(*given, **options)
    return replace(reading, rows=tuple(map(patch.place, reading.rows)))  # type: ignore[arg-type, return-value]


def read_areas(*given: Any, **options: Any) -> Reading[Area]:
    """Areas of a file."""
    reading = inventory.read_areas(*given, **options)
    made = tuple(Area(code=row.key, **row.made) for row in reading.rows)
    return replace(reading, rows=made)  # type: ignore[arg-type, return-value]
