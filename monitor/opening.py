"""Opens the database of the configuration, embedded or given, and makes it ready for use."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from db import cameras, embedded, migrate, pool
from db.pool import Connection
from monitor.settings import Settings


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """Address of the configured database; without one, of the embedded server, which ends after.

    Raises EmbeddedFailure, DatabaseUnreachable.
    """
    if settings.database.url is not None:
        yield settings.database.url.get_secret_value()
        return
    server = embedded.start(settings.database.data_dir)
    try:
        yield await embedded.ensure_database(server)
    finally:
        server.stop()


async def prepare(dsn: str, settings: Settings) -> list[str]:
    """Migrate, set the reader's password, store what views need. Returns migrations applied."""
    conn = await pool.connect(dsn)
    try:
        applied = await migrate.migrate(conn)
        if settings.database.bi_password:
            password = settings.database.bi_password.get_secret_value()
            await migrate.set_reader_password(conn, password)
        policy = settings.policy
        await cameras.store_policy(
            conn,
            cadence_s=policy.cadence.total_seconds(),
            patience_s=policy.patience.total_seconds(),
            clock_tolerance_s=policy.clock_tolerance.total_seconds(),
            timezone=settings.city.timezone,
        )
    finally:
        await conn.close()
    return applied


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Connection]:
    """A connection to a database of the right version.

    Raises EmbeddedFailure, DatabaseUnreachable, SchemaMismatch.
    """
    async with database(settings) as dsn:
        conn = await pool.connect(dsn)
        try:
            await migrate.check(conn)
            yield conn
        finally:
            await conn.close()
