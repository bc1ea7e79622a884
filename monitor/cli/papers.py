"""Verbs that move the inventory in and out of files: import and export."""

import argparse
import asyncio
import hashlib
import sys
from pathlib import Path
from typing import Any

from db import cameras, places, register, requirements
from db.changes import Order, What
from db.pool import Connection
from monitor import declaring, intake, inventory, settings
from monitor.cli import sheltering, show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, person, who
from monitor.geodesy.extent import Extent, extent
from monitor.intake import Rejected
from monitor.inventory import CameraFile, Patch, Problem, Reading, Refused
from monitor.inventory.problems import AtOnce, failed
from monitor.opening import connected, utc_now

_SHOWN = 30


async def take(arguments: argparse.Namespace) -> int:
    """Take a file into the inventory; 2 when it has errors, and then nothing is changed."""
    async with connected(settings.load(arguments.config), make=True) as conn:
        _refuse_idle(arguments.what, arguments)
        if arguments.what == "register":
            return await _take_register(conn, arguments)
        if arguments.what == "protected":
            return await _take_protected(conn, arguments)
        what, dry = What(arguments.what), arguments.dry_run
        try:
            paper = await _open(conn, what, arguments)
        except Refused as refused:
            return _refuse(failed(refused.problem), arguments)
        order = await _order(arguments, paper.unit)
        try:
            outcome = await intake.take(
                conn,
                what,
                show.progress(paper.rows(), "rows read"),
                order,
                dry_run=dry,
                make_areas=arguments.make_areas,
                replace_known=arguments.replace,
                sound=lambda: paper.sound,
            )
        except Rejected as rejected:
            return _refuse(paper.reading().with_errors(rejected.problems), arguments)
        reading = paper.reading()
        if outcome is None:
            return _refuse(reading, arguments)
        await _note(conn, arguments, outcome)
    if arguments.json:
        _as_json(reading, outcome.as_json())
        return 0
    _print_outcome(outcome, dry_run=dry)
    _print_problems(reading)
    return 0


async def _order(arguments: argparse.Namespace, unit: str) -> Order:
    return Order(
        by=who(arguments),
        at=utc_now(),
        source=arguments.file.name,
        unit=unit,
        digest=await asyncio.to_thread(_digest, arguments.file),
    )


async def _note(conn: Connection, arguments: argparse.Namespace, outcome: intake.Outcome) -> None:
    if outcome.number is not None:
        counts = {"added": outcome.tally.added, "changed": outcome.tally.changed}
        action, file = f"import.{outcome.what}", arguments.file.name
        await note(conn, arguments, action, file, number=outcome.number, **counts)


async def _open(
    conn: Connection, what: What, arguments: argparse.Namespace
) -> CameraFile | AtOnce[Patch]:
    file, encoding, mapping = arguments.file, arguments.encoding, arguments.mapping
    if what is What.AREAS:
        known = await cameras.areas(conn)
        sheet = arguments.sheet
        return AtOnce(
            given=inventory.read_areas(
                file, known=known, mapping=mapping, encoding=encoding, sheet=sheet
            )
        )
    if what is What.PLACES:
        given = inventory.read_places(
            file,
            arguments.kind,
            area_code=arguments.area,
            mapping=mapping,
            encoding=encoding,
            known=await _extent(conn),
        )
        return AtOnce(given=given)
    return inventory.open_cameras(
        file,
        mapping,
        encoding=encoding,
        sheet=arguments.sheet,
        area_code=arguments.area,
        extent=await _extent(conn),
        accept_far=arguments.accept_far,
    )


_LAYER = ("source", "dated", "covers", "every", "anew")
_ROWS = ("kind", "area", "accept_far", "make_areas", "replace", "mapping", "sheet")
# What each kind of file has no use for: refused, never ignored.
_IDLE: dict[str, tuple[str, ...]] = {
    "register": (*_ROWS, *_LAYER),
    "protected": _ROWS,
    What.AREAS: ("kind", "area", "accept_far", "make_areas", "replace", *_LAYER),
    What.CAMERAS: ("kind", *_LAYER),
    What.PLACES: ("sheet", "accept_far", "replace", *_LAYER),
}


def _refuse_idle(what: str, arguments: argparse.Namespace) -> None:
    given = [f"--{name.replace('_', '-')}" for name in _IDLE[what] if getattr(arguments, name)]
    if given:
        raise UnknownName(f"{', '.join(given)} means nothing for {what}; leave it out")


async def _extent(conn: Connection) -> Extent | None:
    return extent(await cameras.sample_positions(conn), "the middle of the known places")


def _digest(file: Path) -> bytes | None:
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError:
        return None  # whoever reads it next says what is wrong


async def _take_register(conn: Connection, arguments: argparse.Namespace) -> int:
    known = await register.camera_ids(conn)
    reading = inventory.read_register(arguments.file, known=known, encoding=arguments.encoding)
    if not reading.ok:
        return _refuse(reading, arguments)
    dry = arguments.dry_run
    done = await declaring.declare(conn, reading.rows, person(arguments), utc_now(), dry_run=dry)
    if arguments.json:
        _as_json(reading, done.as_json())
        return 0
    print(
        f"{'Would state' if dry else 'Stated'} entries: {len(done.added)} new, {len(done.changed)} "
        f"changed; {done.unchanged} unchanged. They count once somebody of another role approves "
        "them (camledger register approve)."
    )
    _print_problems(reading)
    return 0


async def _take_protected(conn: Connection, arguments: argparse.Namespace) -> int:
    reading = await asyncio.to_thread(sheltering.read, arguments)
    if not reading.ok:
        return _refuse(reading, arguments)
    [layer] = reading.rows
    done = await sheltering.load(conn, layer, arguments)
    if arguments.json:
        _as_json(reading, done.as_json())
        return 0
    sheltering.tell(done, layer, dry_run=arguments.dry_run)
    _print_problems(reading)
    return 0


def _refuse(reading: Reading[Any], arguments: argparse.Namespace) -> int:
    if arguments.json:
        _as_json(reading, None)
    else:
        _print_problems(reading)
    errors = reading.counts.errors
    count = "1 error" if errors == 1 else f"{errors:,} errors"
    print(f"{arguments.file}: {count}; nothing was imported.", file=sys.stderr)
    return 2


def _as_json(reading: Reading[Any], outcome: Any) -> None:
    problems = [problem.as_json() for problem in reading.problems]
    show.as_json({"outcome": outcome, "problems": problems})


def _print_problems(reading: Reading[Any]) -> None:
    """Every error, then the first warnings, then the first notes."""
    _print_some(reading.errors, reading.counts.errors, len(reading.errors), "errors")
    _print_some(reading.warnings, reading.counts.warnings, _SHOWN, "warnings")
    _print_some(reading.notes, reading.counts.notes, _SHOWN, "notes")


def _print_some(problems: tuple[Problem, ...], found: int, most: int, kind: str) -> None:
    for problem in problems[:most]:
        print(problem, file=sys.stderr)
    hidden = found - min(most, len(problems))
    if hidden:
        listed = " (--json lists them)" if len(problems) > most else ""
        print(f"… and {hidden:,} more {kind}{listed}", file=sys.stderr)


def _print_outcome(outcome: intake.Outcome, *, dry_run: bool) -> None:
    tally = outcome.tally
    for doubt in outcome.doubts[:_SHOWN]:
        print(doubt, file=sys.stderr)
    if len(outcome.doubts) > _SHOWN:
        print(f"… and {len(outcome.doubts) - _SHOWN:,} more (--json lists them)", file=sys.stderr)
    sys.stderr.flush()
    print(
        f"{'Would store' if dry_run else 'Stored'} {outcome.what}: {tally.added:,} new, "
        f"{tally.changed:,} changed; {tally.unchanged:,} unchanged, "
        f"{tally.absent:,} known ones are not in the file."
    )
    if outcome.new_areas:
        named = ", ".join(outcome.new_areas[:5])
        print(f"New areas made from their codes: {len(outcome.new_areas)} ({named} …)")
    if tally.fields:
        rows = [[each.name, each.set, each.changed, each.cleared] for each in tally.fields]
        print()
        show.table(["field of known ones", "set", "changed", "cleared"], rows)
    for change in outcome.changes[:_SHOWN]:
        print(f"  {change}")
    if len(outcome.changes) > _SHOWN:
        print(f"  … and {len(outcome.changes) - _SHOWN:,} more changes (--json lists them)")
    if outcome.number is not None:
        print(
            f"Change set {outcome.number}; camledger imports undo {outcome.number} takes it back."
        )


async def give(arguments: argparse.Namespace) -> int:
    """Write cameras, areas or places as a file that `import` takes."""
    what = What(arguments.what)
    async with connected(settings.load(arguments.config)) as conn:
        text, count = await _written(conn, what)
        await note(conn, arguments, f"export.{what}", arguments.file.name, **{what.value: count})
    # a byte order mark, so that spreadsheets show Chinese; JSON has none
    encoding = "utf-8" if what is What.PLACES else "utf-8-sig"
    try:
        await asyncio.to_thread(arguments.file.write_text, text, encoding=encoding, newline="")
    except OSError as exc:
        raise UnknownName(f"{arguments.file} cannot be written ({exc.strerror})") from exc
    if arguments.json:
        show.as_json({"file": str(arguments.file), what.value: count})
    else:
        print(f"{arguments.file}: {count:,} {what}")
    return 0


async def _written(conn: Connection, what: What) -> tuple[str, int]:
    if what is What.AREAS:
        areas = list((await cameras.areas(conn)).values())
        return inventory.areas_csv(areas), len(areas)
    if what is What.CAMERAS:
        stored = list((await cameras.cameras(conn)).values())
        return inventory.cameras_csv(stored), len(stored)
    found = list((await places.places(conn)).values())
    today = await requirements.today(conn, utc_now())
    return inventory.places_geojson(found, today), len(found)
