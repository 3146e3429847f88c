//! The contract: every metric of the pool, once. `docs/metrics.md` is made from it, dashboards and alerts are checked against it.
//!
//! Names and units follow OpenTelemetry's semantic conventions where it has some (messaging, database, HTTP); ours begin with
//! `himekuri.`. Only the coordinator that leads tells about titles, workflows and marts; a standby's gauges of them are absent.

use crate::metric::{Kind, Metric};

/// Seconds of something that a person waits for or that a network does: 1 ms to 10 min.
const SECONDS: Kind = Kind::Histogram(&[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
    120.0, 300.0, 600.0,
]);

/// Seconds of work at BigQuery: 0.5 s to 18 h, the longest that three tries of a query take ("Quotas and limits").
const LONG_SECONDS: Kind = Kind::Histogram(&[
    0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0, 21_600.0,
    64_800.0,
]);

macro_rules! metrics {
    ($($constant:ident: $name:literal, $kind:expr, $unit:literal, [$($label:literal),*], $description:literal;)*) => {
        $(
            #[doc = $description]
            pub const $constant: Metric = Metric {
                name: $name,
                kind: $kind,
                unit: $unit,
                labels: &[$($label),*],
                description: $description,
            };
        )*
        /// Every metric of this section.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

/// How fresh and how late data is, and what it costs: for analysts and for whoever is on call.
pub mod marts {
    use super::{Kind, Metric};

    metrics! {
        NEWEST_PARTITION: "himekuri.mart.newest_partition.time", Kind::Gauge, "s", ["title", "workflow", "mart"],
            "Begin of the newest partition that was written well, in seconds since 1970; `time()` minus it is the mart's age";
        LAST_SUCCESS: "himekuri.mart.last_success.time", Kind::Gauge, "s", ["title", "workflow", "mart"],
            "When a partition of the mart was last written well, in seconds since 1970";
        SESSIONS_LATE: "himekuri.session.late", Kind::Gauge, "{session}", ["title", "workflow", "cause"],
            "Sessions of today that are late: `sla` was missed, or they did not start (`not_started`), and have not ended well since";
        SESSIONS_FAILED: "himekuri.session.failed", Kind::Gauge, "{session}", ["title", "workflow"],
            "Sessions of the last 24 hours whose newest attempt failed";
        BYTES_BILLED: "himekuri.bigquery.billed", Kind::Counter, "By", ["title", "mart"],
            "Bytes that BigQuery billed";
        BYTES_PROCESSED: "himekuri.bigquery.processed", Kind::Counter, "By", ["title", "mart"],
            "Bytes that BigQuery read";
        SLOT_TIME: "himekuri.bigquery.slot_time", Kind::Counter, "s", ["title", "mart"],
            "Slot time of jobs";
        COST: "himekuri.bigquery.cost", Kind::Counter, "{USD}", ["title", "mart"],
            "Price of the bytes billed, in US dollars, at the on-demand price that the coordinator was given";
        BUDGET_USED: "himekuri.bigquery.budget.used", Kind::Gauge, "1", ["title"],
            "Share of `--title-bytes-per-day` that was billed in the last 24 hours; at 1 the title's jobs wait";
    }
}

/// What runs, what waits and why: for whoever is on call.
pub mod work {
    use super::{Kind, LONG_SECONDS, Metric, SECONDS};

    metrics! {
        ATTEMPTS_ACTIVE: "himekuri.attempt.active", Kind::Gauge, "{attempt}", ["title", "class"],
            "Attempts that are not over; `class` is `scheduled` or `backfill`";
        ATTEMPTS_ENDED: "himekuri.attempt.ended", Kind::Counter, "{attempt}", ["title", "workflow", "class", "outcome"],
            "Attempts that ended; `outcome` is `success`, `error` or `canceled`";
        ATTEMPT_DURATION: "himekuri.attempt.duration", LONG_SECONDS, "s", ["title", "class", "outcome"],
            "From the begin of an attempt to its end";
        TASKS_ACTIVE: "himekuri.task.active", Kind::Gauge, "{task}", ["title", "class", "state"],
            "Tasks by state: `ready` to be sent, `retry_waiting`, `dispatched` to workers, `submitted` (its job runs), `unreachable` (BigQuery gives no answer), `canceling`";
        TASK_OLDEST: "himekuri.task.oldest.age", Kind::Gauge, "s", ["title", "class", "state"],
            "How long the oldest task has been in that state; what a worker or BigQuery has, since its try first went out";
        TASKS_HELD: "himekuri.task.held", Kind::Gauge, "{task}", ["title", "class", "reason"],
            "Ready tasks with something in their way: `partition`, `table`, `region`, `older_attempt`, `budget` or `paused`";
        TASKS_DISPATCHED: "himekuri.task.dispatched", Kind::Counter, "{task}", ["title", "class"],
            "Tasks that were sent to workers, tries included";
        TASKS_ENDED: "himekuri.task.ended", Kind::Counter, "{task}", ["title", "operator", "outcome"],
            "Tasks that workers ran and that are decided; `outcome` is `success`, `error` or `canceled`";
        TASK_RETRIES: "himekuri.task.retries", Kind::Counter, "{task}", ["title", "reason"],
            "Tries that failed and run again, by BigQuery's reason";
        TASK_FAILURES: "himekuri.task.failures", Kind::Counter, "{task}", ["title", "reason"],
            "Tasks that failed for good, by BigQuery's reason";
        DISPATCH_WAIT: "himekuri.task.dispatch.wait", SECONDS, "s", ["class"],
            "From the time that a task may run to the time that it is sent to a worker: what windows, fairness and partitions cost";
        TASK_DURATION: "himekuri.task.duration", LONG_SECONDS, "s", ["title", "operator"],
            "From the time that a task is sent to the time that its try is decided";
        TITLES_PAUSED: "himekuri.title.paused", Kind::Gauge, "{title}", ["title"],
            "1 for each title that somebody has paused";
        WINDOW_USED: "himekuri.window.used", Kind::Gauge, "1", ["window"],
            "Share of the fullest window of its kind that is taken: `pool`, `title`, `region`, `table`; at 1 tasks wait for quota";
        BACKFILL_DATES: "himekuri.backfill.sessions", Kind::Gauge, "{session}", ["title", "workflow", "state"],
            "Sessions of backfills that are not over: `waiting` or `running`";
    }
}

/// Whether the pool itself is well.
pub mod pool {
    use super::{Kind, Metric, SECONDS};

    metrics! {
        LEADER: "himekuri.leader", Kind::Gauge, "{coordinator}", [],
            "1 for the coordinator that leads, 0 for one that stands by";
        TAKEOVER_TIME: "himekuri.leader.takeover.duration", SECONDS, "s", [],
            "From the time that a coordinator got the lease to the time that every attempt is in its memory";
        ROUND_DURATION: "himekuri.round.duration", SECONDS, "s", [],
            "One round of the driver: decisions, commits and what follows; while it lasts no report is looked at";
        COMMANDS_WAITING: "himekuri.command.waiting", Kind::Gauge, "{command}", [],
            "What waits for the driver: reports, starts, kills";
        UNPUBLISHED: "himekuri.outbox.unpublished", Kind::Gauge, "{message}", [],
            "Committed messages that the broker has not confirmed at the first try";
        ATTEMPTS_LOST: "himekuri.attempt.unreadable", Kind::Gauge, "{attempt}", [],
            "Attempts that the driver cannot read at the moment, or can never read: nothing of them runs";
        DEAD_LETTERS: "himekuri.message.dead_lettered", Kind::Counter, "{message}", ["reason"],
            "Messages that came from the dead queue; each has failed a task, except those that are none of ours (`unreadable`)";
        NOTICES: "himekuri.notice.sent", Kind::Counter, "{notice}", ["receiver", "outcome"],
            "Notices about failures and lateness; `receiver` is `webhook`, `slack` or `mail`, `outcome` is `success` or `error`";
        WORKERS: "himekuri.worker.known", Kind::Gauge, "{worker}", [],
            "Workers that said within the last minute that they live";
        API_DURATION: "http.server.request.duration", SECONDS, "s",
            ["http.request.method", "http.route", "http.response.status_code"],
            "Requests to the API";
        SENT: "messaging.client.sent.messages", Kind::Counter, "{message}",
            ["messaging.system", "messaging.operation.name", "messaging.destination.name", "error.type"],
            "Messages published to RabbitMQ, each when it was confirmed or given up";
        CONSUMED: "messaging.client.consumed.messages", Kind::Counter, "{message}",
            ["messaging.system", "messaging.operation.name", "messaging.destination.name"],
            "Messages that RabbitMQ delivered";
        PUBLISH_DURATION: "messaging.client.operation.duration", SECONDS, "s",
            ["messaging.system", "messaging.operation.name", "messaging.destination.name"],
            "From publishing a batch of messages to its last confirmation";
        QUEUE_WAIT: "himekuri.message.queue.wait", SECONDS, "s", ["messaging.destination.name"],
            "From publishing a message to its delivery; both clocks count";
        BROKER_CONNECTED: "himekuri.broker.connected", Kind::Gauge, "{connection}", [],
            "1 while RabbitMQ is connected";
        STORE_DURATION: "db.client.operation.duration", SECONDS, "s",
            ["db.system.name", "db.operation.name", "error.type"],
            "Calls to Redis";
        PROCESS_START: "himekuri.process.start.time", Kind::Gauge, "s", [],
            "When the process started, in seconds since 1970; one that changes often crashes often";
    }
}

/// What a worker does.
pub mod worker {
    use super::{Kind, LONG_SECONDS, Metric, SECONDS};

    metrics! {
        DELIVERIES: "himekuri.worker.deliveries", Kind::Gauge, "{message}", [],
            "Deliveries in hand";
        CAPACITY: "himekuri.worker.capacity", Kind::Gauge, "{message}", [],
            "Most deliveries that the worker takes (`--prefetch`)";
        TASK_DURATION: "himekuri.worker.task.duration", LONG_SECONDS, "s", ["operator", "outcome"],
            "From a delivery to its report; `outcome` is `success`, `error`, `submitted`, `not_yet` or `unreachable`";
        REDELIVERED: "himekuri.worker.redelivered", Kind::Counter, "{message}", [],
            "Task messages that came once more, because a worker died or gave them back";
        CALL_DURATION: "http.client.request.duration", SECONDS, "s", ["himekuri.bigquery.method", "error.type"],
            "Calls to BigQuery; `error.type` is its reason";
    }
}

/// Every metric, by section.
pub const SECTIONS: &[(&str, &[Metric])] = &[
    ("Marts, lateness and cost", marts::ALL),
    ("Work", work::ALL),
    ("The pool", pool::ALL),
    ("Workers", worker::ALL),
];
