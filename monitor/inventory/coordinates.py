"""Reads numbers and coordinates as people write them: decimals, degrees and minutes, in one cell.

Each reader raises ValueError(reason, advice).
"""

import re

_NUMBER = re.compile(r"[+-]?(\d{1,12}(\.\d{0,25})?|\.\d{1,25})([eE][+-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_WKT = re.compile(r"\s*POINT\s*Z?\s*\(\s*([-+.\d]+)\s+([-+.\d]+)(?:\s+[-+.\d]+)?\s*\)\s*", re.I)
_HEMISPHERES = frozenset("NSEWnsew北南东西東")
_NEGATIVE = frozenset("SW南西")
# 30°39'03.6"N, N 30 39.06', 104度4分51秒, 7.42 E
_DMS = re.compile(
    r"""(?P<sign>-)?(?P<before>[NSEWnsew北南东西東])?[纬经緯經]?\s*
    (?P<degrees>\d{1,3}(?:\.\d+)?)\s*[°度º]?\s*
    (?:(?P<minutes>\d{1,2}(?:\.\d+)?)\s*['′’分]?\s*)?
    (?:(?P<seconds>\d{1,2}(?:\.\d+)?)\s*(?:["″”秒]|''|′′)?\s*)?
    (?P<after>[NSEWnsew北南东西東])?[纬经緯經]?""",
    re.VERBOSE,
)


def number(value: str) -> float:
    if not _NUMBER.fullmatch(value):
        comma = _COMMA.fullmatch(value) is not None
        advice = 'Say decimal = "," in a mapping.' if comma else 'Use digits, as in "34.26".'
        raise ValueError("This is not a number.", advice)
    return float(value)


def longitude(value: str) -> float:
    degrees = _degrees(value)
    if abs(degrees) > 180:
        advice = "Longitude is -180 to 180 decimal degrees."
        raise ValueError("The longitude is out of range.", advice)
    return degrees


def latitude(value: str) -> float:
    degrees = _degrees(value)
    if 90 < abs(degrees) <= 180:
        advice = "Check whether longitude and latitude are swapped."
        raise ValueError("The latitude is out of range, it looks like a longitude.", advice)
    if abs(degrees) > 90:
        raise ValueError("The latitude is out of range.", "Latitude is -90 to 90 decimal degrees.")
    return degrees


def _degrees(value: str) -> float:
    if value[-1:].isdigit() and value[:1] not in _HEMISPHERES:
        return number(value)
    match = _DMS.fullmatch(value)
    if match is None or (match["before"] and match["after"]):
        return number(value)
    minutes, seconds = float(match["minutes"] or 0), float(match["seconds"] or 0)
    if minutes >= 60 or seconds >= 60:
        raise ValueError("Minutes and seconds are below 60.", "Correct the coordinate.")
    degrees = float(match["degrees"]) + minutes / 60 + seconds / 3600
    side = (match["before"] or match["after"] or "").upper()
    return -degrees if match["sign"] or side in _NEGATIVE else degrees


def position(value: str, form: str, decimal: str = ".") -> tuple[float, float]:
    """Longitude and latitude of one cell, in one of the forms of a mapping."""
    if form == "wkt":
        match = _WKT.fullmatch(value)
        if match is None:
            raise ValueError("This is no WKT point.", "Write it as POINT(8.54 47.37).")
        return longitude(match[1]), latitude(match[2])
    if decimal == ",":
        parts = re.split(r"\s*[;/|]\s*|\s+", value.strip())
        parts = [part.strip(",").replace(",", ".") for part in parts]
    else:
        parts = [part for part in re.split(r"\s*[,;/|]\s*", value.strip("()[] ")) if part]
        if len(parts) == 1:
            parts = value.split()
    if len(parts) != 2:
        raise ValueError("These are not two coordinates.", f"The mapping says: {form}.")
    first, second = parts if form == "lon, lat" else parts[::-1]
    return longitude(first), latitude(second)
