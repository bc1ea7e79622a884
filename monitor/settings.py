"""One TOML file, environment over it: validated, frozen, every problem listed at once.

What can be configured is in `sections`; the README's table is made of it.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from monitor.sections import (
    DATA_DIR,
    MOST_BYTES,
    BadSettings,
    Coverage,
    Platform,
    Polling,
    Settings,
)

__all__ = ["BadSettings", "Coverage", "Platform", "Polling", "Settings", "load", "options"]

PREFIX = "CAMLEDGER_"
_FORMER_PREFIX = "SHARP_EYES_"  # until 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One key of the configuration, for documents and help."""

    section: str
    key: str
    default: str
    secret: bool
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"{PREFIX}{self.section}_{self.key}".upper()


def options() -> Iterator[Option]:
    """Every option, in order."""
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if section == "platforms":  # as many as there are; the README tells their keys
            continue
        assert isinstance(model, type) and issubclass(model, BaseModel)  # noqa: PT018, S101
        for key, each in model.model_fields.items():
            yield Option(
                section=section,
                key=key,
                default="—" if each.default is None else str(each.default),
                secret="SecretStr" in str(each.annotation),
                help=each.description or "",
            )


def load(
    path: Path | None,
    environ: Mapping[str, str] | None = None,
    *,
    data_dir: Path = DATA_DIR,
) -> Settings:
    """Settings of a file (None: defaults) with the environment over it. Raises BadSettings.

    data_dir: where nobody names one. A relative one lies in the folder of the file, if there is
    one; that of the environment in the current folder, as for any program.
    """
    text = _text(path)
    where = str(path) if path else "environment"
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise BadSettings([f"{where}: not valid TOML: {exc}"]) from exc
    sources, problems = _overlay(raw, os.environ if environ is None else environ)
    _place(raw, sources, path, data_dir)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as exc:
        problems = [_sentence(each, text, where, sources) for each in exc.errors()] + problems
    if problems:
        raise BadSettings(problems)
    return settings


def _place(
    raw: dict[str, Any], sources: Mapping[str, str], path: Path | None, data_dir: Path
) -> None:
    """Say where the data lies whatever folder the program is started in."""
    section = raw.setdefault("database", {})
    if not isinstance(section, dict) or "database.data_dir" in sources:
        return
    named = section.get("data_dir", str(data_dir))
    if isinstance(named, str):
        folder = path.absolute().parent if path else Path()
        section["data_dir"] = str(folder / named)


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)  # also of a device that never ends
    except OSError as exc:
        raise BadSettings([f"{path}: cannot be read ({exc.strerror}). Check the path"]) from exc
    if len(data) > MOST_BYTES:
        raise BadSettings([f"{path}: over 1 MB; this is not a configuration file"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadSettings([f"{path}: not UTF-8 (byte {exc.start}). Save it as UTF-8"]) from exc


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Put CAMLEDGER_… variables over the file; returns key -> variable, and problems."""
    known = {option.variable: option for option in options()}
    sources: dict[str, str] = {}
    problems: list[str] = []
    for name, value in sorted(environ.items()):
        if name.startswith(_FORMER_PREFIX):
            problems.append(f"{name}: is called {PREFIX}{name.removeprefix(_FORMER_PREFIX)} now")
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_"):
            continue
        plain = name.removesuffix("_FILE")
        option = known.get(name) or known.get(plain)
        if option is None:
            problems.append(f"{name}: no such option. `camledger config` lists all")
            continue
        if name not in known:
            try:
                with Path(value).open(encoding="utf-8") as file:
                    value = file.read(MOST_BYTES).strip()
            except (OSError, UnicodeDecodeError) as exc:
                problems.append(f"{name}: {value} cannot be read ({exc})")
                continue
        section = raw.setdefault(option.section, {})
        if isinstance(section, dict):
            section[option.key] = value
            sources[f"{option.section}.{option.key}"] = name
    return sources, problems


def _sentence(error: Any, text: str, where: str, sources: Mapping[str, str]) -> str:
    """One problem as a line: file, line, key, what is wrong, what to do."""
    message = error["msg"].removeprefix("Value error, ")
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "value_error":  # a check of a whole section begins with its key
        key, _, message = message.partition(": ")
    line = _line(text, key.split("."))
    place = sources.get(key) or (f"{where}, line {line}" if line else where)
    if error["type"] == "extra_forbidden":
        message = "no such option. `camledger config` lists all"
    return f"{place}: {key}: {message[0].lower()}{message[1:]}"


def _line(text: str, path: list[str]) -> int | None:
    """The line of a key in the file, as a person would look for it."""
    section = None
    header = None
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*\[\s*([\w.\"-]+)\s*\]", line)
        if match:
            section = match[1].strip('"')
            header = number if section == path[0] else header
            if len(path) == 1 and section == path[0]:
                return number
        wanted = path[-1] if len(path) == 1 else ".".join(path[1:])
        inside = section == path[0] if len(path) > 1 else section is None
        if inside and re.match(rf"\s*\"?{re.escape(wanted)}\"?\s*=", line):
            return number
        if section is None and re.match(rf"\s*{re.escape('.'.join(path))}\s*=", line):
            return number
    return header
