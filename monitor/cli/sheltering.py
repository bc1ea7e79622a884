"""Protected places at the command line: layers, and cameras that look at what nobody may name."""

import argparse
import asyncio
import hashlib
from typing import Any

from db import accounts, cameras, findings, requirements
from db import protected as stored
from db.findings import Evidence
from db.pool import Connection
from monitor import inventory, protecting, settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, who
from monitor.coverage.masks import Mask
from monitor.inventory import Layer, Reading, Said
from monitor.opening import connected, utc_now
from monitor.protecting import Loaded

_SHOWN = 200


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
    """List layers or findings, answer one, or say what a mask hides."""
    async with connected(settings.load(arguments.config)) as conn:
        if arguments.action == "layers":
            await _layers(conn, arguments)
        elif arguments.action == "findings":
            await _findings(conn, arguments)
        else:
            await _change(conn, arguments)
    return 0


async def _change(conn: Connection, arguments: argparse.Namespace) -> None:
    if not arguments.code:
        raise UnknownName("Say which camera: its code")
    camera_id = await cameras.id_of(conn, arguments.code)
    if camera_id is None:
        raise UnknownName(f"No camera has the code {arguments.code}")
    act = {"answer": _answer, "mask": _mask, "unmask": _unmask, "mount": _mount}[arguments.action]
    async with conn.transaction():
        said = await act(conn, camera_id, arguments)
        await cameras.touch(conn)
    await note(conn, arguments, f"protected.{arguments.action}", arguments.code, **said)
    if arguments.json:
        show.as_json({"camera": arguments.code, **said})
    else:
        print(f"{arguments.code}: noted. What it looks at is computed again within seconds.")


async def _answer(conn: Connection, camera_id: int, arguments: argparse.Namespace) -> Any:
    if not (arguments.text or "").strip():
        raise UnknownName("Say the answer: --text TEXT")
    now = utc_now()
    if not await findings.answer(conn, camera_id, arguments.text, by=who(arguments), now=now):
        raise UnknownName(f"{arguments.code} is not known to look at a protected place")
    return {"answer": arguments.text}


async def _mask(conn: Connection, camera_id: int, arguments: argparse.Namespace) -> Any:
    missing = [name for name in ("hides", "seen_on", "evidence") if not getattr(arguments, name)]
    if missing:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in missing)
        raise UnknownName(f"A mask needs its evidence; say {options}, too")
    today = await requirements.today(conn, utc_now())
    if arguments.seen_on > today:
        raise UnknownName(f"The mask cannot have been seen on {arguments.seen_on}, a day to come")
    mask = _bearings(arguments)
    evidence = Evidence(seen_on=arguments.seen_on, words=arguments.evidence)
    await findings.add_mask(conn, camera_id, mask, evidence, by=who(arguments), now=utc_now())
    said = {"from_deg": mask.from_deg, "to_deg": mask.to_deg, "beyond_m": mask.beyond_m}
    return {**said, "seen_on": arguments.seen_on.isoformat(), "evidence": arguments.evidence}


def _bearings(arguments: argparse.Namespace) -> Mask:
    try:
        first, last = (float(part) for part in arguments.hides.split(","))
    except ValueError:
        first = last = -1.0
    if not (0 <= first <= 360 and 0 <= last <= 360 and arguments.beyond >= 0):
        raise UnknownName("Write the bearings as --hides 30,75: degrees, clockwise from north")
    return Mask(from_deg=first % 360, to_deg=last % 360, beyond_m=arguments.beyond)


async def _unmask(conn: Connection, camera_id: int, arguments: argparse.Namespace) -> Any:
    count = await findings.withdraw_masks(conn, camera_id, by=who(arguments), now=utc_now())
    if not count:
        raise UnknownName(f"No mask of {arguments.code} is known")
    return {"masks": count}


async def _mount(conn: Connection, camera_id: int, arguments: argparse.Namespace) -> Any:
    if not arguments.counts:
        raise UnknownName("Say whether it looks along or into its building: --counts yes or no")
    counts = arguments.counts == "yes"
    await findings.face_mount(conn, camera_id, counts=counts, by=who(arguments), now=utc_now())
    return {"counts": counts}


async def _layers(conn: Connection, arguments: argparse.Namespace) -> None:
    rows = [
        {name: value for name, value in each.items() if name != "digest"}
        for each in await stored.layers(conn)
    ]
    if arguments.json:
        show.as_json(rows)
    elif not rows:
        print(
            "Protected places: not loaded. Nothing can be required of any place before they are: "
            "camledger import protected FILE."
        )
    else:
        headers = ["source", "dated", "outlines", "complete for an area", "loaded by"]
        show.table(headers, [_layer(each) for each in rows])


def _layer(each: dict[str, Any]) -> list[Any]:
    complete = "yes" if each["covers"] else "no, it adds to the others"
    return [each["source"], each["dated"], each["outlines"], complete, each["loaded_by"]]


async def _findings(conn: Connection, arguments: argparse.Namespace) -> None:
    counts = await accounts.protected_counts(conn)
    rows = await accounts.protected_findings(conn, ended=arguments.all)
    if arguments.json:
        show.as_json({**counts, "findings": rows})
        return
    print(
        f"{counts['looking']:,} of {counts['cameras']:,} cameras look at a protected place "
        f"({counts['answered']:,} answered); {counts['cameras'] - counts['compared']:,} could not "
        "be compared: no layer there, or nobody knows what they look at. Walls are not considered."
    )
    headers = ["camera", "state", "since", "share of view", "who answers", "would end it"]
    if rows:
        show.table(headers, [_finding(each) for each in rows[:_SHOWN]])
    if len(rows) > _SHOWN:
        print(f"… and {len(rows) - _SHOWN:,} more (--json lists them)")


def _finding(each: dict[str, Any]) -> list[Any]:
    share, owner = show.percent(each["share"]), each["owner"] or "undeclared"
    ended = f"ended: {each['ended_by']}" if each["ended_by"] else None
    return [
        each["camera_code"],
        each["state"],
        each["since"][:10],
        share,
        owner,
        ended or ways(each),
    ]


def ways(found: dict[str, Any]) -> str:
    """What would end a look, in words; removing the camera always would."""
    said = [
        ("turn to {:.0f}°", found["free_bearing_deg"]),
        ("narrow to {:.0f}°", found["free_angle_deg"]),
        ("shorten to {:.0f} m", found["free_range_m"]),
    ]
    words = [text.format(value) for text, value in said if value is not None]
    hide = ", ".join(f"{low:.0f}–{high:.0f}°" for low, high in found["hide"][:4])
    return "; ".join([*words, f"mask {hide}"] if hide else words) or "remove it"
