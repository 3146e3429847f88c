"""One title: its data, its work, its failures."""

from boards.marts import freshness
from layout import Board, Line, Row, title_variable
from panels import RED_FROM_1, Steps, at_least, graph, number
from queries import TITLE, counted, gained, or_zero, quantile

DATA = Row(
    "Is this title's data there?",
    [
        Line(
            11,
            [
                (15, freshness(TITLE)),
                (
                    9,
                    graph(
                        "Late sessions",
                        "When a session was late, and why. `not_started`: ask `himekuri schedules` what it waits for. `sla`: "
                        "`himekuri why ATTEMPT` says what it does.",
                        [(f"max by (workflow, cause) (himekuri_session_late{{{TITLE}}})", "{{workflow}}, {{cause}}")],
                    ),
                ),
            ],
        ),
        Line(
            4,
            [
                number(
                    "Attempts that run",
                    "Attempts of the title that are not over.",
                    or_zero(f"sum(himekuri_attempt_active{{{TITLE}}})"),
                ),
                number(
                    "Failed sessions, 24 h",
                    "Sessions whose newest attempt failed. Above 0: the dashboard of attempts shows the reasons, `himekuri why ATTEMPT` "
                    "the cure.",
                    or_zero(f"sum(himekuri_session_failed{{{TITLE}}})"),
                    steps=RED_FROM_1,
                ),
                number(
                    "Is it paused?",
                    "A paused title sends nothing. `himekuri resume TITLE` when the reason is gone.",
                    or_zero(f"max(himekuri_title_paused{{{TITLE}}})"),
                    steps=Steps([(1, "orange")]),
                    mapped={"0": "no", "1": "paused"},
                ),
                number(
                    "Budget used",
                    "Of the bytes that the title may be billed in 24 hours. At 100 % its jobs wait until older ones fall out of the 24 hours.",
                    or_zero(f"max(himekuri_bigquery_budget_used_ratio{{{TITLE}}})"),
                    "percentunit",
                    at_least(0.8, 1),
                ),
                number(
                    "Cost, 24 h",
                    "At the on-demand price. The dashboard of costs compares it with the day before.",
                    or_zero(f"sum({gained(f'himekuri_bigquery_cost_total{{{TITLE}}}', '24h')})"),
                    "currencyUSD",
                ),
                number(
                    "Sessions of backfills left",
                    "Sessions that wait or run. `himekuri backfills` shows how far each one is, and pauses it.",
                    or_zero(f"sum(himekuri_backfill_sessions{{{TITLE}}})"),
                ),
            ],
        ),
    ],
)

WORK = Row(
    "What runs, and what does it wait for?",
    [
        Line(
            9,
            [
                graph(
                    "Tasks by state",
                    "`submitted`: BigQuery runs the job. `ready` grows while the title waits for a place or a partition. "
                    "`unreachable`: BigQuery gives no answer.",
                    [(f"sum by (state) (himekuri_task_active{{{TITLE}}})", "{{state}}")],
                    stacked=True,
                ),
                graph(
                    "Oldest task by state",
                    "A line that climbs without end is a task that is stuck: `himekuri why ATTEMPT` names it.",
                    [(f"max by (class, state) (himekuri_task_oldest_age_seconds{{{TITLE}}})", "{{class}}, {{state}}")],
                    "s",
                ),
                graph(
                    "What holds ready tasks up",
                    "`partition`: an earlier job writes the same one. `older_attempt`: an older attempt of the session still runs. "
                    "`budget` and `paused`: somebody's decision.",
                    [(f"sum by (reason) (himekuri_task_held{{{TITLE}}})", "{{reason}}")],
                    stacked=True,
                ),
            ],
        ),
        Line(
            8,
            [
                graph(
                    "Attempts that run",
                    "Scheduled ones at night; a backfill as long as it lasts.",
                    [(f"sum by (class) (himekuri_attempt_active{{{TITLE}}})", "{{class}}")],
                    stacked=True,
                ),
                graph(
                    "Tasks sent",
                    "Tries that went to workers, each minute. 0 while tasks are ready: look at what holds them up.",
                    [(f"sum by (class) (rate(himekuri_task_dispatched_total{{{TITLE}}}[$__rate_interval])) * 60", "{{class}}")],
                    "cpm",
                ),
                graph(
                    "Sessions of backfills",
                    "What is left. A line that stays flat: the backfill is paused, or its tasks wait.",
                    [(f"sum by (workflow, state) (himekuri_backfill_sessions{{{TITLE}}})", "{{workflow}}, {{state}}")],
                    stacked=True,
                ),
            ],
        ),
    ],
)

FAILURES = Row(
    "What failed, and how long does it take?",
    [
        Line(
            9,
            [
                graph(
                    "Attempts that ended",
                    "By workflow and outcome.",
                    [
                        (
                            counted(f"himekuri_attempt_ended_total{{{TITLE}}}", "$__interval", "workflow, outcome"),
                            "{{workflow}}, {{outcome}}",
                        )
                    ],
                    bars_of="15m",
                ),
                graph(
                    "Tasks that failed, by reason",
                    "`invalidQuery` and `notFound` need a change; `backendError` and `rateLimitExceeded` are BigQuery's and mostly pass.",
                    [(counted(f"himekuri_task_failures_total{{{TITLE}}}", "$__interval", "reason"), "{{reason}}")],
                    bars_of="15m",
                ),
                graph(
                    "How long tasks take",
                    "From sending a task to its end; half and 95 % are faster. A sudden rise is mostly BigQuery's queue or a query that has grown.",
                    [
                        (quantile(0.5, "himekuri_task_duration_seconds", TITLE, "operator"), "{{operator}}, half"),
                        (quantile(0.95, "himekuri_task_duration_seconds", TITLE, "operator"), "{{operator}}, 95 %"),
                    ],
                    "s",
                ),
            ],
        ),
    ],
)

BOARD = Board(
    name="title",
    title="title",
    what="One title: whether its data is there, what its work waits for, what failed.",
    variables=[title_variable(many=False)],
    rows=[DATA, WORK, FAILURES],
)
