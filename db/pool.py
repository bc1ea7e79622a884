"""Connections to PostgreSQL: pool and single ones, with our search path, codecs and time limits."""

import json
from typing import Any, TypeAlias

import asyncpg
import asyncpg.pool

Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"
"""What functions of this package take first: a connection of its own, or one of the pool."""

_SETTINGS = {
    "application_name": "camledger",
    "search_path": "camledger, public",
    "timezone": "UTC",
    # a session whose client is gone ends within half a minute, and with it the lock it holds
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}
_COMMAND_TIMEOUT_S = 60.0
_CONNECT_TIMEOUT_S = 10.0


class DatabaseUnreachable(Exception):
    """PostgreSQL cannot be reached or refuses us; the text says what to do."""


LOST = (
    OSError,
    TimeoutError,
    DatabaseUnreachable,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # asyncpg 0.32, when the server dies amid a statement
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.CrashShutdownError,  # another backend crashed and took all with it
    asyncpg.InsufficientResourcesError,  # disk full, out of memory, too many connections
)
"""What a statement raises when the database went away and may come back."""


def _to_jsonb(value: Any) -> bytes:
    return b"\x01" + json.dumps(value, ensure_ascii=False).encode()


def _from_jsonb(data: bytes) -> Any:
    return json.loads(data[1:])


async def _prepare(conn: asyncpg.Connection) -> None:
    # binary, so that COPY can use it; the first byte is the version of the format
    await conn.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )


async def connect(dsn: str) -> asyncpg.Connection:
    """One connection of our own. Raises DatabaseUnreachable."""
    try:
        conn = await asyncpg.connect(
            dsn,
            server_settings=_SETTINGS,
            timeout=_CONNECT_TIMEOUT_S,
            command_timeout=_COMMAND_TIMEOUT_S,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        raise unreachable(exc) from exc
    await _prepare(conn)
    return conn


async def create_pool(dsn: str, *, size: int = 5, **settings: Any) -> asyncpg.Pool:
    """A pool for short statements. Raises DatabaseUnreachable."""
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=_prepare,
            server_settings=_SETTINGS,
            timeout=_CONNECT_TIMEOUT_S,
            command_timeout=_COMMAND_TIMEOUT_S,
            **settings,
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as exc:
        raise unreachable(exc) from exc


def unreachable(exc: BaseException) -> DatabaseUnreachable:
    """The operator's sentence for a failed connection; never carries the password."""
    if isinstance(
        exc, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError
    ):
        what = "PostgreSQL refuses the user or password. Check database.url"
    elif isinstance(exc, asyncpg.InvalidCatalogNameError):
        what = "The database does not exist. Create it, or correct database.url"
    elif isinstance(exc, asyncpg.TooManyConnectionsError):
        what = "PostgreSQL has no free connection. Raise max_connections or stop other clients"
    elif isinstance(exc, TimeoutError):
        what = "PostgreSQL does not answer. Check host and port of database.url, and the server"
    elif isinstance(exc, OSError):
        what = (
            f"PostgreSQL cannot be reached ({exc.strerror or exc}). "
            "Check that it runs, and database.url"
        )
    else:
        what = f"PostgreSQL refuses us ({exc}). Check database.url"
    return DatabaseUnreachable(what)
