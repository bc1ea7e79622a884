"""Requests and replies as bytes: HTTP/1.1 and RTSP/1.0 share their framing. Pure; what to answer
is decided elsewhere.
"""

from dataclasses import dataclass

HEAD_LIMIT = 16_384
BODY_LIMIT = 262_144


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request. Header names are in lower case; of a repeated header the last counts."""

    method: str
    target: str
    version: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without scheme, host and query."""
        target = self.target
        if "://" in target:
            _, _, rest = target.partition("://")
            _, slash, path = rest.partition("/")
            target = slash + path
        return target.partition("?")[0] or "/"

    @property
    def wants_close(self) -> bool:
        """Whether the client asked to close after this answer (HTTP only; RTSP connections
        stay).
        """
        said = self.headers.get("connection", "").lower()
        return said == "close" or (self.version == "HTTP/1.0" and said != "keep-alive")


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """Bytes that are no request; `status` is the answer they deserve."""

    status: int
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """One answer before framing. Content-Length is added by `head_lines`."""

    status: int
    reason: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    protocol: str = "HTTP/1.1"


def take_request(buffer: bytearray) -> Request | Malformed | None:
    """Cut the first request off the buffer; None while it is incomplete."""
    end = buffer.find(b"\r\n\r\n", 0, HEAD_LIMIT + 4)
    if end < 0:
        too_long = len(buffer) > HEAD_LIMIT
        return Malformed(status=431, reason="Request Header Fields Too Large") if too_long else None
    lines = bytes(buffer[:end]).decode("latin-1").split("\r\n")
    start = lines[0].split(" ")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            return Malformed(status=400, reason="Bad Request")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length", "0")
    if len(start) != 3 or not (length.isascii() and length.isdigit()):
        return Malformed(status=400, reason="Bad Request")
    if "transfer-encoding" in headers:
        return Malformed(status=411, reason="Length Required")
    if len(length) > 9 or int(length) > BODY_LIMIT:
        return Malformed(status=413, reason="Payload Too Large")
    total = end + 4 + int(length)
    if len(buffer) < total:
        return None
    body = bytes(buffer[end + 4 : total])
    del buffer[:total]
    return Request(method=start[0], target=start[1], version=start[2], headers=headers, body=body)


def head_lines(reply: Reply, *, close: bool) -> list[str]:
    """Status line and headers, without line ends. RTSP has no Connection header and no empty
    Content-Length.
    """
    lines = [f"{reply.protocol} {reply.status} {reply.reason}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.protocol.startswith("HTTP"):
        lines.append(f"Content-Length: {len(reply.body)}")
        lines.append("Connection: close" if close else "Connection: keep-alive")
    elif reply.body:
        lines.append(f"Content-Length: {len(reply.body)}")
    return lines


def framed(lines: list[str], body: bytes, *, line_end: str = "\r\n") -> bytes:
    """Head and body as they go onto the wire."""
    return (line_end.join(lines) + 2 * line_end).encode("latin-1", "replace") + body
