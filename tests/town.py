"""A town whose cameras are recorded: its database, its clock, and recorders that can be killed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from db import life
from monitor.health import Policy
from monitor.model import Cause, Reason
from monitor.recorder import Recorder
from tests.clock import Clock
from tests.factories import add_cameras, observation

FIGURES = {"cameras": 3, "asked": 7, "skipped": 1, "late_p99_s": 0.01, "loop_lag_s": 0.0}
GOOD, BAD = Reason.OK, Reason.REFUSED


class Town:
    """A database with cameras, its clock, and recorders that are cut off at the end."""

    def __init__(self, dsn: str, conn: asyncpg.Connection) -> None:
        self.dsn = dsn
        self.conn = conn
        self.clock = Clock()
        self.started = self.clock.at
        self.ids: list[int] = []
        self.recorders: list[Recorder] = []

    def recorder(self, **settings: Any) -> Recorder:
        values = {"dsn": self.dsn, "pause": self.clock.pause, **settings}
        made = Recorder(policy=Policy(), now=self.clock, figures=lambda: FIGURES, **values)
        self.recorders.append(made)
        return made

    async def recording(self, **settings: Any) -> Recorder:
        made = self.recorder(**settings)
        await made.open()
        await made.enrol(self.serving())
        return made

    def serving(self, since: datetime | None = None) -> dict[int, tuple[datetime, Cause]]:
        return dict.fromkeys(self.ids, (since or self.started, Cause.NOT_YET))

    async def round(self, recorder: Recorder, *reasons: Reason, seconds: float = 60) -> None:
        """Time passes, each camera is asked once, and what was seen is stored."""
        self.clock.move(seconds=seconds)
        self.offer(recorder, *reasons)
        await recorder.flush()

    def offer(self, recorder: Recorder, *reasons: Reason) -> None:
        for camera_id, reason in zip(self.ids, reasons or [GOOD] * len(self.ids), strict=True):
            recorder.offer(observation(self.clock.at, reason, camera_id=camera_id))

    async def dark(self, camera_id: int | None = None) -> list[tuple[float, float | None, str]]:
        """Unobserved stretches of a camera, in seconds since the start."""
        rows = await self.conn.fetch(
            "SELECT starts_at, ends_at, cause FROM unobserved WHERE camera_id = $1 ORDER BY 1",
            camera_id or self.ids[0],
        )
        return [(self.s(row[0]), row[1] and self.s(row[1]), row[2]) for row in rows]

    async def changes(self, camera_id: int | None = None) -> list[tuple[float, str]]:
        rows = await self.conn.fetch(
            "SELECT at, to_health FROM transition WHERE camera_id = $1 ORDER BY at",
            camera_id or self.ids[0],
        )
        return [(self.s(row[0]), row[1]) for row in rows]

    def s(self, instant: datetime) -> float:
        return (instant - self.started).total_seconds()

    async def close_a_day(self, hours: float) -> None:
        """A day that ended so many hours after the start, with final figures."""
        await self.conn.execute(
            "INSERT INTO day_closed (day, ends_at, final) VALUES ('2026-03-02', $1, true)",
            self.started + timedelta(hours=hours),
        )

    async def day_is_final(self) -> bool:
        return bool(await self.conn.fetchval("SELECT final FROM day_closed"))


@asynccontextmanager
async def founded(database: str, conn: asyncpg.Connection) -> AsyncIterator[Town]:
    """A town of three cameras; its recorders are cut off at the end."""
    made = Town(database, conn)
    made.ids = await add_cameras(conn, 3, made.clock.at)
    yield made
    for recorder in made.recorders:
        kill(recorder)


def kill(recorder: Recorder) -> None:
    """What kill -9 leaves: a closed socket and no last words."""
    recorder._session.abandon()


async def until_free(conn: asyncpg.Connection) -> None:
    """The server frees the lock of a dead process when it reads the end of its socket."""
    await conn.execute("SELECT pg_advisory_lock($1)", life.COLLECTOR_LOCK)
    await conn.execute("SELECT pg_advisory_unlock($1)", life.COLLECTOR_LOCK)
