"""Publishing the register, and checking what was published, in a folder or in the database."""

import argparse
import asyncio
import sys
from pathlib import Path

from db import editions
from db.editions import Edition
from db.pool import Connection
from monitor import settings
from monitor.cli import show
from monitor.cli.mistake import UnknownName
from monitor.cli.person import person
from monitor.opening import utc_now
from monitor.register import edition, folder, witness
from monitor.register.pages import Book, publisher
from monitor.register.witness import Witnesses
from monitor.settings import Settings


def _progress(what: str, count: int) -> None:
    """A line that moves where people look; nothing where nobody does."""
    if sys.stderr.isatty():
        print(f"\r{count:,} {what} …\x1b[K", end="", file=sys.stderr, flush=True)


async def publish(conn: Connection, arguments: argparse.Namespace) -> int:
    """Write an edition into a folder and tell the witnesses; 1 when one did not take it."""
    config = settings.load(arguments.config)
    if len(arguments.words) != 1:
        raise UnknownName("Say which folder to write: register publish DIR")
    out = Path(arguments.words[0])
    said = publisher(config)
    issue = await edition.issue(conn, person(arguments), utc_now(), said, _progress)
    book = Book(edition=issue.edition, facts=issue.facts, before=issue.before, publisher=said)
    count = await asyncio.to_thread(folder.write, book, out, _progress)
    digest = issue.edition.digest.hex()
    print(
        f"Edition {issue.edition.number}{'' if issue.fresh else ' (nothing has changed since)'}: "
        f"{issue.edition.cameras} cameras, {issue.edition.declared} declared; {count} files in "
        f"{out}\nDigest {digest}"
    )
    if not issue.fresh:
        return 0
    return await _witness(conn, issue.edition, config)


async def _witness(conn: Connection, made: Edition, config: Settings) -> int:
    """Send the digest to whoever the configuration names, and keep who took it."""
    said = config.declaration
    whom = Witnesses(
        urls=witness.named(said.witness_urls),
        mails=witness.named(said.witness_mails),
        smtp=said.smtp,
        sender=said.mail_from,
    )
    sent = await witness.tell(made, publisher(config).name, whom)
    for each in sent:
        await editions.note_witness(
            conn, made.number, each.witness, utc_now(), taken=each.taken, detail=each.detail
        )
        took = "took it" if each.taken else "DID NOT TAKE IT"
        print(f"Witness {each.witness}: {took} ({each.detail})")
    if not sent:
        print("No witness outside the operator is named: declaration.witness_urls, witness_mails")
    return 1 if witness.lost(sent) else 0


async def verify(conn: Connection, arguments: argparse.Namespace) -> int:
    """Check the database against its own editions; 1 when something does not fit."""
    problems = await edition.follow(conn)
    known = await editions.all_editions(conn)
    if arguments.witnessed and arguments.witnessed.lower() not in {d.hex() for _, d in known}:
        problems.append("The witnessed digest is in no edition of this database.")
    return _tell(
        problems, f"{len(known)} editions, their facts, entries and the audit trail fit.", arguments
    )


async def verify_folder(arguments: argparse.Namespace) -> int:
    """Check a folder against its own facts and chain; needs no database."""
    out = Path(arguments.words[0])
    problems = await asyncio.to_thread(
        folder.check, out, witnessed=arguments.witnessed, progress=_progress
    )
    return _tell(
        problems, f"{out}: every file follows from the facts, and the chain fits.", arguments
    )


def _tell(problems: list[str], sound: str, arguments: argparse.Namespace) -> int:
    if arguments.json:
        show.as_json({"fits": not problems, "problems": problems})
    elif problems:
        print("\n".join(problems), file=sys.stderr)
    else:
        print(sound)
    return 1 if problems else 0
