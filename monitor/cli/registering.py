"""The verb register: show, set, approve, withdraw and list entries; `issuing` does the rest."""

import argparse
from typing import Any

from db import accounts
from db.pool import Connection
from monitor import declaring, entry, settings
from monitor.cli import issuing, show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, person
from monitor.entry import Declaration
from monitor.opening import connected, utc_now


async def register(arguments: argparse.Namespace) -> int:
    """One of its actions; 1 when a camera is not declared, or something does not fit."""
    if arguments.action == "verify" and arguments.words:
        return await issuing.verify_folder(arguments)
    async with connected(settings.load(arguments.config)) as conn:
        match arguments.action:
            case "list":
                return await _list(conn, arguments)
            case "show":
                return await _show(conn, arguments)
            case "set":
                await _set(conn, arguments)
            case "approve":
                await _approve(conn, arguments)
            case "publish":
                return await issuing.publish(conn, arguments)
            case "verify":
                return await issuing.verify(conn, arguments)
            case "withdraw":
                reason = arguments.reason or ""
                codes, now = _codes(arguments), utc_now()
                await declaring.withdraw(conn, codes, person(arguments), now, reason=reason)
                print(f"Withdrawn: {', '.join(codes)}")
    return 0


def _codes(arguments: argparse.Namespace) -> list[str]:
    codes = [word for word in arguments.words if "=" not in word]
    if not codes:
        raise UnknownName("Say which camera: its code")
    return codes


async def _list(conn: Connection, arguments: argparse.Namespace) -> int:
    rows = await accounts.register(conn, arguments.state, 1_000_000)
    if arguments.json:
        show.as_json(rows)
        return 0
    show.table(
        [
            "camera",
            "name",
            "state",
            "entry",
            "shared by",
            "purpose",
            "until",
            "review due",
            "lacks",
        ],
        [
            [
                *(each[n] for n in ("camera_code", "name", "state", "entry", "shared_by")),
                *(each[n] for n in ("purpose", "declared_until", "review_due")),
                ", ".join(each["missing"]),
            ]
            for each in rows
        ],
    )
    declared = sum(each["declared"] for each in rows)
    print(f"\n{declared} of {len(rows)} cameras are declared.")
    return 0


async def _show(conn: Connection, arguments: argparse.Namespace) -> int:
    found = None
    for code in _codes(arguments):
        found = await accounts.register_entry(conn, code)
        if found is None:
            raise UnknownName(f"No camera has the code {code}")
        await note(conn, arguments, "register.show", code)
        if arguments.json:
            show.as_json(found)
        else:
            _print(found)
    return 0 if found and found["declared"] else 1


def _print(found: dict[str, Any]) -> None:
    print(f"{found['camera_code']}  {found['name']}\n")
    rows = [["state", found["state"]], ["entry", found["entry"]]]
    if found["missing"]:
        rows.append(["lacks", ", ".join(found["missing"])])
    if not found["declared"]:
        what = (
            "declare or remove" if found["attended"] else "declare or remove: no repair, no alert"
        )
        rows.append([what, f"by {found['declare_by']}"])
    if found["shared_by"] > 1:
        rows.append(["shared by", f"{found['shared_by']} cameras"])
    rows += [[name, found[name]] for name in entry.NAMES if found[name] not in (None, False)]
    for word in ("stated", "approved"):
        if found[f"{word}_by"]:
            who = f"{found[f'{word}_by']} ({found[f'{word}_role']})"
            rows.append([word, f"{found[f'{word}_at']} by {who}"])
    show.table(["field", "value"], rows)
    print(f"\n{len(found['versions'])} versions (--json shows all)")


async def _set(conn: Connection, arguments: argparse.Namespace) -> None:
    values = {}
    for word in arguments.words:
        name, equals, text = word.partition("=")
        if not equals:
            continue
        if name not in entry.BY_NAME:
            raise UnknownName(f"There is no field {name}. There are {', '.join(entry.NAMES)}")
        try:
            values[name] = entry.parse(name, text)
        except ValueError as exc:
            raise UnknownName(" ".join(exc.args)) from exc
    rows = [
        Declaration(camera=code, entry=arguments.entry, values=values) for code in _codes(arguments)
    ]
    done = await declaring.declare(conn, rows, person(arguments), utc_now())
    stated = [*done.added, *done.changed]
    if not stated:
        print("Nothing changed.")
        return
    print(
        f"Stated: {', '.join(stated)}. It counts once somebody of another role approves it: "
        f"camledger register approve {stated[0]} --as oversight"
    )


async def _approve(conn: Connection, arguments: argparse.Namespace) -> None:
    keys = await declaring.approve(conn, _codes(arguments), person(arguments), utc_now())
    print(f"Approved: {', '.join(keys)}")
