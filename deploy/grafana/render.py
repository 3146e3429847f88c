#!/usr/bin/env python3
"""Draws each dashboard as a picture, from a Prometheus: to look at the data where there is no Grafana.

It is no copy of Grafana. It shows that each panel has data, and whether it can be read.
"""

import argparse
import json
import re
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import drawing
from expressions import DASHBOARDS, add_variables, filled, values_of
from matplotlib import pyplot

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
COLUMN, LINE = 0.75, 0.42
"""Inches of a column and of a line of Grafana's grid."""
POINTS = 240
"""Points of a line in a panel."""
FEWEST = 20
"""Bars of a panel at least: Grafana would show one of 15 minutes for a time of three."""


@dataclass(frozen=True)
class Source:
    """A Prometheus, and the time that is looked at."""

    url: str
    values: dict[str, str]
    end: float
    span: float

    def ask(self, expr: str, *, instant: bool, least_step: str | None) -> list[dict]:
        """The series of an expression, each with `metric` and a list of `values`."""
        step = max(self.span / POINTS, seconds(least_step or self.values["__rate_interval"]))
        step = min(step, self.span / FEWEST)
        values = self.values | {"__interval": f"{int(step)}s", "__range": f"{int(self.span)}s"}
        query = {"query": filled(expr, values)}
        if instant:
            query["time"] = self.end
        else:
            query |= {"start": self.end - self.span, "end": self.end, "step": step}
        kind = "query" if instant else "query_range"
        with urllib.request.urlopen(f"{self.url}/api/v1/{kind}?{urllib.parse.urlencode(query)}") as answer:
            data = json.load(answer)["data"]
        if data["resultType"] == "scalar":
            return [{"metric": {}, "values": [data["result"]]}]
        return [{"metric": one["metric"], "values": one.get("values") or [one["value"]]} for one in data["result"]]


def seconds(text: str) -> float:
    """The length of a duration such as `15m`."""
    return float(text[:-1]) * SECONDS[text[-1]]


def render(path: Path, source: Source, out: Path) -> int:
    """Draws one dashboard; says how many of its panels have no data."""
    board = json.loads(path.read_text())
    lines = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in board["panels"])
    width, height = 24 * COLUMN, (lines + 2) * LINE
    figure = pyplot.figure(figsize=(width, height), facecolor="#f4f5f7")
    figure.text(0.01, 1 - LINE / height, board["title"], fontsize=18, weight="bold", va="center")
    empty = 0
    for panel in board["panels"]:
        place = panel["gridPos"]
        left, top = place["x"] / 24, 1 - (place["y"] + 1.6) * LINE / height
        box = (left, top - place["h"] * LINE / height, place["w"] / 24, place["h"] * LINE / height)
        answers = [
            (target.get("legendFormat", ""), series)
            for target in panel.get("targets", [])
            for series in source.ask(target["expr"], instant=target.get("instant", False), least_step=panel.get("interval"))
        ]
        tables = [
            source.ask(target["expr"], instant=True, least_step=None) for target in panel.get("targets", []) if panel["type"] == "table"
        ]
        drawing.draw(figure, box, panel, tables or answers, (source.end - source.span, source.end))
        if panel.get("targets") and not answers:
            empty += 1
            print(f"{path.stem}: `{panel['title']}` has no data")
    figure.savefig(out / f"{path.stem}.png", dpi=70)
    pyplot.close(figure)
    return empty


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url", help="address of a Prometheus")
    arguments.add_argument("--out", type=Path, default=Path("."), help="folder for the pictures")
    arguments.add_argument("--since", help="how far back, such as 6h; each dashboard's own choice if it is left out")
    arguments.add_argument("--at", help="until when, such as 2026-01-31T03:00+09:00; now if it is left out")
    arguments.add_argument("--dashboard", help="only this one")
    add_variables(arguments)
    parsed = arguments.parse_args()
    parsed.out.mkdir(parents=True, exist_ok=True)
    end = datetime.fromisoformat(parsed.at).timestamp() if parsed.at else time.time()
    for path in sorted(DASHBOARDS.glob(f"{parsed.dashboard or '*'}.json")):
        since = parsed.since or re.sub("^now-", "", json.loads(path.read_text())["time"]["from"])
        source = Source(parsed.url.rstrip("/"), values_of(parsed), end, seconds(since))
        empty = render(path, source, parsed.out)
        print(f"{parsed.out / path.stem}.png: {empty} panels without data")


if __name__ == "__main__":
    main()
