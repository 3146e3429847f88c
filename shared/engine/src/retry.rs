//! Whether what failed runs again: by `_retry` (digdag reference 1.9), and by what BigQuery's reason asks for.

use std::time::Duration;

use himekuri_protocol::TaskError;
use himekuri_protocol::reason::{Remedy, of_job};
use himekuri_workflow::{RetryPolicy, TaskKind};
use jiff::Timestamp;
use serde_json::Value;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::record::Record;
use crate::report::doubled;

/// How often a task whose job met a failure of BigQuery's own is tried again without a `_retry`, where digdag gives up.
const TRIES_BY_ITSELF: u32 = 5;

/// Longest pause between these.
const PAUSE_MAX: Duration = Duration::from_secs(300);

impl Attempt {
    /// The retry of a try that failed, if there is one.
    pub(crate) fn retry_of_try(
        &self,
        task: &Task,
        at: Timestamp,
        error: &TaskError,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let granted = self.granted(task, context);
        let remedy = error.job.as_ref().map(|_| of_job(&error.reason, &error.message));
        let (pause, charged) = match (remedy, granted) {
            (Some(Remedy::Wait(pause)), _) => (pause, 0),
            (Some(Remedy::NewTry(pause)), Some(delay)) => (delay.max(pause), 1),
            (Some(Remedy::NewTry(pause)), None) if task.retry_count < TRIES_BY_ITSELF => {
                (doubled(pause, task.retry_count).min(PAUSE_MAX), 1)
            }
            (Some(Remedy::NewTry(_) | Remedy::Never(_)) | None, granted) => (granted?, 1),
        };
        Some(scheduled(task, at, pause, charged, error.clone()))
    }

    /// The retry that `_retry` still grants, if any.
    pub(crate) fn retry_decision(
        &self,
        task: &Task,
        at: Timestamp,
        error: TaskError,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let delay = self.granted(task, context)?;
        Some(scheduled(task, at, delay, 1, error))
    }

    fn granted(&self, task: &Task, context: &mut Context<'_>) -> Option<Duration> {
        self.retry_policy(task, context)?.delay(task.retry_count)
    }

    /// `_retry` of a group is read raw, that of an operator evaluated (digdag reference 1.9). What cannot be read means no
    /// retry, as in digdag; `check` has said so before.
    fn retry_policy(&self, task: &Task, context: &mut Context<'_>) -> Option<RetryPolicy> {
        let raw = task.definition.retry.as_ref()?;
        let evaluated = match &task.definition.kind {
            TaskKind::Operator { .. } if holds_expression(raw) => {
                self.evaluate(task, context).ok()?.get("_retry").cloned()
            }
            TaskKind::Operator { .. } | TaskKind::Group { .. } => None,
        };
        RetryPolicy::parse(evaluated.as_ref().unwrap_or(raw)).ok()
    }
}

fn scheduled(
    task: &Task,
    at: Timestamp,
    pause: Duration,
    charged: u32,
    error: TaskError,
) -> Record {
    let retry_at = at.checked_add(pause).unwrap_or(at);
    let retry_count = task.retry_count.saturating_add(charged);
    Record::RetryScheduled { task: task.id, at, retry_at, retry_count, error }
}

fn holds_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(holds_expression),
        Value::Object(fields) => fields.values().any(holds_expression),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
