"""Puts a report on disk: all of its files or none, and never a half-written one in place."""

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from monitor.reports.content import Figures
from monitor.reports.document import render_html
from monitor.reports.sheets import render_csv

FORMATS = ("html", "csv")


class ReportNotWritten(Exception):
    """The folder does not take the report; the text names it and says why."""


def check(formats: Iterable[str]) -> None:
    """Raises ValueError, naming those that exist, for a format that does not."""
    strange = [each for each in formats if each not in FORMATS]
    if strange:
        raise ValueError(
            f"no such report format: {', '.join(strange)}; there are: {', '.join(FORMATS)}"
        )


def write(figures: Figures, out_dir: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """The files written, HTML first; files of the same period are replaced.

    Names begin with kind and period, weekly-2026-W47.html and weekly-2026-W47-days.csv, so that
    one folder holds many reports. Raises ValueError for an unknown format, ReportNotWritten when
    the folder cannot be made or written to or the disk is full; then nothing is changed.
    """
    check(formats)
    stem = figures.period.stem
    texts: dict[Path, str] = {}
    if "html" in formats:
        texts[out_dir / f"{stem}.html"] = render_html(figures)
    if "csv" in formats:
        texts |= {out_dir / f"{stem}-{name}": text for name, text in render_csv(figures).items()}
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        _replace(texts)
    except OSError as exc:
        raise ReportNotWritten(
            f"The report was not written to {out_dir}: {exc.strerror or exc}. "
            "Check that the folder is writable and the disk has room"
        ) from exc
    return list(texts)


def _replace(texts: dict[Path, str]) -> None:
    """First all texts beside their places, then all renamed: a full disk shows before that."""
    ready: dict[Path, Path] = {}
    try:
        for path, text in texts.items():
            ready[path] = _beside(path)
            with ready[path].open("w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for path in texts:
            ready.pop(path).replace(path)
    finally:
        for left in ready.values():
            left.unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.fchmod(handle, 0o644)  # a temporary file is private, a report is not
    os.close(handle)
    return Path(name)
