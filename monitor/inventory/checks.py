"""Looks at all cameras of one file together: twins, addresses, positions, form of the codes.

Single cells are checked in `values`. Memory stays bounded: of each row only what is compared.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable

from monitor.geodesy.extent import Extent
from monitor.inventory.grid import Record
from monitor.inventory.patch import Patch
from monitor.inventory.plan import Part
from monitor.inventory.positions import Positions
from monitor.inventory.problems import Findings
from monitor.inventory.table import Table

_PROVINCE_RANGES = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
# First two digits of GB/T 2260: the provinces, used while no list of divisions was loaded.
_PROVINCES = frozenset(
    str(number) for first, last in _PROVINCE_RANGES for number in range(first, last + 1)
)
_CAMERA_TYPES = ("131", "132")
_CODE_DIGITS = 20
_KEPT = 1_000  # flawed codes that are named one by one
# Where no ONVIF service is expected, and what mostly is there.
_OTHER_PORTS = {
    554: "RTSP",
    8554: "RTSP",
    8000: "Hikvision's own protocol",
    37777: "Dahua's own protocol",
    34567: "XMEye's own protocol",
    5060: "SIP",
    3702: "discovery",
    1935: "RTMP",
}
_TOTAL_WORDS = """
合计 总计 總計 小计 小計 共计 共計 总数 total totals subtotal sum summe gesamt somme totale suma
итого всего 합계
"""
_TOTALS = frozenset(_TOTAL_WORDS.split())
_SIGNED = re.compile(
    r"(制表|填表|审核|審核|备注|備註|说明|說明|单位|日期|prepared by|note|remark)\w*\s*[:：]", re.I
)


class Checks:
    """Takes row by row; `report` says what only the whole file shows."""

    def __init__(
        self,
        parts: Iterable[Part],
        divisions: Collection[str] | None,
        extent: Extent | None,
        *,
        accept_far: bool,
    ) -> None:
        self.accept_far = accept_far
        self._divisions = divisions
        self._positions = Positions(extent, accept_far=accept_far)
        self._plain = False
        self._code_place: int | None = None
        for part in parts:
            if part.field is not None and part.field.name == "direction":
                self._plain = True
            if part.key == "code" and part.to_camera and part.places:
                self._code_place = part.places[0]
        self._coded: bool | None = None
        self._first: dict[str, int] = {}
        self._addresses: dict[tuple[str, int], int] = {}
        self._ports: dict[int, tuple[int, int]] = {}
        self._digits = 0
        self._whole = 0
        self._flawed: list[tuple[int, str]] = []
        self._flaws = 0
        self._lengths: Counter[int] = Counter()
        self._zeros: Counter[int] = Counter()
        self._directions: set[str] = set()
        self._remarks: list[int] = []

    def is_remark(self, record: Record, table: Table) -> bool:
        """Whether a row is a total, a title or a signature among the cameras."""
        filled = [cell for cell in record.cells if cell]
        if not filled or len(table.headers) < 3:
            return False
        remark = filled[0].strip(" :：").lower() in _TOTALS or (
            len(filled) == 1
            and (_SIGNED.match(filled[0]) is not None or self._is_title(filled[0], record, table))
        )
        if remark:
            self._remarks.append(record.line)
        return remark

    def _is_title(self, text: str, record: Record, table: Table) -> bool:
        """The only cell of its row, without a digit where codes have digits."""
        if self._code_place is None or any(each.isdigit() for each in text):
            return False
        if self._coded is None:
            at = self._code_place
            codes = [
                r.cells[at]
                for r in table.head
                if at < len(r.cells) and r.cells[at] and sum(map(bool, r.cells)) > 1
            ]
            coded = sum(any(each.isdigit() for each in code) for code in codes)
            self._coded = len(codes) > 2 and coded * 2 > len(codes)
        return self._coded

    def take(self, row: Patch, findings: Findings) -> bool:
        """False for a row whose code stands before; upper and lower case are one."""
        twin = self._first.setdefault(row.key.casefold(), row.line)
        if twin != row.line:
            findings.error(
                f"The code stands already in {findings.unit} {twin}.",
                "Each camera has its own code: correct or delete one of the two.",
                line=row.line,
                column="code",
                value=row.key,
            )
            return False
        self._take_address(row, findings)
        self._take_code(row)
        lon, lat = row.values.get("lon"), row.values.get("lat")
        if lon is not None and lat is not None:
            self._positions.add(row.line, lon, lat)
        if len(self._directions) < 10 and (written := row.values.get("direction")) is not None:
            self._directions.add(written)
        return True

    def _take_address(self, row: Patch, findings: Findings) -> None:
        host, port = row.values.get("host"), row.values.get("port", 80)
        if port in _OTHER_PORTS:
            line, count = self._ports.get(port, (row.line, 0))
            self._ports[port] = line, count + 1
        if host is None:
            return
        first = self._addresses.setdefault((host, port), row.line)
        if first != row.line:
            findings.warn(
                f"Address and port stand already in {findings.unit} {first}.",
                "Right for channels of one recorder; otherwise correct one of them.",
                line=row.line,
                column="host",
                value=f"{host}:{port}",
            )

    def _take_code(self, row: Patch) -> None:
        """Tests (a)-(c) of domain 3.2 on codes of digits; a city may as well number its own way."""
        code = row.key
        if not (code.isascii() and code.isdigit()):
            return
        self._digits += 1
        self._whole += len(code) == _CODE_DIGITS
        self._lengths[len(code)] += 1
        self._zeros[len(code)] += code.startswith("0")
        if _code_flaw(code, self._divisions):
            self._flaws += 1
            if len(self._flawed) < _KEPT:
                self._flawed.append((row.line, code))

    def report(self, findings: Findings) -> None:
        """What only the whole file shows."""
        self._positions.report(findings)
        self._report_codes(findings)
        for port, (line, count) in sorted(self._ports.items()):
            findings.warn(
                f"{count:,} cameras have the port of {_OTHER_PORTS[port]}. Is ONVIF there?",
                "It is mostly 80. A camera that is asked at a wrong port looks offline.",
                line=line,
                column="port",
                value=str(port),
            )
        if self._plain and len(self._directions) > 1 and self._directions <= set("123456789"):
            findings.warn(
                "All directions are numbers from 1 to 9; they were read as degrees.",
                "If they are codes (1 east, 2 west …), name the column direction_code or 监视方位.",
                column="direction",
            )
        if self._remarks:
            shown = ", ".join(map(str, self._remarks[:20]))
            findings.warn(
                f"{len(self._remarks)} rows are totals, titles or remarks and were left out "
                f"({findings.unit} {shown}).",
                "Give such a row a code if it is a camera.",
            )

    def _report_codes(self, findings: Findings) -> None:
        if not self._digits:
            return
        self._report_zeros(findings)
        if not self._whole:
            findings.warn(
                f"None of the {self._digits:,} codes of digits has {_CODE_DIGITS}: they are no "
                "GB/T 28181 codes.",
                "Right if the city numbers its cameras its own way.",
                column="code",
            )
            return
        advice = "The camera loads; correct the code if it is a mistake."
        for line, code in self._flawed:
            reason = _code_flaw(code, self._divisions)
            findings.warn(reason, advice, line=line, column="code", value=code)
        findings.count_warnings(self._flaws - len(self._flawed))

    def _report_zeros(self, findings: Findings) -> None:
        """Codes that begin with zeros beside shorter ones: the others have lost theirs."""
        length, padded = max(self._zeros.items(), key=lambda item: item[1])
        shorter = sum(count for each, count in self._lengths.items() if each < length)
        if padded and shorter:
            findings.error(
                f"{padded:,} codes of {length} digits begin with zeros and {shorter:,} are "
                "shorter: a spreadsheet took the zeros of those away.",
                "Format the column as text, enter the codes again from their source, and save.",
                column="code",
            )


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
