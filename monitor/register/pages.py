"""Writes the pages of the register: deterministic HTML of facts, in English and Chinese at once.

List and camera pages need no script. Nothing is fetched from another host, nobody is tracked.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from db.editions import Edition
from monitor.entry import UNDECLARED_DAYS
from monitor.register import labels
from monitor.register.public import Facts
from monitor.settings import Settings

_PER_PAGE = 250
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_WHY = ("purpose", "purpose_class", "need", "ground", "assessment", "site", "safety", "features")
_WHO = ("body", "contact", "sign", "sign_seen_on", "retention_days", "kept")
_WHEN = (
    *("declared_from", "declared_until", "review_due", "filing_no", "filed_on"),
    *("filing_authority", "stated_on", "stated_role", "approved_on", "approved_role"),
    *("first_entered_on", "entry", "version"),
)
_WHERE = (
    *("area", "address", "position", "lon", "lat", "kind", "direction", "angle_deg", "range_m"),
    *("indoor", "intent", "installed_at"),
)
_COST = ("cost_purchase", "cost_year")


def _said(pair: labels.Pair) -> Markup:
    """Our own words in both languages: safe as they are; escaping them is most of the cost."""
    return Markup(f'{pair[0]} <span lang="zh">{pair[1]}</span>')  # noqa: S704  no text of others


_LABELS = {name: _said(pair) for name, pair in labels.LABELS.items()}
_YES = _said(("yes", "是"))
_WORDS: Mapping[str, Mapping[str, Markup]] = {
    "kind": {name: _said(pair) for name, pair in labels.KINDS.items()},
    "intent": {name: _said(pair) for name, pair in labels.INTENTS.items()},
}
_PARTS = tuple(
    (_said(title), names)
    for title, names in (
        (("What this camera is for", "这台摄像机的用途"), _WHY),
        (("Who answers, and how to complain", "由谁负责，如何投诉"), _WHO),
        (("Where it hangs and looks", "安装位置与朝向"), _WHERE),
        (("How long, and who approved it", "期限与批准"), _WHEN),
        (("What it costs", "费用"), _COST),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Publisher:
    """What the operator says on every page. licence: of the data. attribution: of the map."""

    name: str
    licence: str
    contact: str
    attribution: str

    @property
    def said(self) -> dict[str, str]:
        """The same as plain values."""
        return {name: getattr(self, name) for name in ("name", "licence", "contact", "attribution")}


def publisher(settings: Settings) -> Publisher:
    """What the configuration says of the operator."""
    said = settings.declaration
    return Publisher(
        name=settings.city.name or "The operator",
        licence=said.licence,
        contact=said.contact,
        attribution=settings.city.attribution,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """All that pages are made of: an edition, the facts of all cameras by code, the publisher."""

    edition: Edition
    facts: Mapping[str, Facts]
    before: Sequence[Edition]
    publisher: Publisher

    @property
    def slugs(self) -> dict[str, str]:
        """The file name of each camera's page, by code; its own also where case is lost."""
        taken: dict[str, str] = {}
        return {code: _own_slug(code, taken) for code in self.facts}


def slug(code: str) -> str:
    """The file name of a camera's page, as long as no other code differs by case alone."""
    return code if _PLAIN.fullmatch(code) else f"c-{_short(code)}"


def _short(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def _own_slug(code: str, taken: dict[str, str]) -> str:
    own = slug(code)
    return own if taken.setdefault(own.lower(), code) == code else f"{own}-{_short(code)}"


def pages(book: Book, *, cameras: bool = True) -> Iterator[tuple[str, str]]:
    """Path and text of every page; those of single cameras too, unless they are left out."""
    slugs = book.slugs
    listed = sorted(
        book.facts.values(), key=lambda row: (row["area"] or "", row["name"], row["camera"])
    )
    sheets = [listed[at : at + _PER_PAGE] for at in range(0, len(listed), _PER_PAGE)] or [[]]
    yield "index.html", index(book, sheets)
    for number, sheet in enumerate(sheets, 1):
        yield (
            f"list-{number}.html",
            _render("list.html", book, rows=sheet, slugs=slugs, number=number, count=len(sheets)),
        )
    yield "map.html", _render("map.html", book)
    yield "dictionary.html", _render("dictionary.html", book, columns=labels.COLUMNS)
    for code, row in book.facts.items() if cameras else ():
        yield f"camera/{slugs[code]}.html", camera(row, book.edition, book.publisher)


def _by_area(row: Facts) -> tuple[str, str, str]:
    return row["area"] or "", row["name"], row["camera"]


def index(book: Book, sheets: Sequence[Sequence[Facts]]) -> str:
    """The first page: counts by state, area and who answers; downloads; editions."""
    areas: dict[str, tuple[int, int]] = {}
    for number, sheet in enumerate(sheets, 1):
        for row in sheet:
            first, count = areas.get(row["area"] or "—", (number, 0))
            areas[row["area"] or "—"] = first, count + 1
    states = dict.fromkeys(labels.STATES, 0)
    bodies: dict[tuple[str, str], int] = {}
    for row in book.facts.values():
        states[row["state"]] += 1
        key = row["body"] or "—", row["purpose_class"] or row["purpose"] or "—"
        bodies[key] = bodies.get(key, 0) + 1
    return _render(
        "index.html",
        book,
        areas=areas,
        states=states,
        bodies=sorted(bodies.items()),
        editions=[each for each in (*book.before, book.edition) if each.number],
    )


def camera(row: Facts, edition: Edition | None, publisher: Publisher) -> str:
    """The page of one camera, whose address is on the sign. edition: None before the first."""
    return _template("camera.html").render(
        row=row,
        edition=edition,
        publisher=publisher,
        parts=[(title, _lines(row, names)) for title, names in _PARTS],
        state=labels.STATES[row["state"]],
        days=UNDECLARED_DAYS,
        top="../",
    )


def _lines(row: Facts, names: Sequence[str]) -> list[tuple[Markup, Any]]:
    """Label and value of what is known; yes and no in both languages."""
    found: list[tuple[Markup, Any]] = []
    for name in names:
        value: Any = _WORDS.get(name, {}).get(row[name], row[name])
        if value is None or value is False:
            continue
        found.append((_LABELS[name], _YES if value is True else value))
    return found


def _render(name: str, book: Book, **values: Any) -> str:
    return _template(name).render(
        book=book,
        edition=book.edition,
        publisher=book.publisher,
        states_words=labels.STATES,
        days=UNDECLARED_DAYS,
        top="",
        **values,
    )


@cache
def _template(name: str) -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
