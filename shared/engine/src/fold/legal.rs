//! Which record may follow which state: one table, used when deciding and when replaying.

use himekuri_workflow::TaskKind;

use super::ReplayError;
use crate::attempt::{Attempt, Mover, Task};
use crate::record::{Expansion, Record};
use crate::state::{Phase, TaskState};

impl Attempt {
    /// Refuses a record that the state does not allow.
    pub(super) fn check(&self, record: &Record) -> Result<(), ReplayError> {
        let at = self.length;
        let (id, name) = (record.task(), record.name());
        if self.outcome.is_some() {
            return Err(ReplayError::Ended { at, record: name });
        }
        let unknown = ReplayError::UnknownTask { at, task: id };
        let task = self.task(id).ok_or(unknown)?;
        if !self.allows(task, record) {
            let state = task.state.name();
            return Err(ReplayError::IllegalMove { at, record: name, task: id, state });
        }
        self.check_numbers(task, record)
    }

    fn allows(&self, task: &Task, record: &Record) -> bool {
        match record {
            Record::AttemptStarted(_) => false,
            Record::Expanded { expansion, .. } => {
                task.state == TaskState::Ready && fits(expansion, &task.definition.kind)
            }
            Record::Dispatched { .. } => task.mover() == Mover::Dispatch && is_sendable(task),
            Record::Submitted { .. } | Record::Unreachable { .. } => is_running(task),
            Record::Succeeded { .. } => is_running(task) || self.is_settled(task, false),
            Record::RetryScheduled { .. } => is_running(task) || self.is_settled(task, true),
            Record::Retried { .. } => matches!(task.state, TaskState::RetryWaiting { .. }),
            // From `Ready` too: an expression that fails leaves nothing to dispatch.
            Record::Failed { .. } => task.state == TaskState::Ready || is_running(task),
            Record::GroupFailed { .. } => self.is_settled(task, true),
            Record::AttemptFinished { outcome, .. } => task.state.outcome() == Some(*outcome),
        }
    }

    fn check_numbers(&self, task: &Task, record: &Record) -> Result<(), ReplayError> {
        let at = self.length;
        if let Record::Expanded { first, .. } = record
            && *first != self.next_id
        {
            let (first, expected) = (*first, self.next_id);
            return Err(ReplayError::WrongIds { at, task: task.id, first, expected });
        }
        if let Record::Dispatched { try_no, .. } = record
            && *try_no != self.next_try(task)
        {
            let (found, expected) = (*try_no, self.next_try(task));
            return Err(ReplayError::WrongTry { at, task: task.id, found, expected });
        }
        Ok(())
    }

    /// Whether nothing below a planned task runs or will run, one of its subtasks having failed or none.
    fn is_settled(&self, task: &Task, failed: bool) -> bool {
        self.index.settled.contains(&task.id) && task.subtasks.failed == failed
    }
}

fn fits(expansion: &Expansion, kind: &TaskKind) -> bool {
    match (expansion, kind) {
        (Expansion::Children, TaskKind::Group { .. })
        | (Expansion::Sub { .. } | Expansion::Loop { .. }, TaskKind::Operator { .. }) => true,
        (Expansion::Children, TaskKind::Operator { .. })
        | (Expansion::Sub { .. } | Expansion::Loop { .. }, TaskKind::Group { .. }) => false,
    }
}

fn is_running(task: &Task) -> bool {
    matches!(task.state, TaskState::Running { .. })
}

/// A first time, or again after BigQuery could not be asked.
fn is_sendable(task: &Task) -> bool {
    match &task.state {
        TaskState::Ready => true,
        TaskState::Running { phase, .. } => matches!(phase, Phase::Unreachable { .. }),
        TaskState::Blocked
        | TaskState::RetryWaiting { .. }
        | TaskState::Planned
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError => false,
    }
}
