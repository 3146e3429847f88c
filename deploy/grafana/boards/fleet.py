"""All titles on one screen: whoever is on call begins here."""

from boards.marts import LINK_TO_TITLE, freshness
from layout import Board, Line, Row
from panels import RED_FROM_1, Column, Steps, at_least, graph, listing, number, ranking
from queries import counted, or_zero, quantile

READY = 'state="ready"'

DATA = Row(
    "Is today's data there?",
    [
        Line(
            4,
            [
                number(
                    "Late sessions",
                    "Sessions of today that missed their `sla` or did not start. Above 0, look at the table of late sessions below, then "
                    "at `himekuri status`.",
                    or_zero("sum(himekuri_session_late)"),
                    steps=RED_FROM_1,
                ),
                number(
                    "Marts older than 54 h",
                    "Marts whose newest day is older than a missed run can explain. Above 0, sort the table of marts below by age.",
                    or_zero("count(time() - max by (title, workflow, mart) (himekuri_mart_newest_partition_time_seconds) > 194400)"),
                    steps=RED_FROM_1,
                ),
                number(
                    "Failed sessions, 24 h",
                    "Sessions whose newest attempt failed: nobody has mended them yet. Above 0, see which workflows below; "
                    "`himekuri why ATTEMPT` says what to do.",
                    or_zero("sum(himekuri_session_failed)"),
                    steps=RED_FROM_1,
                ),
                number(
                    "Attempts that run",
                    "Attempts that are not over, scheduled and backfill. 0 at night means that nothing has started: look at the leader.",
                    or_zero("sum(himekuri_attempt_active)"),
                ),
                number(
                    "Paused titles",
                    "Titles that somebody has paused: nothing of them goes out. `himekuri resume TITLE` when the reason is gone.",
                    or_zero("sum(himekuri_title_paused)"),
                    steps=Steps([(1, "orange")]),
                ),
                number(
                    "Highest use of a budget",
                    "The title that is nearest to its bytes of 24 hours. At 100 % its jobs wait. The dashboard of costs says which one.",
                    or_zero("max(himekuri_bigquery_budget_used_ratio)"),
                    "percentunit",
                    at_least(0.8, 1),
                ),
            ],
        ),
        Line(
            11,
            [
                (15, freshness()),
                (
                    9,
                    listing(
                        "What is late",
                        "`sla`: the session runs, but longer than its `sla` allows. `not_started`: nothing has started it. Empty is good. "
                        "`himekuri schedules` shows what a session waits for.",
                        ["title", "workflow", "cause"],
                        [Column("Sessions", "max by (title, workflow, cause) (himekuri_session_late) > 0", steps=RED_FROM_1)],
                        LINK_TO_TITLE,
                    ),
                ),
            ],
        ),
    ],
)

RUNS = Row(
    "What runs, and what fails?",
    [
        Line(
            9,
            [
                graph(
                    "Attempts that run",
                    "By title. One that stays up long after the night: open the title and see what its tasks wait for.",
                    [("sum by (title) (himekuri_attempt_active)", "{{title}}")],
                    stacked=True,
                ),
                graph(
                    "Attempts that ended",
                    "By class and outcome. Errors of class `scheduled` concern today's data.",
                    [(counted("himekuri_attempt_ended_total", "$__interval", "class, outcome"), "{{class}}, {{outcome}}")],
                    bars_of="15m",
                ),
                listing(
                    "Workflows that failed, 24 h",
                    "Sessions that nobody has mended yet, the most first. `himekuri status` finds the numbers of their attempts, "
                    "`himekuri why ATTEMPT` the reason and the cure. Empty is good.",
                    ["title", "workflow"],
                    [Column("Sessions", "max by (title, workflow) (himekuri_session_failed) > 0", steps=RED_FROM_1)],
                    LINK_TO_TITLE,
                ),
            ],
        ),
    ],
)

WAITS = Row(
    "What waits, and why?",
    [
        Line(
            9,
            [
                ranking(
                    "Backlog",
                    "Tasks that are ready to be sent, by title and class. A long backlog of a backfill is normal; one of scheduled runs "
                    "is not.",
                    (f"sort_desc(sum by (title, class) (himekuri_task_active{{{READY}}})) > 0", "{{title}}, {{class}}"),
                ),
                ranking(
                    "Longest wait",
                    "How long the oldest ready task has waited. Scheduled tasks wait for seconds when all is well; an hour raises "
                    "HimekuriTasksStuck.",
                    (f"sort_desc(max by (title, class) (himekuri_task_oldest_age_seconds{{{READY}}})) > 0", "{{title}}, {{class}}"),
                    "s",
                    at_least(900, 3600),
                ),
                ranking(
                    "What holds tasks up",
                    "Ready tasks by what is in their way. `budget`: raise it or wait. `older_attempt`: kill the older one, if it is "
                    "not wanted. `table` and `region`: BigQuery's limits.",
                    ("sort_desc(sum by (reason) (himekuri_task_held)) > 0", "{{reason}}"),
                ),
                ranking(
                    "Fullest windows",
                    "How much of what may be out at once is taken. At 100 % tasks wait; that matters only if scheduled ones do. "
                    "docs/operating.md says how to raise a window.",
                    ("sort_desc(max by (window) (himekuri_window_used_ratio))", "{{window}}"),
                    "percentunit",
                    at_least(0.8, 0.95),
                    most=1,
                ),
            ],
        ),
    ],
)

ONE_LEADER = Steps([(1, "green"), (2, "red")], first="red")
ALL_CONNECTED = Steps([(1, "green")], first="red")

POOL = Row(
    "Is the pool well?",
    [
        Line(
            4,
            [
                number(
                    "Leaders",
                    "Exactly 1. With 0 nothing starts and nothing is sent. 2 for a moment is a change of leader.",
                    or_zero("sum(himekuri_leader)"),
                    steps=ONE_LEADER,
                ),
                number(
                    "Workers",
                    "Workers that the leader has heard of within a minute. Fewer than you deployed: look at their logs.",
                    or_zero("max(himekuri_worker_known)"),
                    steps=ALL_CONNECTED,
                ),
                number(
                    "Workers' capacity in use",
                    "Deliveries in hand of all that workers take. Near 100 % for long: add workers.",
                    or_zero("sum(himekuri_worker_deliveries) / sum(himekuri_worker_capacity)"),
                    "percentunit",
                    at_least(0.8, 0.95),
                ),
                number(
                    "Programs without broker",
                    "Coordinators and workers that have no connection to RabbitMQ. Above 0: look at RabbitMQ first.",
                    or_zero("sum(1 - himekuri_broker_connected)"),
                    steps=RED_FROM_1,
                ),
                number(
                    "Store, 99 % within",
                    "How long calls to Redis take. Above 250 ms every decision is slow: look at Redis' host and its disk.",
                    quantile(0.99, "db_client_operation_duration_seconds"),
                    "s",
                    at_least(0.1, 0.25),
                ),
                number(
                    "Unreadable attempts",
                    "Attempts of which nothing runs, because the leader cannot read them. Above 0 for minutes: its log names them.",
                    or_zero("sum(himekuri_attempt_unreadable)"),
                    steps=RED_FROM_1,
                ),
                number(
                    "Dead letters, 24 h",
                    "Messages that no worker could take. Each has failed a task: `himekuri why ATTEMPT` names it.",
                    or_zero(counted("himekuri_message_dead_lettered_total", "24h")),
                    steps=RED_FROM_1,
                ),
                number(
                    "Unconfirmed messages",
                    "Committed, but not confirmed by RabbitMQ at the first try. Above 0 for minutes: it is blocked by an alarm.",
                    or_zero("sum(himekuri_outbox_unpublished)"),
                    steps=RED_FROM_1,
                ),
            ],
        ),
    ],
)

BOARD = Board(
    name="fleet",
    title="fleet",
    what="All titles: what is late, what failed, what waits, and whether the pool is well. Begin here.",
    variables=[],
    rows=[DATA, RUNS, WAITS, POOL],
)
