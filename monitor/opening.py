"""Opens the database of the configuration, embedded or given, and makes it ready for use."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from db import cameras, embedded, migrate, pool, targets
from db.embedded import Server
from db.pool import Connection
from monitor.limits import limits
from monitor.settings import Settings

_log = structlog.get_logger()

_WATCH_EVERY_S = 1.0


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A database ready to connect to. server: only when it is the embedded one."""

    dsn: str
    server: Server | None = None


@asynccontextmanager
async def database(settings: Settings, *, make: bool = False) -> AsyncIterator[Opened]:
    """The configured database; without one, the embedded server, which ends after.

    make: make its files where there are none. Raises EmbeddedFailure (NoDatabase),
    DatabaseUnreachable.
    """
    if settings.database.url is not None:
        yield Opened(dsn=settings.database.url.get_secret_value())
        return
    server = embedded.start(settings.database.data_dir, make=make)
    try:
        yield Opened(dsn=await embedded.ensure_database(server), server=server)
    finally:
        server.stop()


async def keep_alive(server: Server) -> None:
    """Start the embedded server again whenever it dies. Runs until cancelled."""
    while True:
        await asyncio.sleep(_WATCH_EVERY_S)
        if not server.is_alive:
            _log.error("the embedded PostgreSQL died; starting it again")
            server.relaunch()


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
            longest_retention_days=settings.declaration.longest_retention_days,
            dispute_s=settings.polling.dispute_s,
            feed_patience_s=settings.feed_policy.patience.total_seconds(),
            judged_by=settings.polling.judged_by,
        )
        await targets.store(conn, limits(settings.reports.target))
    finally:
        await conn.close()
    return applied


@asynccontextmanager
async def connected(settings: Settings, *, make: bool = False) -> AsyncIterator[Connection]:
    """A connection to a database of the right version.

    make: make an embedded one where there is none. Raises EmbeddedFailure, DatabaseUnreachable,
    SchemaMismatch.
    """
    async with database(settings, make=make) as opened:
        conn = await pool.connect(opened.dsn)
        try:
            if make and await migrate.is_new(conn):
                await prepare(opened.dsn, settings)
            await migrate.check(conn)
            yield conn
        finally:
            await conn.close()
