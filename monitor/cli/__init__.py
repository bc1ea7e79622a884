"""The command line: verbs, exit codes, and one clear message for each mistake.

Exit codes: 0 good, 1 the answer is bad, 2 wrong input or configuration, 3 our own failure.
Each verb calls one function of another module; no rules live here.
"""

import asyncio
import importlib
import io
import logging
import os
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TextIO, cast

from monitor.cli.arguments import parse

GOOD, BAD_ANSWER, WRONG_INPUT, OUR_FAILURE, INTERRUPTED = 0, 1, 2, 3, 130

Errors = tuple[type[BaseException], ...]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    _set_up_streams()
    try:
        arguments = parse(argv)
        _set_up_log(verbose=arguments.verbose)
        code = _run(arguments)
        sys.stdout.flush()  # what cannot be written is noticed here, not while Python ends
        return code
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
    from db.cluster import NoDatabase
    from monitor.cli.mistake import UnknownName
    from monitor.declaring import NotDeclared
    from monitor.intake import Conflict
    from monitor.inventory.problems import Refused
    from monitor.register.folder import FolderRefused
    from monitor.reports import ReportNotWritten
    from monitor.service import PortTaken
    from monitor.settings import BadSettings

    mistakes = (BadSettings, Refused, UnknownName, Conflict, NotDeclared, FolderRefused, NoDatabase)
    return (*mistakes, PortTaken, PublishError, ReportNotWritten)


def _our_failures() -> Errors:
    """What the operator of the machine can mend. Imported only when something went wrong."""
    from db.cluster import EmbeddedFailure
    from db.migrate import SchemaMismatch
    from db.pool import DatabaseUnreachable
    from db.session import AnotherRecords
    from monitor.demo.stage import DemoFailure

    return (DatabaseUnreachable, EmbeddedFailure, SchemaMismatch, AnotherRecords, DemoFailure)


def _outages() -> Errors:
    """What comes from the database or the operating system in the middle of work."""
    import asyncpg

    from db.pool import LOST

    refused = (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)
    return (*LOST, *refused)


def _expected() -> Errors:
    return (*_input_errors(), *_our_failures(), *_outages(), KeyboardInterrupt)


def _explain(cause: BaseException, whole: BaseException) -> int:
    if isinstance(cause, _input_errors()):
        print(f"camledger: {cause}", file=sys.stderr)
        return WRONG_INPUT
    if isinstance(cause, _our_failures()):
        print(f"camledger: {cause}", file=sys.stderr)
        return OUR_FAILURE
    if isinstance(cause, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(cause, BrokenPipeError):
        _drop_output()  # the reader (head, less) has seen enough
        return GOOD
    if isinstance(cause, _outages()):
        _drop_output()
        print(f"camledger: {_outage(cause)}", file=sys.stderr)
        return OUR_FAILURE
    raise whole


def _outage(cause: BaseException) -> str:
    if isinstance(cause, OSError):
        return f"The system refuses ({cause}). Free space or rights there, and try again"
    words = str(cause) or type(cause).__name__
    if getattr(cause, "sqlstate", "")[:2] in ("42", "25"):
        return f"PostgreSQL refuses ({words}). The user of database.url must own the database"
    return (
        f"The database failed in the middle of it ({words}). "
        "What was not finished was not stored; look at its log, and try again"
    )


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _set_up_streams() -> None:
    """Output never fails for lack of a letter, nor because a standard stream is closed.

    Closed ones are opened on nothing: else the next socket gets their number, and uvloop aborts.
    """
    while (free := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(free, True)
    os.close(free)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


class _Lossy:
    """Standard error that loses lines rather than ends the monitor: disk full, terminal gone."""

    def write(self, text: str) -> int:
        with suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


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
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Lossy())),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    # our own lines tell that the database is away; its library adds a traceback a second
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
