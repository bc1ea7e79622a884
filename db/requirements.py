"""What places need: stated with a reason, withdrawn, never changed in place.

Which of them count today is the view `requirement_now`.
"""

from datetime import date, datetime

from db.pool import Connection
from monitor.model import Requirement

MOST_YEARS = 3
"""A requirement is reviewed within so many years, as a camera's entry is (accountability 2)."""


async def today(conn: Connection, now: datetime) -> date:
    """The local day of `now`, in the zone of the figures."""
    found: date = await conn.fetchval(
        "SELECT ($1::timestamptz AT TIME ZONE timezone)::date FROM policy", now
    )
    return found


def flaw(needed: Requirement, day: date) -> str | None:
    """Why it cannot be stated on this day; None when it can."""
    if needed.flaw:
        return needed.flaw
    if needed.review_due <= day:
        return f"The review date {needed.review_due} does not lie ahead."
    if needed.review_due > day.replace(year=day.year + MOST_YEARS, day=min(day.day, 28)):
        return f"The review date {needed.review_due} lies more than {MOST_YEARS} years ahead."
    return None


async def state(
    conn: Connection, place_id: int, needed: Requirement, *, from_day: date, by: str, now: datetime
) -> None:
    """State a requirement; the one that stood before is withdrawn. The caller owns the transaction.

    Raises asyncpg.CheckViolationError when the review lies more than three years ahead, or not
    ahead.
    """
    await withdraw(conn, place_id, by=by, now=now)
    await conn.execute(
        """
        INSERT INTO requirement
          (place_id, stated_at, stated_by, share, purpose, ground, from_day, review_due)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        place_id,
        now,
        by,
        needed.share,
        needed.purpose,
        needed.ground,
        from_day,
        needed.review_due,
    )


async def withdraw(conn: Connection, place_id: int, *, by: str, now: datetime) -> bool:
    """End the requirement of a place; False when it has none."""
    done: str = await conn.execute(
        "UPDATE requirement SET withdrawn_at = $2, withdrawn_by = $3 "
        "WHERE place_id = $1 AND withdrawn_at IS NULL",
        place_id,
        now,
        by,
    )
    return done != "UPDATE 0"


async def in_force(conn: Connection) -> frozenset[int]:
    """The places that need something today, by id."""
    return frozenset(row[0] for row in await conn.fetch("SELECT place_id FROM requirement_now"))


async def shares(conn: Connection) -> dict[int, float]:
    """The share that each place needs today, by its id; others need nothing."""
    rows = await conn.fetch("SELECT place_id, share FROM requirement_now")
    return {row["place_id"]: row["share"] for row in rows}


async def lapsed(conn: Connection) -> frozenset[int]:
    """Places whose requirement was not reviewed in time: it counts no more."""
    rows = await conn.fetch(
        """
        SELECT r.place_id FROM requirement r CROSS JOIN policy p
        WHERE r.withdrawn_at IS NULL AND (now() AT TIME ZONE p.timezone)::date >= r.review_due
        """
    )
    return frozenset(row["place_id"] for row in rows)
