"""Makes editions of the register and follows their chain in the database."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db import audit, editions
from db.audit import Act
from db.editions import Edition
from db.pool import Connection
from monitor import chain
from monitor.declaring import Person
from monitor.register import public
from monitor.register.pages import Publisher
from monitor.register.public import Facts

Progress = Callable[[str, int], None]
"""Called now and then with what is being done, and how many are done."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An edition with all its facts, by code, and all editions before it. fresh: made just now."""

    edition: Edition
    facts: Mapping[str, Facts]
    before: tuple[Edition, ...]
    fresh: bool


async def issue(
    conn: Connection,
    person: Person,
    now: datetime,
    publisher: Publisher,
    progress: Progress | None = None,
) -> Issue:
    """A new edition of what the register says now; the newest one again if nothing has changed."""
    async with conn.transaction(isolation="repeatable_read"):
        await editions.take_turn(conn)
        found = await read_facts(conn, progress)
        digests = {code: chain.digest(facts) for code, facts in found.items()}
        known = [each for each, _ in await editions.all_editions(conn)]
        whole = facts_digest(digests, publisher)
        if known and known[-1].facts == whole:
            return Issue(edition=known[-1], facts=found, before=tuple(known[:-1]), fresh=False)
        seq, newest = await editions.newest_act(conn)
        edition = Edition(
            number=len(known) + 1,
            made_at=now,
            cameras=len(found),
            declared=sum(each["declared"] for each in found.values()),
            facts=whole,
            audit_seq=seq,
            audit=newest,
            previous=known[-1].digest if known else chain.START,
            publisher=publisher.said,
        )
        published = await editions.published(conn)
        changed: dict[str, Facts | None] = {
            code: found[code] for code, each in digests.items() if published.get(code) != each
        }
        changed |= dict.fromkeys(published.keys() - found.keys())
        await editions.store(conn, edition, changed, by=person.name, role=person.role)
        act = Act(
            who=person.name,
            role=person.role,
            action="register.publish",
            subject=str(edition.number),
            detail={"digest": edition.digest.hex()},
        )
        await audit.append(conn, [act], now)
    return Issue(edition=edition, facts=found, before=tuple(known), fresh=True)


async def read_facts(conn: Connection, progress: Progress | None = None) -> dict[str, Facts]:
    """The public facts of all cameras now, by code in order. Inside a caller's transaction."""
    found: dict[str, Facts] = {}
    async for row in editions.rows(conn):
        found[row["camera"]] = public.facts(dict(row))
        if progress and len(found) % 1_000 == 0:
            progress("read", len(found))
    return found


def facts_digest(digests: Mapping[str, bytes], publisher: Publisher) -> bytes:
    """One digest over what the publisher says and those of all cameras, in the order of codes."""
    whole = hashlib.sha256(chain.canonical(publisher.said))
    for code in sorted(digests):
        whole.update(digests[code])
    return whole.digest()


async def follow(conn: Connection) -> list[str]:
    """What in the database does not fit its own editions, as sentences; nothing when all fits.

    The chain of editions, the facts that each changed, the versions of entries that these rest on,
    the audit trail, and the row of it that each edition names.
    """
    problems: list[str] = []
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        known = await editions.all_editions(conn)
        for edition, stored in known:
            if edition.digest != stored:
                problems.append(f"Edition {edition.number} was changed: its digest does not fit.")
        problems += await _follow_facts(conn, [edition for edition, _ in known])
        verdict = await audit.verify(conn)
        if verdict.broken is not None:
            problems.append(f"Row {verdict.broken} of the audit trail does not fit.")
        problems += await _follow_acts(conn, [edition for edition, _ in known])
    return problems


async def _follow_facts(conn: Connection, known: list[Edition]) -> list[str]:
    problems: list[str] = []
    versions = {(key, n): digest async for key, n, digest in editions.versions(conn)}
    digests: dict[str, bytes] = {}
    waiting = iter(known)
    current = next(waiting, None)

    def close(edition: Edition) -> None:
        if facts_digest(digests, Publisher(**edition.publisher)) != edition.facts:
            problems.append(f"The facts of edition {edition.number} are not those it was made of.")

    async for row in editions.facts_of(conn):
        while current is not None and row["edition"] > current.number:
            close(current)
            current = next(waiting, None)
        code, facts = row["camera_code"], row["facts"]
        if chain.digest(facts) != row["digest"]:
            problems.append(f"What edition {row['edition']} says of {code} was changed.")
        problems += _rests(row["edition"], code, facts, versions)
        if facts is None:
            digests.pop(code, None)
        else:
            digests[code] = row["digest"]
    while current is not None:
        close(current)
        current = next(waiting, None)
    return problems


def _rests(
    number: int,
    code: str,
    facts: Mapping[str, Any] | None,
    versions: Mapping[tuple[str, int], bytes],
) -> list[str]:
    """Whether the entry behind a fact is still what it was when it was published."""
    if not facts or facts["version_digest"] is None:
        return []
    key, version = facts["entry"], facts["version"]
    digest = versions.get((key, version))
    if digest is not None and digest.hex() == facts["version_digest"]:
        return []
    # a version that was not approved then may have been approved since: that is no forgery
    if digest is not None and facts["approved_on"] is None:
        return []
    return [f"Version {version} of entry {key} is not what edition {number} rested on ({code})."]


async def _follow_acts(conn: Connection, known: list[Edition]) -> list[str]:
    rows = await conn.fetch(
        "SELECT seq, digest FROM audit WHERE seq = ANY($1)", [each.audit_seq for each in known]
    )
    digests = {row["seq"]: row["digest"] for row in rows} | {0: chain.START}
    return [
        f"The audit trail that edition {each.number} names (row {each.audit_seq}) is gone."
        for each in known
        if digests.get(each.audit_seq) != each.audit
    ]
