"""Verbs that answer a question: probe, status, coverage, ledger."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from collectors import ladder
from collectors.login import Login
from collectors.reading import DEVICE_PATH, Policy, Target
from db import covered, views
from monitor import figures, settings
from monitor.cli import lessening, show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note
from monitor.model import Status
from monitor.opening import connected, utc_now
from monitor.settings import Settings


async def probe(arguments: argparse.Namespace) -> int:
    """Ask one camera; 0 when it is online, 1 when not."""
    config = settings.load(arguments.config)
    target, declared = await _target(arguments, config)
    policy = Policy(
        connect_s=config.polling.connect_timeout_s,
        deadline_s=config.polling.timeout_s,
        clock_tolerance_s=config.clock.tolerance_s,
    )
    climb = await ladder.climb(target, policy, utc_now(), login=_login(arguments))
    if arguments.json:
        show.as_json({**climb.as_json(), "declared": declared})
    else:
        print(climb.as_text())
        if declared is False:
            print("\nThis camera is not declared: declare or remove.")
    return 0 if climb.status is Status.ONLINE else 1


async def _target(arguments: argparse.Namespace, config: Settings) -> tuple[Target, bool | None]:
    """Whom to ask, and whether it is declared; None where the register cannot know."""
    if arguments.url:
        return _target_of(arguments.url), None
    async with connected(config) as conn:
        row = await views.camera(conn, arguments.camera)
        if row is not None:
            await note(conn, arguments, "camera.probe", arguments.camera)
    if row is None:
        raise UnknownName(
            f"No camera has the code {arguments.camera}. `camledger export cameras FILE` lists all"
        )
    if not row["host"]:
        raise UnknownName(f"Camera {arguments.camera} has no address. Import one, or use --url")
    target = Target(camera_id=0, code=arguments.camera, host=row["host"], port=row["port"])
    return target, row["declared"]


def _target_of(url: str) -> Target:
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if not host or parts.scheme not in ("", "http") or parts.username:
        raise UnknownName(f'"{url}" is not an address like http://192.0.2.7:80')
    target = Target(camera_id=0, code=url, host=host, port=port or 80)
    return replace(target, path=parts.path if len(parts.path) > 1 else DEVICE_PATH)


def _login(arguments: argparse.Namespace) -> Login | None:
    if not arguments.user and not arguments.password_file:
        return None
    if not arguments.user or not arguments.password_file:
        raise UnknownName("--user and --password-file belong together")
    file: Path = arguments.password_file
    try:
        password = file.read_text("utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise UnknownName(
            f"{file} cannot be read ({exc}). It holds the password, in UTF-8"
        ) from exc
    return Login(user=arguments.user, password=password)


async def status(arguments: argparse.Namespace) -> int:
    """Counts; 1 when a camera is offline."""
    async with connected(settings.load(arguments.config)) as conn:
        counts = await views.status(conn)
        offline = await views.offline(conn) if arguments.offline else []
    if arguments.json:
        show.as_json({**counts, "offline_list": offline} if arguments.offline else counts)
    elif arguments.offline:
        _print_offline(offline, counts["unknown"])
    else:
        _print_counts(counts)
    return 1 if counts["offline"] else 0


def _not_counted(counts: Mapping[str, Any]) -> str:
    return (
        f"{counts['undeclared']} of {counts['cameras']} cameras are not declared and count for"
        " nothing: declare or remove"
    )


def _print_counts(counts: dict[str, Any]) -> None:
    rate = counts["online_rate"]
    print(
        f"Online {rate['numerator']} of {rate['denominator']} declared and assessed"
        f" ({show.percent(rate['value'])}), as of {counts['as_of']}\n"
        f"{_not_counted(counts)}\n"
    )
    words = ["cameras", "undeclared", "online", "degraded", "offline", "unknown", "exempt"]
    words += ["repair", "planned"]
    whole = {**counts, "area": "all"}
    show.table(
        ["area", *words, "online rate"],
        [
            [
                each["area"],
                *(each[word] for word in words),
                show.percent(each["online_rate"]["value"]),
            ]
            for each in (*counts["by_area"], whole)
        ],
    )


def _print_offline(offline: list[dict[str, Any]], unknown: int) -> None:
    if unknown:
        print(f"{unknown} cameras are unknown: nobody looked lately. They may be offline or not.")
    if not offline:
        print("No camera is known to be offline." if unknown else "No camera is offline.")
        return
    show.table(
        ["camera", "name", "offline for", "why", "one trip", "next step"],
        [
            [
                each["camera_code"],
                each["name"],
                show.duration(each["offline_s"]),
                each["meaning"],
                each["one_trip"],
                each["advice"],
            ]
            for each in offline
        ],
    )


async def coverage(arguments: argparse.Namespace) -> int:
    """What is watched; 2 when no place matches. Or which cameras can go, what would change."""
    if arguments.question:
        ask = {"can-go": lessening.can_go, "without": lessening.without}[arguments.question]
        return await ask(arguments)
    async with connected(settings.load(arguments.config)) as conn:
        rows = await covered.coverage(conn, arguments.place, arguments.kind)
        model = await covered.coverage_model(conn)
        estate = await views.estate(conn)
    if not rows and arguments.place:
        raise UnknownName(f"No place is called {arguments.place}. `camledger coverage` lists all")
    if arguments.json:
        show.as_json(rows)
        return 0
    show.table(
        [
            *("place", "kind", "length m", "area m²", "required"),
            *("designed", "effective", "upper", "twice", "undeclared", "excess", "gaps"),
        ],
        [
            [
                each["place"],
                each["kind"],
                each["length_m"],
                each["area_m2"],
                show.percent(each["required"]),
                show.percent(each["designed"]),
                show.span(each["effective"], each["upper"]),
                show.percent(each["upper"]),
                show.percent(each["redundant"]),
                show.percent(each["undeclared"]),
                _excess(each),
                len(each["gaps"]),
            ]
            for each in rows
        ],
    )
    for each in rows:
        if each["defect"]:
            print(f"{each['place']} is not in the figures. {each['defect']}")
    print(f"\n{_not_counted(estate)}")
    print(_too_much(rows))
    hidden = sum(each["excluded_m"] for each in rows)
    if hidden:
        print(f"Left out: {hidden:,.0f} m of streets that are tunnel, covered or unbuilt.")
    bare = sum(each["protected_layer"] is None and not each["defect"] for each in rows)
    if bare:
        print(
            f"Protected places: not loaded for {bare:,} of {len(rows):,} places; nothing can be "
            "required there (camledger import protected FILE)."
        )
    if model:
        print(f"Model: {model['model']['name']}, as of {model['as_of']}")
    return 0


def _excess(row: dict[str, Any]) -> str:
    for name, unit in (("excess_m", "m"), ("excess_m2", "m²")):
        if row[name] is not None:
            return f"{row[name]:,.0f} {unit}"
    return show.MISSING


def _too_much(rows: list[dict[str, Any]]) -> str:
    def total(name: str) -> float:
        return sum(row[name] or 0.0 for row in rows)

    return (
        f"Excess: {total('excess_m'):,.0f} m and {total('excess_m2'):,.0f} m² are watched by more "
        f"cameras than are required; {total('unrequired_m'):,.0f} m and "
        f"{total('unrequired_m2'):,.0f} m² of that although nothing is required there."
    )


async def ledger(arguments: argparse.Namespace) -> int:
    """The seconds of a camera or an area in a window that ends now at the latest."""
    config = settings.load(arguments.config)
    zone = ZoneInfo(config.city.timezone)
    now = utc_now()
    starts_at = _aware(arguments.starts_at, zone)
    ends_at = min(_aware(arguments.ends_at, zone), now) if arguments.ends_at else now
    if ends_at <= starts_at:
        raise UnknownName("The window is empty: --to must be later than --from, which must be past")
    async with connected(config) as conn:
        if arguments.camera:
            found = await figures.of_camera(conn, arguments.camera, starts_at, ends_at)
            if found is not None:
                await note(conn, arguments, "camera.ledger", arguments.camera)
        else:
            found = await figures.of_area(conn, arguments.area, starts_at, ends_at)
    if found is None:
        what, code = ("camera", arguments.camera) if arguments.camera else ("area", arguments.area)
        raise UnknownName(f"No {what} has the code {code}")
    if arguments.json:
        show.as_json(found)
    else:
        _print_ledger(found)
    return 0


def _aware(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _print_ledger(found: dict[str, Any]) -> None:
    print(f"From {found['from']} to {found['to']}\n")
    columns = ["up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service"]
    show.table(
        ["column", "seconds", "time"],
        [[name, f"{found[name]:,.3f}", show.duration(found[name])] for name in columns],
    )
    for cause, seconds in found["unobserved_by_cause"].items():
        print(f"  unobserved because {cause}: {show.duration(seconds)}")
    print(
        f"\nAvailability {show.percent(found['availability'])} = up ÷ (up + down + unreachable), "
        f"between {show.percent(found['worst'])} and {show.percent(found['best'])}; "
        f"observed {show.percent(found['observed_share'])}"
    )
