"""Makes patches of the records of a file of cameras, cell by cell, and reports what is wrong.

Which column makes which field is decided by `plan`, how a cell is read by `values`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from monitor.geodesy import frames
from monitor.geodesy.frames import Frame
from monitor.inventory import coordinates, fields, values
from monitor.inventory.fields import Shape
from monitor.inventory.grid import Record
from monitor.inventory.mapping import FileMapping, Several
from monitor.inventory.patch import SHEET, Patch
from monitor.inventory.plan import Part
from monitor.inventory.problems import Findings
from monitor.inventory.values import LENIENT, Reader
from monitor.model import CameraKind

_MISREAD = "Enter the value itself."
# What an empty cell means where a camera cannot be without a value. Not the intent: an empty cell
# is no decision of anybody, so it changes nothing.
_EMPTY = {"port": 80, "kind": CameraKind.UNKNOWN, "indoor": False, "simulated": False}
# Full-width digits, letters and signs, as Chinese and Japanese keyboards write them.
_NARROW = {0xFF01 + n: 0x21 + n for n in range(94)} | {0x3000: " "}
_UNREAD = object()
_MOST_IN_A_ROW = 100
_TEXTS = (Shape.TEXT, Shape.INTENT, Shape.KIND, Shape.INDOOR, Shape.FLAG, Shape.JUDGED_BY)
_WORDED = (Shape.DIRECTION, Shape.DIRECTION_CODE, Shape.POSITION)  # kept as written


class Rows:
    """Makes patches of records by one plan, reporting what is wrong with each cell."""

    def __init__(
        self,
        parts: tuple[Part, ...],
        mapping: FileMapping | None,
        findings: Findings,
        headers: tuple[str, ...],
        area_code: str | None,
        *,
        accept_far: bool,
    ) -> None:
        self._findings = findings
        self._accept_far = accept_far
        self._frame = mapping.frame if mapping else Frame.WGS84
        self._decimal = mapping.decimal if mapping else "."
        self._several = mapping.several if mapping else None
        self._headers = [fields.normalise(header) for header in headers]
        self._area = area_code
        self._readers = values.readers(mapping.dates if mapping else (), self._decimal)
        self._parts = [
            (part, self._readers[part.field.shape if part.field else Shape.TEXT]) for part in parts
        ]
        self._width = len(headers)
        self._undecided = 0
        self._not_collected = 0
        self._nothing: Counter[str] = Counter()
        self._zeros: Counter[str] = Counter()
        if not any(part.key == "name" for part in parts):
            findings.note("There is no column for the name; new cameras are named by their code.")

    def patches(self, record: Record) -> Iterator[Patch]:
        """The cameras of a row: mostly one; none when a cell is wrong."""
        patch = self._patch(record)
        if patch is None or self._several is None:
            yield from filter(None, [patch])
            return
        try:
            yield from self._each(patch, record, self._several)
        except ValueError as error:
            reason, advice = error.args
            column = self._several.count or self._several.list
            self._findings.error(reason, advice, line=record.line, column=column)

    def _each(self, patch: Patch, record: Record, several: Several) -> list[Patch]:
        """One camera for each that the row counts or lists: CODE-1, CODE-2 …"""
        cell = self._named(several.count or several.list, record)
        if several.count:
            if not cell.isdigit() or not 1 <= int(cell) <= _MOST_IN_A_ROW:
                advice = f"Give a number from 1 to {_MOST_IN_A_ROW}."
                raise ValueError(f"The row counts {cell[:20] or 'no'} cameras.", advice)
            parts: list[str | None] = [None] * int(cell)
        else:
            parts = [part.strip() for part in cell.split(several.separator) if part.strip()]
        if len(parts) <= 1 and several.count:
            return [patch]
        read = self._readers[fields.BY_NAME[several.field].shape]
        found = []
        for number, part in enumerate(parts, 1):
            changed = dict(patch.values)
            if changed.get("name"):
                changed["name"] = f"{changed['name']} {number}"
            if part is not None:
                field = fields.BY_NAME[several.field]
                changed[field.to or f"{SHEET}{field.name}"] = read(part)
            found.append(replace(patch, key=f"{patch.key}-{number}", values=changed))
        return found

    def _named(self, column: str, record: Record) -> str:
        wanted = fields.normalise(column)
        if wanted not in self._headers:
            raise ValueError(f"The mapping names the column {column}.", "It is not in this file.")
        return _cell(record, self._headers.index(wanted))

    def _patch(self, record: Record) -> Patch | None:
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
                f"{self._undecided:,} cells of the intent are empty: known cameras keep theirs, "
                "new ones are in service."
            )
        if self._not_collected:
            self._findings.note(f"{self._not_collected:,} positions of 0/0 were left out.")
        for column, count in sorted(self._zeros.items()):
            self._findings.note(
                f"{count:,} cells are 0, which is not reported: the model's own value holds.",
                column=column,
            )
        for column, count in sorted(self._nothing.items()):
            self._findings.note(
                f"{count:,} cells say that there is nothing (NULL, none, DHCP, TBD, -1 …): "
                "taken as empty.",
                column=column,
            )

    def _cell(self, part: Part, read: Reader, record: Record, found: dict[str, Any]) -> None:
        key = part.key if part.to_camera else f"{SHEET}{part.key}"
        raw = part.rule.text([_cell(record, place) for place in part.places])
        shape = part.field.shape if part.field else Shape.TEXT
        if shape not in _TEXTS and raw:
            if values.says_nothing(raw, shape):
                self._nothing[part.column] += 1
                raw = ""
            elif shape not in _WORDED and not raw.isascii():
                raw = raw.translate(_NARROW)
        if raw in values.SHEET_ERRORS:
            raise ValueError("The cell holds an error of the spreadsheet.", _MISREAD)
        if not raw and key == "intent":
            self._undecided += 1
        elif not raw and not part.named:
            return
        elif not raw and key == "position":
            found["lon"] = found["lat"] = None
        elif not raw:
            found[key] = _EMPTY.get(key)
        elif key == "position":
            lonlat = coordinates.position(raw, part.rule.form or "lat, lon", self._decimal)
            found["lon"], found["lat"] = lonlat
        elif (value := self._value(part, read, raw, record, found)) is not _UNREAD:
            found[key] = value
            if value is None:
                self._zeros[part.column] += 1

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
                return _UNREAD
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
        beyond = [cell for cell in record.cells[self._width :] if cell]
        if beyond:
            reason = f"The row has {len(beyond)} cells beyond the last column."
            advice = "Put cells that hold the delimiter into quotes, or give the columns a header."
            self._findings.error(reason, advice, line=record.line, value=beyond[0])
            return None
        code = found.pop("code")
        if found.get("host") is None and (address := found.get(f"{SHEET}ipv6")):
            found["host"] = address
        if "name" in found and found["name"] is None:
            found["name"] = code
            advice = "The code is used as its name."
            self._findings.warn("The camera has no name.", advice, line=record.line)
        if self._area and not found.get("area_code"):
            found["area_code"] = self._area
        if not self._place(found, record):
            return None
        return Patch(key=code, values=found, line=record.line)

    def _place(self, found: dict[str, Any], record: Record) -> bool:
        """Settles lon and lat: one alone is an error; 0/0 is left to `positions`."""
        if not found.keys() & {"lon", "lat"}:
            return True
        lon, lat = found.pop("lon", None), found.pop("lat", None)
        if lon is None and lat is None:
            found |= {"lon": None, "lat": None}
            return True
        if lon is None or lat is None:
            absent = "longitude" if lon is None else "latitude"
            advice = "Give both, or empty both."
            self._findings.error(f"The {absent} is missing.", advice, line=record.line)
            return False
        if not lon and not lat and self._accept_far:
            self._not_collected += 1
            return True  # a position that is known stays
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
