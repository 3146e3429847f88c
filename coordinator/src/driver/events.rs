//! From a committed record to what an observer is told.

use himekuri_engine::{Attempt, AttemptOutcome, Record};
use himekuri_protocol::TaskId;

use super::{Event, EventKind};

pub(super) fn of(attempt: &Attempt, record: &Record) -> Option<Event> {
    let name = |task: TaskId| attempt.task(task).map(|t| t.full_name.clone()).unwrap_or_default();
    let destination = |task: TaskId| attempt.task(task)?.destination.clone();
    let (at, kind) = match record {
        Record::Dispatched { task, at, try_no, destination: writes, .. } => {
            let destination = writes.clone();
            (
                *at,
                EventKind::Dispatched {
                    task: *task,
                    name: name(*task),
                    try_no: *try_no,
                    destination,
                },
            )
        }
        Record::Succeeded { task, at, job, .. } if is_dispatched(attempt, *task) => {
            let (task, name, destination) = (*task, name(*task), destination(*task));
            (*at, EventKind::Succeeded { task, name, destination, job: job.clone() })
        }
        Record::RetryScheduled { task, at, retry_at, error, .. } => {
            let (retry_at, error) = (*retry_at, error.clone());
            (*at, EventKind::RetryScheduled { name: name(*task), retry_at, error })
        }
        // Told once, when it happens: `^error` may take its time.
        Record::Failing { task, at, error: Some(error), .. } => {
            (*at, EventKind::Failed { name: name(*task), error: error.clone() })
        }
        Record::Failed { task, at, error } if !has_error_tasks(attempt, *task) => {
            (*at, EventKind::Failed { name: name(*task), error: error.clone() })
        }
        Record::KillRequested { at, .. } => (*at, EventKind::Killed),
        Record::AttemptFinished { at, outcome } => {
            (*at, EventKind::Finished { success: *outcome == AttemptOutcome::Success })
        }
        Record::AttemptStarted(_)
        | Record::Expanded { .. }
        | Record::Resumed { .. }
        | Record::NotResumed { .. }
        | Record::Resolved { .. }
        | Record::Waiting { .. }
        | Record::Requiring { .. }
        | Record::Joined { .. }
        | Record::Submitted { .. }
        | Record::Unreachable { .. }
        | Record::Canceling { .. }
        | Record::Canceled { .. }
        | Record::Succeeded { .. }
        | Record::Checking { .. }
        | Record::Retried { .. }
        | Record::Failing { .. }
        | Record::Failed { .. }
        | Record::GroupFailed { .. }
        | Record::SlaMissed { .. } => return None,
    };
    Some(Event { attempt: attempt.started().attempt, at, kind })
}

/// Groups and other control flow end without anybody having worked; a required session is somebody's work.
fn is_dispatched(attempt: &Attempt, task: TaskId) -> bool {
    attempt.task(task).is_some_and(|task| task.last_try.is_some())
}

fn has_error_tasks(attempt: &Attempt, task: TaskId) -> bool {
    attempt.task(task).is_some_and(himekuri_engine::Task::has_error_tasks)
}
