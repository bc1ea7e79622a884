"""Reads one sheet of an XLSX workbook into records, never trusting what is packed inside.

Only the cell values are taken: no formulas are computed, no links followed, no entities expanded.
"""

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any
from xml.parsers import expat

import openpyxl
from openpyxl.utils.cell import column_index_from_string
from openpyxl.utils.exceptions import InvalidFileException

from monitor.inventory.grid import Altered, Grid, Record, unprotect
from monitor.inventory.problems import refuse
from monitor.inventory.source import Limits, Source

_MEMBERS = 10_000
_CHUNK_BYTES = 4_096
_SCANNED_ROWS = 1_100_000
# From this size on a spreadsheet has already replaced the last digits by zeros (15 digits hold).
_EXACT_BELOW = 10**15
_SCANNED_BYTES = 1 << 20
_LONGEST_REF = 80
_MERGE = re.compile(
    rb"<(?:\w+:)?mergeCell [^>]{0,20}ref=\"([A-Z]{1,3})(\d{1,7}):[A-Z]{1,3}(\d{1,7})\""
)
_TOOK_FOR_DATE = "A spreadsheet took this code for a date."
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
    """The first sheet, or the one named; reading it raises `Refused`."""
    return Grid(file=source.file, unit="row", records=_guarded(source, sheet, limits))


def _guarded(source: Source, sheet: str | None, limits: Limits) -> Iterator[Record]:
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            inspect(archive, source.file, limits, holds="[Content_Types].xml")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns about styles and extensions it skips
            yield from _records(source, sheet, limits)
    except _DAMAGED as error:
        raise refuse(source.file, "The workbook is damaged or is no .xlsx.", _SAVE_AGAIN) from error


def inspect(archive: zipfile.ZipFile, file: str, limits: Limits, *, holds: str) -> None:
    """Refuse what is no workbook (it `holds` no such part), too large inside, or declares entities.

    Raises `Refused`.
    """
    members = archive.infolist()
    # zipfile never unpacks more than the size a member declares, so the declared sum is a bound.
    if len(members) > _MEMBERS or sum(m.file_size for m in members) > limits.unpacked_bytes:
        size = f"{limits.unpacked_bytes / 1024**2:.0f} MB"
        raise refuse(file, f"The workbook unpacks to more than {size}.", "Save it as CSV (UTF-8).")
    if holds not in archive.namelist():
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


def _records(source: Source, sheet: str | None, limits: Limits) -> Iterator[Record]:
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
        merged = _merged_down(source, page._worksheet_path)
        yield from _rows(page, source.file, limits, merged)
    finally:
        book.close()


def _merged_down(source: Source, part: str) -> Mapping[int, Sequence[tuple[int, int]]]:
    """Cells merged downwards, by the row where each begins: column (from 0) and last row."""
    found: dict[int, list[tuple[int, int]]] = {}
    with zipfile.ZipFile(io.BytesIO(source.data)) as archive, archive.open(part) as stream:
        rest = b""
        while chunk := stream.read(_SCANNED_BYTES):
            for match in _MERGE.finditer(rest + chunk):
                column, first, last = (each.decode() for each in match.groups())
                if int(last) > int(first):
                    at = column_index_from_string(column) - 1
                    found.setdefault(int(first), []).append((at, int(last)))
            rest = (rest + chunk)[-_LONGEST_REF:]
    return found


def _rows(
    page: Any, file: str, limits: Limits, merged: Mapping[int, Sequence[tuple[int, int]]]
) -> Iterator[Record]:
    """What a person sees once beside several rows, merged downwards, holds for each of them."""
    kept = 0
    open_ones: dict[int, tuple[int, str]] = {}
    for number, cells in enumerate(page.iter_rows(), start=1):
        if len(cells) > limits.columns:
            raise refuse(
                file,
                f"The row has more than {limits.columns} columns.",
                "Delete the empty columns on the right.",
                line=number,
                unit="row",
            )
        texts = list(map(_text, cells))
        if any(texts):
            for column, (last, text) in open_ones.items():
                if number <= last and column < len(texts):
                    texts[column] = texts[column] or text
        for column, last in merged.get(number, ()):
            open_ones[column] = last, texts[column] if column < len(texts) else ""
        kept += any(texts)
        if kept > limits.rows or number > _SCANNED_ROWS:
            advice = "Split it, for instance by area, and delete the empty rows at the end."
            raise refuse(file, f"The sheet has more than {limits.rows:,} rows.", advice)
        if any(texts):
            yield Record(line=number, cells=tuple(texts))


def _text(cell: Any) -> str:
    """A cell as a person would type it; long numbers in exponent form so that codes are refused."""
    match cell.value:
        case None:
            return ""
        case str() as value:
            return unprotect(value.strip())
        case bool() as value:
            return "true" if value else "false"
        case int() | float() as value:
            return _shown(_number(value), cell.number_format)
        case datetime() as value:
            midnight = value.time() == time.min
            told = value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
            return Altered(told, _TOOK_FOR_DATE)
        case date() | time() as value:
            return Altered(value.isoformat(), _TOOK_FOR_DATE)
        case value:
            return str(value).strip()


def _shown(text: str, form: str) -> str:
    """The number, with a remark where the sheet shows zeros before it that it does not hold."""
    if form.strip("0") == "" and len(form) > len(text) and text.isdigit():
        return Altered(
            text, f"The sheet shows {text.zfill(len(form))} but holds the number {text}."
        )
    return text


def _number(value: int | float) -> str:
    if abs(value) >= _EXACT_BELOW:
        return f"{value:.14E}"
    return str(int(value)) if value == int(value) else repr(value)
