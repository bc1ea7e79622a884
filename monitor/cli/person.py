"""Who gives an order at the command line: said with --by, or the name of the system account."""

import argparse
import getpass

from monitor.cli.mistake import UnknownName
from monitor.declaring import Person
from monitor.entry import Role


def who(arguments: argparse.Namespace) -> str:
    """The name that a change is kept under. Raises UnknownName where there is none."""
    try:
        name = (arguments.by or getpass.getuser()).strip()
    except (OSError, KeyError):  # an account without a name, as in some containers
        name = ""
    if not name:
        raise UnknownName("Say who orders this: --by NAME")
    return name


def person(arguments: argparse.Namespace) -> Person:
    """Who, and in what capacity."""
    return Person(name=who(arguments), role=Role(arguments.role))
