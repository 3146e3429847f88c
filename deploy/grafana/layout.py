"""Puts panels into rows and lines, and rows into a dashboard."""

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from panels import METRICS

WIDTH = 24
"""Columns of Grafana's grid."""

TAG = "himekuri"


@dataclass(frozen=True)
class Line:
    """Panels side by side. Each has the same width, unless its width stands before it."""

    height: int
    panels: list[Any]

    def sizes(self) -> list[tuple[int, Any]]:
        wide = [one if isinstance(one, tuple) else (WIDTH // len(self.panels), one) for one in self.panels]
        assert sum(width for width, _ in wide) == WIDTH, f"a line fills {WIDTH} columns: {[width for width, _ in wide]}"
        return wide


@dataclass(frozen=True)
class Row:
    """A question, and the lines that answer it."""

    question: str
    lines: list[Line]


@dataclass(frozen=True)
class Board:
    """A dashboard; `name` is that of its file, and with a prefix its `uid`, which links hold on to."""

    name: str
    title: str
    what: str
    variables: list[Any]
    rows: list[Row]
    since: str = "now-24h"

    def build(self) -> dashboard.Dashboard:
        board = (
            dashboard.Dashboard(f"Himekuri: {self.title}")
            .uid(f"himekuri-{self.name}")
            .description(self.what)
            .tags([TAG])
            .timezone("browser")
            .time(self.since, "now")
            .refresh("1m")
            .readonly()
            .tooltip(DashboardCursorSync.CROSSHAIR)
            .link(dashboard.DashboardLink("Himekuri").type(DashboardLinkType.DASHBOARDS).tags([TAG]).keep_time(True).include_vars(True))
            .with_variable(source("datasource", "Metrics", "prometheus", "Where the pool's metrics are"))
        )
        for variable in self.variables:
            board = board.with_variable(variable)
        y = number = 0
        for row in self.rows:
            number += 1
            place = GridPos(x=0, y=y, w=WIDTH, h=1)
            board = board.with_row(dashboard.Row(row.question).id(number).grid_pos(place))
            y += 1
            for line in row.lines:
                x = 0
                for width, panel in line.sizes():
                    number += 1
                    board = board.with_panel(panel.id(number).grid_pos(GridPos(x=x, y=y, w=width, h=line.height)))
                    x += width
                y += line.height
        return board


def source(name: str, label: str, kind: str, what: str) -> dashboard.DatasourceVariable:
    """A choice among the data sources of a kind."""
    return dashboard.DatasourceVariable(name).label(label).type(kind).description(what)


def title_variable(*, many: bool) -> dashboard.QueryVariable:
    """The title, or several of them. A title that has nothing running at the moment is still known by its marts."""
    series = '{__name__=~"himekuri_(attempt_active|attempt_ended_total|mart_newest_partition_time_seconds)"}'
    return _values("title", "Title", f"label_values({series}, title)", many=many)


def workflow_variable() -> dashboard.QueryVariable:
    """Workflows of the chosen titles."""
    series = '{__name__=~"himekuri_(attempt_ended_total|mart_newest_partition_time_seconds)", title=~"$title"}'
    return _values("workflow", "Workflow", f"label_values({series}, workflow)", many=True)


def _values(name: str, label: str, query: str, *, many: bool) -> dashboard.QueryVariable:
    variable = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(METRICS)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(many)
        .include_all(many)
    )
    if many:
        variable = variable.all_value(".*").current(VariableOption(text="All", value="$__all"))
    return variable
