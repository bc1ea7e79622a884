"""Change sets: what a file, an order or an undo changes in the inventory, compared and kept by set.

Rows are staged, compared with what is stored field by field, and only what differs is applied. How
a difference becomes rows of cameras, areas or places is left to their modules.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import asyncpg

from db.pool import Connection
from monitor.inventory.patch import Patch
from monitor.model import Requirement

_LOCK = 0x5E_0500  # advisory lock: one change set at a time
WITHIN_S = 900.0  # for 200,000 rows on a slow machine


class What(StrEnum):
    """What a change set speaks of."""

    AREAS = "areas"
    CAMERAS = "cameras"
    PLACES = "places"


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """Who changes something, when, from what.

    source: name of a file or command; digest: of the file; unit: what its lines are called.
    """

    by: str
    at: datetime
    source: str
    digest: bytes | None = None
    unit: str = "line"
    reason: str | None = None
    undoes: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """How often one field of known things is set where nothing was, changed, cleared."""

    name: str
    set: int
    changed: int
    cleared: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What staged rows differ in. absent: stored things that no row speaks of."""

    added: int
    changed: int
    unchanged: int
    absent: int
    fields: tuple[Field, ...]


async def take_turn(conn: Connection) -> None:
    """Wait until nobody else changes the inventory; lasts as long as the transaction.

    What refers to areas may come before them.
    """
    await conn.execute("SET CONSTRAINTS ALL DEFERRED")
    # whoever takes in a large file holds it for a minute or more
    await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK, timeout=WITHIN_S)


async def settle_references(conn: Connection) -> None:
    """Check now that nothing refers to an area that is not there, and from here on at once."""
    await conn.execute("SET CONSTRAINTS ALL IMMEDIATE", timeout=WITHIN_S)


async def stage(conn: Connection, rows: Iterable[Patch]) -> None:
    """Put what rows say beside what is stored. Keys are unique. Inside the caller's transaction."""
    await _begin(conn)
    await conn.copy_records_to_table(
        "staged",
        records=(
            (row.key, row.line or number, _plain(row.values), _plain(row.made))
            for number, row in enumerate(rows, 1)
        ),
        timeout=WITHIN_S,
    )
    await conn.execute("ANALYZE staged")


async def _begin(conn: Connection) -> None:
    await conn.execute(
        """
        DROP TABLE IF EXISTS staged, difference;
        CREATE TEMP TABLE staged (key text PRIMARY KEY, line integer, patch jsonb, made jsonb)
          ON COMMIT DROP;
        CREATE TEMP TABLE difference (key text PRIMARY KEY, line integer, before jsonb, after jsonb)
          ON COMMIT DROP
        """
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _spelt(value) if isinstance(value, Requirement) else value
        for name, value in values.items()
    }


def _spelt(needed: Requirement) -> dict[str, Any]:
    return {**asdict(needed), "review_due": needed.review_due.isoformat()}


async def compare(conn: Connection, what: What) -> Tally:
    """Work out what the staged rows change, into the table `difference`."""
    await conn.execute(
        """
        INSERT INTO difference
        SELECT s.key, s.line, NULL, s.made FROM staged s
        WHERE NOT EXISTS (SELECT FROM inventory i WHERE i.what = $1 AND i.key = s.key)
        UNION ALL
        SELECT s.key, s.line, d.before, d.after
        FROM staged s
        JOIN inventory i ON i.what = $1 AND i.key = s.key
        CROSS JOIN LATERAL (
          SELECT jsonb_object_agg(f.key, coalesce(i.fields -> f.key, 'null')) AS before,
            jsonb_object_agg(f.key, f.value) AS after
          FROM jsonb_each(s.patch) f
          WHERE coalesce(i.fields -> f.key, 'null') <> f.value) d
        WHERE d.after IS NOT NULL
        """,
        what,
        timeout=WITHIN_S,
    )
    await conn.execute("ANALYZE difference")
    return await _tally(conn, what)


async def _tally(conn: Connection, what: What) -> Tally:
    counts = await conn.fetchrow(
        """
        SELECT count(*) FILTER (WHERE before IS NULL) AS added, count(before) AS changed,
          (SELECT count(*) FROM staged) - count(*) AS unchanged,
          (SELECT count(*) FROM inventory i WHERE i.what = $1
            AND NOT EXISTS (SELECT FROM staged s WHERE s.key = i.key)
            AND ($1 <> 'places' OR i.fields ->> 'kind' IN (SELECT patch ->> 'kind' FROM staged)))
          AS absent
        FROM difference
        """,
        what,
        timeout=WITHIN_S,
    )
    fields = await conn.fetch(
        """
        SELECT f.key AS name, count(*) FILTER (WHERE d.before -> f.key = 'null') AS set,
          count(*) FILTER (WHERE d.before -> f.key <> 'null' AND f.value <> 'null') AS changed,
          count(*) FILTER (WHERE f.value = 'null') AS cleared
        FROM difference d CROSS JOIN LATERAL jsonb_each(d.after) f
        WHERE d.before IS NOT NULL GROUP BY f.key ORDER BY f.key
        """,
        timeout=WITHIN_S,
    )
    assert counts is not None  # noqa: S101  an aggregate always has its row
    return Tally(**dict(counts), fields=tuple(Field(**dict(row)) for row in fields))


async def examples(conn: Connection, most: int) -> list[tuple[str, str, Any, Any]]:
    """The first fields that differ: key, field, before, after; in the order of the file."""
    found = await conn.fetch(
        """
        SELECT d.key, f.key AS field, d.before -> f.key AS before, f.value AS after
        FROM difference d CROSS JOIN LATERAL jsonb_each(d.after) f
        WHERE d.before IS NOT NULL AND f.key <> 'geometry' ORDER BY d.line, d.key, f.key LIMIT $1
        """,
        most,
    )
    return [tuple(row) for row in found]


async def record(conn: Connection, what: What, order: Order) -> int:
    """Keep the difference, which the caller has applied, as a change set; its number.

    Call `attach` for what was changed of another kind along with it.
    """
    await _complete(conn, what)
    number: int = await conn.fetchval(
        """
        INSERT INTO change_set
          (number, what, at, by, source, digest, reason, undoes, added, changed, removed)
        SELECT coalesce((SELECT max(number) FROM change_set), 0) + 1,
          $1, $2, $3, $4, $5, $6, $7, count(*) FILTER (WHERE before IS NULL),
          count(*) FILTER (WHERE before IS NOT NULL AND after IS NOT NULL),
          count(*) FILTER (WHERE after IS NULL)
        FROM difference
        RETURNING number
        """,
        what,
        order.at,
        order.by,
        order.source,
        order.digest,
        order.reason,
        order.undoes,
    )
    await _keep(conn, number, what)
    return number


async def attach(conn: Connection, number: int, what: What) -> None:
    """Keep the difference, which the caller has applied, as part of a change set."""
    await _complete(conn, what)
    await _keep(conn, number, what)


async def _complete(conn: Connection, what: What) -> None:
    # with what the database added itself: whether it was changed later is seen by comparison
    await conn.execute(
        """
        UPDATE difference d SET after = i.fields FROM inventory i
        WHERE d.before IS NULL AND i.what = $1 AND i.key = d.key
        """,
        what,
        timeout=WITHIN_S,
    )


async def _keep(conn: Connection, number: int, what: What) -> None:
    await conn.execute(
        "INSERT INTO change (number, what, key, before, after) "
        "SELECT $1, $2, key, before, after FROM difference",
        number,
        what,
        timeout=WITHIN_S,
    )


async def add(conn: Connection, made: Mapping[str, Mapping[str, Any]]) -> None:
    """Begin a difference anew: things to be added, by key."""
    await _begin(conn)
    rows = [(key, 0, None, dict(fields)) for key, fields in made.items()]
    await conn.copy_records_to_table("difference", records=rows, timeout=WITHIN_S)


async def remove(conn: Connection, what: What, keys: Iterable[str]) -> None:
    """Begin a difference anew: stored things to be removed, each with all that it is."""
    await _begin(conn)
    await conn.execute(
        "INSERT INTO difference (key, line, before) SELECT key, 0, fields FROM inventory "
        "WHERE what = $1 AND key = ANY($2)",
        what,
        list(keys),
    )


async def reverse(conn: Connection, what: What, number: int) -> bool:
    """Begin a difference anew: a change set the other way round; False when there is nothing."""
    await _begin(conn)
    done: str = await conn.execute(
        "INSERT INTO difference SELECT key, 0, after, before FROM change "
        "WHERE number = $1 AND what = $2",
        number,
        what,
        timeout=WITHIN_S,
    )
    return done != "INSERT 0 0"


async def removed(conn: Connection) -> list[str]:
    """Keys of the difference that are to be removed."""
    return [
        row["key"]
        for row in await conn.fetch("SELECT key FROM difference WHERE after IS NULL ORDER BY key")
    ]


async def sets(conn: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """The newest change sets, newest first; `undone_by` where one took it back."""
    found = await conn.fetch(
        """
        SELECT s.*, u.number AS undone_by FROM bi.change_set s
        LEFT JOIN bi.change_set u ON u.undoes = s.number
        ORDER BY s.number DESC LIMIT $1
        """,
        limit,
    )
    return [dict(row) for row in found]


async def change_set(conn: Connection, number: int) -> dict[str, Any] | None:
    """One change set with its first changes; or None."""
    found = await conn.fetchrow("SELECT * FROM bi.change_set WHERE number = $1", number)
    return dict(found) if found else None


async def changes(conn: Connection, number: int, limit: int | None = None) -> list[asyncpg.Record]:
    """What a change set changed: what, key, before, after."""
    return list(
        await conn.fetch(
            "SELECT what, key, before, after FROM change WHERE number = $1 "
            "ORDER BY what, key LIMIT $2",
            number,
            limit,
        )
    )


async def conflicts(conn: Connection, number: int) -> list[asyncpg.Record]:
    """What stands in the way of taking a change set back: what, key, field, by (a later number).

    A field that no longer is what the set made of it; a thing that is gone, or is back again.
    """
    return list(
        await conn.fetch(
            """
            SELECT c.what, c.key, f.field,
              (SELECT max(l.number) FROM change l WHERE l.what = c.what AND l.key = c.key
                AND l.number > $1) AS by
            FROM change c
            LEFT JOIN inventory i ON i.what = c.what AND i.key = c.key
            CROSS JOIN LATERAL (
              SELECT e.key AS field FROM jsonb_each(c.after) e
              WHERE i.key IS NOT NULL AND coalesce(i.fields -> e.key, 'null') <> e.value
              UNION ALL
              SELECT e.key FROM jsonb_each(i.fields) e
              WHERE c.before IS NULL AND NOT c.after ? e.key AND e.value <> 'null'
              UNION ALL
              SELECT NULL WHERE (i.key IS NULL) = (c.after IS NOT NULL)) f
            WHERE c.number = $1 ORDER BY c.what, c.key, f.field
            """,
            number,
            timeout=WITHIN_S,
        )
    )
