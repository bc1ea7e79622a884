"""Measures how a file of devices is taken in: time, and memory of our process, by size.

Each size is a process of its own. The peer is the same file split by `csv` and copied into a table
of texts: what is above it is reading, checking and comparing.
"""

import asyncio
import csv
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db import embedded, migrate, pool
from db.changes import Order, What
from monitor import intake, inventory
from monitor.bench import usage

Tell = Callable[[str], None]
_CHILD = "from monitor.bench.importing import main; main()"
SIZES = (2_000, 20_000, 200_000)
_HEADERS = (
    "设备编码,设备名称,行政区域,IP地址,端口,经度,纬度,监视方位,摄像机类型,安装地址,设备厂商,设备型号,"
    "MAC地址,安装时间,管理单位,联系方式,录像保存天数,杆号"
)


async def measure(tell: Tell, sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Import made lists of each size; seconds, megabytes, and the ratio of CPU to the peer."""
    found = []
    for count in sizes:
        figures = await _in_a_process(count)
        found.append(figures)
        tell(
            f"{count:,} devices imported: {figures['wall_s']:.1f} s, of them "
            f"{figures['cpu_s']:.1f} s CPU of ours, {figures['memory_mb']} MB; the same file again "
            f"{figures['again_s']:.1f} s; {figures['ratio']:.1f} times the CPU of a bare copy"
        )
    return found


async def _in_a_process(count: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="camledger-bench-") as name:
        directory = usage.enterable(name)
        file = directory / "devices.csv"
        _write(file, count)
        server = embedded.start(directory / "data", durable=False)
        try:
            dsn = await embedded.ensure_database(server)
            conn = await pool.connect(dsn)
            await migrate.migrate(conn)
            await conn.close()
            child = await asyncio.create_subprocess_exec(
                *(sys.executable, "-c", _CHILD, dsn, str(file)),
                stdout=asyncio.subprocess.PIPE,
            )
            written, _ = await child.communicate()
        finally:
            server.stop()
    return {"devices": count, **json.loads(written)}


def _write(file: Path, count: int) -> None:
    chance = random.Random(1)  # noqa: S311  repeatable, not secret
    with file.open("w", encoding="utf-8") as stream:
        print(_HEADERS, file=stream)
        for n in range(count):
            lon, lat = 104 + chance.random() / 5, 30.6 + chance.random() / 5
            print(
                f"5101040000132{n:07d},{n % 977}号路口{n}号,5101{n % 20:02d},"
                f"127.{n % 250}.{n // 250 % 250}.{n % 249 + 1},80,{lon:.6f},{lat:.6f},"
                f"{'东西南北'[n % 4]},枪机,第{n % 9999}大道{n % 300}号,厂商{n % 9},X-{n % 77},"
                f"0A-1B-2C-{n >> 16:02X}-{n >> 8 & 255:02X}-{n & 255:02X},2024-0{n % 9 + 1}-15,"
                f"管理{n % 30}所,028-{n:07d},30,P-{n // 3}",
                file=stream,
            )


async def _figures(dsn: str, file: Path) -> dict[str, Any]:
    conn = await pool.connect(dsn)
    bare = await _timed(_copied(conn, file))
    first = await _timed(_taken(conn, file))
    again = await _timed(_taken(conn, file))
    await conn.close()
    return {
        "wall_s": round(first[0], 2),
        "cpu_s": round(first[1], 2),
        "again_s": round(again[0], 2),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "ratio": round(first[1] / max(bare[1], 0.001), 1),
    }


async def _timed(work: Any) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    await work
    return time.perf_counter() - wall, time.process_time() - cpu


async def _taken(conn: pool.Connection, file: Path) -> None:
    opened = inventory.open_cameras(file)
    order = Order(by="bench", at=datetime.now(UTC), source=file.name)
    await intake.take(
        conn, What.CAMERAS, opened.rows(), order, make_areas=True, sound=lambda: opened.sound
    )


async def _copied(conn: pool.Connection, file: Path) -> None:
    columns = ", ".join(f"c{n} text" for n in range(_HEADERS.count(",") + 1))
    await conn.execute(f"CREATE TEMP TABLE bare ({columns})")
    await conn.copy_records_to_table("bare", records=_rows(file), timeout=600)


def _rows(file: Path) -> Iterator[list[str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        yield from csv.reader(stream)


def main() -> None:
    """What the process of one size does: address of the database, file → figures as JSON."""
    json.dump(asyncio.run(_figures(sys.argv[1], Path(sys.argv[2]))), sys.stdout)
