"""Editions of the public register: the facts behind them, their chain, and who witnessed it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from db.pool import Connection
from monitor import chain

_LOCK = 0x5E_0400  # advisory lock: one edition at a time
_AT_ONCE = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """One edition. facts: digest over publisher and facts of all cameras. audit: newest row then.

    previous: the digest of the edition before; `chain.START` for the first.
    """

    number: int
    made_at: datetime
    cameras: int
    declared: int
    facts: bytes
    audit_seq: int
    audit: bytes
    previous: bytes
    publisher: dict[str, str] = field(default_factory=dict)

    @property
    def statement(self) -> dict[str, Any]:
        """What the digest is over, as it is published."""
        return {
            "number": self.number,
            "made_at": self.made_at,
            "cameras": self.cameras,
            "declared": self.declared,
            "facts": self.facts.hex(),
            "audit_seq": self.audit_seq,
            "audit": self.audit.hex(),
        }

    @property
    def digest(self) -> bytes:
        """The link of this edition in the chain."""
        return chain.link(self.previous, self.statement)


async def rows(conn: Connection) -> AsyncIterator[asyncpg.Record]:
    """What the register says of each camera now, by code. Inside a transaction of the caller."""
    cursor = conn.cursor(
        'SELECT * FROM register_told ORDER BY camera COLLATE "C"', prefetch=_AT_ONCE
    )
    async for row in cursor:
        yield row


async def row(conn: Connection, code: str) -> asyncpg.Record | None:
    """The same of one camera."""
    return await conn.fetchrow("SELECT * FROM register_told WHERE camera = $1", code)


async def take_turn(conn: Connection) -> None:
    """Wait until nobody else publishes; lasts as long as the transaction."""
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def all_editions(conn: Connection) -> list[tuple[Edition, bytes]]:
    """All editions in order, each with the digest that was stored."""
    found = await conn.fetch("SELECT * FROM edition ORDER BY number")
    previous, result = chain.START, []
    for row in found:
        names = ("number", "made_at", "cameras", "declared", "facts", "audit_seq", "audit")
        values = {name: row[name] for name in (*names, "publisher")}
        edition = Edition(previous=previous, **values)
        result.append((edition, row["digest"]))
        previous = row["digest"]
    return result


async def published(conn: Connection) -> dict[str, bytes]:
    """The digest of the facts of each camera as last published; those that are gone left out."""
    found = await conn.fetch(
        """
        SELECT DISTINCT ON (camera_code) camera_code, digest, facts IS NULL AS gone
        FROM edition_camera ORDER BY camera_code, edition DESC
        """
    )
    return {row["camera_code"]: row["digest"] for row in found if not row["gone"]}


async def store(
    conn: Connection,
    edition: Edition,
    changed: Mapping[str, Mapping[str, Any] | None],
    *,
    by: str,
    role: str,
) -> None:
    """Keep an edition and the facts that it changes (None: the camera is gone)."""
    await conn.execute(
        """
        INSERT INTO edition (number, made_at, made_by, made_role, cameras, declared, facts,
          audit_seq, audit, digest, publisher)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """,
        edition.number,
        edition.made_at,
        by,
        role,
        edition.cameras,
        edition.declared,
        edition.facts,
        edition.audit_seq,
        edition.audit,
        edition.digest,
        edition.publisher,
    )
    await conn.copy_records_to_table(
        "edition_camera",
        schema_name="camledger",
        columns=["camera_code", "edition", "facts", "digest"],
        records=[
            (code, edition.number, None if facts is None else dict(facts), chain.digest(facts))
            for code, facts in changed.items()
        ],
    )


async def facts_of(conn: Connection) -> AsyncIterator[asyncpg.Record]:
    """All published facts in the order of editions. Inside a transaction of the caller."""
    cursor = conn.cursor(
        "SELECT camera_code, edition, facts, digest FROM edition_camera "
        'ORDER BY edition, camera_code COLLATE "C"',
        prefetch=_AT_ONCE,
    )
    async for each in cursor:
        yield each


async def versions(conn: Connection) -> AsyncIterator[tuple[str, int, bytes]]:
    """Key, number and digest of every version of every entry. Inside a caller's transaction."""
    cursor = conn.cursor(
        "SELECT e.key, v.* FROM entry_version v JOIN entry e ON e.id = v.entry_id",
        prefetch=_AT_ONCE,
    )
    async for each in cursor:
        yield each["key"], each["version"], version_digest(each)


def version_digest(row: Mapping[str, Any]) -> bytes:
    """The digest over all that a version says, who stated and approved it, and its salt."""
    return chain.digest([row[name] for name in _VERSION])


_VERSION = (
    *("version", "stated_at", "stated_by", "stated_role", "site", "purpose", "purpose_class"),
    *("safety", "need", "ground", "assessment", "body", "contact", "sign", "sign_seen_on"),
    *("retention_days", "declared_from", "declared_until", "review_due", "features"),
    *("position_grid_m", "position_reason", "cost_purchase", "cost_year", "cost_public"),
    *("filing_no", "filed_on", "filing_authority", "approved_at", "approved_by", "approved_role"),
    "salt",
)


async def newest_act(conn: Connection) -> tuple[int, bytes]:
    """Number and digest of the newest row of the audit trail."""
    found = await conn.fetchrow("SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1")
    return (found["seq"], found["digest"]) if found else (0, chain.START)


async def note_witness(
    conn: Connection, number: int, witness: str, at: datetime, *, taken: bool, detail: str
) -> None:
    """Keep that an edition's digest was sent to somebody, and whether it was taken."""
    await conn.execute(
        "INSERT INTO edition_witness VALUES ($1, $2, $3, $4, $5)",
        number,
        witness,
        at,
        taken,
        detail,
    )


async def newest(conn: Connection) -> Mapping[str, Any] | None:
    """The newest edition and whether it still holds; None before the first."""
    found = await conn.fetchrow("SELECT * FROM bi.edition_now")
    return None if found is None else dict(found)
