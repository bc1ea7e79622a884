"""Runs the demo: settings, the city into an empty database, the simulator beside the service."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from db import cameras as inventory
from db import pool, protected
from db.changes import Order, What
from db.pool import Connection
from monitor import intake, protecting
from monitor.demo import city, faults, reasons
from monitor.inventory import whole
from monitor.settings import Settings

_READY_WITHIN_S = 30.0

# Faster than a real city, so that a newcomer sees an outage confirmed within a minute.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "city": {
        "name": "Zürich centre (demo)",
        "timezone": "Europe/Zurich",
        "attribution": "© OpenStreetMap contributors, ODbL; Overture Maps Foundation",
    },
    "polling": {
        "cadence_s": 10,
        "timeout_s": 3,
        "connect_timeout_s": 2,
        "reask_after_s": 2,
        "failing_for_s": 20,
        "dispute_s": 60,
    },
    "coverage": {"refresh_s": 2},
    "declaration": {
        "contact": "oversight@city.example (sample)",
        "licence": "Sample data; positions © OpenStreetMap contributors, ODbL 1.0",
    },
    "figures": {"every_s": 15},
}
_PLATFORM = {
    "kind": "wvp",
    "url": f"http://{faults.PLATFORM_HOST}:{faults.PLATFORM_PORT}",
    "secret": faults.PLATFORM_KEY,
    "cadence_s": 10,
}


_PROJECT = Path(__file__).parents[2]


def data_dir() -> Path:
    """Not the default: the demo must never be taken for a city's own inventory.

    In the project, wherever it is started; in the current folder where only a package is installed.
    """
    folder = _PROJECT if (_PROJECT / "pyproject.toml").exists() else Path()
    return folder / "data" / "demo"


class DemoFailure(Exception):
    """The demo cannot be staged; the text says what to do."""


def demo_settings(given: Settings) -> Settings:
    """The demo's settings where the given ones are defaults."""
    values = given.model_dump()
    default = Settings().model_dump()
    for section, options in _DEFAULTS.items():
        for key, value in options.items():
            if values[section][key] == default[section][key]:
                values[section][key] = value
    values["platforms"] = values["platforms"] or {"sample": _PLATFORM}
    return Settings.model_validate(values)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The demo's parts. directory: where the simulator's files are written."""

    directory: Path

    async def load(self, dsn: str, now: datetime) -> int:
        """Put the sample city into an empty inventory; returns the number of cameras loaded."""
        conn = await pool.connect(dsn)
        try:
            stored = await inventory.cameras(conn)
            if any(each.simulated for each in stored.values()):
                if not await protected.layers(conn):  # a demo of an earlier version
                    await self._protect(conn, now)
                return 0
            if stored:
                raise DemoFailure(
                    f"This database holds {len(stored)} cameras of a city; the demo stays out of "
                    "it. Start them with `camledger run`, or give the demo its own data_dir"
                )
            sample = city.load()
            async with conn.transaction():
                order = Order(by="sample city", at=now, source="sample city")
                needed = city.with_needs(sample.places, now.date())
                await intake.take(conn, What.AREAS, map(whole, sample.areas), order)
                await self._protect(conn, now)
                await intake.take(conn, What.PLACES, map(whole, needed), order)
                await intake.take(conn, What.CAMERAS, map(whole, sample.cameras), order)
                await reasons.enter(conn, sample.cameras, now)
        finally:
            await conn.close()
        return len(sample.cameras)

    async def _protect(self, conn: Connection, now: datetime) -> None:
        layer = city.load().protected
        await protecting.load(conn, layer, digest=None, by="sample city", now=now)

    @asynccontextmanager
    async def simulator(self) -> AsyncIterator[int]:
        """The simulated cameras as a process of their own; gives their number, ends after.

        It ends by itself when we die: its standard input is our pipe. Raises DemoFailure.
        """
        sample = city.load()
        devices = faults.devices(sample.cameras)
        devices_file = self._write("devices.json", devices)
        script_file = self._write("script.json", faults.script(sample.cameras))
        platform_file = self._write("platform.json", faults.platform(sample.cameras))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "collectors.simulator",
            f"--cameras={devices_file}",
            f"--script={script_file}",
            f"--platform={platform_file}",
            "--while-stdin",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for us; we end it last
        )
        try:
            await self._wait_until_ready(process)
            yield len(devices)
        finally:
            await _end(process)

    def _write(self, name: str, content: Any) -> Path:
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / name
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        return path

    async def _wait_until_ready(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout and process.stderr  # noqa: S101, PT018  both are pipes
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _READY_WITHIN_S)
        except TimeoutError as exc:
            raise DemoFailure("The simulated cameras do not start. Is the machine busy?") from exc
        if not line.startswith(b"ready"):
            words = (await process.stderr.read()).decode(errors="replace").strip()
            raise DemoFailure(
                f"The simulated cameras do not start: {words or 'no word from them'}. "
                "Perhaps another demo runs on this machine; stop it first"
            )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.stdin:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), 2)
    except TimeoutError:
        process.kill()
        with contextlib.suppress(ProcessLookupError):
            await process.wait()
