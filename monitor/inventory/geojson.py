"""Reads GeoJSON (RFC 7946) as features, and checks geometries down to plain lon, lat.

What a feature is (camera, street, school) is left to others.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.inventory.problems import refuse
from monitor.inventory.source import Limits, Source

_EXPORT = "Export it again as GeoJSON with WGS-84 coordinates."
_WGS84 = re.compile(r"CRS84|EPSG:+(\d*:)?(4326|4490)$", re.IGNORECASE)
# Depth of the coordinates array below a single position (RFC 7946 section 3.1).
_DEPTHS: Mapping[str, int] = {
    "Point": 0,
    "LineString": 1,
    "Polygon": 2,
    "MultiPoint": 1,
    "MultiLineString": 2,
    "MultiPolygon": 3,
}
_LEAST: Mapping[str, int] = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Feature:
    """id: "" when it has none. geometry: as written; None when the feature has no place."""

    id: str
    properties: Mapping[str, Any]
    geometry: Mapping[str, Any] | None


def document(source: Source) -> Mapping[str, Any]:
    """The whole file, which is a feature or a collection of them; raises `Refused`."""
    loaded = _load(source)
    if not isinstance(loaded, dict) or loaded.get("type") not in _TYPES:
        raise refuse(source.file, "This JSON is no GeoJSON FeatureCollection.", _EXPORT)
    _check_frame(loaded.get("crs"), source.file)
    return loaded


def features(
    source: Source, limits: Limits, loaded: Mapping[str, Any] | None = None
) -> tuple[Feature, ...]:
    """All features, geometry not yet looked at; raises `Refused`. loaded: its document, if read."""
    given = loaded or document(source)
    whole = given["type"] == "FeatureCollection"
    listed = given.get("features") if whole else [given]
    if not isinstance(listed, list):
        raise refuse(source.file, "The member 'features' is no list.", _EXPORT)
    if len(listed) > limits.rows:
        advice = "Split it, for instance by area."
        raise refuse(source.file, f"The file has more than {limits.rows:,} features.", advice)
    return tuple(_feature(raw, source.file, number) for number, raw in enumerate(listed, start=1))


_TYPES = ("FeatureCollection", "Feature")


def _load(source: Source) -> Any:
    def constant(word: str) -> Any:
        raise ValueError(f"{word} is not a number of JSON")

    try:
        return json.loads(source.text(), parse_constant=constant)
    except json.JSONDecodeError as error:
        reason = f"The JSON breaks off or is damaged: {error.msg}."
        raise refuse(source.file, reason, _EXPORT, line=error.lineno) from error
    except ValueError as error:
        raise refuse(source.file, f"The JSON is not valid: {error}.", _EXPORT) from error
    except RecursionError:
        raise refuse(source.file, "The JSON is nested too deeply.", _EXPORT) from None


def _check_frame(crs: Any, file: str) -> None:
    if crs is None:
        return
    name = (crs.get("properties") or {}).get("name") if isinstance(crs, dict) else None
    if not isinstance(name, str) or not _WGS84.search(name):
        reason = "The file says its coordinates are not WGS-84."
        raise refuse(file, reason, _EXPORT, column="crs", value=str(name)[:60])


def _feature(raw: Any, file: str, number: int) -> Feature:
    properties = raw.get("properties") if isinstance(raw, dict) else None
    geometry = raw.get("geometry") if isinstance(raw, dict) else None
    if (
        not isinstance(raw, dict)
        or raw.get("type") != "Feature"
        or not isinstance(properties, dict | None)
        or not isinstance(geometry, dict | None)
    ):
        reason = "This is no GeoJSON feature with properties and geometry."
        raise refuse(file, reason, _EXPORT, line=number, unit="feature")
    named = {_sound(key): value for key, value in (properties or {}).items()}
    return Feature(id=plain(raw.get("id")), properties=named, geometry=geometry)


def point(feature: Feature, file: str, number: int) -> Mapping[str, Any]:
    """`id`, `lon`, `lat` of a feature that is a point or has no place; raises `Refused`."""
    found: dict[str, Any] = {"id": feature.id} if feature.id else {}
    if feature.geometry is None:
        return found
    where = {"line": number, "unit": "feature"}
    geometry = feature.geometry
    listed = geometry.get("coordinates")
    if geometry.get("type") == "MultiPoint" and isinstance(listed, list) and len(listed) == 1:
        geometry = {"type": "Point", "coordinates": listed[0]}  # as some programs write a point
    if geometry.get("type") != "Point":
        reason = f"A camera must be a Point, this is a {plain(feature.geometry.get('type'))[:40]}."
        raise refuse(file, reason, "Give each camera one point.", **where)
    try:
        lon, lat = coordinates(geometry)
    except ValueError as error:
        raise refuse(file, error.args[0], error.args[1], column="geometry", **where) from error
    return {**found, "lon": lon, "lat": lat}


def plain(value: Any) -> str:
    """A JSON value as the text of a cell; lists are joined with ";"."""
    match value:
        case None:
            return ""
        case str():
            return _sound(value).strip()
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case list():
            return ";".join(plain(item) for item in value if not isinstance(item, list | dict))
        case dict():
            return _sound(written(value))
        case _:
            return str(value)


def written(value: Any) -> str:
    """The JSON of a value, always the same for the same value; "" if it is nested too deeply."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    except RecursionError:
        return ""


def _sound(text: str) -> str:
    # JSON escapes can make zero bytes and half surrogates, which no database or terminal takes.
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def coordinates(geometry: Mapping[str, Any]) -> Any:
    """The coordinates without heights; ValueError(reason, advice) if they break RFC 7946."""
    kind = geometry.get("type")
    if not isinstance(kind, str) or kind not in _DEPTHS:
        raise ValueError(
            f"Unknown geometry {plain(kind)[:40]!r}.", "Use points, lines or polygons."
        )
    checked = _descend(geometry.get("coordinates"), _DEPTHS[kind])
    if kind in _LEAST:
        for line in lines(kind, checked):
            _check_line(line, _LEAST[kind])
    return checked


def lines(kind: str, nested: Any) -> Iterator[list[list[float]]]:
    """Each line or ring of checked coordinates of a (Multi)LineString or (Multi)Polygon."""
    levels = _DEPTHS[kind] - 1
    found = [nested]
    for _ in range(levels):
        found = [item for group in found for item in group]
    return iter(found)


def _descend(value: Any, depth: int) -> Any:
    if not isinstance(value, list) or not value:
        raise ValueError("The coordinates are missing or not nested as they should be.", _EXPORT)
    if depth == 0:
        return _position(value)
    return [_descend(item, depth - 1) for item in value]


def _position(value: list[Any]) -> list[float]:
    numbers = value[:2]
    if len(numbers) < 2 or any(type(number) not in (int, float) for number in numbers):
        raise ValueError("A position must be two numbers, longitude and latitude.", _EXPORT)
    # Compared before they become floats: a JSON integer may be too large for one.
    if any(abs(number) > 1e9 or not math.isfinite(number) for number in numbers):
        raise ValueError("A coordinate is out of range.", _EXPORT)
    lon, lat = float(numbers[0]), float(numbers[1])
    if abs(lat) > 90 >= abs(lon):
        advice = "Longitude stands first, then latitude."
        raise ValueError(f"Longitude and latitude look swapped ({lon}, {lat}).", advice)
    if abs(lon) > 180 or abs(lat) > 90:
        advice = "Coordinates must be WGS-84 degrees, not metres of a map grid."
        raise ValueError(f"A coordinate is out of range ({lon}, {lat}).", advice)
    return [lon, lat]


def _check_line(line: list[list[float]], least: int) -> None:
    if len(line) < least:
        raise ValueError(f"A line or ring has {len(line)} positions, fewer than {least}.", _EXPORT)
    if least == 4 and line[0] != line[-1]:
        raise ValueError("A ring is not closed: its first and last position differ.", _EXPORT)
