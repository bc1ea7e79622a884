"""Who gives an order at the command line: said with --by, or the name of the system account."""

import argparse
import getpass
from typing import Any

from db import audit
from db.audit import Act
from db.pool import Connection
from monitor.cli.mistake import UnknownName
from monitor.declaring import Person
from monitor.entry import Role
from monitor.opening import utc_now


def who(arguments: argparse.Namespace) -> str:
    """The name that a change is kept under. Raises UnknownName where there is none."""
    try:
        name = (getattr(arguments, "by", None) or getpass.getuser()).strip()
    except (OSError, KeyError):  # an account without a name, as in some containers
        name = ""
    if not name:
        raise UnknownName("Say who orders this: --by NAME")
    return name


def person(arguments: argparse.Namespace) -> Person:
    """Who, and in what capacity."""
    return Person(name=who(arguments), role=Role(getattr(arguments, "role", Role.OPERATOR)))


async def note(
    conn: Connection,
    arguments: argparse.Namespace,
    action: str,
    subject: str,
    **detail: Any,
) -> None:
    """Keep in the audit trail what this order does or looks at."""
    acting = person(arguments)
    act = Act(who=acting.name, role=acting.role, action=action, subject=subject, detail=detail)
    await audit.append(conn, [act], utc_now())
