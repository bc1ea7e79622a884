"""Reads the tree of areas from CSV or XLSX: code, name, parent, level.

Which area a camera or place belongs to is written in their own files.
"""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from monitor.inventory import fields, source, table, values
from monitor.inventory import mapping as mappings
from monitor.inventory.grid import Record
from monitor.inventory.mapping import FileMapping, Rule
from monitor.inventory.patch import Patch
from monitor.inventory.problems import (
    Findings,
    Problem,
    Reading,
    Refused,
    Severity,
    failed,
    refuse,
    shorten,
)
from monitor.inventory.source import LIMITS, Form, Limits
from monitor.model import Area

HEADERS: Mapping[str, tuple[str, ...]] = {
    "code": (
        "area_code",
        "area_id",
        "id",
        "代码",
        "编码",
        "编号",
        "編號",
        "区域编号",
        "区划代码",
        "行政区划代码",
        "区域编码",
        "组织编码",
    ),
    "name": ("area_name", "名称", "区划名称", "行政区划名称", "区域名称", "组织名称"),
    "parent_code": ("parent", "上级", "上级代码", "上级编码", "上级区划代码", "父级编码"),
    "level": ("级别", "层级", "区划级别", "类型"),
}
_BY_HEADER = {
    fields.normalise(header): name for name, others in HEADERS.items() for header in (name, *others)
}
_EXPECTED = f"Expected columns: {', '.join(HEADERS)} (or 代码, 名称, 上级代码, 级别)."

_NONE: Mapping[str, Area] = MappingProxyType({})

Lines = dict[str, tuple[int, Area]]


def read_areas(
    path: str | os.PathLike[str],
    *,
    known: Mapping[str, Area] = _NONE,
    mapping: FileMapping | str | os.PathLike[str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    limits: Limits = LIMITS,
) -> Reading[Patch]:
    """Areas with parents before their children. known: areas already stored, valid as parents.

    A parent may be given by its name, if only one area has it.
    """
    try:
        opened = source.read(path, limits, encoding)
        if opened.form is Form.JSON:
            raise refuse(opened.file, "Areas are read from CSV or XLSX.", _EXPECTED)
        rules = mappings.resolve(mapping, HEADERS)
        return _read(opened, known, rules, sheet, limits)
    except Refused as refused:
        return failed(refused.problem)


def _read(
    opened: source.Source,
    known: Mapping[str, Area],
    mapping: FileMapping | None,
    sheet: str | None,
    limits: Limits,
) -> Reading[Patch]:
    rules = mapping.rules if mapping else {}
    ruled = {fields.normalise(column) for rule in rules.values() for column in rule.columns}
    found = table.read(
        opened,
        lambda h: fields.normalise(h) in _BY_HEADER or fields.normalise(h) in ruled,
        sheet or (mapping.sheet if mapping else None),
        limits,
        mapping.headers if mapping else (),
    )
    places = {
        _BY_HEADER[fields.normalise(header)]: place
        for place, header in reversed(list(enumerate(found.headers)))
        if fields.normalise(header) in _BY_HEADER
    }
    where = {fields.normalise(header): place for place, header in enumerate(found.headers)}
    for name, rule in rules.items():
        missing = [column for column in rule.columns if fields.normalise(column) not in where]
        if missing:
            reason = f"The mapping names the column {', '.join(missing)}, not in this file."
            raise refuse(opened.file, reason, f"The file has: {', '.join(found.headers)}.")
        places.pop(name, None)
    if not {"code", "name"} <= places.keys() | rules.keys():
        shown = ", ".join(filter(None, found.headers))
        raise refuse(opened.file, f"No columns for code and name; found: {shown}.", _EXPECTED)
    findings = Findings(opened.file, limits.problems, found.unit)
    opened.report(findings)
    listed: Lines = {}
    lines = 0
    for record in found.records:
        lines += 1
        _add(record, places, rules, where, listed, findings)
    found.report(findings)
    _name_parents(listed, known, findings)
    _check_tree(listed, known, findings)
    named = [name for name in ("name", "parent_code", "level") if name in {*places, *rules}]
    rows = [
        Patch(
            key=area.code,
            values={name: getattr(area, name) for name in named},
            line=listed[area.code][0],
        )
        for area in _parents_first(listed)
    ]
    return findings.reading(rows, lines)


def _add(
    record: Record,
    places: Mapping[str, int],
    rules: Mapping[str, Rule],
    where: Mapping[str, int],
    listed: Lines,
    findings: Findings,
) -> None:
    def cell(place: int) -> str:
        return record.cells[place] if place < len(record.cells) else ""

    cells = {name: cell(place) for name, place in places.items()}
    try:
        for name, rule in rules.items():
            cells[name] = rule.text([cell(where[fields.normalise(c)]) for c in rule.columns])
        code = values.code(cells["code"])
        parent = values.code(cells["parent_code"]) if cells.get("parent_code") else None
    except ValueError as error:
        reason, advice = error.args
        shown = f"{cells.get('code', '')} {cells.get('parent_code', '')}".strip()
        findings.error(reason, advice, line=record.line, column="code", value=shown)
        return
    if not cells["name"]:
        findings.error("The area has no name.", "Enter it.", line=record.line, column="name")
        return
    if code in listed:
        reason = f"The code stands already in {findings.unit} {listed[code][0]}."
        advice = "Correct or delete one of the two."
        findings.error(reason, advice, line=record.line, column="code", value=code)
        return
    area = Area(code=code, name=cells["name"], parent_code=parent, level=cells.get("level", ""))
    listed[code] = (record.line, area)


def _name_parents(listed: Lines, known: Mapping[str, Area], findings: Findings) -> None:
    """Put the code in the place of a parent's name."""
    together = {**known, **{code: area for code, (_, area) in listed.items()}}
    names = Names(together.values())
    for line, area in list(listed.values()):
        parent = area.parent_code
        if parent is None or parent in together:
            continue
        codes = names.codes(parent)
        if len(codes) > 1:
            findings.error(
                f"{len(codes)} areas have this name: {', '.join(codes)}.",
                "Give the code of the one that is meant.",
                line=line,
                column="parent_code",
                value=parent,
            )
            listed[area.code] = line, replace(area, parent_code=None)
        elif codes:
            listed[area.code] = line, replace(area, parent_code=codes[0])


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """What words for areas mean. codes: word → code, where it is a name. new: to be made."""

    codes: dict[str, str]
    new: list[str]
    errors: list[Problem]


class Names:
    """Finds areas by what people call them: the code, or the name in any case and width."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self._codes: set[str] = set()
        self._named: dict[str, list[str]] = defaultdict(list)
        for area in areas:
            self._codes.add(area.code)
            self._named[_folded(area.name)].append(area.code)

    def codes(self, word: str) -> list[str]:
        """The codes of the areas that a word may mean."""
        return [word] if word in self._codes else sorted(self._named.get(_folded(word), []))

    def settle(
        self, words: Iterable[tuple[str, int, int]], file: str, unit: str, *, make: bool
    ) -> Settled:
        """words: each with the first line where it stands and the number of rows that have it.

        make: areas that nobody has described are to be made.
        """
        settled = Settled(codes={}, new=[], errors=[])
        for word, line, rows in words:
            codes = self.codes(word)
            if len(codes) == 1:
                if codes != [word]:
                    settled.codes[word] = codes[0]
            elif not codes and make:
                settled.new.append(word)
            else:
                settled.errors.append(_unsettled(word, codes, file, unit, line, rows))
        return settled


def _unsettled(
    word: str, codes: Sequence[str], file: str, unit: str, line: int, rows: int
) -> Problem:
    if codes:
        reason = f"{len(codes)} areas have this name: {', '.join(codes)}."
        advice = "Give the code of the one that is meant."
    else:
        reason = "No area has this code or name."
        advice = "Import the areas first, or make it by --make-areas."
    more = f" {rows:,} rows say so." if rows > 1 else ""
    return Problem(
        severity=Severity.ERROR,
        file=file,
        line=line or None,
        unit=unit,
        column="area_code",
        value=shorten(word),
        reason=reason + more,
        advice=advice,
    )


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _check_tree(listed: Lines, known: Mapping[str, Area], findings: Findings) -> None:
    for line, area in listed.values():
        parent = area.parent_code
        if parent is not None and parent not in listed and parent not in known:
            findings.error(
                "The parent is neither in this file nor stored.",
                "Add a row for it, or correct the code.",
                line=line,
                column="parent_code",
                value=parent,
            )
    for cycle in _cycles(listed):
        findings.error(
            f"These areas are their own ancestors: {' -> '.join([*cycle[:10], cycle[0]])}.",
            "Correct the parent of one of them.",
            line=listed[cycle[0]][0],
            column="parent_code",
        )


def _cycles(listed: Lines) -> list[Sequence[str]]:
    """Each cycle once, beginning with its first code in the file."""
    done: set[str] = set()
    found: list[Sequence[str]] = []
    for start in listed:
        path: dict[str, None] = {}
        code: str | None = start
        while code is not None and code in listed and code not in done and code not in path:
            path[code] = None
            code = listed[code][1].parent_code
        if code is not None and code in path:
            walked = list(path)
            found.append(walked[walked.index(code) :])
        done |= path.keys()
    return found


def _parents_first(listed: Lines) -> list[Area]:
    """File order, but never a child before its parent; areas on a cycle are left out."""
    children: dict[str | None, list[Area]] = {}
    for _, area in listed.values():
        parent = area.parent_code if area.parent_code in listed else None
        children.setdefault(parent, []).append(area)
    ordered = list(children.get(None, ()))
    for area in ordered:  # grows while it is walked
        ordered.extend(children.get(area.code, ()))
    return ordered
