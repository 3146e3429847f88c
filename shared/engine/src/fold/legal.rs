//! Which record may follow which state: one table, used when deciding and when replaying.

use himekuri_workflow::TaskKind;

use super::ReplayError;
use crate::attempt::{Attempt, Failure, Mover, Task};
use crate::operators;
use crate::record::{CancelReason, Expansion, Record};
use crate::state::{Phase, TaskState};

impl Attempt {
    /// Refuses a record that the state does not allow.
    pub(super) fn check(&self, record: &Record) -> Result<(), ReplayError> {
        let at = self.length;
        let (id, name) = (record.task(), record.name());
        if self.outcome.is_some() {
            return Err(ReplayError::Ended { at, record: name });
        }
        let Some(task) = self.peek(id) else {
            return Err(if id < self.next_id {
                ReplayError::IllegalMove { at, record: name, task: id, state: "ended" }
            } else {
                ReplayError::UnknownTask { at, task: id }
            });
        };
        if !self.allows(&task, record) {
            let state = task.state.name();
            return Err(ReplayError::IllegalMove { at, record: name, task: id, state });
        }
        self.check_numbers(&task, record)
    }

    fn allows(&self, task: &Task, record: &Record) -> bool {
        if self.killed.is_some() && !may_follow_a_kill(record) {
            return false;
        }
        match record {
            Record::AttemptStarted(_) => false,
            Record::Expanded { expansion, .. } => {
                let begins = task.state == TaskState::Ready || is_fetched(task, expansion);
                begins && fits(expansion, &task.definition.kind)
            }
            Record::Resumed { .. } | Record::NotResumed { .. } => {
                self.index.resumable.contains(&task.id)
            }
            Record::Resolved { .. } => {
                task.state == TaskState::Ready
                    && task.resolved.is_none()
                    && task.operator().is_some_and(operators::is_template)
            }
            Record::Waiting { .. } => {
                task.state == TaskState::Ready && task.operator() == Some("wait")
            }
            Record::Requiring { .. } => {
                let begins = task.state == TaskState::Ready && task.operator() == Some("require");
                // What the try has started itself does not run again.
                begins || matches!(task.state, TaskState::Requiring { kicked: false, .. })
            }
            Record::Joined { .. } => is_requiring(task),
            Record::Dispatched { .. } => task.mover() == Mover::Dispatch && is_sendable(task),
            Record::Submitted { .. } => is_running(task),
            Record::Unreachable { .. } => is_running(task) && !is_canceling(task),
            // A kill says so for all tasks at once.
            Record::Canceling { because, .. } => {
                let alone = *because != CancelReason::Kill;
                alone && task.job_reference().is_some() && !is_canceling(task)
            }
            Record::Succeeded { .. } => self.has_worked(task) || self.is_settled(task, false),
            Record::Checking { .. } => {
                self.has_worked(task) || self.is_settled(task, false) && !task.subtasks.checked
            }
            Record::RetryScheduled { .. } => {
                is_running(task) || is_requiring(task) || self.is_settled(task, true)
            }
            Record::Retried { .. } => matches!(task.state, TaskState::RetryWaiting { .. }),
            // From `Ready` too: an expression that fails leaves nothing to dispatch.
            Record::Failing { error: Some(_), .. } => {
                task.state == TaskState::Ready || is_running(task) || is_requiring(task)
            }
            Record::Failing { error: None, .. } => self.is_settled(task, true),
            Record::Failed { .. } => match &task.failure {
                Some(Failure::Own(_)) => self.index.settled.contains(&task.id),
                Some(Failure::Below) => false,
                None => task.state == TaskState::Ready || is_running(task) || is_requiring(task),
            },
            Record::GroupFailed { .. } => match &task.failure {
                Some(Failure::Below) => self.index.settled.contains(&task.id),
                Some(Failure::Own(_)) => false,
                None => self.is_settled(task, true),
            },
            Record::SlaMissed { sla, .. } => {
                let known = usize::try_from(*sla).is_ok_and(|place| place < self.started.sla.len());
                known && !self.missed_sla.contains(sla) && task.state == TaskState::Planned
            }
            Record::KillRequested { .. } => self.killed.is_none(),
            Record::Canceled { .. } => {
                let settled = self.index.settled.contains(&task.id);
                self.killed.is_some() && (is_canceling(task) || settled)
            }
            Record::AttemptFinished { outcome, .. } => task.state.outcome() == Some(*outcome),
        }
    }

    fn check_numbers(&self, task: &Task, record: &Record) -> Result<(), ReplayError> {
        let at = self.length;
        if let Some(first) = record.first().filter(|first| *first != self.next_id) {
            let expected = self.next_id;
            return Err(ReplayError::WrongIds { at, task: task.id, first, expected });
        }
        if let Record::Dispatched { try_no, .. } | Record::Requiring { try_no, .. } = record
            && *try_no != self.next_try(task)
        {
            let (found, expected) = (*try_no, self.next_try(task));
            return Err(ReplayError::WrongTry { at, task: task.id, found, expected });
        }
        Ok(())
    }

    /// Whether nothing below a planned task runs or will run, one of its subtasks having failed or none. One whose
    /// `_error` has run can only end.
    fn is_settled(&self, task: &Task, failed: bool) -> bool {
        let open = self.index.settled.contains(&task.id) && task.failure.is_none();
        open && self.has_failed_below(task) == failed
    }

    /// Whether a task may have done its work: with a worker, by waiting, or because there was nothing to do.
    fn has_worked(&self, task: &Task) -> bool {
        match &task.state {
            TaskState::Running { .. } | TaskState::Waiting { .. } | TaskState::Requiring { .. } => {
                true
            }
            TaskState::Ready => {
                task.operator().is_some_and(|operator| !operators::runs_on_worker(operator))
            }
            TaskState::Blocked
            | TaskState::RetryWaiting { .. }
            | TaskState::Planned
            | TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError
            | TaskState::Canceled => false,
        }
    }
}

fn fits(expansion: &Expansion, kind: &TaskKind) -> bool {
    match (expansion, kind) {
        (Expansion::Children, TaskKind::Group { .. }) => true,
        (
            Expansion::Sub { .. }
            | Expansion::Loop { .. }
            | Expansion::ForEach { .. }
            | Expansion::ForRange { .. },
            TaskKind::Operator { .. },
        ) => true,
        (Expansion::Children, TaskKind::Operator { .. })
        | (
            Expansion::Sub { .. }
            | Expansion::Loop { .. }
            | Expansion::ForEach { .. }
            | Expansion::ForRange { .. },
            TaskKind::Group { .. },
        ) => false,
    }
}

/// The document of an `http_call>` came back from a worker.
fn is_fetched(task: &Task, expansion: &Expansion) -> bool {
    let calls = task.operator() == Some("http_call");
    calls && is_running(task) && matches!(expansion, Expansion::Sub { .. })
}

fn is_running(task: &Task) -> bool {
    matches!(task.state, TaskState::Running { .. })
}

fn is_canceling(task: &Task) -> bool {
    matches!(task.state, TaskState::Running { phase: Phase::Canceling { .. }, .. })
}

/// In a killed attempt jobs end and groups close; nothing else happens.
fn may_follow_a_kill(record: &Record) -> bool {
    match record {
        Record::Submitted { .. } | Record::Canceled { .. } | Record::AttemptFinished { .. } => true,
        Record::AttemptStarted(_)
        | Record::Expanded { .. }
        | Record::Resumed { .. }
        | Record::NotResumed { .. }
        | Record::Resolved { .. }
        | Record::Waiting { .. }
        | Record::Requiring { .. }
        | Record::Joined { .. }
        | Record::Dispatched { .. }
        | Record::Unreachable { .. }
        | Record::Canceling { .. }
        | Record::Succeeded { .. }
        | Record::Checking { .. }
        | Record::RetryScheduled { .. }
        | Record::Retried { .. }
        | Record::Failing { .. }
        | Record::Failed { .. }
        | Record::GroupFailed { .. }
        | Record::SlaMissed { .. }
        | Record::KillRequested { .. } => false,
    }
}

fn is_requiring(task: &Task) -> bool {
    matches!(task.state, TaskState::Requiring { .. })
}

/// A first time, or again after BigQuery could not be asked.
fn is_sendable(task: &Task) -> bool {
    match &task.state {
        TaskState::Ready => true,
        TaskState::Running { phase, .. } => matches!(phase, Phase::Unreachable { .. }),
        TaskState::Blocked
        | TaskState::Waiting { .. }
        | TaskState::Requiring { .. }
        | TaskState::RetryWaiting { .. }
        | TaskState::Planned
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError
        | TaskState::Canceled => false,
    }
}
