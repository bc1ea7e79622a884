"""Asks an RTSP server what a stream would be (DESCRIBE, RFC 2326 10.2), and nothing more.

No SETUP, no PLAY: not a byte of video flows. Bounded in size and time.
"""

import asyncio
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from collectors.login import Login, digest_authorization

_MOST_BYTES = 64 * 1024
_HEAD = re.compile(rb"\ARTSP/1\.\d (\d{3}) ?([^\r\n]{0,200})")
_CHALLENGE = re.compile(rb"\r\nWWW-Authenticate:\s*([^\r\n]{1,2000})", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\nContent-Length:\s*(\d{1,6})\s*\r\n", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Described:
    """What came back. video: the description has a video track."""

    status: int
    words: str
    video: bool


class NoAnswer(Exception):
    """Nobody answered, or not in RTSP."""


async def describe(url: str, host: str, login: Login | None, within_s: float) -> Described:
    """Ask once, and once more with a Digest login where that is wanted. Raises NoAnswer.

    url: as the device gives it; only its port, path and query are used, and the machine asked is
    `host`: a device cannot send our login elsewhere.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or 554
    except ValueError:
        raise NoAnswer(f"{url[:100]} has no usable port") from None
    name = f"[{host}]" if ":" in host else host
    target = f"rtsp://{name}:{port}{parts.path}" + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or any(c in target for c in " \r\n\0"):
        raise NoAnswer("the address of the stream cannot stand in a request")
    try:
        async with asyncio.timeout(within_s):
            return await _ask(host, port, target, login)
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise NoAnswer(f"RTSP port {port}: {type(error).__name__}") from None


async def _ask(host: str, port: int, target: str, login: Login | None) -> Described:
    reader, writer = await asyncio.open_connection(host, port, limit=_MOST_BYTES)
    try:
        head, body = await _exchange(reader, writer, target, 1, "")
        found = _read(head, body)
        challenge = b", ".join(_CHALLENGE.findall(head)).decode("latin-1")
        if found.status != 401 or login is None or not challenge:
            return found
        nonce = os.urandom(8).hex()
        value = digest_authorization(challenge, login, target, nonce, "DESCRIBE")
        if value is None:
            return found
        line = f"Authorization: {value}\r\n"
        return _read(*await _exchange(reader, writer, target, 2, line))
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: str,
    number: int,
    more: str,
) -> tuple[bytes, bytes]:
    writer.write(
        f"DESCRIBE {target} RTSP/1.0\r\nCSeq: {number}\r\nAccept: application/sdp\r\n"
        f"User-Agent: camledger\r\n{more}\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    size = min(int(length[1]), _MOST_BYTES) if length else 0
    return head, await reader.readexactly(size)


def _read(head: bytes, body: bytes) -> Described:
    first = _HEAD.match(head)
    if first is None:
        raise NoAnswer("what answers there is not RTSP")
    words = first[2].decode("utf-8", "replace").strip()
    return Described(status=int(first[1]), words=words, video=b"m=video" in body)
