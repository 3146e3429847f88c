#!/usr/bin/env python3
"""Prints every expression of every panel and alert, one JSON object a line, ready to be asked of a Prometheus.

`expr_without_threshold` is the expression without its last comparison: data where all is well, too. `sides` are its parts between
each `or`.
"""

import argparse
import json
import re
from collections.abc import Iterator
from pathlib import Path

import yaml

import promql

HERE = Path(__file__).parent
DASHBOARDS = HERE / "dashboards"
ALERTS = HERE.parent / "prometheus" / "alerts.yml"


def of_panels() -> Iterator[tuple[Path, dict, dict]]:
    """File, panel and query of each expression of a dashboard, with its variables."""
    for path in sorted(DASHBOARDS.glob("*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for target in panel.get("targets", []):
                yield path, panel, target


def of_alerts() -> Iterator[dict]:
    """Each rule that is an alert."""
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from (rule for rule in group["rules"] if "alert" in rule)


def filled(expr: str, values: dict[str, str]) -> str:
    """The expression with values for its variables. One that has no value is an error."""
    return re.sub(r"\$\{?(\w+)\}?", lambda found: values[found[1]], expr)


def add_variables(arguments: argparse.ArgumentParser) -> None:
    """Options for the variables of dashboards."""
    arguments.add_argument("--title", default=".*", help="regular expression of titles")
    arguments.add_argument("--workflow", default=".*", help="regular expression of workflows")
    arguments.add_argument("--rate-interval", default="1m", help="for $__rate_interval: four scrapes at least")
    arguments.add_argument("--interval", default="1m", help="for $__interval, the time between two points")
    arguments.add_argument("--range", default="1h", help="for $__range, the time that is shown")


def values_of(parsed: argparse.Namespace) -> dict[str, str]:
    """What the options say, by the names of the variables."""
    return {
        "title": parsed.title,
        "workflow": parsed.workflow,
        "__rate_interval": parsed.rate_interval,
        "__interval": parsed.interval,
        "__range": parsed.range,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    add_variables(arguments)
    values = values_of(arguments.parse_args())

    def tell(path: Path, kind: str, name: str, expr: str) -> None:
        bare = promql.without_threshold(expr)
        line = {"file": path.name, kind: name, "expr": expr, "expr_without_threshold": bare, "sides": promql.sides(bare)}
        print(json.dumps(line))

    for path, panel, target in of_panels():
        tell(path, "panel", panel["title"], filled(target["expr"], values))
    for rule in of_alerts():
        tell(ALERTS, "alert", rule["alert"], rule["expr"].strip())


if __name__ == "__main__":
    main()
