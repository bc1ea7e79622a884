"""Is the process alive, is the monitor able to tell the truth, and its own metrics.

`/healthz` never touches the database, so that a dead database does not restart a healthy process.
"""

import asyncpg
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from db import pool, views
from db.rows import Row
from monitor.web.keys import REGISTRY, connection
from monitor.web.replies import answer


async def healthz(request: web.Request) -> web.Response:
    """The process answers."""
    return answer(request, {"ok": True})


async def readyz(request: web.Request) -> web.Response:
    """200, or 503 with the reasons: database away, nobody asks, the newest observation too old."""
    try:
        async with connection(request) as conn:
            state = await views.readiness(conn)
    except (asyncpg.PostgresError, *pool.LOST):
        state = {"problems": ["The database does not answer."]}
    else:
        state["problems"] = _problems(state)
    ready = not state["problems"]
    return answer(request, {"ready": ready, **state}, status=200 if ready else 503)


def _problems(state: Row) -> list[str]:
    if not state["polled"]:
        return []  # an empty inventory needs no collector
    problems = []
    if not state["collectors"]:
        problems.append("No collector is alive: nobody asks the cameras.")
    age_s, patience_s = state["newest_age_s"], state["patience_s"]
    if age_s is None:
        problems.append("There is no observation yet.")
    elif age_s > patience_s:
        problems.append(f"The newest observation is {age_s:.0f} s old (limit {patience_s:.0f} s).")
    return problems


async def metrics(request: web.Request) -> web.Response:
    """Our own metrics for Prometheus."""
    body = generate_latest(request.app[REGISTRY])
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})
