"""Everyone who looks is seen, and who changes the trail behind the program's back is found."""

import asyncio
import csv
import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import audit, pool
from db.audit import Act
from monitor import chain
from tests.running import ROOT
from tests.seed import seed
from tests.served import served

NOW = datetime.now(UTC)
CODE = "61000100001320000005"
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def act(number: int) -> Act:
    return Act(who="Li", role="auditor", action="camera.read", subject=f"C{number}")


async def filled(conn: asyncpg.Connection, count: int = 5) -> None:
    for number in range(count):
        await audit.append(conn, [act(number)], NOW + timedelta(microseconds=number))


@given(values)
def test_a_value_is_written_in_one_way_only(value: object) -> None:
    written = chain.canonical(value)
    assert chain.canonical(json.loads(written)) == written
    assert b", " not in chain.canonical([1, 2])


async def test_a_third_party_computes_the_same_digests_from_the_rows(
    conn: asyncpg.Connection,
) -> None:
    await filled(conn)
    previous = bytes(32)
    for row in await conn.fetch("SELECT * FROM bi.audit ORDER BY seq"):
        at = row["at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        plain = [row["seq"], at, row["who"], row["role"], row["action"], row["subject"]]
        text = json.dumps(
            [*plain, row["detail"], row["salt"]], separators=(",", ":"), sort_keys=True
        )
        previous = hashlib.sha256(previous + text.encode()).digest()
        assert previous.hex() == row["digest"]


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET who = 'Wu' WHERE seq = 3", 3),
        ("UPDATE audit SET at = at + interval '1 us' WHERE seq = 1", 1),
        ("DELETE FROM audit WHERE seq = 2", 3),
        ("UPDATE audit SET detail = '{\"a\": 1}' WHERE seq = 5", 5),
    ],
)
async def test_a_change_behind_the_programs_back_is_refused_and_if_forced_found(
    conn: asyncpg.Connection, statement: str, broken: int
) -> None:
    await filled(conn)
    with pytest.raises(asyncpg.RestrictViolationError, match="only ever added to"):
        await conn.execute(statement)
    assert (await audit.verify(conn)).broken is None
    await conn.execute("ALTER TABLE audit DISABLE TRIGGER audit_stays")
    await conn.execute(statement)
    assert (await audit.verify(conn)).broken == broken


async def test_many_who_write_at_once_make_one_chain(database: str) -> None:
    async with await pool.create_pool(database, size=5) as connections:

        async def write(number: int) -> None:
            async with connections.acquire() as conn:
                await audit.append(conn, [act(number), act(number)], NOW)

        await asyncio.gather(*(write(number) for number in range(20)))
        async with connections.acquire() as conn:
            verdict = await audit.verify(conn)
    assert (verdict.rows, verdict.broken) == (40, None)


async def test_a_look_at_one_camera_is_kept_once_in_ten_minutes(
    database: str, conn: asyncpg.Connection
) -> None:
    await seed(conn, NOW)
    async with served(database, user_header="X-Remote-User") as (client, _):
        for path in (f"cameras/{CODE}", f"cameras/{CODE}/ledger", f"register/{CODE}", "cameras"):
            for who in ("Li", "Li", ""):
                answer = await client.get(f"/api/v1/{path}", headers={"X-Remote-User": who})
                assert answer.status == 200
        assert (await client.get("/api/v1/cameras/none")).status == 404
        rows = await (await client.get("/api/v1/audit")).json()
    seen = sorted((row["who"], row["action"]) for row in rows)
    looks = ("camera.ledger", "camera.read", "register.read")
    assert seen == [
        *(("Li", each) for each in looks),
        *(("somebody at 127.0.0.1", each) for each in looks),
    ]


async def test_a_header_is_believed_only_when_the_operator_names_it(
    database: str, conn: asyncpg.Connection
) -> None:
    await seed(conn, NOW)
    async with served(database) as (client, _):
        await client.get(f"/api/v1/cameras/{CODE}", headers={"X-Remote-User": "Wu"})
    assert await conn.fetchval("SELECT who FROM audit") == "somebody at 127.0.0.1"


def say(dsn: str, folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "monitor", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CAMLEDGER_DATABASE_URL": dsn},
        capture_output=True,
        text=True,
        check=False,
    )


async def test_orders_at_the_command_line_are_kept_and_the_trail_can_be_exported(
    database: str, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await seed(conn, NOW)
    for words in (
        ("ledger", "--camera", CODE, "--from", "2026-01-01", "--by", "Li"),
        ("export", "cameras", "all.csv", "--by", "Li"),
        ("register", "show", CODE, "--by", "Li", "--as", "auditor"),
        ("requirement", "withdraw", "S1", "--by", "Li"),
        ("audit", "export", "trail.csv", "--by", "=Li"),
    ):
        done = say(database, tmp_path, *words)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "trail.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["who"], row["role"], row["action"]) for row in rows] == [
        ("Li", "operator", "camera.ledger"),
        ("Li", "operator", "export.cameras"),
        ("Li", "auditor", "register.show"),
        ("Li", "operator", "requirement.withdraw"),
        ("'=Li", "operator", "audit.export"),
    ]
    assert "requirement.withdraw" in say(database, tmp_path, "audit", "list").stdout
    done = say(database, tmp_path, "audit", "verify")
    assert (done.returncode, rows[-1]["digest"] in done.stdout) == (0, True)
    await conn.execute("ALTER TABLE audit DISABLE TRIGGER audit_stays")
    await conn.execute("UPDATE audit SET who = 'Wu' WHERE seq = 2")
    done = say(database, tmp_path, "audit", "verify")
    assert (done.returncode, "Row 2 does not fit" in done.stderr) == (1, True)
