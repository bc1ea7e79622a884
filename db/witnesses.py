"""What the recorder reads and writes of cameras with two witnesses: the state of each."""

from collections.abc import Mapping, Sequence

from db import evidence
from db.pool import Connection
from db.state_rows import row_of, state_of
from monitor.model import JudgedBy, Transition
from monitor.verdict import Name, Pair, Witness


async def load_pairs(conn: Connection) -> dict[int, Pair]:
    """What both witnesses of a camera know, by camera id."""
    rows = await conn.fetch("SELECT * FROM witness_state ORDER BY camera_id, witness")
    found: dict[int, dict[Name, Witness]] = {}
    pairs: dict[int, Pair] = {}
    for row in rows:
        both = found.setdefault(row["camera_id"], {})
        both[Name(row["witness"])] = Witness(state=state_of(row), sees_since=row["sees_since"])
        if len(both) == len(Name):
            pairs[row["camera_id"]] = Pair(
                judged_by=JudgedBy(row["judged_by"]),
                direct=both[Name.DIRECT],
                platform=both[Name.PLATFORM],
                lit_at=row["lit_at"],
            )
    return pairs


async def store(
    conn: Connection,
    pairs: Mapping[int, Pair],
    single: Sequence[int],
    own: Sequence[tuple[Name, Transition]],
) -> None:
    """States of both witnesses, whole: the verdict beside them tells whether somebody else records.

    single: cameras that have one witness now. own: transitions of one of two.
    """
    if single:
        await conn.execute("DELETE FROM witness_state WHERE camera_id = ANY($1)", list(single))
    rows = [
        (name.value, pair.judged_by.value, pair.lit_at, one.sees_since, *row_of(one.state, None))
        for pair in pairs.values()
        for name, one in ((Name.DIRECT, pair.direct), (Name.PLATFORM, pair.platform))
    ]
    if rows:
        await conn.execute(
            """
            INSERT INTO witness_state AS w (witness, judged_by, lit_at, sees_since, camera_id,
              health, since, health_reason, health_detail, confirmed_at,
              streak_count, streak_from, streak_reason, streak_detail, last_at, last_up_at,
              last_reason, last_detail, last_took_ms, clock_offset_s, dark_since, dark_cause,
              hour, hour_asked, hour_up, hour_took_ms, hour_took_max_ms)
            SELECT witness, judged_by, lit_at, sees_since, camera_id,
              health, since, health_reason, health_detail, confirmed_at,
              streak_count, streak_from, streak_reason, streak_detail, last_at, last_up_at,
              last_reason, last_detail, last_took_ms, clock_offset_s, dark_since, dark_cause,
              hour, hour_asked, hour_up, hour_took_ms, hour_took_max_ms
            FROM unnest(
              $1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[],
              $5::bigint[], $6::timestamptz[], $7::health[], $8::timestamptz[], $9::text[],
              $10::text[], $11::timestamptz[], $12::int[], $13::timestamptz[], $14::text[],
              $15::text[], $16::timestamptz[], $17::timestamptz[], $18::text[], $19::text[],
              $20::real[], $21::double precision[], $22::timestamptz[], $23::cause[],
              $24::timestamptz[], $25::int[], $26::int[], $27::double precision[], $28::real[])
            AS u (witness, judged_by, lit_at, sees_since, camera_id, read_at,
              health, since, health_reason, health_detail, confirmed_at,
              streak_count, streak_from, streak_reason, streak_detail, last_at, last_up_at,
              last_reason, last_detail, last_took_ms, clock_offset_s, dark_since, dark_cause,
              hour, hour_asked, hour_up, hour_took_ms, hour_took_max_ms)
            WHERE EXISTS (SELECT FROM camera c WHERE c.id = u.camera_id)
            ON CONFLICT (camera_id, witness) DO UPDATE SET judged_by = excluded.judged_by,
              lit_at = excluded.lit_at, sees_since = excluded.sees_since,
              health = excluded.health, since = excluded.since,
              health_reason = excluded.health_reason, health_detail = excluded.health_detail,
              confirmed_at = excluded.confirmed_at, streak_count = excluded.streak_count,
              streak_from = excluded.streak_from, streak_reason = excluded.streak_reason,
              streak_detail = excluded.streak_detail, last_at = excluded.last_at,
              last_up_at = excluded.last_up_at, last_reason = excluded.last_reason,
              last_detail = excluded.last_detail, last_took_ms = excluded.last_took_ms,
              clock_offset_s = coalesce(excluded.clock_offset_s, w.clock_offset_s),
              dark_since = excluded.dark_since, dark_cause = excluded.dark_cause,
              hour = excluded.hour, hour_asked = excluded.hour_asked,
              hour_up = excluded.hour_up, hour_took_ms = excluded.hour_took_ms,
              hour_took_max_ms = excluded.hour_took_max_ms
            """,
            *evidence.columns(rows),
        )
    await conn.executemany(
        """
        INSERT INTO witness_transition (camera_id, witness, at, from_health, to_health, reason,
          detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
        """,
        [
            (
                each.camera_id,
                name.value,
                each.at,
                each.from_health.value,
                each.to_health.value,
                each.reason.value,
                each.detail,
            )
            for name, each in own
        ],
    )
