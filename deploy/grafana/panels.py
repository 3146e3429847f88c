"""The kinds of panels that the dashboards are made of, all in one look."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus, stat, table, text, timeseries
from grafana_foundation_sdk.models import common as models
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

METRICS = DataSourceRef(type_val="prometheus", uid="${datasource}")

Query = tuple[str, str]
"""An expression, and the legend of its series."""

REF_IDS = "ABCDEFGH"

OUTCOMES = {"success": "green", "error": "red", "canceled": "orange"}
"""The colours of outcomes are the same on each dashboard."""


@dataclass(frozen=True)
class Steps:
    """Colours of values: `first`, and another one from each value on."""

    then: list[tuple[float, str]]
    first: str = "green"

    def build(self) -> dashboard.ThresholdsConfig:
        steps = [Threshold(value=None, color=self.first)]
        steps += [Threshold(value=value, color=color) for value, color in self.then]
        return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


PLAIN = Steps([], first="blue")


def at_least(orange: float, red: float) -> Steps:
    """More is worse."""
    return Steps([(orange, "orange"), (red, "red")])


RED_FROM_1 = Steps([(1, "red")])


@dataclass(frozen=True)
class Column:
    """A column of numbers in a table: one query."""

    name: str
    expr: str
    unit: str = "short"
    steps: Steps | None = None


def number(title: str, what: str, expr: str, unit: str = "short", steps: Steps = PLAIN, mapped: dict[str, str] | None = None):
    """One number, large. `mapped` has words to show instead of some values."""
    mode = models.BigValueColorMode.VALUE if steps is PLAIN else models.BigValueColorMode.BACKGROUND
    panel = (
        _coloured(stat.Panel(), title, what, unit, steps)
        .color_mode(mode)
        .graph_mode(models.BigValueGraphMode.NONE)
        .text_mode(models.BigValueTextMode.VALUE)
    )
    if mapped:
        texts = {value: ValueMappingResult(text=word) for value, word in mapped.items()}
        panel = panel.mappings([ValueMap(options=texts)])
    return _with_queries(panel, [(expr, title)])


def ranking(title: str, what: str, query: Query, unit: str = "short", steps: Steps = PLAIN, most: float | None = None):
    """A bar for each series, with its number."""
    panel = (
        _coloured(bargauge.Panel(), title, what, unit, steps)
        .min(0)
        .display_mode(models.BarGaugeDisplayMode.BASIC)
        .orientation(models.VizOrientation.HORIZONTAL)
    )
    if most is not None:
        panel = panel.max(most)
    return _with_queries(panel, [query])


def graph(
    title: str,
    what: str,
    queries: list[Query],
    unit: str = "short",
    *,
    stacked: bool = False,
    bars_of: str | None = None,
    steps: Steps | None = None,
):
    """Lines over time; stacked areas for parts of a whole; or bars of what was counted in periods of this length at least."""
    order = "Total" if bars_of else "Max"
    legend = (
        common.VizLegendOptions()
        .display_mode(models.LegendDisplayMode.TABLE)
        .placement(models.LegendPlacement.BOTTOM)
        .show_legend(True)
        .calcs(["sum"] if bars_of else ["lastNotNull", "max"])
        .sort_by(order)
        .sort_desc(True)
    )
    tooltip = common.VizTooltipOptions().mode(models.TooltipDisplayMode.MULTI).sort(models.SortOrder.DESCENDING)
    panel = (
        _begun(timeseries.Panel(), title, what).unit(unit).min(0).legend(legend).tooltip(tooltip).show_points(models.VisibilityMode.AUTO)
    )
    if bars_of:
        panel = panel.draw_style(models.GraphDrawStyle.BARS).interval(bars_of)
    if stacked or bars_of:
        panel = panel.fill_opacity(60).stacking(common.StackingConfig().mode(models.StackingMode.NORMAL).group("A"))
    for outcome, colour in OUTCOMES.items():
        if any("{{outcome}}" in legend_of for _, legend_of in queries):
            fixed = DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": colour})
            panel = panel.override_by_regexp(f".*{outcome}$", [fixed])
    if steps:
        dashed = common.GraphThresholdsStyleConfig().mode(models.GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(steps.build()).thresholds_style(dashed)
    return _with_queries(panel, queries, instant=False)


def listing(title: str, what: str, labels: list[str], columns: list[Column], link: tuple[str, str] | None = None):
    """A table: a row for each set of labels, a column for each query, the first of which sorts it. `link` goes from the first label."""
    # Grafana calls the value of a single query otherwise.
    fields = [f"Value #{ref_id}" for ref_id in REF_IDS[: len(columns)]] if len(columns) > 1 else ["Value"]
    names = dict(zip(fields, (column.name for column in columns), strict=True))
    organize = {
        "excludeByName": {"Time": True},
        "indexByName": {name: place for place, name in enumerate([*labels, *fields])},
        "renameByName": names,
    }
    panel = (
        _begun(table.Panel(), title, what)
        .with_transformation(DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(DataTransformerConfig(id_val="organize", options=organize))
        .sort_by([common.TableSortByFieldState().display_name(columns[0].name).desc(True)])
        .show_header(True)
        .filterable(True)
        .no_value("none")
    )
    for column in columns:
        properties = [DynamicConfigValue(id_val="unit", value=column.unit)]
        if column.steps:
            properties.append(DynamicConfigValue(id_val="thresholds", value=column.steps.build().build().to_json()))
            cell = {"type": "color-background", "mode": "basic"}
            properties.append(DynamicConfigValue(id_val="custom.cellOptions", value=cell))
        panel = panel.override_by_name(column.name, properties)
    if link:
        text_of_link, url = link
        links = [{"title": text_of_link, "url": url}]
        panel = panel.override_by_name(labels[0], [DynamicConfigValue(id_val="links", value=links)])
    return _with_queries(panel, [(column.expr, column.name) for column in columns], format_val=PromQueryFormat.TABLE)


def spread(title: str, what: str, expr: str, unit: str):
    """A heat map over the buckets of a histogram: how many values of which size, and when."""
    panel = _begun(heatmap.Panel(), title, what).calculate(False).y_axis(heatmap.YAxisConfig().unit(unit)).show_legend().interval("5m")
    return _with_queries(panel, [(expr, "{{le}}")], instant=False, format_val=PromQueryFormat.HEATMAP)


def words(title: str, what: str, content: str):
    """Text for people, in Markdown."""
    return text.Panel().title(title).description(what).content(content)


def _begun(builder, title: str, what: str):
    return builder.title(title).description(what).datasource(METRICS)


def _coloured(builder, title: str, what: str, unit: str, steps: Steps):
    last = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    return (
        _begun(builder, title, what)
        .unit(unit)
        .thresholds(steps.build())
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .reduce_options(last)
        .no_value("no data")
    )


def _with_queries(panel, queries: list[Query], *, instant: bool = True, format_val: PromQueryFormat | None = None):
    for ref_id, (expr, legend) in zip(REF_IDS, queries, strict=False):
        query = prometheus.Dataquery().expr(expr).ref_id(ref_id).legend_format(legend)
        query = query.instant() if instant else query.range()
        panel = panel.with_target(query.format(format_val) if format_val else query)
    return panel
