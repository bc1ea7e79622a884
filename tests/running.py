"""Starts the real program on a real database and simulated cameras, for tests that kill it."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.simulator.fleet import Simulator
from collectors.simulator.simulated import SimulatedCamera
from db import pool
from monitor.model import Camera
from tests import taking
from tests.declared import declare_all

ROOT = Path(__file__).parent.parent
QUICK = {
    "CAMLEDGER_POLLING_CADENCE_S": "1",
    "CAMLEDGER_POLLING_TIMEOUT_S": "0.5",
    "CAMLEDGER_POLLING_CONNECT_TIMEOUT_S": "0.4",
    "CAMLEDGER_POLLING_REASK_AFTER_S": "0.1",
    "CAMLEDGER_POLLING_FAILURES": "2",
    "CAMLEDGER_POLLING_FAILING_FOR_S": "0.5",
    "CAMLEDGER_COVERAGE_REFRESH_S": "1",
    "CAMLEDGER_FIGURES_EVERY_S": "5",
}


def free_port() -> int:
    """A port of this worker alone: below those that the system hands out, never given twice."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for number in _PORTS:
        port = 20_000 + worker * 1_000 + number
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


_PORTS = iter(range(1_000))


@asynccontextmanager
async def fleet(dsn: str, net: str, count: int = 5) -> AsyncIterator[Simulator]:
    """Simulated cameras C0, C1 … on 127.NET.0.1 …, enrolled in the database."""
    devices = [
        SimulatedCamera(host=f"127.{net}.0.{n + 1}", http_port=0, rtsp_port=None)
        for n in range(count)
    ]
    async with Simulator(devices) as simulator:
        cameras = [
            Camera(
                code=f"C{n}",
                name=f"Camera {n}",
                host=each.host,
                area_code="A",
                port=simulator.device(each.host).http_port,
            )
            for n, each in enumerate(devices)
        ]
        conn = await pool.connect(dsn)
        await taking.take_cameras(conn, cameras, source="test", now=datetime.now(UTC))
        await declare_all(conn)
        await conn.close()
        yield simulator


@dataclass
class Program:
    """A running `camledger`."""

    process: asyncio.subprocess.Process
    port: int

    async def ask(self, path: str) -> Any:
        """A GET on its interface; None when nobody answers."""

        def get() -> Any:
            try:
                with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}{path}", timeout=15
                ) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as exc:
                with exc:
                    return json.load(exc)
            except OSError:
                return None

        return await asyncio.to_thread(get)

    async def ready(self) -> None:
        """Wait until it says so."""
        await until(lambda: self._is_ready())

    async def _is_ready(self) -> bool:
        answer = await self.ask("/readyz")
        return bool(answer and answer["ready"])

    async def kill(self) -> None:
        """As a power cut does."""
        self.process.kill()
        await self.process.wait()

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> tuple[int, float, str]:
        """Exit code, seconds it took, and what it printed."""
        began = time.monotonic()
        self.process.send_signal(how)
        output, _ = await asyncio.wait_for(self.process.communicate(), 30)
        code = self.process.returncode
        assert code is not None
        return code, time.monotonic() - began, output.decode()


@asynccontextmanager
async def program(
    dsn: str | None, *words: str, folder: Path | None = None, **environment: str
) -> AsyncIterator[Program]:
    """`camledger WORDS` (default: run); killed at the end if it still lives."""
    port = free_port()
    own = {"CAMLEDGER_DATABASE_DATA_DIR": str(folder / "data")} if folder else {}
    given = {"CAMLEDGER_DATABASE_URL": dsn} if dsn else own  # never the data of a person's own demo
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor", *(words or ("run",))),
        cwd=folder or ROOT,
        env={
            **os.environ,
            **QUICK,
            **given,
            "PYTHONPATH": str(ROOT),
            "CAMLEDGER_WEB_PORT": str(port),
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield Program(process=process, port=port)
    finally:
        if process.returncode is None:
            process.kill()
        output, _ = await process.communicate()
        sys.stdout.write(output.decode(errors="replace")[-8_000:])  # shown when a test fails


async def until(condition: Callable[[], Awaitable[Any]], within_s: float = 40) -> Any:
    """The first true value of a condition, asked often; fails when it takes too long."""
    async with asyncio.timeout(within_s):
        while not (value := await condition()):  # noqa: ASYNC110  another process changes it
            await asyncio.sleep(0.05)
        return value
