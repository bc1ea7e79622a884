"""Whatever a platform sends, it is a reading or a refusal with a sentence, and nothing grows."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.platforms import kinds
from collectors.platforms.client import Answered, Client
from collectors.platforms.reading import Access, Refused, Wanted, number, text
from monitor.witness import Channel

ZONE = ZoneInfo("Asia/Shanghai")
ME = Access(user="monitor", secret="geheim")
KEYS = [
    "code", "data", "list", "total", "deviceId", "channelId", "status", "onLine", "id", "items",
    "itemCount", "name", "source", "available", "inboundBytes", "monitors", "Monitor",
    "Monitor_Status", "Status", "CaptureFPS", "Function", "Enabled", "Id", "result", "version",
    "access_token", "accessToken", "array", "enabled", "gisPoint", "states", "type", "time", "Rsp",
    "Result", "Guid", "Name", "IsOnline", "IsInMaintenance", "LogicalId", "events", "Event",
    "StartDateTime", "pagination", "pageCount", "segments", "start", "recordList", "gbDeviceId",
    "dataType", "dataDeviceId", "gbStatus", "longitude", "latitude", "geoCoordSys",
]  # fmt: skip
WORDS = st.sampled_from(
    ["ON", "", "0", "x" * 300, "\0", "NaN", "1e999", "Ok", "POINT (1 2)", "../..", "\ud800"]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | WORDS
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)


def envelope(kind: str, inside: Any) -> Any:
    """What the kind expects around it, so that what lies below is reached."""
    return {
        "wvp": {"code": 0, "data": inside},
        "mediamtx": {"itemCount": 1, "items": inside},
        "zoneminder": {"monitors": inside, "events": inside, "access_token": "t", "result": 1},
        "milestone": {"access_token": "t", "array": inside},
        "genetec": {"Rsp": {"Status": "Ok", "Result": inside}},
    }[kind]


@given(st.data())
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("kind", ["wvp", "mediamtx", "zoneminder", "milestone", "genetec"])
def test_no_answer_breaks_a_reading(kind: str, data: st.DataObject) -> None:
    asked = 0

    async def exchange(self: Client, method: str, path: str, **what: Any) -> Answered:
        nonlocal asked
        asked += 1
        value = data.draw(VALUES | VALUES.map(lambda inside: envelope(kind, inside)))
        return Answered(status=200, body=json.dumps(value).encode())

    async def talk(
        self: Client, path: str, commands: list[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        answers = [data.draw(st.dictionaries(st.sampled_from(KEYS), VALUES)) for _ in commands]
        return [{"status": 200, **each} for each in answers]

    async def run() -> None:
        found = await kinds.ask(kind, "http://127.0.0.1:9", ME, ZONE, {})
        assert (found.reading is None) is bool(found.refusal)
        for each in found.reading.channels if found.reading else ():
            check(each)
        if kinds.tells_kept(kind):
            try:
                wanted = [Wanted(key="1", days=3), Wanted(key="2/3", days=30)]
                _ = [each async for each in kinds.kept(kind, "http://h", ME, ZONE, wanted)]
            except Refused:
                pass

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "_exchange", exchange)
        patch.setattr(Client, "_talk", talk)
        asyncio.run(run())
    assert asked < 400


def check(channel: Channel) -> None:
    """Short texts on one line, and positions that a database takes."""
    for name in ("key", "code", "raw", "name", "host", "address", "frame"):
        value = getattr(channel, name)
        assert len(value) <= 420, name
        assert not {"\0", "\n"} & set(value), name
        value.encode()  # a half of a pair has no place in a database
    for place in (channel.lon, channel.lat):
        assert place is None or abs(place) < 1e9


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
@settings(max_examples=60, deadline=None)
def test_no_xml_breaks_the_reading_of_a_recorder(body: bytes) -> None:
    shells = (b"%s", b"<Envelope><Body>%s</Body></Envelope>", b"<e><GetProfilesResponse>%s")

    async def exchange(self: Client, method: str, path: str, **what: Any) -> Answered:
        return Answered(status=200, body=shells[len(body) % 3].replace(b"%s", body))

    async def run() -> None:
        found = await kinds.ask("onvif", "http://127.0.0.1:9", ME, ZONE, {})
        assert (found.reading is None) is bool(found.refusal)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "_exchange", exchange)
        asyncio.run(run())


BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">'
    b'<!ENTITY f SYSTEM "file:///etc/passwd">]><Envelope><Body><GetDeviceInformationResponse>'
    b"<SerialNumber>&b;&f;</SerialNumber></GetDeviceInformationResponse></Body></Envelope>"
)


def test_entities_of_a_recorder_are_not_followed() -> None:
    async def exchange(self: Client, method: str, path: str, **what: Any) -> Answered:
        return Answered(status=200, body=BOMB)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "_exchange", exchange)
        found = asyncio.run(kinds.ask("onvif", "http://127.0.0.1:9", ME, ZONE, {}))
    assert "root:" not in repr(found)
    assert "aaaaaaaaaaaaaaa" not in repr(found)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("a\ud800b", "a?b"),
        ("a\0\r\n b", "a b"),
        (["x"], ""),
        (None, ""),
        (7, "7"),
        ("x" * 999, "x" * 200),
    ],
)
def test_a_text_of_a_platform_is_short_on_one_line_and_can_be_stored(raw: Any, said: str) -> None:
    assert text(raw) == said


@pytest.mark.parametrize(
    ("raw", "is_"),
    [(10**400, None), ("NaN", None), ("inf", None), ("24.98", 24.98), (True, 1.0), ([], None)],
)
def test_a_number_of_a_platform_is_one_that_can_be_reckoned_with(raw: Any, is_: Any) -> None:
    assert number(raw) == is_
