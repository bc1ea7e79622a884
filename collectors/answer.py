"""Reading one HTTP answer as cameras really send it: bytes in, a finished `Answer` out. No I/O.

Tolerates what the framing of cameras gets wrong; what the body means is left to `soap`.
"""

import re
from dataclasses import dataclass

from collectors.reading import ProbeFailure
from monitor.model import Reason

HEAD_LIMIT_BYTES = 32 * 1024
BODY_LIMIT_BYTES = 256 * 1024
# All that is no body: heads (interim ones, too) and chunk sizes.
_FRAMING_LIMIT_BYTES = 64 * 1024

# Some cameras send no reason phrase or several spaces (home-assistant/core#181234).
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_START = b"HTTP/"
# With either of these in hand the verdict stands, whatever the length header still promises.
# The first is searched in every answer; a literal start makes that search ten times faster.
_VERDICT = re.compile(rb"</(?:[\w.-]{1,40}:)?Envelope\s{0,20}>")
_WEB_PAGE = re.compile(rb"\s{0,40}<(?:!doctype\s{1,20}html|html)\b", re.IGNORECASE)
_OVERLAP_BYTES = 100  # longest text `_VERDICT` can match
_ENVELOPE = re.compile(rb"<(?:[\w.-]{1,40}:)?Envelope\b")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]*)?\r?\Z")
_CHUNK_LINE_LIMIT_BYTES = 200
_BLANK_LINES_LIMIT = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One HTTP answer. headers: lower-case names, repeated ones joined by ", ".

    cut: the camera closed before the end it had promised. connected_s, answered_s:
    `time.monotonic()` when the connection stood, which is when the question left, and when the
    answer was complete.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    cut: bool = False
    connected_s: float = 0.0
    answered_s: float = 0.0


class Reader:
    """Collects the bytes of one answer and says when it is complete. Bounded in size and in work
    per byte.
    """

    __slots__ = (
        "_body",
        "_chunks",
        "_head",
        "_length",
        "_raw",
        "_searched",
        "_taken",
        "headers",
        "status",
    )

    def __init__(self) -> None:
        self._raw = bytearray()  # bytes of the head, while it is not complete
        self._body = bytearray()
        self._head = True
        self._length: int | None = None
        self._chunks: _Chunks | None = None
        self._searched = 0
        self._taken = 0
        self.status = 0
        self.headers: dict[str, str] = {}

    def feed(self, data: bytes) -> bool:
        """Take what arrived; True when no more can change the verdict. Raises ProbeFailure."""
        self._taken += len(data)
        if self._head:
            self._raw += data
            if not self._read_head():
                self._bound()
                return False
            data = bytes(self._raw)
            self._raw.clear()
        if self._chunks is None:
            self._body += data
        else:
            self._chunks.feed(data, self._body)
        if self._is_complete():
            return True
        self._bound()
        return False

    def _bound(self) -> None:
        if len(self._body) > BODY_LIMIT_BYTES:
            raise ProbeFailure(Reason.ENDLESS, f"body over {BODY_LIMIT_BYTES // 1024} kB")
        if self._taken - len(self._body) > _FRAMING_LIMIT_BYTES:
            kilobytes = _FRAMING_LIMIT_BYTES // 1024
            raise ProbeFailure(Reason.ENDLESS, f"over {kilobytes} kB that are no body")

    @property
    def lingers(self) -> bool:
        """True when the promised length is reached inside an unclosed envelope: more may follow, or
        not.
        """
        return (
            not self._head
            and self._length is not None
            and len(self._body) >= self._length
            and _ENVELOPE.search(self._body, 0, 4096) is not None
        )

    def close(self) -> bool:
        """The camera closed: True when this cut the answer short. Raises ProbeFailure when there is
        none.
        """
        if self._head:
            self._head_missing()
        if self._chunks is not None:
            return not self._chunks.ended
        return self._length is not None and len(self._body) < self._length

    def body(self) -> bytes:
        """The body so far."""
        return bytes(self._body)

    def _head_missing(self) -> None:
        seen = bytes(self._raw).lstrip()
        if not seen:
            raise ProbeFailure(Reason.CLOSED, "closed without a byte")
        if _STATUS_LINE.match(seen):
            raise ProbeFailure(Reason.CLOSED, "closed inside the HTTP head")
        raise ProbeFailure(Reason.NOT_HTTP, f"starts with {shown(seen)}")

    def _read_head(self) -> bool:
        """Take complete heads off the raw bytes, interim ones (1xx) included; True when the final
        one came.
        """
        while True:
            if self._raw[:1].isspace():
                self._raw = self._raw.lstrip(b"\r\n")
            if self._raw[: len(_START)].upper() != _START[: len(self._raw)]:
                raise ProbeFailure(Reason.NOT_HTTP, f"starts with {shown(bytes(self._raw[:80]))}")
            end = self._head_end()
            if end is None:
                if len(self._raw) > HEAD_LIMIT_BYTES:
                    raise ProbeFailure(
                        Reason.ENDLESS, f"HTTP head over {HEAD_LIMIT_BYTES // 1024} kB"
                    )
                self._searched = max(0, len(self._raw) - 3)
                return False
            self._searched = 0
            self._take_head(bytes(self._raw[: end[0]]))
            del self._raw[: end[1]]
            if not 100 <= self.status < 200:
                self._head = False
                return True

    def _head_end(self) -> tuple[int, int] | None:
        """Where the head ends and the body starts; lines may end in LF only."""
        found = [
            (at, at + len(blank))
            for blank in (b"\n\r\n", b"\n\n")
            if (at := self._raw.find(blank, self._searched)) >= 0
        ]
        return min(found, default=None)

    def _take_head(self, head: bytes) -> None:
        line, *fields = head.split(b"\n")
        match = _STATUS_LINE.match(line)
        if match is None:
            raise ProbeFailure(Reason.NOT_HTTP, f"status line {shown(line)}")
        self.status = int(match[1])
        headers: dict[str, str] = {}
        for field in fields:
            name, colon, value = field.partition(b":")
            if not colon:
                continue  # a header line without a colon carries nothing
            key = name.strip().lower().decode("latin-1")
            text = value.strip().decode("latin-1")
            headers[key] = f"{headers[key]}, {text}" if key in headers else text
        self.headers = headers
        if "chunked" in headers.get("transfer-encoding", "").lower():
            self._chunks = _Chunks()
        elif "content-length" in headers:
            self._length = _length(headers["content-length"])

    def _is_complete(self) -> bool:
        # A refused login, a redirect or an empty status needs no body: the head is the verdict.
        if self.status in {204, 304, 401} or 300 <= self.status < 400:
            return True
        if self._chunks is not None and self._chunks.ended:
            return True
        start = max(0, self._searched - _OVERLAP_BYTES)
        self._searched = len(self._body)
        if _VERDICT.search(self._body, start):
            return True
        if start == 0 and _WEB_PAGE.match(self._body):
            return True
        return (
            self._length is not None
            and len(self._body) >= self._length
            and _ENVELOPE.search(self._body, 0, 4096) is None
        )


class _Chunks:
    """Takes chunked framing off; from the first broken chunk on everything is taken as it comes."""

    __slots__ = ("_blank_lines", "_broken", "_left", "_line", "ended")

    def __init__(self) -> None:
        self._left = 0
        self._line = b""
        self._blank_lines = 0
        self._broken = False
        self.ended = False

    def feed(self, data: bytes, body: bytearray) -> None:
        """Append the payload in `data` to `body`."""
        at = 0
        while at < len(data) and not self.ended:
            if self._broken or self._left:
                take = len(data) - at if self._broken else min(self._left, len(data) - at)
                body += data[at : at + take]
                at += take
                self._left = max(0, self._left - take)
                continue
            end = data.find(b"\n", at)
            self._line += data[at : len(data) if end < 0 else end]
            at = len(data) if end < 0 else end + 1
            if len(self._line) > _CHUNK_LINE_LIMIT_BYTES:
                self._give_up(body)
            elif end >= 0:
                self._take_size(body)

    def _take_size(self, body: bytearray) -> None:
        line = self._line
        if not line.strip() and self._blank_lines < _BLANK_LINES_LIMIT:
            self._line = b""  # the line break that ends the chunk before
            self._blank_lines += 1
            return
        self._blank_lines = 0
        match = _CHUNK_SIZE.match(line)
        if match is None:
            self._give_up(body, b"\n")
            return
        self._line = b""
        self._left = int(match[1], 16)
        self.ended = self._left == 0

    def _give_up(self, body: bytearray, rest: bytes = b"") -> None:
        body += self._line + rest
        self._line = b""
        self._broken = True


def _length(text: str) -> int | None:
    """The longest of the lengths promised: some cameras send two headers, equal or not
    (encode/httpx#740).
    """
    lengths = [int(part) for part in re.findall(r"\d{1,12}", text)]
    return max(lengths, default=None)


def shown(data: bytes) -> str:
    """The first bytes of something unexpected, for a detail text."""
    return ascii(data[:40].decode("latin-1"))
