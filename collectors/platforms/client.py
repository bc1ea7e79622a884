"""Asks one platform over HTTP: only paths on its list, bounded in size and time, secrets dropped.

Passwords, tokens and keys that a platform shows of its cameras and users leave the answer before
anybody else sees it.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from collectors.platforms.reading import Refused, Step, text

_MOST_BYTES = 32 * 1024**2
_CONNECT_S, _READ_S = 5.0, 15.0
_LOST = (aiohttp.ClientError, OSError, TimeoutError, ValueError)
_SECRET = ("password", "passwd", "secret", "pushkey", "apikey", "credential")
_SECRETS = frozenset({"pass", "pwd", "user", "username", "loginname", "onvif_username"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An HTTP answer, whole."""

    status: int
    body: bytes
    challenge: str = ""


class Client:
    """One platform. allowed: beginnings of paths that may be asked, and names of operations where
    all have one path; all others are refused here. trust: certificates of the operator's own
    authority. each: told of every step.
    """

    def __init__(
        self,
        url: str,
        allowed: Collection[str],
        each: Callable[[Step], None] = lambda step: None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._allowed = tuple(allowed)
        self._each = each
        self._trust = trust
        self.headers: dict[str, str] = {}
        self.query: dict[str, str] = {}
        self.steps: list[Step] = []
        self.clock_offset_s: float | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        limits = aiohttp.ClientTimeout(
            total=_CONNECT_S + _READ_S, connect=_CONNECT_S, sock_read=_READ_S
        )
        connector = aiohttp.TCPConnector(ssl=self._trust or True)
        self._session = aiohttp.ClientSession(
            timeout=limits,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            connector=connector,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def host(self) -> str:
        """Where it is, for a sentence: without user and password."""
        return urlsplit(self.url).netloc.rpartition("@")[2]

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of an answer. Raises Refused."""
        given = {name: str(value) for name, value in (query or {}).items()}
        return await self._json("GET", path, params={**given, **self.query})

    async def post(self, path: str, form: Mapping[str, str]) -> Any:
        """The JSON of the answer to a form: only for a log-in. Raises Refused."""
        return await self._json("POST", path, data=dict(form))

    async def xml(
        self, operation: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> Answered:
        """The answer to a SOAP question, of any status. Raises Refused."""
        with self._step(operation) as note:
            answer = await self._exchange("POST", path, data=body, headers=dict(headers))
            note(f"HTTP {answer.status}")
            return answer

    async def converse(
        self, path: str, commands: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        """What a websocket answers to commands that are numbered by their place; what it says
        unasked is left. Raises Refused."""
        with self._step(path) as note:
            try:
                async with asyncio.timeout(_CONNECT_S + _READ_S):
                    found = await self._talk(path, commands)
            except (*_LOST, TypeError) as error:  # TypeError: it closed instead of answering
                raise self._silent(error) from None
            note(f"{len(found)} answers")
            return found

    async def _talk(
        self, path: str, commands: Sequence[Mapping[str, Any]]
    ) -> list[Mapping[str, Any]]:
        assert self._session is not None  # noqa: S101  it is a context manager
        found: list[Mapping[str, Any]] = []
        async with self._session.ws_connect(
            self.url + path, headers=self.headers, max_msg_size=_MOST_BYTES
        ) as socket:
            for number, command in enumerate(commands, 1):
                await socket.send_json({**command, "commandId": number})
                while True:
                    said = _read((await socket.receive_str()).encode(), self.host, 200)
                    if isinstance(said, Mapping) and said.get("commandId") == number:
                        found.append(said)
                        break
        return found

    async def _json(self, method: str, path: str, **what: Any) -> Any:
        with self._step(path) as note:
            answer = await self._exchange(method, path, headers=self.headers, **what)
            if answer.status in (401, 403):
                raise Refused(
                    f"{self.host} does not let us in (HTTP {answer.status}): user, secret or "
                    "rights",
                    denied=True,
                )
            note(f"HTTP {answer.status}")
            return _read(answer.body, self.host, answer.status)

    async def _exchange(self, method: str, path: str, **what: Any) -> Answered:
        assert self._session is not None  # noqa: S101  it is a context manager
        try:
            async with self._session.request(
                method, self.url + path, allow_redirects=False, **what
            ) as answer:
                body = await answer.content.read(_MOST_BYTES + 1)
                while len(body) <= _MOST_BYTES and not answer.content.at_eof():
                    body += await answer.content.read(_MOST_BYTES + 1 - len(body))
                status = answer.status
                challenge = ", ".join(answer.headers.getall("WWW-Authenticate", ()))
                self._read_clock(answer.headers.get("Date", ""))
        except _LOST as error:
            raise self._silent(error) from None
        if len(body) > _MOST_BYTES:
            raise Refused(f"{self.host} sends more than {_MOST_BYTES // 1024**2} MiB")
        if 300 <= status < 400:
            raise Refused(
                f"{self.host} leads elsewhere (HTTP {status}); write the address it leads to"
            )
        return Answered(status=status, body=body, challenge=challenge)

    def _silent(self, error: BaseException) -> Refused:
        if isinstance(error, aiohttp.WSServerHandshakeError) and error.status in (401, 403):
            words = f"{self.host} does not let us in (HTTP {error.status}): user, secret or rights"
            return Refused(words, denied=True)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return Refused(
                f"{self.host} shows a certificate that nobody here knows: give the file of its "
                "authority as ca_file"
            )
        words = text(error) or type(error).__name__
        return Refused(f"{self.host} does not answer ({type(error).__name__}: {words})")

    @contextmanager
    def _step(self, name: str) -> Iterator[Callable[[str], None]]:
        """One step of the reading, told when it ends. Raises Refused for what is on no list."""
        if not name.startswith(self._allowed):
            raise Refused(f"{name} is on no list of what may be read")
        began, notes = time.monotonic(), [""]
        try:
            yield lambda words: notes.__setitem__(0, words)
        except Refused as refused:
            self._note(name, began, ok=False, detail=str(refused))
            raise
        self._note(name, began, ok=True, detail=notes[0])

    def _read_clock(self, dated: str) -> None:
        """The smallest offset of all answers: what took long is dated late, and to a second."""
        try:
            there = parsedate_to_datetime(dated)
        except ValueError:
            return
        if there.tzinfo is None:
            return
        offset_s = (there - datetime.now(UTC)).total_seconds() + 0.5
        if self.clock_offset_s is None or abs(offset_s) < abs(self.clock_offset_s):
            self.clock_offset_s = offset_s

    def _note(self, path: str, began: float, *, ok: bool, detail: str) -> None:
        took_ms = (time.monotonic() - began) * 1000
        step = Step(name=path, ok=ok, took_ms=took_ms, detail=detail)
        self.steps.append(step)
        self._each(step)


def _read(body: bytes, host: str, status: int) -> Any:
    try:
        return without_secrets(json.loads(body.decode("utf-8", "replace")))
    except (ValueError, RecursionError):
        why = "it is in trouble itself" if status >= 500 else "is the address right?"
        raise Refused(f"{host} answers no JSON (HTTP {status}): {why}") from None


def without_secrets(value: Any) -> Any:
    """The same without passwords, keys and the names that belong to them; tokens of our own log-in
    stay, as they are used and forgotten."""
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_secrets(inner) if isinstance(inner, dict | list) else inner
        for name, inner in value.items()
        if not _is_secret(name)
    }


@lru_cache(maxsize=4096)  # a catalogue has few names and very many of each
def _is_secret(name: str) -> bool:
    lower = name.lower()
    return lower in _SECRETS or any(part in lower for part in _SECRET)
