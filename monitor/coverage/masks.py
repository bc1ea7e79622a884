"""Takes what a privacy mask hides out of the fields of a camera.

A mask is set in the camera by hand; what is declared of it here is evidence with a date.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.coverage.footprint import Field
from monitor.geodesy.direction import FULL_TURN_DEG

_LEAST_DEG = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Mask:
    """Hides everything between two bearings (degrees, clockwise from the first to the second), from
    `beyond_m` metres on. The same bearing twice is all around."""

    from_deg: float
    to_deg: float
    beyond_m: float = 0.0

    @property
    def width_deg(self) -> float:
        """Above 0, up to a whole turn."""
        return (self.to_deg - self.from_deg) % FULL_TURN_DEG or FULL_TURN_DEG


def unmasked(fields: Sequence[Field], masks: Iterable[Mask]) -> tuple[Field, ...]:
    """What is left of the fields; none where everything is hidden."""
    left = tuple(fields)
    for mask in masks:
        left = tuple(part for field in left for part in _cut(field, mask))
    return left


def _cut(field: Field, mask: Mask) -> Iterable[Field]:
    """The parts of one field beside the mask, and before it."""
    start = field.azimuth_deg - field.opening_deg / 2
    hidden = (mask.from_deg - start) % FULL_TURN_DEG
    parts = [(0.0, field.opening_deg, False)]
    # the mask may begin before the field and reach into it
    for first in (hidden, hidden - FULL_TURN_DEG):
        parts = [
            piece
            for low, high, masked in parts
            for piece in _split(low, high, masked, first, first + mask.width_deg)
        ]
    for low, high, masked in parts:
        far_m = min(field.far_m, mask.beyond_m) if masked else field.far_m
        if high - low > _LEAST_DEG and far_m > field.near_m:
            yield replace(
                field,
                azimuth_deg=(start + (low + high) / 2) % FULL_TURN_DEG,
                opening_deg=high - low,
                far_m=far_m,
            )


def _split(
    low: float, high: float, masked: bool, first: float, last: float
) -> Iterable[tuple[float, float, bool]]:
    if masked or last <= low or first >= high:
        return [(low, high, masked)]
    inside = (max(low, first), min(high, last))
    return [(low, inside[0], False), (*inside, True), (inside[1], high, False)]
