"""Verbs that make what others read: report and dashboards."""

import argparse
import asyncio
from pathlib import Path

from dashboards import publish
from monitor import figures, reports, settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import note
from monitor.opening import connected, utc_now
from monitor.reports.files import check


async def report(arguments: argparse.Namespace) -> int:
    """Write a report; 1 when the city misses its target."""
    config = settings.load(arguments.config)
    formats = [each.strip() for each in arguments.format.split(",") if each.strip()]
    now = utc_now()
    try:
        check(formats)
        reports.period(arguments.kind, arguments.date, config.city.timezone, now)
    except ValueError as exc:
        raise UnknownName(str(exc)) from exc
    async with connected(config) as conn:
        # what a stopped monitor had seen, but not yet counted
        await figures.close_days(conn, now, config.city.timezone)
        made = await reports.make(
            conn,
            arguments.kind,
            config,
            now=now,
            out=arguments.out or Path(config.reports.dir),
            day=arguments.date,
            formats=formats,
        )
        await note(conn, arguments, "report.make", arguments.kind, files=len(made.files))
    if arguments.json:
        files = [str(path) for path in made.files]
        show.as_json({"files": files, "target_missed": made.target_missed})
    else:
        for path in made.files:
            print(path)
    return 1 if made.target_missed else 0


async def boards(arguments: argparse.Namespace) -> int:
    """Write the Grafana boards as files, or push them to a Grafana."""
    config = settings.load(arguments.config)
    if arguments.action == "build":
        written = publish.build(arguments.out or publish.JSON_DIR, geo_url=config.grafana.geo_url)
        lines = [str(path) for path in written]
    else:
        target = publish.GrafanaTarget(
            url=config.grafana.url,
            token=config.grafana.token.get_secret_value() if config.grafana.token else None,
            geo_url=config.grafana.geo_url,
        )
        lines = await asyncio.to_thread(publish.push, target)
    if arguments.json:
        show.as_json(lines)
    else:
        print("\n".join(lines))
    return 0
