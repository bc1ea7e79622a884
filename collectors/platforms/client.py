"""Asks one platform over HTTP: only paths on its list, bounded in size and time, secrets dropped.

Passwords, tokens and keys that a platform shows of its cameras and users leave the answer before
anybody else sees it.
"""

import json
import time
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp

from collectors.platforms.reading import Refused, Step, text

_MOST_BYTES = 32 * 1024**2
_CONNECT_S, _READ_S = 5.0, 15.0
_SECRET = ("password", "passwd", "secret", "pushkey", "apikey", "credential")
_SECRETS = frozenset({"pass", "pwd", "user", "username", "loginname", "onvif_username"})


class Client:
    """One platform. allowed: beginnings of paths that may be asked; all others are refused here.

    each: told of every step.
    """

    def __init__(
        self, url: str, allowed: Collection[str], each: Callable[[Step], None] = lambda step: None
    ) -> None:
        self._base = url.rstrip("/")
        self._allowed = tuple(allowed)
        self._each = each
        self.headers: dict[str, str] = {}
        self.query: dict[str, str] = {}
        self.steps: list[Step] = []
        self.clock_offset_s: float | None = None
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        limits = aiohttp.ClientTimeout(
            total=_CONNECT_S + _READ_S, connect=_CONNECT_S, sock_read=_READ_S
        )
        self._session = aiohttp.ClientSession(
            timeout=limits, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
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

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """The JSON of an answer. Raises Refused."""
        given = {name: str(value) for name, value in (query or {}).items()}
        return await self._ask("GET", path, params={**given, **self.query})

    async def post(self, path: str, form: Mapping[str, str]) -> Any:
        """The JSON of the answer to a form: only for a log-in. Raises Refused."""
        return await self._ask("POST", path, data=dict(form))

    async def _ask(self, method: str, path: str, **what: Any) -> Any:
        if not path.startswith(self._allowed):
            raise Refused(f"{path} is on no list of what may be read")
        began = time.monotonic()
        try:
            status, found = await self._answer(method, path, what)
        except Refused as refused:
            self._note(path, began, ok=False, detail=str(refused))
            raise
        self._note(path, began, ok=True, detail=f"HTTP {status}")
        return found

    async def _answer(self, method: str, path: str, what: Mapping[str, Any]) -> tuple[int, Any]:
        assert self._session is not None  # noqa: S101  it is a context manager
        host = urlsplit(self._base).netloc.rpartition("@")[2]
        try:
            async with self._session.request(
                method,
                self._base + path,
                headers=self.headers,
                allow_redirects=False,
                **what,
            ) as answer:
                body = await answer.content.read(_MOST_BYTES + 1)
                while len(body) <= _MOST_BYTES and not answer.content.at_eof():
                    body += await answer.content.read(_MOST_BYTES + 1 - len(body))
                status = answer.status
                self._read_clock(answer.headers.get("Date", ""))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            words = text(error) or type(error).__name__
            raise Refused(f"{host} does not answer ({type(error).__name__}: {words})") from None
        if len(body) > _MOST_BYTES:
            raise Refused(f"{host} sends more than {_MOST_BYTES // 1024**2} MiB")
        if 300 <= status < 400:
            raise Refused(f"{host} leads elsewhere (HTTP {status}); write the address it leads to")
        if status in (401, 403):
            raise Refused(
                f"{host} does not let us in (HTTP {status}): user, secret or rights", denied=True
            )
        return status, _read(body, host, status)

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
        raise Refused(f"{host} answers no JSON (HTTP {status}): is the address right?") from None


def without_secrets(value: Any) -> Any:
    """The same without passwords, keys and the names that belong to them; tokens of our own log-in
    stay, as they are used and forgotten."""
    if isinstance(value, list):
        return [without_secrets(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: without_secrets(inner)
        for name, inner in value.items()
        if name.lower() not in _SECRETS and not any(part in name.lower() for part in _SECRET)
    }
