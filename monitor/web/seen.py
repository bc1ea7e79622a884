"""Whoever looks is seen: the read of a single camera becomes a row of the audit trail.

The page asks for an open camera every ten seconds; that is one look. Who looks is what the proxy in
front says in the header `web.user_header`; without one, the address the question came from.
"""

import time
from collections.abc import MutableMapping

from aiohttp import web

from db import audit
from db.audit import Act
from db.pool import Connection
from monitor.opening import utc_now
from monitor.web.keys import CONSOLE

_ONE_LOOK_S = 600.0
_MOST = 10_000  # looks remembered; forgetting one costs a row, never hides a look
_MOST_CHARACTERS = 200

Looks = MutableMapping[tuple[str, str, str], float]
LOOKS: web.AppKey[Looks] = web.AppKey("looks", dict)


def who(request: web.Request) -> str:
    """The name that is kept; bounded, since anybody can send a header."""
    header = request.app[CONSOLE].user_header
    name = request.headers.get(header, "").strip()[:_MOST_CHARACTERS] if header else ""
    return name or f"somebody at {request.remote or 'an unknown address'}"


async def note(request: web.Request, conn: Connection, action: str, subject: str) -> None:
    """Keep that somebody looked; nothing when the same one looked there in the last ten minutes."""
    looks, now = request.app[LOOKS], time.monotonic()
    key = who(request), action, subject
    if now - looks.get(key, -_ONE_LOOK_S) < _ONE_LOOK_S:
        return
    act = Act(who=key[0], role="web", action=action, subject=subject)
    await audit.append(conn, [act], utc_now())
    if len(looks) >= _MOST:
        looks.clear()
    looks[key] = now
