"""The verb platforms: list them, ask one step by step, keep what it says, say whose word counts.

What they propose is in `proposing`.
"""

import argparse
from contextlib import nullcontext
from typing import Any
from zoneinfo import ZoneInfo

from collectors.platforms.reading import Kept, Refused, Step
from db import accounts, cameras, views
from db import platforms as stored
from db.changes import Order, What
from db.pool import Connection
from monitor import intake, platforms, settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note, who
from monitor.cli.proposing import propose
from monitor.inventory import Patch
from monitor.model import JudgedBy
from monitor.opening import connected, utc_now
from monitor.settings import Platform, Settings

_SHOWN = 100


async def witness(arguments: argparse.Namespace) -> int:
    """What is asked about platforms; 1 when one refuses."""
    config = settings.load(arguments.config)
    if arguments.action == "list":
        return await _list(config, arguments)
    if arguments.action == "judge":
        return await _judge(config, arguments)
    given = _named(config, arguments.name)
    if arguments.action == "test":
        return await _test(given, config, arguments)
    async with connected(config) as conn:
        await stored.enrol(conn, {arguments.name: (given.kind, given.cadence_s)})
        if arguments.action == "sync":
            return await _sync(conn, given, config, arguments)
        if arguments.action == "retention":
            return await _retention(conn, given, config, arguments)
        return await propose(conn, arguments)


def _named(config: Settings, name: str | None) -> Platform:
    if name is None:
        raise UnknownName("Say which platform: its name in the configuration")
    if name not in config.platforms:
        known = ", ".join(config.platforms) or "none; write [platforms.NAME] into it"
        raise UnknownName(f"The configuration has no platform {name} (it has {known})")
    return config.platforms[name]


async def _list(config: Settings, arguments: argparse.Namespace) -> int:
    async with connected(config) as conn:
        await stored.enrol(conn, platforms.enrolled(config))
        rows = await views.platforms(conn)
        disputes = await views.disagreements(conn)
    if arguments.json:
        show.as_json({"platforms": rows, "disagreements": disputes})
        return 0
    if not rows:
        print("No platform is configured: write [platforms.NAME] with kind and url.")
        return 0
    columns = ["platform", "kind", "health", "channels", "said_on", "said_off", "said_unknown"]
    columns += ["unknown_here", "answered_at", "problem"]
    headers = [name.replace("_", " ") for name in columns]
    show.table(headers, [[row[name] for name in columns] for row in rows])
    for each in disputes[:_SHOWN]:
        which = each["camera_code"] or f"platform {each['platform']}"
        print(f"{which}: {each['kind']} since {each['since']}. {each['advice']}")
    if len(disputes) > _SHOWN:
        print(f"… and {len(disputes) - _SHOWN:,} more (--json lists them)")
    return 0


async def _retention(
    conn: Connection, given: Platform, config: Settings, arguments: argparse.Namespace
) -> int:
    """Ask how long recordings of declared cameras are kept; 1 where it is not as declared."""
    known = 0

    def tell(_: Kept) -> None:
        nonlocal known
        known += 1
        show.still(f"{known:,} cameras answered …")

    zone = ZoneInfo(config.city.timezone)
    try:
        await platforms.learn_kept(
            lambda: nullcontext(conn), arguments.name, given, zone, utc_now, each=tell
        )
    except Refused as refused:
        show.still("")
        print(f"Nothing was learnt: {refused}.")
        return 1
    show.still("")
    await note(conn, arguments, "platform.retention", arguments.name, cameras=known)
    rows = [row for row in await accounts.retention(conn) if row["platform"] == arguments.name]
    found = [row for row in rows if row["finding"] != "as declared"]
    if arguments.json:
        show.as_json(rows)
    elif not rows:
        print("Of no declared camera is known how long it keeps recordings.")
    else:
        print(f"{len(rows):,} declared cameras, {len(found):,} not as declared.")
        columns = ["camera_code", "name", "declared_days", "kept_days", "finding"]
        table = [[row[name] for name in columns] for row in found[:_SHOWN]]
        show.table([name.replace("_", " ") for name in columns], table)
    return 1 if found else 0


async def _judge(config: Settings, arguments: argparse.Namespace) -> int:
    """Say whose word counts for some cameras, as a change set."""
    words = [each.value for each in JudgedBy]
    if arguments.name not in words:
        raise UnknownName(f"Say whose word counts: one of {', '.join(words)}")
    async with connected(config) as conn:
        codes = await _meant(conn, arguments)
        patches = [
            Patch(key=code, values={"judged_by": JudgedBy(arguments.name)}) for code in codes
        ]
        order = Order(by=who(arguments), at=utc_now(), source="platforms judge")
        outcome = await intake.take(conn, What.CAMERAS, patches, order)
        number = None if outcome is None else outcome.number
        said = {"cameras": len(codes), "number": number}
        await note(conn, arguments, "platform.judge", arguments.name, **said)
    if arguments.json:
        show.as_json({"cameras": len(codes), "change_set": number})
    elif number is None:
        print(f"{len(codes):,} cameras were judged so already; nothing is changed.")
    else:
        print(
            f"{arguments.name} for {len(codes):,} cameras from now on. Change set {number}; "
            f"camledger imports undo {number} takes it back."
        )
    return 0


async def _meant(conn: Connection, arguments: argparse.Namespace) -> list[str]:
    """Codes of the cameras that are named, in an area, or known to a platform."""
    by_id = {key: each.code for key, each in (await cameras.cameras(conn)).items()}
    ids: set[int] = set()
    if arguments.area:
        ids |= await cameras.ids_within(conn, arguments.area)
    if arguments.platform:
        ids |= await stored.known_to(conn, arguments.platform)
    unknown = set(arguments.codes) - set(by_id.values())
    if unknown:
        raise UnknownName(f"The inventory has no camera {', '.join(sorted(unknown)[:5])}")
    codes = sorted({*arguments.codes, *(by_id[key] for key in ids)})
    if not codes:
        raise UnknownName("Say which cameras: codes, --area CODE or --platform NAME that has some")
    return codes


async def _test(given: Platform, config: Settings, arguments: argparse.Namespace) -> int:
    """Each step as it is taken; nothing is kept."""

    def tell(step: Step) -> None:
        if not arguments.json:
            good = "ok  " if step.ok else "FAIL"
            print(f"{good} {step.took_ms:7.0f} ms  {step.name}  {step.detail}", flush=True)

    asked = await platforms.look(given, ZoneInfo(config.city.timezone), each=tell)
    reading = asked.reading
    if arguments.json:
        show.as_json(
            {
                "refusal": asked.refusal,
                "steps": [_plain(step) for step in asked.steps],
                "channels": None if reading is None else len(reading.channels),
                "complete": reading is not None and reading.complete,
                "version": "" if reading is None else reading.version,
            }
        )
    elif reading is None:
        print(f"It does not work: {asked.refusal}.")
    else:
        counts = dict.fromkeys(("on", "off", "unknown"), 0)
        for each in reading.channels:
            counts[each.said] += 1
        words = ", ".join(f"{count:,} {word}" for word, count in counts.items())
        whole = "all of them" if reading.complete else reading.detail
        print(f"{len(reading.channels):,} cameras ({whole}): {words}. {reading.version}".rstrip())
    return 1 if reading is None else 0


def _plain(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in step.__slots__}


async def _sync(
    conn: Connection, given: Platform, config: Settings, arguments: argparse.Namespace
) -> int:
    steps = 0

    def tell(step: Step) -> None:
        nonlocal steps
        steps += 1
        show.still(f"{steps:,} questions answered …")

    asked = await platforms.look(given, ZoneInfo(config.city.timezone), each=tell)
    show.still("")
    done = await platforms.keep(conn, arguments.name, asked, utc_now())
    await note(conn, arguments, "platform.sync", arguments.name, channels=done.channels)
    if arguments.json:
        show.as_json(
            {
                name: getattr(done, name)
                for name in ("channels", "complete", "changed", "refusal", "detail", "version")
            }
        )
    elif done.refusal:
        print(f"Nothing was learnt: {done.refusal}. What it said before is stale, not withdrawn.")
    else:
        whole = "" if done.complete else f" ({done.detail}: nothing was taken away)"
        print(f"{done.channels:,} cameras read{whole}; {done.changed:,} say something else.")
    return 1 if done.refusal else 0
