"""Rows of the database as dicts ready for JSON."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import asyncpg

Row = dict[str, Any]


def plain(value: object) -> Any:
    """A value of the database as JSON can carry it; instants as ISO 8601 with Z."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def one(record: asyncpg.Record) -> Row:
    """One record."""
    return {name: plain(value) for name, value in record.items()}


def plain_row(found: Row) -> Row:
    """The same with values that JSON can carry."""
    return {name: plain(value) for name, value in found.items()}


def many(records: Iterable[asyncpg.Record]) -> list[Row]:
    """Several records."""
    return [one(each) for each in records]


def counted(record: asyncpg.Record) -> Row:
    """Counts with M01 in the shape in which it travels: both parts, and None of nothing."""
    counts = one(record)
    counts["online_rate"] = {
        "numerator": counts.pop("up"),
        "denominator": counts.pop("assessed"),
        "value": counts["online_rate"],
    }
    return counts
