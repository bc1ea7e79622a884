"""Genetec Security Center by its Web SDK role: cameras, and whether they are online.

User is written `name;application`, as the role wants it. After the vendor's wiki; not run against
the product.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from collectors.platforms.client import Client
from collectors.platforms.reading import Access, Reading, Refused, text
from monitor.witness import Channel, Said

_LIST = "/report/EntityConfiguration"
_ENTITY = "/entity"
ALLOWED = (_LIST, _ENTITY)

_PER_PAGE = 1_000
_MOST_PAGES = 1_000
_AT_ONCE = 20  # entities in one question: an address has an end
_ASKED = ("Name", "LogicalId", "IsOnline", "RunningState", "IsInMaintenance")


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every camera entity. Raises Refused."""
    del zone, memory
    pair = base64.b64encode(f"{access.user}:{access.secret}".encode()).decode()
    client.headers |= {"Authorization": f"Basic {pair}", "Accept": "text/json"}
    guids = await _guids(client)
    channels = [each async for each in _channels(client, guids)]
    missing = len(guids) - len(channels)
    detail = f"not whole: {missing} of {len(guids)} cameras without an answer" if missing else ""
    return Reading(channels=tuple(channels), complete=not missing, detail=detail)


async def _result(client: Client, path: str, query: str) -> Any:
    """What stands in the envelope. Raises Refused."""
    found = await client.get(path, {"q": query})
    answer = found.get("Rsp") if isinstance(found, Mapping) else None
    if not isinstance(answer, Mapping):
        raise Refused(f"{path} has no Rsp: is this a Web SDK, with its base (…/WebSdk)?")
    if text(answer.get("Status")).lower() != "ok":
        raise Refused(f"{path} is refused: {text(answer.get('Status'))}")
    return answer.get("Result")


async def _guids(client: Client) -> list[str]:
    """All cameras; one row more than asked for says that another page exists."""
    found: dict[str, None] = {}
    for page in range(1, _MOST_PAGES + 1):
        query = f"EntityTypes@Camera,Page={page},PageSize={_PER_PAGE}"
        rows = list(_rows(await _result(client, _LIST, query)))
        before = len(found)
        found |= dict.fromkeys(guid for row in rows if (guid := _guid(row)))
        if len(rows) <= _PER_PAGE or len(found) == before:
            break
    return list(found)


def _guid(row: Mapping[str, Any]) -> str:
    """Without dashes; "" for what is none: it becomes part of an address."""
    guid = text(row.get("Guid")).replace("-", "").lower()
    return guid if len(guid) == 32 and all(c in "0123456789abcdef" for c in guid) else ""


def _rows(result: Any) -> Iterator[Mapping[str, Any]]:
    """One row may come without a list around it."""
    for row in result if isinstance(result, list) else [result]:
        if isinstance(row, Mapping):
            yield row


async def _channels(client: Client, guids: Sequence[str]) -> Any:
    for first in range(0, len(guids), _AT_ONCE):
        some = guids[first : first + _AT_ONCE]
        asked = ",".join(f"entity={guid},Guid,{','.join(_ASKED)}" for guid in some)
        for row in _rows(await _result(client, _ENTITY, asked)):
            if (guid := _guid(row)) in some:
                yield _channel(guid, row)


def _channel(guid: str, row: Mapping[str, Any]) -> Channel:
    state = text(row.get("RunningState"))
    online = _yes(row.get("IsOnline"))
    said = {True: Said.ON, False: Said.OFF, None: Said.UNKNOWN}[online]
    raw, why = f"online {text(row.get('IsOnline'))}, {state}".rstrip(", "), ""
    if _yes(row.get("IsInMaintenance")):
        said, why = Said.UNKNOWN, "it is in maintenance there"
    number = text(row.get("LogicalId"))
    return Channel(
        key=guid,
        code=number if number not in ("", "0") else guid,
        said=said,
        raw=raw,
        why=why,
        name=text(row.get("Name")),
    )


def _yes(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(text(value).lower())
