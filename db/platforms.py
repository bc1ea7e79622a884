"""What platforms say about their cameras, beside what we found ourselves."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from db import cameras
from db.pool import Connection
from monitor.witness import Channel, Said

_WITHIN_S = 300.0
_GONE_AFTER = 3  # whole readings in a row without it
_MANY, _SHARE = 5, 0.5  # so many changes in one reading, and so large a part of it, are one event


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
    clock_offset_s: float | None = None,
) -> int:
    """Keep one reading; returns how many channels say something else than before.

    A reading that is not whole takes nothing away, nor does an empty one. The caller owns the
    transaction.
    """
    whole = complete and bool(channels)
    before = await conn.fetchval(
        """
        UPDATE platform p SET asked_at = $2, answered_at = $2, version = $3, problem = '',
          partial = NOT $4, fresh_at = CASE WHEN $4 THEN $2 ELSE p.fresh_at END,
          restarted_at = CASE WHEN p.problem <> '' THEN $2 ELSE p.restarted_at END,
          clock_offset_s = $5,
          clock_read_at = CASE WHEN $5::double precision IS NOT NULL THEN $2::timestamptz END
        FROM (SELECT name, answered_at FROM platform WHERE name = $1) b
        WHERE p.name = b.name RETURNING b.answered_at
        """,
        platform,
        now,
        version,
        whole,
        clock_offset_s,
    )
    await _stage(conn, channels)
    changed, others = await _note_changes(conn, platform, now)
    await _keep(conn, platform, now)
    lost = await _miss(conn, platform, before or now, now, whole=whole)
    if others or lost or await _inventory_changed(conn, platform):
        await match(conn)
    return changed


async def _note_changes(conn: Connection, platform: str, now: datetime) -> tuple[int, bool]:
    """Keep each change of its word; returns how many, and whether it knows other channels than
    before. Very many changes at once are one event of the platform."""
    row = await conn.fetchrow(
        """
        WITH both_words AS (
          SELECT h.camera_id, h.said AS before, n.said AS after, n.raw,
            h.key IS NULL OR h.missed > 0 OR (h.code, h.address) <> (n.code, n.address) AS other
          FROM staged_channel n LEFT JOIN platform_channel h ON h.key = n.key AND h.platform = $1),
        noted AS (
          INSERT INTO said_change (camera_id, platform, at, from_said, to_said, raw)
          SELECT camera_id, $1, $2, before, after, raw FROM both_words
          WHERE camera_id IS NOT NULL AND before <> after ON CONFLICT DO NOTHING)
        SELECT count(*) FILTER (WHERE before <> after), count(before),
          coalesce(bool_or(other), false)
        FROM both_words
        """,
        platform,
        now,
    )
    assert row is not None  # noqa: S101  counts
    changed, known, others = row
    if changed >= max(_MANY, _SHARE * known):
        await conn.execute(
            "UPDATE platform SET upset_at = $2, upset_channels = $3 WHERE name = $1",
            platform,
            now,
            changed,
        )
    return changed, others


async def _keep(conn: Connection, platform: str, now: datetime) -> None:
    """Write what is other than before: most of a catalogue never changes."""
    await conn.execute(
        """
        UPDATE platform_channel h SET code = n.code, name = coalesce(nullif(n.name, ''), h.name),
          host = n.host, address = n.address, lon = n.lon, lat = n.lat, frame = n.frame,
          since = CASE WHEN h.said = n.said THEN h.since ELSE $2 END,
          said = n.said, raw = n.raw, why = n.why, evidence_at = n.evidence_at, seen_at = NULL,
          missed = 0, gone_since = NULL
        FROM staged_channel n
        WHERE h.platform = $1 AND h.key = n.key AND (
          (h.code, h.host, h.address, h.lon, h.lat, h.frame, h.said, h.raw, h.why)
            IS DISTINCT FROM
            (n.code, n.host, n.address, n.lon, n.lat, n.frame, n.said, n.raw, n.why)
          OR h.seen_at IS NOT NULL OR (n.name <> '' AND n.name <> h.name)
          OR n.evidence_at > coalesce(h.evidence_at, '-infinity') + interval '5 minutes')
        """,
        platform,
        now,
        timeout=_WITHIN_S,
    )
    await conn.execute(
        """
        INSERT INTO platform_channel (platform, key, code, name, host, address, lon, lat, frame,
          said, since, raw, why, evidence_at, first_seen_at)
        SELECT $1, key, code, name, host, address, lon, lat, frame, said, $2, raw, why, evidence_at,
          $2
        FROM staged_channel n
        WHERE NOT EXISTS (
          SELECT FROM platform_channel h WHERE h.platform = $1 AND h.key = n.key)
        """,
        platform,
        now,
        timeout=_WITHIN_S,
    )


async def _miss(
    conn: Connection, platform: str, before: datetime, now: datetime, *, whole: bool
) -> bool:
    """Channels that this reading lacks were last seen in the one before; three whole readings
    without one, and it is gone. Whether any is missed."""
    done: str = await conn.execute(
        """
        UPDATE platform_channel h SET seen_at = coalesce(h.seen_at, $2),
          missed = h.missed + $4::boolean::integer,
          gone_since = CASE WHEN $4 AND h.missed + 1 = $5 THEN $3 ELSE h.gone_since END
        WHERE h.platform = $1 AND (h.seen_at IS NULL OR ($4 AND h.missed < $5))
          AND NOT EXISTS (SELECT FROM staged_channel n WHERE n.key = h.key)
        """,
        platform,
        before,
        now,
        whole,
        _GONE_AFTER,
        timeout=_WITHIN_S,
    )
    return done != "UPDATE 0"


async def _inventory_changed(conn: Connection, platform: str) -> bool:
    """Whether cameras may be other ones than when its channels were last matched."""
    done: str = await conn.execute(
        """
        UPDATE platform p SET matched_revision = r.revision FROM inventory_revision r
        WHERE p.name = $1 AND p.matched_revision IS DISTINCT FROM r.revision
        """,
        platform,
    )
    return done != "UPDATE 0"


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


Word = tuple[int, Said, datetime, str]
"""What a platform says of a camera: id, word, when read, and where from."""


async def pulse(conn: Connection) -> str:
    """Another text as soon as `heard` may say something else: by a reading, by time, by a change of
    the inventory."""
    found: str = await conn.fetchval(
        """
        SELECT concat_ws(' ', (SELECT revision FROM inventory_revision),
          string_agg(concat_ws(' ', name, answered_at, fresh), ',' ORDER BY name))
        FROM platform_fresh
        """
    )
    return found


async def heard(conn: Connection) -> list[Word]:
    """What platforms say of the cameras for which their word may count."""
    rows = await conn.fetch("SELECT camera_id, said, seen_at, platform, raw FROM heard")
    return [
        (row["camera_id"], Said(row["said"]), row["seen_at"], f"{row['platform']}: {row['raw']}")
        for row in rows
    ]


async def known_to(conn: Connection, platform: str) -> frozenset[int]:
    """Cameras of the inventory that a platform knows."""
    rows = await conn.fetch(
        "SELECT DISTINCT camera_id FROM platform_channel "
        "WHERE platform = $1 AND camera_id IS NOT NULL",
        platform,
    )
    return frozenset(row["camera_id"] for row in rows)


async def catalogue(conn: Connection, platform: str) -> list[dict[str, Any]]:
    """All that a platform knows, each beside the camera that it is, by code.

    twins: channels with the same code. elsewhere: it is still listed under another host. answers:
    the camera does, whatever the platform says.
    """
    rows = await conn.fetch(
        """
        SELECT h.key, h.code, h.name, h.host, h.address, h.lon, h.lat, h.frame, h.gone_since,
          h.dismissed, c.code AS camera_code, c.name AS camera_name, c.lon AS camera_lon,
          c.lat AS camera_lat, c.intent::text AS intent,
          count(*) FILTER (WHERE h.gone_since IS NULL) OVER same_code AS twins,
          bool_or(h.gone_since IS NULL) OVER (PARTITION BY h.camera_id) AS elsewhere,
          coalesce(d.health = 'up' AND d.dark_since IS NULL, false) AS answers
        FROM platform_channel h
        LEFT JOIN camera c ON c.id = h.camera_id
        LEFT JOIN direct_now d ON d.camera_id = c.id
        WHERE h.platform = $1
        WINDOW same_code AS (PARTITION BY h.code)
        ORDER BY h.code, h.key
        """,
        platform,
        timeout=_WITHIN_S,
    )
    return [dict(row) for row in rows]


async def dismiss(conn: Connection, platform: str, turned_down: Mapping[str, str]) -> None:
    """Keep which proposals of these channels a person has turned down, by key."""
    await conn.executemany(
        "UPDATE platform_channel SET dismissed = $3 WHERE platform = $1 AND key = $2",
        [(platform, key, said) for key, said in turned_down.items()],
    )


async def wanted(conn: Connection, platform: str, most: int) -> list[tuple[str, int]]:
    """Channels of declared cameras, and the declared days: those asked longest ago first."""
    rows = await conn.fetch(
        """
        SELECT h.key, v.retention_days
        FROM platform_channel h
        JOIN camera c ON c.id = h.camera_id AND c.intent = 'in_service'
        JOIN camera_register g ON g.camera_id = c.id AND g.declared
        JOIN entry_version v ON v.entry_id = g.entry_id AND v.version = g.version
        WHERE h.platform = $1 AND h.gone_since IS NULL AND v.retention_days IS NOT NULL
        ORDER BY h.kept_at NULLS FIRST, h.key LIMIT $2
        """,
        platform,
        most,
    )
    return [(row["key"], row["retention_days"]) for row in rows]


async def store_kept(
    conn: Connection, platform: str, found: Sequence[tuple[str, datetime | None]], now: datetime
) -> None:
    """The oldest recording of channels, by key; None where there is none."""
    await conn.execute(
        """
        UPDATE platform_channel h SET oldest_at = u.oldest_at, kept_at = $2
        FROM unnest($3::text[], $4::timestamptz[]) u (key, oldest_at)
        WHERE h.platform = $1 AND h.key = u.key
        """,
        platform,
        now,
        [key for key, _ in found],
        [oldest for _, oldest in found],
    )


async def kept_due(conn: Connection, platform: str, now: datetime, every: timedelta) -> bool:
    """Whether it is time to ask again how long recordings are kept; notes that it is done now."""
    done: str = await conn.execute(
        """
        UPDATE platform SET kept_asked_at = $2
        WHERE name = $1 AND coalesce(kept_asked_at, '-infinity') < $2::timestamptz - $3::interval
        """,
        platform,
        now,
        every,
    )
    return done != "UPDATE 0"
