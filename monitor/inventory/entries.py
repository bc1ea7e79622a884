"""Reads register entries from CSV or XLSX: one row per camera, only the fields that are named.

An absent column changes nothing, an empty cell clears. Rows that name one entry share it.
"""

import os
from collections.abc import Collection, Mapping

from monitor import entry
from monitor.entry import Declaration, Value
from monitor.inventory import fields, source, table, values
from monitor.inventory.grid import Record
from monitor.inventory.problems import Findings, Reading, Refused, failed, refuse
from monitor.inventory.source import LIMITS, Form, Limits

_CAMERA = (
    "camera",
    "camera_code",
    "code",
    "device_code",
    "设备编码",
    "摄像机编码",
    "国标编码",
    "编码",
)
_ENTRY = ("entry", "entry_key", "登记项", "登记编号")
_BY_HEADER: Mapping[str, str] = {
    **{fields.normalise(header): "camera" for header in _CAMERA},
    **{fields.normalise(header): "entry" for header in _ENTRY},
    **{
        fields.normalise(header): each.name
        for each in entry.FIELDS
        for header in (each.name, *each.headers)
    },
}
_EXPECTED = "Expected: camera (its code), and any of entry, " + ", ".join(entry.NAMES) + "."


def read_register(
    path: str | os.PathLike[str],
    *,
    known: Collection[str] = (),
    encoding: str | None = None,
    limits: Limits = LIMITS,
) -> Reading[Declaration]:
    """known: codes of the cameras of the inventory; others are errors."""
    try:
        opened = source.read(path, limits, encoding)
        if opened.form is Form.JSON:
            raise refuse(opened.file, "The register is read from CSV or XLSX.", _EXPECTED)
        return _read(opened, frozenset(known), limits)
    except Refused as refused:
        return failed(refused.problem)


def _read(opened: source.Source, known: Collection[str], limits: Limits) -> Reading[Declaration]:
    found = table.read(opened, lambda h: fields.normalise(h) in _BY_HEADER, None, limits)
    findings = Findings(opened.file, limits.problems, found.unit)
    opened.report(findings)
    columns: dict[str, int] = {}
    for place, header in enumerate(found.headers):
        name = _BY_HEADER.get(fields.normalise(header))
        if name is None:
            if header:
                findings.note(f'The column "{header}" means nothing here and was left out.')
        elif name in columns:
            findings.error(f"Two columns mean {name}.", "Delete one of them.", column=name)
        else:
            columns[name] = place
    if "camera" not in columns or len(columns) == 1:
        shown = ", ".join(filter(None, found.headers))
        raise refuse(opened.file, f"No columns of a register; found: {shown}.", _EXPECTED)
    rows = [_row(record, columns, findings) for record in found.records if any(record.cells)]
    found.report(findings)
    listed = [(line, row) for line, row in rows if row is not None]
    _check_codes(listed, known, findings)
    _check_shared(listed, findings)
    return findings.reading([row for _, row in listed], len(rows))


def _row(
    record: Record, columns: Mapping[str, int], findings: Findings
) -> tuple[int, Declaration | None]:
    cells = {
        name: record.cells[place].strip() if place < len(record.cells) else ""
        for name, place in columns.items()
    }
    read: dict[str, Value] = {}
    sound = True
    for name, text in cells.items():
        try:
            if name == "camera":
                values.code(text)
            elif name != "entry":
                read[name] = entry.parse(name, text)
        except ValueError as error:
            reason, advice = error.args
            findings.error(reason, advice, line=record.line, column=name, value=text)
            sound = False
    flaw = entry.flaw(read) if sound else None
    if flaw and {"declared_from", "declared_until", "review_due"} <= read.keys():
        findings.error(flaw, "Correct the row.", line=record.line)
        sound = False
    if not sound:
        return record.line, None
    shared = cells.get("entry") or None
    return record.line, Declaration(camera=cells["camera"], entry=shared, values=read)


def _check_codes(
    listed: list[tuple[int, Declaration]], known: Collection[str], findings: Findings
) -> None:
    first: dict[str, int] = {}
    for line, row in listed:
        if row.camera not in known:
            findings.error(
                "No camera of the inventory has this code.",
                "Import the camera first, or correct the code.",
                line=line,
                column="camera",
                value=row.camera,
            )
        if row.camera in first:
            reason = f"The camera stands already in {findings.unit} {first[row.camera]}."
            findings.error(reason, "Delete one of the two.", line=line, value=row.camera)
        first.setdefault(row.camera, line)


def _check_shared(listed: list[tuple[int, Declaration]], findings: Findings) -> None:
    """Rows of one entry say the same, and are no more than an entry may speak for."""
    first: dict[str, tuple[int, Declaration]] = {}
    count: dict[str, int] = {}
    for line, row in listed:
        if row.entry is None:
            continue
        before, other = first.setdefault(row.entry, (line, row))
        count[row.entry] = count.get(row.entry, 0) + 1
        differing = [n for n, value in row.values.items() if value != other.values.get(n)]
        if differing:
            findings.error(
                f"{', '.join(differing)} differ from {findings.unit} {before}, which shares it.",
                "Cameras that share an entry share all of it; else give each its own.",
                line=line,
                column="entry",
                value=row.entry,
            )
        if count[row.entry] == entry.MOST_CAMERAS + 1:
            findings.error(
                f"More than {entry.MOST_CAMERAS} cameras share this entry.",
                "Each site says its own need: split it.",
                line=line,
                column="entry",
                value=row.entry,
            )
