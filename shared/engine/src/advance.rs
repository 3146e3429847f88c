//! Everything that follows without waiting for anybody: groups are planned, control flow makes its subtasks, and
//! what has no running subtask any more ends.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use himekuri_protocol::{StoreParams, TaskError, TaskId, TryNo};
use jiff::Timestamp;

use crate::attempt::{Attempt, Task};
use crate::content::Contents;
use crate::context::Context;
use crate::fold::ReplayError;
use crate::operators::{self, Control, Parameters};
use crate::record::{Expansion, Record};
use crate::require::{Requirement, RerunOn};

/// Tasks that wait for a place in the dispatch window while no more iterations of a `_parallel` loop are opened. What
/// has begun takes memory; this is ten windows, so that dispatch can choose.
const OPEN_AHEAD: usize = 10_000;

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
        let revision = self.started.revision.clone();
        let mut contents = Contents::new(context.files, &revision);
        while let Some(record) = self.next_decision(now, context, &mut contents) {
            self.apply(&record)?;
            records.push(record);
        }
        Ok(records)
    }

    fn next_decision(
        &self,
        now: Timestamp,
        context: &mut Context<'_>,
        contents: &mut Contents<'_>,
    ) -> Option<Record> {
        if self.outcome.is_some() {
            return None;
        }
        if let Some(record) = self.sla_decision(now) {
            return Some(record);
        }
        if let Some(task) = self.first_of(&self.index.settled) {
            return Some(self.settle(task, now, context));
        }
        if let Some(task) = self.first_of(&self.index.resumable) {
            return Some(self.resume_decision(task, now, contents));
        }
        if let Some(task) = self.first_of(&self.index.expandable) {
            return Some(self.expand_decision(task, now, context));
        }
        if let Some(task) = self.next_iteration() {
            return Some(self.expand_decision(&task, now, context));
        }
        let outcome = self.live(TaskId::ROOT)?.state.outcome()?;
        Some(Record::AttemptFinished { at: now, outcome })
    }

    fn first_of(&self, ids: &BTreeSet<TaskId>) -> Option<&Task> {
        self.live(*ids.first()?)
    }

    /// An iteration whose turn has come, unless there is enough for the workers to do.
    fn next_iteration(&self) -> Option<Cow<'_, Task>> {
        if self.dispatchable_count() >= OPEN_AHEAD {
            return None;
        }
        let (_, parent) = self.index.open_expandable.first()?;
        let subtasks = &self.live(*parent)?.subtasks;
        self.peek(subtasks.id(subtasks.open().next()?))
    }

    fn expand_decision(&self, task: &Task, at: Timestamp, context: &mut Context<'_>) -> Record {
        match self.expansion(task, at, context) {
            Ok(record) => record,
            Err(error) => self.own_failure(task, at, error),
        }
    }

    fn expansion(
        &self,
        task: &Task,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Record, TaskError> {
        // Before the subtasks: a `_check` that does not compile would throw their work away.
        self.check_body(task)?;
        let Some(operator) = task.operator() else {
            return Ok(self.expanded(task, at, Expansion::Children));
        };
        let config = self.evaluate(task, context)?;
        let parameters = Parameters { attempt: self, task, config: &config };
        Ok(match operators::control(operator, &parameters, context)? {
            Control::Expand(expansion) => self.expanded(task, at, expansion),
            Control::Resolved(operator) => Record::Resolved { task: task.id, at, operator },
            Control::Done => self.work_done(task, at, StoreParams::new(), None),
            Control::Wait(duration) => {
                let until = at.checked_add(duration).unwrap_or(Timestamp::MAX);
                Record::Waiting { task: task.id, at, until }
            }
            Control::Require(required) => self.requiring(task, at, *required),
        })
    }

    fn requiring(&self, task: &Task, at: Timestamp, mut required: Requirement) -> Record {
        let try_no = self.next_try(task);
        // What a retry must not find as it was: digdag's ends at once with the attempt that had failed.
        if try_no > TryNo::FIRST && required.rerun_on == RerunOn::None {
            required.rerun_on = RerunOn::Failed;
        }
        Record::Requiring { task: task.id, at, try_no, required: Arc::new(required) }
    }

    fn expanded(&self, task: &Task, at: Timestamp, expansion: Expansion) -> Record {
        Record::Expanded { task: task.id, at, first: self.next_id, expansion }
    }
}
