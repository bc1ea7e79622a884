"""Opens the file a person gave and says what it is: a text table, a workbook or GeoJSON.

Every reason why a file cannot be opened ends here as one sentence; its contents are left to others.
"""

import codecs
import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from monitor.inventory import encoding
from monitor.inventory.encoding import Guess
from monitor.inventory.problems import Findings, Refused, refuse, shorten


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
    OLD_WORKBOOK = "old workbook"  # XLS or ODS


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """An opened file. encoding: of TEXT and JSON, as Python calls it; guess: where it was guessed.

    data is filled for workbooks only: texts are read from the file again, piece by piece.
    """

    path: Path
    file: str
    form: Form
    encoding: str = ""
    guess: Guess | None = None
    data: bytes = b""

    def stream(self) -> TextIO:
        """The text from its beginning; whoever reads it closes it."""
        return self.path.open(encoding=self.encoding, newline="")

    def text(self) -> str:
        """The whole text; raises `Refused`."""
        try:
            with self.stream() as stream:
                return stream.read()
        except UnicodeDecodeError as error:
            raise self.misread(error) from None

    def misread(self, error: UnicodeDecodeError, line: int | None = None) -> Refused:
        """The refusal of a text that is not in the encoding it was said or guessed to be in."""
        reason = f"The text is not {called(self.encoding)} throughout ({error.reason})."
        return refuse(self.file, reason, _SAY, line=line)

    def report(self, findings: Findings) -> None:
        """Say what was guessed, how sure that is, and how it reads."""
        if self.guess:
            findings.note(
                f"The text was read as {called(self.guess.page)} (guessed, confidence "
                f"{self.guess.confidence:.0%}): {self.guess.sample}.",
                f"If that is misspelt, say --encoding; {_KNOWN}.",
            )


_HEAD_BYTES = 4_096
_PIECE_BYTES = 1 << 20
_KNOWN = f"UTF-8, UTF-16, {', '.join(encoding.PAGES.values())}"
_SAY = "Say which with --encoding, or save it as CSV (UTF-8)."
_AS_GEOJSON = (
    "Convert it: ogr2ogr -f GeoJSON -t_srs EPSG:4326 new.geojson and its name; or in QGIS: Export, "
    "Save Features As, GeoJSON, EPSG:4326. Then import the GeoJSON."
)
_MIME_ODS = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet"
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
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x7fELF", "a program"),
)


def read(
    path: str | os.PathLike[str], limits: Limits = LIMITS, said_encoding: str | None = None
) -> Source:
    """Raises `Refused` when the file cannot be opened or is nothing we read.

    said_encoding: what a person says the encoding is; None guesses it.
    """
    file = Path(path).name or str(path)
    data = _bytes(Path(path), file, limits)
    if not data.strip():
        raise refuse(file, "The file is empty.", "Export it again and look at its size.")
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise refuse(file, f"This is {what}, not a table.", _SAVE_AS)
    if data.startswith(b"SQLite format 3"):
        raise refuse(file, "This is a GeoPackage or another SQLite database.", _AS_GEOJSON)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        return Source(path=Path(path), file=file, form=Form.OLD_WORKBOOK, data=data)
    if data.startswith(b"PK") and _MIME_ODS in data[:200]:
        return Source(path=Path(path), file=file, form=Form.OLD_WORKBOOK, data=data)
    if data.startswith(b"PK"):
        return Source(path=Path(path), file=file, form=Form.WORKBOOK, data=data)
    page, guess = _page(data, file, said_encoding)
    head = data[:_HEAD_BYTES].decode(page, "ignore").lstrip("\ufeff \t\r\n")
    if head[:1] == "<" and "<kml" in head:
        raise refuse(file, "This is KML.", _AS_GEOJSON)
    if head[:1] == "<":
        raise refuse(file, "This is a web page or XML, not a table.", _SAVE_AS)
    form = Form.JSON if head[:1] in ("{", "[") else Form.TEXT
    return Source(path=Path(path), file=file, form=form, encoding=page, guess=guess)


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


def _page(data: bytes, file: str, said: str | None) -> tuple[str, Guess | None]:
    """The encoding, and the guess where nobody said it and it is no Unicode."""
    if said is not None:
        return _check(data, _text_codec(said, file), file), None
    found = encoding.unicode_page(data[:_HEAD_BYTES])
    if found and found.startswith("utf-16"):
        return _check(data, found, file), None
    _refuse_nul(data, file)
    bad_at = _first_wrong(data, "utf-8")
    if bad_at is None:
        return found or "utf-8", None
    guess = encoding.guess(data)
    if guess is None or guess.confidence < encoding.ENOUGH:
        where = {"line": data.count(b"\n", 0, bad_at) + 1}
        raise refuse(file, f"The text is no UTF-8{_doubt(guess)}.", f"{_SAY} ({_KNOWN})", **where)
    return _check(data, guess.page, file), guess


def _doubt(guess: Guess | None) -> str:
    if guess is None:
        return ", nor anything else that is known here"
    read = f"; as {called(guess.page)} it reads “{shorten(guess.sample)}”"
    if guess.rival and guess.confidence < encoding.ENOUGH:
        read += f", as {called(guess.rival)} “{shorten(guess.rival_sample)}”"
    return f"{read}, which is not sure enough"


def _text_codec(said: str, file: str) -> str:
    word = next(
        (page for page, name in encoding.PAGES.items() if name.lower() == said.lower()), said
    )
    try:
        found = codecs.lookup(word)
        b"a".decode(word, "ignore")  # a LookupError for codecs of bytes, as hex
    except LookupError:
        reason = f"There is no encoding called {said[:40]!r}."
        raise refuse(file, reason, f"Say one of these: {_KNOWN}.") from None
    return {"gbk": "gb18030", "gb2312": "gb18030", "utf-8": "utf-8-sig"}.get(found.name, found.name)


def called(page: str) -> str:
    """An encoding as people call it."""
    return encoding.PAGES.get(page, page.removesuffix("-sig").upper())


def _check(data: bytes, page: str, file: str) -> str:
    at = _first_wrong(data, page)
    if at is not None:
        line = data.count(b"\n", 0, at) + 1
        raise refuse(file, f"The text is not {called(page)} throughout.", _SAY, line=line)
    return page


def _first_wrong(data: bytes, page: str) -> int | None:
    """Where the text stops being in this encoding, or None. Piece by piece: memory is bounded."""
    decoder = codecs.getincrementaldecoder(page)()
    for at in range(0, len(data) + 1, _PIECE_BYTES):
        piece = data[at : at + _PIECE_BYTES]
        try:
            decoder.decode(piece, final=at + _PIECE_BYTES > len(data))
        except UnicodeDecodeError as error:
            return at + max(0, error.start)
    return None


def _refuse_nul(data: bytes, file: str) -> None:
    at = data.find(b"\0")
    if at >= 0:
        raise refuse(
            file,
            "The file contains zero bytes, so it is not a text table (or it is damaged).",
            _SAVE_AS,
            line=data.count(b"\n", 0, at) + 1,
        )
