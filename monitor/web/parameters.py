"""Parameters of the API: one description from which reading, checking and OpenAPI come.

What a client sends is untrusted: bounded in size, checked against its shape, unknown is wrong.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from monitor.web.replies import wrong

_CONTROL = re.compile(
    r"[\x00-\x1f\x7f]"
)  # PostgreSQL refuses NUL; the others have no business here
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """One parameter. read: text to value, raises ValueError with what is expected instead."""

    name: str
    help: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    default: Any = None


def text(name: str, help: str, *, longest: int = 200) -> Parameter:
    """Free text of one line."""

    def read(given: str) -> str:
        if not given or len(given) > longest or _CONTROL.search(given):
            raise ValueError(f"1 to {longest} characters on one line")
        return given

    schema = {"type": "string", "minLength": 1, "maxLength": longest}
    return Parameter(name=name, help=help, read=read, schema=schema)


def whole(name: str, help: str, *, low: int, high: int, default: int | None = None) -> Parameter:
    """A whole number within bounds."""

    def read(given: str) -> int:
        # 19 digits hold every bigint; a million digits would cost seconds
        if not re.fullmatch(r"[0-9]{1,19}", given) or not low <= int(given) <= high:
            raise ValueError(f"a whole number from {low} to {high}")
        return int(given)

    schema: dict[str, Any] = {"type": "integer", "minimum": low, "maximum": high}
    if default is not None:
        schema["default"] = default
    return Parameter(name=name, help=help, read=read, schema=schema, default=default)


def word(name: str, help: str, words: Sequence[str]) -> Parameter:
    """One of a few words."""

    def read(given: str) -> str:
        if given not in words:
            raise ValueError("one of " + ", ".join(words))
        return given

    return Parameter(name=name, help=help, read=read, schema={"type": "string", "enum": [*words]})


def truth(name: str, help: str) -> Parameter:
    """true or false; false when left out."""

    def read(given: str) -> bool:
        if given.lower() not in _TRUTH:
            raise ValueError("true or false")
        return _TRUTH[given.lower()]

    schema = {"type": "boolean", "default": False}
    return Parameter(name=name, help=help, read=read, schema=schema, default=False)


def instant(name: str, help: str) -> Parameter:
    """An instant in ISO 8601 with its offset; local time without one would be a guess."""

    def read(given: str) -> datetime:
        try:
            # a plus sign that was not escaped arrives as a blank
            moment = datetime.fromisoformat(given[:40].replace(" ", "+"))
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ValueError("an instant with offset, such as 2026-01-31T00:00:00Z")
        return moment.astimezone(UTC)

    return Parameter(
        name=name, help=help, read=read, schema={"type": "string", "format": "date-time"}
    )


def read(given: Sequence[tuple[str, str]], known: Sequence[Parameter]) -> dict[str, Any]:
    """Values by name, defaults where nothing was sent. Raises HTTPBadRequest."""
    table = {each.name: each for each in known}
    values = {each.name: each.default for each in known}
    seen: set[str] = set()
    for name, value in given:
        if name not in table:
            some = ", ".join(table) or "none"
            raise wrong(f"Unknown parameter {name[:40]!r}.", f"Known here: {some}.")
        if name in seen:
            raise wrong(f"Parameter {name} is given twice.", "Give it once.")
        seen.add(name)
        try:
            values[name] = table[name].read(value)
        except (ValueError, OverflowError) as exc:
            raise wrong(f"Parameter {name} is wrong.", f"Expected: {exc}.") from exc
    return values
