"""Small functions that draw a panel: a number, a table, bars, lines, a timeline.

They know how Grafana wants it; what a panel says and asks stands in the modules of the boards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    geomap,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models

from dashboards.palette import PLAIN, Steps
from dashboards.query import Query, datasource

Drawn = (
    stat.Panel
    | table.Panel
    | bargauge.Panel
    | timeseries.Panel
    | statetimeline.Panel
    | geomap.Panel
)
AnyPanel = TypeVar(
    "AnyPanel",
    stat.Panel,
    table.Panel,
    bargauge.Panel,
    timeseries.Panel,
    statetimeline.Panel,
    geomap.Panel,
)


@dataclass(frozen=True, kw_only=True)
class Column:
    """How one column of the result is shown.

    unit: a Grafana unit id. words: text to colour. link: address, may use the columns of the row.
    gauge: draw a ratio 0..1 as a bar in its cell. fixed: one colour for the whole column.
    """

    name: str
    title: str
    unit: str | None = None
    decimals: int | None = None
    steps: Steps | None = None
    words: Mapping[str, str] | None = None
    fixed: str | None = None
    link: str | None = None
    width: int | None = None
    gauge: bool = False


@dataclass(frozen=True, kw_only=True)
class Saying:
    """What a panel says and where it gets it.

    id: stable within its board, never renumbered (links point at it). description: what is counted,
    from which view, over which time, and what to do. empty: shown instead of no data.
    """

    id: int
    title: str
    description: str
    sql: str
    columns: tuple[Column, ...]
    width: int
    height: int
    empty: str = "—"
    unit: str = "none"


def _thresholds(steps: Steps) -> models.ThresholdsConfig:
    return models.ThresholdsConfig(
        mode=models.ThresholdsMode.ABSOLUTE,
        steps=[
            models.Threshold(value=None, color=steps.first),
            *(models.Threshold(value=limit, color=colour) for limit, colour in steps.rest),
        ],
    )


def _words(words: Mapping[str, str]) -> list[models.ValueMap]:
    return [
        models.ValueMap(
            options={
                word: models.ValueMappingResult(text=word, color=colour, index=index)
                for index, (word, colour) in enumerate(words.items())
            }
        )
    ]


def _look(column: Column, *, cells: bool) -> list[models.DynamicConfigValue]:
    """Override properties of a column; cells: the panel is a table."""
    say = models.DynamicConfigValue
    found = [say("displayName", column.title)]
    if column.unit is not None:
        found.append(say("unit", column.unit))
    if column.decimals is not None:
        found.append(say("decimals", column.decimals))
    if column.words is not None:
        found.append(say("mappings", _words(column.words)))
    if column.steps is not None:
        found.append(say("thresholds", _thresholds(column.steps)))
        found.append(say("color", {"mode": "thresholds"}))
    if column.fixed is not None:
        found.append(say("color", {"mode": "fixed", "fixedColor": column.fixed}))
    if column.link is not None:
        found.append(say("links", [{"title": "Show", "url": column.link, "targetBlank": False}]))
    return found + (_cell(column) if cells else [])


def _cell(column: Column) -> list[models.DynamicConfigValue]:
    say = models.DynamicConfigValue
    found = []
    if column.gauge:
        found += [say("min", 0), say("max", 1)]
        found.append(say("custom.cellOptions", {"type": "gauge", "mode": "basic"}))
    elif column.words is not None or column.steps is not None:
        found.append(say("custom.cellOptions", {"type": "color-text"}))
    if column.width is not None:
        found.append(say("custom.width", column.width))
    return found


def dress(
    panel: AnyPanel, saying: Saying, *, series: bool = False, cells: bool = False
) -> AnyPanel:
    """What all panels have: id, words, size, question, columns, a word for nothing."""
    panel.id(saying.id).title(saying.title).description(saying.description)
    panel.span(saying.width).height(saying.height)
    panel.datasource(datasource()).with_target(Query(sql=saying.sql, series=series))
    panel.no_value(saying.empty).unit(saying.unit)
    for column in saying.columns:
        panel.override_by_name(column.name, _look(column, cells=cells))
    return panel


def numbers(saying: Saying) -> stat.Panel:
    """Big numbers: one row, each column a number in its own colour."""
    plain = dashboard.ThresholdsConfig().steps([models.Threshold(value=None, color=PLAIN)])
    return (
        dress(stat.Panel(), saying)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
        .color_mode(kinds.BigValueColorMode.VALUE)
        .graph_mode(kinds.BigValueGraphMode.NONE)
        .text_mode(kinds.BigValueTextMode.VALUE_AND_NAME)
        .justify_mode(kinds.BigValueJustifyMode.CENTER)
        .orientation(kinds.VizOrientation.VERTICAL)
        .thresholds(plain)
    )


def word(saying: Saying) -> stat.Panel:
    """One word in its colour, for instance the status of a camera."""
    return numbers(saying).reduce_options(
        common.ReduceDataOptions().calcs(["lastNotNull"]).fields("/.*/").values(False)
    )


def rows(saying: Saying) -> table.Panel:
    """A table in the order of the statement."""
    return (
        dress(table.Panel(), saying, cells=True)
        .show_header(True)
        .cell_height(kinds.TableCellHeight.SM)
        .align(kinds.FieldTextAlignment.AUTO)
        .filterable(True)
        .cell_options(kinds.TableAutoCellOptions())
        .thresholds(dashboard.ThresholdsConfig().steps([models.Threshold(value=None, color=PLAIN)]))
    )


def bars(saying: Saying, colour: str) -> bargauge.Panel:
    """One bar per row: the text column names it, the number is its length."""
    return (
        dress(bargauge.Panel(), saying)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(True))
        .display_mode(kinds.BarGaugeDisplayMode.BASIC)
        .orientation(kinds.VizOrientation.HORIZONTAL)
        .value_mode(kinds.BarGaugeValueMode.COLOR)
        .min(0)
        .color_scheme(
            dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(colour)
        )
        .thresholds(
            dashboard.ThresholdsConfig().steps([models.Threshold(value=None, color=colour)])
        )
    )


def lines(saying: Saying) -> timeseries.Panel:
    """Lines over time; a step without data is a gap in the line."""
    return (
        _over_time(saying)
        .draw_style(kinds.GraphDrawStyle.LINE)
        .line_width(2)
        .fill_opacity(0)
        .show_points(kinds.VisibilityMode.AUTO)
        .span_nulls(False)
    )


def stacked(saying: Saying, *, shares: bool = False) -> timeseries.Panel:
    """Stacked bars over time; shares: each bar is drawn as parts of its whole."""
    mode = kinds.StackingMode.PERCENT if shares else kinds.StackingMode.NORMAL
    return (
        _over_time(saying)
        .draw_style(kinds.GraphDrawStyle.BARS)
        .fill_opacity(85)
        .line_width(0)
        .bar_alignment(kinds.BarAlignment.AFTER)
        .stacking(common.StackingConfig().mode(mode).group("A"))
    )


def _over_time(saying: Saying) -> timeseries.Panel:
    legend = (
        common.VizLegendOptions()
        .show_legend(True)
        .display_mode(kinds.LegendDisplayMode.LIST)
        .placement(kinds.LegendPlacement.BOTTOM)
        .calcs([])
    )
    tooltip = (
        common.VizTooltipOptions()
        .mode(kinds.TooltipDisplayMode.MULTI)
        .sort(kinds.SortOrder.DESCENDING)
    )
    return dress(timeseries.Panel(), saying, series=True).legend(legend).tooltip(tooltip)


def timeline(saying: Saying) -> statetimeline.Panel:
    """States of one thing over time, in the colours of the words of the column."""
    return (
        dress(statetimeline.Panel(), saying)
        .merge_values(True)
        .show_value(kinds.VisibilityMode.AUTO)
        .row_height(0.8)
        .fill_opacity(85)
        .line_width(0)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(kinds.LegendDisplayMode.LIST)
            .placement(kinds.LegendPlacement.BOTTOM)
            .calcs([])
        )
    )
