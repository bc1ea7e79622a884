"""Runs monitor and bare client in turn on the same simulated cameras and compares their cost."""

import asyncio
import json
import socket
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from db import pool
from db.changes import Order, What
from monitor import intake, opening
from monitor.bench import usage
from monitor.bench.usage import Usage
from monitor.demo.stage import DemoFailure
from monitor.inventory import whole
from monitor.model import Camera
from monitor.settings import Settings

_PORT = 8000
_START_S = 60.0
_LATE_S = 1.0
_EDGE_S = 2.0  # of the bare client, before and after it is measured

Tell = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to measure: cameras, seconds between two questions, and how long each of the two is
    measured, in so many rounds taken in turn: another program's load then meets both.
    """

    cameras: int = 1000
    cadence_s: float = 10.0
    seconds: float = 60.0
    rounds: int = 3

    @property
    def round_s(self) -> float:
        """Seconds of one round."""
        return self.seconds / self.rounds

    @property
    def hosts(self) -> list[str]:
        """Addresses of the simulated cameras."""
        return [f"127.30.{n // 200}.{n % 200 + 1}" for n in range(self.cameras)]


async def measure(plan: Plan, tell: Tell) -> dict[str, Any]:
    """Measure and say so line by line; returns the figures. Raises DemoFailure."""
    tell(
        f"{plan.cameras} simulated cameras every {plan.cadence_s:g} s; bare client and monitor in "
        f"turn, {plan.rounds} × {plan.round_s:g} s each; medians"
    )
    bare: list[dict[str, float]] = []
    ours: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="camledger-bench-") as name:
        directory = _enterable(name)
        async with _simulator(plan, directory):
            await _enrol(plan, directory)
            for _ in range(plan.rounds):
                bare.append(await _bare(plan))
                ours.append(await _monitor(plan, directory))
    return _compare(_summary(bare), _summary(ours), tell)


def _enterable(name: str) -> Path:
    """The folder, passable for the user the database runs as."""
    directory = Path(name)
    directory.chmod(directory.stat().st_mode | 0o011)
    return directory


@asynccontextmanager
async def _simulator(plan: Plan, directory: Path) -> AsyncIterator[None]:
    file = directory / "devices.json"
    devices = [{"host": host, "http_port": _PORT, "rtsp_port": None} for host in plan.hosts]
    file.write_text(json.dumps(devices))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "collectors.simulator", f"--cameras={file}", "--while-stdin"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout and process.stdin  # noqa: S101, PT018  both are pipes
        line = await asyncio.wait_for(process.stdout.readline(), _START_S)
        if not line.startswith(b"ready"):
            raise DemoFailure("The simulated cameras do not start. Does another benchmark run?")
        yield
    finally:
        process.stdin.close()  # type: ignore[union-attr]
        await process.wait()


async def _bare(plan: Plan) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor.bench.bare"),
        *(str(_PORT), str(plan.cadence_s), str(plan.round_s + 2 * _EDGE_S)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin  # noqa: S101  a pipe
    process.stdin.write(" ".join(plan.hosts).encode() + b"\n")
    await asyncio.sleep(_EDGE_S)
    before = usage.of_process(process.pid)
    await asyncio.sleep(plan.round_s)
    after = usage.of_process(process.pid)
    output, _ = await process.communicate()
    asked, answered = map(int, output.split())
    measured = asked * plan.round_s / (plan.round_s + 2 * _EDGE_S)
    return {
        "asked": measured,
        "unanswered": asked - answered,
        "cpu_s_per_1000": (after.cpu_s - before.cpu_s) / measured * 1000,
        "memory_mb": after.memory_mb,
    }


async def _monitor(plan: Plan, directory: Path) -> dict[str, float]:
    web_port = _free_port()
    config = directory / "bench.toml"
    config.write_text(
        f'[database]\ndata_dir = "{directory}/data"\n[web]\nport = {web_port}\n'
        f"[polling]\ncadence_s = {plan.cadence_s}\ntimeout_s = {min(10, plan.cadence_s * 0.5)}\n"
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", "--config", str(config), "run"),
        stdout=asyncio.subprocess.DEVNULL,  # its log stays visible: a benchmark that fails says why
    )
    try:
        await _until_asked(web_port, plan)
        before, asked = (
            usage.of_tree(process.pid),
            await _figure(web_port, "camledger_stored_total"),
        )
        own = usage.of_process(process.pid)
        await asyncio.sleep(plan.round_s)
        after, own_after = usage.of_tree(process.pid), usage.of_process(process.pid)
        asked = await _figure(web_port, "camledger_stored_total") - asked
        lateness = await _lateness(web_port)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
    return _figures(before, after, own, own_after, asked) | lateness


def _figures(
    before: Usage, after: Usage, own: Usage, own_after: Usage, asked: float
) -> dict[str, float]:
    ours = own_after.cpu_s - own.cpu_s
    return {
        "asked": asked,
        "cpu_s_per_1000": (after.cpu_s - before.cpu_s) / asked * 1000,
        "monitor_cpu_s_per_1000": ours / asked * 1000,
        "postgres_cpu_s_per_1000": (after.cpu_s - before.cpu_s - ours) / asked * 1000,
        "memory_mb": after.memory_mb,
        "monitor_memory_mb": own_after.memory_mb,
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


async def _enrol(plan: Plan, directory: Path) -> None:
    settings = Settings.model_validate({"database": {"data_dir": str(directory / "data")}})
    cameras = [
        Camera(code=f"BENCH-{n:05d}", name=host, host=host, port=_PORT, simulated=True)
        for n, host in enumerate(plan.hosts)
    ]
    async with opening.database(settings, make=True) as opened:
        await opening.prepare(opened.dsn, settings)
        conn = await pool.connect(opened.dsn)
        order = Order(by="bench", at=datetime.now(UTC), source="bench")
        await intake.take(conn, What.CAMERAS, map(whole, cameras), order)
        await conn.close()


async def _until_asked(port: int, plan: Plan) -> None:
    """Wait until every camera was asked, and its answer confirmed."""
    try:
        async with asyncio.timeout(_START_S + 3 * plan.cadence_s):
            while not await _has_asked(port, plan.cameras * 2):  # noqa: ASYNC110  a process
                await asyncio.sleep(0.2)
    except TimeoutError as exc:
        raise DemoFailure("The monitor does not ask all cameras; its log says why") from exc


async def _has_asked(port: int, count: int) -> bool:
    try:
        return await _figure(port, "camledger_asked_total") >= count
    except OSError:
        return False  # not listening yet


async def _scrape(port: int) -> dict[str, float]:
    def fetch() -> str:
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())

    lines = (await asyncio.to_thread(fetch)).splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


async def _figure(port: int, name: str) -> float:
    return (await _scrape(port)).get(name, 0.0)


async def _lateness(port: int) -> dict[str, float]:
    seen = await _scrape(port)
    total = seen.get("camledger_late_seconds_count", 0.0)
    in_time = seen.get(f'camledger_late_seconds_bucket{{le="{_LATE_S}"}}', 0.0)
    last = 'camledger_late_last_seconds{{quantile="{}"}}'
    return {
        "late_over_1_s_share": 1 - in_time / total if total else 0.0,
        "late_p50_s": seen.get(last.format("0.5"), 0.0),
        "late_p99_s": seen.get(last.format("0.99"), 0.0),
        "late_max_s": seen.get(last.format("1"), 0.0),
        "unanswered": total
        - seen.get('camledger_observations_total{reason="ok"}', 0.0)
        + seen.get("camledger_reasked_total", 0.0)
        - seen.get("camledger_in_flight", 0.0),
        "skipped": seen.get("camledger_skipped_total", 0.0),
        "dropped": seen.get("camledger_dropped_total", 0.0),
    }


def _summary(rounds: list[dict[str, float]]) -> dict[str, float]:
    """Medians; of what must not happen at all, the worst round."""
    worst = {"late_max_s", "late_over_1_s_share", "unanswered", "skipped", "dropped"}
    return {
        name: (max if name in worst else median)(each[name] for each in rounds)
        for name in rounds[0]
    }


def _compare(bare: dict[str, float], ours: dict[str, float], tell: Tell) -> dict[str, Any]:
    ratio = ours["cpu_s_per_1000"] / bare["cpu_s_per_1000"]
    tell(
        f"bare client  {bare['cpu_s_per_1000']:.3f} CPU s per 1,000 questions, "
        f"{bare['memory_mb']:.0f} MB (asks and reads only)"
    )
    tell(
        f"monitor      {ours['cpu_s_per_1000']:.3f} CPU s per 1,000 questions "
        f"({ours['monitor_cpu_s_per_1000']:.3f} itself, "
        f"{ours['postgres_cpu_s_per_1000']:.3f} PostgreSQL), {ours['memory_mb']:.0f} MB "
        f"({ours['monitor_memory_mb']:.0f} itself); schedule, judgement, storage, page included"
    )
    tell(f"ratio        {ratio:.2f} × the bare client's CPU time")
    tell(
        f"lateness     p50 {ours['late_p50_s'] * 1000:.1f} ms, p99 {ours['late_p99_s'] * 1000:.1f}"
        f" ms, at most {ours['late_max_s'] * 1000:.1f} ms, the start included; "
        f"{ours['late_over_1_s_share'] * 100:.3f} % later than 1 s"
    )
    tell(
        f"lost         {ours['skipped']:.0f} skipped, {ours['dropped']:.0f} dropped, "
        f"{ours['unanswered']:.0f} without a good answer "
        f"(bare client: {bare['unanswered']:.0f}) in the worst round"
    )
    return {"bare": bare, "monitor": ours, "ratio": ratio}
