//! What a worker's report decides.

use std::time::Duration;

use himekuri_protocol::{Outcome, Report, TaskError, TaskId, TryNo};
use jiff::Timestamp;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::fold::ReplayError;
use crate::record::{CancelReason, Record};
use crate::state::{Phase, TaskState};

/// How long a task waits before BigQuery is asked again about it; doubles each time in a row.
const UNREACHABLE_WAIT: Duration = Duration::from_secs(30);

/// Longest of these waits: a job that ended during an outage is noticed so long after it at the latest.
const UNREACHABLE_WAIT_MAX: Duration = Duration::from_secs(300);

/// How long until the next look for something that is not there yet: within digdag's 5 to 30 seconds.
const NOT_YET_WAIT: Duration = Duration::from_secs(5);

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Reported {
    /// New: these records follow from it.
    Decided(Vec<Record>),
    /// For a try that is already decided, or said before, or for a task that had this id before the store lost its last
    /// seconds: redelivery is normal, and nothing changes.
    Late,
}

impl Attempt {
    /// Decides what a report means.
    ///
    /// # Errors
    /// A defect of the engine; the caller drops the attempt and replays its log.
    pub fn report(
        &mut self,
        report: &Report,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Reported, ReplayError> {
        let Some((task, phase)) = self.running_try(report.task, report.try_no) else {
            return Ok(Reported::Late);
        };
        if report.task_name.as_ref().is_some_and(|name| *name != task.full_name) {
            return Ok(Reported::Late);
        }
        let Some(record) = self.decide(task, phase, &report.outcome, now, context) else {
            return Ok(Reported::Late);
        };
        self.apply(&record)?;
        let mut records = vec![record];
        records.extend(self.advance(now, context)?);
        Ok(Reported::Decided(records))
    }

    /// Makes a dispatched try fail for good: its message can never be handled. If it has a job, that must be over first: a
    /// worker may have sent it before it broke down. Nothing changes if the try is decided, if its job is being watched
    /// (the message had done its work), if it goes out again anyway, or if it is to end already.
    ///
    /// # Errors
    /// A defect of the engine; the caller drops the attempt and replays its log.
    pub fn give_up(
        &mut self,
        task: TaskId,
        try_no: TryNo,
        error: TaskError,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        match self.running_try(task, try_no) {
            Some((node, Phase::Dispatched)) if node.job_reference().is_some() => {
                let because = CancelReason::GivenUp { error };
                let record = Record::Canceling { task, at, because };
                self.apply(&record)?;
                Ok(vec![record])
            }
            Some((_, Phase::Dispatched)) => self.refuse(task, error, at, context),
            Some((
                _,
                Phase::Submitted { .. } | Phase::Unreachable { .. } | Phase::Canceling { .. },
            ))
            | None => Ok(Vec::new()),
        }
    }

    fn running_try(&self, task: TaskId, reported: TryNo) -> Option<(&Task, &Phase)> {
        let task = self.live(task)?;
        match &task.state {
            TaskState::Running { try_no, phase, .. } if *try_no == reported => Some((task, phase)),
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
        }
    }

    /// `None` for what was said before.
    fn decide(
        &self,
        task: &Task,
        phase: &Phase,
        outcome: &Outcome,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let id = task.id;
        match (outcome, phase) {
            (Outcome::Submitted { .. }, Phase::Submitted { .. })
            | (Outcome::Unreachable { .. }, Phase::Unreachable { .. } | Phase::Canceling { .. }) => {
                None
            }
            (Outcome::Submitted { job }, Phase::Canceling { job: known, .. }) => {
                (job != known).then(|| Record::Submitted { task: id, at, job: job.clone() })
            }
            (
                Outcome::Succeeded { job, .. },
                Phase::Canceling { because: CancelReason::Kill, .. },
            ) => Some(Record::Canceled { task: id, at, job: job.clone() }),
            (Outcome::Failed { .. }, Phase::Canceling { because, .. }) => {
                Some(self.canceled(task, because, at, context))
            }
            (Outcome::Submitted { job }, Phase::Dispatched | Phase::Unreachable { .. }) => {
                let job = job.clone();
                Some(Record::Submitted { task: id, at, job })
            }
            // A try whose job had ended well before it could be stopped has done its work.
            (Outcome::Succeeded { store_params, job }, _) => {
                Some(self.work_done(task, at, store_params.clone(), job.clone()))
            }
            (Outcome::Fetched { document }, _) => self.fetched(task, document, at, context),
            (Outcome::Failed { error }, _) => {
                let retry = self.retry_of_try(task, at, error, context);
                Some(retry.unwrap_or_else(|| self.own_failure(task, at, error.clone())))
            }
            (Outcome::NotYet, Phase::Dispatched) => Some(look_again(task, at)),
            // Who waits for something has no job.
            (
                Outcome::NotYet,
                Phase::Submitted { .. } | Phase::Unreachable { .. } | Phase::Canceling { .. },
            ) => None,
            (Outcome::Unreachable { .. }, Phase::Dispatched | Phase::Submitted { .. }) => {
                Some(ask_again(task, at))
            }
        }
    }
}

/// The same try goes out again, however often: nobody knows whether its job runs, and a failure would let another try
/// meet it on the same partition (design D6).
fn ask_again(task: &Task, at: Timestamp) -> Record {
    let wait = doubled(UNREACHABLE_WAIT, task.unreachable).min(UNREACHABLE_WAIT_MAX);
    Record::Unreachable {
        task: task.id,
        at,
        again_at: at.checked_add(wait).unwrap_or(at),
        times: task.unreachable.saturating_add(1),
    }
}

/// What is waited for is not there yet. A worker has looked for a while, so the next look need not come at once.
fn look_again(task: &Task, at: Timestamp) -> Record {
    let again_at = at.checked_add(NOT_YET_WAIT).unwrap_or(at);
    Record::Unreachable { task: task.id, at, again_at, times: 0 }
}

/// `wait` doubled `times` times, within what a duration can hold.
pub(crate) fn doubled(wait: Duration, times: u32) -> Duration {
    wait.saturating_mul(2_u32.saturating_pow(times))
}
