"""Looks whether everything the monitor needs is there, for the verb `doctor`."""

import importlib.util
import math
import os
import resource
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from db import migrate, pool, views
from db.cluster import EmbeddedFailure
from monitor.opening import database
from monitor.settings import Settings

_FREE_GB_WANTED = 2
_DESCRIPTORS_SPARE = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        """The same as plain values."""
        return {"what": self.what, "ok": self.ok, "detail": self.detail}


async def examine(settings: Settings) -> list[Finding]:
    """Every finding; looks only, starts the embedded database if needed and stops it again."""
    return [*_machine(settings), *await _database(settings)]


def _machine(settings: Settings) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)  # the service raises it up to hard
    allowed = math.inf if resource.RLIM_INFINITY in (soft, hard) else hard
    wanted = settings.polling.concurrency + _DESCRIPTORS_SPARE
    yield Finding(
        what="open files",
        ok=allowed >= wanted,
        detail=f"{allowed} allowed, {wanted} wanted"
        + ("" if allowed >= wanted else ". Raise `ulimit -n` or lower polling.concurrency"),
    )
    folder = Path(settings.database.data_dir).absolute()
    while not os.path.exists(folder):  # Path.exists raises where we may not look
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / 1e9
    yield Finding(what="disk", ok=free_gb >= _FREE_GB_WANTED, detail=f"{free_gb:.1f} GB free")
    yield Finding(
        what="rights",
        ok=os.access(folder, os.W_OK),
        detail=f"{folder} is {'' if os.access(folder, os.W_OK) else 'not '}writable",
    )
    yield _port(settings)
    grafana = importlib.util.find_spec("grafana_client") is not None
    yield Finding(
        what="grafana extra",
        ok=True,
        detail="installed" if grafana else "not installed (needed for `dashboards` only)",
    )


def _port(settings: Settings) -> Finding:
    address = f"{settings.web.host}:{settings.web.port}"
    family = socket.AF_INET6 if ":" in settings.web.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web.host, settings.web.port))
        except OSError as exc:
            return Finding(
                what="web port",
                ok=False,
                detail=f"{address}: {exc.strerror}. Is the monitor running?",
            )
    return Finding(what="web port", ok=True, detail=f"{address} is free")


async def _database(settings: Settings) -> list[Finding]:
    try:
        async with database(settings) as opened:
            conn = await pool.connect(opened.dsn)
            try:
                await migrate.check(conn)
                server = await conn.fetchval("SHOW server_version")
                counts = await views.status(conn)
            finally:
                await conn.close()
    except (*pool.LOST, asyncpg.PostgresError, EmbeddedFailure, migrate.SchemaMismatch) as exc:
        return [Finding(what="database", ok=False, detail=str(exc))]
    return [
        Finding(what="database", ok=True, detail=f"PostgreSQL {server}, schema up to date"),
        Finding(what="inventory", ok=True, detail=f"{counts['cameras']} cameras"),
    ]
