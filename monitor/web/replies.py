"""How every answer leaves: JSON, one shape of errors, gzip, entity tags and security headers.

What is answered is left to the other modules of this folder.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import structlog
from aiohttp import web

from db import pool

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LOG = structlog.get_logger()
_COMPRESS_FROM = 1_000  # bytes; less does not pay
_THREAD_FROM = 100_000  # bytes; compressing more would hold up the collectors' event loop
# MapLibre starts its worker from a blob and its style sheet holds pictures as data.
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; child-src blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Server": "camledger",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=()",
}
_ADVICE = {
    404: "See /api/v1/openapi.json for what there is.",
    405: "This interface only reads: use GET.",
}


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8; refuses NaN, which JSON does not have."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def answer(request: web.Request, value: Any, *, status: int = 200) -> web.Response:
    """A JSON answer that nobody keeps."""
    response = web.Response(
        body=encode(value),
        status=status,
        content_type="application/json",
        charset="utf-8",
        zlib_executor_size=_THREAD_FROM,
    )
    response.headers["Cache-Control"] = "no-store"
    return _smaller(request, response)


def tagged(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """An answer that may be kept but is asked for again: 304 when the client has it already.

    The tag is weak, since the same body travels plain and compressed.
    """
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'W/"{tag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    known = request.if_none_match or ()
    if any(each.value in (tag, "*") for each in known):
        return web.Response(status=304, headers=headers)
    response = web.Response(body=body, headers=headers, zlib_executor_size=_THREAD_FROM)
    response.headers["Content-Type"] = content_type
    return _smaller(request, response)


def _smaller(request: web.Request, response: web.Response) -> web.Response:
    body = response.body
    accepted = request.headers.get("Accept-Encoding", "").lower()
    if isinstance(body, bytes) and len(body) >= _COMPRESS_FROM and "gzip" in accepted:
        response.enable_compression(web.ContentCoding.gzip)
    response.headers["Vary"] = "Accept-Encoding"
    return response


def wrong(message: str, advice: str) -> web.HTTPBadRequest:
    """The exception for a request that cannot be answered as asked (400)."""
    return web.HTTPBadRequest(
        text=_problem("bad_request", message, advice), content_type="application/json"
    )


def missing(what: str, advice: str = "Check the spelling.") -> web.HTTPNotFound:
    """The exception for a thing that does not exist (404)."""
    return web.HTTPNotFound(
        text=_problem("not_found", f"There is no such {what}.", advice),
        content_type="application/json",
    )


def _problem(code: str, message: str, advice: str) -> str:
    return encode({"error": {"code": code, "message": message, "advice": advice}}).decode()


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every refusal, and a database that is away, into the one JSON shape."""
    try:
        return await handler(request)
    except web.HTTPError as exc:
        if exc.content_type != "application/json":
            code = exc.reason.lower().replace(" ", "_")
            exc.text = _problem(code, exc.reason + ".", _ADVICE.get(exc.status, ""))
            exc.content_type = "application/json"
        raise
    except (asyncpg.PostgresError, *pool.LOST) as exc:
        _LOG.warning("web.database_away", path=request.path, error=type(exc).__name__)
        text = _problem(
            "database_away",
            "The database does not answer, so there are no figures just now.",
            "Try again in a few seconds; if it stays so, look at /readyz and the database.",
        )
        return web.Response(text=text, status=503, content_type="application/json")


async def harden(request: web.Request, response: web.StreamResponse) -> None:
    """Signal for each response: the security headers."""
    response.headers.update(_HEADERS)
