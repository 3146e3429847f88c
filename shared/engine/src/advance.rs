//! Everything that follows without waiting for anybody: groups are planned, control flow makes its subtasks, and
//! what has no running subtask any more ends.

use himekuri_protocol::{StoreParams, TaskError, TaskId};
use himekuri_workflow::{RetryPolicy, TaskKind};
use jiff::Timestamp;
use serde_json::Value;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::fold::ReplayError;
use crate::operators::{self, Parameters, config_error};
use crate::record::{Expansion, Record};
use crate::state::TaskState;

impl Attempt {
    /// Decides until only dispatch, reports or time can move the attempt on.
    ///
    /// # Errors
    /// A decision that its own state does not allow: a defect of the engine, never of the input. The caller drops the
    /// attempt and replays its log.
    pub fn advance(
        &mut self,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        let mut records = Vec::new();
        while let Some(record) = self.next_decision(now, context) {
            self.apply(&record)?;
            records.push(record);
        }
        Ok(records)
    }

    fn next_decision(&self, now: Timestamp, context: &mut Context<'_>) -> Option<Record> {
        if self.outcome.is_some() {
            return None;
        }
        if let Some(task) = self.first_of(&self.index.settled) {
            return Some(self.settle(task, now, context));
        }
        if let Some(task) = self.first_of(&self.index.expandable) {
            return Some(self.expand_decision(task, now, context));
        }
        let outcome = self.task(TaskId::ROOT)?.state.outcome()?;
        Some(Record::AttemptFinished { at: now, outcome })
    }

    fn first_of(&self, ids: &std::collections::BTreeSet<TaskId>) -> Option<&Task> {
        self.tasks.get(ids.first()?)
    }

    /// A planned task of which nothing runs any more.
    fn settle(&self, task: &Task, at: Timestamp, context: &mut Context<'_>) -> Record {
        let id = task.id;
        if !task.subtasks.failed {
            return Record::Succeeded { task: id, at, store_params: StoreParams::new(), job: None };
        }
        let error =
            self.failure_below(task).cloned().unwrap_or_else(|| config_error("a subtask failed"));
        self.retry_decision(task, at, error, context)
            .unwrap_or(Record::GroupFailed { task: id, at })
    }

    /// The first error below a task, depth first.
    fn failure_below(&self, task: &Task) -> Option<&TaskError> {
        let children = task.subtasks.ids.iter().filter_map(|id| self.tasks.get(id));
        children.into_iter().find_map(|child| match &child.state {
            TaskState::Error { error } => Some(error),
            TaskState::GroupError => self.failure_below(child),
            TaskState::Blocked
            | TaskState::Ready
            | TaskState::Running { .. }
            | TaskState::RetryWaiting { .. }
            | TaskState::Planned
            | TaskState::Success => None,
        })
    }

    /// The retry that `_retry` still grants, if any.
    pub(crate) fn retry_decision(
        &self,
        task: &Task,
        at: Timestamp,
        error: TaskError,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let delay = self.retry_policy(task, context)?.delay(task.retry_count)?;
        let retry_at = at.checked_add(delay).unwrap_or(at);
        let retry_count = task.retry_count.saturating_add(1);
        Some(Record::RetryScheduled { task: task.id, at, retry_at, retry_count, error })
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

    fn expand_decision(&self, task: &Task, at: Timestamp, context: &mut Context<'_>) -> Record {
        match self.expansion(task, context) {
            Ok(expansion) => Record::Expanded { task: task.id, at, first: self.next_id, expansion },
            Err(error) => Record::Failed { task: task.id, at, error },
        }
    }

    fn expansion(&self, task: &Task, context: &mut Context<'_>) -> Result<Expansion, TaskError> {
        let Some(operator) = task.operator() else {
            return Ok(Expansion::Children);
        };
        if !operators::is_known_operator(operator) {
            let position = &task.definition.position;
            let message = format!("{position}: this version does not run `{operator}>`");
            return Err(config_error(message));
        }
        let config = self.evaluate(task, context)?;
        let parameters = Parameters { attempt: self, task, config: &config };
        match operator {
            "call" => operators::call(&parameters, context),
            "loop" => operators::loop_over(&parameters),
            other => Err(config_error(format!("`{other}>` is not control flow"))),
        }
    }
}

fn holds_expression(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("${"),
        Value::Array(items) => items.iter().any(holds_expression),
        Value::Object(fields) => fields.values().any(holds_expression),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
