"""Verbs that look after an installation: migrate, config, doctor, bench."""

import argparse
from typing import Any

from monitor import checkup, opening, settings
from monitor.cli import show
from monitor.settings import Settings


async def migrate(arguments: argparse.Namespace) -> int:
    """Apply what is missing."""
    config = settings.load(arguments.config)
    async with opening.database(config, make=True) as opened:
        applied = await opening.prepare(opened.dsn, config)
    if arguments.json:
        show.as_json({"applied": applied})
    else:
        print("\n".join(applied) if applied else "The database is up to date.")
    return 0


async def config(arguments: argparse.Namespace) -> int:
    """Every option with its effective value; secrets only as set or not."""
    effective = settings.load(arguments.config)
    rows = [
        (
            f"{option.section}.{option.key}",
            _effective(effective, option),
            option.variable,
            option.help,
        )
        for option in settings.options()
    ]
    if arguments.json:
        show.as_json({key: value for key, value, _, _ in rows})
    else:
        show.table(["option", "value", "environment", "meaning"], rows)
    return 0


def _effective(effective: Settings, option: settings.Option) -> Any:
    value = getattr(getattr(effective, option.section), option.key)
    if option.secret:
        return "(set)" if value else None
    return str(value) if value is not None else None


async def doctor(arguments: argparse.Namespace) -> int:
    """Check this installation; 1 when something is wrong."""
    findings = await checkup.examine(settings.load(arguments.config))
    if arguments.json:
        show.as_json([finding.as_json() for finding in findings])
    else:
        for finding in findings:
            print(f"{'ok ' if finding.ok else 'BAD'}  {finding.what}: {finding.detail}")
    return 0 if all(finding.ok for finding in findings) else 1


async def bench(arguments: argparse.Namespace) -> int:
    """Measure each part beside a bare program: a client, a copy, GEOS."""
    from monitor import bench as measuring

    def tell(line: str) -> None:
        print(line, flush=True)

    coverage = await measuring.covering.measure(arguments.covered, tell)
    sizes = tuple(size for size in measuring.importing.SIZES if size <= arguments.devices)
    imports = await measuring.importing.measure(tell, sizes)
    platforms = await measuring.witnessing.measure(tell, arguments.channels)
    register = await measuring.publication.measure(arguments.register, tell)
    plan = measuring.Plan(
        cameras=arguments.cameras, cadence_s=arguments.cadence, seconds=arguments.seconds
    )
    result = {
        **await measuring.measure(plan, tell),
        "coverage": coverage,
        "imports": imports,
        "platforms": platforms,
        "register": register,
    }
    if arguments.json:
        show.as_json(result)
    return 0
