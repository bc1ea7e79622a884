"""The embedded PostgreSQL starts anywhere, ends with us, and says what to do when it cannot."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import embedded, pool
from db.embedded import EmbeddedFailure


@pytest.fixture
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    found = tmp_path_factory.mktemp("pg")
    for folder in (found, *found.parents):  # the server may run as another user
        if folder.stat().st_uid == os.geteuid():
            folder.chmod(folder.stat().st_mode | 0o011)
    return found


async def test_what_was_written_is_there_after_a_restart(directory: Path) -> None:
    server = embedded.start(directory)
    conn = await pool.connect(await embedded.ensure_database(server))
    await conn.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    await conn.close()
    server.stop()

    server = embedded.start(directory)
    try:
        conn = await pool.connect(await embedded.ensure_database(server))
        assert await conn.fetchval("SELECT answer FROM kept") == 42
        await conn.close()
    finally:
        server.stop()


async def test_a_second_start_uses_the_running_server(directory: Path) -> None:
    first = embedded.start(directory)
    try:
        second = embedded.start(directory)
        assert second.process is None
        second.stop()  # not its server
        conn = await pool.connect(first.dsn("postgres"))
        await conn.close()
    finally:
        first.stop()


def test_it_says_so_when_the_folder_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    with pytest.raises(EmbeddedFailure, match="cannot be used"):
        embedded.start(file)


def test_it_refuses_data_of_another_major_version(directory: Path) -> None:
    embedded.start(directory, durable=False).stop()
    (directory / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedFailure, match="PostgreSQL 12"):
        embedded.start(directory)


def test_it_quotes_the_server_when_it_does_not_start(directory: Path) -> None:
    embedded.start(directory, durable=False).stop()
    (directory / "postgres" / "postgresql.auto.conf").write_text("no_such_option = 1\n")
    with pytest.raises(EmbeddedFailure, match="no_such_option"):
        embedded.start(directory, durable=False)


def test_it_says_so_when_the_disk_is_full(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_FREE_NEEDED", 1 << 60)
    with pytest.raises(EmbeddedFailure, match="Free space"):
        embedded.start(directory)


def test_the_server_ends_when_its_parent_is_killed(directory: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from db import embedded;"
        "s = embedded.start(Path(sys.argv[1]), durable=False);"
        "print(s.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(directory)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    server = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while _runs(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(server)


def _runs(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


async def test_a_refused_connection_is_explained() -> None:
    with pytest.raises(pool.DatabaseUnreachable, match="Check that it runs"):
        await pool.connect("postgresql://u:secret@127.0.0.1:1/d")
