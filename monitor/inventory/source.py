"""Opens the file a person gave and says what it is: a text table, a workbook or GeoJSON.

Every reason why a file cannot be opened ends here as one sentence; its contents are left to others.
"""

import codecs
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from monitor.inventory.problems import refuse


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much of an untrusted file is taken. `unpacked_bytes` is for the inside of a workbook."""

    file_bytes: int = 200 * 1024**2
    unpacked_bytes: int = 1024**3
    rows: int = 500_000
    columns: int = 1_000
    problems: int = 1_000


LIMITS = Limits()


class Form(StrEnum):
    """What a file turned out to be, by its content and never by its name."""

    TEXT = "text"
    WORKBOOK = "workbook"
    JSON = "json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An opened file. `text` is filled for TEXT and JSON, `data` for WORKBOOK."""

    file: str
    form: Form
    encoding: str = ""
    text: str = ""
    data: bytes = b""


_SAVE_AS = "Save it as .xlsx or as CSV (UTF-8) and import that."
_FOREIGN = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"BM6", "a bitmap image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"RIFF", "a media file"),
    (b"%PDF", "a PDF document"),
    (b"\xd0\xcf\x11\xe0", "an old .xls file or a workbook locked with a password"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x7fELF", "a program"),
)


def read(path: str | os.PathLike[str], limits: Limits = LIMITS) -> Source:
    """Raises `Refused` when the file cannot be opened or is nothing we read."""
    file = Path(path).name or str(path)
    data = _bytes(Path(path), file, limits)
    if not data.strip():
        raise refuse(file, "The file is empty.", "Export it again and look at its size.")
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise refuse(file, f"This is {what}, not a table.", _SAVE_AS)
    if data.startswith(b"PK"):
        return Source(file=file, form=Form.WORKBOOK, data=data)
    text, encoding = _decode(data, file)
    head = text[:200].lstrip()
    if head[:1] == "<":
        raise refuse(file, "This is a web page or XML, not a table.", _SAVE_AS)
    form = Form.JSON if head[:1] in ("{", "[") else Form.TEXT
    return Source(file=file, form=form, encoding=encoding, text=text)


def _bytes(path: Path, file: str, limits: Limits) -> bytes:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise refuse(file, "This is a folder, not a file.", "Name the file inside it.")
        if not stat.S_ISREG(mode):
            raise refuse(file, "This is not an ordinary file.", "Name a CSV, XLSX or GeoJSON file.")
        with path.open("rb") as stream:
            data = stream.read(limits.file_bytes + 1)
    except FileNotFoundError:
        raise refuse(file, "There is no such file.", "Check the path and its spelling.") from None
    except PermissionError:
        advice = "Give the user that runs the monitor the right to read it."
        raise refuse(file, "The file may not be read.", advice) from None
    except (OSError, ValueError) as error:
        raise refuse(file, f"The file cannot be opened: {error}.", "Check the path.") from error
    if len(data) > limits.file_bytes:
        size = f"{limits.file_bytes / 1024**2:.0f} MB"
        raise refuse(file, f"The file is larger than {size}.", "Split it, for instance by area.")
    return data


def _decode(data: bytes, file: str) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    else:
        # GB18030 accepts much that is no Chinese, so it is asked only when UTF-8 fails.
        candidates = ("utf-8-sig", "gb18030")
        _refuse_nul(data, file)
    for encoding in candidates:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            at = error.start
        else:
            if "\x00" in text:
                _refuse_nul(b"\0", file)
            return text, encoding.removesuffix("-sig").upper()
    raise refuse(
        file,
        "The text is neither UTF-8 nor GB18030.",
        "Save it as CSV (UTF-8) and import that.",
        line=data.count(b"\n", 0, at) + 1,
    )


def _refuse_nul(data: bytes, file: str) -> None:
    at = data.find(b"\0")
    if at >= 0:
        raise refuse(
            file,
            "The file contains zero bytes, so it is not a text table (or it is damaged).",
            _SAVE_AS,
            line=data.count(b"\n", 0, at) + 1,
        )
