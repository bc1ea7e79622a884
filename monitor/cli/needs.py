"""The verb requirement: what a place needs, with its reason; stated, withdrawn and listed."""

import argparse
from typing import Any

from db import accounts, cameras, places, protected, requirements
from db.pool import Connection
from monitor import settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, who
from monitor.model import Requirement
from monitor.opening import connected, utc_now


async def requirement(arguments: argparse.Namespace) -> int:
    """List, set or withdraw."""
    async with connected(settings.load(arguments.config)) as conn:
        if arguments.action != "list":
            place_id = await _place(conn, arguments)
            async with conn.transaction():
                await _change(conn, place_id, arguments)
                await cameras.touch(conn)
        rows = await accounts.requirements(conn)
    if arguments.json:
        show.as_json(rows)
    else:
        _print(rows)
    return 0


async def _place(conn: Connection, arguments: argparse.Namespace) -> int:
    if not arguments.place:
        raise UnknownName("Say which place: its code or its whole name")
    found = await places.called(conn, arguments.place)
    if not found:
        raise UnknownName(f"No place is called {arguments.place}. `camledger coverage` lists all")
    if len(found) > 1:
        codes = ", ".join(found.values())
        raise UnknownName(
            f"{len(found)} places are called {arguments.place}; say its code: {codes}"
        )
    return next(iter(found))


async def _change(conn: Connection, place_id: int, arguments: argparse.Namespace) -> None:
    now, by = utc_now(), who(arguments)
    if arguments.action == "withdraw":
        if not await requirements.withdraw(conn, place_id, by=by, now=now):
            raise UnknownName(f"{arguments.place} has no requirement to withdraw")
        await note(conn, arguments, "requirement.withdraw", arguments.place)
        return
    given = {name: getattr(arguments, name) for name in ("share", "purpose", "ground", "review")}
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if missing:
        raise UnknownName(f"A requirement needs its reason; say {', '.join(missing)}, too")
    needed = Requirement(
        share=arguments.share,
        purpose=arguments.purpose,
        ground=arguments.ground,
        review_due=arguments.review,
    )
    today = await requirements.today(conn, now)
    flaw = requirements.flaw(needed, today) or await protected.hindrance(conn, place_id)
    if flaw:
        raise UnknownName(flaw)
    await requirements.state(conn, place_id, needed, from_day=today, by=by, now=now)
    said = {"share": needed.share, "purpose": needed.purpose, "ground": needed.ground}
    due = needed.review_due.isoformat()
    await note(conn, arguments, "requirement.state", arguments.place, **said, review_due=due)


def _print(rows: list[dict[str, Any]]) -> None:
    if not rows:
        print("No place needs coverage: no requirement was ever stated.")
        return
    columns = ["place", "state", "share", "purpose", "ground", "review_due", "stated_by"]
    show.table(
        [name.replace("_", " ") for name in columns],
        [
            [show.percent(row[name]) if name == "share" else row[name] for name in columns]
            for row in rows
        ],
    )
