"""Milestone XProtect by its API Gateway (2023 R3 and later): cameras by REST, states by websocket.

`enabled` means configured, not online; only the events and states socket knows that a camera
communicates. Motion and analytics are never subscribed to. After the vendor's documents and
samples; not run against the product.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from collectors.platforms.client import Client
from collectors.platforms.reading import Access, Reading, Refused, text
from monitor.witness import Channel, Said

_TOKEN = "/API/IDP/connect/token"  # noqa: S105  a path
_CAMERAS = "/api/rest/v1/cameras"
_STATES = "/api/ws/events/v1"
ALLOWED = (_TOKEN, _CAMERAS, _STATES)

_PER_PAGE = 500
_MOST_PAGES = 1_000
_STARTED = "dd3e6464-7dc0-405a-a92f-6150587563e8"
_STOPPED = "0ee90664-2924-42a0-a816-4129d0ecabdc"
_ERROR = "a334af1c-4b4b-4957-9e5f-ab8ca07feab6"
_WORDS = {
    _STARTED: (Said.ON, "communication started"),
    _STOPPED: (Said.OFF, "communication stopped"),
    _ERROR: (Said.OFF, "communication error"),
}


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every camera that is switched on there. Raises Refused."""
    del zone, memory  # its times are UTC
    await _enter(client, access)
    cameras, whole = await _cameras(client)
    states = await _states(client)
    channels = tuple(_channel(each, states) for each in cameras if each.get("enabled") is not False)
    detail = "" if whole else "not whole: the list changed while it was read"
    return Reading(channels=channels, complete=whole, detail=detail)


async def _enter(client: Client, access: Access) -> None:
    """A basic user; the token holds for the few seconds of one reading."""
    form = {
        "grant_type": "password",
        "username": access.user,
        "password": access.secret,
        "client_id": "GrantValidatorClient",
    }
    found = await client.post(_TOKEN, form)
    token = found.get("access_token") if isinstance(found, Mapping) else None
    if not token:
        why = text(found.get("error")) if isinstance(found, Mapping) else ""
        raise Refused(f"{client.host} gives no token ({why or 'no reason'})", denied=True)
    client.headers["Authorization"] = f"Bearer {''.join(str(token).split())}"


async def _cameras(client: Client) -> tuple[list[Mapping[str, Any]], bool]:
    """Pages until one is empty or repeats itself: where pages are not known, all come at once."""
    rows: dict[str, Mapping[str, Any]] = {}
    for page in range(_MOST_PAGES):
        answer = await client.get(_CAMERAS, {"page": page, "size": _PER_PAGE})
        listed = answer.get("array") if isinstance(answer, Mapping) else None
        if not isinstance(listed, list):
            raise Refused(f"{_CAMERAS} has no array: is this an API Gateway of XProtect?")
        before = len(rows)
        for row in listed:
            if isinstance(row, Mapping) and text(row.get("id")):
                rows.setdefault(text(row.get("id")).lower(), row)
        if len(listed) < _PER_PAGE or len(rows) == before:
            return list(rows.values()), True
    return list(rows.values()), False


async def _states(client: Client) -> dict[str, str]:
    """The type of the newest communication state of each camera, by its id."""
    types = list(_WORDS)
    wanted = {
        "modifier": "include",
        "resourceTypes": ["cameras"],
        "sourceIds": ["*"],
        "eventTypes": types,
    }
    answers = await client.converse(
        _STATES,
        [
            {"command": "startSession", "sessionId": "", "eventId": ""},
            {"command": "addSubscription", "filters": [wanted]},
            {"command": "getState"},
        ],
    )
    for answer in answers:
        if answer.get("status") not in (200, 201):
            raise Refused(f"{_STATES} is refused: status {text(answer.get('status'))}")
    found: dict[str, tuple[str, str]] = {}
    for source, kind, at in _rows(answers[-1].get("states")):
        if kind in _WORDS and at >= found.get(source, ("", ""))[1]:
            found[source] = kind, at
    return {source: kind for source, (kind, _) in found.items()}


def _rows(states: Any) -> Iterator[tuple[str, str, str]]:
    for row in states if isinstance(states, list) else ():
        if isinstance(row, Mapping):
            source, kind = text(row.get("source")).lower(), text(row.get("type")).lower()
            yield source.removeprefix("cameras/"), kind, text(row.get("time"))


def _channel(row: Mapping[str, Any], states: Mapping[str, str]) -> Channel:
    ident = text(row.get("id")).lower()
    said, raw = _WORDS.get(states.get(ident, ""), (Said.UNKNOWN, ""))
    name = text(row.get("displayName")) or text(row.get("name"))
    lon, lat = _point(text(row.get("gisPoint")))
    return Channel(
        key=ident,
        code=ident,
        said=said,
        raw=raw,
        why="" if raw else "no state of its communication",
        name=name,
        lon=lon,
        lat=lat,
    )


def _point(written: str) -> tuple[float | None, float | None]:
    """ "POINT (longitude latitude)", WGS-84; "POINT EMPTY" where there is none."""
    parts = written.upper().replace("(", " ").replace(")", " ").split()
    try:
        _, lon, lat, *_ = parts
        return float(lon), float(lat)
    except ValueError:
        return None, None
