"""ONVIF recorders (profile G and others): channels by video sources, and what was recorded.

ONVIF has no word for "this channel has its camera". The evidence is a DESCRIBE of its stream: no
video flows. Only the operations on the list are asked. Tried against simulated devices only.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from lxml import etree

from collectors import rtsp, soap
from collectors.login import Login, digest_authorization, username_token
from collectors.platforms.client import Answered, Client
from collectors.platforms.reading import Access, Kept, Reading, Refused, Wanted, moment, text
from monitor.witness import Channel, Said

_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_RECORDING = "http://www.onvif.org/ver10/recording/wsdl"
_SEARCH = "http://www.onvif.org/ver10/search/wsdl"
_PATH = "/onvif/device_service"
ALLOWED = (
    "GetSystemDateAndTime",
    "GetDeviceInformation",
    "GetServices",
    "GetProfiles",
    "GetStreamUri",
)
KEPT_ALLOWED = (*ALLOWED, "GetRecordings", "GetRecordingInformation")
_AT_ONCE = 4  # streams that are described at a time
_DESCRIBE_S = 8.0


class _Onvif:
    """SOAP questions to one recorder, with the login that works."""

    def __init__(self, client: Client, access: Access) -> None:
        self._client = client
        self._login = Login(user=access.user, password=access.secret) if access.user else None
        self._offset = timedelta(0)
        self._digest = ""
        self.paths: dict[str, str] = {_DEVICE: _PATH}

    @property
    def login(self) -> Login | None:
        return self._login

    async def begin(self) -> str:
        """Learn its time, which tokens need, and where its services are; returns its serial."""
        answer = await self._client.xml(
            soap.CLOCK, _PATH, _envelope(_DEVICE, soap.CLOCK, ""), _headers(_DEVICE, soap.CLOCK)
        )
        clock = soap.read_clock(answer.body)
        if clock is None:
            raise Refused(f"{self._client.host} does not answer ONVIF at {_PATH}")
        if isinstance(clock, soap.Clock) and clock.utc:
            self._offset = clock.utc - datetime.now(UTC)
        device = await self.ask(_DEVICE, soap.DEVICE)
        services = await self.ask(
            _DEVICE, "GetServices", "<IncludeCapability>false</IncludeCapability>"
        )
        for each in _all(services, "Service"):
            path = urlsplit(_text(each, "XAddr")).path  # only the path: its host may be anything
            if path.startswith("/"):
                self.paths[_text(each, "Namespace")] = path
        return _text(device, "SerialNumber")

    async def ask(self, namespace: str, operation: str, inside: str = "") -> etree._Element:
        """The root of an answer. Raises Refused; at most three tries, as accounts get locked."""
        path = self.paths.get(namespace)
        if path is None:
            raise Refused(f"{self._client.host} has no service {namespace}")
        security = self._token()
        answer = await self._send(namespace, operation, inside, path, security, self._digest)
        if _denied(answer) and self._login is not None:
            self._digest = await self._prove(namespace, operation, inside, path, answer)
            if self._digest:
                answer = await self._send(namespace, operation, inside, path, b"", self._digest)
        if _denied(answer):
            raise Refused(f"{self._client.host} refuses user or password", denied=True)
        root = soap.parse(answer.body)
        if root is None or _first(root, f"{operation}Response") is None:
            fault = None if root is None else soap.fault(root)
            words = fault.text if fault else f"HTTP {answer.status}"
            raise Refused(f"{operation} is refused by {self._client.host}: {words}")
        return root

    def _token(self) -> bytes:
        if self._login is None or self._digest:
            return b""
        return username_token(self._login, datetime.now(UTC) + self._offset, os.urandom(16))

    async def _prove(
        self, namespace: str, operation: str, inside: str, path: str, refused: Answered
    ) -> str:
        """The header of an HTTP Digest login, where it offers one."""
        challenge = refused.challenge
        if not challenge:  # a SOAP fault carries none: ask for it, without a password
            plain = await self._send(namespace, operation, inside, path, b"", "")
            challenge = plain.challenge
        assert self._login is not None  # noqa: S101  the caller asked
        return digest_authorization(challenge, self._login, path, os.urandom(8).hex()) or ""

    async def _send(
        self, namespace: str, operation: str, inside: str, path: str, security: bytes, digest: str
    ) -> Answered:
        headers = _headers(namespace, operation)
        if digest:
            headers["Authorization"] = digest
        body = _envelope(namespace, operation, inside, security)
        return await self._client.xml(operation, path, body, headers)


async def read(client: Client, access: Access, zone: ZoneInfo, memory: dict[str, float]) -> Reading:
    """Every video source with a stream. Raises Refused."""
    del zone, memory
    onvif = _Onvif(client, access)
    serial = await onvif.begin()
    sources = dict(_sources(await onvif.ask(_MEDIA, "GetProfiles")))
    gate = asyncio.Semaphore(_AT_ONCE)

    async def channel(source: str, profile: tuple[str, str]) -> Channel:
        async with gate:
            return await _channel(onvif, client, serial, source, profile)

    channels = await asyncio.gather(*(channel(*each) for each in sources.items()))
    return Reading(channels=tuple(channels), complete=True, version=serial)


def _sources(root: etree._Element) -> Iterator[tuple[str, tuple[str, str]]]:
    """The first profile of each video source: source token -> (profile token, name)."""
    seen: set[str] = set()
    for profile in _all(root, "Profiles"):
        configuration = _first(profile, "VideoSourceConfiguration")
        source = "" if configuration is None else _text(configuration, "SourceToken")
        if source and source not in seen and configuration is not None:
            seen.add(source)
            name = _text(configuration, "Name") or _text(profile, "Name")
            yield source, (profile.get("token", ""), name)


async def _channel(
    onvif: _Onvif, client: Client, serial: str, source: str, profile: tuple[str, str]
) -> Channel:
    token, name = profile
    said, raw, why = await _described(onvif, client, token)
    code = f"{serial}-{source}" if serial else source
    return Channel(
        key=source, code=code, said=said, raw=raw, why=why, name=name or source, host=serial
    )


async def _described(onvif: _Onvif, client: Client, profile: str) -> tuple[Said, str, str]:
    """What the stream of a profile says of its channel: our word, theirs, and why not more."""
    inside = (
        '<StreamSetup><Stream xmlns="http://www.onvif.org/ver10/schema">RTP-Unicast</Stream>'
        '<Transport xmlns="http://www.onvif.org/ver10/schema"><Protocol>RTSP</Protocol></Transport>'
        f"</StreamSetup><ProfileToken>{_escaped(profile)}</ProfileToken>"
    )
    try:
        uri = _text(await onvif.ask(_MEDIA, "GetStreamUri", inside), "Uri")
        host = urlsplit(client.url).hostname or ""
        found = await rtsp.describe(uri, host, onvif.login, _DESCRIBE_S)
    except Refused as refused:
        return Said.UNKNOWN, "", str(refused)
    except rtsp.NoAnswer as error:
        return Said.UNKNOWN, "", f"its stream cannot be asked: {error}"
    raw = f"RTSP {found.status} {text(found.words)}".strip()
    if found.status == 200:
        said = Said.ON if found.video else Said.OFF
        return said, raw, "" if found.video else "its stream has no video"
    if found.status == 404:
        return Said.OFF, raw, ""
    # busy, broken or not for us: no evidence of the camera behind it
    return Said.UNKNOWN, raw, "the recorder does not say what its stream is"


async def kept(
    client: Client, access: Access, zone: ZoneInfo, wanted: Sequence[Wanted]
) -> AsyncIterator[Kept]:
    """The earliest recording of each source (recording and search service). Raises Refused."""
    del zone
    onvif = _Onvif(client, access)
    await onvif.begin()
    keys = {each.key for each in wanted}
    oldest: dict[str, datetime | None] = {}
    for item in _all(await onvif.ask(_RECORDING, "GetRecordings"), "RecordingItem"):
        source = _text(item, "SourceId")
        if source in keys:
            token = _escaped(_text(item, "RecordingToken"))
            inside = f"<RecordingToken>{token}</RecordingToken>"
            about = await onvif.ask(_SEARCH, "GetRecordingInformation", inside)
            found = moment(_text(about, "EarliestRecording"), UTC)
            known = [each for each in (found, oldest.get(source)) if each]
            oldest[source] = min(known, default=None)
    for source, first in oldest.items():
        yield Kept(key=source, oldest_at=first)


def _envelope(namespace: str, operation: str, inside: str, security: bytes = b"") -> bytes:
    header = b"<s:Header>" + security + b"</s:Header>" if security else b""
    body = f'<s:Body><{operation} xmlns="{namespace}">{inside}</{operation}></s:Body>'
    return soap.OPEN + header + body.encode() + b"</s:Envelope>"


def _headers(namespace: str, operation: str) -> dict[str, str]:
    action = f'application/soap+xml; charset=utf-8; action="{namespace}/{operation}"'
    return {"Content-Type": action}


def _denied(answer: Answered) -> bool:
    if answer.status == 401:
        return True
    root = soap.parse(answer.body)
    fault = None if root is None else soap.fault(root)
    return fault.denied if fault else answer.status >= 400 and soap.says_denied(answer.body)


def _all(root: etree._Element, name: str) -> list[etree._Element]:
    return [each for each in root.iter("*") if soap.local(each) == name]


def _first(root: etree._Element, name: str) -> etree._Element | None:
    return next(iter(_all(root, name)), None)


def _text(root: etree._Element, name: str) -> str:
    found = _first(root, name)
    return "" if found is None else text("".join(found.itertext(with_tail=False)))


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;")
