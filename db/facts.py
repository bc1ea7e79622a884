"""Reads the facts about cameras (transitions, intents, windows, unobserved time) as histories."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from db.pool import Connection
from monitor.availability import History, Stretch
from monitor.model import Health, Intent


async def history(
    conn: Connection, code: str, starts_at: datetime, ends_at: datetime
) -> History | None:
    """The facts about one camera that matter for a window; None for an unknown code."""
    camera_id = await conn.fetchval("SELECT id FROM camera WHERE code = $1", code)
    if camera_id is None:
        return None
    return (await histories(conn, starts_at, ends_at, [camera_id]))[camera_id]


async def histories(
    conn: Connection,
    starts_at: datetime,
    ends_at: datetime,
    camera_ids: Sequence[int] | None = None,
) -> dict[int, History]:
    """The facts about many cameras (None: all) that matter for a window, by camera id.

    Consistent as one snapshot only inside a repeatable-read transaction of the caller.
    """
    wanted = await conn.fetch(
        "SELECT id FROM camera WHERE $1::bigint[] IS NULL OR id = ANY($1)", camera_ids
    )
    ids = [row["id"] for row in wanted]
    healths = await _healths(conn, starts_at, ends_at, ids)
    intents = await _intents(conn, ends_at, ids)
    unobserved = await _stretches(conn, "darkness", "cause::text", starts_at, ends_at, ids)
    windows = await _stretches(conn, "camera_window", "kind", starts_at, ends_at, ids)
    return {
        each: History(
            healths=healths[each],
            intents=intents[each],
            unobserved=unobserved[each],
            windows=windows[each],
        )
        for each in ids
    }


async def camera_ids(conn: Connection) -> list[int]:
    """Ids of all cameras, in order."""
    return [row["id"] for row in await conn.fetch("SELECT id FROM camera ORDER BY id")]


async def area_cameras(conn: Connection, area_code: str) -> list[int] | None:
    """Ids of the cameras of an area and all areas below it; None for an unknown area."""
    if not await conn.fetchval("SELECT EXISTS (SELECT FROM area WHERE code = $1)", area_code):
        return None
    rows = await conn.fetch(
        """
        SELECT c.id FROM camera c JOIN area_tree t ON t.code = c.area_code
        WHERE t.ancestor = $1 ORDER BY c.id
        """,
        area_code,
    )
    return [row["id"] for row in rows]


async def declared_at(conn: Connection, at: datetime) -> frozenset[int]:
    """Ids of the cameras that were declared at a moment."""
    return frozenset(row[0] for row in await conn.fetch("SELECT * FROM declared_at($1)", at))


async def _healths(
    conn: Connection, starts_at: datetime, ends_at: datetime, ids: Sequence[int]
) -> defaultdict[int, list[tuple[datetime, Health]]]:
    # the inner ORDER BY keeps the planner on the primary key, camera by camera: the index on `at`
    # looks cheaper to it, and would be read as a whole for every piece of a city
    rows = await conn.fetch(
        """
        SELECT wanted.id AS camera_id, t.at, t.to_health
        FROM unnest($3::bigint[]) AS wanted (id)
        CROSS JOIN LATERAL (
          SELECT at, to_health FROM transition
          WHERE camera_id = wanted.id AND at < $2 AND at >= coalesce(
            (SELECT max(at) FROM transition WHERE camera_id = wanted.id AND at <= $1), $1)
          ORDER BY at) t
        """,
        starts_at,
        ends_at,
        ids,
    )
    found: defaultdict[int, list[tuple[datetime, Health]]] = defaultdict(list)
    for row in rows:
        found[row["camera_id"]].append((row["at"], Health(row["to_health"])))
    return found


async def _intents(
    conn: Connection, ends_at: datetime, ids: Sequence[int]
) -> defaultdict[int, list[tuple[datetime, Intent]]]:
    rows = await conn.fetch(
        """
        SELECT camera_id, at, intent FROM intent_change
        WHERE at < $1 AND camera_id = ANY($2) ORDER BY camera_id, at
        """,
        ends_at,
        ids,
    )
    found: defaultdict[int, list[tuple[datetime, Intent]]] = defaultdict(list)
    for row in rows:
        found[row["camera_id"]].append((row["at"], Intent(row["intent"])))
    return found


async def _stretches(
    conn: Connection,
    table: str,
    label: str,
    starts_at: datetime,
    ends_at: datetime,
    ids: Sequence[int],
) -> defaultdict[int, list[Stretch]]:
    rows = await conn.fetch(
        f"""
        SELECT camera_id, starts_at, ends_at, {label} AS label FROM {table}
        WHERE starts_at < $2 AND (ends_at IS NULL OR ends_at > $1) AND camera_id = ANY($3)
        ORDER BY camera_id, starts_at
        """,  # noqa: S608  both names are constants of this module
        starts_at,
        ends_at,
        ids,
    )
    found: defaultdict[int, list[Stretch]] = defaultdict(list)
    for row in rows:
        found[row["camera_id"]].append(
            Stretch(starts_at=row["starts_at"], ends_at=row["ends_at"], label=row["label"])
        )
    return found
