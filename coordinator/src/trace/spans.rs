//! The spans of an attempt that has ended, from its log.

use std::collections::BTreeMap;
use std::time::SystemTime;

use himekuri_engine::{Attempt, AttemptOutcome, Record, TaskView};
use himekuri_protocol::{TaskError, TaskId, TryNo};
use himekuri_telemetry::trace::{Span, TraceContext};
use himekuri_telemetry::{KeyValue, SpanId, SpanKind};
use jiff::Timestamp;

use super::AttemptTrace;

/// Spans of one attempt that are told: viewers show no more, and receivers limit traces.
const SPANS_MAX: usize = 10_000;

/// A try that a worker has.
struct Open {
    try_no: TryNo,
    at: Timestamp,
}

/// All spans: the attempt, its tasks, and the tries of each.
pub(crate) fn spans(trace: &AttemptTrace, attempt: &Attempt, log: &[Record]) -> Vec<Span> {
    let Some((outcome, ended)) = attempt.outcome() else { return Vec::new() };
    let mut spans = vec![of_attempt(trace, attempt, outcome, ended)];
    let tasks = attempt.views().filter_map(|task| of_task(trace, &task, ended));
    spans.extend(tasks);
    spans.extend(of_tries(trace, attempt, log));
    let left_out = spans.len().saturating_sub(SPANS_MAX);
    spans.truncate(SPANS_MAX);
    if left_out > 0
        && let Some(first) = spans.first_mut()
    {
        let left_out = i64::try_from(left_out).unwrap_or(i64::MAX);
        first.attributes.push(KeyValue::new("himekuri.spans_left_out", left_out));
    }
    spans
}

fn of_attempt(
    trace: &AttemptTrace,
    attempt: &Attempt,
    outcome: AttemptOutcome,
    ended: Timestamp,
) -> Span {
    let started = attempt.started();
    let error = match outcome {
        AttemptOutcome::Success => None,
        AttemptOutcome::Error => {
            Some(attempt.first_failure().map_or_else(|| "error".to_owned(), |f| f.error.reason))
        }
        AttemptOutcome::Canceled => Some("canceled".to_owned()),
    };
    Span {
        context: trace.attempt(),
        parent: trace.parent.span,
        parent_is_remote: false,
        kind: SpanKind::Internal,
        name: "attempt".into(),
        begin: system(started.at),
        end: system(ended),
        attributes: vec![
            KeyValue::new("himekuri.attempt", started.attempt.to_string()),
            KeyValue::new("himekuri.title", started.project.clone()),
            KeyValue::new("himekuri.workflow", started.workflow.clone()),
            KeyValue::new("himekuri.session", started.session_time.to_string()),
            KeyValue::new("himekuri.revision", started.revision.clone()),
        ],
        error,
    }
}

/// Nothing of a task that never began.
fn of_task(trace: &AttemptTrace, task: &TaskView, ended: Timestamp) -> Option<Span> {
    let begin = task.started_at?;
    let parent = task.parent.map_or_else(|| trace.attempt(), |parent| trace.task(parent));
    let kind = task.operator.clone().unwrap_or_else(|| "group".to_owned());
    Some(Span {
        context: trace.task(task.id),
        parent: parent.span,
        parent_is_remote: false,
        kind: SpanKind::Internal,
        name: "task".into(),
        begin: system(begin),
        end: system(task.ended_at.unwrap_or(ended)),
        attributes: vec![
            KeyValue::new("himekuri.task", task.name.clone()),
            KeyValue::new("himekuri.operator", kind),
            KeyValue::new("himekuri.state", task.state.clone()),
        ],
        error: task.reason.clone(),
    })
}

fn of_tries(trace: &AttemptTrace, attempt: &Attempt, log: &[Record]) -> Vec<Span> {
    let mut open: BTreeMap<TaskId, Open> = BTreeMap::new();
    let mut spans = Vec::new();
    let id = attempt.started().attempt;
    for record in log {
        if let Record::Dispatched { task, at, try_no, .. } = record {
            // What goes out again is the same try.
            let is_new = open.get(task).is_none_or(|open| open.try_no != *try_no);
            if is_new {
                open.insert(*task, Open { try_no: *try_no, at: *at });
            }
        }
        if let Some((task, at, error)) = record.decided()
            && let Some(Open { try_no, at: begin }) = open.remove(&task)
        {
            let message = format!("{id}-{task}-{try_no}");
            let context = trace.try_of(&message);
            spans.push(of_try(context, trace.task(task).span, &message, (begin, at), error));
        }
    }
    spans
}

fn of_try(
    context: TraceContext,
    parent: SpanId,
    message: &str,
    (begin, end): (Timestamp, Timestamp),
    error: Option<&TaskError>,
) -> Span {
    Span {
        context,
        parent,
        parent_is_remote: false,
        kind: SpanKind::Producer,
        name: "publish tasks".into(),
        begin: system(begin),
        end: system(end),
        attributes: vec![
            KeyValue::new("messaging.system", "rabbitmq"),
            KeyValue::new("messaging.operation.name", "publish"),
            KeyValue::new("messaging.destination.name", "tasks"),
            KeyValue::new("messaging.message.id", message.to_owned()),
        ],
        error: error.map(|error| error.reason.clone()),
    }
}

fn system(time: Timestamp) -> SystemTime {
    SystemTime::from(time)
}
