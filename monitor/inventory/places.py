"""Reads streets, schools and key areas from GeoJSON, streets grouped by their name.

Geometry is checked and kept in degrees; what of it is watched is left to `monitor.coverage`.
"""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from monitor.inventory import fields, geojson, grouping, kinds, source
from monitor.inventory.geojson import Feature
from monitor.inventory.grouping import Piece
from monitor.inventory.problems import Findings, Reading, Refused, failed, refuse
from monitor.inventory.source import LIMITS, Form, Limits
from monitor.model import Place, PlaceKind

_LINES = ("LineString", "MultiLineString")
_POLYGONS = ("Polygon", "MultiPolygon")
_ALLOWED: Mapping[PlaceKind, tuple[str, ...]] = {
    PlaceKind.STREET: _LINES,
    PlaceKind.SCHOOL: (*_POLYGONS, "Point"),
    PlaceKind.KEY_AREA: _POLYGONS,
}
_LEFT_OUT = frozenset({"is_tunnel", "is_covered", "is_under_construction"})
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "place_code", "编码", "代码"),
    "name": ("name", "street_name", "名称", "道路名称", "学校名称"),
    "area_code": ("area_code", "admin_area", "行政区域", "行政区划代码"),
    "kind": ("kind",),
    "class": ("class", "subclass", "fclass", "amenity", "building", "highway", "railway"),
    "area_type": ("area_type", "区域类型", "场所类型"),
    "required": ("required", "required_cameras", "应建数", "应装数"),
}
_NAME_CHARACTERS = 200


def read_places(
    path: str | os.PathLike[str],
    kind: PlaceKind | str | None = None,
    *,
    area_code: str | None = None,
    limits: Limits = LIMITS,
) -> Reading[Place]:
    """kind: of every feature; None recognises it from geometry and class.

    area_code: for features that name none. Never raises for what a file holds; ValueError when
    `kind` is no kind.
    """
    wanted = None if kind is None else PlaceKind(kind)
    try:
        opened = source.read(path, limits)
        if opened.form is not Form.JSON:
            advice = "Export it from the map program as GeoJSON with WGS-84 coordinates."
            raise refuse(opened.file, "Places are read from GeoJSON.", advice)
        return _read(opened, wanted, area_code, limits)
    except Refused as refused:
        return failed(refused.problem)


def _read(
    opened: source.Source, kind: PlaceKind | None, area_code: str | None, limits: Limits
) -> Reading[Place]:
    findings = Findings(opened.file, limits.problems, "feature")
    pieces: list[Piece] = []
    features = geojson.features(opened, limits)
    for number, feature in enumerate(features, start=1):
        if feature.geometry is None:
            findings.warn("The feature has no geometry.", "It was left out.", line=number)
            continue
        try:
            pieces.append(_piece(feature, number, kind, area_code, findings))
        except ValueError as error:
            reason, advice = error.args
            findings.error(reason, advice, line=number, value=geojson.plain(feature.id))
    places = [*grouping.streets(pieces, findings), *grouping.others(pieces)]
    _duplicates(places, findings)
    return findings.reading([place for _, place in places], len(features))


def _piece(
    feature: Feature,
    number: int,
    kind: PlaceKind | None,
    area_code: str | None,
    findings: Findings,
) -> Piece:
    told = _told(feature.properties)
    geometry = {
        "type": (feature.geometry or {}).get("type"),
        "coordinates": geojson.coordinates(feature.geometry or {}),
    }
    area_type = _area_type(told, number, findings)
    found = kind or _kind(told, str(geometry["type"]), area_type)
    if geometry["type"] not in _ALLOWED[found]:
        allowed = " or ".join(_ALLOWED[found])
        reason = f"A {found.replace('_', ' ')} cannot be a {geometry['type']}."
        raise ValueError(reason, f"Draw it as {allowed}, or give the right kind.")
    if found is PlaceKind.KEY_AREA and area_type is None:
        _warn_of_class(told["class"], number, findings)
        area_type = "OT"
    return Piece(
        number=number,
        kind=found,
        own_code=told["code"],
        id=_id(feature),
        name=told["name"][:_NAME_CHARACTERS],
        word=told["class"] or str(found),
        area_code=told["area_code"] or area_code,
        area_type=area_type if found is not PlaceKind.STREET else None,
        required=_required(told["required"]),
        geometry=geometry,
        left_out=_is_left_out(feature.properties),
    )


def _told(properties: Mapping[str, Any]) -> dict[str, str]:
    """The properties we know, as text; "" where a feature does not say."""
    plain = {fields.normalise(key): geojson.plain(value) for key, value in properties.items()}
    return {
        name: next((text for h in headers if (text := plain.get(fields.normalise(h), ""))), "")
        for name, headers in _HEADERS.items()
    }


def _area_type(told: Mapping[str, str], number: int, findings: Findings) -> str | None:
    written = told["area_type"]
    if written:
        known = kinds.of_text(written)
        if known is not None:
            return known
        advice = f"Use one of {', '.join(kinds.AREA_TYPES)}."
        findings.warn("Unknown area type.", advice, line=number, column="area_type", value=written)
    return kinds.of_class(told["class"])


def _warn_of_class(word: str, number: int, findings: Findings) -> None:
    advice = "It is taken as OT (other); give the property area_type."
    findings.warn("The class names no area type.", advice, line=number, column="class", value=word)


def _kind(told: Mapping[str, str], geometry: str, area_type: str | None) -> PlaceKind:
    if told["kind"]:
        try:
            return PlaceKind(told["kind"].lower())
        except ValueError:
            reason = f"Unknown kind {told['kind'][:40]!r}."
            raise ValueError(reason, f"Use {', '.join(PlaceKind)}.") from None
    if geometry in _LINES:
        return PlaceKind.STREET
    return PlaceKind.SCHOOL if area_type == "SC" else PlaceKind.KEY_AREA


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


def _required(text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise ValueError(f"The required number {text[:20]!r} is no count.", "Give a whole number.")
    return int(text)


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


def _duplicates(places: Sequence[tuple[int, Place]], findings: Findings) -> None:
    first: dict[str, int] = {}
    for number, place in places:
        if place.code in first:
            findings.error(
                f"The code stands already in feature {first[place.code]}.",
                "Delete the copy, or give each its own code.",
                line=number,
                value=place.code,
            )
        first.setdefault(place.code, number)
