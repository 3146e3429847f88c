//! What holds of a log by itself, before it is folded.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_protocol::{TaskId, TryNo};

use super::{Invariant, Violation};
use crate::record::Record;

/// What does not hold of a log, whether or not it can be folded.
#[must_use]
pub fn log_violations(log: &[Record]) -> Vec<Violation> {
    let mut history = History::default();
    for record in log {
        history.look(record);
    }
    history.found
}

/// What a log says of each task.
#[derive(Default)]
struct History {
    found: Vec<Violation>,
    decided: BTreeSet<TaskId>,
    sent: BTreeMap<TaskId, Sent>,
    jobs: BTreeMap<String, (TaskId, TryNo)>,
}

/// The last message of a task.
struct Sent {
    try_no: TryNo,
    /// The log says why the same try goes out again.
    again: bool,
    /// The log says why there is another try.
    retried: bool,
}

impl History {
    fn look(&mut self, record: &Record) {
        let task = record.task();
        match record {
            // Of the attempt: its root may have ended.
            Record::AttemptStarted(_)
            | Record::SlaMissed { .. }
            | Record::KillRequested { .. }
            | Record::AttemptFinished { .. } => {
                return;
            }
            Record::Dispatched { try_no, job, .. } => {
                self.look_at_dispatch(task, *try_no);
                if let Some(job) = job {
                    let known = self.jobs.insert(job.job_id.clone(), (task, *try_no));
                    if known.is_some_and(|known| known != (task, *try_no)) {
                        let found = format!("job `{}` had another try", job.job_id);
                        self.note(Invariant::DispatchedForAReason, task, found);
                    }
                }
            }
            Record::Unreachable { .. } => {
                self.sent.entry(task).and_modify(|sent| sent.again = true);
            }
            Record::Retried { .. } => {
                self.sent.entry(task).and_modify(|sent| sent.retried = true);
            }
            Record::Expanded { .. }
            | Record::Resolved { .. }
            | Record::Waiting { .. }
            | Record::Requiring { .. }
            | Record::Joined { .. }
            | Record::Submitted { .. }
            | Record::Succeeded { .. }
            | Record::Checking { .. }
            | Record::RetryScheduled { .. }
            | Record::Failing { .. }
            | Record::Failed { .. }
            | Record::GroupFailed { .. }
            | Record::Resumed { .. }
            | Record::NotResumed { .. }
            | Record::Canceling { .. }
            | Record::Canceled { .. } => {}
        }
        if self.decided.contains(&task) {
            let found = format!("`{}` after its end", record.name());
            self.note(Invariant::DecidedOnce, task, found);
        }
        if is_decision(record) {
            self.decided.insert(task);
        }
    }

    fn look_at_dispatch(&mut self, task: TaskId, try_no: TryNo) {
        let sent = Sent { try_no, again: false, retried: false };
        let Some(last) = self.sent.insert(task, sent) else { return };
        let is_reasoned = if last.try_no == try_no { last.again } else { last.retried };
        if !is_reasoned || try_no < last.try_no {
            let found = format!("try {try_no} went out after try {}", last.try_no);
            self.note(Invariant::DispatchedForAReason, task, found);
        }
    }

    fn note(&mut self, invariant: Invariant, task: TaskId, found: String) {
        self.found.push(Violation { invariant, task, found });
    }
}

/// Whether nothing can happen to the task any more.
fn is_decision(record: &Record) -> bool {
    match record {
        Record::Succeeded { .. }
        | Record::Failed { .. }
        | Record::GroupFailed { .. }
        | Record::Resumed { .. }
        | Record::Canceled { .. } => true,
        Record::AttemptStarted(_)
        | Record::Expanded { .. }
        | Record::Resolved { .. }
        | Record::Waiting { .. }
        | Record::Requiring { .. }
        | Record::Joined { .. }
        | Record::Dispatched { .. }
        | Record::Submitted { .. }
        | Record::Unreachable { .. }
        | Record::Checking { .. }
        | Record::RetryScheduled { .. }
        | Record::Retried { .. }
        | Record::Failing { .. }
        | Record::SlaMissed { .. }
        | Record::NotResumed { .. }
        | Record::Canceling { .. }
        | Record::KillRequested { .. }
        | Record::AttemptFinished { .. } => false,
    }
}
