"""MediaMTX by its API: a path is on when it is available and bytes come in.

`online` is a trap: it is true of a source whose camera refuses the connection (run of 2026-08).
"""

import base64
from collections.abc import AsyncIterator, Mapping, Sequence
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
)
from monitor.witness import Channel, Said

_PATHS = "/v3/paths/list"
_RECORDINGS = "/v3/recordings/list"
ALLOWED = (_PATHS,)  # never config/paths: it shows addresses with passwords
KEPT_ALLOWED = (_RECORDINGS,)
_PER_PAGE = 500
_MOST_PAGES = 1_000


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every path. memory: bytes of each at the reading before. Raises Refused."""
    del zone  # its times are UTC
    _enter(client, access)
    items, whole = await _items(client, _PATHS)
    channels = tuple(_channel(item, memory.get(name)) for name, item in items.items())
    memory.clear()
    memory |= {name: number(item.get("inboundBytes")) or 0.0 for name, item in items.items()}
    detail = "" if whole else "not whole: the list changed while it was read"
    return Reading(channels=channels, complete=whole, version="v3", detail=detail)


async def kept(
    client: Client, access: Access, zone: ZoneInfo, wanted: Sequence[Wanted]
) -> AsyncIterator[Kept]:
    """The start of the oldest segment of each path. Raises Refused."""
    _enter(client, access)
    items, _ = await _items(client, _RECORDINGS)
    for each in wanted:
        segments = items.get(each.key, {}).get("segments")
        found = segments if isinstance(segments, list) else []
        starts = [moment(one.get("start"), zone) for one in found if isinstance(one, Mapping)]
        yield Kept(key=each.key, oldest_at=min(filter(None, starts), default=None))


def _enter(client: Client, access: Access) -> None:
    if access.user:
        pair = base64.b64encode(f"{access.user}:{access.secret}".encode()).decode()
        client.headers["Authorization"] = f"Basic {pair}"


async def _items(client: Client, path: str) -> tuple[dict[str, Mapping[str, Any]], bool]:
    found: dict[str, Mapping[str, Any]] = {}
    count = 0
    for page in range(_MOST_PAGES):
        answer = await client.get(path, {"itemsPerPage": _PER_PAGE, "page": page})
        listed = answer.get("items") if isinstance(answer, Mapping) else None
        if not isinstance(listed, list):
            raise Refused(f"{path} has no items: is this MediaMTX with its API switched on?")
        count = int(number(answer.get("itemCount")) or 0)
        found |= {text(each.get("name")): each for each in listed if isinstance(each, Mapping)}
        if not listed or len(found) >= count:
            break
    return found, len(found) == count


def _channel(item: Mapping[str, Any], before: float | None) -> Channel:
    name = text(item.get("name"))
    available = item.get("available", item.get("ready")) is True
    said, why = Said.OFF, ""
    if available:
        said = Said.ON
        if number(item.get("inboundBytes")) == (before or 0.0):
            said, why = Said.UNKNOWN, "no byte came in since the last look"
    elif isinstance(item.get("source"), Mapping):
        said, why = Said.UNKNOWN, "it is fetched only while somebody watches, or cannot be"
    return Channel(
        key=name,
        code=name,
        said=said,
        raw="available" if available else "not available",
        why=why,
        name=name,
    )
