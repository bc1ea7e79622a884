"""Reads streets, schools and named areas from GeoJSON, streets grouped by their name.

A line is a street, a school says so by its class, and any other polygon becomes a named area only
when a person says so. Geometry is checked and kept in degrees; what of it is watched is left to
`monitor.coverage`.
"""

import hashlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import shapely

from monitor.geodesy.extent import Extent, extent, misplaced
from monitor.geodesy.outline import NO_SURFACE, repaired
from monitor.geodesy.projection import Projection
from monitor.geodesy.strokes import drawn_twice
from monitor.inventory import fields, geojson, grouping, logins, source
from monitor.inventory import mapping as mappings
from monitor.inventory.geojson import Feature
from monitor.inventory.grouping import Piece
from monitor.inventory.mapping import FileMapping
from monitor.inventory.patch import Patch
from monitor.inventory.problems import Findings, Reading, Refused, failed, refuse, shorten
from monitor.inventory.source import LIMITS, Form, Limits
from monitor.model import PlaceKind, Requirement

_LINES = ("LineString", "MultiLineString")
_POLYGONS = ("Polygon", "MultiPolygon")
_ALLOWED: Mapping[PlaceKind, tuple[str, ...]] = {
    PlaceKind.STREET: _LINES,
    PlaceKind.SCHOOL: (*_POLYGONS, "Point"),
    PlaceKind.KEY_AREA: _POLYGONS,
}
_WORDS: Mapping[PlaceKind, str] = {
    PlaceKind.STREET: "street",
    PlaceKind.SCHOOL: "school",
    PlaceKind.KEY_AREA: "named area",
}
_LEFT_OUT = frozenset({"is_tunnel", "is_covered", "is_under_construction"})
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "place_code", "编码", "代码"),
    "name": ("name", "street_name", "名称", "道路名称", "学校名称"),
    "area_code": ("area_code", "admin_area", "行政区域", "行政区划代码"),
    "kind": ("kind",),
    "excluded_m": ("excluded_m",),
    "class": ("class", "subclass", "fclass", "amenity", "building", "highway", "railway"),
    "required": ("required", "required_cameras", "应建数", "应装数"),
    "required_share": ("required_share", "要求覆盖率"),
    "purpose": ("purpose", "用途", "目的"),
    "ground": ("ground", "依据"),
    "review_due": ("review_due", "复核日期"),
}
# Classes of OpenStreetMap and Overture that say school. No other class says a kind of place.
_SCHOOLS = frozenset({"school", "kindergarten", "college", "university", "education", "childcare"})
_NAMED = frozenset({"named area", "named_area", "指定区域"})  # how people are shown a key_area
_NAME_CHARACTERS = 200
_OUTLINED = frozenset({"amenity", "building", "landuse", "leisure"})
_FIELDS = {"required": "required_draft", "required_share": "requirement"}


def read_places(
    path: str | os.PathLike[str],
    kind: PlaceKind | str | None = None,
    *,
    area_code: str | None = None,
    mapping: FileMapping | str | os.PathLike[str] | None = None,
    encoding: str | None = None,
    known: Extent | None = None,
    limits: Limits = LIMITS,
) -> Reading[Patch]:
    """kind: of every feature; None takes it from each feature; one that says none is left out.

    area_code: for features that name none. known: where the city is, if that is known.
    Never raises for what a file holds; ValueError when `kind` is no kind.
    """
    wanted = None if kind is None else PlaceKind(kind)
    try:
        opened = source.read(path, limits, encoding)
        if opened.form is not Form.JSON:
            advice = "Export it from the map program as GeoJSON with WGS-84 coordinates."
            raise refuse(opened.file, "Places are read from GeoJSON.", advice)
        rules = mappings.resolve(mapping, _HEADERS)
        return _read(opened, wanted, area_code, rules, known, limits)
    except Refused as refused:
        return failed(refused.problem)


def _read(
    opened: source.Source,
    kind: PlaceKind | None,
    area_code: str | None,
    mapping: FileMapping | None,
    known: Extent | None,
    limits: Limits,
) -> Reading[Patch]:
    findings = Findings(opened.file, limits.problems, "feature")
    opened.report(findings)
    pieces: list[Piece] = []
    left_out = _LeftOut()
    features = geojson.features(opened, limits)
    for number, feature in enumerate(features, start=1):
        if feature.geometry is None:
            findings.warn("The feature has no geometry.", "It was left out.", line=number)
            continue
        try:
            piece = _piece(feature, number, kind, area_code, mapping)
            if piece is None:
                left_out.add(feature, number)
            else:
                pieces.append(piece)
        except ValueError as error:
            reason, advice = error.args
            findings.error(reason, advice, line=number, value=geojson.plain(feature.id))
    left_out.report(findings)
    places = [*grouping.streets(pieces, findings), *grouping.others(pieces)]
    _duplicates(places, findings)
    _doubts(places, known, findings)
    return findings.reading([place for _, place in places], len(features))


def _piece(
    feature: Feature,
    number: int,
    kind: PlaceKind | None,
    area_code: str | None,
    mapping: FileMapping | None,
) -> Piece | None:
    told = _told(feature.properties, mapping)
    geometry = {
        "type": (feature.geometry or {}).get("type"),
        "coordinates": _coordinates(feature.geometry or {}, _metres(told["excluded_m"])),
    }
    if _is_outline(feature.properties, geometry, kind):
        geometry = {"type": "Polygon", "coordinates": [geometry["coordinates"]]}
    found = kind or _kind(told, str(geometry["type"]))
    if found is None:
        return None
    if geometry["type"] not in _ALLOWED[found]:
        allowed = " or ".join(_ALLOWED[found])
        reason = f"A {_WORDS[found]} cannot be a {geometry['type']}."
        raise ValueError(reason, f"Draw it as {allowed}, or give the right kind.")
    return Piece(
        number=number,
        kind=found,
        own_code=told["code"],
        id=_id(feature),
        name=told["name"][:_NAME_CHARACTERS],
        word=told["class"] or _WORDS[found],
        area_code=told["area_code"] or area_code,
        required_draft=_draft(told["required"]),
        requirement=_requirement(told),
        geometry=geometry,
        left_out=_is_left_out(feature.properties),
        excluded_m=_metres(told["excluded_m"]),
        named=_named(feature.properties, mapping) | ({"area_code"} if area_code else set()),
    )


def _coordinates(geometry: Mapping[str, Any], excluded_m: float) -> Any:
    """As they stand; none of a street that is left out as a whole, as `export` writes it."""
    hidden = excluded_m > 0 and geometry.get("type") == "MultiLineString"
    return [] if hidden and geometry.get("coordinates") == [] else geojson.coordinates(geometry)


def _told(properties: Mapping[str, Any], mapping: FileMapping | None) -> dict[str, str]:
    """The properties we know, as text; "" where a feature does not say."""
    plain = {fields.normalise(key): geojson.plain(value) for key, value in properties.items()}
    told = {
        name: next((text for h in headers if (text := plain.get(fields.normalise(h), ""))), "")
        for name, headers in _HEADERS.items()
    }
    for name, rule in (mapping.rules if mapping else {}).items():
        told[name] = rule.text([plain.get(fields.normalise(c), "") for c in rule.columns])
    return {name: logins.without(text) for name, text in told.items()}


def _named(properties: Mapping[str, Any], mapping: FileMapping | None) -> frozenset[str]:
    """Fields of a place that the feature speaks of, if only to say that there is nothing."""
    have = {fields.normalise(key) for key in properties}
    rules = mapping.rules if mapping else {}
    return frozenset(
        _FIELDS.get(name, name)
        for name, headers in _HEADERS.items()
        if any(
            fields.normalise(h) in have for h in (rules[name].columns if name in rules else headers)
        )
        or (name in rules and rules[name].constant is not None)
    )


def _is_outline(
    properties: Mapping[str, Any], geometry: Mapping[str, Any], kind: PlaceKind | None
) -> bool:
    """Whether a closed line is the border of something (OSM: a way), and no street."""
    line = geometry["coordinates"]
    if geometry["type"] != "LineString" or len(line) < 4 or line[0] != line[-1]:
        return False
    if kind is not None:
        return kind is not PlaceKind.STREET
    have = {fields.normalise(key) for key, value in properties.items() if geojson.plain(value)}
    return bool(have & _OUTLINED) and not have & {"highway", "railway"}


class _LeftOut:
    """Features that say no kind of place, counted by what they are."""

    def __init__(self) -> None:
        self._lines: dict[str, list[int]] = defaultdict(list)

    def add(self, feature: Feature, number: int) -> None:
        """One feature that no rule makes a place."""
        shape = geojson.plain((feature.geometry or {}).get("type"))
        told = _told(feature.properties, None)
        what = f"{shape} {told['class']}".strip()
        self._lines[what].append(number)

    def report(self, findings: Findings) -> None:
        """One warning for each kind of feature."""
        for what, lines in sorted(self._lines.items()):
            shown = ", ".join(map(str, lines[:10])) + (" …" if len(lines) > 10 else "")
            findings.warn(
                f"{len(lines):,} features ({what}) say no kind of place and were left out: "
                f"features {shown}.",
                "If they shall be named areas, say so: property kind = key_area, or "
                "--kind key_area.",
                line=lines[0],
            )


def _kind(told: Mapping[str, str], geometry: str) -> PlaceKind | None:
    """What a feature is: what it says, a street for a line, a school by class; else None."""
    if told["kind"]:
        word = told["kind"].lower()
        try:
            return PlaceKind(word if word not in _NAMED else "key_area")
        except ValueError:
            reason = f"Unknown kind {told['kind'][:40]!r}."
            raise ValueError(reason, f"Use {', '.join(PlaceKind)}.") from None
    if geometry in _LINES:
        return PlaceKind.STREET
    return PlaceKind.SCHOOL if told["class"].lower() in _SCHOOLS else None


def _id(feature: Feature) -> str:
    """What the source calls the feature: osm, source (without its version), id, else its shape."""
    for key in ("osm", "osm_id", "source", "@id"):
        text = geojson.plain(feature.properties.get(key))
        if re.fullmatch(r"[A-Za-z]*/?\d+(@\d+)?", text, re.ASCII):
            return text.partition("@")[0]
    if feature.id:
        return feature.id
    shape = geojson.written(feature.geometry).encode("utf-8", "replace")
    return f"shape-{hashlib.sha256(shape).hexdigest()[:16]}"


def _requirement(told: Mapping[str, str]) -> Requirement | None:
    """All four of share, purpose, ground and review date, or none: no need without its reason."""
    words = [told[name] for name in ("required_share", "purpose", "ground", "review_due")]
    if not told["required_share"]:
        return None
    if not all(words):
        reason = "A required share needs a purpose, a ground and a review date."
        raise ValueError(reason, "Give purpose, ground and review_due, or leave out all four.")
    try:
        found = Requirement(
            share=float(words[0]),
            purpose=words[1],
            ground=words[2],
            review_due=date.fromisoformat(words[3]),
        )
    except ValueError:
        raise ValueError(
            f"Share {words[0][:20]!r} or review date {words[3][:20]!r} cannot be read.",
            "Write the share as 0.8 and the date as 2026-01-31.",
        ) from None
    if found.flaw:
        raise ValueError(found.flaw, "Correct required_share.")
    return found


def _draft(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise ValueError(f"The required number {text[:20]!r} is no count.", "Give a whole number.")
    return int(text)


def _metres(text: str) -> float:
    if text and not re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        raise ValueError(f"The length left out, {text[:20]!r}, is no number.", "Give metres.")
    return float(text or 0)


def _is_left_out(properties: Mapping[str, Any]) -> bool:
    """Tunnels, covered and unbuilt pieces: an outdoor camera cannot watch them (Overture, OSM)."""
    flags = properties.get("flags")
    listed = {flag for flag in flags if isinstance(flag, str)} if isinstance(flags, list) else set()
    tags = {key: geojson.plain(properties.get(key)).lower() for key in ("tunnel", "covered")}
    return (
        bool(listed & _LEFT_OUT)
        or any(value not in ("", "no", "false") for value in tags.values())
        or geojson.plain(properties.get("highway")) in ("construction", "proposed")
    )


def _duplicates(places: Sequence[tuple[int, Patch]], findings: Findings) -> None:
    first: dict[str, int] = {}
    for number, place in places:
        code = place.values["code"]
        if code in first:
            findings.error(
                f"The code stands already in feature {first[code]}.",
                "Delete the copy, or give each its own code.",
                line=number,
                value=code,
            )
        first.setdefault(code, number)


def _doubts(places: Sequence[tuple[int, Patch]], known: Extent | None, findings: Findings) -> None:
    """What will not count as it is drawn: places that cannot lie there, strokes drawn twice."""
    places = [each for each in places if each[1].values["geometry"]["coordinates"]]
    shapes = shapely.from_geojson(
        [json.dumps(place.values["geometry"]) for _, place in places], on_invalid="ignore"
    )
    middles = shapely.get_coordinates(shapely.centroid(shapes)).tolist()
    if len(middles) != len(places):
        return  # an empty shape is an error already
    where = known or extent([(x, y) for x, y in middles], f"the middle of {findings.file}")
    for index, ((number, place), (lon, lat)) in enumerate(zip(places, middles, strict=True)):
        reason = misplaced(where, lon, lat)
        drawn = shapes[index]
        if not reason and drawn.geom_type in _POLYGONS and repaired(drawn) is None:
            reason = NO_SURFACE
        if reason:
            advice = "It is stored, but counts in no figure until it is corrected."
            findings.warn(reason, advice, line=number, value=place.made["name"])
    streets = np.array(
        [place.values["kind"] == PlaceKind.STREET for _, place in places], dtype=bool
    )
    lines = np.asarray(shapes, dtype=object)[streets]
    plane = Projection.centred_on(np.array(middles)) if middles else None
    if plane is None or not len(lines):
        return
    twice = drawn_twice(shapely.transform(lines, plane.to_plane)).tolist()
    if twice:
        named = [place.made["name"] for _, place in places if place.values["kind"] == "street"]
        shown = ", ".join(shorten(named[index]) for index in twice[:10])
        findings.note(
            f"{len(twice)} streets have stretches drawn twice, which count once: {shown}."
        )
