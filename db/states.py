"""What the recorder reads and writes: the state of each camera, and the facts that come of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from db import evidence, ledger, witnesses
from db.pool import Connection
from db.state_rows import row_of, state_of
from monitor.faults import Change, Fault, FaultKind, Faults
from monitor.health import Hour, State
from monitor.model import Dark, Observation, Transition
from monitor.verdict import Name, Pair


class StateConflict(Exception):
    """Somebody else has written the state of a camera since we read it."""


@dataclass(kw_only=True)
class Batch:
    """Everything one transaction of the recorder stores. pairs: of cameras with two witnesses. own:
    transitions of one of the two, beside those of the verdict.

    news_from: the earliest moment about which it says something that no earlier one has said.
    """

    states: list[tuple[State, datetime | None]] = field(default_factory=list)  # + last_at we read
    transitions: list[Transition] = field(default_factory=list)
    darks: list[Dark] = field(default_factory=list)
    failed: list[Observation] = field(default_factory=list)
    hours: list[tuple[int, Hour]] = field(default_factory=list)
    faults: list[Change] = field(default_factory=list)
    pairs: dict[int, Pair] = field(default_factory=dict)
    single: list[int] = field(default_factory=list)  # had two witnesses, and have one now
    own: list[tuple[Name, Transition]] = field(default_factory=list)
    news_from: datetime | None = None

    def tells(self, at: datetime) -> None:
        """Note that the batch says something new about `at` and later."""
        if self.news_from is None or at < self.news_from:
            self.news_from = at


async def load(conn: Connection, ids: Iterable[int] | None = None) -> dict[int, State]:
    """The states of these cameras (None: all), by camera id."""
    rows = await conn.fetch(
        "SELECT * FROM camera_state WHERE $1::bigint[] IS NULL OR camera_id = ANY($1)",
        None if ids is None else list(ids),
    )
    return {row["camera_id"]: state_of(row) for row in rows}


async def insert(conn: Connection, states: Sequence[State], now: datetime) -> None:
    """First rows of cameras that were not known to the recorder; open darkness included."""
    rows = [
        (s.camera_id, s.dark and s.dark.since, s.dark and s.dark.cause.value, now) for s in states
    ]
    if rows:
        await conn.execute(
            """
            INSERT INTO camera_state (camera_id, health, dark_since, dark_cause, changed_at)
            SELECT id, 'unknown', since, cause, at
            FROM unnest($1::bigint[], $2::timestamptz[], $3::cause[], $4::timestamptz[])
              AS u (id, since, cause, at)
            WHERE EXISTS (SELECT FROM camera c WHERE c.id = u.id)
            ON CONFLICT DO NOTHING
            """,
            *evidence.columns(rows),
        )
    await _open_darkness(conn, states)


async def store(conn: Connection, batch: Batch, now: datetime) -> None:
    """Everything of the batch. The caller owns the transaction. Raises StateConflict."""
    await _update(conn, batch.states, now)
    await _insert_transitions(conn, batch.transitions, now)
    await _end_darkness(conn, batch.darks)
    await _open_darkness(conn, [state for state, _ in batch.states])
    await evidence.store_failed(conn, batch.failed)
    await evidence.store_hours(conn, batch.hours)
    await _store_faults(conn, batch.faults)
    await witnesses.store(conn, batch.pairs, batch.single, batch.own)
    if batch.news_from is not None:
        await ledger.reopen(conn, batch.news_from, now)


async def _update(
    conn: Connection, states: Sequence[tuple[State, datetime | None]], now: datetime
) -> None:
    if not states:
        return
    rows = [row_of(state, read_at) for state, read_at in states]
    done = await conn.execute(
        """
        UPDATE camera_state s SET
          health = u.health, since = u.since, health_reason = u.health_reason,
          health_detail = u.health_detail, confirmed_at = u.confirmed_at,
          streak_count = u.streak_count, streak_from = u.streak_from,
          streak_reason = u.streak_reason, streak_detail = u.streak_detail,
          last_at = u.last_at, last_up_at = u.last_up_at, last_reason = u.last_reason,
          last_detail = u.last_detail, last_took_ms = u.last_took_ms,
          clock_offset_s = coalesce(u.clock_offset_s, s.clock_offset_s),
          dark_since = u.dark_since, dark_cause = u.dark_cause,
          hour = u.hour, hour_asked = u.hour_asked, hour_up = u.hour_up,
          hour_took_ms = u.hour_took_ms, hour_took_max_ms = u.hour_took_max_ms,
          changed_at = CASE WHEN (s.health, s.dark_since IS NULL)
            IS DISTINCT FROM (u.health, u.dark_since IS NULL) THEN $1 ELSE s.changed_at END
        FROM unnest(
          $2::bigint[], $3::timestamptz[], $4::health[], $5::timestamptz[], $6::text[], $7::text[],
          $8::timestamptz[], $9::int[], $10::timestamptz[], $11::text[], $12::text[],
          $13::timestamptz[], $14::timestamptz[], $15::text[], $16::text[], $17::real[],
          $18::double precision[], $19::timestamptz[], $20::cause[], $21::timestamptz[], $22::int[],
          $23::int[], $24::double precision[], $25::real[])
        AS u (camera_id, read_at, health, since, health_reason, health_detail, confirmed_at,
          streak_count, streak_from, streak_reason, streak_detail, last_at, last_up_at,
          last_reason, last_detail, last_took_ms, clock_offset_s, dark_since, dark_cause,
          hour, hour_asked, hour_up, hour_took_ms, hour_took_max_ms)
        WHERE s.camera_id = u.camera_id AND s.last_at IS NOT DISTINCT FROM u.read_at
        """,
        now,
        *evidence.columns(rows),
    )
    missing = len(rows) - int(done.removeprefix("UPDATE "))
    if missing and missing != await _deleted(conn, [state.camera_id for state, _ in states]):
        raise StateConflict(f"{done} of {len(rows)} states: somebody else records too")


async def _deleted(conn: Connection, camera_ids: Sequence[int]) -> int:
    """How many of these cameras are gone from the inventory: an import was taken back."""
    found: int = await conn.fetchval(
        """
        SELECT count(*) FROM unnest($1::bigint[]) u (id)
        WHERE NOT EXISTS (SELECT FROM camera c WHERE c.id = u.id)
        """,
        list(camera_ids),
    )
    return found


async def _insert_transitions(
    conn: Connection, transitions: Sequence[Transition], now: datetime
) -> None:
    if not transitions:
        return
    await conn.executemany(
        """
        INSERT INTO transition (camera_id, at, from_health, to_health, reason, detail, recorded_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (
                t.camera_id,
                t.at,
                t.from_health.value,
                t.to_health.value,
                t.reason.value,
                t.detail,
                now,
            )
            for t in transitions
        ],
    )


async def _open_darkness(conn: Connection, states: Sequence[State]) -> None:
    """Rows for the darkness that is open in these states; what is there already stays."""
    rows = [(s.camera_id, s.dark.since, s.dark.cause.value) for s in states if s.dark]
    if rows:
        await conn.execute(
            """
            INSERT INTO unobserved (camera_id, starts_at, cause)
            SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::cause[])
            ON CONFLICT DO NOTHING
            """,
            *evidence.columns(rows),
        )


async def _end_darkness(conn: Connection, darks: Sequence[Dark]) -> None:
    if not darks:
        return
    ended = [d for d in darks if d.ends_at is not None and d.ends_at > d.starts_at]
    never = [(d.camera_id, d.starts_at) for d in darks if d.ends_at == d.starts_at]
    # first: what a late word took back may have come again from the same moment on
    await conn.executemany("DELETE FROM unobserved WHERE camera_id = $1 AND starts_at = $2", never)
    await conn.executemany(
        """
        INSERT INTO unobserved (camera_id, starts_at, ends_at, cause) VALUES ($1, $2, $3, $4)
        ON CONFLICT (camera_id, starts_at) DO UPDATE SET ends_at = excluded.ends_at
        """,
        [(d.camera_id, d.starts_at, d.ends_at, d.cause.value) for d in ended],
    )


async def load_faults(conn: Connection) -> dict[int, Faults]:
    """The open faults, by camera id."""
    rows = await conn.fetch(
        "SELECT camera_id, kind, opened_at, detail FROM fault WHERE closed_at IS NULL"
    )
    found: dict[int, Faults] = {}
    for row in rows:
        fault = Fault(opened_at=row["opened_at"], detail=row["detail"])
        found[row["camera_id"]] = {
            **found.get(row["camera_id"], {}),
            FaultKind(row["kind"]): fault,
        }
    return found


async def _store_faults(conn: Connection, changes: Sequence[Change]) -> None:
    if not changes:
        return
    await conn.executemany(
        """
        INSERT INTO fault (camera_id, kind, opened_at, closed_at, detail)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (camera_id, kind, opened_at) DO UPDATE SET closed_at = excluded.closed_at
        """,
        [(c.camera_id, c.kind.value, c.opened_at, c.closed_at, c.detail) for c in changes],
    )
