"""Prints settings for schemathesis with numbers and names of what a pool has, so that most requests are about something.

Usage: openapi-values.py URL; the token is in HIMEKURI_TOKEN.
"""

import json
import os
import sys
import urllib.request

# How often a value is one of these; else schemathesis makes one up. Dates are always: ten years of sessions, started at once, would
# be all that the pool does.
SHARE = {"dates": 1.0}
OFTEN = 0.6


def ask(path):
    token = os.environ["HIMEKURI_TOKEN"]
    request = urllib.request.Request(sys.argv[1] + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def of(path, key, name="id"):
    return [found[name] for found in ask(path)[key]]


def numbers(ids):
    return [int(found) for found in ids]


attempts = numbers(of("/api/attempts", "attempts"))
VALUES = {
    "titles": of("/api/projects", "projects", "name"),
    "workflow_names": of("/api/workflows", "workflows", "name"),
    "projects": numbers(of("/api/projects", "projects")),
    "workflows": numbers(of("/api/workflows", "workflows")),
    "schedules": numbers(of("/api/schedules", "schedules")),
    "attempts": attempts,
    "files": of(f"/api/logs/{attempts[0]}/files", "files", "fileName"),
    "dates": ["2019-09-01", "2019-09-02", "2019-09-03"],
    "revisions": of("/v1/projects", "projects", "revision"),
}

# Operations by their paths, and what their parameters are.
USES = [
    (r"^/api/projects/\{id\}", {"path.id": "projects", "path.name": "workflow_names"}),
    (r"^/api/workflows/\{id\}", {"path.id": "workflows"}),
    (r"^/api/schedules/\{id\}", {"path.id": "schedules"}),
    (r"^/api/(sessions|attempts|logs)/\{id\}", {"path.id": "attempts", "path.name": "files"}),
    (r"^/api/project$", {"query.name": "titles"}),
    (r"^/api/workflow$", {"query.project": "titles", "query.name": "workflow_names"}),
    (r"^/api/attempts$", {"query.project": "titles", "body.workflowId": "workflows"}),
    (r"^/v1/attempts/\{id\}", {"path.id": "attempts"}),
    (
        r"^/v1/(attempts|backfills)$",
        {
            "body.project": "titles",
            "body.workflow": "workflow_names",
            "body.from": "dates",
            "body.to": "dates",
        },
    ),
    (r"^/v1/projects/\{name\}", {"path.name": "titles"}),
    (r"^/v1/revisions/", {"path.revision": "revisions"}),
    (r"^/v1/schedules/", {"path.project": "titles", "path.workflow": "workflow_names"}),
]

for name, values in VALUES.items():
    if values:
        print(f"[dictionaries.{name}]\nvalues = {json.dumps(values)}\n")
for path, parameters in USES:
    print(f"[[operations]]\ninclude-path-regex = '{path}'\n\n[operations.parameters]")
    for parameter, name in parameters.items():
        if VALUES[name]:
            print(f'"{parameter}" = {{ dictionary = "{name}", probability = {SHARE.get(name, OFTEN)} }}')
    print()
