"""The sample city of the demo as places and cameras, for tests that need a real one."""

import json
from pathlib import Path
from typing import Any

import monitor
from monitor.model import Camera, CameraKind, Place, PlaceKind

FOLDER = Path(monitor.__file__).parent / "demo" / "data" / "zurich-centre"
_KINDS = {"dome": CameraKind.HALF_DOME, "fixed": CameraKind.FIXED}
_UNBUILT = {"is_tunnel", "is_covered", "is_under_construction"}


def features(name: str) -> list[dict[str, Any]]:
    return json.loads((FOLDER / f"{name}.geojson").read_text(encoding="utf-8"))["features"]


def cameras() -> dict[int, Camera]:
    return {number: _camera(one) for number, one in enumerate(features("cameras"), start=1)}


def _camera(feature: dict[str, Any]) -> Camera:
    tags = feature["properties"]
    lon, lat = feature["geometry"]["coordinates"]
    return Camera(
        code=feature["id"],
        name=feature["id"],
        lon=lon,
        lat=lat,
        kind=_KINDS.get(tags.get("camera:type"), CameraKind.UNKNOWN),
        direction=tags.get("camera:direction") or tags.get("direction"),
        indoor=tags.get("surveillance") == "indoor",
    )


def streets(*, tunnels: bool = False) -> dict[int, Place]:
    lines: dict[str, list[Any]] = {}
    for number, one in enumerate(features("streets")):
        if tunnels or not _UNBUILT & set(one["properties"]["flags"]):
            name = one["properties"]["name"] or f"unnamed {number}"
            lines.setdefault(name, []).append(one["geometry"]["coordinates"])
    return {
        number: Place(
            kind=PlaceKind.STREET,
            code=name,
            name=name,
            geometry={"type": "MultiLineString", "coordinates": pieces},
        )
        for number, (name, pieces) in enumerate(lines.items(), start=1)
    }


def sites() -> dict[int, Place]:
    kinds = {
        "school_buildings": PlaceKind.SCHOOL,
        "school_points": PlaceKind.SCHOOL,
        "key_areas": PlaceKind.KEY_AREA,
    }
    found = [(kind, one) for name, kind in kinds.items() for one in features(name)]
    return {
        10_000 + number: Place(kind=kind, code=one["id"], name=one["id"], geometry=one["geometry"])
        for number, (kind, one) in enumerate(found)
    }
