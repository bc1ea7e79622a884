"""Measures the register of a large estate: published, verified, and one entry changed.

The peer is a program that only writes and reads the same bytes: what is above it is our work.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from db import editions, embedded, migrate, pool, views
from db.changes import Order, What
from db.pool import Connection
from monitor import declaring, intake
from monitor.bench import usage
from monitor.declaring import Person
from monitor.entry import MOST_CAMERAS, Declaration, Role, Value
from monitor.inventory import whole
from monitor.model import Area, Camera
from monitor.register import edition, folder, pages, public
from monitor.register.pages import Book, Publisher

Tell = Callable[[str], None]
_OFFICE = Person(name="Office", role=Role.OPERATOR)
_BOARD = Person(name="Board", role=Role.OVERSIGHT)
_SAID = Publisher(name="Bench", licence="CC0-1.0", contact="bench@x.example", attribution="")
_AREAS = 40
_WHOLE: dict[str, Value] = {
    "purpose": "Traffic flow at signals",
    "purpose_class": "traffic flow",
    "ground": "Decision 12/2026 of 2026-03-02",
    "body": "Office for streets",
    "contact": "streets@x.example",
    "sign": "Camera, office for streets",
    "sign_seen_on": datetime(2026, 11, 2, tzinfo=UTC).date(),
    "retention_days": 2,
}


async def measure(count: int, tell: Tell) -> dict[str, Any]:
    """Measure and say so line by line; returns the figures: wall and CPU seconds of ours."""
    found: dict[str, Any] = {"cameras": count}
    with tempfile.TemporaryDirectory(prefix="camledger-bench-") as name:
        directory = usage.enterable(name)
        server = embedded.start(directory / "data", durable=False)
        try:
            conn = await pool.connect(await embedded.ensure_database(server))
            await migrate.migrate(conn)
            await _timed("declared and approved", found, tell, lambda: _fill(conn, count))
            out = directory / "register"
            await _timed("published", found, tell, lambda: _publish(conn, out))
            await _timed("folder verified", found, tell, lambda: _check(out))
            await _timed("database verified", found, tell, lambda: _follow(conn))
            await _timed("same bytes written bare", found, tell, lambda: _bare(out, directory))
            await _timed("one entry changed: page, figures", found, tell, lambda: _one(conn))
            await conn.close()
        finally:
            server.stop()
    ratio = found["published"]["cpu_s"] / max(found["same bytes written bare"]["cpu_s"], 0.01)
    found["ratio"] = round(ratio, 1)
    tell(f"publishing costs {ratio:.1f} times the CPU of writing the same bytes")
    return found


async def _timed(
    what: str, found: dict[str, Any], tell: Tell, work: Callable[[], Awaitable[Any]]
) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    took = {
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
    }
    found[what] = took
    tell(f"{what}: {took['wall_s']:.2f} s, of them {took['cpu_s']:.2f} s CPU of ours")


async def _fill(conn: Connection, count: int) -> None:
    now = datetime.now(UTC) - timedelta(hours=1)
    areas = [Area(code=f"A{n}", name=f"Area {n}") for n in range(_AREAS)]
    order = Order(by="bench", at=now, source="bench")
    await intake.take(conn, What.AREAS, map(whole, areas), order)
    rows = [
        Camera(
            code=f"5101040000132{n:07}",
            name=f"Camera {n} of street {n // 9}",
            area_code=f"A{n % _AREAS}",
            lon=104 + n % 1000 / 5000,
            lat=30 + n // 1000 / 5000,
            direction=str(n % 360),
            address=f"Street {n // 9}, {n % 9}",
        )
        for n in range(count)
    ]
    await intake.take(conn, What.CAMERAS, map(whole, rows), order)
    stated = [
        Declaration(
            camera=row.code,
            entry=f"E{number // (MOST_CAMERAS // 10)}",
            values={
                **_WHOLE,
                "site": f"Street {number // 5}",
                "need": f"Loops miss bicycles here (count {number // 5})",
            },
        )
        for number, row in enumerate(rows)
    ]
    await declaring.declare(conn, stated, _OFFICE, now)
    await declaring.approve(conn, sorted({row.entry or "" for row in stated}), _BOARD, now)
    await conn.execute("ANALYZE")


async def _publish(conn: Connection, out: Path) -> None:
    issue = await edition.issue(conn, _BOARD, datetime.now(UTC), _SAID)
    book = Book(edition=issue.edition, facts=issue.facts, before=issue.before, publisher=_SAID)
    await asyncio.to_thread(folder.write, book, out)


async def _check(out: Path) -> None:
    problems = await asyncio.to_thread(folder.check, out)
    if problems:
        raise AssertionError(problems[0])


async def _follow(conn: Connection) -> None:
    problems = await edition.follow(conn)
    if problems:
        raise AssertionError(problems[0])


async def _bare(out: Path, directory: Path) -> None:
    await asyncio.to_thread(_copy, out, directory)


def _copy(out: Path, directory: Path) -> None:
    copy = directory / "bare"
    for file in out.rglob("*"):
        if file.is_file():
            target = copy / file.relative_to(out)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())


async def _one(conn: Connection) -> None:
    """A changed entry, its public page, and the counts of the whole estate."""
    code = "51010400001320000007"
    now = datetime.now(UTC)
    await declaring.declare(
        conn, [Declaration(camera=code, values={"purpose": "Flood level"})], _OFFICE, now
    )
    await declaring.approve(conn, [code], _BOARD, now)
    row = await editions.row(conn, code)
    assert row is not None  # noqa: S101  entered above
    text = pages.camera(public.facts(dict(row)), None, _SAID)
    if "Flood level" not in text:
        raise AssertionError("the page does not show the change")
    await views.status(conn)
