//! What a worker's report decides.

use std::time::Duration;

use himekuri_protocol::{Outcome, Report, TaskError, TaskId, TryNo};
use jiff::Timestamp;

use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::fold::ReplayError;
use crate::record::Record;
use crate::state::{Phase, TaskState};

/// How long a task waits before BigQuery is asked again.
const UNREACHABLE_WAIT: Duration = Duration::from_secs(30);

/// How often in a row: with the wait above and a delivery's own patience, some 30 minutes of an outage.
const UNREACHABLE_MAX: u32 = 20;

/// What became of a report.
#[derive(Clone, Debug, PartialEq)]
pub enum Reported {
    /// New: these records follow from it.
    Decided(Vec<Record>),
    /// For a try that is already decided, or said before: redelivery is normal, and nothing changes.
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
        let Some(task) = self.running_try(report.task, report.try_no) else {
            return Ok(Reported::Late);
        };
        let Some(record) = self.decide(task, &report.outcome, now, context) else {
            return Ok(Reported::Late);
        };
        self.apply(&record)?;
        let mut records = vec![record];
        records.extend(self.advance(now, context)?);
        Ok(Reported::Decided(records))
    }

    /// Makes a running try fail for good: its message can never be handled. A late call changes nothing.
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
            Some(_) => self.refuse(task, error, at, context),
            None => Ok(Vec::new()),
        }
    }

    fn running_try(&self, task: TaskId, reported: TryNo) -> Option<&Task> {
        self.task(task).filter(|task| match task.state {
            TaskState::Running { try_no, .. } => try_no == reported,
            TaskState::Blocked
            | TaskState::Ready
            | TaskState::RetryWaiting { .. }
            | TaskState::Planned
            | TaskState::Success
            | TaskState::Error { .. }
            | TaskState::GroupError => false,
        })
    }

    fn decide(
        &self,
        task: &Task,
        outcome: &Outcome,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let id = task.id;
        match outcome {
            Outcome::Submitted { job } => {
                let job = job.clone();
                (!is_submitted(task)).then_some(Record::Submitted { task: id, at, job })
            }
            Outcome::Succeeded { store_params, job } => Some(Record::Succeeded {
                task: id,
                at,
                store_params: store_params.clone(),
                job: job.clone(),
            }),
            Outcome::Failed { error } => Some(self.failed(task, error.clone(), at, context)),
            Outcome::Unreachable { .. } if task.unreachable < UNREACHABLE_MAX => {
                let again_at = at.checked_add(UNREACHABLE_WAIT).unwrap_or(at);
                let times = task.unreachable + 1;
                Some(Record::Unreachable {
                    task: id,
                    at,
                    again_at,
                    times,
                })
            }
            Outcome::Unreachable { error } => Some(self.failed(task, error.clone(), at, context)),
        }
    }

    fn failed(
        &self,
        task: &Task,
        error: TaskError,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Record {
        self.retry_decision(task, at, error.clone(), context)
            .unwrap_or(Record::Failed {
                task: task.id,
                at,
                error,
            })
    }
}

fn is_submitted(task: &Task) -> bool {
    matches!(
        task.state,
        TaskState::Running {
            phase: Phase::Submitted { .. },
            ..
        }
    )
}
