//! What a kill and a cancelled try do to the tasks, and the times that lead to them.

use himekuri_protocol::{JobReference, TaskId};
use jiff::Timestamp;

use crate::attempt::Attempt;
use crate::record::{CancelReason, KillReason};
use crate::state::{Phase, TaskState};

impl Attempt {
    /// Whatever has no job ends at once; jobs are asked to end. Nothing is released any more (`release_subtasks`), so
    /// what was blocked stays so, as in digdag.
    pub(super) fn kill_all(&mut self, at: Timestamp, reason: &KillReason) {
        self.killed = Some((reason.clone(), at));
        let running: Vec<TaskId> = self.index.running.iter().copied().collect();
        for id in running {
            if self.live(id).is_some_and(|task| task.job_reference().is_some()) {
                self.cancel(id, at, CancelReason::Kill);
            } else {
                self.end(id, at, TaskState::Canceled);
            }
        }
        // The running ones have no timer any more.
        let waiting = self.index.timers.iter().map(|(_, id)| id);
        let ready = self.index.dispatchable.iter().chain(&self.index.expandable);
        let idle: Vec<TaskId> =
            ready.chain(&self.index.requiring).chain(waiting).copied().collect();
        for id in idle {
            self.end(id, at, TaskState::Canceled);
        }
        self.cancel_open();
    }

    /// A try's job must end; one that is cancelled already is only so for another reason.
    pub(super) fn cancel(&mut self, id: TaskId, now: Timestamp, because: CancelReason) {
        self.set_timer(id, None);
        self.set_timeout(id, None);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let Some(job) = task.job_reference().cloned() else { return };
        if let TaskState::Running { phase, .. } = &mut task.state {
            let at = match phase {
                Phase::Canceling { at, .. } => *at,
                Phase::Dispatched | Phase::Submitted { .. } | Phase::Unreachable { .. } => now,
            };
            *phase = Phase::Canceling { at, because, job };
        }
    }

    /// The job is with BigQuery. If it is to end, this says no more than its full name.
    pub(super) fn submitted(&mut self, id: TaskId, submitted: &JobReference) {
        let canceling = self.tasks.get_mut(&id).and_then(|task| match &mut task.state {
            TaskState::Running { phase: Phase::Canceling { job, .. }, .. } => Some(job),
            TaskState::Running { .. }
            | TaskState::Blocked
            | TaskState::Ready
            | TaskState::Waiting { .. }
            | TaskState::Requiring { .. }
            | TaskState::RetryWaiting { .. }
            | TaskState::Planned
            | TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError
            | TaskState::Canceled => None,
        });
        if let Some(job) = canceling {
            *job = submitted.clone();
            return;
        }
        self.set_timer(id, None);
        self.set_phase(id, Phase::Submitted { job: submitted.clone() }, 0);
    }

    pub(super) fn set_timeout(&mut self, id: TaskId, due: Option<Timestamp>) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if let Some(old) = std::mem::replace(&mut task.timeout_at, due) {
            self.index.timeouts.remove(&(old, id));
        }
        if let Some(due) = due {
            self.index.timeouts.insert((due, id));
        }
    }

    /// The time limit of tasks counts for this one from its first start on, until it leaves its indexes. Not for groups: in
    /// digdag only what ran has a start.
    pub(super) fn count_time(&mut self, id: TaskId) {
        if self.started.time_limits.task_seconds.is_none() {
            return;
        }
        let begun = self.live(id).filter(|task| task.operator().is_some());
        if let Some(started_at) = begun.and_then(|task| task.started_at) {
            self.index.begun.insert((started_at, id));
        }
    }
}
