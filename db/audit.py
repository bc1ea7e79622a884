"""The audit trail: who looked at or changed what, only ever added to, chained by digests."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from db.pool import Connection
from monitor import chain

_LOCK = 0x5E_0300  # advisory lock: one link at a time
_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """One thing that somebody did. action: "noun.verb". subject: its code or file."""

    who: str
    role: str
    action: str
    subject: str
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What following the chain found. broken: the first row that does not fit, or None."""

    rows: int
    last: bytes
    broken: int | None = None


async def append(conn: Connection, acts: Sequence[Act], now: datetime) -> None:
    """Add rows in this order, inside the caller's transaction or one of their own."""
    if not acts:
        return
    async with conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        last = await conn.fetchrow("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1")
        seq, previous = (last["seq"], last["digest"]) if last else (0, chain.START)
        rows = []
        for act in acts:
            seq += 1
            row = (seq, now, act.who, act.role, act.action, act.subject, act.detail, _salt())
            previous = chain.link(previous, row)
            rows.append((*row, previous))
        await conn.executemany(
            "INSERT INTO audit (seq, at, who, role, action, subject, detail, salt, digest) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            rows,
        )


def _salt() -> str:
    return secrets.token_hex(16)


async def rows(
    conn: Connection, *, since: datetime | None = None, limit: int | None = None
) -> list[asyncpg.Record]:
    """The newest rows first."""
    return await conn.fetch(
        "SELECT * FROM bi.audit WHERE $1::timestamptz IS NULL OR at >= $1 "
        "ORDER BY seq DESC LIMIT $2",
        since,
        limit,
    )


async def verify(conn: Connection) -> Verdict:
    """Follow the chain from its start. Needs the rights of the owner of the table."""
    previous, expected = chain.START, 0
    async for row in _in_order(conn):
        expected += 1
        values = tuple(row.values())
        previous = chain.link(previous, values[:-1])
        if row["seq"] != expected or previous != row["digest"]:
            return Verdict(rows=expected, last=previous, broken=row["seq"])
    return Verdict(rows=expected, last=previous)


async def _in_order(conn: Connection) -> AsyncIterator[asyncpg.Record]:
    after = 0
    while True:
        found = await conn.fetch(
            "SELECT seq, at, who, role, action, subject, detail, salt, digest FROM audit "
            "WHERE seq > $1 ORDER BY seq LIMIT $2",
            after,
            _AT_ONCE,
        )
        for row in found:
            yield row
        if len(found) < _AT_ONCE:
            return
        after = found[-1]["seq"]
