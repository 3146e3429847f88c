//! How a task ends: what decides between success, `_check`, `_retry`, `_error` and failure (digdag
//! `WorkflowExecutor.taskSucceeded`, `taskFailed`, `setDoneFromDoneChildren`; reference 1.9, 1.10).
//!
//! ```text
//! work done ──► _check? ──► ^check ──► success
//! failure ──► _retry? ──► again
//!         └─► _error? ──► ^error ──► error or group_error
//! ```

use std::sync::Arc;

use himekuri_protocol::{JobStatistics, StoreParams, TaskError, TaskId};
use himekuri_workflow::{TaskDefinition, compile_body};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::Config;
use crate::attempt::{Attempt, Failure, Task};
use crate::context::Context;
use crate::operators::config_error;
use crate::record::Record;
use crate::subtasks::Remains;

impl Attempt {
    /// A task did its work: `_check` runs, or it has ended well.
    pub(crate) fn work_done(
        &self,
        task: &Task,
        at: Timestamp,
        store_params: StoreParams,
        job: Option<JobStatistics>,
    ) -> Record {
        let id = task.id;
        if task.subtasks.checked {
            let (store_params, job) = (task.store.clone(), task.job.clone());
            return Record::Succeeded { task: id, at, store_params, job };
        }
        match self.check_body(task) {
            Ok(None) => Record::Succeeded { task: id, at, store_params, job },
            Ok(Some(definition)) => {
                let first = self.next_id;
                Record::Checking { task: id, at, first, definition, store_params, job }
            }
            // The task began only because it compiled, so this cannot be.
            Err(error) => self.own_failure(task, at, error),
        }
    }

    /// A task failed by itself, and nothing grants a retry.
    pub(crate) fn own_failure(&self, task: &Task, at: Timestamp, error: TaskError) -> Record {
        let export = Config::from_iter([("error".to_owned(), Value::Object(exported(&error)))]);
        match self.error_body(task) {
            Some(definition) => {
                let (task, first, error) = (task.id, self.next_id, Some(error));
                Record::Failing { task, at, first, definition, export, error }
            }
            None => Record::Failed { task: task.id, at, error },
        }
    }

    /// A planned task of which nothing runs any more.
    pub(crate) fn settle(&self, task: &Task, at: Timestamp, context: &mut Context<'_>) -> Record {
        let id = task.id;
        if self.killed.is_some() {
            return Record::Canceled { task: id, at, job: None };
        }
        match &task.failure {
            Some(Failure::Own(error)) => {
                return Record::Failed { task: id, at, error: error.clone() };
            }
            Some(Failure::Below) => return Record::GroupFailed { task: id, at },
            None if !self.has_failed_below(task) => {
                return self.work_done(task, at, StoreParams::new(), None);
            }
            None => {}
        }
        // To be late is a failure that no retry can undo.
        if task.subtasks.have_failed() && !(id == TaskId::ROOT && self.has_failed_by_sla()) {
            let error = failure_below(task).cloned();
            let error = error.unwrap_or_else(|| config_error("a subtask failed"));
            if let Some(retry) = self.retry_decision(task, at, error, context) {
                return retry;
            }
        }
        match self.error_body(task) {
            Some(definition) => {
                let (first, export) = (self.next_id, Self::failed_below(task));
                Record::Failing { task: id, at, first, definition, export, error: None }
            }
            None => Record::GroupFailed { task: id, at },
        }
    }

    /// Whether something below a task failed for good, or for the root an `sla` says so.
    pub(crate) fn has_failed_below(&self, task: &Task) -> bool {
        task.subtasks.have_failed() || task.id == TaskId::ROOT && self.has_failed_by_sla()
    }

    /// `^check`, if the task has a `_check`.
    pub(crate) fn check_body(&self, task: &Task) -> Result<Option<Arc<TaskDefinition>>, TaskError> {
        let definition = &task.definition;
        if is_empty(definition.check.as_ref()) {
            return Ok(None);
        }
        compile_body(definition, "_check", "^check")
            .map(|body| Some(Arc::new(body)))
            .map_err(|diagnostics| config_error(format!("`_check` is broken: {diagnostics}")))
    }

    /// `^error`, if the task has an `_error`. It was compiled with its task; one that does not compile now is left
    /// out, as in digdag.
    fn error_body(&self, task: &Task) -> Option<Arc<TaskDefinition>> {
        let definition = &task.definition;
        if is_empty(definition.error.as_ref()) {
            return None;
        }
        compile_body(definition, "_error", "^error").ok().map(Arc::new)
    }

    /// What `^error` of a task with a failed subtask sees: everything stored below it, and all errors below it as one
    /// (digdag `collectErrorParams`).
    fn failed_below(task: &Task) -> Config {
        let mut below = Remains::default();
        for remains in task.subtasks.remains() {
            below.append(remains);
        }
        let errors = below.failures.map(|failures| failures.merged).unwrap_or_default();
        let mut export = below.stores;
        export.insert("error".to_owned(), Value::Object(errors));
        export
    }
}

/// The first error below a task, depth first.
fn failure_below(task: &Task) -> Option<&TaskError> {
    let failures = task.subtasks.remains().find_map(|remains| remains.failures.as_ref())?;
    Some(&failures.error)
}

/// `error` as expressions see it: digdag's `message`, for a BigQuery job also `errors` (`BqJobRunner`), and our `reason`.
pub(crate) fn exported(error: &TaskError) -> Config {
    let mut fields = Config::from_iter([
        ("message".to_owned(), Value::from(literal(&error.message))),
        ("reason".to_owned(), Value::from(error.reason.clone())),
    ]);
    if let Some(job) = &error.job {
        let one = json!({"reason": error.reason, "message": error.message});
        fields.insert("errors".to_owned(), Value::from(literal(&format!("{one:#}"))));
        fields.insert("job_id".to_owned(), Value::from(job.job_id.clone()));
    }
    fields
}

/// A text as it must stand in a parameter to come out the same: a message may quote the expression that failed, which would
/// fail again where `^error` tells of it.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for (place, character) in text.char_indices() {
        let behind = text[place..].chars().nth(1);
        match character {
            '$' if matches!(behind, Some('{' | '$')) => literal.push_str("${'$'}"),
            other => literal.push(other),
        }
    }
    literal
}

/// A body of nothing makes no task, as in digdag.
fn is_empty(body: Option<&Value>) -> bool {
    match body {
        None | Some(Value::Null) => true,
        Some(Value::Object(fields)) => fields.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => false,
    }
}
