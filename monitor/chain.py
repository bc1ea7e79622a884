"""Chains of digests: each link holds the one before, so that a later change of any row shows.

Pure. A value is written in one way only (`canonical`), so that anybody can compute the same digest:
JSON in UTF-8, keys sorted, no blanks, instants in UTC with microseconds and Z.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

START = bytes(32)
"""What stands before the first link."""


def canonical(value: Any) -> bytes:
    """The one way to write a value; keys of mappings are text."""
    return _ENCODER.encode(value).encode()


def digest(value: Any) -> bytes:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(value)).digest()


def link(previous: bytes, value: Any) -> bytes:
    """The digest of a row that stands behind `previous`."""
    return hashlib.sha256(previous + canonical(value)).digest()


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            return value.isoformat()
        case Mapping():
            return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain
)
