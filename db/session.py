"""The one connection of the process that records: it holds the lock, and comes back after a loss.

What is stored over it is the recorder's business.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import structlog

from db import life, pool

_log = structlog.get_logger()

# our own cut session holds the lock until the server notices (keepalives of the pool: 30 s)
_LOCK_ATTEMPTS = 8
_GRACE_S = 1.0  # for a work that is cancelled
_BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)
Work = Callable[[asyncpg.Connection], Awaitable[None]]


class AnotherRecords(Exception):
    """Another process holds the lock: it records, we must not."""


class Session:
    """dsn: address of the database. answer_within: a work that takes longer is cut off."""

    def __init__(
        self,
        dsn: str,
        *,
        answer_within: timedelta = timedelta(seconds=60),
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._dsn = dsn
        self._answer_within_s = answer_within.total_seconds()
        self._pause = pause
        self._conn: asyncpg.Connection | None = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection; it may be dead without our knowing."""
        return self._conn is not None and not self._conn.is_closed()

    async def attempt(self, work: Work, *, within_s: float | None = None) -> None:
        """Do the work once, connected. Raises AnotherRecords, and what a lost connection raises.

        After a failure the connection is dropped: nobody knows what was stored of the work.
        """
        conn = await self._connected()
        loop = asyncio.get_running_loop()
        # ends a work that hangs: a cancelled one would still wait to roll back
        watch = loop.call_later(within_s or self._answer_within_s, conn.terminate)
        task = asyncio.ensure_future(work(conn))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # asyncpg 0.32, cancelled during BEGIN, leaves a transaction open that nobody will ever
            # commit, and what comes later goes into it: let the work end first
            watch.cancel()
            watch = loop.call_later(_GRACE_S, conn.terminate)
            await asyncio.wait({task})
            if task.cancelled() or task.exception():
                self.abandon()
            raise
        except BaseException:
            self.abandon()
            raise
        finally:
            watch.cancel()

    async def persist(self, work: Work) -> None:
        """Do the work, however long the database is away. Raises AnotherRecords."""
        failures = refusals = 0
        while True:
            try:
                await self.attempt(work)
            except AnotherRecords:
                refusals += 1
                if refusals >= _LOCK_ATTEMPTS:
                    raise
            except pool.LOST as exc:
                _log.warning("database away", error=str(exc) or type(exc).__name__)
                refusals = 0
            else:
                if failures:
                    _log.info("database back")
                return
            await self._pause(_BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)])
            failures += 1

    async def close(self) -> None:
        """Say goodbye to the server, which frees the lock at once."""
        if self._conn is not None:
            await self._conn.close()
            self._conn = None

    def abandon(self) -> None:
        """Drop the connection without a word."""
        if self._conn is not None:
            self._conn.terminate()
            self._conn = None

    async def _connected(self) -> asyncpg.Connection:
        if self._conn is not None and not self._conn.is_closed():
            return self._conn
        conn = await pool.connect(self._dsn)
        try:
            if not await life.take_lock(conn):
                raise AnotherRecords("another process records into this database")
        except BaseException:
            conn.terminate()
            raise
        self._conn = conn
        return conn
