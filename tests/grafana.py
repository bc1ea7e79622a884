"""What Grafana does with a statement before PostgreSQL sees it: variables, then macros.

Follows the order of the data source: browser first, server second. Used by the tests of the boards.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Values = Mapping[str, str | list[str] | None]  # a list: several; None: All


def expand(
    sql: str, board: Mapping[str, Any], values: Values, begin: datetime, end: datetime
) -> str:
    """The statement as PostgreSQL gets it. Raises AssertionError on what Grafana would refuse."""
    for variable in board["templating"]["list"]:
        shown = _interpolated(variable, values[variable["name"]])
        pattern = rf"\$\{{{variable['name']}\}}|\${variable['name']}\b"
        sql = re.sub(pattern, lambda _, shown=shown: shown, sql)
    times = {"From": begin, "To": end}
    sql = re.sub(r"\$__time(From|To)\(\)", lambda m: _literal(times[m[1]]), sql)
    sql = re.sub(
        r"\$__timeFilter\(([^()]*)\)",
        lambda m: f"{m[1]} BETWEEN {_literal(begin)} AND {_literal(end)}",
        sql,
    )
    assert "$" not in sql, f"Grafana leaves this: {sql[sql.index('$') - 20 :][:60]}"
    return sql


def _interpolated(variable: Mapping[str, Any], value: str | list[str] | None) -> str:
    if value is None:
        assert variable["includeAll"]
        return str(variable["allValue"])
    if isinstance(value, list):
        assert variable["multi"]
        return ",".join("'" + each.replace("'", "''") + "'" for each in value)
    if variable.get("multi") or variable.get("includeAll"):
        return "'" + value.replace("'", "''") + "'"
    return value.replace("'", "''")


def _literal(instant: datetime) -> str:
    return f"'{instant.isoformat().replace('+00:00', 'Z')}'"


@dataclass(frozen=True, kw_only=True)
class Question:
    """One statement of a board and where it stands."""

    where: str
    sql: str
    series: bool
    panel: Mapping[str, Any] | None = None


def panels(board: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Panels of a board, those in collapsed rows too; no rows."""
    for outer in board["panels"]:
        for panel in (outer, *outer.get("panels", ())):
            if panel["type"] != "row":
                yield panel


def questions(board: Mapping[str, Any]) -> Iterator[Question]:
    """Every statement that this board sends: targets, annotations, variables."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield Question(
                where=f"{board['uid']} / {panel['title']}",
                sql=target["rawSql"],
                series=target["format"] == "time_series",
                panel=panel,
            )
    for each in board["annotations"]["list"]:
        yield Question(where=each["name"], sql=each["target"]["rawSql"], series=False)
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Question(where=f"${variable['name']}", sql=variable["query"], series=False)


def sql_of(board: Mapping[str, Any], title: str) -> str:
    """The statement of the panel with this title."""
    [found] = [panel for panel in panels(board) if panel["title"] == title]
    return str(found["targets"][0]["rawSql"])
