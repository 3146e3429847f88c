//! What time alone decides.

use std::time::Duration;

use himekuri_protocol::{StoreParams, TaskError, TaskId};
use jiff::Timestamp;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::fold::ReplayError;
use crate::record::{CancelReason, Record};
use crate::report::doubled;
use crate::state::{Phase, TaskState};

/// How long a dispatched try may stay unreported. A delivery is held for a minute at most, so after this the message waits
/// in a long queue, or is lost; doubles each time in a row, so that a queue nobody reads does not fill with copies.
const LOST_AFTER: Duration = Duration::from_secs(600);

/// Longest of these waits.
const LOST_AFTER_MAX: Duration = Duration::from_secs(4 * 3_600);

/// Reason of the error of a task that did not end within its `timeout`.
const TIMEOUT: &str = "timeout";

/// When the message of a try that goes out now counts as lost.
pub(crate) fn lost_at(task: &Task, now: Timestamp) -> Option<Timestamp> {
    now.checked_add(doubled(LOST_AFTER, task.unreachable).min(LOST_AFTER_MAX)).ok()
}

impl Attempt {
    /// Kills an attempt whose time limit is over; nothing else matters then. Gives up tries whose `timeout` is over, and
    /// ends the waits that are over. A try that nobody has reported on for so long that its message must be lost is
    /// marked to go out again; like those that BigQuery could not be asked about, it is left for dispatch:
    /// [`Attempt::due_again`].
    ///
    /// # Errors
    /// A defect of the engine; the caller drops the attempt and replays its log.
    pub fn tick(
        &mut self,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        if let Some((_, reason)) = self.next_time_limit().filter(|(at, _)| *at <= now) {
            return self.kill(reason, now, context);
        }
        let mut records = Vec::new();
        for task in self.timed_out(now) {
            let record = self.timeout_decision(task, now, context);
            let Some(record) = record else { continue };
            self.apply(&record)?;
            records.push(record);
        }
        for task in self.due(now, |state| matches!(state, TaskState::RetryWaiting { .. })) {
            let record = Record::Retried { task, at: now };
            self.apply(&record)?;
            records.push(record);
        }
        for task in self.due(now, |state| matches!(state, TaskState::Waiting { .. })) {
            let Some(node) = self.live(task) else { continue };
            let record = self.work_done(node, now, StoreParams::new(), None);
            self.apply(&record)?;
            records.push(record);
        }
        for record in self.lost(now) {
            self.apply(&record)?;
            records.push(record);
        }
        records.extend(self.advance(now, context)?);
        Ok(records)
    }

    fn timed_out(&self, now: Timestamp) -> Vec<TaskId> {
        let due = self.index.timeouts.iter().take_while(|(at, _)| *at <= now);
        due.map(|(_, task)| *task).collect()
    }

    /// The time of a task's `timeout` is over: its job must end first, if it has one.
    fn timeout_decision(
        &self,
        task: TaskId,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let node = self.live(task)?;
        let because = CancelReason::Timeout;
        Some(match node.job_reference() {
            Some(_) => Record::Canceling { task, at, because },
            None => self.canceled(node, &because, at, context),
        })
    }

    /// What becomes of a task whose try was given up and whose job is over, or never was.
    pub(crate) fn canceled(
        &self,
        task: &Task,
        because: &CancelReason,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Record {
        match because {
            CancelReason::Kill => Record::Canceled { task: task.id, at, job: None },
            CancelReason::Timeout => {
                let error = self.timeout_error(task);
                let retry = self.retry_decision(task, at, error.clone(), context);
                retry.unwrap_or_else(|| self.own_failure(task, at, error))
            }
            CancelReason::GivenUp { error } => self.own_failure(task, at, error.clone()),
        }
    }

    fn timeout_error(&self, task: &Task) -> TaskError {
        let position = self.position_of(task, "/timeout");
        let job = task.job_reference().cloned();
        let ended = if job.is_some() { "; its job was cancelled" } else { "" };
        let message = format!(
            "{position}: the task did not end within its `timeout`{ended}; make it faster, or the `timeout` longer"
        );
        TaskError { reason: TIMEOUT.to_owned(), message, job }
    }

    /// Tries whose message or report seems to be lost. Sending one again is harmless: it has the same job id.
    fn lost(&self, now: Timestamp) -> Vec<Record> {
        let due = self
            .due(now, |state| matches!(state, TaskState::Running { phase: Phase::Dispatched, .. }));
        let record = |task: &Task| Record::Unreachable {
            task: task.id,
            at: now,
            again_at: now,
            times: task.unreachable.saturating_add(1),
        };
        due.into_iter().filter_map(|id| self.live(id)).map(record).collect()
    }

    /// Running tasks whose message goes out again now.
    #[must_use]
    pub fn due_again(&self, now: Timestamp) -> Vec<TaskId> {
        self.due(now, |state| {
            matches!(state, TaskState::Running { phase: Phase::Unreachable { .. }, .. })
        })
    }

    fn due(&self, now: Timestamp, wanted: impl Fn(&TaskState) -> bool) -> Vec<TaskId> {
        let timers = self.index.timers.iter().take_while(|(at, _)| *at <= now);
        timers
            .map(|(_, id)| *id)
            .filter(|id| self.live(*id).is_some_and(|task| wanted(&task.state)))
            .collect()
    }
}
