"""Brings the database to the code's version: numbered files, one transaction each, forward only."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from monitor.limits import limits
from monitor.model import REASONS

_LOCK = 0x5E_0001  # advisory lock: one migration at a time
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class SchemaMismatch(Exception):
    """Database and program do not belong together; the text says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """One numbered file. checksum: sha256 of its text, hexadecimal."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Fingerprint by which a changed file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this program, in order."""
    found = []
    for entry in files("db").joinpath("migrations").iterdir():
        match = _NAME.fullmatch(entry.name)
        if match:
            found.append(
                Migration(number=int(match[1]), name=entry.name, sql=entry.read_text("utf-8"))
            )
    return sorted(found, key=lambda each: each.number)


async def migrate(conn: asyncpg.Connection) -> list[str]:
    """Apply what is missing and return the names. Raises SchemaMismatch; changes nothing then."""
    await conn.execute("SELECT pg_advisory_lock($1)", _LOCK)
    try:
        await _prepare_table(conn)
        pending = _pending(await _applied(conn), migrations())
        for each in pending:
            await _apply(conn, each)
        await _store_reasons(conn)
        await _store_targets(conn)
    finally:
        await conn.execute("SELECT pg_advisory_unlock($1)", _LOCK)
    return [each.name for each in pending]


async def set_reader_password(conn: asyncpg.Connection, password: str) -> None:
    """Give the read-only role camledger_bi a password (ALTER ROLE takes no parameters)."""
    statement = await conn.fetchval(
        "SELECT format('ALTER ROLE camledger_bi PASSWORD %L', $1::text)", password
    )
    await conn.execute(statement)


async def is_new(conn: asyncpg.Connection) -> bool:
    """Whether nothing was ever migrated there."""
    new: bool = await conn.fetchval(
        "SELECT to_regclass('camledger.migration') IS NULL "
        "AND to_regnamespace('sharp_eyes') IS NULL"
    )
    return new


async def check(conn: asyncpg.Connection) -> None:
    """Raises SchemaMismatch unless the database is exactly at the program's version."""
    exists = await conn.fetchval("SELECT to_regclass('camledger.migration') IS NOT NULL")
    applied = await _applied(conn) if exists else {}
    pending = _pending(applied, migrations())
    if pending:
        raise SchemaMismatch(
            f"The database lacks {len(pending)} migrations (first: {pending[0].name}). "
            "Run: camledger migrate"
        )


async def _prepare_table(conn: asyncpg.Connection) -> None:
    await conn.execute(
        """
        DO $$
        BEGIN -- its name until 0.1
          IF to_regnamespace('sharp_eyes') IS NOT NULL AND to_regnamespace('camledger') IS NULL THEN
            ALTER SCHEMA sharp_eyes RENAME TO camledger;
          END IF;
        END $$;
        CREATE SCHEMA IF NOT EXISTS camledger;
        CREATE TABLE IF NOT EXISTS camledger.migration (
          number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
          applied_at timestamptz NOT NULL DEFAULT now())
        """
    )


async def _applied(conn: asyncpg.Connection) -> dict[int, tuple[str, str]]:
    rows = await conn.fetch("SELECT number, name, checksum FROM camledger.migration")
    return {row["number"]: (row["name"], row["checksum"]) for row in rows}


def _pending(
    applied: dict[int, tuple[str, str]], available: Sequence[Migration]
) -> list[Migration]:
    known = {each.number: each for each in available}
    for number, (name, checksum) in sorted(applied.items()):
        if number not in known:
            raise SchemaMismatch(
                f"The database is newer than this program: it has {name}. Install the newer program"
            )
        if known[number].checksum != checksum:
            raise SchemaMismatch(
                f"{name} was applied with another text. Install the release that wrote it"
            )
    return [each for each in available if each.number not in applied]


async def _apply(conn: asyncpg.Connection, each: Migration) -> None:
    async with conn.transaction():
        await conn.execute("SET LOCAL search_path = camledger, public")
        try:
            await conn.execute(each.sql)
        except asyncpg.InsufficientPrivilegeError as exc:
            raise SchemaMismatch(
                f"The database user may not apply {each.name} ({exc}). It must own the database "
                "and, the first time, may create roles (CREATEROLE)"
            ) from exc
        await conn.execute(
            "INSERT INTO camledger.migration (number, name, checksum) VALUES ($1, $2, $3)",
            each.number,
            each.name,
            each.checksum,
        )


async def _store_targets(conn: asyncpg.Connection) -> None:
    """What holds without a contract, for a new database; the settings of a service come over it."""
    if await conn.fetchval("SELECT EXISTS (SELECT FROM camledger.target)"):
        return
    await conn.executemany(
        """
        INSERT INTO camledger.target (measure, word, at_least, colour, position)
        VALUES ($1, $2, $3, $4, $5)
        """,
        [(x.measure, x.word, x.at_least, x.colour, n) for n, x in enumerate(limits())],
    )


async def _store_reasons(conn: asyncpg.Connection) -> None:
    await conn.executemany(
        """
        INSERT INTO camledger.reason (code, says, counts, meaning, advice)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (code) DO UPDATE SET says = excluded.says, counts = excluded.counts,
          meaning = excluded.meaning, advice = excluded.advice
        WHERE (reason.says, reason.counts, reason.meaning, reason.advice)
          IS DISTINCT FROM (excluded.says, excluded.counts, excluded.meaning, excluded.advice)
        """,
        [
            (
                code.value,
                card.says and card.says.value,
                card.counts.value,
                card.meaning,
                card.advice,
            )
            for code, card in REASONS.items()
        ],
    )
