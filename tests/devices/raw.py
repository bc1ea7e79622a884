"""Raw servers for byte-exact cases: each connection gets one scripted behaviour, on port 0."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

RESPONSE = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" '
    b'xmlns:tt="http://www.onvif.org/ver10/schema" '
    b'xmlns:d="http://www.onvif.org/ver10/device/wsdl">'
    b"<SOAP-ENV:Body><d:GetSystemDateAndTimeResponse><d:SystemDateAndTime>"
    b"<tt:DateTimeType>NTP</tt:DateTimeType><tt:DaylightSavings>false</tt:DaylightSavings>"
    b"<tt:TimeZone><tt:TZ>CST-8</tt:TZ></tt:TimeZone>"
    b"<tt:UTCDateTime><tt:Time><tt:Hour>5</tt:Hour><tt:Minute>6</tt:Minute><tt:Second>7</tt:Second>"
    b"</tt:Time><tt:Date><tt:Year>2026</tt:Year><tt:Month>3</tt:Month><tt:Day>4</tt:Day></tt:Date>"
    b"</tt:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse></SOAP-ENV:Body>"
    b"</SOAP-ENV:Envelope>"
)


def http(body: bytes = RESPONSE, *fields: str, status: str = "200 OK") -> bytes:
    """An HTTP answer with the header fields given, or with a right Content-Length."""
    fields = fields or (f"Content-Length: {len(body)}",)
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *fields))
    return head.encode("latin-1") + b"\r\n" + body


def says(*pieces: bytes, keep_open: bool = False, reset: bool = False) -> Talk:
    """Read the question, then send the pieces, each in a segment of its own."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005 if len(pieces) > 1 else 0)
        if keep_open:
            await reader.read()  # until the client goes
        if reset:
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    return talk


@asynccontextmanager
async def device(talk: Talk) -> AsyncIterator[int]:
    """A server that treats each connection as `talk` says; gives its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass  # the client has seen enough
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
