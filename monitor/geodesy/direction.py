"""Reads the direction a camera looks in, as people and platforms write it.

Degrees, compass letters and words, swept ranges, the eight Chinese directions, all-round. What a
direction means on the ground (opening, range) is left to `monitor.coverage`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

MAX_LENGTH = 200
MAX_BEARINGS = 16
FULL_TURN_DEG = 360.0

# fmt: off
_POINTS = (
    "N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE",
    "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW",
)
# fmt: on
_WORDS = {"N": "north", "E": "east", "S": "south", "W": "west"}
# Only the eight of GB/T 28181 DirectionType; 北東 or 北北西 are reported, never guessed.
_CHINESE = {
    "北": 0,
    "东北": 45,
    "东": 90,
    "东南": 135,
    "南": 180,
    "西南": 225,
    "西": 270,
    "西北": 315,
}
# fmt: off
_ALL_ROUND = frozenset((
    "all-round", "allround", "all", "around", "omni", "omnidirectional", "panorama", "panoramic",
    "全向", "全景", "全方位", "全方向", "环视", "環視", "四周",
))
# fmt: on
_NUMBER = r"[+-]?\d{1,3}(?:\.\d{1,9})?"
_DEGREES = re.compile(rf"({_NUMBER})(?:deg|degree|degrees|度)?")
_RANGE = re.compile(r"(.+?)(?:-|~|–|—|至|到|\bto\b)([+-]?[^-~–—至到]+)")
_SEPARATOR = re.compile(r"[;,、/|&\n]")
# "西向东", "由西向东": looking from west to east, as the notes of GB/T 28181 DirectionType word it.
_FROM_TO = re.compile(r"[由自从]?([东西南北]{1,2})[向朝往]([东西南北]{1,2})")
_CHINESE_FRAME = re.compile(r"(?:面向|朝向|向|朝|往|正)*([东西南北]{1,2})(?:方向|向|方|朝)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearing:
    """One direction of view.

    centre_deg: clockwise from north, 0..360. A written "360" stays 360, because on a dome it means
    all round while on a fixed camera it means north.
    sweep_deg: width of a swept range, 360 for all-round; None for a plain direction.
    """

    centre_deg: float
    sweep_deg: float | None = None


def _compass() -> Mapping[str, float]:
    table: dict[str, float] = {}
    for index, point in enumerate(_POINTS):
        table[point.lower()] = table["".join(_WORDS[letter] for letter in point)] = index * 22.5
    table |= {word: float(degrees) for word, degrees in _CHINESE.items()}
    return table


_COMPASS = _compass()


def parse(text: str) -> tuple[Bearing, ...]:
    """Returns the directions in `text`, as ordered there; ValueError carries a plain sentence."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"The direction is longer than {MAX_LENGTH} characters.")
    plain = _plain(text)
    parts = [part.strip() for part in _SEPARATOR.split(plain) if part.strip()]
    if not parts:
        raise ValueError("The direction is empty.")
    if len(parts) > MAX_BEARINGS:
        raise ValueError(f"More than {MAX_BEARINGS} directions for one camera.")
    return tuple(_one(part) for part in parts)


def _plain(text: str) -> str:
    # Degree signs go first: NFKC turns the ordinal º, often typed for a degree, into an o.
    bare = text.translate({ord(sign): None for sign in "°º˚"})
    folded = (
        unicodedata.normalize("NFKC", bare)
        .replace("−", "-")
        .replace("東", "东")
        .replace("從", "从")
    )
    return folded.lower().strip()


def _one(part: str) -> Bearing:
    if part in _ALL_ROUND or re.sub(r"[\s-]+", "", part) in _ALL_ROUND:
        return Bearing(centre_deg=0.0, sweep_deg=FULL_TURN_DEG)
    single = _degrees(part)
    if single is not None:
        return Bearing(centre_deg=single if single == FULL_TURN_DEG else single % FULL_TURN_DEG)
    ends = _RANGE.fullmatch(part)
    if ends is None:
        raise ValueError(
            f"{part!r} is not a known direction: use degrees (0-360) or a compass word."
        )
    start, end = _degrees(ends[1].strip()), _degrees(ends[2].strip())
    if start is None or end is None:
        raise ValueError(f"{part!r} is not a range of two known directions.")
    return _swept(start, end, part)


def _swept(start: float, end: float, part: str) -> Bearing:
    sweep = (end - start) % FULL_TURN_DEG
    if sweep == 0:
        if start == end:
            raise ValueError(f"The range {part!r} begins and ends in the same direction.")
        sweep = FULL_TURN_DEG
    return Bearing(centre_deg=(start + sweep / 2) % FULL_TURN_DEG, sweep_deg=sweep)


def _degrees(word: str) -> float | None:
    """Degrees of one number or compass word; None if it is neither; ValueError if out of range."""
    number = _DEGREES.fullmatch(re.sub(r"\s+", "", word))
    if number is not None:
        value = float(number[1])
        if abs(value) > FULL_TURN_DEG:
            raise ValueError(f"{word!r} is outside -360..360 degrees.")
        return value
    known = _COMPASS.get(re.sub(r"[\s_-]+", "", word))
    return known if known is not None else _chinese(word)


def _chinese(word: str) -> float | None:
    opposite = _FROM_TO.fullmatch(word)
    if opposite is not None and opposite[1] in _COMPASS:
        return _COMPASS.get(opposite[2])
    framed = _CHINESE_FRAME.fullmatch(word)
    return None if framed is None else _COMPASS.get(framed[1])
