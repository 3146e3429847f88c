"""From a workflow that fails to its attempts, their traces and the commands that explain them."""

from urllib.parse import quote

from grafana_foundation_sdk.builders import dashboard

from layout import Board, Line, Row, source, title_variable, workflow_variable
from panels import RED_FROM_1, Column, graph, listing, spread, words
from queries import TITLE, WORKFLOW, counted, quantile

OUTCOMES = ["error", "canceled", "success"]


def _ended(outcome: str) -> str:
    """Attempts with this outcome: 0 where others have ended."""
    ended = counted(f"himekuri_attempt_ended_total{{{WORKFLOW}}}", "$__range", "title, workflow")
    so = counted(f'himekuri_attempt_ended_total{{{WORKFLOW}, outcome="{outcome}"}}', "$__range", "title, workflow")
    return f"{so} or 0 * {ended}"


def _explore(source_uid: str, query: str) -> str:
    """A link to Grafana's Explore. What stands in `${}` is filled in by Grafana, so it is not quoted."""
    left = f'{{"datasource":"{source_uid}","queries":[{{"refId":"A",{query}}}],"range":{{"from":"now-24h","to":"now"}}}}'
    return f"/explore?orgId=1&left={quote(left, safe='${}')}"


TEMPO = _explore("${tempo}", r'"queryType":"traceql","query":"{ span.himekuri.attempt = \"${attempt}\" }"')
JAEGER = _explore("${jaeger}", r'"queryType":"search","service":"himekuri-coordinator","tags":"himekuri.attempt=${attempt}"')

COMMANDS = f"""\
Metrics know no single attempts: they would be too many series. Find the number, write it into the field **Attempt** above, and go on with it.

| Question | Command |
|---|---|
| Which attempts of this workflow failed? | `himekuri sessions --project $title --workflow $workflow` |
| Why, and what is to be done? | `himekuri why $attempt` |
| What was decided, task by task? | `himekuri log $attempt` |
| How far is it? | `himekuri tasks $attempt` |
| Run what did not succeed once more | `himekuri retry $attempt --resume` |
| End it, with its jobs | `himekuri kill $attempt --wait` |

Traces of attempt $attempt: [Tempo]({TEMPO}), [Jaeger]({JAEGER})
"""

ENDED = Row(
    "Which attempts ended, and how?",
    [
        Line(
            9,
            [
                listing(
                    "Attempts of the chosen time",
                    "Workflows with failures stand first. More errors than successes: the cause is not BigQuery's mood.",
                    ["title", "workflow"],
                    [Column(outcome, _ended(outcome), steps=RED_FROM_1 if outcome == "error" else None) for outcome in OUTCOMES],
                ),
                graph(
                    "Attempts that ended",
                    "When they failed, and whether the schedule or a backfill had started them.",
                    [(counted(f"himekuri_attempt_ended_total{{{WORKFLOW}}}", "$__interval", "class, outcome"), "{{class}}, {{outcome}}")],
                    bars_of="15m",
                ),
            ],
        ),
    ],
)

WHY = Row(
    "Why did tasks fail? (of the whole title)",
    [
        Line(
            9,
            [
                listing(
                    "Failures by reason",
                    "BigQuery's reasons of tasks that failed for good. `himekuri why ATTEMPT` has the words and the line of the SQL.",
                    ["title", "reason"],
                    [
                        Column(
                            "Failed",
                            counted(f"himekuri_task_failures_total{{{TITLE}}}", "$__range", "title, reason"),
                            steps=RED_FROM_1,
                        )
                    ],
                ),
                graph(
                    "Retries by reason",
                    "Tries that failed and run again. Many `rateLimitExceeded` or `quotaExceeded`: too much runs at once. "
                    "Many `invalidQuery`: a `_retry` that cannot help; kill the attempt and mend the query.",
                    [(counted(f"himekuri_task_retries_total{{{TITLE}}}", "$__interval", "reason"), "{{reason}}")],
                    bars_of="15m",
                ),
                graph(
                    "Tasks that ended",
                    "By operator and outcome. An operator that only fails is misused in the workflow.",
                    [
                        (
                            counted(f"himekuri_task_ended_total{{{TITLE}}}", "$__interval", "operator, outcome"),
                            "{{operator}} {{outcome}}",
                        )
                    ],
                    bars_of="15m",
                ),
            ],
        ),
    ],
)

LONG = Row(
    "How long do they take? (of the whole title)",
    [
        Line(
            9,
            [
                graph(
                    "How long attempts take",
                    "95 % end sooner. Compare it with the `sla`: what comes near it will be late one night.",
                    [
                        (
                            quantile(0.95, "himekuri_attempt_duration_seconds", TITLE, "class, outcome", window="1h"),
                            "{{class}}, {{outcome}}",
                        )
                    ],
                    "s",
                ),
                spread(
                    "Attempts by length",
                    "A second band above the first: some titles or dates take another path; compare their tasks with `himekuri tasks ATTEMPT`.",
                    counted(f"himekuri_attempt_duration_seconds_bucket{{{TITLE}}}", "$__interval", "le"),
                    "s",
                ),
                graph(
                    "How long tasks take",
                    "95 % end sooner, by operator. `bq>` rises alone: BigQuery. All rise: workers or broker; see the dashboard of the pool.",
                    [(quantile(0.95, "himekuri_task_duration_seconds", TITLE, "operator"), "{{operator}}")],
                    "s",
                ),
            ],
        ),
    ],
)

ONE = Row(
    "What about one attempt?",
    [Line(9, [words("Commands and traces", "The way from a number on this page to the task, the job and the line of SQL.", COMMANDS)])],
)

BOARD = Board(
    name="attempts",
    title="attempts of a workflow",
    what="Failures, retries and durations of a workflow, and the way from there to one attempt: its commands and traces.",
    variables=[
        title_variable(many=False),
        workflow_variable(),
        dashboard.TextBoxVariable("attempt")
        .label("Attempt")
        .default_value("1")
        .description("Number of an attempt, from `himekuri attempts`"),
        source("tempo", "Tempo", "tempo", "Where traces are, if they are in Tempo"),
        source("jaeger", "Jaeger", "jaeger", "Where traces are, if they are in Jaeger"),
    ],
    rows=[ENDED, WHY, LONG, ONE],
)
