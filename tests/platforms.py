"""Platforms on the other side of the wire: WVP, MediaMTX and ZoneMinder as their runs showed them,
with the faults that they have."""

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

DATA = Path(__file__).parent / "data" / "platforms"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def captured(name: str) -> Any:
    found = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found.get("body", found)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    """The address of a server that answers everything by `handler`."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


class Wvp:
    """WVP 2.7.4. rows: channels of each host. Faults are switched on by attributes."""

    def __init__(self, hosts: dict[str, list[dict[str, Any]]]) -> None:
        self.hosts = hosts
        self.offline: set[str] = set()
        self.key = "key-1"
        self.password = "geheim"
        self.asked: list[str] = []
        self.repeats = False  # a row of the page before stands on each page, and pushes one out
        self.code = 0
        self.down = False
        self.keepalives: dict[str, str] = {}
        self.token: str | None = None

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.down:
            return web.Response(status=502, text="<html>bad gateway</html>")
        if request.path == "/api/user/login":
            return self._login(request)
        if request.headers.get("api-key") != self.key and (
            self.token is None or request.headers.get("access-token") != self.token
        ):
            return web.json_response({"code": 401, "msg": "请登录后重新请求"}, status=401)
        return self._answer(request)

    def _login(self, request: web.Request) -> web.StreamResponse:
        if request.method != "GET":
            return web.json_response({"code": 400, "msg": "method"}, status=400)
        if request.query.get("password") != hashlib.md5(self.password.encode()).hexdigest():
            return web.json_response({"code": 100, "msg": "用户名或密码错误"})
        self.token = "token-1"
        data = {"accessToken": self.token, "pushKey": "push-secret", "username": "monitor"}
        return web.json_response({"code": 0, "msg": "成功", "data": data})

    def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.code:
            return web.json_response({"code": self.code, "msg": "失败", "data": None})
        parts = request.path.strip("/").split("/")
        if request.path == "/api/server/version":
            return self._good({"version": "2.7.4"})
        if request.path.endswith("/statistics/keepalive"):
            at = self.keepalives.get(request.query["deviceId"])
            return self._good([{"time": at, "timeDiff": 20}] if at else [])
        if parts[-1] == "devices":
            template = captured("wvp-devices")["data"]["list"][0]
            rows = [
                {**template, "id": number, "deviceId": host, "onLine": host not in self.offline,
                 "password": "devicepw"}
                for number, host in enumerate(self.hosts, 1)
            ]  # fmt: skip
            return self._page(request, rows)
        return self._page(request, self.hosts[parts[-2]])

    def _page(self, request: web.Request, rows: list[dict[str, Any]]) -> web.StreamResponse:
        page, count = int(request.query["page"]), int(request.query["count"])
        begin = (page - 1) * count
        some = rows[begin : begin + count]
        if self.repeats and page > 1 and some:
            some = [rows[begin - 1], *some[:-1]]
        data = {"total": len(rows), "list": some, "isLastPage": False, "pageNum": page}
        return self._good(data)

    def _good(self, data: Any) -> web.StreamResponse:
        return web.json_response({"code": 0, "msg": "成功", "data": data})


def channel(number: int, code: str, status: str | None, **more: Any) -> dict[str, Any]:
    """A row as 2.7.4 sends it."""
    row: dict[str, Any] = dict(captured("wvp-channels")["data"]["list"][0])
    given = {"id": number, "deviceId": code, "status": status, "name": f"Channel {number}"}
    return {**row, **given, "ipAddress": "", **more}


class MediaMtx:
    """MediaMTX with its API; bytes of available paths grow by `grows` at each question."""

    def __init__(self) -> None:
        self.grows = 1_000
        self.times = 0

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") is None:
            return web.json_response({"status": "error", "error": "auth"}, status=401)
        found = captured("mediamtx-paths")
        if request.query["page"] != "0":
            return web.json_response({**found, "items": []})
        for item in found["items"]:
            item["inboundBytes"] += self.grows * self.times if item["available"] else 0
        self.times += 1
        return web.json_response(found)


class ZoneMinder:
    """ZoneMinder 1.36.33 with log-in. The token travels in the query, errors repeat it."""

    def __init__(self) -> None:
        self.daemon = 1
        self.rows = [
            ("1", "Gate", "Modect", 1, "Connected", "24.98"),
            ("2", "Yard", "Record", 1, "NotRunning", "0.00"),
            ("3", "Shelf", "None", 1, "Connected", "5.00"),
            ("4", "New", "Monitor", 1, None, None),
            ("5", "Frozen", "Monitor", 1, "Connected", "0.00"),
        ]

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/host/login.json"):
            form = await request.post()
            if form.get("pass") != "geheim":
                data = {"message": "denied", "url": "/api/host/login.json?token=tok"}
                return web.json_response({"success": False, "data": data}, status=401)
            return web.json_response({"access_token": "tok", "version": "1.36.33"})
        if request.query.get("token") != "tok":
            return web.json_response({"success": False}, status=401)
        if request.path.endswith("getVersion.json"):
            return web.json_response({"version": "1.36.33", "apiversion": "2.0"})
        if request.path.endswith("daemonCheck.json"):
            return web.json_response({"result": self.daemon})
        listed = [
            {
                "Monitor": {"Id": ident, "Name": name, "Function": function, "Enabled": enabled,
                            "Host": "127.0.0.9", "User": "u", "Pass": "campw",
                            "ONVIF_Password": "onvifpw", "Longitude": None, "Latitude": None},
                "Monitor_Status": {"Status": status, "CaptureFPS": fps},
            }
            for ident, name, function, enabled, status, fps in self.rows
        ]  # fmt: skip
        return web.json_response({"monitors": listed})
