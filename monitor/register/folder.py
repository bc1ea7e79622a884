"""The register as a folder of static files: written whole or not at all, read back and compared.

Any web server can serve it. Every byte follows from the facts and the chain, so checking it means
writing it again and comparing.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from db.editions import Edition
from monitor import chain
from monitor.register import data, pages
from monitor.register.edition import facts_digest
from monitor.register.pages import Book, Publisher

_MARK = "data/editions.json"  # a folder that holds this is a register; anything else is left alone
_MOST_BYTES = 2_000_000_000
_MAPLIBRE = ("maplibre-gl.js", "maplibre-gl.css")
Progress = Callable[[str, int], None]


class FolderRefused(Exception):
    """The folder cannot be written or read as a register; the text says what to do."""


def texts(book: Book, *, cameras: bool = True) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every file that follows from the facts, pages of cameras at will."""
    rows = [book.facts[code] for code in sorted(book.facts)]
    addresses = {code: f"camera/{slug}.html" for code, slug in book.slugs.items()}
    made = {
        "data/cameras.csv": data.as_csv(rows),
        "data/cameras.geojson": data.as_geojson(rows, addresses),
        "data/cameras-kr.csv": data.as_korean(rows, book.edition),
        "data/dictionary.json": data.as_dictionary(book.publisher.licence),
        "data/facts.jsonl": data.as_facts(rows),
        "data/publisher.json": _publisher(book.publisher),
        _MARK: data.as_editions([*book.before, book.edition]),
    }
    for path, text in made.items():
        yield path, text.encode()
    for path, text in pages.pages(book, cameras=cameras):
        yield path, text.encode()


def _publisher(publisher: Publisher) -> str:
    return json.dumps(publisher.said, ensure_ascii=False, indent=1) + "\n"


def assets() -> dict[str, bytes]:
    """Style, script and map library; their bytes follow from the program."""
    own = files("monitor.register").joinpath("assets")
    found = {f"assets/{each.name}": each.read_bytes() for each in own.iterdir() if each.is_file()}
    spec = find_spec("maplibre")
    if spec is None or not spec.submodule_search_locations:
        raise FolderRefused("The package maplibre is not installed. Run: pip install maplibre")
    library = Path(spec.submodule_search_locations[0]) / "srcjs"
    return found | {f"assets/{name}": (library / name).read_bytes() for name in _MAPLIBRE}


def write(book: Book, out: Path, progress: Progress | None = None) -> int:
    """Replace the folder `out`; returns the number of files. Raises FolderRefused.

    What stood there before is moved away only once all is written; a stop in between leaves it.
    """
    if out.exists() and any(out.iterdir()) and not (out / _MARK).is_file():
        raise FolderRefused(
            f"{out} holds files that are no register; nothing was touched. Give another folder"
        )
    fresh, old = out.with_name(f"{out.name}.new"), out.with_name(f"{out.name}.old")
    count = 0
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in ("camera", "data", "assets"):
            (fresh / folder).mkdir(parents=True)
        for path, body in assets().items():
            (fresh / path).write_bytes(body)
            count += 1
        for path, body in texts(book):
            (fresh / path).write_bytes(body)
            count += 1
            if progress and count % 1_000 == 0:
                progress("written", count)
        shutil.rmtree(old, ignore_errors=True)
        if out.exists():
            out.rename(old)
        fresh.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as exc:
        raise FolderRefused(
            f"{out} cannot be written ({exc.strerror or exc}). Free space or rights there"
        ) from exc
    return count


def check(
    out: Path, *, witnessed: str | None = None, progress: Progress | None = None
) -> list[str]:
    """What in a folder does not fit its own facts and chain, as sentences; nothing when all fits.

    witnessed: a digest that somebody outside the operator was sent; it must be in the chain.
    Raises FolderRefused when it is no register at all.
    """
    problems: list[str] = []
    book = _read(out, problems)
    known = [*book.before, book.edition]
    if witnessed and witnessed.lower() not in {each.digest.hex() for each in known}:
        problems.append("The witnessed digest is in no edition of this folder.")
    expected = set()
    for count, (path, body) in enumerate(texts(book), 1):
        expected.add(path)
        problems += _compare(out, path, body)
        if progress and count % 1_000 == 0:
            progress("checked", count)
        if len(problems) > 100:
            return [*problems, "… and more; the rest was not looked at."]
    strange = sorted(name for name in _names(out) if name not in expected)
    return problems + [
        f"{name} belongs to no register." for name in strange if not name.startswith("assets/")
    ]


def _names(out: Path) -> Iterator[str]:
    """Every file below `out`, as text: a Path each would cost as much as reading the files."""
    for folder, _, files_here in os.walk(out):
        below = Path(folder).relative_to(out).as_posix()
        yield from (name if below == "." else f"{below}/{name}" for name in files_here)


def _compare(out: Path, path: str, body: bytes) -> list[str]:
    try:
        with open(f"{out}/{path}", "rb", buffering=0) as file:
            found = file.readall()
    except OSError:
        return [f"{path} is missing."]
    return [] if found == body else [f"{path} does not follow from the facts."]


def _read(out: Path, problems: list[str]) -> Book:
    try:
        listed = json.loads(_text(out / _MARK))
        lines = _text(out / "data/facts.jsonl").splitlines()
        facts = {row["camera"]: row for row in map(json.loads, lines)}
        publisher = Publisher(**json.loads(_text(out / "data/publisher.json")))
        known = _chain(listed, problems)
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise FolderRefused(f"{out} cannot be read as a register ({exc})") from exc
    if not known:
        raise FolderRefused(f"{out} holds no edition")
    digests = {code: chain.digest(row) for code, row in facts.items()}
    if facts_digest(digests, publisher) != known[-1].facts:
        problems.append(f"The facts are not those that edition {known[-1].number} was made of.")
    return Book(edition=known[-1], facts=facts, before=known[:-1], publisher=publisher)


def _chain(listed: list[dict[str, Any]], problems: list[str]) -> list[Edition]:
    known: list[Edition] = []
    for number, each in enumerate(listed, 1):
        edition = Edition(
            number=each["number"],
            made_at=datetime.fromisoformat(each["made_at"]),
            cameras=each["cameras"],
            declared=each["declared"],
            facts=bytes.fromhex(each["facts"]),
            audit_seq=each["audit_seq"],
            audit=bytes.fromhex(each["audit"]),
            previous=known[-1].digest if known else chain.START,
        )
        if edition.digest.hex() != each["digest"] or edition.number != number:
            problems.append(f"Edition {each['number']} does not fit the one before it.")
        known.append(edition)
    return known


def _text(path: Path) -> str:
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{path.name} is over 2 GB")
    return path.read_text("utf-8")
