"""Puts the web application together: routes, error shape, security headers.

The caller owns the pool and the registry, runs the application, and closes both.
"""

import asyncpg
from aiohttp import web
from prometheus_client import CollectorRegistry

from monitor.web import api, assets, geo, openapi, ready, register
from monitor.web.keys import CONSOLE, POOL, REGISTRY, Console
from monitor.web.register import SHELF, Shelf
from monitor.web.replies import answer, errors, harden
from monitor.web.seen import LOOKS

__all__ = ["Console", "create_app"]


def create_app(
    pool: asyncpg.Pool, *, registry: CollectorRegistry, console: Console
) -> web.Application:
    """The application; it only reads, and only by GET."""
    app = web.Application(middlewares=[errors], client_max_size=1024)
    app[POOL], app[REGISTRY], app[CONSOLE] = pool, registry, console
    app[LOOKS] = {}
    app[SHELF] = Shelf()
    app.on_response_prepare.append(harden)
    app.add_routes(
        [
            web.get("/healthz", ready.healthz),
            web.get("/readyz", ready.readyz),
            web.get("/metrics", ready.metrics),
            web.get("/geo/{layer}.geojson", geo.handle),
            web.get("/api/v1/openapi.json", _document),
            *(web.get(each.path, api.handler(each)) for each in api.ENDPOINTS),
            *assets.routes(),
            *register.routes(),
        ]
    )
    return app


async def _document(request: web.Request) -> web.Response:
    return answer(request, openapi.document(request.app[CONSOLE].version))
