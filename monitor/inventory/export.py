"""Writes cameras, areas and places as files that read back to the same.

Writing the file is left to the caller: as UTF-8 with a byte order mark, spreadsheets show Chinese.
"""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import date
from enum import Enum
from typing import Any

from monitor.inventory import fields
from monitor.inventory.grid import protect
from monitor.model import Area, Camera, Place

_AREA = ("code", "name", "parent_code", "level")


def cameras_csv(cameras: Sequence[Camera]) -> str:
    """CSV text: English headers, every attribute, then the sheet fields any camera has.

    Sheet fields of our table come in its order, foreign ones after them by name. A spreadsheet
    still rounds 20-digit codes when it opens any CSV: import it there with the column as text.
    """
    attributes = [field.name for field in fields.ATTRIBUTES]
    order = {field.name: number for number, field in enumerate(fields.FIELDS)}
    keys = sorted(
        {key for camera in cameras for key in camera.sheet},
        key=lambda key: (order.get(key, len(order)), key),
    )
    rows = (
        [getattr(camera, name) for name in attributes] + [camera.sheet.get(key) for key in keys]
        for camera in cameras
    )
    return _csv([*attributes, *keys], rows)


def areas_csv(areas: Iterable[Area]) -> str:
    """CSV text: the tree, one row per area."""
    return _csv(_AREA, ([getattr(area, name) for name in _AREA] for area in areas))


def places_geojson(places: Iterable[Place], today: date) -> str:
    """GeoJSON text (RFC 7946): geometry as stored, and what each place needs if it counts today."""
    features = [_feature(place, today) for place in places]
    return json.dumps(
        {"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=0
    )


def _feature(place: Place, today: date) -> dict[str, Any]:
    said: dict[str, Any] = {
        "kind": place.kind,
        "code": place.code,
        "name": place.name,
        "area_code": place.area_code,
        "excluded_m": place.excluded_m,
        "required": place.required_draft,
    }
    needed = place.requirement
    if needed and needed.review_due > today:
        said |= {
            "required_share": needed.share,
            "purpose": needed.purpose,
            "ground": needed.ground,
            "review_due": needed.review_due.isoformat(),
        }
    return {"type": "Feature", "properties": said, "geometry": dict(place.geometry)}


def _csv(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([protect(header) for header in headers])
    writer.writerows([protect(_text(value)) for value in row] for row in rows)
    return written.getvalue()


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case float():
            return repr(value)
        case _:
            return str(value)
