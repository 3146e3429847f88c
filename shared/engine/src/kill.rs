//! Kill: on request, or because a time limit is over (digdag reference 5.5); and which jobs are to end.
//!
//! A kill is one record. Its fold (`fold/kill.rs`) ends all that has no job. A job has to be over before its task is
//! decided: BigQuery knows no fence, and a job that runs on would write its partition after others (design D6). So the
//! coordinator asks for the end of what [`Attempt::canceling`] lists, again and again, until a report says that a job is
//! over or can never begin (decision 0014).

use std::time::Duration;

use himekuri_protocol::{JobReference, TableReference, TaskId, TryNo};
use jiff::Timestamp;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::fold::ReplayError;
use crate::record::{KillReason, Record};
use crate::state::{Phase, TaskState};

/// A job that is to end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CancelingJob<'a> {
    /// The task.
    pub task: TaskId,
    /// The try.
    pub try_no: TryNo,
    /// Since when it is to end.
    pub at: Timestamp,
    /// The job.
    pub job: &'a JobReference,
    /// What it writes: tells where it runs if `job` names no location.
    pub destination: Option<&'a TableReference>,
}

impl Attempt {
    /// Kills the attempt. Nothing changes if it has ended or is killed already.
    ///
    /// # Errors
    /// A defect of the engine; the caller drops the attempt and replays its log.
    pub fn kill(
        &mut self,
        reason: KillReason,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        if self.outcome.is_some() || self.killed.is_some() {
            return Ok(Vec::new());
        }
        let record = Record::KillRequested { at: now, reason };
        self.apply(&record)?;
        let mut records = vec![record];
        records.extend(self.advance(now, context)?);
        Ok(records)
    }

    /// Why and when the attempt was killed, if it was.
    #[must_use]
    pub fn killed(&self) -> Option<(&KillReason, Timestamp)> {
        self.killed.as_ref().map(|(reason, at)| (reason, *at))
    }

    /// The jobs that are to end.
    pub fn canceling(&self) -> impl Iterator<Item = CancelingJob<'_>> {
        self.running().filter_map(|(task, try_no, phase)| match phase {
            Phase::Canceling { at, because: _, job } => {
                let destination = task.destination.as_ref();
                Some(CancelingJob { task: task.id, try_no, at: *at, job, destination })
            }
            Phase::Dispatched | Phase::Submitted { .. } | Phase::Unreachable { .. } => None,
        })
    }

    /// The time limit that is over next, and when.
    pub(crate) fn next_time_limit(&self) -> Option<(Timestamp, KillReason)> {
        if self.outcome.is_some() || self.killed.is_some() {
            return None;
        }
        let after = |start: Timestamp, seconds: Option<u32>| {
            start.checked_add(Duration::from_secs(u64::from(seconds?))).ok()
        };
        let limits = self.started.time_limits;
        let attempt = after(self.started.at, limits.attempt_seconds)
            .map(|at| (at, KillReason::AttemptTimeLimit));
        let task = self.index.begun.first().and_then(|(start, task)| {
            let at = after(*start, limits.task_seconds)?;
            Some((at, KillReason::TaskTimeLimit { task: *task }))
        });
        attempt.into_iter().chain(task).min_by_key(|(at, _)| *at)
    }
}

impl Task {
    /// The job of its running try, as far as it is known.
    pub(crate) fn job_reference(&self) -> Option<&JobReference> {
        match &self.state {
            TaskState::Running { phase, .. } => match phase {
                Phase::Submitted { job } | Phase::Canceling { job, .. } => Some(job),
                Phase::Dispatched | Phase::Unreachable { .. } => self.sent_job.as_ref(),
            },
            TaskState::Blocked
            | TaskState::Ready
            | TaskState::Waiting { .. }
            | TaskState::Requiring { .. }
            | TaskState::RetryWaiting { .. }
            | TaskState::Planned
            | TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError
            | TaskState::Canceled => None,
        }
    }
}
