"""What platforms say about their cameras, beside what we found ourselves."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from db import cameras
from db.pool import Connection
from monitor.witness import Channel, Said

_WITHIN_S = 300.0


async def enrol(conn: Connection, kinds: Mapping[str, tuple[str, float]]) -> None:
    """Platforms that are read: name -> (kind, cadence)."""
    await conn.executemany(
        """
        INSERT INTO platform (name, kind, cadence_s) VALUES ($1, $2, $3)
        ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, cadence_s = excluded.cadence_s,
          removed_at = NULL
        """,
        [(name, *given) for name, given in kinds.items()],
    )


async def remove_others(conn: Connection, names: Collection[str], now: datetime) -> None:
    """No other platform than these is read any more: what they said is nobody's word now."""
    done: str = await conn.execute(
        "UPDATE platform SET removed_at = $2 WHERE removed_at IS NULL AND name <> ALL($1)",
        list(names),
        now,
    )
    if done != "UPDATE 0":
        await cameras.touch(conn)


async def refused(conn: Connection, platform: str, problem: str, now: datetime) -> None:
    """It did not answer, or not so that anything could be learnt: nothing of it is changed."""
    await conn.execute(
        "UPDATE platform SET asked_at = $2, problem = $3 WHERE name = $1", platform, now, problem
    )


async def store(
    conn: Connection,
    platform: str,
    channels: Sequence[Channel],
    now: datetime,
    *,
    complete: bool,
    version: str,
) -> int:
    """Keep one reading; returns how many channels say something else than before.

    A reading that is not whole takes nothing away. The caller owns the transaction.
    """
    await conn.execute(
        """
        UPDATE platform SET asked_at = $2, answered_at = $2, version = $3, problem = '',
          partial = NOT $4, fresh_at = CASE WHEN $4 THEN $2 ELSE fresh_at END,
          restarted_at = CASE WHEN problem <> '' THEN $2 ELSE restarted_at END
        WHERE name = $1
        """,
        platform,
        now,
        version,
        complete,
    )
    await _stage(conn, channels)
    changed: int = await conn.fetchval(
        """
        WITH moved AS (
          INSERT INTO witness_transition (camera_id, witness, at, from_said, to_said, raw)
          SELECT h.camera_id, h.platform, $2, h.said, n.said, n.raw
          FROM platform_channel h JOIN staged_channel n ON n.key = h.key
          WHERE h.platform = $1 AND h.camera_id IS NOT NULL AND h.said <> n.said
          ON CONFLICT DO NOTHING RETURNING 1)
        SELECT count(*) FROM moved
        """,
        platform,
        now,
    )
    await conn.execute(
        """
        INSERT INTO platform_channel (platform, key, code, name, host, address, lon, lat, frame,
          said, since, raw, why, evidence_at, first_seen_at, seen_at)
        SELECT $1, key, code, name, host, address, lon, lat, frame, said, $2, raw, why, evidence_at,
          $2, $2
        FROM staged_channel
        ON CONFLICT (platform, key) DO UPDATE SET code = excluded.code,
          name = coalesce(nullif(excluded.name, ''), platform_channel.name),
          host = excluded.host, address = excluded.address, lon = excluded.lon,
          lat = excluded.lat, frame = excluded.frame,
          since = CASE WHEN platform_channel.said = excluded.said THEN platform_channel.since
            ELSE excluded.since END,
          said = excluded.said, raw = excluded.raw, why = excluded.why,
          evidence_at = excluded.evidence_at, seen_at = excluded.seen_at, gone_since = NULL
        """,
        platform,
        now,
        timeout=_WITHIN_S,
    )
    if complete:
        await conn.execute(
            "UPDATE platform_channel SET gone_since = $2 "
            "WHERE platform = $1 AND seen_at < $2 AND gone_since IS NULL",
            platform,
            now,
        )
    await match(conn)
    return changed


async def _stage(conn: Connection, channels: Sequence[Channel]) -> None:
    await conn.execute(
        """
        CREATE TEMPORARY TABLE IF NOT EXISTS staged_channel (
          key text PRIMARY KEY, code text, name text, host text, address text,
          lon double precision, lat double precision, frame text, said said, raw text, why text,
          evidence_at timestamptz)
        """
    )
    await conn.execute("DELETE FROM staged_channel")
    columns = ["key", "code", "name", "host", "address", "lon", "lat", "frame", "said", "raw"]
    columns += ["why", "evidence_at"]
    by_key = {each.key: each for each in channels if each.key}
    await conn.copy_records_to_table(
        "staged_channel",
        columns=columns,
        records=[tuple(getattr(each, name) for name in columns) for each in by_key.values()],
        timeout=_WITHIN_S,
    )


async def match(conn: Connection) -> None:
    """Say which camera each channel is: the one of its code, or the only one at its address where
    the platform has one channel with it, too. Workers are told when that changes."""
    done: str = await conn.execute(
        """
        WITH by_code AS (
          SELECT h.platform, h.key, c.id FROM platform_channel h JOIN camera c ON c.code = h.code),
        addresses AS (
          SELECT host, min(id) AS id FROM camera WHERE intent <> 'retired' AND host IS NOT NULL
          GROUP BY host HAVING count(*) = 1),
        channels AS (
          SELECT platform, address, min(key) AS key FROM platform_channel
          WHERE address <> '' AND gone_since IS NULL
          GROUP BY platform, address HAVING count(*) = 1),
        found AS (
          SELECT h.platform, h.key, coalesce(b.id, a.id) AS id
          FROM platform_channel h
          LEFT JOIN by_code b ON b.platform = h.platform AND b.key = h.key
          LEFT JOIN channels n ON n.platform = h.platform AND n.key = h.key
          LEFT JOIN addresses a ON a.host = n.address)
        UPDATE platform_channel h SET camera_id = f.id FROM found f
        WHERE f.platform = h.platform AND f.key = h.key AND h.camera_id IS DISTINCT FROM f.id
        """,
        timeout=_WITHIN_S,
    )
    if done != "UPDATE 0":
        await cameras.touch(conn)


async def heard(conn: Connection) -> list[tuple[int, Said, datetime, str]]:
    """What platforms say of cameras that have no address: camera, word, when read, where from."""
    rows = await conn.fetch("SELECT camera_id, said, seen_at, platform, raw FROM heard")
    return [
        (row["camera_id"], Said(row["said"]), row["seen_at"], f"{row['platform']}: {row['raw']}")
        for row in rows
    ]


async def strangers(conn: Connection, platform: str) -> list[dict[str, Any]]:
    """Channels of a platform that are no camera of the inventory, by code."""
    rows = await conn.fetch(
        """
        SELECT key, code, name, host, address, lon, lat, frame, raw, first_seen_at,
          count(*) OVER (PARTITION BY code) AS twins
        FROM platform_channel
        WHERE platform = $1 AND camera_id IS NULL AND gone_since IS NULL ORDER BY code, key
        """,
        platform,
    )
    return [dict(row) for row in rows]
