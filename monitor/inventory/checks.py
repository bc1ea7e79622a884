"""Looks at all cameras of one file together: duplicates, swapped coordinates, form of the codes.

Single cells are checked in `values`.
"""

from collections.abc import Collection, Iterable, Sequence
from statistics import median

from monitor.inventory.patch import Patch
from monitor.inventory.plan import Part
from monitor.inventory.problems import Findings

Rows = Sequence[tuple[int, Patch]]

_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
# First two digits of GB/T 2260: the provinces, used while no list of divisions was loaded.
_PROVINCES = frozenset(
    str(number) for first, last in _PROVINCE_RANGES for number in range(first, last + 1)
)
_CAMERA_TYPES = ("131", "132")
_CODE_DIGITS = 20
# How far from the middle of the file a coordinate is out of place; a prefecture is smaller.
_NEAR_DEG = 3.0
_LEAST_FOR_MIDDLE = 5


def whole_file(
    rows: Rows, parts: Iterable[Part], divisions: Collection[str] | None, findings: Findings
) -> None:
    _duplicates(rows, findings)
    _shared_addresses(rows, findings)
    _swapped(rows, findings)
    _codes(rows, divisions, findings)
    _direction_codes(rows, parts, findings)


def _duplicates(rows: Rows, findings: Findings) -> None:
    first: dict[str, int] = {}
    for line, row in rows:
        if row.key in first:
            findings.error(
                f"The code stands already in {findings.unit} {first[row.key]}.",
                "Each camera has its own code: correct or delete one of the two.",
                line=line,
                column="code",
                value=row.key,
            )
        first.setdefault(row.key, line)


def _shared_addresses(rows: Rows, findings: Findings) -> None:
    first: dict[tuple[str, int], int] = {}
    for line, row in rows:
        host, port = row.values.get("host"), row.values.get("port", 80)
        if host is None:
            continue
        key = host, port
        if key in first:
            findings.warn(
                f"Address and port stand already in {findings.unit} {first[key]}.",
                "Right for channels of one recorder; otherwise correct one of them.",
                line=line,
                column="host",
                value=f"{host}:{port}",
            )
        first.setdefault(key, line)


def _swapped(rows: Rows, findings: Findings) -> None:
    placed: list[tuple[int, float, float]] = [
        (line, row.values["lon"], row.values["lat"])
        for line, row in rows
        if row.values.get("lon") is not None
    ]
    if len(placed) < _LEAST_FOR_MIDDLE:
        return
    middle_lon, middle_lat = median(p[1] for p in placed), median(p[2] for p in placed)

    def near(lon: float, lat: float) -> bool:
        return abs(lon - middle_lon) < _NEAR_DEG and abs(lat - middle_lat) < _NEAR_DEG

    for line, lon, lat in placed:
        if near(lat, lon) and not near(lon, lat):
            findings.warn(
                "Longitude and latitude look swapped, compared with the other cameras.",
                "Exchange the two values if so.",
                line=line,
                column="lon",
                value=f"{lon}, {lat}",
            )


def _codes(rows: Rows, divisions: Collection[str] | None, findings: Findings) -> None:
    """Tests (a)-(c) of domain 3.2 on codes of digits; a city may as well number its own way."""
    digits = [(line, r.key) for line, r in rows if r.key.isascii() and r.key.isdigit()]
    if not digits:
        return
    if all(len(code) != _CODE_DIGITS for _, code in digits):
        findings.warn(
            f"None of the {len(digits):,} codes of digits has {_CODE_DIGITS}: they are no "
            "GB/T 28181 codes.",
            "Right if the city numbers its cameras its own way.",
            column="code",
        )
        return
    for line, code in digits:
        reason = _code_flaw(code, divisions)
        if reason:
            advice = "The camera loads; correct the code if it is a mistake."
            findings.warn(reason, advice, line=line, column="code", value=code)


def _code_flaw(code: str, divisions: Collection[str] | None) -> str:
    if len(code) != _CODE_DIGITS:
        return f"The code has {len(code)} digits instead of {_CODE_DIGITS}."
    if code[10:13] not in _CAMERA_TYPES:
        return f"Digits 11 to 13 are {code[10:13]}; a camera has 131 or 132."
    if divisions is not None and code[:6] not in divisions:
        return f"The first six digits, {code[:6]}, are no division of the list."
    if divisions is None and code[:2] not in _PROVINCES:
        return f"The first two digits, {code[:2]}, are no province of GB/T 2260."
    # 15 digits hold in a spreadsheet, the rest become zeros when it takes the code for a number.
    if code.endswith("00000"):
        return "The code ends in five zeros, as spreadsheets make it from a rounded number."
    return ""


def _direction_codes(rows: Rows, parts: Iterable[Part], findings: Findings) -> None:
    plain = any(part.field is not None and part.field.name == "direction" for part in parts)
    written = {found for _, row in rows if (found := row.values.get("direction")) is not None}
    if plain and len(written) > 1 and written <= set("123456789"):
        findings.warn(
            "All directions are numbers from 1 to 9; they were read as degrees.",
            "If they are codes (1 east, 2 west …), name the column direction_code or 监视方位.",
            column="direction",
        )
