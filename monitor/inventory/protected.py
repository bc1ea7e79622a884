"""Reads protected places from GeoJSON and OpenStreetMap extracts: outlines, and nothing else.

What kind of place an outline is, what it is called and which number its source gave it are dropped
where they are read: joined with fields of view they would answer who watches what (accountability
3). No message repeats them.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from monitor.geodesy.outline import NO_SURFACE, repaired
from monitor.inventory import extract, geojson, source
from monitor.inventory.problems import Findings, Reading, Refused, failed, refuse
from monitor.inventory.source import LIMITS, Form, Limits

_DISC_M = 10.0  # around a place that is mapped as a point
_DISC_CORNERS = 32
_M_PER_DEG = 111_195.0
_MOST = 2_000_000

_ANY = frozenset({"*"})


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What counts, by keys of OpenStreetMap and Overture Maps; "*" is every value. An operator adds to
# it with polygons of its own, and takes nothing away.
_TAGS: Mapping[str, frozenset[str]] = {
    "building": _words(
        """
        apartments bungalow cabin cathedral chapel church clinic convent detached dormitory farm ger
        hospital house houseboat kindergarten monastery mosque nursing_home presbytery religious
        residential school semidetached_house shrine static_caravan stilt_house synagogue temple
        terrace toilets
        """
    ),
    "amenity": _words(
        """
        childcare clinic dentist doctors dressing_room hospital kindergarten monastery nursing_home
        place_of_worship polling_station public_bath refugee_site school shower social_facility
        toilets
        """
    ),
    "office": _words("lawyer newspaper notary trade_union union"),
    "leisure": _words("playground"),
    "landuse": _words("religious"),
    "club": _words("trade_union"),
    "healthcare": _ANY,
    "social_facility": _ANY,
    "polling_station": _ANY,
}
_CLASSES = frozenset().union(*(_TAGS[key] for key in ("building", "amenity", "leisure")))
_SAID = ("protected", "受保护")
_CLASS_KEYS = ("class", "subclass", "fclass", "subtype")

Outlines = NDArray[np.object_]
"""Polygons in degrees, WGS-84, each valid, in the order of their bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """One file of protected places. dated: the day of its source.

    covers: the surface for which it claims to be complete; None where it only adds to others.
    """

    source: str
    dated: date
    covers: Mapping[str, Any] | None
    outlines: Outlines


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a person says of the file; None where the file says it itself.

    covers: "W,S,E,N" in degrees, or the name of a GeoJSON file. every: all polygons count, whatever
    the file says of them.
    """

    source: str | None = None
    dated: date | None = None
    covers: str | None = None
    every: bool = False


def read_protected(
    path: str | os.PathLike[str],
    said: Said | None = None,
    *,
    encoding: str | None = None,
    limits: Limits = LIMITS,
) -> Reading[Layer]:
    """One layer, or the reasons why it cannot be taken. Never raises for what a file holds."""
    said = said or Said()
    try:
        if extract.is_extract(path):
            found = extract.read(path, lambda tags: said.every or is_protected(tags))
            return _layer(found, said)
        opened = source.read(path, limits, encoding)
        if opened.form is not Form.JSON:
            advice = "Give polygons as GeoJSON (WGS-84), or an OpenStreetMap extract (.osm.pbf)."
            raise refuse(opened.file, "This is no map.", advice)
        return _layer(_geojson(opened, said, limits), said)
    except Refused as refused:
        return failed(refused.problem)


def is_protected(tags: Mapping[str, str]) -> bool:
    """Whether the tags of OpenStreetMap, or the class of Overture Maps, make a place protected."""
    return any(
        tags.get(key, "") in values or (values is _ANY and tags.get(key, "no") not in ("", "no"))
        for key, values in _TAGS.items()
    ) or any(tags.get(key, "") in _CLASSES for key in _CLASS_KEYS)


def _geojson(opened: source.Source, said: Said, limits: Limits) -> extract.Extract:
    findings = Findings(opened.file, limits.problems, "feature")
    opened.report(findings)
    document = geojson.document(opened)
    features = geojson.features(opened, limits, document)
    shapes: list[Any] = []
    mute = 0
    for number, feature in enumerate(features, start=1):
        tags = {key: geojson.plain(value).lower() for key, value in feature.properties.items()}
        mute += not any(tags.get(key) for key in (*_TAGS, *_CLASS_KEYS, *_SAID))
        counts = said.every or _says_so(tags) or is_protected(tags)
        if feature.geometry is None or not counts:
            continue
        try:
            shapes.append(_shape(feature.geometry))
        except ValueError as error:
            findings.error(error.args[0], error.args[1], line=number)
    left_out = len(features) - len(shapes) - findings.errors
    if mute and shapes and not said.every:
        findings.note(
            f"{mute:,} shapes do not say what they are, and do not count.",
            "If homes or other protected places are among them, give those in a file of their own, "
            "with --every.",
        )
    if features and not shapes and not findings.errors:
        advice = "If all shapes of this file are protected places, say --every."
        raise refuse(opened.file, "No feature says that it is a protected place.", advice)
    return extract.Extract(
        findings=findings,
        shapes=shapes,
        left_out=left_out,
        source=geojson.plain(document.get("source")),
        dated=geojson.plain(document.get("dated")),
        covers=document.get("covers") or document.get("bbox"),
    )


def _says_so(tags: Mapping[str, str]) -> bool:
    return any(tags.get(name, "") in ("true", "yes", "1", "是") for name in _SAID)


def _shape(geometry: Mapping[str, Any]) -> Any:
    checked = {"type": geometry.get("type"), "coordinates": geojson.coordinates(geometry)}
    line = checked["coordinates"]
    if checked["type"] == "LineString" and len(line) > 3 and line[0] == line[-1]:
        checked = {"type": "Polygon", "coordinates": [line]}  # a closed way of OpenStreetMap
    return shapely.from_geojson(json.dumps(checked))


def _layer(found: extract.Extract, said: Said) -> Reading[Layer]:
    findings = found.findings
    outlines = _outlines(found.shapes, findings)
    if found.left_out:
        findings.note(f"{found.left_out:,} shapes of the file are no protected places.")
    if len(outlines) > _MOST:
        findings.error(f"More than {_MOST:,} outlines.", "Cut your city out of the extract.")
    name = (said.source or found.source).strip()
    if not name:
        findings.error("The source of the layer is not known.", "Say it: --source TEXT.")
    dated = said.dated or _day(found.dated)
    if dated is None:
        findings.error("The day of the layer is not known.", "Say it: --dated 2026-01-31.")
    covers = _covers(said.covers if said.covers is not None else found.covers, findings)
    if covers is None and not findings.errors:
        findings.note(
            "The file claims to be complete for no area: it adds to what other layers hold.",
            "If it is complete, say for which area: --covers W,S,E,N or --covers FILE.",
        )
    lines = len(found.shapes) + found.left_out
    if findings.errors or dated is None:
        return findings.reading([], lines)
    layer = Layer(source=name, dated=dated, covers=covers, outlines=outlines)
    return findings.reading([layer], lines)


def _outlines(shapes: Iterable[Any], findings: Findings) -> Outlines:
    """Single valid polygons without repetition; the order of the file is lost."""
    polygons: set[bytes] = set()
    unusable = 0
    for shape in shapes:
        site = repaired(_disc(shape) if shape.geom_type == "Point" else shape)
        if site is None:
            unusable += 1
            continue
        parts = shapely.get_parts(shapely.normalize(shapely.set_precision(site, 1e-7)))
        polygons |= {shapely.to_wkb(part) for part in parts if part.area > 0}
    if unusable:
        findings.warn(f"{unusable:,} shapes were left out. {NO_SURFACE}", "Draw them as surfaces.")
    made: Outlines = shapely.from_wkb(np.array(sorted(polygons), dtype=object))
    return made


def _disc(point: Any) -> Any:
    turn = np.linspace(0, 2 * math.pi, _DISC_CORNERS, endpoint=False)
    north = _DISC_M / _M_PER_DEG
    east = north / max(math.cos(math.radians(point.y)), 1e-6)
    ring = np.column_stack([point.x + east * np.sin(turn), point.y + north * np.cos(turn)])
    return shapely.Polygon(ring)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _covers(given: Any, findings: Findings) -> Mapping[str, Any] | None:
    """The claimed surface as GeoJSON; what cannot be read is an error."""
    if not given:
        return None
    try:
        shape = repaired(_claim(given))
    except (ValueError, TypeError, KeyError, OSError, shapely.GEOSException):
        shape = None
    if shape is None:
        findings.error(
            "The area that the layer covers cannot be read.",
            "Say --covers W,S,E,N in degrees, or the name of a GeoJSON file with one surface.",
        )
        return None
    claimed: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return claimed


def _claim(given: Any) -> Any:
    if isinstance(given, str):
        parts = given.split(",")
        if len(parts) != 4:
            opened = source.read(given, LIMITS)
            surfaces = [_shape(f.geometry) for f in geojson.features(opened, LIMITS) if f.geometry]
            return shapely.union_all(surfaces)
        given = [float(part) for part in parts]
    if isinstance(given, Mapping):
        return _shape(given)
    west, south, east, north = map(float, given)
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError("no box")
    return shapely.box(west, south, east, north)
