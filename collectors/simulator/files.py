"""Read the list of simulated cameras from JSON, naming the entry and field of every mistake.
Opens no sockets.
"""

import dataclasses
import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from collectors.simulator.simulated import (
    Auth,
    Codec,
    Profile,
    Refusal,
    SimulatedCamera,
    SimulatorError,
)

_ENUMS: dict[str, type[StrEnum]] = {"auth": Auth, "refusal": Refusal, "codec": Codec}
_NUMBERS = {"digest_nonce_life_s", "token_window_s", "clock_offset_s"}
_SWITCHES = {"digest_qop", "media2", "keep_alive"}
_COUNTS = {"http_port", "rtsp_port", "width", "height", "frames_per_s", "bitrate_kbps"}
_PROBLEMS_SHOWN = 10


def load_json(path: Path) -> Any:
    """The document in a file, or SimulatorError with file, line and column."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SimulatorError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except json.JSONDecodeError as error:
        raise SimulatorError(
            f"{path}: line {error.lineno} column {error.colno}: {error.msg}"
        ) from error


def load_cameras(path: Path) -> tuple[SimulatedCamera, ...]:
    """Cameras of a JSON file: a list of objects, or an object with that list under `cameras`."""
    try:
        return read_cameras(load_json(path))
    except SimulatorError as error:
        text = str(error)
        raise SimulatorError(text if text.startswith(str(path)) else f"{path}: {text}") from error


def read_cameras(document: object) -> tuple[SimulatedCamera, ...]:
    """Cameras of a parsed document. Raises one SimulatorError that lists the bad entries,
    counted from 1.
    """
    rows = document.get("cameras") if isinstance(document, dict) else document
    if not isinstance(rows, list) or not rows:
        raise SimulatorError('expected a list of cameras, or {"cameras": [...]}, with one at least')
    cameras: list[SimulatedCamera] = []
    first_entry: dict[str, int] = {}
    problems: list[str] = []
    for entry, row in enumerate(rows, 1):
        try:
            camera = _read_camera(row)
        except SimulatorError as error:
            problems.append(f"entry {entry}: {error}")
            continue
        if camera.host in first_entry:
            first = first_entry[camera.host]
            problems.append(f"entry {entry}: host {camera.host} appears twice (entry {first})")
        first_entry.setdefault(camera.host, entry)
        cameras.append(camera)
    if problems:
        raise SimulatorError(_joined(problems))
    return tuple(cameras)


def _joined(problems: list[str]) -> str:
    shown = "; ".join(problems[:_PROBLEMS_SHOWN])
    hidden = len(problems) - _PROBLEMS_SHOWN
    return f"{shown}; and {hidden} more" if hidden > 0 else shown


def _read_camera(row: object) -> SimulatedCamera:
    fields = _checked(row, SimulatedCamera)
    if "host" not in fields:
        raise SimulatorError("host is missing")
    profiles = fields.pop("profiles", None)
    if profiles is not None:
        if not isinstance(profiles, list):
            raise SimulatorError("profiles must be a list")
        fields["profiles"] = tuple(Profile(**_checked(profile, Profile)) for profile in profiles)
    return SimulatedCamera(**fields)


def _checked(row: object, kind: type[SimulatedCamera] | type[Profile]) -> dict[str, Any]:
    """Field values of one JSON object with the right types; anything else is an error that names
    the field.
    """
    if not isinstance(row, dict):
        raise SimulatorError(f"expected an object, got {type(row).__name__}")
    known = {field.name for field in dataclasses.fields(kind)}
    if unknown := sorted(set(row) - known):
        raise SimulatorError(f"unknown field {', '.join(unknown)}")
    return {name: _typed(name, value) for name, value in row.items()}


def _typed(name: str, value: object) -> object:
    if name == "profiles" or (name == "rtsp_port" and value is None):
        return value
    if name in _ENUMS:
        try:
            return _ENUMS[name](str(value))
        except ValueError as error:
            choices = ", ".join(_ENUMS[name])
            raise SimulatorError(f"{name} {value!r} is not one of {choices}") from error
    if name in _SWITCHES:
        wanted: tuple[type, ...] = (bool,)
    elif name in _NUMBERS:
        wanted = (int, float)
    else:
        wanted = (int,) if name in _COUNTS else (str,)
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        raise SimulatorError(f"{name} must be {wanted[-1].__name__}, got {value!r}")
    return value
