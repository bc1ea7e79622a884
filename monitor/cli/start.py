"""Verbs that run until stopped: run and demo; they say where to look and keep a status line."""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from db import pool, views
from monitor import service, settings
from monitor.cli import show
from monitor.demo import Stage, data_dir, demo_settings
from monitor.opening import utc_now
from monitor.polling import Polling
from monitor.service import Role
from monitor.settings import Settings

_log = structlog.get_logger()

_LINE_EVERY_S = 2.0
_WORDS = ("online", "degraded", "offline", "unknown")
_LOG_LINE_EVERY_S = 30.0  # where there is no terminal


async def run(arguments: argparse.Namespace) -> int:
    """Run on the cameras of the inventory until told to stop."""
    config = settings.load(arguments.config)
    _stop_on_hangup()
    await service.run(config, role=Role(arguments.role), ready=_announce(config))
    return 0


async def demo(arguments: argparse.Namespace) -> int:
    """Run on the sample city until told to stop."""
    config = demo_settings(settings.load(arguments.config, data_dir=data_dir()))
    _stop_on_hangup()
    stage = Stage(directory=Path(config.database.data_dir) / "demo")
    print("Starting PostgreSQL, the sample city and its simulated cameras …", flush=True)

    async def load(dsn: str) -> None:
        loaded = await stage.load(dsn, utc_now())
        if loaded:
            print(f"Loaded the sample city: {loaded} cameras.", flush=True)

    async with stage.simulator():
        await service.run(config, load=load, ready=_announce(config))
    print("Stopped. The data is kept; the next start goes on with it.")
    return 0


def _stop_on_hangup() -> None:
    """A closed terminal stops the monitor in order, as SIGTERM does; under nohup it goes on."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, signal.raise_signal, signal.SIGTERM)


def _announce(config: Settings) -> Callable[[str, Polling | None], Awaitable[None]]:
    """Says where to look, then keeps a status line alive."""

    async def announce(dsn: str, polling: Polling | None) -> None:
        host = config.web.host if config.web.host not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104
        base = f"http://{host}:{config.web.port}"
        print(
            f"\n  Page     {base}/\n  API      {base}/api/v1/status  ({base}/api/v1/openapi.json)"
        )
        print(f"  Metrics  {base}/metrics\n  Stop     Ctrl-C\n", flush=True)
        await _status_line(dsn, polling)

    return announce


async def _status_line(dsn: str, polling: Polling | None) -> None:
    live = sys.stdout.isatty()
    while True:
        line = await _line(dsn, polling)
        try:
            print(f"\r\x1b[2K{line}" if live else line, end="" if live else "\n", flush=True)
        except BrokenPipeError:
            raise
        except OSError:
            _log.warning("the status line cannot be written")  # disk full: no reason to end
        await asyncio.sleep(_LINE_EVERY_S if live else _LOG_LINE_EVERY_S)


async def _line(dsn: str, polling: Polling | None) -> str:
    try:
        conn = await pool.connect(dsn)
        try:
            counts = await views.status(conn)
        finally:
            conn.terminate()
    except pool.LOST as exc:
        return f"The database does not answer ({exc})."
    shares = ", ".join(f"{counts[word]} {word}" for word in _WORDS)
    asked = f", {polling.poller.figures().asked} asked" if polling else ""
    rate = show.percent(counts["online_rate"]["value"])
    return (
        f"{utc_now():%H:%M:%S} UTC  {counts['cameras']} cameras: {shares}"
        f"  (online rate {rate}{asked})"
    )
