"""WVP-GB28181-pro by REST, 2.6 to 2.7.4: devices, channels, and the keepalives they rest on.

Its "online" means that a keepalive came, nothing else. What it writes while a host is offline is
its own inference (runs of 2.7.4): then we say unknown. Only what stands in `ALLOWED` is asked:
many of its GETs change things, and server/config shows passwords.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from collectors.platforms.client import Client
from collectors.platforms.reading import (
    Access,
    Kept,
    Reading,
    Refused,
    Wanted,
    moment,
    number,
    text,
    word,
)
from monitor.witness import Channel, Said

_LOGIN = "/api/user/login"
_DEVICES = "/api/device/query/devices"
_KEEPALIVE = "/api/device/query/statistics/keepalive"
_VERSION = "/api/server/version"
_RECORDED = "/api/gb_record/query/"
_COMMON = "/api/common/channel/list"
ALLOWED = (_LOGIN, _DEVICES, _COMMON, _KEEPALIVE, _VERSION)
KEPT_ALLOWED = (_LOGIN, _RECORDED)

_PER_PAGE = 200
_MOST_PAGES = 5_000
_CAMERA_TYPES = frozenset({"131", "132"})  # digits 11 to 13: camera, network camera
_CODE_DIGITS = 20
_MOST_DAYS = 400
_PLAIN_CODE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEARD_AT_ONCE = 100  # hosts whose heartbeats are asked for in one reading


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every camera of every device. memory: hosts that were away, and heartbeats.

    Raises Refused.
    """
    await _enter(client, access)
    version = await _version(client)
    devices, whole = await _pages(client, _DEVICES, {})
    hosts = {host: each for each in devices if (host := text(each.get("deviceId"))).isdigit()}
    rows, short = await _catalogue(client, hosts)
    if not whole or len(hosts) < len(devices):
        short.insert(0, "the list of devices")
    await _listen(client, hosts, zone, memory)
    channels = {
        each.key: each
        for host, some in rows.items()
        for each in _of_host(host, hosts[host], some, zone, memory)
    }
    detail = f"not whole: {', '.join(short[:5])}" if short else ""
    return Reading(
        channels=tuple(channels.values()), complete=not short, version=version, detail=detail
    )


_Rows = list[Mapping[str, Any]]


async def _catalogue(
    client: Client, hosts: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, _Rows], list[str]]:
    """The rows of each host, and what of it is not whole: all at once where the platform has such a
    list (2.7.3 and later), else host by host."""
    try:
        listed, whole = await _pages(client, _COMMON, {})
    except Refused as refused:
        if refused.denied:
            raise
        return await _host_by_host(client, hosts)
    by_number = {text(each.get("id")): host for host, each in hosts.items()}
    rows: dict[str, _Rows] = {}
    for row in listed:
        host = by_number.get(text(row.get("dataDeviceId")))
        if host and number(row.get("dataType")) == 1:  # others are streams that are pushed to it
            rows.setdefault(host, []).append(_plain(row))
    return rows, [] if whole else ["the list of channels"]


def _plain(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of the common list with the keys of a host's: gbDeviceId is deviceId there."""
    return {
        name[2:3].lower() + name[3:] if name.startswith("gb") else name: value
        for name, value in row.items()
    }


async def _host_by_host(client: Client, hosts: Iterable[str]) -> tuple[dict[str, _Rows], list[str]]:
    rows, short = {}, []
    for host in hosts:
        rows[host], whole = await _pages(client, f"{_DEVICES}/{host}/channels", {})
        short += [] if whole else [host]
    return rows, short


async def _listen(
    client: Client, hosts: Iterable[str], zone: ZoneInfo, memory: dict[str, float]
) -> None:
    """When hosts were last heard, of some hundred in turn: those of whom it is known least."""
    turn = memory["turn"] = memory.get("turn", 0.0) + 1
    order = sorted(hosts, key=lambda host: memory.get(f"asked {host}", 0.0))
    for host in order[:_HEARD_AT_ONCE]:
        heard = await _keepalive(client, host, zone)
        memory[f"asked {host}"] = turn
        if heard is not None:
            memory[f"heard {host}"] = heard.timestamp()


def _of_host(
    host: str,
    device: Mapping[str, Any],
    rows: Iterable[Mapping[str, Any]],
    zone: ZoneInfo,
    memory: dict[str, float],
) -> list[Channel]:
    """Its cameras. While it is away, all that WVP says of them is inference; so is OFF after that,
    until one of them is on again and shows that the catalogue was read (runs of 2.7.4)."""
    found = [each for row in rows if (each := _channel(row, host, device))]
    away, why = f"away {host}", f"its host {host} is offline there"
    if word(device.get("onLine", device.get("online"))) is Said.ON:
        if any(each.said is Said.ON for each in found):
            memory.pop(away, None)
        why = f"its host {host} was offline there, and no catalogue came since"
    else:
        memory[away] = 1.0
    stamp = memory.get(f"heard {host}")
    heard = None if stamp is None else datetime.fromtimestamp(stamp, zone)
    if away in memory:
        found = [
            each if each.said is Said.UNKNOWN else replace(each, said=Said.UNKNOWN, why=why)
            for each in found
        ]
    return [replace(each, evidence_at=heard) for each in found] if heard else found


async def _enter(client: Client, access: Access) -> None:
    """An API key (2.7.3 and later) where there is no user, else a log-in; it is GET only."""
    if not access.user:
        if access.secret:
            client.headers["api-key"] = access.secret
        return
    digest = hashlib.md5(access.secret.encode(), usedforsecurity=False).hexdigest()
    data = await _data(client, _LOGIN, {"username": access.user, "password": digest})
    token = data.get("accessToken") if isinstance(data, Mapping) else None
    if token:  # 2.6.3 has none
        client.headers["access-token"] = text_of_token(token)


def text_of_token(token: Any) -> str:
    """A header may hold no line break."""
    return "".join(str(token).split())


async def _version(client: Client) -> str:
    try:
        data = await _data(client, _VERSION, {})
    except Refused:
        return ""
    return text(data.get("version")) if isinstance(data, Mapping) else ""


async def _data(client: Client, path: str, query: Mapping[str, Any]) -> Any:
    """`data` of an answer; a code other than 0 inside HTTP 200 is a refusal."""
    found = await client.get(path, query)
    if not isinstance(found, Mapping) or "code" not in found:
        raise Refused(f"{path} answers otherwise than a WVP does: is the address right?")
    if found["code"] != 0:
        raise Refused(
            f"{path} is refused: code {text(found['code'])}, {text(found.get('msg'))}",
            denied=path == _LOGIN,
        )
    return found.get("data")


async def _pages(
    client: Client, path: str, query: Mapping[str, Any]
) -> tuple[list[Mapping[str, Any]], bool]:
    """All rows, each once by its id, and whether there are as many as the platform counts.

    Rows of one creation time come in any order, so that one may stand on two pages or on none; a
    page past the end is empty and says that it is not the last.
    """
    rows: dict[str, Mapping[str, Any]] = {}
    totals: set[int] = set()
    for page in range(1, _MOST_PAGES + 1):
        data = await _data(client, path, {**query, "page": page, "count": _PER_PAGE})
        listed = data.get("list") if isinstance(data, Mapping) else None
        if not isinstance(listed, list):
            raise Refused(f"{path} has no list: is this a WVP?")
        totals.add(int(number(data.get("total")) or 0))
        for row in listed:
            if isinstance(row, Mapping):
                rows.setdefault(text(row.get("id") or row.get("gbId")) or str(len(rows)), row)
        if not listed or len(rows) >= max(totals):
            break
    return list(rows.values()), len(totals) == 1 and len(rows) == max(totals)


def _channel(row: Mapping[str, Any], host: str, device: Mapping[str, Any]) -> Channel | None:
    """A camera; None for divisions, groups and alarm inputs. Keys by version: those present."""
    code = text(row.get("channelId")) or text(row.get("deviceId"))
    if len(code) >= _CODE_DIGITS and code[10:13] not in _CAMERA_TYPES:
        return None
    raw = text(row.get("status"))
    name = text(row.get("name"))
    return Channel(
        key=f"{host}/{code}",
        code=code,
        said=word(raw),
        raw=raw,
        name="" if "\ufffd" in name else name,  # garbled beyond repair: no name at all
        host=host,
        address=text(row.get("ipAddress")),
        lon=number(row.get("longitude")),
        lat=number(row.get("latitude")),
        frame=text(device.get("geoCoordSys")),
    )


async def _keepalive(client: Client, host: str, zone: ZoneInfo) -> datetime | None:
    """The newest heartbeat that came; None before 2.7.4, or where none did."""
    try:
        data = await _data(client, _KEEPALIVE, {"deviceId": host, "count": 1})
    except Refused:
        return None
    newest = data[-1] if isinstance(data, list) and data else None
    return moment(newest.get("time"), zone) if isinstance(newest, Mapping) else None


async def kept(
    client: Client, access: Access, zone: ZoneInfo, wanted: Sequence[Wanted]
) -> AsyncIterator[Kept]:
    """The oldest day of each channel with a recording. WVP asks the device itself, day by day, so
    it is found by halves, around the declared days first. Raises Refused where it does not
    let us in; a device that does not answer says nothing."""
    await _enter(client, access)
    today = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    for each in wanted:
        host, _, channel = each.key.partition("/")
        if not (_PLAIN_CODE.fullmatch(host) and _PLAIN_CODE.fullmatch(channel)):  # of a path
            continue

        async def has(days: int, path: str = f"{_RECORDED}{host}/{channel}") -> bool:
            return await _recorded(client, path, today - timedelta(days=days))

        try:
            days = await oldest_day(has, each.days)
        except Refused as refused:
            if refused.denied:
                raise
            continue
        oldest = None if days is None else today - timedelta(days=days)
        yield Kept(key=each.key, oldest_at=oldest)


async def oldest_day(has: Callable[[int], Awaitable[bool]], declared: int) -> int | None:
    """So many days ago was the oldest recording, None for none; `has`: whether there is one so many
    days ago. At most some ten questions, three where it is as declared."""
    newest, beyond = -1, _MOST_DAYS + 1  # there is one; there is none
    for guess in (declared - 1, declared + 1, 0):
        if newest < guess < beyond:
            newest, beyond = (guess, beyond) if await has(guess) else (newest, guess)
    while beyond - newest > 1:
        middle = (newest + beyond) // 2
        newest, beyond = (middle, beyond) if await has(middle) else (newest, middle)
    return newest if newest >= 0 else None


async def _recorded(client: Client, path: str, day: datetime) -> bool:
    """Whether anything was recorded on a day. Raises Refused."""
    begin, end = f"{day:%Y-%m-%d} 00:00:00", f"{day:%Y-%m-%d} 23:59:59"
    data = await _data(client, path, {"startTime": begin, "endTime": end})
    listed = data.get("recordList") if isinstance(data, Mapping) else None
    return bool(listed)
