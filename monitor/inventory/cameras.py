"""Reads a file of cameras: CSV, XLSX or GeoJSON, with headers of our own or by a mapping.

What the stored inventory says is left to `difference`; rules over the whole file to `checks`.
"""

import os
from collections.abc import Collection
from typing import Any

from monitor.geodesy import frames
from monitor.geodesy.frames import Frame
from monitor.inventory import checks, fields, plan, source, table, values
from monitor.inventory import mapping as mappings
from monitor.inventory.fields import Shape
from monitor.inventory.grid import Record
from monitor.inventory.mapping import FileMapping
from monitor.inventory.patch import SHEET, Patch
from monitor.inventory.plan import Part
from monitor.inventory.problems import Findings, Reading, Refused, failed
from monitor.inventory.source import LIMITS, Limits, Source
from monitor.inventory.values import LENIENT, Reader
from monitor.model import CameraKind

_MISREAD = "Enter the value itself."
# What an empty cell means where a camera cannot be without a value. Not the intent: an empty cell
# is no decision of anybody, so it changes nothing.
_EMPTY = {"port": 80, "kind": CameraKind.UNKNOWN, "indoor": False, "simulated": False}


def read_cameras(
    path: str | os.PathLike[str],
    mapping: FileMapping | str | os.PathLike[str] | None = None,
    *,
    encoding: str | None = None,
    divisions: Collection[str] | None = None,
    limits: Limits = LIMITS,
) -> Reading[Patch]:
    """Never raises for what a file holds: an unreadable file is a reading with one error.

    mapping: a mapping, the name of a built-in one, or the path of a TOML file; None recognises the
    built-in ones by their columns. encoding: None guesses it. divisions: GB/T 2260 codes, for the
    first six digits.
    """
    try:
        opened = source.read(path, limits, encoding)
        return _read(opened, mappings.resolve(mapping), divisions, limits)
    except Refused as refused:
        return failed(refused.problem)


def _read(
    opened: Source,
    mapping: FileMapping | None,
    divisions: Collection[str] | None,
    limits: Limits,
) -> Reading[Patch]:
    sheet = mapping.sheet if mapping else None
    found = table.read(opened, _known(mapping), sheet, limits)
    findings = Findings(opened.file, limits.problems, found.unit)
    if mapping is None:
        mapping = next((m for m in mappings.built_in() if m.fits(found.headers)), None)
        if mapping is not None:
            findings.note(f"Read by the built-in mapping {mapping.name}: {mapping.title}.")
    opened.report(findings)
    parts = plan.make(found, mapping, findings)
    reader = _Rows(parts, mapping, findings)
    rows = [
        (record.line, row) for record in found.records if (row := reader.patch(record)) is not None
    ]
    reader.report()
    if not found.records:
        findings.warn("There are no rows below the header.", "Export the file again.")
    checks.whole_file(rows, parts, divisions, findings)
    return findings.reading((row for _, row in rows), len(found.records))


def _known(mapping: FileMapping | None) -> table.Known:
    candidates = [mapping] if mapping else list(mappings.built_in())
    named = frozenset().union(*(candidate.columns() for candidate in candidates))
    return lambda header: fields.find(header) or fields.normalise(header) in named


class _Rows:
    """Makes patches of records by one plan, reporting what is wrong with each cell."""

    def __init__(
        self, parts: tuple[Part, ...], mapping: FileMapping | None, findings: Findings
    ) -> None:
        self._findings = findings
        self._frame = mapping.frame if mapping else Frame.WGS84
        readers = values.readers(mapping.dates if mapping else ())
        self._parts = [
            (part, readers[part.field.shape if part.field else Shape.TEXT]) for part in parts
        ]
        self._undecided = 0
        if not any(part.key == "name" for part in parts):
            findings.note("There is no column for the name; new cameras are named by their code.")

    def patch(self, record: Record) -> Patch | None:
        """None when a cell is wrong; every wrong cell of the record is reported."""
        found: dict[str, Any] = {}
        sound = True
        for part, read in self._parts:
            if part.places and record.absent.issuperset(part.places):
                continue
            try:
                self._cell(part, read, record, found)
            except ValueError as error:
                sound = False
                reason, advice = error.args
                self._findings.error(
                    reason, advice, line=record.line, column=part.column, value=_raw(part, record)
                )
        if found.get("code") is None:
            if sound:
                reason = "The row has no code."
                self._findings.error(
                    reason, "Give it one, or delete the row.", line=record.line, column="code"
                )
            return None
        return self._finish(found, record) if sound else None

    def report(self) -> None:
        """What is said once, after all records."""
        if self._undecided:
            self._findings.note(
                f"{self._undecided} cells of the intent are empty: known cameras keep theirs, "
                "new ones are in service."
            )

    def _cell(self, part: Part, read: Reader, record: Record, found: dict[str, Any]) -> None:
        key = part.key if part.to_camera else f"{SHEET}{part.key}"
        raw = part.rule.text([_cell(record, place) for place in part.places])
        if raw in values.SHEET_ERRORS:
            raise ValueError("The cell holds an error of the spreadsheet.", _MISREAD)
        if not raw and key == "intent":
            self._undecided += 1
        elif not raw:
            found[key] = _EMPTY.get(key)
        elif (value := self._value(part, read, raw, record, found)) is not None:
            found[key] = value
        elif key in ("angle_deg", "range_m"):
            found[key] = None  # 0 says that it is not known

    def _value(
        self, part: Part, read: Reader, raw: str, record: Record, found: dict[str, Any]
    ) -> Any:
        lenient = part.field is not None and part.field.shape in LENIENT
        try:
            value = read(raw)
        except ValueError as error:
            if not lenient:
                raise
            reason, advice = error.args
            self._findings.warn(reason, advice, line=record.line, column=part.column, value=raw)
            if part.field is not None and part.field.shape is Shape.KIND:
                found.setdefault(f"{SHEET}source {part.column}", raw)
                return None
            return raw
        if not lenient and part.key != "code" and isinstance(value, str):
            self._warn_of_exponent(value, part, record)
        return value

    def _warn_of_exponent(self, value: str, part: Part, record: Record) -> None:
        if values.is_exponent(value):
            self._findings.warn(
                "A spreadsheet may have rounded this long number.",
                "Format the column as text and enter it again.",
                line=record.line,
                column=part.column,
                value=value,
            )

    def _finish(self, found: dict[str, Any], record: Record) -> Patch | None:
        code = found.pop("code")
        if found.get("host") is None and (address := found.get(f"{SHEET}ipv6")):
            found["host"] = address
        if "name" in found and found["name"] is None:
            found["name"] = code
            advice = "The code is used as its name."
            self._findings.warn("The camera has no name.", advice, line=record.line)
        if not self._place(found, record):
            return None
        return Patch(key=code, values=found, line=record.line)

    def _place(self, found: dict[str, Any], record: Record) -> bool:
        """Settles lon and lat: zero is not collected (domain 4.2), one alone is an error."""
        if not found.keys() & {"lon", "lat"}:
            return True
        lon, lat = found.pop("lon", None), found.pop("lat", None)
        if not lon and not lat:
            found |= {"lon": None, "lat": None}
            return True
        if lon is None or lat is None:
            absent = "longitude" if lon is None else "latitude"
            advice = "Give both, or empty both."
            self._findings.error(f"The {absent} is missing.", advice, line=record.line)
            return False
        if not lon or not lat:
            found |= {"lon": None, "lat": None}
            advice = "The camera loads without coordinates."
            self._findings.warn(
                "Longitude or latitude is zero, so not collected.",
                advice,
                line=record.line,
                value=f"{lon}, {lat}",
            )
            return True
        if self._frame is not Frame.WGS84:
            found |= {
                f"{SHEET}source_longitude": repr(lon),
                f"{SHEET}source_latitude": repr(lat),
                f"{SHEET}crs_source": self._frame.value,
            }
            lon, lat = frames.to_wgs84(lon, lat, self._frame)
        found["lon"], found["lat"] = lon, lat
        return True


def _cell(record: Record, place: int) -> str:
    return record.cells[place] if place < len(record.cells) else ""


def _raw(part: Part, record: Record) -> str:
    return part.rule.join.join(filter(None, (_cell(record, place) for place in part.places)))
