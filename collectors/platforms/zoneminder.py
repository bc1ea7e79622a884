"""ZoneMinder 1.36 by its API: a monitor is on while the daemon runs and pictures are captured.

Status rows are stale while the daemon is down: then nothing is known of any.
"""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from collectors.platforms.client import Client
from collectors.platforms.reading import Access, Reading, Refused, number, text
from monitor.witness import Channel, Said

_LOGIN = "/api/host/login.json"
_VERSION = "/api/host/getVersion.json"
_DAEMON = "/api/host/daemonCheck.json"
_MONITORS = "/api/monitors.json"
ALLOWED = (_LOGIN, _VERSION, _DAEMON, _MONITORS)


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every monitor that is meant to run. Raises Refused."""
    del zone, memory
    if access.user:
        found = await client.post(_LOGIN, {"user": access.user, "pass": access.secret})
        token = found.get("access_token") if isinstance(found, Mapping) else None
        if token:  # none where log-in is switched off
            client.query["token"] = text(token)
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
        address=text(monitor.get("Host")),
        lon=number(monitor.get("Longitude")),
        lat=number(monitor.get("Latitude")),
    )
