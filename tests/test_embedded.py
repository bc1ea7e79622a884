"""The embedded PostgreSQL starts anywhere, ends with us, and says what to do when it cannot."""

import asyncio
import hashlib
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import cluster, embedded, pool
from db.cluster import EmbeddedFailure, NoDatabase


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


async def test_data_of_version_0_1_is_found_under_its_new_name(directory: Path) -> None:
    server = embedded.start(directory)
    try:
        admin = await pool.connect(server.dsn("postgres"))
        await admin.execute("CREATE DATABASE sharp_eyes")
        old = await pool.connect(server.dsn("sharp_eyes"))
        await old.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        with pytest.raises(EmbeddedFailure, match="Stop the older program first"):
            await embedded.ensure_database(server)
        await old.close()
        conn = await pool.connect(await embedded.ensure_database(server))
        assert await conn.fetchval("SELECT answer FROM kept") == 42
        await conn.close()
        await admin.close()
    finally:
        server.stop()


def test_files_stay_with_the_user_that_made_them(monkeypatch: pytest.MonkeyPatch) -> None:
    class Data:
        def stat(self) -> os.stat_result:
            return os.stat_result((0, 0, 0, 0, pwd.getpwnam("nobody").pw_uid, 0, 0, 0, 0, 0))

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert cluster.owner(Data()) == "nobody"  # type: ignore[arg-type]


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
    monkeypatch.setattr(cluster, "_FREE_NEEDED", 1 << 60)
    with pytest.raises(EmbeddedFailure, match="Free space"):
        embedded.start(directory)


def test_it_touches_no_files_that_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    notes = tmp_path / "postgres" / "notes.txt"
    notes.write_text("precious")
    with pytest.raises(EmbeddedFailure, match="nothing was touched"):
        embedded.start(tmp_path)
    assert notes.read_text() == "precious"
    assert notes.parent.stat().st_uid == os.geteuid()


async def test_it_starts_after_a_power_cut_when_another_program_has_its_pid(
    directory: Path,
) -> None:
    embedded.start(directory, durable=False).stop()
    data = directory / "postgres"
    left = f"{os.getpid()}\n{data}\n1700000000\n5432\n{data}\n\n 1 1\nready   \n"
    (data / "postmaster.pid").write_text(left)
    server = embedded.start(directory, durable=False)
    try:
        await (await pool.connect(server.dsn("postgres"))).close()
    finally:
        server.stop()


def test_it_begins_again_after_being_killed_while_it_made_its_files(directory: Path) -> None:
    making = directory / "postgres.making"
    (making / "base").mkdir(parents=True)
    (making / "PG_VERSION").write_text("18\n")
    embedded.start(directory, durable=False).stop()
    assert not making.exists()
    assert (directory / "postgres" / "PG_VERSION").exists()


async def test_a_stray_marker_beside_a_good_database_deletes_nothing(directory: Path) -> None:
    server = embedded.start(directory, durable=False)
    conn = await pool.connect(await embedded.ensure_database(server))
    await conn.execute("CREATE TABLE kept AS SELECT 1")
    await conn.close()
    server.stop()
    (directory / "postgres.unfinished").touch()
    server = embedded.start(directory, durable=False)
    try:
        conn = await pool.connect(await embedded.ensure_database(server))
        assert await conn.fetchval("SELECT count(*) FROM kept") == 1
        await conn.close()
    finally:
        server.stop()


def test_what_an_older_release_left_half_made_is_named_and_not_touched(directory: Path) -> None:
    data = directory / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("18\n")
    (directory / "postgres.unfinished").touch()
    with pytest.raises(EmbeddedFailure, match=r"Nothing was touched\. Delete both"):
        embedded.start(directory, durable=False)
    assert (data / "PG_VERSION").exists()


def test_where_nothing_shall_be_made_no_folder_appears(tmp_path: Path) -> None:
    with pytest.raises(NoDatabase, match="There is no database in"):
        embedded.start(tmp_path / "data", make=False)
    assert list(tmp_path.iterdir()) == []


async def test_two_first_starts_at_once_share_one_server(directory: Path) -> None:
    both = [asyncio.to_thread(embedded.start, directory, durable=False) for _ in range(2)]
    servers = await asyncio.gather(*both)
    try:
        assert sorted(server.process is None for server in servers) == [False, True]
    finally:
        for server in servers:
            server.stop()


@pytest.mark.parametrize("name", ["数据 1", "a+b%20&c?d#e", "one,two", "long" * 30])
async def test_it_starts_in_a_folder_of_any_name(directory: Path, name: str) -> None:
    server = embedded.start(directory / name, durable=False)
    try:
        conn = await pool.connect(await embedded.ensure_database(server))
        await conn.close()
    finally:
        server.stop()
    assert server.sockets == server.data or not server.sockets.exists()


def test_it_uses_no_socket_folder_that_others_prepared(
    directory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_SOCKET_PATH_LIMIT", 1)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    short = hashlib.sha256(os.fsencode(directory.resolve() / "postgres")).hexdigest()[:16]
    (tmp_path / f"camledger-{short}").symlink_to(tmp_path)
    with pytest.raises(EmbeddedFailure, match="belongs to somebody else"):
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
