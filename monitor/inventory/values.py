"""Reads the text of one cell as the shape its field asks for.

Each reader raises ValueError(reason, advice); what that costs, the row or only a
warning, is decided by `LENIENT` and `cameras`.
"""

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from monitor.geodesy import direction
from monitor.inventory import coordinates, words
from monitor.inventory.fields import Shape
from monitor.inventory.grid import Altered

Reader = Callable[[str], Any]

# A wrong value of these loads with a warning: a camera is worth more than its date of purchase.
LENIENT = frozenset(
    {
        Shape.KIND,
        Shape.DIRECTION,
        Shape.DIRECTION_CODE,
        Shape.MAC,
        Shape.DATE,
        Shape.IPV6,
    }
)
SHEET_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"})

# What people and programs write into a cell that has to be filled although there is nothing.
_NOTHING_WORDS = """
null (null) none nil n/a na nan tbd tba unknown undefined - -- --- — / \\ 无 無 没有 未知 暂无
待定 不详 空 keine sans なし 없음 нет
"""
_NOTHING = frozenset(_NOTHING_WORDS.split())
_NO_ADDRESS = frozenset(("dhcp", "0.0.0.0", "::", "255.255.255.255", "0", "auto", "dynamic"))  # noqa: S104
_AS_TEXT = "Format the whole column as text, enter the codes again from their source, and save."
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mai|okt|dez"
_DATE_LIKE = re.compile(
    rf"\d{{1,2}}[-. /]({_MONTHS})[a-z]*\.?([-. /]\d{{2,4}})?|({_MONTHS})[a-z]*\.?[-. /]\d{{2,4}}"
    r"|\d{1,2}月\d{1,2}日|\d{4}[-/年]\d{1,2}[-/月]\d{1,2}日?( 00:00(:00)?)?"
    r"|\d{1,2}(/\d{1,2}/|\.\d{1,2}\.)\d{4}",
    re.IGNORECASE,
)
_NUMBERS = (Shape.LONGITUDE, Shape.LATITUDE, Shape.ANGLE, Shape.RANGE)
_MINUS_ONE = re.compile(r"-1([.,]0*)?")
_EXPONENT = re.compile(r"[+-]?\d([.,]\d+)?[eE]\+?\d{2}", re.ASCII)
_EXCEL_TEXT = re.compile(r'="(.*)"|\'(\d+)', re.DOTALL)
_HOST = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?", re.ASCII)
_MAC = re.compile(r"(?:[0-9A-F]{2}[-:.]?){5}[0-9A-F]{2}|(?:[0-9A-F]{4}[.-]){2}[0-9A-F]{4}")
_CODE_CHARACTERS = 128
_TEXT_CHARACTERS = 4_000

_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y%m%d",
    "%Y年%m月%d日",
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)


def readers(dates: Sequence[str] = (), decimal: str = ".") -> Mapping[Shape, Reader]:
    """One reader per shape. dates: further date formats, tried first. decimal: "." or ","."""
    formats = (*dates, *_DATES)

    @lru_cache(4096)
    def date(text: str) -> str:
        return _date(text, formats)

    found: dict[Shape, Reader] = {**_READERS, Shape.DATE: date}
    if decimal == ",":
        found |= {shape: _with_comma(found[shape]) for shape in _NUMBERS}
    return found


def _with_comma(read: Reader) -> Reader:
    """Reads 1.234,5: dots group thousands, the comma stands before the fraction."""

    def reader(value: str) -> Any:
        return read(value.replace(".", "").replace(",", ".") if "," in value else value)

    return reader


def says_nothing(text: str, shape: Shape) -> bool:
    """Whether a cell only says that there is nothing: NULL, TBD, DHCP for an address …"""
    word = text.casefold()
    if shape is Shape.CODE:
        return False
    if shape in (Shape.DIRECTION, Shape.DIRECTION_CODE) and _MINUS_ONE.fullmatch(word):
        return True
    return word in _NOTHING or (shape in (Shape.HOST, Shape.IPV6) and word in _NO_ADDRESS)


def is_exponent(text: str) -> bool:
    """True for a long number that a spreadsheet has turned into something like 1.31E+19."""
    return _EXPONENT.fullmatch(text) is not None


def code(text: str) -> str:
    """A code as text; the forms ="131…" and '131… by which people keep digits are unwrapped."""
    wrapped = _EXCEL_TEXT.fullmatch(text)
    bare = ((wrapped[1] or wrapped[2] or "") if wrapped else text).strip()
    if isinstance(text, Altered):
        raise ValueError(text.why, _AS_TEXT)
    if _DATE_LIKE.fullmatch(bare):
        raise ValueError("This code looks like a date that a spreadsheet made of it.", _AS_TEXT)
    if is_exponent(bare):
        raise ValueError(
            "A spreadsheet turned this code into a rounded number; its last digits are lost.",
            _AS_TEXT,
        )
    if not bare or len(bare) > _CODE_CHARACTERS or any(map(_control, bare)):
        raise ValueError("This is no code.", f"A code is 1 to {_CODE_CHARACTERS} characters.")
    return bare


def text(value: str) -> str:
    if len(value) > _TEXT_CHARACTERS:
        advice = "Look for a missing quote or delimiter."
        raise ValueError(f"The text is longer than {_TEXT_CHARACTERS:,} characters.", advice)
    return value


def host(value: str) -> str:
    """An IP address in its usual form, or a host name."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return _name(value)
    if address.is_unspecified or address.is_multicast or value == "255.255.255.255":
        raise ValueError("No camera can have this address.", "Enter its own address.")
    return str(address)


def _name(value: str) -> str:
    if re.fullmatch(r"[\d.]+", value, re.ASCII):
        advice = "An IPv4 address is four numbers of 0-255 without leading zeros."
        raise ValueError("This is not a valid IP address.", advice)
    if "/" in value or ":" in value:
        advice = "Enter only the address here, and the port in the column port."
        raise ValueError("This is not an IP address alone.", advice)
    if len(value) > 253 or not _HOST.fullmatch(value):
        raise ValueError("This is neither an IP address nor a host name.", "Correct the address.")
    return value


def port(value: str) -> int:
    if not re.fullmatch(r"\d{1,5}", value, re.ASCII) or not 1 <= int(value) <= 65535:
        raise ValueError("This is not a port.", "A port is a whole number from 1 to 65535.")
    return int(value)


def _angle(value: str) -> float | None:
    degrees = coordinates.number(value)
    if not 0 <= degrees <= 360:
        raise ValueError("The opening angle is out of range.", "It is 0 to 360 degrees.")
    return degrees or None  # 0 means not reported in GB/T 28181 catalogues


def _range(value: str) -> float | None:
    metres = coordinates.number(value)
    if not 0 <= metres <= 50_000:
        raise ValueError("The range is out of bounds.", "It is given in metres.")
    return metres or None


@lru_cache(4096)
def _direction(value: str) -> str:
    try:
        direction.parse(value)
    except ValueError as error:
        advice = "The text is kept; correct it so that coverage knows where the camera looks."
        raise ValueError(str(error), advice) from None
    return value


def _direction_code(value: str) -> str:
    return words.DIRECTION_CODES.get(value) or _direction(value)


def _word(table: Mapping[str, Any]) -> Reader:
    def read(value: str) -> Any:
        try:
            return table[re.sub(r"[\s-]+", "_", value.lower())]
        except KeyError:
            raise ValueError("This value is not known here.", f"Use {', '.join(table)}.") from None

    return read


def _mac(value: str) -> str:
    upper = value.upper()
    if not _MAC.fullmatch(upper):
        raise ValueError("This is not a MAC address.", "Write it as 0A-1B-2C-3D-4E-5F.")
    digits = re.sub(r"[^0-9A-F]", "", upper)
    return "-".join(digits[at : at + 2] for at in range(0, 12, 2))


def _ipv6(value: str) -> str:
    try:
        return str(ipaddress.IPv6Address(value))
    except ValueError:
        raise ValueError("This is not an IPv6 address.", "Correct or empty the cell.") from None


def _date(value: str, formats: Sequence[str]) -> str:
    for form in formats:
        try:
            # A date as written has no zone; it is kept as text and never compared with instants.
            found = datetime.strptime(value, form)  # noqa: DTZ007
        except ValueError:
            continue
        if found.year < 1950:
            break
        return found.date().isoformat() if not _has_time(form) else found.isoformat(" ", "seconds")
    raise ValueError("This is not a date.", "Write it as 2024-05-31; the text is kept.")


def _has_time(form: str) -> bool:
    return "%H" in form or "%I" in form


def _control(character: str) -> bool:
    return unicodedata.category(character)[0] == "C"


_READERS: Mapping[Shape, Reader] = {
    Shape.CODE: code,
    Shape.TEXT: text,
    Shape.HOST: host,
    Shape.PORT: port,
    Shape.LONGITUDE: coordinates.longitude,
    Shape.LATITUDE: coordinates.latitude,
    Shape.POSITION: text,
    Shape.INTENT: _word(words.INTENTS),
    Shape.KIND: _word(words.KINDS),
    Shape.DIRECTION: _direction,
    Shape.DIRECTION_CODE: _direction_code,
    Shape.ANGLE: _angle,
    Shape.RANGE: _range,
    Shape.INDOOR: _word(words.INDOOR),
    Shape.FLAG: _word(words.FLAGS),
    Shape.JUDGED_BY: _word(words.JUDGED_BY),
    Shape.MAC: _mac,
    Shape.IPV6: _ipv6,
}
