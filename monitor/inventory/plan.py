"""Decides once per file which columns make which field, and says what it did with the others.

Applying the plan to each record is left to `cameras`.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from monitor.inventory import fields, logins
from monitor.inventory.fields import Field, Need
from monitor.inventory.mapping import FileMapping, Rule
from monitor.inventory.problems import Findings, refuse, shorten
from monitor.inventory.table import NO_LOGINS, Table


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One value to make of each record. field: None for a column nobody knows, kept as it is.

    key: attribute of `Camera` when `to_camera`, else key of the sheet. places: indexes of cells.
    named: False for a column without a header, of which an empty cell says nothing.
    """

    key: str
    to_camera: bool
    field: Field | None
    column: str
    places: tuple[int, ...]
    rule: Rule
    named: bool = True


def make(table: Table, mapping: FileMapping | None, findings: Findings) -> tuple[Part, ...]:
    """Raises `Refused` when no column holds the code."""
    where = _columns(table)
    rules = mapping.rules.items() if mapping else ()
    parts = [part for name, rule in rules if (part := _ruled(name, rule, where, mapping, table))]
    claimed = {place for part in parts for place in part.places}
    kept = {place for part in parts if _keeps(part) for place in part.places}
    whole = {part.places[0] for part in parts if len(part.rule.columns) == 1 and part.places}
    meanings = _meanings(table, whole, frozenset(part.key for part in parts))
    for column in mapping.keep if mapping else ():
        meanings.pop(where.get(fields.normalise(column), -1), None)
    taken = {part.key for part in parts}
    unknown: list[str] = []
    for place, header in enumerate(table.headers):
        if place in kept and place not in meanings:
            continue
        if logins.is_login(header):
            _warn_of_secret(header, findings)
            continue
        part = _unruled(place, header, meanings.get(place), taken)
        taken.add(part.key)
        parts.append(part)
        if part.field is None and header and place not in claimed:
            unknown.append(part.key)
    _report(parts, unknown, table, findings)
    placed = any(part.to_camera and part.key in ("lon", "position") for part in parts)
    for column in unknown:
        if fields.normalise(column) in _BOTH and not placed:
            _warn_of_position(column, findings)
    return tuple(parts)


def _meanings(table: Table, claimed: set[int], ruled: frozenset[str]) -> dict[int, Field]:
    """The field each column names by its header, where no rule and no clearer header settles it.

    A column that a rule only joins with others keeps its meaning beside.
    """
    named = {place: found for place, h in enumerate(table.headers) if (found := fields.find(h))}
    clear = {_key(named[place]) for place in named if not fields.is_weak(table.headers[place])}
    return {
        place: field
        for place, field in named.items()
        if place not in claimed
        and _key(field) not in ruled
        and not (_key(field) in clear and fields.is_weak(table.headers[place]))
    }


def _key(field: Field) -> str:
    return field.to or field.name


def _warn_of_secret(header: str, findings: Findings) -> None:
    findings.warn(
        "This column holds logins and was left out; nothing of it is stored.",
        NO_LOGINS,
        column=header,
    )


# Headers of columns that hold both coordinates; which comes first they do not say.
_BOTH_WORDS = """
position positions coordinates coordinate coords latlng latlon lonlat lnglat gps geopoint geom wkt
坐标 經緯度 经纬度 座標 位置坐标
"""
_BOTH = frozenset(_BOTH_WORDS.split())


def _warn_of_position(column: str, findings: Findings) -> None:
    findings.warn(
        "This column seems to hold both coordinates; it was kept as text, without a position.",
        f'Say in a mapping: position = {{ column = "{column}", form = "lat, lon" }}, or lon, lat, '
        "or wkt.",
        column=column,
    )


def _columns(table: Table) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, header in enumerate(table.headers):
        if header:
            found.setdefault(fields.normalise(header), place)
    return found


def _ruled(
    name: str, rule: Rule, where: dict[str, int], mapping: FileMapping | None, table: Table
) -> Part | None:
    field = fields.MAPPABLE[name]
    missing = [column for column in rule.columns if fields.normalise(column) not in where]
    if (
        missing
        and mapping
        and mapping.strict
        and not (rule.first and len(missing) < len(rule.columns))
    ):
        raise refuse(
            table.file,
            f"The mapping {mapping.name} names the column {', '.join(missing)}, not in this file.",
            f"The file has: {_listed(table.headers)}.",
        )
    present = [column for column in rule.columns if column not in missing]
    if not present and rule.constant is None:
        return None
    return Part(
        key=_key(field),
        to_camera=field.to is not None,
        field=field,
        column=", ".join(present) or name,
        places=tuple(where[fields.normalise(column)] for column in present),
        rule=rule,
    )


def _keeps(part: Part) -> bool:
    """True when the column's own text ends up in the camera, so no copy of it is needed."""
    return not (part.rule.values or part.rule.before or part.rule.find) and not (
        part.rule.first and len(part.places) > 1
    )


def _unruled(place: int, header: str, field: Field | None, taken: set[str]) -> Part:
    """A column no rule keeps: its field, or without one the sheet under its own header."""
    if field is not None:
        key = _key(field)
    else:
        # "source": under its bare name the original would be read as the field when read back.
        key = f"source {header}" if fields.find(header) else header or f"column {place + 1}"
        while key in taken:
            key += "+"
    return Part(
        key=key,
        to_camera=field is not None and field.to is not None,
        field=field,
        column=header or key,
        places=(place,),
        rule=Rule(columns=(header,)),
        named=bool(header),
    )


def _report(parts: Sequence[Part], unknown: list[str], table: Table, findings: Findings) -> None:
    columns = defaultdict(list)
    for part in parts:
        columns[part.key].append(part.column)
    if "code" not in columns:
        raise refuse(
            table.file,
            "No column holds the code of the camera.",
            f"Found: {_listed(table.headers)}. Expected one of: code, "
            f"{', '.join(fields.BY_NAME['code'].headers)}; or give a mapping file.",
            line=table.header_line or None,
            unit=table.unit,
        )
    for key, found in columns.items():
        if len(found) > 1:
            findings.error(
                f"The columns {' and '.join(found)} both mean {key}.",
                "Delete or rename one of them.",
                line=table.header_line or None,
            )
    if unknown:
        findings.note(
            f"Unknown columns, kept in the sheet under their own header: {_listed(unknown)}."
        )
    _report_missing(set(columns), findings)


def _report_missing(have: set[str], findings: Findings) -> None:
    missing = [
        field.name
        for field in fields.FIELDS
        if field.need is not Need.OPTIONAL and (_key(field)) not in have
    ]
    if missing:
        findings.note(f"Fields of a complete file that are not in this one: {', '.join(missing)}.")


def _listed(names: Sequence[str], limit: int = 40) -> str:
    shown = [shorten(name) for name in names if name]
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return (", ".join(shown[:limit]) or "nothing") + more
