"""The stored table of limits, targets and colours, which views and boards read."""

from collections.abc import Sequence

from db.pool import Connection
from monitor.limits import Limit


async def store(conn: Connection, wanted: Sequence[Limit]) -> None:
    """Make the table say exactly this, in this order."""
    async with conn.transaction():
        await conn.execute("DELETE FROM target")
        await conn.executemany(
            """
            INSERT INTO target (measure, word, at_least, colour, position)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [
                (each.measure, each.word, each.at_least, each.colour, position)
                for position, each in enumerate(wanted)
            ],
        )


async def contract(conn: Connection) -> float | None:
    """The availability that a maintenance contract asks for; None without one."""
    found: float | None = await conn.fetchval(
        "SELECT at_least FROM bi.target WHERE measure = 'availability' AND word = 'target'"
    )
    return found
