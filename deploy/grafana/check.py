#!/usr/bin/env python3
"""Checks what Grafana and Prometheus would not: dashboards and alerts against the contract of metrics, the layout of panels,
texts, and that each alert has a case that fires, a healthy one, and a section for whoever is on call."""

import json
import re
import sys
from itertools import combinations
from pathlib import Path

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

import contract
import promql
from expressions import ALERTS, DASHBOARDS, filled, of_alerts, of_panels

PLACEHOLDERS = {"title": ".*", "workflow": ".*", "__rate_interval": "5m", "__interval": "5m", "__range": "1d"}
TESTS = ALERTS.with_name("alerts_test.yml")
SERIES = contract.labels_by_series()


def problems_of_expression(expr: str, texts: str) -> list[str]:
    """Metrics and labels that are not in the contract. `texts` are legends and annotations: their labels must be there as well."""
    uses = list(promql.uses(filled(expr, PLACEHOLDERS)))
    found = [f"no metric `{use.metric}`" for use in uses if use.metric not in SERIES]
    for use in uses:
        unknown = use.labels - SERIES.get(use.metric, use.labels)
        found += [f"`{use.metric}` has no label `{label}`" for label in sorted(unknown)]
    named = set(re.findall(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}", texts))
    kept = set().union(*(use.labels for use in uses)) | contract.SCRAPED
    return found + [f"its text names the label `{label}`, which the expression does not keep" for label in sorted(named - kept)]


def problems_of_dashboard(path: Path) -> list[str]:
    """Panels without texts, panels that overlap, lines that are not full, and JSON that the SDK does not know."""
    content = json.loads(path.read_text())
    found = []
    again = json.loads(JSONEncoder().encode(Dashboard.from_json(content)))
    if again != content:
        found.append("it is not the same after a round through the SDK")
    for panel in content["panels"]:
        if not panel.get("title"):
            found.append(f"panel {panel['id']} has no title")
        if panel["type"] != "row" and len(panel.get("description", "")) < 20:
            found.append(f"`{panel['title']}` does not say what to do with it")
        for target in panel.get("targets", []):
            if not target.get("legendFormat"):
                found.append(f"`{panel['title']}` has no legend")
    places = [(panel["title"], panel["gridPos"]) for panel in content["panels"]]
    for (one, a), (other, b) in combinations(places, 2):
        if a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"] and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]:
            found.append(f"`{one}` and `{other}` overlap")
    return found


def problems_of_alert(rule: dict, fired: set[str], healthy: set[str]) -> list[str]:
    """Its labels and texts, the section of its runbook, a case in which it fires, and a healthy one that has its data."""
    found = []
    if rule["labels"].get("severity") not in {"critical", "warning"}:
        found.append("its severity is neither `critical` nor `warning`")
    if rule["alert"] not in fired:
        found.append(f"{TESTS.name} has no case in which it fires")
    silent = {use.metric for use in promql.uses(rule["expr"])} - healthy
    found += [f"the healthy case in {TESTS.name} has no `{metric}`" for metric in sorted(silent)]
    notes = rule["annotations"]
    missing = {"summary", "description", "runbook_url"} - notes.keys()
    if missing:
        return [*found, f"it has no {', '.join(sorted(missing))}"]
    if "`" not in notes["description"]:
        found.append("its description names no command")
    page, _, anchor = notes["runbook_url"].partition("#")
    path = ALERTS.parents[2] / page
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE) if path.is_file() else []
    if anchor not in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}:
        found.append(f"{page} has no section #{anchor}")
    return found


def cases_of_alerts() -> tuple[set[str], set[str]]:
    """The alerts that fire in some case; the metrics of the cases in which none does."""
    fired, healthy = set(), set()
    for test in yaml.safe_load(TESTS.read_text())["tests"]:
        by_name = {case["alertname"] for case in test.get("alert_rule_test", []) if case["exp_alerts"]}
        samples = [sample for case in test.get("promql_expr_test", []) for sample in case["exp_samples"]]
        by_name |= {re.search(r'alertname="(\w+)"', sample["labels"])[1] for sample in samples}
        fired |= by_name
        if not by_name:
            healthy |= {series["series"].partition("{")[0] for series in test["input_series"]}
    return fired, healthy


def main() -> int:
    register_default_plugins()
    found = []
    expressions = 0
    for path, panel, target in of_panels():
        expressions += 1
        problems = problems_of_expression(target["expr"], target.get("legendFormat", ""))
        found += [f"{path.name}, `{panel['title']}`: {problem}" for problem in problems]
    for path in sorted(DASHBOARDS.glob("*.json")):
        found += [f"{path.name}: {problem}" for problem in problems_of_dashboard(path)]
    fired, healthy = cases_of_alerts()
    for rule in of_alerts():
        expressions += 1
        problems = problems_of_expression(rule["expr"], " ".join(rule["annotations"].values())) + problems_of_alert(rule, fired, healthy)
        found += [f"{ALERTS.name}, {rule['alert']}: {problem}" for problem in problems]
    for problem in found:
        print(problem, file=sys.stderr)
    if not found:
        print(f"check-dashboards: {expressions} expressions keep the contract of metrics")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
