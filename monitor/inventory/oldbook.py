"""Reads one sheet of an XLS or ODS workbook into records, by python-calamine.

XLSX is read by `workbook`, row by row; these formats are read whole, so their size is bounded.
"""

import datetime
import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import python_calamine

from monitor.inventory.grid import Altered, Grid, Record, unprotect
from monitor.inventory.problems import refuse
from monitor.inventory.source import Limits, Source
from monitor.inventory.workbook import inspect

_FILE_BYTES = 50 * 1024**2
_UNPACKED_BYTES = 200 * 1024**2
_PARTS = {"mimetype", "content.xml", "styles.xml", "META-INF/manifest.xml"}
_EXACT_BELOW = 10**15
_SAVE_AGAIN = "Open it in a spreadsheet program, save it as .xlsx or CSV (UTF-8), and import that."
_TOOK_FOR_DATE = "A spreadsheet took this code for a date."


def read(source: Source, sheet: str | None, limits: Limits) -> Grid:
    """The first sheet, or the one named; reading it raises `Refused`."""
    return Grid(file=source.file, unit="row", records=_records(source, sheet, limits))


def _records(source: Source, sheet: str | None, limits: Limits) -> Iterator[Record]:
    if len(source.data) > _FILE_BYTES:
        raise refuse(source.file, "The workbook is larger than 50 MB.", _SAVE_AGAIN)
    try:
        data = _unpacked(source, limits) if source.data.startswith(b"PK") else source.data
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = book.sheet_names
        if not names or (sheet is not None and sheet not in names):
            wanted = "The workbook has no sheet" + (f" named {sheet!r}." if sheet else ".")
            raise refuse(source.file, wanted, f"It has: {', '.join(names) or 'none'}.")
        page = book.get_sheet_by_name(sheet or names[0])
        merged = page.merged_cell_ranges or []
        rows = page.to_python(skip_empty_area=False, nrows=limits.rows + 1)
    except python_calamine.PasswordError:
        advice = "Open it, save it without a password, and import that."
        raise refuse(source.file, "The workbook is locked with a password.", advice) from None
    except (python_calamine.CalamineError, zipfile.BadZipFile, zlib.error, OSError) as error:
        raise refuse(source.file, "The workbook is damaged.", _SAVE_AGAIN) from error
    if len(rows) > limits.rows:
        advice = "Split it, for instance by area."
        raise refuse(source.file, f"The sheet has more than {limits.rows:,} rows.", advice)
    for (first, column), (last, _) in merged:
        for row in range(first + 1, min(last, len(rows) - 1) + 1):
            if column < len(rows[row]) and rows[row][column] == "" and any(rows[row]):
                rows[row][column] = rows[first][column]
    for number, cells in enumerate(rows, 1):
        if len(cells) > limits.columns:
            reason = f"The row has more than {limits.columns} columns."
            advice = "Delete the empty columns on the right."
            raise refuse(source.file, reason, advice, line=number, unit="row")
        texts = tuple(map(_text, cells))
        if any(texts):
            yield Record(line=number, cells=texts)


def _unpacked(source: Source, limits: Limits) -> bytes:
    """The parts of an ODS unpacked by Python, which never unpacks more than a part declares."""
    bounded = replace(limits, unpacked_bytes=min(limits.unpacked_bytes, _UNPACKED_BYTES))
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        inspect(archive, source.file, bounded, holds="content.xml")
        with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as copy:
            for name in _PARTS & set(archive.namelist()):
                copy.writestr(name, archive.read(name))
    return written.getvalue()


def _text(value: Any) -> str:
    """A cell as a person would type it; long numbers in exponent form so that codes are refused."""
    match value:
        case str():
            return unprotect(value.strip())
        case bool():
            return "true" if value else "false"
        case int() | float() if abs(value) >= _EXACT_BELOW:
            return f"{value:.14E}"
        case int() | float():
            return str(int(value)) if value == int(value) else repr(value)
        case datetime.datetime():
            midnight = value.time() == datetime.time.min
            told = value.date().isoformat() if midnight else value.isoformat(" ", "seconds")
            return Altered(told, _TOOK_FOR_DATE)
        case datetime.date() | datetime.time():
            return Altered(value.isoformat(), _TOOK_FOR_DATE)
        case _:
            return str(value).strip()
