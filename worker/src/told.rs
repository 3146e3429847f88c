//! What a worker tells of a delivery: how long it took, and its spans in the trace of the attempt.

use std::sync::LazyLock;
use std::time::SystemTime;

use himekuri_broker::Delivery;
use himekuri_protocol::{JobSpec, Outcome, TaskMessage};
use himekuri_telemetry::metrics::worker;
use himekuri_telemetry::trace::{Span, TRACEPARENT, TraceContext};
use himekuri_telemetry::{Counter, Histogram, KeyValue, SpanKind, TraceId, counter, histogram};

static REDELIVERED: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&worker::REDELIVERED));
static DURATION: LazyLock<Histogram<f64>> = LazyLock::new(|| histogram(&worker::TASK_DURATION));

/// Label of a job with the trace that it belongs to.
pub(crate) const TRACE_LABEL: &str = "himekuri_trace";

/// Where a delivery comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    /// The try that sent it.
    trace: Option<TraceContext>,
    /// Whether somebody had it before.
    redelivered: bool,
    began: SystemTime,
}

impl Origin {
    pub(crate) fn of(delivery: &Delivery) -> Self {
        let trace = delivery.headers.get(TRACEPARENT).and_then(|text| text.parse().ok());
        Self { trace, redelivered: delivery.redelivered, began: SystemTime::now() }
    }

    /// Id of the trace, for logs and labels.
    pub(crate) fn trace_id(&self) -> Option<TraceId> {
        self.trace.map(|trace| trace.trace)
    }

    /// A task was run; `worker` is who ran it.
    pub(crate) fn tell(&self, task: &TaskMessage, outcome: &Outcome, worker: &str) {
        let (operator, ended) = (task.work.operator(), SystemTime::now());
        if self.redelivered {
            REDELIVERED.add(1, &[]);
        }
        let took = ended.duration_since(self.began).unwrap_or_default();
        let labels = [KeyValue::new("operator", operator), KeyValue::new("outcome", word(outcome))];
        DURATION.record(took.as_secs_f64(), &labels);
        let error = error_of(outcome);
        let Some(sent) = self.trace.filter(|trace| trace.sampled || error.is_some()) else {
            return;
        };
        // Each delivery is a span of its own: the same message may come twice.
        let context = sent.below(&uuid::Uuid::new_v4().to_string());
        if let Some(job) = task.work.job() {
            self.tell_job(context, job, ended, error.clone());
        }
        let span = Span {
            context,
            parent: sent.span,
            parent_is_remote: true,
            kind: SpanKind::Consumer,
            name: "process tasks".into(),
            begin: self.began,
            end: ended,
            attributes: vec![
                KeyValue::new("messaging.system", "rabbitmq"),
                KeyValue::new("messaging.operation.name", "process"),
                KeyValue::new("messaging.destination.name", "tasks"),
                KeyValue::new("himekuri.redelivered", self.redelivered),
                KeyValue::new("himekuri.title", task.project.clone()),
                KeyValue::new("himekuri.workflow", task.workflow.clone()),
                KeyValue::new("himekuri.attempt", task.attempt.to_string()),
                KeyValue::new("himekuri.task", task.task_name.clone()),
                KeyValue::new("himekuri.operator", operator),
                KeyValue::new("himekuri.outcome", word(outcome)),
                KeyValue::new("himekuri.worker", worker.to_owned()),
            ],
            error,
        };
        span.tell();
    }

    /// The job as the worker saw it: it may run on when the delivery is over.
    fn tell_job(
        &self,
        process: TraceContext,
        job: JobSpec<'_>,
        ended: SystemTime,
        error: Option<String>,
    ) {
        let reference = job.reference();
        let span = Span {
            context: process.below(&reference.job_id),
            parent: process.span,
            parent_is_remote: false,
            kind: SpanKind::Client,
            name: "BigQuery job".into(),
            begin: self.began,
            end: ended,
            attributes: vec![
                KeyValue::new("db.system.name", "gcp.bigquery"),
                KeyValue::new("gcp.project_id", reference.project.clone().unwrap_or_default()),
                KeyValue::new("himekuri.job", reference.job_id.clone()),
            ],
            error,
        };
        span.tell();
    }
}

/// The outcome in a word, for labels.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Submitted { .. } => "submitted",
        Outcome::Succeeded { .. } | Outcome::Fetched { .. } => "success",
        Outcome::Failed { .. } => "error",
        Outcome::NotYet => "not_yet",
        Outcome::Unreachable { .. } => "unreachable",
    }
}

/// BigQuery's reason alone: its words may have parts of the query.
fn error_of(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Failed { error } | Outcome::Unreachable { error } => Some(error.reason.clone()),
        Outcome::Submitted { .. }
        | Outcome::Succeeded { .. }
        | Outcome::Fetched { .. }
        | Outcome::NotYet => None,
    }
}
