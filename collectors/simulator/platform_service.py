"""A video platform as its REST answers: what a WVP 2.7.4 says of a few hosts and channels, with a
story of its own. No stream, no picture, and nothing that changes anything.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from collectors.simulator.files import load_json
from collectors.simulator.simulated import SimulatorError

_TEXTS = ("code", "name", "status", "ip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Platform:
    """address, port: where it answers. key: what it wants in the header `api-key`. hosts: channels
    of each recorder, as texts. away: from and to, in seconds of each period, while it does not
    answer. kept_days: for how long each recorder says that it keeps recordings.
    """

    address: str
    port: int
    key: str
    hosts: Mapping[str, Sequence[Mapping[str, str]]]
    away: Sequence[tuple[float, float]]
    period_s: float
    kept_days: Mapping[str, int]

    def is_away(self, running_s: float) -> bool:
        """Whether it does not answer after so many seconds."""
        moment = running_s % self.period_s
        return any(first <= moment < last for first, last in self.away)


def load_platform(path: Path) -> Platform:
    """A platform of a JSON file. Raises SimulatorError with the file and what is wrong in it."""
    document = load_json(path)
    try:
        hosts = {
            str(host): [{name: str(row.get(name, "")) for name in _TEXTS} for row in rows]
            for host, rows in document["hosts"].items()
        }
        return Platform(
            address=str(document["address"]),
            port=int(document["port"]),
            key=str(document["key"]),
            hosts=hosts,
            away=[(float(first), float(last)) for first, last in document.get("away", [])],
            period_s=float(document.get("period_s", 600)),
            kept_days={str(h): int(days) for h, days in document.get("kept_days", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SimulatorError(f"{path}: no platform as it should be: {error!r}") from error


@asynccontextmanager
async def serve_platform(platform: Platform, running_s: Callable[[], float]) -> AsyncIterator[None]:
    """Answer until left. Raises SimulatorError when its port is taken."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if platform.is_away(running_s()):
            return web.Response(status=502, text="<html>502 Bad Gateway</html>")
        if request.headers.get("api-key") != platform.key:
            return web.json_response({"code": 401, "msg": "请登录后重新请求"}, status=401)
        return _answer(platform, request)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, platform.address, platform.port).start()
        except OSError as error:
            where = f"{platform.address}:{platform.port}"
            raise SimulatorError(f"{where} cannot be used for the platform ({error})") from error
        yield
    finally:
        await runner.cleanup()


def _answer(platform: Platform, request: web.Request) -> web.StreamResponse:
    path = request.path
    if path == "/api/server/version":
        return _good({"version": "2.7.4"})
    if path == "/api/device/query/devices":
        return _page(request, [_device(n, host) for n, host in enumerate(platform.hosts, 1)])
    if path == "/api/device/query/statistics/keepalive":
        return _good([])
    if path.startswith("/api/gb_record/query/"):
        return _records(platform, request)
    host = path.removeprefix("/api/device/query/devices/").removesuffix("/channels")
    if host in platform.hosts:
        rows = [_channel(number, row) for number, row in enumerate(platform.hosts[host], 1)]
        return _page(request, rows)
    return web.json_response({"code": 404, "msg": "404"}, status=404)


def _records(platform: Platform, request: web.Request) -> web.StreamResponse:
    """Whether there is a recording of a channel on a day; none of it exists."""
    host = request.path.split("/")[4]
    try:
        day = datetime.fromisoformat(request.query["startTime"])
    except (KeyError, ValueError):
        return web.json_response({"code": 400, "msg": "startTime"}, status=400)
    recorded = (datetime.now(day.tzinfo) - day).days <= platform.kept_days.get(host, 30)
    row = {"startTime": f"{day:%Y-%m-%d} 00:00:00", "endTime": f"{day:%Y-%m-%d} 23:59:59"}
    return _good({"sumNum": int(recorded), "recordList": [row] if recorded else []})


def _device(number: int, host: str) -> dict[str, Any]:
    said = {"id": number, "deviceId": host, "onLine": True, "geoCoordSys": "WGS84"}
    return {**said, "password": "never-keep-this"}


def _channel(number: int, row: Mapping[str, str]) -> dict[str, Any]:
    said = {"id": number, "deviceId": row["code"], "name": row["name"], "status": row["status"]}
    return {**said, "ipAddress": row["ip"], "password": "never-keep-this"}


def _page(request: web.Request, rows: Sequence[Mapping[str, Any]]) -> web.StreamResponse:
    try:
        page, count = (int(request.query[name]) for name in ("page", "count"))
    except (KeyError, ValueError):
        return web.json_response({"code": 400, "msg": "page, count"}, status=400)
    some = rows[(page - 1) * count : page * count] if page > 0 and count > 0 else []
    return _good({"total": len(rows), "list": list(some), "isLastPage": False})


def _good(data: Any) -> web.StreamResponse:
    told = json.dumps({"code": 0, "msg": "成功", "data": data}, ensure_ascii=False)
    return web.Response(text=told, content_type="application/json")
