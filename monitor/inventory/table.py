"""Finds the header of a file and hands out the records below it: one `Table` for every file form.

What the columns mean is asked from a given function, so cameras and areas share this.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from monitor.inventory import fields, geojson, grid, workbook
from monitor.inventory.grid import Record
from monitor.inventory.problems import refuse
from monitor.inventory.source import Form, Limits, Source

_HEADER_WITHIN = 30

Known = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """headers: one per column, as written but without marks. header_line: where they stand."""

    file: str
    unit: str
    headers: tuple[str, ...]
    header_line: int
    records: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Header:
    names: tuple[str, ...]
    first: int
    rows: int
    score: int


def read(source: Source, known: Known, sheet: str | None, limits: Limits) -> Table:
    """known: truth for a header that means something. Raises `Refused`."""
    if source.form is Form.JSON:
        return _of_features(source, limits)
    if source.form is Form.WORKBOOK:
        records = workbook.read(source, sheet, limits)
    else:
        records = grid.from_text(source, _delimiter(source, known), limits)
    if not records.records:
        raise refuse(source.file, "The file holds no rows.", "Export it again and look into it.")
    header = _locate(records.records[:_HEADER_WITHIN], known)
    return Table(
        file=source.file,
        unit=records.unit,
        headers=header.names,
        header_line=records.records[header.first].line,
        records=records.records[header.first + header.rows :],
    )


def _delimiter(source: Source, known: Known) -> str:
    """The delimiter that makes the best header; with none recognised, the one with most columns."""

    def merit(found: tuple[str, Sequence[Record]]) -> tuple[int, int]:
        _, records = found
        filled = [record for record in records if any(record.cells)]
        widest = max((len(record.cells) for record in filled), default=0)
        return (_locate(filled, known).score if filled else 0), widest

    return max(grid.beginnings(source, _HEADER_WITHIN), key=merit)[0]


def _locate(records: Sequence[Record], known: Known) -> _Header:
    """The best header of the first records: one row, or two where cells are merged downwards."""
    rows = [tuple(map(fields.clean, record.cells)) for record in records]
    singles = [_header(names, index, 1, known) for index, names in enumerate(rows)]
    best = max(singles, key=lambda header: header.score)
    if best.score == 0:  # nothing known: show the fullest row, for the message that follows
        return max(singles, key=lambda header: sum(map(bool, header.names)))
    merged = [
        _header(_merge(upper, lower), index, 2, known)
        for index, (upper, lower) in enumerate(pairwise(rows))
    ]
    return max([best, *merged], key=lambda header: header.score)


def _merge(upper: tuple[str, ...], lower: tuple[str, ...]) -> tuple[str, ...]:
    width = max(len(upper), len(lower))
    above, below = (row + ("",) * (width - len(row)) for row in (upper, lower))
    return tuple(low or high for high, low in zip(above, below, strict=True))


def _header(names: tuple[str, ...], first: int, rows: int, known: Known) -> _Header:
    recognised = {fields.normalise(name) for name in names if name and known(name)}
    return _Header(names=names, first=first, rows=rows, score=len(recognised))


def _row(feature: geojson.Feature, file: str, number: int) -> Mapping[str, object]:
    place = geojson.point(feature, file, number)
    # Map programs write the coordinates a second time as properties; the geometry is the truth.
    repeated = {"lon", "lat"} if "lon" in place else set()
    own = {
        key: value
        for key, value in feature.properties.items()
        if (field := fields.find(key)) is None or field.name not in repeated
    }
    return {**own, **place}


def _of_features(source: Source, limits: Limits) -> Table:
    """Points of a GeoJSON file as a table: their properties plus `id`, `lon` and `lat`."""
    points = [
        (number, _row(feature, source.file, number))
        for number, feature in enumerate(geojson.features(source, limits), start=1)
    ]
    headers = tuple(dict.fromkeys(fields.clean(key) for _, row in points for key in row))
    records = []
    for number, row in points:
        cells = {fields.clean(key): geojson.plain(value) for key, value in row.items()}
        texts = tuple(cells.get(header, "") for header in headers)
        absent = frozenset(at for at, header in enumerate(headers) if header not in cells)
        records.append(Record(line=number, cells=texts, absent=absent))
    return Table(
        file=source.file, unit="feature", headers=headers, header_line=0, records=tuple(records)
    )
