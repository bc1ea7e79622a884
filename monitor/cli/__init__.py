"""The command line: verbs, exit codes, and one clear message for each mistake.

Exit codes: 0 good, 1 the answer is bad, 2 wrong input or configuration, 3 our own failure.
Each verb calls one function of another module; no rules live here.
"""

import asyncio
import importlib
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import cast

from monitor.cli.arguments import parse

GOOD, BAD_ANSWER, WRONG_INPUT, OUR_FAILURE, INTERRUPTED = 0, 1, 2, 3, 130

Errors = tuple[type[BaseException], ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    arguments = parse(argv)
    _set_up_log(verbose=arguments.verbose)
    try:
        return _run(arguments)
    except BaseExceptionGroup as group:
        return _explain(_first(group), group)
    except _expected() as exc:
        return _explain(exc, exc)


def _run(arguments: Namespace) -> int:
    module, _, function = arguments.verb.partition(".")
    # loaded only now, so that a short question does not wait for the whole service
    found = importlib.import_module(f"monitor.cli.{module}")
    verb = cast(Callable[[Namespace], Awaitable[int]], getattr(found, function))

    async def run() -> int:
        return await verb(arguments)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(run())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    with suppress(ImportError):
        from uvloop import Loop

        return Loop
    return None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The mistake itself, out of the groups that task groups wrap around it."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner


def _input_errors() -> Errors:
    """What the person can mend. Imported only when something went wrong."""
    from dashboards.publish import PublishError
    from monitor.cli.mistake import UnknownName
    from monitor.inventory.problems import Refused
    from monitor.reports import ReportNotWritten
    from monitor.service import PortTaken
    from monitor.settings import BadSettings

    return (BadSettings, Refused, UnknownName, PortTaken, PublishError, ReportNotWritten)


def _our_failures() -> Errors:
    """What the operator of the machine can mend. Imported only when something went wrong."""
    from db.embedded import EmbeddedFailure
    from db.migrate import SchemaMismatch
    from db.pool import DatabaseUnreachable
    from db.session import AnotherRecords
    from monitor.demo.stage import DemoFailure

    return (DatabaseUnreachable, EmbeddedFailure, SchemaMismatch, AnotherRecords, DemoFailure)


def _expected() -> Errors:
    return (*_input_errors(), *_our_failures(), KeyboardInterrupt, BrokenPipeError)


def _explain(cause: BaseException, whole: BaseException) -> int:
    if isinstance(cause, _input_errors()):
        print(f"sharp-eyes: {cause}", file=sys.stderr)
        return WRONG_INPUT
    if isinstance(cause, _our_failures()):
        print(f"sharp-eyes: {cause}", file=sys.stderr)
        return OUR_FAILURE
    if isinstance(cause, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(cause, BrokenPipeError):
        # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return GOOD
    raise whole


def _set_up_log(*, verbose: bool) -> None:
    import structlog

    level = logging.DEBUG if verbose else logging.INFO
    if sys.stderr.isatty():
        shown: list[structlog.typing.Processor] = [structlog.dev.ConsoleRenderer()]
    else:
        shown = [
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # our own lines tell that the database is away; its library adds a traceback a second
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
