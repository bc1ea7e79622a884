"""Verbs that change the inventory by hand, or take a change back: imports, intent, delete."""

import argparse
from typing import Any

from db import cameras, changes
from db.changes import Order, What
from db.pool import Connection
from monitor import intake, settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, who
from monitor.inventory import Patch
from monitor.model import Intent
from monitor.opening import connected, utc_now

_SHOWN = 100


async def imports(arguments: argparse.Namespace) -> int:
    """List change sets, show one, or take one back."""
    async with connected(settings.load(arguments.config)) as conn:
        if arguments.action == "list":
            _print_sets(await changes.sets(conn), arguments)
        elif arguments.number is None:
            raise UnknownName("Say which change set: its number (camledger imports list)")
        elif arguments.action == "show":
            await _show(conn, arguments)
        else:
            await _undo(conn, arguments)
    return 0


def _print_sets(found: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    if arguments.json:
        show.as_json(found)
    elif not found:
        print("Nothing was imported or changed yet.")
    else:
        columns = ["number", "at", "by", "what", "source", "added", "changed", "removed"]
        rows = [[_cell(row, name) for name in columns] + [_remark(row)] for row in found]
        show.table([*columns, "remark"], rows)


def _cell(row: dict[str, Any], name: str) -> Any:
    return f"{row[name]:%Y-%m-%d %H:%M} UTC" if name == "at" else row[name]


def _remark(row: dict[str, Any]) -> str:
    words = [
        f"takes {row['undoes']} back" if row["undoes"] else "",
        f"taken back by {row['undone_by']}" if row.get("undone_by") else "",
        row["reason"] or "",
    ]
    return "; ".join(filter(None, words))


async def _show(conn: Connection, arguments: argparse.Namespace) -> None:
    found = await changes.change_set(conn, arguments.number)
    if found is None:
        raise _unknown(arguments.number)
    listed = await changes.changes(conn, arguments.number, None if arguments.json else _SHOWN)
    if arguments.json:
        show.as_json({**found, "changes": [dict(row) for row in listed]})
        return
    print(
        f"Change set {found['number']}: {found['what']} from {found['source']}, by {found['by']}, "
        f"{found['at']:%Y-%m-%d %H:%M:%S} UTC; {found['added']} added, {found['changed']} changed, "
        f"{found['removed']} removed. {_remark(found)}".rstrip()
    )
    if found["digest"]:
        print(f"SHA-256 of the file: {found['digest']}")
    for row in listed:
        for line in _lines(row):
            print(f"  {line}")
    total = found["added"] + found["changed"] + found["removed"]
    if total > _SHOWN:
        print(f"  … {total:,} in all (--json lists them)")


def _lines(row: Any) -> list[str]:
    if row["before"] is None:
        return [f"{row['key']}: added"]
    if row["after"] is None:
        return [f"{row['key']}: removed"]
    fields = [name for name in row["after"] if name != "geometry"]
    said = [intake.said(row["key"], f, row["before"].get(f), row["after"][f]) for f in fields]
    return said + ([f"{row['key']}: geometry changed"] if "geometry" in row["after"] else [])


async def _undo(conn: Connection, arguments: argparse.Namespace) -> None:
    order = Order(
        by=who(arguments),
        at=utc_now(),
        source=f"undo of {arguments.number}",
        reason=arguments.reason,
    )
    try:
        done = await intake.undo(conn, arguments.number, order)
    except LookupError:
        raise _unknown(arguments.number) from None
    await note(conn, arguments, "import.undo", str(arguments.number), number=done)
    _say_done(f"Change set {arguments.number} is taken back", done, arguments)


def _unknown(number: int) -> UnknownName:
    return UnknownName(f"There is no change set {number} (camledger imports list)")


async def intent(arguments: argparse.Namespace) -> int:
    """Say what people decided about one camera: in service, repair, retired …"""
    decided = Intent(arguments.intent)
    async with connected(settings.load(arguments.config)) as conn:
        stored = {each.code: each for each in (await cameras.cameras(conn)).values()}
        if arguments.code not in stored:
            raise UnknownName(f"No camera has the code {arguments.code}")
        order = Order(by=who(arguments), at=utc_now(), source="intent", reason=arguments.reason)
        patch = Patch(key=arguments.code, values={"intent": decided})
        outcome = await intake.take(conn, What.CAMERAS, [patch], order)
        if outcome is None or outcome.number is None:
            raise UnknownName(f"{arguments.code} is {decided} already; nothing was changed")
        said = {"intent": decided.value, "reason": arguments.reason, "number": outcome.number}
        await note(conn, arguments, "camera.intent", arguments.code, **said)
        _say_done(f"{arguments.code} is {decided}", outcome.number, arguments)
    return 0


async def delete(arguments: argparse.Namespace) -> int:
    """Delete what should never have been there; what served is retired instead."""
    what = What(arguments.what)
    async with connected(settings.load(arguments.config)) as conn:
        order = Order(by=who(arguments), at=utc_now(), source="delete", reason=arguments.reason)
        try:
            number = await intake.delete(conn, what, arguments.code, order)
        except LookupError:
            raise UnknownName(
                f"None of the {what} has the code {arguments.code}"
                + (" (of a place say kind and code: 'street S1')" if what is What.PLACES else "")
            ) from None
        said = {"reason": arguments.reason, "number": number}
        await note(conn, arguments, f"delete.{what}", arguments.code, **said)
        _say_done(f"{arguments.code} is deleted", number, arguments)
    return 0


def _say_done(done: str, number: int, arguments: argparse.Namespace) -> None:
    if arguments.json:
        show.as_json({"change_set": number})
    else:
        print(f"{done}: change set {number}; camledger imports undo {number} takes it back.")
