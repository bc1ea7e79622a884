"""A small TOML file that says how columns of a foreign file become fields; and those built in.

Its words: a column, several joined, the first filled, a table of values, a constant, a frame.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from monitor.geodesy.frames import Frame
from monitor.inventory import fields, source
from monitor.inventory.problems import refuse

_BUILT_IN = ("austin", "taipei", "osm", "hikvision", "milestone", "wvp")
_FILE_KEYS = frozenset(
    {
        "title",
        "detect",
        "frame",
        "sheet",
        "dates",
        "fields",
        "headers",
        "decimal",
        "keep",
        "several",
    }
)
_RULE_KEYS = frozenset(
    {"column", "columns", "join", "first", "values", "otherwise", "before", "constant", "find"}
    | {"form"}
)
_SEVERAL_KEYS = frozenset({"count", "list", "separator", "field"})
FORMS = ("lat, lon", "lon, lat", "wkt")
"""How a position stands in one cell; WKT as POINT(longitude latitude)."""
_README = "See monitor/inventory/MAPPING.md for what a mapping may say."


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """How one field gets its text.

    columns: taken together with `join`, or the first filled one when `first`.
    before: only what stands before its last occurrence. find: a pattern, of which the first match
    (or its first group) is taken. values: translations, `otherwise` for the rest; None means that a
    value not listed is an error. form: of a position in one cell.
    """

    columns: tuple[str, ...] = ()
    join: str = " "
    first: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    otherwise: str | None = None
    before: str = ""
    constant: str | None = None
    find: re.Pattern[str] | None = None
    form: str = ""

    @property
    def plain(self) -> bool:
        """True when the column keeps its text, so that no original needs to be kept beside it."""
        return not (self.values or self.before or self.first or self.find)

    def text(self, cells: Sequence[str]) -> str:
        """ValueError(reason, advice) for a value that is not in the table."""
        if self.constant is not None:
            return self.constant
        filled = [cell for cell in cells if cell]
        if len(cells) == 1 and not (self.before or self.values or self.find):
            return cells[0]  # itself, not a copy: it may carry a remark
        text = (filled[0] if filled else "") if self.first else self.join.join(filled)
        if self.before and self.before in text:
            text = text.rpartition(self.before)[0].strip()
        if self.find and text:
            match = self.find.search(text)
            if match is None:
                advice = "Correct the cell, or the pattern in the mapping."
                raise ValueError(f"Nothing here matches {self.find.pattern!r}.", advice)
            text = match[1] if match.groups() else match[0]
        if not self.values or not text:
            return text
        found = self.values.get(text.casefold(), self.otherwise)
        if found is None:
            advice = f"Add it under 'values' in the mapping; it knows {', '.join(self.values)}."
            raise ValueError("The mapping has no translation for this value.", advice)
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Several:
    """A row that stands for several cameras: how many, or one for each part of a list.

    field: what a part of the list is.
    """

    count: str = ""
    list: str = ""
    separator: str = ";"
    field: str = "host"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMapping:
    """A mapping file. rules: by field name. detect: columns by which a built-in one is recognised.

    strict: a column it names must be there; built-in ones also fit files with fewer columns.
    headers: of a file that has none. decimal: what stands before the fraction. keep: columns that
    stay in the sheet although their header means a field.
    """

    name: str
    title: str = ""
    detect: tuple[str, ...] = ()
    frame: Frame = Frame.WGS84
    sheet: str | None = None
    dates: tuple[str, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)
    strict: bool = True
    headers: tuple[str, ...] = ()
    decimal: str = "."
    keep: tuple[str, ...] = ()
    several: Several | None = None

    def columns(self) -> frozenset[str]:
        """Every column named anywhere, normalised."""
        ruled = (column for rule in self.rules.values() for column in rule.columns)
        more = (self.several.count, self.several.list) if self.several else ()
        named = [*self.detect, *self.keep, *ruled, *filter(None, more)]
        return frozenset(map(fields.normalise, named))

    def fits(self, headers: Sequence[str]) -> bool:
        present = set(map(fields.normalise, headers))
        return bool(self.detect) and all(fields.normalise(c) in present for c in self.detect)


def read_mapping(
    path: str | os.PathLike[str], known: Mapping[str, Any] = fields.MAPPABLE
) -> FileMapping:
    """Raises `Refused`: unknown keys, unknown fields and wrong values are errors."""
    opened = source.read(path)
    return _parse(opened.text(), opened.file, Path(path).stem, known, strict=True)


def built_in() -> tuple[FileMapping, ...]:
    """The mappings that come with the product."""
    folder = resources.files("monitor.inventory") / "mappings"
    return tuple(
        _parse(
            (folder / f"{name}.toml").read_text("utf-8"),
            f"{name}.toml",
            name,
            fields.MAPPABLE,
            strict=False,
        )
        for name in _BUILT_IN
    )


def resolve(
    given: "FileMapping | str | os.PathLike[str] | None",
    known: Mapping[str, Any] = fields.MAPPABLE,
) -> FileMapping | None:
    """A mapping as callers may give it: itself, a built-in name, or the path of a file.

    known: names of fields that the mapping may make.
    """
    if given is None or isinstance(given, FileMapping):
        return given
    if given in _BUILT_IN:
        return next(mapping for mapping in built_in() if mapping.name == given)
    return read_mapping(given, known)


def _parse(
    text: str, file: str, name: str, known: Mapping[str, Any], *, strict: bool
) -> FileMapping:
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise refuse(file, f"The mapping is not valid TOML: {error}.", _README) from error
    _known(document, _FILE_KEYS, "", file)
    listed = document.get("fields", {})
    if not isinstance(listed, dict):
        raise _wrong("fields", "must be a table", file)
    _known(listed, frozenset(known), "fields.", file)
    try:
        frame = Frame(document.get("frame", Frame.WGS84))
    except ValueError:
        raise _wrong("frame", f"must be one of {', '.join(Frame)}", file) from None
    decimal = _text(document, "decimal", file) or "."
    if decimal not in (".", ","):
        raise _wrong("decimal", 'must be "." or ","', file)
    return FileMapping(
        name=name,
        title=_text(document, "title", file) or name,
        detect=_texts(document, "detect", file),
        frame=frame,
        sheet=_text(document, "sheet", file),
        dates=_texts(document, "dates", file),
        rules={key: _rule(value, f"fields.{key}", file) for key, value in listed.items()},
        strict=strict,
        headers=_texts(document, "headers", file),
        decimal=decimal,
        keep=_texts(document, "keep", file),
        several=_several(document.get("several"), file),
    )


def _several(raw: Any, file: str) -> Several | None:
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise _wrong("several", "must be a table", file)
    _known(raw, _SEVERAL_KEYS, "several.", file)
    if len(raw.keys() & {"count", "list"}) != 1:
        raise _wrong("several", "needs exactly one of count, list", file)
    field = _text(raw, "field", file) or "host"
    if field not in ("host", "direction", "direction_code", "mac", "ipv6"):
        raise _wrong("several.field", "must be host, direction, direction_code, mac or ipv6", file)
    return Several(
        count=_text(raw, "count", file) or "",
        list=_text(raw, "list", file) or "",
        separator=_text(raw, "separator", file) or ";",
        field=field,
    )


def _rule(raw: Any, key: str, file: str) -> Rule:
    if isinstance(raw, str):
        return Rule(columns=(raw,))
    if not isinstance(raw, dict):
        raise _wrong(key, "must be a column name or a table", file)
    _known(raw, _RULE_KEYS, f"{key}.", file)
    if len(raw.keys() & {"column", "columns", "first", "constant"}) != 1:
        raise _wrong(key, "needs exactly one of column, columns, first, constant", file)
    values = raw.get("values", {})
    if not isinstance(values, dict) or not all(isinstance(v, str) for v in values.values()):
        raise _wrong(f"{key}.values", "must be a table of texts", file)
    column = _text(raw, "column", file)
    joined = _text(raw, "join", file)
    return Rule(
        columns=(column,) if column else _texts(raw, "columns", file) + _texts(raw, "first", file),
        join=" " if joined is None else joined,
        first="first" in raw,
        values={word.casefold(): to for word, to in values.items()},
        otherwise=_text(raw, "otherwise", file),
        before=_text(raw, "before", file) or "",
        constant=_text(raw, "constant", file),
        find=_pattern(raw, key, file),
        form=_form(raw, key, file),
    )


def _pattern(raw: Mapping[str, Any], key: str, file: str) -> re.Pattern[str] | None:
    text = _text(raw, "find", file)
    try:
        return re.compile(text) if text else None
    except re.error as error:
        raise _wrong(f"{key}.find", f"is no pattern: {error}", file) from error


def _form(raw: Mapping[str, Any], key: str, file: str) -> str:
    form = _text(raw, "form", file) or ""
    if form and form not in FORMS:
        raise _wrong(f"{key}.form", f"must be one of {'; '.join(FORMS)}", file)
    return form


def _known(found: Mapping[str, Any], allowed: frozenset[str], prefix: str, file: str) -> None:
    unknown = sorted(set(found) - allowed)
    if unknown:
        reason = f"Unknown key {', '.join(prefix + key for key in unknown)} in the mapping."
        raise refuse(file, reason, f"Known here: {', '.join(sorted(allowed))}.")


def _text(found: Mapping[str, Any], key: str, file: str) -> str | None:
    value = found.get(key)
    if value is not None and not isinstance(value, str):
        raise _wrong(key, "must be a text", file)
    return value


def _texts(found: Mapping[str, Any], key: str, file: str) -> tuple[str, ...]:
    value = found.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(key, "must be a list of texts", file)
    return tuple(value)


def _wrong(key: str, what: str, file: str) -> Exception:
    return refuse(file, f"The key {key} {what}.", _README)
