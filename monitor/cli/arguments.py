"""What may be typed: verbs, their options and help."""

import argparse
from collections.abc import Sequence
from datetime import date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from monitor.entry import RegisterState, Role
from monitor.model import Intent, PlaceKind


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Arguments; `verb` is "module.function" of this package. Wrong ones exit with code 2."""
    return parser().parse_args(argv)


def parser() -> argparse.ArgumentParser:
    """The whole grammar; the README's table of verbs is made of it."""
    root = argparse.ArgumentParser(
        prog="camledger",
        description="Open register and health monitor for estates of fixed cameras.",
    )
    root.add_argument("--config", type=Path, metavar="FILE", help="configuration (TOML)")
    root.add_argument("--verbose", action="store_true", help="log details")
    root.add_argument("--version", action="version", version=_version())
    verbs = root.add_subparsers(required=True, metavar="VERB")
    _add_operating(verbs)
    _add_asking(verbs)
    _add_papers(verbs)
    return root


def _version() -> str:
    try:
        return version("camledger")
    except PackageNotFoundError:
        return "not installed"


def _verb(verbs: Any, name: str, function: str, text: str) -> argparse.ArgumentParser:
    sub: argparse.ArgumentParser = verbs.add_parser(name, help=text, description=text)
    sub.set_defaults(verb=function)
    return sub


def _add_operating(verbs: Any) -> None:
    run = _verb(verbs, "run", "start.run", "Poll the cameras of the inventory and serve the page.")
    run.add_argument(
        "--role",
        default="all",
        choices=["all", "collector", "web", "scheduler"],
        help="part to run, for several machines (default: all)",
    )
    _verb(verbs, "demo", "start.demo", "Run on the sample city with simulated cameras.")
    migrate = _verb(verbs, "migrate", "upkeep.migrate", "Bring the database to this version.")
    config = _verb(verbs, "config", "upkeep.config", "Show every option and its effective value.")
    doctor = _verb(verbs, "doctor", "upkeep.doctor", "Check that everything needed is there.")
    bench = _verb(verbs, "bench", "upkeep.bench", "Measure speed and memory on this machine.")
    bench.add_argument("--cameras", type=int, default=1000, help="simulated cameras")
    bench.add_argument("--register", type=int, default=100_000, help="cameras in the register")
    bench.add_argument("--devices", type=int, default=200_000, help="devices in a file, at most")
    bench.add_argument("--channels", type=int, default=50_000, help="cameras of a platform")
    bench.add_argument("--covered", type=int, default=100_000, help="cameras of the made-up city")
    bench.add_argument("--cadence", type=float, default=10, help="seconds between two questions")
    bench.add_argument("--seconds", type=float, default=60, help="length of the measurement")
    for each in (migrate, config, doctor, bench):
        _json(each)


def _add_asking(verbs: Any) -> None:
    probe = _verb(verbs, "probe", "ask.probe", "Ask one camera now and tell each step.")
    whom = probe.add_mutually_exclusive_group(required=True)
    whom.add_argument("--camera", metavar="CODE", help="a camera of the inventory")
    whom.add_argument("--url", metavar="URL", help="any camera: http://host:port")
    probe.add_argument("--user", help="log in, too, and read what the device is")
    probe.add_argument("--password-file", type=Path, metavar="FILE", help="its password")
    status = _verb(verbs, "status", "ask.status", "How many cameras are online, by area.")
    status.add_argument("--offline", action="store_true", help="list the cameras that are offline")
    coverage = _verb(verbs, "coverage", "ask.coverage", "What of each place is watched.")
    coverage.add_argument(
        "question",
        nargs="?",
        choices=["can-go", "without"],
        help="which cameras can go; what taking away, turning, shortening those of FILE changes",
    )
    coverage.add_argument("file", nargs="?", type=Path, metavar="FILE", help="cameras (without)")
    coverage.add_argument("--area", metavar="CODE", help="only cameras of it may go (can-go)")
    coverage.add_argument("--place", metavar="NAME", help="only places of this name")
    coverage.add_argument("--kind", choices=[kind.value for kind in PlaceKind], help="only these")
    ledger = _verb(verbs, "ledger", "ask.ledger", "The seconds of a camera or area, split.")
    of = ledger.add_mutually_exclusive_group(required=True)
    of.add_argument("--camera", metavar="CODE")
    of.add_argument("--area", metavar="CODE")
    ledger.add_argument("--from", dest="starts_at", type=_moment, required=True, metavar="TIME")
    ledger.add_argument(
        "--to", dest="ends_at", type=_moment, metavar="TIME", help="default and latest: now"
    )
    need = _verb(verbs, "requirement", "needs.requirement", "What a place needs, and why.")
    need.add_argument("action", choices=["list", "set", "withdraw"])
    need.add_argument("place", nargs="?", metavar="PLACE", help="its code, or its whole name")
    need.add_argument("--share", type=float, metavar="SHARE", help="of the place, above 0, up to 1")
    need.add_argument("--purpose", metavar="TEXT", help="what for")
    need.add_argument("--ground", metavar="TEXT", help="law, permit, decision, with its date")
    need.add_argument("--review", type=_day, metavar="DATE", help="from this day it counts no more")
    _by(need)
    sheltered = _verb(verbs, "protected", "sheltering.protected", "What cameras must not look at.")
    actions = ["layers", "findings", "answer", "mask", "unmask", "mount"]
    sheltered.add_argument("action", choices=actions)
    sheltered.add_argument("code", nargs="?", metavar="CODE", help="camera (answer, mask, mount)")
    sheltered.add_argument("--text", metavar="TEXT", help="the answer; it expires after 90 days")
    sheltered.add_argument("--hides", metavar="FROM,TO", help="bearings of the mask, clockwise")
    sheltered.add_argument("--beyond", type=float, default=0.0, metavar="METRES", help="from there")
    sheltered.add_argument("--seen-on", type=_day, metavar="DATE", help="day the mask was seen set")
    sheltered.add_argument("--evidence", metavar="TEXT", help="by what that can be proved")
    sheltered.add_argument(
        "--counts", choices=["yes", "no"], help="it looks along or into the building it hangs on"
    )
    sheltered.add_argument("--all", action="store_true", help="findings that ended, too")
    _by(sheltered)
    platform = _verb(verbs, "platforms", "witnessing.witness", "What platforms say of cameras.")
    actions = ["list", "test", "sync", "retention", "proposals", "approve", "dismiss", "judge"]
    platform.add_argument("action", choices=actions)
    platform.add_argument(
        "name", nargs="?", metavar="NAME", help="its name in the configuration; a policy (judge)"
    )
    platform.add_argument(
        "codes", nargs="*", metavar="CODE", help="proposals to accept, or cameras (judge)"
    )
    platform.add_argument("--area", metavar="CODE", help="all cameras of an area (judge)")
    platform.add_argument("--platform", metavar="NAME", help="all that a platform knows (judge)")
    platform.add_argument("--all", action="store_true", help="all that can be accepted (approve)")
    kinds = ["new", "changed", "moved", "missing", "duplicate"]
    platform.add_argument("--kind", choices=kinds, help="only these proposals")
    _by(platform)
    looking = (
        platform,
        sheltered,
        probe,
        status,
        coverage,
        ledger,
        need,
        _add_register(verbs),
        _add_trail(verbs),
    )
    for each in looking:
        _json(each)
    for each in (probe, ledger):
        _by(each)


def _add_register(verbs: Any) -> argparse.ArgumentParser:
    sub = _verb(
        verbs, "register", "registering.register", "Why each camera is there, and who answers."
    )
    actions = ["list", "show", "set", "approve", "withdraw", "publish", "verify"]
    sub.add_argument("action", choices=actions)
    sub.add_argument(
        "words",
        nargs="*",
        metavar="CODE|FIELD=TEXT|DIR",
        help="cameras or entries; fields for set; a folder for publish and verify",
    )
    sub.add_argument("--witnessed", metavar="DIGEST", help="must be in the chain (verify)")
    sub.add_argument("--state", choices=[each.value for each in RegisterState], help="only these")
    sub.add_argument("--entry", metavar="KEY", help="entry that the cameras share (set)")
    sub.add_argument("--reason", metavar="TEXT", help="why it is withdrawn")
    _by(sub)
    _role(sub)
    return sub


def _add_papers(verbs: Any) -> None:
    take = _verb(verbs, "import", "papers.take", "Take a file into the inventory.")
    take.add_argument("what", choices=["cameras", "areas", "places", "register", "protected"])
    take.add_argument(
        "file", type=Path, metavar="FILE", help="CSV, XLSX or GeoJSON; of protected also .osm.pbf"
    )
    take.add_argument(
        "--dry-run", action="store_true", help="say what would change, change nothing"
    )
    take.add_argument(
        "--mapping", metavar="FILE", help="TOML that names foreign columns, or a built-in one"
    )
    take.add_argument(
        "--make-areas", action="store_true", help="make areas that nobody has described"
    )
    take.add_argument(
        "--replace", action="store_true", help="even if most known codes name other cameras now"
    )
    take.add_argument(
        "--accept-far", action="store_true", help="take positions that look wrong, too"
    )
    take.add_argument("--encoding", metavar="NAME", help="of the text, where it is not guessed")
    take.add_argument("--kind", choices=[kind.value for kind in PlaceKind], help="of all places")
    take.add_argument("--area", metavar="CODE", help="area of cameras or places that name none")
    take.add_argument("--sheet", metavar="NAME", help="of a workbook (default: the first)")
    _add_layer(take)
    _by(take)
    _role(take)
    give = _verb(verbs, "export", "papers.give", "Write the inventory as import reads it.")
    give.add_argument("what", choices=["cameras", "areas", "places"])
    give.add_argument("file", type=Path, metavar="FILE", help="CSV; of places GeoJSON")
    _add_changing(verbs)
    report = _verb(verbs, "report", "publishing.report", "Write a report of closed days.")
    report.add_argument("kind", choices=["daily", "weekly", "monthly"])
    report.add_argument("--date", type=_day, help="a day inside the period")
    report.add_argument("--format", default="html,csv", help="html, csv (default: both)")
    report.add_argument("--out", type=Path, metavar="DIR", help="folder (default: reports.dir)")
    boards = _verb(verbs, "dashboards", "publishing.boards", "Write or push the Grafana boards.")
    boards.add_argument("action", choices=["build", "push"])
    boards.add_argument("--out", type=Path, metavar="DIR", help="folder to build into")
    for each in (take, give, report, boards):
        _json(each)
    for each in (give, report):
        _by(each)


def _add_layer(take: argparse.ArgumentParser) -> None:
    """Options of protected places."""
    take.add_argument("--source", metavar="TEXT", help="who made the protected places known")
    take.add_argument("--dated", type=_day, metavar="DATE", help="the day of that source")
    take.add_argument(
        "--covers", metavar="AREA", help="complete for W,S,E,N in degrees, or a GeoJSON surface"
    )
    take.add_argument("--every", action="store_true", help="every polygon of the file is protected")
    take.add_argument("--anew", action="store_true", help="in place of all layers before")


def _add_changing(verbs: Any) -> None:
    undo = _verb(verbs, "imports", "changing.imports", "What changed the inventory; take it back.")
    undo.add_argument("action", choices=["list", "show", "undo"])
    undo.add_argument("number", nargs="?", type=int, metavar="N", help="number of a change set")
    undo.add_argument("--reason", metavar="TEXT", help="why it is taken back")
    intent = _verb(verbs, "intent", "changing.intent", "What people decided about one camera.")
    intent.add_argument("code", metavar="CODE", help="code of the camera")
    intent.add_argument("intent", choices=[each.value for each in Intent])
    delete = _verb(verbs, "delete", "changing.delete", "Delete what should never have been there.")
    delete.add_argument("what", choices=["cameras", "areas", "places"])
    delete.add_argument("code", metavar="CODE", help="its code; of a place 'KIND CODE'")
    for each in (intent, delete):
        each.add_argument("--reason", metavar="TEXT", required=True, help="why")
    for each in (undo, intent, delete):
        _by(each)
        _json(each)


def _add_trail(verbs: Any) -> argparse.ArgumentParser:
    sub = _verb(verbs, "audit", "trail.trail", "Who looked at or changed what.")
    sub.add_argument("action", choices=["list", "export", "verify"])
    sub.add_argument("file", nargs="?", type=Path, metavar="FILE", help="CSV to export into")
    sub.add_argument("--limit", type=int, default=100, metavar="N", help="newest rows to list")
    _by(sub)
    return sub


def _role(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--as",
        dest="role",
        default="operator",
        choices=[each.value for each in Role],
        help="in what capacity (default: operator, who never approves)",
    )


def _by(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--by", metavar="NAME", help="who orders it (default: the system account)")


def _json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="print JSON")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(f'"{text}" is no day like 2026-01-31') from exc


def _moment(text: str) -> datetime:
    """An instant; without a zone it is meant in the city's zone, which the verb knows."""
    try:
        return datetime.fromisoformat(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(
            f'"{text}" is no time like 2026-01-31 or 2026-01-31T08:00:00+08:00'
        ) from exc
