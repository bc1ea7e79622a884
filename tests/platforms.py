"""Platforms on the other side of the wire: WVP, MediaMTX and ZoneMinder as their runs showed them,
Milestone, Genetec and ONVIF recorders as their documents say, with the faults that they have."""

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar

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
        self.common = False
        self.recorded: set[str] = set()  # days, as texts
        self.record_code = 0

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
        if request.path == "/api/common/channel/list":
            return self._common(request)
        if "/api/gb_record/query/" in request.path:
            return self._records(request)
        if parts[-1] == "devices":
            template = captured("wvp-devices")["data"]["list"][0]
            rows = [
                {**template, "id": number, "deviceId": host, "onLine": host not in self.offline,
                 "password": "devicepw"}
                for number, host in enumerate(self.hosts, 1)
            ]  # fmt: skip
            return self._page(request, rows)
        return self._page(request, self.hosts[parts[-2]])

    def _common(self, request: web.Request) -> web.StreamResponse:
        """All devices in one paging, since 2.7.3; streams that are pushed to it are there, too."""
        if not self.common:
            return web.json_response({"code": 404, "msg": "资源未找到", "data": None}, status=404)
        rows = [
            {**{f"gb{name[0].upper()}{name[1:]}": value for name, value in row.items()},
             "gbId": number * 1_000_000 + row["id"], "dataType": 1, "dataDeviceId": number}
            for number, some in enumerate(self.hosts.values(), 1)
            for row in some
        ]  # fmt: skip
        pushed = {"gbId": 9, "gbDeviceId": "x", "gbStatus": "ON", "dataType": 2, "dataDeviceId": 1}
        return self._page(request, [pushed, *rows])

    def _records(self, request: web.Request) -> web.StreamResponse:
        if self.record_code:
            return web.json_response({"code": self.record_code, "msg": "timeout"})
        day = request.query["startTime"].split(" ")[0]
        row = {"startTime": f"{day} 01:00:00", "filePath": "0"}
        return self._good({"sumNum": 1, "recordList": [row] if day in self.recorded else []})

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
        self.segments: dict[str, list[str]] = {}

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") is None:
            return web.json_response({"status": "error", "error": "auth"}, status=401)
        if request.path == "/v3/recordings/list":
            items = [
                {"name": name, "segments": [{"start": start} for start in starts]}
                for name, starts in self.segments.items()
            ]
            page = items if request.query["page"] == "0" else []
            return web.json_response({"itemCount": len(items), "pageCount": 1, "items": page})
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
        self.events: dict[str, list[str]] = {}
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
        if "/events/index/MonitorId:" in request.path:
            return self._events(request)
        [seen] = captured("zoneminder-monitors")["monitors"]
        listed = [
            {
                "Monitor": {**seen["Monitor"], "Id": ident, "Name": name, "Function": function,
                            "Enabled": enabled, "Path": f"rtsp://u:pathpw@127.0.0.{ident}:554/x"},
                "Monitor_Status": {**seen["Monitor_Status"], "Status": status, "CaptureFPS": fps},
            }
            for ident, name, function, enabled, status, fps in self.rows
        ]  # fmt: skip
        return web.json_response({"monitors": listed})

    def _events(self, request: web.Request) -> web.StreamResponse:
        """Newest first, whatever is asked for: one row a page."""
        ident = request.path.rpartition(":")[2].removesuffix(".json")
        starts, page = self.events.get(ident, []), int(request.query["page"])
        [seen] = captured("zoneminder-events")["events"]
        some = [
            {"Event": {**seen["Event"], "StartDateTime": each}} for each in starts[page - 1 : page]
        ]
        paging = {"page": page, "pageCount": len(starts)}
        return web.json_response({"events": some, "pagination": paging})


class Milestone:
    """XProtect's API Gateway: token, cameras in pages, states by websocket."""

    def __init__(self, cameras: int = 3) -> None:
        self.cameras = [
            {"id": f"{number:08X}-0000-0000-0000-000000000000", "displayName": f"Cam {number}",
             "enabled": True, "gisPoint": f"POINT ({8 + number} 47)"}
            for number in range(1, cameras + 1)
        ]  # fmt: skip
        self.states = {1: "started", 2: "stopped"}
        self.state_status = 200
        self.closes = False
        self.subscribed: list[Any] = []

    TYPES: ClassVar = {
        "started": "DD3E6464-7dc0-405a-a92f-6150587563e8",
        "stopped": "0ee90664-2924-42a0-a816-4129d0ecabdc",
    }

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        if request.path == "/API/IDP/connect/token":
            form = await request.post()
            if form.get("password") != "geheim" or form.get("client_id") != "GrantValidatorClient":
                return web.json_response({"error": "invalid_grant"}, status=400)
            return web.json_response({"access_token": "mile-token", "expires_in": 3600})
        if request.headers.get("Authorization") != "Bearer mile-token":
            return web.json_response({"error": {"httpCode": 401, "details": []}}, status=401)
        if request.path == "/api/rest/v1/cameras":
            page, size = int(request.query["page"]), int(request.query["size"])
            return web.json_response({"array": self.cameras[page * size : (page + 1) * size]})
        if request.path == "/api/ws/events/v1":
            return await self._states(request)
        return web.json_response({}, status=404)

    async def _states(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            asked = message.json()
            if self.closes:
                await socket.close()
                break
            answer = {"commandId": asked["commandId"], "status": self.state_status}
            if asked["command"] == "addSubscription":
                self.subscribed = asked["filters"]
                await socket.send_json({"events": [{"type": "unasked"}]})
            if asked["command"] == "getState":
                old = {"source": "cameras/00000001-0000-0000-0000-000000000000",
                       "type": self.TYPES["stopped"], "time": "2026-01-01T00:00:00Z"}  # fmt: skip
                answer["states"] = [old] + [
                    {"source": f"cameras/{number:08x}-0000-0000-0000-000000000000",
                     "type": self.TYPES[kind], "time": "2026-02-01T00:00:00Z"}
                    for number, kind in self.states.items()
                ]  # fmt: skip
            await socket.send_json(answer)
        return socket


class Genetec:
    """The Web SDK of Security Center: one row more than asked for where another page exists."""

    def __init__(self, cameras: int = 3) -> None:
        self.guids = [f"{number:032x}" for number in range(1, cameras + 1)]
        self.words = {1: ("True", "False"), 2: ("False", "False"), 3: ("True", "True")}
        self.withheld: set[str] = set()
        self.status = "Ok"

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        pair = base64.b64encode(b"monitor;app-1:geheim").decode()
        if request.headers.get("Authorization") != f"Basic {pair}":
            return web.Response(status=401, text="<html>401</html>")
        if request.headers.get("Accept") != "text/json":
            return web.Response(text="<Rsp><Status>Ok</Status></Rsp>", content_type="text/xml")
        if self.status != "Ok":
            return web.json_response({"Rsp": {"Status": self.status, "Result": []}})
        query = request.query["q"]
        if request.path.endswith("/report/EntityConfiguration"):
            given = dict(part.split("=") for part in query.split(",")[1:])
            page, size = int(given["Page"]), int(given["PageSize"])
            some = self.guids[(page - 1) * size : page * size + 1]
            return self._good([{"Guid": guid} for guid in some])
        asked = [part.removeprefix("entity=") for part in query.split(",") if "entity=" in part]
        rows = [self._row(guid) for guid in asked if guid not in self.withheld]
        return self._good(rows if len(rows) != 1 else rows[0])

    def _row(self, guid: str) -> dict[str, Any]:
        number = int(guid, 16)
        online, kept = self.words.get(number, ("True", "False"))
        return {"Guid": guid, "Name": f"Cam {number}", "LogicalId": number, "IsOnline": online,
                "RunningState": "Running", "IsInMaintenance": kept}  # fmt: skip

    def _good(self, result: Any) -> web.StreamResponse:
        return web.json_response({"Rsp": {"Status": "Ok", "Result": result}})


class Recorder:
    """An ONVIF recorder of several channels, its streams on a port of their own. streams: what RTSP
    answers for each channel. login: HTTP Digest, or WS-UsernameToken."""

    USER, PASSWORD = "monitor", "geheim"

    def __init__(self, streams: dict[str, int], *, login: str = "token") -> None:
        self.streams = streams
        self.login = login
        self.rtsp_port = 0
        self.asked: list[str] = []
        self.rtsp_methods: list[str] = []
        self._talks: list[asyncio.Task[Any]] = []
        self.earliest = dict.fromkeys(streams, "2026-02-01T00:00:00Z")

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        operation = request.headers["Content-Type"].rpartition("/")[2].rstrip('"')
        self.asked.append(operation)
        if operation != "GetSystemDateAndTime" and not self._known(request, body):
            fault = _soap(
                "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason>"
                "<s:Text>Sender not Authorized</s:Text></s:Reason></s:Fault>"
            )
            if self.login != "digest":
                return web.Response(status=400, body=fault)
            challenge = 'Digest realm="nvr", nonce="n1", qop="auth", algorithm=MD5'
            return web.Response(status=401, body=fault, headers={"WWW-Authenticate": challenge})
        return web.Response(body=_soap(self._answer(operation, body)))

    def _known(self, request: web.Request, body: str) -> bool:
        if self.login == "digest":
            return digested(request.headers.get("Authorization", ""), "POST", self)
        return f"<Username>{self.USER}</Username>" in body and token_holds(body, self.PASSWORD)

    def _answer(self, operation: str, body: str) -> str:
        match operation:
            case "GetSystemDateAndTime":
                return (
                    "<r><UTCDateTime><Time><Hour>1</Hour><Minute>2</Minute><Second>3</Second>"
                    "</Time><Date><Year>2026</Year><Month>2</Month><Day>1</Day></Date>"
                    "</UTCDateTime></r>"
                )
            case "GetDeviceInformation":
                name = "d:GetDeviceInformationResponse"
                return f"<{name}><SerialNumber>NVR-7</SerialNumber></{name}>"
            case "GetServices":
                return (
                    "<d:GetServicesResponse>"
                    + "".join(
                        f"<Service><Namespace>http://www.onvif.org/ver10/{name}/wsdl</Namespace>"
                        f"<XAddr>http://192.0.2.1/onvif/{name}</XAddr></Service>"
                        for name in ("media", "recording", "search")
                    )
                    + "</d:GetServicesResponse>"
                )
            case "GetProfiles":
                return (
                    "<d:GetProfilesResponse>"
                    + "".join(
                        f'<d:Profiles token="{source}-{part}"><Name>p</Name>'
                        f"<VideoSourceConfiguration><Name>Gate {source}</Name>"
                        f"<SourceToken>{source}</SourceToken>"
                        "</VideoSourceConfiguration></d:Profiles>"
                        for source in self.streams
                        for part in ("main", "sub")
                    )
                    + "</d:GetProfilesResponse>"
                )
            case "GetStreamUri":
                source = body.partition("<ProfileToken>")[2].partition("-")[0]
                return (
                    "<d:GetStreamUriResponse><MediaUri><Uri>rtsp://192.0.2.1:"
                    f"{self.rtsp_port}/{source}</Uri></MediaUri></d:GetStreamUriResponse>"
                )
            case "GetRecordings":
                return (
                    "<d:GetRecordingsResponse>"
                    + "".join(
                        f"<RecordingItem><RecordingToken>r-{source}</RecordingToken><Configuration>"
                        f"<Source><SourceId>{source}</SourceId><Name>n</Name></Source></Configuration>"
                        "</RecordingItem>"
                        for source in self.streams
                    )
                    + "</d:GetRecordingsResponse>"
                )
            case "GetRecordingInformation":
                source = body.partition("r-")[2].partition("<")[0]
                return (
                    "<d:GetRecordingInformationResponse><RecordingInformation><EarliestRecording>"
                    f"{self.earliest[source]}</EarliestRecording></RecordingInformation>"
                    "</d:GetRecordingInformationResponse>"
                )
        text = "<s:Text>Optional Action Not Implemented</s:Text>"
        return f"<s:Fault><s:Reason>{text}</s:Reason></s:Fault>"

    @asynccontextmanager
    async def streaming(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._stream, "127.0.0.1", 0)
        self.rtsp_port = server.sockets[0].getsockname()[1]
        async with server:
            yield
        for each in self._talks:
            each.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.append(task)
        try:
            await self._talk(reader, writer)
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                method, target, _ = head.split(" ", 2)
                self.rtsp_methods.append(method)
                login = head.partition("Authorization: ")[2].partition("\r\n")[0]
                status = self.streams.get(target.rpartition("/")[2], 404)
                if not digested(login, method, self):
                    more = 'WWW-Authenticate: Digest realm="nvr", nonce="n1"\r\n'
                    writer.write(f"RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n{more}\r\n".encode())
                    continue
                body = b"v=0\r\nm=video 0 RTP/AVP 96\r\n" if status == 200 else b""
                head = f"RTSP/1.0 {status} Word\r\nCSeq: 2\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)


def _soap(body: str) -> bytes:
    return (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        f'xmlns:d="http://www.onvif.org/x"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def digested(header: str, method: str, there: Recorder) -> bool:
    """Whether the response of a Digest login is that of the password (RFC 2617)."""
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', header))

    def md5(words: str) -> str:
        return hashlib.md5(words.encode()).hexdigest()

    if "response" not in given:
        return False
    secret = md5(f"{there.USER}:nvr:{there.PASSWORD}")
    parts = [secret, given["nonce"]]
    if given.get("qop"):
        parts += [given["nc"], given["cnonce"], given["qop"]]
    return given["response"] == md5(":".join([*parts, md5(f"{method}:{given['uri']}")]))


def token_holds(body: str, password: str) -> bool:
    """Whether the digest of a WS-UsernameToken is that of the password."""

    def inside(name: str) -> str:
        found = re.search(rf"<{name}[^>]*>([^<]*)</{name}>", body)
        return found[1] if found else ""

    nonce, created = base64.b64decode(inside("Nonce")), inside("Created")
    digest = hashlib.sha1(nonce + created.encode() + password.encode()).digest()
    return base64.b64encode(digest).decode() == inside("Password")
