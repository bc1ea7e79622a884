"""Writes cameras as CSV that `read_cameras` reads back to the same cameras.

Writing the file is left to the caller: as UTF-8 with a byte order mark, spreadsheets show Chinese.
"""

import csv
import io
from collections.abc import Sequence
from enum import Enum
from typing import Any

from monitor.inventory import fields
from monitor.inventory.grid import protect
from monitor.model import Camera


def export_rows(cameras: Sequence[Camera]) -> str:
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
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow([protect(header) for header in (*attributes, *keys)])
    for camera in cameras:
        own = [_text(getattr(camera, name)) for name in attributes]
        writer.writerow(
            [protect(cell) for cell in (*own, *(camera.sheet.get(k, "") for k in keys))]
        )
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
