"""Reads one sheet of an XLSX workbook into records, never trusting what is packed inside.

Only the cell values are taken: no formulas are computed, no links followed, no entities expanded.
"""

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from xml.parsers import expat

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from monitor.inventory.grid import Grid, Record, unprotect
from monitor.inventory.problems import refuse
from monitor.inventory.source import Limits, Source

_MEMBERS = 10_000
_CHUNK_BYTES = 4_096
_SCANNED_ROWS = 1_100_000
# From this size on a spreadsheet has already replaced the last digits by zeros (15 digits hold).
_EXACT_BELOW = 10**15
_SAVE_AGAIN = "Open it in a spreadsheet program, save it again as .xlsx, and import that."
# openpyxl has no error type of its own for damaged parts: whatever its parsing meets comes through.
_DAMAGED = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    SyntaxError,  # ParseError and XMLSyntaxError are both one of these
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    OSError,
    EOFError,
)


def read(source: Source, sheet: str | None, limits: Limits) -> Grid:
    """The first sheet, or the one named; raises `Refused`."""
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            _inspect(archive, source.file, limits)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles and extensions it skips
            return Grid(file=source.file, unit="row", records=_records(source, sheet, limits))
    except _DAMAGED as error:
        raise refuse(source.file, "The workbook is damaged or is no .xlsx.", _SAVE_AGAIN) from error


def _inspect(archive: zipfile.ZipFile, file: str, limits: Limits) -> None:
    members = archive.infolist()
    # zipfile never unpacks more than the size a member declares, so the declared sum is a bound.
    if len(members) > _MEMBERS or sum(m.file_size for m in members) > limits.unpacked_bytes:
        size = f"{limits.unpacked_bytes / 1024**2:.0f} MB"
        raise refuse(file, f"The workbook unpacks to more than {size}.", "Save it as CSV (UTF-8).")
    if "[Content_Types].xml" not in archive.namelist():
        raise refuse(file, "This is a ZIP archive, not a workbook.", "Unpack it first.")
    for member in members:
        with archive.open(member) as part:
            _refuse_doctype(part, f"{file} ({member.filename})")


def _refuse_doctype(part: Any, name: str) -> None:
    # Entities can only be declared in a document type, and that stands before the first element:
    # raising at its start means that none is ever declared, let alone expanded.
    parser = expat.ParserCreate()
    rooted: list[object] = []

    def doctype(*_: object) -> None:
        reason = "This part declares a document type; no real workbook does."
        raise refuse(name, reason, _SAVE_AGAIN)

    parser.StartDoctypeDeclHandler = doctype
    parser.StartElementHandler = lambda tag, _: rooted.append(tag)
    while not rooted and (chunk := part.read(_CHUNK_BYTES)):
        try:
            parser.Parse(chunk, False)
        except expat.ExpatError:
            return  # pictures and the like; a damaged sheet fails where it is read


def _records(source: Source, sheet: str | None, limits: Limits) -> tuple[Record, ...]:
    book = openpyxl.load_workbook(
        io.BytesIO(source.data), read_only=True, data_only=True, keep_links=False
    )
    try:
        names = [page.title for page in book.worksheets]
        if not names or (sheet is not None and sheet not in names):
            wanted = "The workbook has no sheet" + (f" named {sheet!r}." if sheet else ".")
            raise refuse(source.file, wanted, f"It has: {', '.join(names) or 'none'}.")
        page = book[sheet] if sheet is not None else book.worksheets[0]
        page.reset_dimensions()  # other programs write wrong ones
        return tuple(_rows(page, source.file, limits))
    finally:
        book.close()


def _rows(page: Any, file: str, limits: Limits) -> Iterator[Record]:
    kept = 0
    for number, cells in enumerate(page.iter_rows(values_only=True), start=1):
        if len(cells) > limits.columns:
            raise refuse(
                file,
                f"The row has more than {limits.columns} columns.",
                "Delete the empty columns on the right.",
                line=number,
                unit="row",
            )
        texts = tuple(map(_text, cells))
        kept += any(texts)
        if kept > limits.rows or number > _SCANNED_ROWS:
            advice = "Split it, for instance by area, and delete the empty rows at the end."
            raise refuse(file, f"The sheet has more than {limits.rows:,} rows.", advice)
        if any(texts):
            yield Record(line=number, cells=texts)


def _text(value: Any) -> str:
    """A cell as a person would type it; long numbers in exponent form so that codes are refused."""
    match value:
        case None:
            return ""
        case str():
            return unprotect(value.strip())
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case datetime():
            midnight = value.time() == time.min
            return value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value).strip()


def _number(value: int | float) -> str:
    if abs(value) >= _EXACT_BELOW:
        return f"{value:.14E}"
    return str(int(value)) if value == int(value) else repr(value)
