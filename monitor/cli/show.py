"""Prints answers: tables for people, JSON for programs."""

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

MISSING = "—"
_COUNTED = 2_000
T = TypeVar("T")


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    escaped = not (sys.stdout.encoding or "").lower().startswith("utf")
    print(json.dumps(value, ensure_ascii=escaped, indent=2, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Columns aligned by display width (Chinese characters take two)."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(headers, *texts, strict=True)]
    for line in (headers, ["-" * width for width in widths], *texts):
        cells = (
            text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)
        )
        print("  ".join(cells).rstrip())


def _text(cell: Any) -> str:
    if cell is None:
        return MISSING
    if isinstance(cell, float):
        return f"{cell:,.1f}"
    text = str(cell)
    return "".join(c if unicodedata.category(c)[0] != "C" else "·" for c in text)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def progress(rows: Iterable[T], what: str) -> Iterator[T]:
    """The same rows; on a terminal a line that counts them meanwhile."""
    live = sys.stderr.isatty()
    for number, row in enumerate(rows, 1):
        if live and number % _COUNTED == 0:
            print(f"\r\x1b[2K{number:,} {what} …", end="", file=sys.stderr, flush=True)
        yield row
    if live:
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def still(text: str) -> None:
    """On a terminal one line that changes while something lasts; "" clears it."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)


def percent(value: float | None) -> str:
    """A share for people; None is a dash, never 0."""
    return MISSING if value is None else f"{value * 100:.2f} %"


def span(low: float | None, high: float | None) -> str:
    """A share between what is known and what may be: one figure where that is the same."""
    if low is None or high is None or percent(low) == percent(high):
        return percent(low)
    return f"{low * 100:.2f}–{percent(high)}"


def duration(seconds: float) -> str:
    """Days, hours, minutes, seconds; the two largest."""
    parts: list[str] = []
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count:.0f} {unit}")
    return " ".join(parts[:2])
