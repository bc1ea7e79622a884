"""What staged rows of a file refer to and resemble: areas by name, twins, strangers.

The table `staged` and the difference are those of `changes`.
"""

from collections.abc import Mapping

import asyncpg

from db.changes import WITHIN_S
from db.pool import Connection


async def area_words(conn: Connection) -> list[tuple[str, int, int]]:
    """What staged rows call their areas: word, the first line with it, how many rows."""
    found = await conn.fetch(
        """
        SELECT made ->> 'area_code' AS word, min(line) AS line, count(*) AS rows
        FROM staged WHERE made ? 'area_code' GROUP BY 1 ORDER BY 2, 1
        """,
        timeout=WITHIN_S,
    )
    return [tuple(row) for row in found]


async def name_areas(conn: Connection, codes: Mapping[str, str]) -> None:
    """Put the code of an area in the place of the word that means it."""
    await conn.execute(
        """
        UPDATE staged s SET patch = s.patch || jsonb_build_object('area_code', u.code),
          made = s.made || jsonb_build_object('area_code', u.code)
        FROM unnest($1::text[], $2::text[]) u (word, code)
        WHERE s.made ->> 'area_code' = u.word
        """,
        list(codes),
        list(codes.values()),
        timeout=WITHIN_S,
    )


async def unite_twins(conn: Connection) -> list[tuple[str, str]]:
    """Take a staged code that only differs in case from a stored one for that; the first of them.

    Nothing is united where both are stored, or more than one is meant.
    """
    found = await conn.fetch(
        """
        WITH twin AS (
          SELECT s.key, min(c.code) AS code FROM staged s
          JOIN camera c ON lower(c.code) = lower(s.key)
          GROUP BY s.key HAVING count(*) = 1 AND min(c.code) <> s.key)
        UPDATE staged s SET key = twin.code FROM twin
        WHERE s.key = twin.key AND NOT EXISTS (SELECT FROM staged o WHERE o.key = twin.code)
        RETURNING twin.key, twin.code
        """,
        timeout=WITHIN_S,
    )
    return sorted(tuple(row) for row in found)


async def lost_zeros(conn: Connection) -> list[tuple[str, int, str]]:
    """Staged codes that are not known, while one with zeros before is: key, line, known code."""
    found = await conn.fetch(
        """
        SELECT s.key, s.line, min(c.code) AS code FROM staged s
        JOIN camera c ON ltrim(c.code, '0') = s.key AND c.code <> s.key
        WHERE s.key ~ '^[0-9]+$' AND NOT EXISTS (SELECT FROM camera k WHERE k.code = s.key)
        GROUP BY s.key, s.line ORDER BY s.line
        """,
        timeout=WITHIN_S,
    )
    return [tuple(row) for row in found]


async def strangers(conn: Connection) -> list[asyncpg.Record]:
    """Known cameras of which the difference changes both the name and where they are."""
    return list(
        await conn.fetch(
            """
            SELECT key, line, before ->> 'name' AS was, after ->> 'name' AS is FROM difference
            WHERE before IS NOT NULL AND before ? 'name'
              AND before -> 'name' <> to_jsonb(key) AND before ->> 'name' IS NOT NULL
              AND (before ->> 'address' IS NOT NULL AND after ->> 'address' IS NOT NULL
                OR before ->> 'host' IS NOT NULL AND after ->> 'host' IS NOT NULL
                OR before ->> 'lon' IS NOT NULL AND after ->> 'lon' IS NOT NULL
                OR before ->> 'area_code' IS NOT NULL AND after ->> 'area_code' IS NOT NULL)
            ORDER BY line
            """,
            timeout=WITHIN_S,
        )
    )
