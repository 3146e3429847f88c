//! The states of a task, digdag's names (`TaskStateCode`), each with its data.

use std::sync::Arc;

use himekuri_protocol::{AttemptId, JobReference, TaskError, TryNo};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::{AttemptOutcome, CancelReason};
use crate::require::Requirement;

/// Where a task is. Each state says who moves it out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for earlier siblings. The fold moves it out when they have succeeded; after a failure it stays.
    Blocked,
    /// May start. `advance` moves groups and control flow out, `dispatch` the rest.
    Ready,
    /// A worker or BigQuery has it. A report moves it out.
    Running {
        /// The try.
        try_no: TryNo,
        /// When it was first dispatched: its message may go out more than once.
        since: Timestamp,
        /// Who has it.
        phase: Phase,
    },
    /// `wait>`. `tick` moves it out.
    Waiting {
        /// When it ends.
        until: Timestamp,
    },
    /// `require>`. The coordinator's answer moves it out ([`crate::Attempt::required`]): it starts the session or finds
    /// its attempt, and looks at it until it has ended.
    Requiring {
        /// The session.
        requirement: Arc<Requirement>,
        /// The attempt that it waits for, once the coordinator has found it.
        attempt: Option<AttemptId>,
        /// Whether this try has started that attempt.
        kicked: bool,
    },
    /// A failed task, or a group with a failed task, before it runs again. `tick` moves it out.
    RetryWaiting {
        /// When.
        retry_at: Timestamp,
        /// What failed.
        error: TaskError,
    },
    /// Its subtasks run, or its `^check`, or, once it has failed, its `^error`. `advance` moves it out when they have
    /// ended.
    Planned,
    /// Ended well.
    Success,
    /// An operator task that failed for good.
    Error {
        /// Why.
        error: TaskError,
    },
    /// A task whose subtask failed for good.
    GroupError,
    /// A task that its attempt's kill ended: it had not begun, it waited, or its job is over. A group when nothing below it
    /// runs any more.
    Canceled,
}

/// Who has a running task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Its message is in the outbox, on the broker or with a worker.
    Dispatched,
    /// Its BigQuery job outlived the delivery: watch messages ask for it.
    Submitted {
        /// The job.
        job: JobReference,
    },
    /// BigQuery could not be asked; the same try goes out again.
    Unreachable {
        /// When.
        again_at: Timestamp,
    },
    /// The try is not wanted any more, but its job may run or may still be sent: cancel messages ask for its end, and a
    /// report that the job is over, or can never begin, moves the task on ([`crate::Attempt::canceling`]).
    Canceling {
        /// Since when.
        at: Timestamp,
        /// Why.
        because: CancelReason,
        /// The job.
        job: JobReference,
    },
}

impl TaskState {
    /// The name that people see.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Ready => "ready",
            Self::Running { phase: Phase::Canceling { .. }, .. } => "canceling",
            Self::Running { .. } => "running",
            Self::Waiting { .. } => "waiting",
            Self::Requiring { .. } => "requiring",
            Self::RetryWaiting { .. } => "retry_waiting",
            Self::Planned => "planned",
            Self::Success => "success",
            Self::Error { .. } => "error",
            Self::GroupError => "group_error",
            Self::Canceled => "canceled",
        }
    }

    /// Since when a try is out, if it is.
    pub(crate) fn out_since(&self, wanted: TryNo) -> Option<Timestamp> {
        if let Self::Running { try_no, since, .. } = self
            && *try_no == wanted
        {
            return Some(*since);
        }
        None
    }

    /// Whether nothing can happen to the task any more.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.outcome().is_some()
    }

    /// How an attempt ends whose root is in this state.
    pub(crate) fn outcome(&self) -> Option<AttemptOutcome> {
        match self {
            Self::Success => Some(AttemptOutcome::Success),
            Self::Error { .. } | Self::GroupError => Some(AttemptOutcome::Error),
            Self::Canceled => Some(AttemptOutcome::Canceled),
            Self::Blocked
            | Self::Ready
            | Self::Running { .. }
            | Self::Waiting { .. }
            | Self::Requiring { .. }
            | Self::RetryWaiting { .. }
            | Self::Planned => None,
        }
    }
}
