"""Serves the public register under /register: the pages of `monitor.register`, of what holds now.

A camera's page is made when it is asked for; lists, map and data at most once a minute, in pieces
between which others get the event loop. Nothing here needs a login, and nobody is noted.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from aiohttp import web

from db import editions
from db.editions import Edition
from db.pool import Connection
from monitor import chain
from monitor.opening import utc_now
from monitor.register import edition, folder, pages, public
from monitor.register.pages import Book
from monitor.web.keys import CONSOLE, connection
from monitor.web.replies import missing, tagged

_KEPT_S = 60.0
_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "jsonl": "application/x-ndjson",
    "geojson": "application/geo+json",
}


@dataclass(kw_only=True)
class Shelf:
    """What was made last: files by path, codes by the name of their page; and for how long."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


SHELF: web.AppKey[Shelf] = web.AppKey("shelf", Shelf)


def routes() -> list[web.RouteDef]:
    """/register and all below it."""
    return [
        web.get("/register", _enter),
        web.get("/register/", _file),
        web.get("/register/camera/{slug}.html", _camera),
        web.get("/register/{path:.+}", _file),
    ]


async def _enter(request: web.Request) -> web.Response:
    raise web.HTTPFound("/register/")


async def _camera(request: web.Request) -> web.Response:
    slug = request.match_info["slug"]
    async with connection(request) as conn:
        code = request.app[SHELF].codes.get(slug, slug)
        row = await editions.row(conn, code)
        if row is None or (code == slug and pages.slug(code) != slug):
            await _fill(request, conn)
            code = request.app[SHELF].codes.get(slug, "")
            row = await editions.row(conn, code)
        if row is None:
            raise missing("camera", "It may have been taken away. See /register/ for the others.")
        newest, _ = await _newest(conn)
    text = pages.camera(public.facts(dict(row)), newest, request.app[CONSOLE].publisher)
    return tagged(request, text.encode(), _TYPES["html"])


async def _file(request: web.Request) -> web.Response:
    path = request.match_info.get("path", "") or "index.html"
    shelf = request.app[SHELF]
    if time.monotonic() >= shelf.until:
        async with connection(request) as conn:
            await _fill(request, conn)
    if path not in shelf.files:
        raise missing("page", "See /register/ for what there is.")
    return tagged(request, shelf.files[path], _TYPES[path.rsplit(".", 1)[-1]])


async def _fill(request: web.Request, conn: Connection) -> None:
    """Make lists, map and data anew; whoever comes meanwhile waits for the same."""
    shelf = request.app[SHELF]
    async with shelf.turn:
        if time.monotonic() < shelf.until:
            return
        async with conn.transaction(isolation="repeatable_read", readonly=True):
            facts = await edition.read_facts(conn)
            newest, before = await _newest(conn)
        said = request.app[CONSOLE].publisher
        book = Book(edition=_of_now(newest, facts), facts=facts, before=before, publisher=said)
        shelf.files = await asyncio.to_thread(_files, book)
        shelf.codes = {slug: code for code, slug in book.slugs.items()}
        shelf.until = time.monotonic() + _KEPT_S


def _files(book: Book) -> dict[str, bytes]:
    whole = folder.assets()
    whole.update(folder.texts(book, cameras=False))
    return whole


async def _newest(conn: Connection) -> tuple[Edition | None, list[Edition]]:
    known = [each for each, _ in await editions.all_editions(conn)]
    return (known[-1], known[:-1]) if known else (None, [])


def _of_now(newest: Edition | None, facts: Mapping[str, public.Facts]) -> Edition:
    """The newest edition with the counts of now; number 0 before the first."""
    declared = sum(each["declared"] for each in facts.values())
    if newest is not None and (newest.cameras, newest.declared) == (len(facts), declared):
        return newest
    if newest is not None:
        return replace(newest, cameras=len(facts), declared=declared)
    return Edition(
        number=0,
        made_at=utc_now(),
        cameras=len(facts),
        declared=declared,
        facts=chain.START,
        audit_seq=0,
        audit=chain.START,
        previous=chain.START,
    )
