"""What is wrong with a file, said so that a person can mend it; and what a whole reading returns.

Which rules exist is left to the readers.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar

T = TypeVar("T")

SHOWN_CHARACTERS = 60


class Severity(StrEnum):
    """An error anywhere stores nothing; a warning loads and is shown; a note only tells."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One finding.

    line: counts from 1 in the units of `unit` ("line" of a text file, "row" of a workbook,
    "feature" of a GeoJSON file); None when it concerns the whole file.
    value: what stood there, shortened and without control characters; "" when there is none.
    """

    severity: Severity
    file: str
    line: int | None = None
    unit: str = "line"
    column: str | None = None
    value: str = ""
    reason: str
    advice: str = ""

    def __str__(self) -> str:
        where = [self.file]
        if self.line is not None:
            where.append(f"{self.unit} {self.line}")
        if self.column is not None:
            where.append(f"column {self.column}")
        if self.value:
            where.append(f'value "{self.value}"')
        return f"{self.severity}: {', '.join(where)}: {self.reason} {self.advice}".rstrip()

    def as_json(self) -> dict[str, Any]:
        """The same as plain values, for `--json`."""
        return {name: getattr(self, name) for name in self.__slots__}


class Refused(Exception):
    """The file cannot be read at all; `problem` says why and what to do."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """lines: records with content below the header. rows: those that made a usable row.

    errors, warnings, notes count everything found, also what `Reading.problems` had no room for.
    """

    lines: int = 0
    rows: int = 0
    errors: int = 0
    warnings: int = 0
    notes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading(Generic[T]):
    """One file read. `rows` is empty as soon as there is one error, so nothing is half-imported.

    unit: what lines are called in it.
    """

    unit: str = "line"
    rows: tuple[T, ...] = ()
    problems: tuple[Problem, ...] = ()
    counts: Counts = Counts()

    @property
    def ok(self) -> bool:
        return self.counts.errors == 0

    @property
    def errors(self) -> tuple[Problem, ...]:
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        return self._of(Severity.WARNING)

    @property
    def notes(self) -> tuple[Problem, ...]:
        return self._of(Severity.NOTE)

    def with_errors(self, more: Sequence[Problem]) -> "Reading[T]":
        """The same with errors that were found later."""
        counts = replace(self.counts, errors=self.counts.errors + len(more))
        return replace(self, rows=(), problems=(*more, *self.problems), counts=counts)

    def _of(self, severity: Severity) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is severity)


@dataclass(frozen=True, kw_only=True, slots=True)
class AtOnce(Generic[T]):
    """A file that was read at once, handed out like one that is read row by row."""

    given: Reading[T]

    @property
    def unit(self) -> str:
        """What lines are called in this file."""
        return self.given.unit

    @property
    def sound(self) -> bool:
        """Whether no error was found."""
        return self.given.ok

    def rows(self) -> Iterator[T]:
        """The rows."""
        return iter(self.given.rows)

    def reading(self) -> Reading[T]:
        """What was found."""
        return self.given


class Findings:
    """Collects the problems of one file; keeps the first `limit` of each severity, counts all."""

    def __init__(self, file: str, limit: int, unit: str = "line") -> None:
        self.file = file
        self.unit = unit
        self._limit = limit
        self._kept: list[Problem] = []
        self._seen: Counter[Severity] = Counter()

    def keep(self, problem: Problem) -> None:
        self._seen[problem.severity] += 1
        if self._seen[problem.severity] <= self._limit:
            self._kept.append(problem)

    def error(self, reason: str, advice: str = "", **where: Any) -> None:
        self._say(Severity.ERROR, reason, advice, **where)

    def warn(self, reason: str, advice: str = "", **where: Any) -> None:
        self._say(Severity.WARNING, reason, advice, **where)

    def note(self, reason: str, advice: str = "", **where: Any) -> None:
        self._say(Severity.NOTE, reason, advice, **where)

    @property
    def errors(self) -> int:
        """How many errors were found so far."""
        return self._seen[Severity.ERROR]

    def count_warnings(self, more: int) -> None:
        """Further warnings that nobody needs one by one."""
        self._seen[Severity.WARNING] += more

    def reading(self, rows: Iterable[T], lines: int, *, usable: int | None = None) -> Reading[T]:
        """The result: problems in file order, those of the whole file first.

        usable: how many rows were, where they are not kept.
        """
        kept = tuple(rows)
        return Reading(
            unit=self.unit,
            rows=() if self.errors else kept,
            problems=tuple(sorted(self._kept, key=lambda p: p.line or 0)),
            counts=Counts(
                lines=lines,
                rows=len(kept) if usable is None else usable,
                errors=self.errors,
                warnings=self._seen[Severity.WARNING],
                notes=self._seen[Severity.NOTE],
            ),
        )

    def _say(
        self,
        severity: Severity,
        reason: str,
        advice: str,
        *,
        line: int | None = None,
        column: str | None = None,
        value: str = "",
    ) -> None:
        self.keep(
            Problem(
                severity=severity,
                file=self.file,
                line=line,
                unit=self.unit,
                column=None if column is None else shorten(column),
                value=shorten(value),
                reason=reason,
                advice=advice,
            )
        )


def refuse(file: str, reason: str, advice: str, **where: Any) -> Refused:
    """A `Refused` ready to be raised."""
    return Refused(
        Problem(severity=Severity.ERROR, file=file, reason=reason, advice=advice, **where)
    )


def failed(problem: Problem) -> Reading[Any]:
    """The reading of a file that was refused."""
    return Reading(problems=(problem,), counts=Counts(errors=1))


def shorten(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """`text` on one line, at most `limit` characters, control and bidi characters made visible."""
    # Category C holds controls, formats (bidi overrides) and surrogates: all could fool a terminal.
    cut = text[: limit + 1]
    plain = "".join("·" if unicodedata.category(c)[0] == "C" else c for c in cut)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"
