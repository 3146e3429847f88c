"""The pool from inside: coordinator, broker, store, workers, API."""

from layout import Board, Line, Row
from panels import RED_FROM_1, Steps, at_least, graph, spread
from queries import counted, failing, quantile


FAILED = 'error_type!=""'


def _rate(series: str, by: str) -> str:
    return f"sum by ({by}) (rate({series}[$__rate_interval]))"


COORDINATOR = Row(
    "Does the coordinator keep up?",
    [
        Line(
            8,
            [
                graph(
                    "Round of the driver",
                    "While a round lasts, no report is looked at. Above 1 s everything waits: look at the store, then at the coordinator's CPU.",
                    [
                        (quantile(0.5, "himekuri_round_duration_seconds"), "half"),
                        (quantile(0.99, "himekuri_round_duration_seconds"), "99 %"),
                    ],
                    "s",
                    steps=at_least(0.5, 1),
                ),
                graph(
                    "Commands that wait for the driver",
                    "Reports, starts and kills. A line that climbs: rounds are too slow.",
                    [("sum(himekuri_command_waiting)", "waiting")],
                ),
                graph(
                    "Wait before a task is sent",
                    "From ready to sent. Scheduled tasks: seconds. Backfills may wait for hours.",
                    [(quantile(0.95, "himekuri_task_dispatch_wait_seconds", by="class"), "{{class}}, 95 %")],
                    "s",
                ),
                graph(
                    "Leaders and restarts",
                    "One leader at all times. A restart of a coordinator that has lost its lease is normal; many are not.",
                    [
                        ("sum(himekuri_leader)", "leaders"),
                        ("sum(changes(himekuri_process_start_time_seconds[$__rate_interval]))", "restarts"),
                    ],
                    steps=Steps([(2, "red")]),
                ),
            ],
        ),
        Line(
            8,
            [
                graph(
                    "Windows",
                    "Share of the fullest window of its kind. At 100 % tasks wait; a backfill may fill all but what scheduled runs are kept.",
                    [("max by (window) (himekuri_window_used_ratio)", "{{window}}")],
                    "percentunit",
                    steps=at_least(0.8, 0.95),
                ),
                graph(
                    "Takeovers",
                    "How long the coordinators that run needed, when they began to lead, until every attempt was in memory. Above 10 s: too "
                    "many attempts, or a slow store.",
                    [("histogram_quantile(0.99, sum by (le) (himekuri_leader_takeover_duration_seconds_bucket))", "99 %")],
                    "s",
                    steps=at_least(5, 10),
                ),
                graph(
                    "Attempts that cannot be read",
                    "Nothing of them runs. The leader's log names them; a newer version may have written them.",
                    [("sum(himekuri_attempt_unreadable)", "attempts")],
                    steps=RED_FROM_1,
                ),
                graph(
                    "Notices",
                    "By receiver and outcome. Errors: nobody hears of failures; look at the address of the webhook.",
                    [
                        (
                            counted("himekuri_notice_sent_total", "$__interval", "receiver, outcome"),
                            "{{receiver}} {{outcome}}",
                        )
                    ],
                    bars_of="15m",
                ),
            ],
        ),
    ],
)

BROKER = Row(
    "Is RabbitMQ quick and whole?",
    [
        Line(
            8,
            [
                graph(
                    "Wait in a queue",
                    "From publishing to delivery. `tasks` above seconds: too few workers. `reports`: the coordinator does not keep up.",
                    [
                        (
                            quantile(0.95, "himekuri_message_queue_wait_seconds", by="messaging_destination_name"),
                            "{{messaging_destination_name}}, 95 %",
                        )
                    ],
                    "s",
                ),
                graph(
                    "Publishing until confirmed",
                    "Quorum queues write to disk before they confirm. Above 1 s: slow disks, or a node is missing.",
                    [
                        (
                            quantile(0.99, "messaging_client_operation_duration_seconds", by="messaging_destination_name"),
                            "{{messaging_destination_name}}, 99 %",
                        )
                    ],
                    "s",
                    steps=at_least(0.5, 1),
                ),
                graph(
                    "Messages",
                    "Sent and taken, each second. They run together; taken far below sent: a queue grows.",
                    [
                        (
                            _rate("messaging_client_sent_messages_total", "messaging_destination_name"),
                            "sent, {{messaging_destination_name}}",
                        ),
                        (
                            _rate("messaging_client_consumed_messages_total", "messaging_destination_name"),
                            "taken, {{messaging_destination_name}}",
                        ),
                    ],
                    "cps",
                ),
            ],
        ),
        Line(
            8,
            [
                graph(
                    "Programs without connection",
                    "By job. For seconds after a restart of RabbitMQ it is normal.",
                    [("sum by (job) (1 - himekuri_broker_connected)", "{{job}}")],
                    steps=RED_FROM_1,
                ),
                graph(
                    "Messages not confirmed, and given up",
                    "Unconfirmed ones are sent again. A line that stays up: RabbitMQ is blocked by an alarm for memory or disk.",
                    [
                        ("sum(himekuri_outbox_unpublished)", "not confirmed yet"),
                        (failing("messaging_client_sent_messages_total", FAILED, "error_type"), "given up {{error_type}}"),
                    ],
                ),
                graph(
                    "Dead letters",
                    "Messages that were returned too often, or that no worker can read. Each has failed a task.",
                    [(counted("himekuri_message_dead_lettered_total", "$__interval", "reason"), "{{reason}}")],
                    bars_of="5m",
                ),
            ],
        ),
    ],
)

STORE = Row(
    "Is Redis quick?",
    [
        Line(
            8,
            [
                graph(
                    "Calls, 99 % within",
                    "By operation. Above 250 ms: look at Redis' `SLOWLOG`, its disk (append-only file) and its neighbours.",
                    [(quantile(0.99, "db_client_operation_duration_seconds", by="db_operation_name"), "{{db_operation_name}}")],
                    "s",
                    steps=at_least(0.1, 0.25),
                ),
                graph(
                    "Calls each second",
                    "By operation. Twice as many with the same work: a second leader, or a loop.",
                    [(_rate("db_client_operation_duration_seconds_count", "db_operation_name"), "{{db_operation_name}}")],
                    "cps",
                ),
                graph(
                    "Failed calls",
                    "By error. A coordinator that cannot write ends, and another one takes over.",
                    [(failing("db_client_operation_duration_seconds_count", FAILED, "error_type"), "failed {{error_type}}")],
                    bars_of="5m",
                ),
            ],
        ),
    ],
)

WORKERS = Row(
    "Do workers and BigQuery keep up?",
    [
        Line(
            8,
            [
                graph(
                    "Workers' capacity in use",
                    "By worker. All near 100 %: add workers. One alone: its network or its BigQuery project.",
                    [("himekuri_worker_deliveries / himekuri_worker_capacity", "{{instance}}")],
                    "percentunit",
                    steps=at_least(0.8, 0.95),
                ),
                graph(
                    "From delivery to report",
                    "95 % are faster, by operator and outcome. `submitted` ends at `--job-wait`.",
                    [(quantile(0.95, "himekuri_worker_task_duration_seconds", by="operator, outcome"), "{{operator}} {{outcome}}")],
                    "s",
                ),
                graph(
                    "Messages that came once more",
                    "A worker died or gave them back. Some after each rollout; all the time means that workers crash.",
                    [(counted("himekuri_worker_redelivered_total", "$__interval"), "redelivered")],
                    bars_of="5m",
                ),
            ],
        ),
        Line(
            8,
            [
                graph(
                    "Calls to BigQuery",
                    "95 % are faster, by method. All slow: BigQuery or the way to it.",
                    [
                        (
                            quantile(0.95, "http_client_request_duration_seconds", by="himekuri_bigquery_method"),
                            "{{himekuri_bigquery_method}}",
                        )
                    ],
                    "s",
                ),
                graph(
                    "BigQuery's errors",
                    "By method and reason. `rateLimitExceeded` passes by itself; `accessDenied` does not.",
                    [
                        (
                            failing("http_client_request_duration_seconds_count", FAILED, "himekuri_bigquery_method, error_type"),
                            "failed {{himekuri_bigquery_method}} {{error_type}}",
                        )
                    ],
                    bars_of="5m",
                ),
                spread(
                    "Tasks by time on a worker",
                    "Short queries end in one delivery. Many at `--job-wait` are long jobs, which are watched from then on.",
                    "sum by (le) (increase(himekuri_worker_task_duration_seconds_bucket[$__interval]))",
                    "s",
                ),
            ],
        ),
    ],
)

API = Row(
    "Is the API quick?",
    [
        Line(
            8,
            [
                graph(
                    "Answers, 95 % within",
                    "By route. Pushes take seconds; lists should not.",
                    [(quantile(0.95, "http_server_request_duration_seconds", by="http_route"), "{{http_route}}")],
                    "s",
                    steps=at_least(1, 5),
                ),
                graph(
                    "Requests each second",
                    "By route. One route far above the others: a script that asks in a loop.",
                    [(_rate("http_server_request_duration_seconds_count", "http_route"), "{{http_route}}")],
                    "reqps",
                ),
                graph(
                    "Refused and failed requests",
                    "By status. 401 and 403: a token; 429: too many requests of one caller; 5xx: no leader, or a fault of ours.",
                    [
                        (
                            failing(
                                "http_server_request_duration_seconds_count",
                                'http_response_status_code=~"4..|5.."',
                                "http_request_method, http_response_status_code",
                            ),
                            "refused {{http_request_method}} {{http_response_status_code}}",
                        )
                    ],
                    bars_of="5m",
                ),
            ],
        ),
    ],
)

BOARD = Board(
    name="pool",
    title="pool and broker",
    what="The pool from inside: whether coordinator, RabbitMQ, Redis, workers, BigQuery and the API keep up.",
    variables=[],
    rows=[COORDINATOR, BROKER, STORE, WORKERS, API],
    since="now-6h",
)
