"""Finds the header of a file and hands out the records below it: one `Table` for every file form.

What the columns mean is asked from a given function, so cameras and areas share this.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise

from monitor.inventory import fields, geojson, grid, logins, oldbook, workbook
from monitor.inventory.grid import Record
from monitor.inventory.problems import Findings, refuse
from monitor.inventory.source import Form, Limits, Source

_HEADER_WITHIN = 30
_LOOKED_AT = 100  # records that tell how the others are

Known = Callable[[str], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """headers: one per column, as written but without marks. header_line: where they stand.

    records: below the header, read once; reading may raise `Refused`. head: the first of them.
    dropped: how many cells of each header held a login, how many rows repeated the header; filled
    while records are read.
    """

    file: str
    unit: str
    headers: tuple[str, ...]
    header_line: int
    records: Iterator[Record]
    head: tuple[Record, ...]
    dropped: Counter[str]

    def report(self, findings: Findings) -> None:
        """What was dropped while records were read; to be said after the last of them."""
        repeated = self.dropped.pop(_REPEATED, 0)
        if repeated:
            findings.note(f"{repeated} rows repeat the header and were left out.")
        for header, count in sorted(self.dropped.items()):
            findings.warn(
                f"{count} cells held a user name or password; that was dropped, the rest is kept.",
                NO_LOGINS,
                column=header,
            )


NO_LOGINS = (
    "No login is stored here: cameras are asked without one. "
    "`probe --user --password-file` uses one once."
)
_REPEATED = "\0"  # no header is called so


@dataclass(frozen=True, kw_only=True, slots=True)
class _Header:
    names: tuple[str, ...]
    first: int
    rows: int
    score: int


def read(
    source: Source,
    known: Known,
    sheet: str | None,
    limits: Limits,
    headers: tuple[str, ...] = (),
) -> Table:
    """known: truth for a header that means something. headers: of a file that has none.

    Raises `Refused`.
    """
    if source.form is Form.JSON:
        return _of_features(source, limits)
    if source.form is Form.WORKBOOK:
        records = workbook.read(source, sheet, limits)
    elif source.form is Form.OLD_WORKBOOK:
        records = oldbook.read(source, sheet, limits)
    else:
        records = grid.from_text(source, _delimiter(source, known), limits)
    head = tuple(islice(records.records, _HEADER_WITHIN + _LOOKED_AT))
    if not head:
        raise refuse(source.file, "The file holds no rows.", "Export it again and look into it.")
    if headers:
        return _table(source.file, records.unit, headers, 0, head, records.records)
    header = _locate(head[:_HEADER_WITHIN], known)
    return _table(
        source.file,
        records.unit,
        header.names,
        head[header.first].line,
        head[header.first + header.rows :],
        records.records,
    )


def _table(
    file: str,
    unit: str,
    headers: tuple[str, ...],
    header_line: int,
    head: tuple[Record, ...],
    rest: Iterator[Record],
) -> Table:
    dropped: Counter[str] = Counter()
    return Table(
        file=file,
        unit=unit,
        headers=headers,
        header_line=header_line,
        records=_clean(chain(head, rest), headers, dropped),
        head=tuple(_clean(head, headers, Counter())),
        dropped=dropped,
    )


def _clean(
    records: Iterable[Record], headers: tuple[str, ...], dropped: Counter[str]
) -> Iterator[Record]:
    """Records without logins in their cells, and without the header where it is repeated."""
    for record in records:
        if record.cells[:1] == headers[:1] and _repeats(record, headers):
            dropped[_REPEATED] += 1
        elif logins.suspect("\n".join(record.cells)):
            cells = tuple(map(logins.without, record.cells))
            for header, before, after in zip(headers, record.cells, cells, strict=False):
                if before != after:
                    dropped[header] += 1
            yield replace(record, cells=cells)
        else:
            yield record


def _repeats(record: Record, headers: tuple[str, ...]) -> bool:
    return tuple(map(fields.clean, record.cells)) == headers[: len(record.cells)]


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
    records = (_record(number, row, headers) for number, row in points)
    head = tuple(islice(records, _LOOKED_AT))
    return _table(source.file, "feature", headers, 0, head, records)


def _record(number: int, row: Mapping[str, object], headers: tuple[str, ...]) -> Record:
    cells = {fields.clean(key): geojson.plain(value) for key, value in row.items()}
    return Record(
        line=number,
        cells=tuple(cells.get(header, "") for header in headers),
        absent=frozenset(at for at, header in enumerate(headers) if header not in cells),
    )
