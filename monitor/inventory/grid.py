"""Turns a text table or the sheet of a workbook into numbered records of plain texts.

Finding the header and the meaning of a cell is left to `header` and `values`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from monitor.inventory.problems import refuse
from monitor.inventory.source import Limits, Source

DELIMITERS = (",", ";", "\t")

# A spreadsheet runs a cell that begins so as a formula; a plain number it only shows.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_PROTECTED = re.compile(r"'+[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


class Altered(str):
    """The text of a cell that is not what a person entered; why: what a spreadsheet did with it."""

    why: str

    def __new__(cls, text: str, why: str) -> "Altered":
        """The text as the file holds it."""
        made = super().__new__(cls, text)
        made.why = why
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One record. line: where it begins in the file, counting from 1. Cells are stripped.

    absent: cells that the record does not have at all, as a feature may lack a property.
    """

    line: int
    cells: tuple[str, ...]
    absent: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Records with content, in file order, read once. unit: what `Record.line` counts."""

    file: str
    unit: str
    records: Iterator[Record]


def from_text(source: Source, delimiter: str, limits: Limits) -> Grid:
    """Reading raises `Refused` for a broken quote, too many rows or columns."""
    records = _bounded(_split(source, delimiter), source.file, limits)
    return Grid(file=source.file, unit="line", records=records)


def beginnings(source: Source, count: int) -> Iterator[tuple[str, tuple[Record, ...]]]:
    """The first records under each possible delimiter that does not break on them."""
    for delimiter in DELIMITERS:
        yield delimiter, tuple(islice(_lenient(source, delimiter), count))


def protect(cell: str) -> str:
    """A leading apostrophe before what a spreadsheet would run; `unprotect` takes it away again."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unprotect(cell: str) -> str:
    """The cell without the apostrophe that only keeps a spreadsheet from running it."""
    return cell[1:] if _PROTECTED.match(cell) else cell


def _cell(raw: str) -> str:
    return unprotect(raw.strip())


def _lenient(source: Source, delimiter: str) -> Iterator[Record]:
    # While guessing, a quote that only makes sense under another delimiter must not end the guess.
    with source.stream() as stream:
        rows = csv.reader(stream, delimiter=delimiter)
        try:
            for cells in rows:
                yield Record(line=rows.line_num, cells=tuple(map(_cell, cells)))
        except csv.Error:
            return


def _split(source: Source, delimiter: str) -> Iterator[Record]:
    # strict: otherwise a quote nobody closes would swallow the rest of the file in silence.
    line = 1
    with source.stream() as stream:
        rows = csv.reader(stream, delimiter=delimiter, strict=True)
        try:
            for cells in rows:
                yield Record(line=line, cells=tuple(map(_cell, cells)))
                line = rows.line_num + 1
        except csv.Error as error:
            raise refuse(
                source.file,
                f"The quotes of this record do not close as they should ({error}).",
                'Look for a single " in it; inside a quoted cell a quote is written twice.',
                line=line,
            ) from error


def _bounded(records: Iterator[Record], file: str, limits: Limits) -> Iterator[Record]:
    kept = 0
    for record in records:
        if len(record.cells) > limits.columns:
            raise refuse(
                file,
                f"The record has more than {limits.columns} columns.",
                "Check the delimiter, or delete the empty columns on the right.",
                line=record.line,
            )
        if not any(record.cells):
            continue
        kept += 1
        if kept > limits.rows:
            raise refuse(
                file,
                f"The file has more than {limits.rows:,} rows.",
                "Split it, for instance by area.",
                line=record.line,
            )
        yield record
