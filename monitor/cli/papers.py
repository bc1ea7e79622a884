"""Verbs that move the inventory in and out of files: import and export."""

import argparse
import asyncio
import sys
from collections.abc import Collection
from typing import Any

from db import cameras, register
from db.pool import Connection
from monitor import declaring, intake, inventory, settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, person, who
from monitor.inventory import Reading
from monitor.opening import connected, utc_now

_SHOWN = 30


async def take(arguments: argparse.Namespace) -> int:
    """Take a file into the inventory; 2 when it has errors, and then nothing is changed."""
    config = settings.load(arguments.config)
    async with connected(config) as conn:
        if arguments.what == "register":
            return await _take_register(conn, arguments)
        reading = _read(arguments, known=await cameras.areas(conn))
        if not reading.ok:
            _print_problems(reading, arguments)
            errors = reading.counts.errors
            count = "1 error" if errors == 1 else f"{errors} errors"
            print(f"{arguments.file}: {count}; nothing was imported.", file=sys.stderr)
            return 2
        now, dry = utc_now(), arguments.dry_run
        source = arguments.file.name
        if arguments.what == "areas":
            outcome = await intake.take_areas(conn, reading.rows, dry_run=dry)
        elif arguments.what == "cameras":
            outcome = await intake.take_cameras(
                conn, reading.rows, source=source, now=now, dry_run=dry
            )
        else:
            outcome = await intake.take_places(
                conn, reading.rows, now=now, by=who(arguments), dry_run=dry
            )
        if not dry:
            counts = {"added": outcome.added, "changed": outcome.changed}
            await note(conn, arguments, f"import.{arguments.what}", source, **counts)
    _print_problems(reading, arguments, outcome)
    return 0


async def _take_register(conn: Connection, arguments: argparse.Namespace) -> int:
    known = await register.camera_ids(conn)
    reading = inventory.read_register(arguments.file, known=known)
    if not reading.ok:
        _print_problems(reading, arguments)
        print(f"{arguments.file}: nothing was imported.", file=sys.stderr)
        return 2
    dry = arguments.dry_run
    done = await declaring.declare(conn, reading.rows, person(arguments), utc_now(), dry_run=dry)
    if arguments.json:
        problems = [problem.as_json() for problem in reading.problems]
        show.as_json({"outcome": done.as_json(), "problems": problems})
        return 0
    _print_problems(reading, arguments)
    print(
        f"{'Would state' if dry else 'Stated'} entries: {len(done.added)} new, {len(done.changed)} "
        f"changed; {done.unchanged} unchanged. They count once somebody of another role approves "
        "them (camledger register approve)."
    )
    return 0


def _read(arguments: argparse.Namespace, known: Collection[str]) -> Reading[Any]:
    if arguments.what == "areas":
        return inventory.read_areas(arguments.file, known=known)
    if arguments.what == "cameras":
        return inventory.read_cameras(arguments.file, arguments.mapping)
    return inventory.read_places(arguments.file, arguments.kind, area_code=arguments.area)


def _print_problems(
    reading: Reading[Any], arguments: argparse.Namespace, outcome: intake.Outcome | None = None
) -> None:
    if arguments.json:
        problems = [problem.as_json() for problem in reading.problems]
        show.as_json({"outcome": outcome and outcome.as_json(), "problems": problems})
        return
    for problem in reading.problems[:_SHOWN]:
        print(problem, file=sys.stderr)
    hidden = len(reading.problems) - _SHOWN
    if hidden > 0:
        print(f"… and {hidden} more (--json lists them)", file=sys.stderr)
    if outcome:
        _print_outcome(outcome, dry_run=arguments.dry_run)


def _print_outcome(outcome: intake.Outcome, *, dry_run: bool) -> None:
    would = "Would store" if dry_run else "Stored"
    print(
        f"{would} {outcome.what}: {outcome.added} new, {outcome.changed} changed; "
        f"{outcome.unchanged} unchanged, {outcome.absent} known ones are not in the file."
    )
    if outcome.new_areas:
        named = ", ".join(outcome.new_areas[:5])
        print(f"New areas made from their codes: {len(outcome.new_areas)} ({named} …)")
    for change in outcome.changes[:_SHOWN]:
        print(f"  {change}")
    if len(outcome.changes) > _SHOWN:
        print(f"  … and {len(outcome.changes) - _SHOWN} more changes")


async def give(arguments: argparse.Namespace) -> int:
    """Write the cameras as CSV."""
    async with connected(settings.load(arguments.config)) as conn:
        stored = list((await cameras.cameras(conn)).values())
        await note(conn, arguments, "export.cameras", arguments.file.name, cameras=len(stored))
    text = inventory.export_rows(stored)
    try:
        await asyncio.to_thread(arguments.file.write_text, text, encoding="utf-8-sig", newline="")
    except OSError as exc:
        raise UnknownName(f"{arguments.file} cannot be written ({exc.strerror})") from exc
    if arguments.json:
        show.as_json({"file": str(arguments.file), "cameras": len(stored)})
    else:
        print(f"{arguments.file}: {len(stored)} cameras")
    return 0
