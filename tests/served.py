"""The web application on a real port over a real database, for the tests of API and page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter

from db import pool
from monitor.web import Console, create_app

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(dsn: str, **console: Any) -> AsyncIterator[tuple[Client, asyncpg.Pool]]:
    """A client of the application, and the pool behind it, so that a test can take it away."""
    connections = await pool.create_pool(dsn, size=3)
    registry = CollectorRegistry()
    Counter("camledger_asked", "Questions.", registry=registry).inc(3)
    app = create_app(connections, registry=registry, console=Console(version="1.2.3", **console))
    async with TestClient(TestServer(app)) as client:
        yield client, connections
    connections.terminate()
