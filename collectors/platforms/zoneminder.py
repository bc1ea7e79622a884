"""ZoneMinder 1.36 by its API: a monitor is on while the daemon runs and pictures are captured.

Status rows are stale while the daemon is down: then nothing is known of any. Run against 1.36.33.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
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
)
from monitor.witness import Channel, Said

_LOGIN = "/api/host/login.json"
_VERSION = "/api/host/getVersion.json"
_DAEMON = "/api/host/daemonCheck.json"
_MONITORS = "/api/monitors.json"
_EVENTS = "/api/events/index/MonitorId:"
ALLOWED = (_LOGIN, _VERSION, _DAEMON, _MONITORS)
KEPT_ALLOWED = (_LOGIN, _EVENTS)


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every monitor that is meant to run. Raises Refused."""
    del zone, memory
    await _enter(client, access)
    version = await client.get(_VERSION)
    daemon = await client.get(_DAEMON)
    runs = isinstance(daemon, Mapping) and number(daemon.get("result")) == 1
    answer = await client.get(_MONITORS)
    listed = answer.get("monitors") if isinstance(answer, Mapping) else None
    if not isinstance(listed, list):
        raise Refused(f"{_MONITORS} has no monitors: is the address that of ZoneMinder (…/zm)?")
    channels = tuple(
        found for each in listed if isinstance(each, Mapping) and (found := _channel(each, runs))
    )
    return Reading(
        channels=channels,
        complete=True,
        version=text(version.get("version")) if isinstance(version, Mapping) else "",
        detail="" if runs else "its daemon is down: nothing it says of monitors is new",
    )


async def _enter(client: Client, access: Access) -> None:
    if not access.user:
        return
    found = await client.post(_LOGIN, {"user": access.user, "pass": access.secret})
    token = found.get("access_token") if isinstance(found, Mapping) else None
    if token:  # none where log-in is switched off
        client.query["token"] = text(token)


async def kept(
    client: Client, access: Access, zone: ZoneInfo, wanted: Sequence[Wanted]
) -> AsyncIterator[Kept]:
    """When the oldest event of each monitor starts; no more of it is read. Raises Refused.

    First and last page of one row each: whatever order the server lists in, the oldest is at one
    end.
    """
    await _enter(client, access)
    for each in wanted:
        if not each.key.isdigit():  # it becomes part of a path
            continue
        first, pages = await _start(client, each.key, 1, zone)
        last = (await _start(client, each.key, pages, zone))[0] if pages > 1 else None
        yield Kept(key=each.key, oldest_at=min(filter(None, (first, last)), default=None))


async def _start(
    client: Client, monitor: str, page: int, zone: ZoneInfo
) -> tuple[datetime | None, int]:
    """The start of the event on a page of one row, and how many pages there are."""
    path = f"{_EVENTS}{monitor}.json"
    query = {"limit": 1, "page": page, "sort": "StartDateTime", "direction": "asc"}
    answer = await client.get(path, query)
    rows = answer.get("events") if isinstance(answer, Mapping) else None
    if not isinstance(rows, list):
        raise Refused(f"{path} has no events")
    paging = answer.get("pagination")
    pages = number(paging.get("pageCount")) if isinstance(paging, Mapping) else None
    event = rows[0].get("Event") if rows and isinstance(rows[0], Mapping) else None
    if not isinstance(event, Mapping):
        return None, 0
    start = event.get("StartDateTime") or event.get("StartTime")  # 1.36, and before
    return moment(start, zone), int(pages or 1)


def _channel(row: Mapping[str, Any], runs: bool) -> Channel | None:
    """None for a monitor that is switched off: it is disabled, not offline."""
    monitor, status = row.get("Monitor"), row.get("Monitor_Status")
    if not isinstance(monitor, Mapping) or not isinstance(status, Mapping):
        return None
    if text(monitor.get("Function")) == "None" or number(monitor.get("Enabled")) != 1:
        return None
    raw = text(status.get("Status"))
    captures = raw == "Connected" and (number(status.get("CaptureFPS")) or 0) > 0
    said, why = (Said.ON if captures else Said.OFF), ""
    if not raw or raw == "Unknown":
        said, why = Said.UNKNOWN, "it has no status yet"
    if not runs:
        said, why = Said.UNKNOWN, "its daemon is down"
    number_there = text(monitor.get("Id"))
    return Channel(
        key=number_there,
        code=text(monitor.get("Name")),
        said=said,
        raw=raw,
        why=why,
        name=text(monitor.get("Name")),
        address=text(monitor.get("Host")) or _host(text(monitor.get("Path"))),
        lon=number(monitor.get("Longitude")),
        lat=number(monitor.get("Latitude")),
    )


def _host(path: str) -> str:
    """The machine that a source is fetched from; its user and password are not looked at."""
    try:
        return urlsplit(path).hostname or ""
    except ValueError:
        return ""
