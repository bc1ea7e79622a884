"""Protected places at the command line: layers are loaded and listed, never what they hold."""

import argparse
import asyncio
import hashlib
from typing import Any

from db import protected as stored
from db.pool import Connection
from monitor import inventory, protecting, settings
from monitor.cli import show
from monitor.cli.person import note, who
from monitor.inventory import Layer, Reading, Said
from monitor.opening import connected, utc_now
from monitor.protecting import Loaded


def read(arguments: argparse.Namespace) -> Reading[Layer]:
    """The layer of the file that was named."""
    said = Said(
        source=arguments.source,
        dated=arguments.dated,
        covers=arguments.covers,
        every=arguments.every,
    )
    return inventory.read_protected(arguments.file, said, encoding=arguments.encoding)


async def load(conn: Connection, layer: Layer, arguments: argparse.Namespace) -> Loaded:
    """Take it in; the audit trail keeps its source and day."""
    done = await protecting.load(
        conn,
        layer,
        digest=await asyncio.to_thread(_digest, arguments),
        by=who(arguments),
        now=utc_now(),
        anew=arguments.anew,
        dry_run=arguments.dry_run,
    )
    if not (arguments.dry_run or done.known):
        said = {"dated": layer.dated.isoformat(), "outlines": len(layer.outlines)}
        await note(conn, arguments, "import.protected", layer.source, anew=arguments.anew, **said)
    return done


def _digest(arguments: argparse.Namespace) -> bytes:
    with arguments.file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def tell(done: Loaded, layer: Layer, *, dry_run: bool) -> None:
    """What was done, and what follows from it."""
    if done.known:
        print("This file was loaded before; nothing was changed.")
        return
    print(
        f"{'Would load' if dry_run else 'Loaded'} {len(layer.outlines):,} protected places from "
        f"{layer.source}, {layer.dated}: {done.before:,} were known, {done.after:,} are now."
    )
    if done.replaced:
        print(
            f"They replace all layers before: {'; '.join(done.replaced)}. Import again what of "
            "those shall hold, too."
        )
    print(
        f"Places: {done.clear:,} clear of protected places, {done.touching:,} touch one, "
        f"{done.unknown:,} lie outside of what the layers cover; only in the first can coverage "
        "be required."
    )
    if done.lost:
        print(f"Requirements that count no more: {', '.join(done.lost[:20])}.")


async def protected(arguments: argparse.Namespace) -> int:
    """List the layers that hold."""
    async with connected(settings.load(arguments.config)) as conn:
        await _layers(conn, arguments)
    return 0


async def _layers(conn: Connection, arguments: argparse.Namespace) -> None:
    """The layers that hold."""
    found = await stored.layers(conn)
    rows: list[dict[str, Any]] = [
        {name: value for name, value in each.items() if name != "digest"} for each in found
    ]
    if arguments.json:
        show.as_json(rows)
    elif not rows:
        print(
            "Protected places: not loaded. Nothing can be required of any place before they are: "
            "camledger import protected FILE."
        )
    else:
        show.table(
            ["source", "dated", "outlines", "complete for an area", "loaded by"],
            [
                [
                    each["source"],
                    each["dated"],
                    each["outlines"],
                    "yes" if each["covers"] else "no, it adds to the others",
                    each["loaded_by"],
                ]
                for each in rows
            ],
        )
