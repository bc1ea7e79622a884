"""Reads a file of cameras: CSV, a workbook or GeoJSON, with headers of our own or by a mapping.

Rows are read once and one by one, so that a file of any size fits. What a row says is left to
`rows`, rules over the whole file to `checks`, what is stored to `db.changes`.
"""

import os
from collections.abc import Collection, Iterator
from typing import Any

from monitor.geodesy.extent import Extent
from monitor.inventory import fields, plan, source, table
from monitor.inventory import mapping as mappings
from monitor.inventory.checks import Checks
from monitor.inventory.mapping import FileMapping
from monitor.inventory.patch import Patch
from monitor.inventory.problems import Findings, Reading, Refused, failed
from monitor.inventory.rows import Rows
from monitor.inventory.source import LIMITS, Limits


def read_cameras(
    path: str | os.PathLike[str],
    mapping: FileMapping | str | os.PathLike[str] | None = None,
    *,
    limits: Limits = LIMITS,
    **options: Any,
) -> Reading[Patch]:
    """A whole file at once, for files that are small. Options and errors as of `open_cameras`."""
    try:
        opened = open_cameras(path, mapping, limits=limits, **options)
        return opened.reading(tuple(opened.rows()))
    except Refused as refused:
        return failed(refused.problem)


def open_cameras(
    path: str | os.PathLike[str],
    mapping: FileMapping | str | os.PathLike[str] | None = None,
    *,
    encoding: str | None = None,
    sheet: str | None = None,
    area_code: str | None = None,
    divisions: Collection[str] | None = None,
    extent: Extent | None = None,
    accept_far: bool = False,
    limits: Limits = LIMITS,
) -> "CameraFile":
    """A file whose header is understood. Raises `Refused`.

    mapping: a mapping, the name of a built-in one, or the path of a TOML file; None recognises the
    built-in ones by their columns. encoding: None guesses it. sheet: of a workbook. area_code: for
    cameras that name none. divisions: GB/T 2260 codes, for the first six digits. extent: where the
    city is; None takes the middle of the file. accept_far: take positions that look wrong.
    """
    opened = source.read(path, limits, encoding)
    chosen = mappings.resolve(mapping)
    wanted = sheet or (chosen.sheet if chosen else None)
    headers = chosen.headers if chosen else ()
    found = table.read(opened, _known(chosen), wanted, limits, headers)
    findings = Findings(opened.file, limits.problems, found.unit)
    if chosen is None:
        chosen = next((m for m in mappings.built_in() if m.fits(found.headers)), None)
        if chosen is not None:
            findings.note(f"Read by the built-in mapping {chosen.name}: {chosen.title}.")
    opened.report(findings)
    parts = plan.make(found, chosen, findings)
    checks = Checks(parts, divisions, extent, accept_far=accept_far)
    rows = Rows(parts, chosen, findings, found.headers, area_code, accept_far=accept_far)
    return CameraFile(found, rows, checks, findings)


def _known(mapping: FileMapping | None) -> table.Known:
    candidates = [mapping] if mapping else list(mappings.built_in())
    named = frozenset().union(*(candidate.columns() for candidate in candidates))
    return lambda header: fields.find(header) or fields.normalise(header) in named


class CameraFile:
    """An opened file of cameras. Its rows are read once; `reading` then says what was found."""

    def __init__(
        self,
        found: table.Table,
        rows: Rows,
        checks: Checks,
        findings: Findings,
    ) -> None:
        self._table = found
        self._rows = rows
        self._checks = checks
        self._findings = findings
        self._lines = 0
        self._usable = 0

    def rows(self) -> Iterator[Patch]:
        """Usable rows, each code once. A file that breaks off raises nothing: it has an error."""
        try:
            for record in self._table.records:
                self._lines += 1
                if self._checks.is_remark(record, self._table):
                    continue
                for row in self._rows.patches(record):
                    if self._checks.take(row, self._findings):
                        self._usable += 1
                        yield row
        except Refused as refused:
            self._findings.keep(refused.problem)
        if not self._lines:
            self._findings.warn("There are no rows below the header.", "Export the file again.")
        self._rows.report()
        self._table.report(self._findings)
        self._checks.report(self._findings)

    @property
    def unit(self) -> str:
        """What lines are called in this file."""
        return self._findings.unit

    @property
    def sound(self) -> bool:
        """Whether no error was found so far."""
        return not self._findings.errors

    def reading(self, rows: tuple[Patch, ...] = ()) -> Reading[Patch]:
        """What was found; call it after the last row."""
        return self._findings.reading(rows, self._lines, usable=self._usable)
