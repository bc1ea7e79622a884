"""How panels become a board: rows, variables, links, and the cleaning of what the SDK adds."""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as models

from dashboards.palette import GREY
from dashboards.panels import Drawn
from dashboards.query import Query, datasource, in_area

TAG = "camledger"
ALL = "'__all__'"  # pasted raw into the statement in place of a list of thousands of values

Variable = cogbuilder.Builder[models.VariableModel]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A titled strip of panels; collapsed ones ask nothing until opened. id: as of panels."""

    id: int
    title: str
    panels: Sequence[Drawn]
    collapsed: bool = False


@dataclass(frozen=True, kw_only=True)
class Board:
    """One dashboard. time_from, refresh: in Grafana's words; refresh "" asks only on demand."""

    uid: str
    title: str
    description: str
    folder: str
    rows: Sequence[Row]
    variables: Sequence[Variable]
    annotations: Sequence[dashboard.AnnotationQuery] = ()
    time_from: str = "now-24h"
    refresh: str = "1m"


def area_variable() -> Variable:
    """Areas of the tree; figures of an area include those below it."""
    sql = """
SELECT area || ' · ' || area_code AS __text, area_code AS __value
FROM bi.area ORDER BY area_code"""
    return (
        _asks("area", "Area", sql)
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def kind_variable() -> Variable:
    """Kinds of places."""
    values = "Street : street,School : school,Named area : key_area"
    return (
        dashboard.CustomVariable("kind")
        .label("Kind of place")
        .values(values)
        .multi(True)
        .include_all(True)
        .all_value(ALL)
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def camera_variable() -> Variable:
    """One camera of the chosen areas."""
    sql = f"""
SELECT n.name || ' · ' || n.camera_code AS __text, n.camera_code AS __value
FROM bi.camera_now n WHERE {in_area("n")} ORDER BY n.name, n.camera_code"""
    return _asks("camera", "Camera", sql).multi(False).include_all(False)


def collector_stops() -> dashboard.AnnotationQuery:
    """Marks on all time panels: from here on a process asked nothing any more."""
    sql = """
SELECT coalesce(stopped_at, alive_at) AS time,
  'Collector ' || name || CASE WHEN stopped_at IS NULL THEN ' lost' ELSE ' stopped' END AS text,
  'collector' AS tags
FROM bi.collector_now
WHERE NOT alive AND alive_at BETWEEN $__timeFrom()::timestamptz AND $__timeTo()::timestamptz
ORDER BY 1"""
    return (
        dashboard.AnnotationQuery()
        .name("Collectors that stopped")
        .datasource(datasource())
        .enable(True)
        .hide(False)
        .icon_color(GREY)
        .target(Query(sql=sql, ref_id="Anno"))
    )


def _asks(name: str, label: str, sql: str) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(datasource())
        .query(sql.strip())
        .definition(sql.strip())
        .refresh(models.VariableRefresh.ON_DASHBOARD_LOAD)
        .sort(models.VariableSort.DISABLED)
    )


def compose(board: Board) -> dict[str, Any]:
    """The classic JSON of a board, complete and cleaned."""
    built = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([TAG])
        .readonly()
        .timezone("")
        .time(board.time_from, "now")
        .refresh(board.refresh)
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .timepicker(
            dashboard.TimePicker().refresh_intervals(["1m", "5m", "15m", "30m", "1h", "1d"])
        )
        .link(_menu())
        .variables(list(board.variables))
        .annotations(list(board.annotations))
    )
    for row in board.rows:
        _add(built, row)
    plain: dict[str, Any] = json.loads(json.dumps(built.build(), cls=JSONEncoder))
    return _clean(plain)


def _add(built: dashboard.Dashboard, row: Row) -> None:
    head = dashboard.Row(row.title).id(row.id).collapsed(row.collapsed)
    for panel in row.panels if row.collapsed else ():
        head.with_panel(panel)
    built.with_row(head)
    for panel in () if row.collapsed else row.panels:
        built.with_panel(panel)


def _menu() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("Camledger")
        .type(models.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(False)
        .include_vars(True)
        .keep_time(True)
    )


def _clean(board: dict[str, Any]) -> dict[str, Any]:
    """Undo defaults of the SDK that hide links or that Grafana no longer knows."""
    board.pop("id", None)
    for link in board["links"] + board["annotations"]["list"]:
        link.pop("placement", None)
    for variable in board["templating"]["list"]:
        for key in [key for key in variable if key.startswith("auto")]:
            del variable[key]
    for panel in every_panel(board):
        if panel["type"] == "table":
            panel["options"].pop("footer", None)
    return board


def every_panel(board: dict[str, Any]) -> list[dict[str, Any]]:
    """All panels of a board in order, rows and the panels inside collapsed rows included."""
    return [panel for outer in board["panels"] for panel in (outer, *(outer.get("panels") or ()))]
