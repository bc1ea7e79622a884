"""What the application carries: pool, metrics, the console's texts; and how to get a connection."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
from aiohttp import web
from prometheus_client import CollectorRegistry

from db.pool import Connection
from monitor.register.pages import Publisher

_NOBODY = Publisher(name="The operator", licence="", contact="", attribution="")
_WAIT = timedelta(seconds=5)  # for a free connection of the pool


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """What the console says about itself, and the public register about the operator.

    attribution: whose map data is shown. user_header: in which a proxy says who asks. geo_origins:
    other origins ("https://grafana.city.example") whose pages may read /geo; none by default.
    """

    version: str
    city: str = ""
    attribution: str = ""
    user_header: str = ""
    publisher: Publisher = _NOBODY
    geo_origins: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The part that the page reads."""
        return {"version": self.version, "city": self.city, "attribution": self.attribution}


POOL: web.AppKey[asyncpg.Pool] = web.AppKey("pool", asyncpg.Pool)
REGISTRY: web.AppKey[CollectorRegistry] = web.AppKey("registry", CollectorRegistry)
CONSOLE: web.AppKey[Console] = web.AppKey("console", Console)


@asynccontextmanager
async def connection(request: web.Request) -> AsyncIterator[Connection]:
    """A connection of the pool for one answer. Raises what asyncpg raises, or TimeoutError."""
    async with request.app[POOL].acquire(timeout=_WAIT.total_seconds()) as conn:
        yield conn
