"""The files of the page, read once and kept in memory: ours, and MapLibre from its Python package.

Nothing is fetched from another host. A file that is not in the table does not exist.
"""

import json
from dataclasses import asdict
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from monitor.limits import limits
from monitor.web.replies import Handler, missing, tagged

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_MAPLIBRE = ("maplibre-gl.js", "maplibre-gl.css")


def routes() -> list[web.RouteDef]:
    """`/` and `/assets/{name}`."""
    table = _load()
    page = table.pop("index.html")

    async def index(request: web.Request) -> web.Response:
        return tagged(request, page, _TYPES[".html"])

    return [web.get("/", index), web.get("/assets/{name}", _serve(table))]


def _serve(table: dict[str, bytes]) -> Handler:
    async def asset(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in table:
            raise missing("file")
        return tagged(request, table[name], _TYPES[Path(name).suffix])

    return asset


def _limits() -> bytes:
    """The one table of limits and colours as a module for the page."""
    rows = [asdict(each) for each in limits()]
    return f"// Made of monitor.limits.\nexport const LIMITS = {json.dumps(rows)};\n".encode()


def _load() -> dict[str, bytes]:
    table = {"limits.js": _limits()} | {
        each.name: each.read_bytes()
        for each in files("monitor.web").joinpath("static").iterdir()
        if Path(each.name).suffix in _TYPES
    }
    folder = _maplibre()
    return table | {name: (folder / name).read_bytes() for name in _MAPLIBRE}


def _maplibre() -> Path:
    # found, not imported: importing the package pulls in pandas and more for two files
    spec = find_spec("maplibre")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("The package maplibre is not installed. Run: pip install maplibre")
    return Path(spec.submodule_search_locations[0]) / "srcjs"
