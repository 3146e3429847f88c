//! The log of an attempt: one record for each decision, never derived again (design D1, D2).

use std::sync::Arc;

use himekuri_protocol::{
    AttemptId, JobReference, JobStatistics, StoreParams, TableReference, TaskError, TaskId, TryNo,
};
use himekuri_workflow::{Parallel, TaskDefinition};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Config;
use crate::require::Requirement;
use crate::resume::{NotResumed, Resume};

/// Version of the records. Replay refuses a newer log; an older one must replay to the same state.
///
/// - 4: `http_call>`. `kill`, time limits, `timeout`: a program of version 3 would run on what was killed. What a resumed attempt takes
///   over from an earlier one.
/// - 3: `require>`.
/// - 2: `sla`, `_background`, `_after`, `_error`, `_check`, `_type: ${...}` and the operators `if>`, `for_each>`,
///   `for_range>`, `wait>`, `fail>`. A program of version 1 would release children in another order.
pub const LOG_VERSION: u16 = 4;

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// First record of every log.
    AttemptStarted(Box<AttemptStarted>),
    /// A task got its subtasks; their ids follow on from `first` in order.
    Expanded {
        /// The parent.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Id of the first subtask.
        first: TaskId,
        /// Which subtasks.
        expansion: Expansion,
    },
    /// The task did its work in the attempt that this one resumes: it counts as ended well, with what it stored there
    /// ([`AttemptStarted::resumed`]).
    Resumed {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
    },
    /// The task did its work in the attempt that this one resumes, and runs all the same.
    NotResumed {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Why.
        because: NotResumed,
    },
    /// `_type: ${...}` was evaluated: the task's operator is known.
    Resolved {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// `bq`, `loop`, ...
        operator: String,
    },
    /// `wait>`: the task ends at `until` without anybody's work.
    Waiting {
        /// The task.
        task: TaskId,
        /// When it began.
        at: Timestamp,
        /// When it ends.
        until: Timestamp,
    },
    /// `require>`: the task ends when this session has. Again, with another name, if `rerun_on` asks for an attempt of
    /// our own.
    Requiring {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// The try.
        try_no: TryNo,
        /// The session.
        required: Arc<Requirement>,
    },
    /// The required session has an attempt, and the task waits for this one.
    Joined {
        /// The task.
        task: TaskId,
        /// When it was found.
        at: Timestamp,
        /// The attempt.
        attempt: AttemptId,
        /// Whether this try has started it.
        kicked: bool,
    },
    /// A try goes out to the workers; its message is committed with this record.
    Dispatched {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// The try.
        try_no: TryNo,
        /// The partition it writes, held until the try is decided (design D6).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination: Option<TableReference>,
        /// Its BigQuery job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobReference>,
        /// When the time of its `timeout` is over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timeout_at: Option<Timestamp>,
    },
    /// The try's job outlived its delivery and is watched from now on.
    Submitted {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// The job.
        job: JobReference,
    },
    /// BigQuery could not be asked; the same try goes out again at `again_at`.
    Unreachable {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// When the message goes out again.
        again_at: Timestamp,
        /// How often in a row.
        times: u32,
    },
    /// The try is given up, though its job may run: the job must be over before anything is decided.
    Canceling {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Why.
        because: CancelReason,
    },
    /// A task ended well.
    Succeeded {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// What it stored for the tasks that follow.
        #[serde(default, skip_serializing_if = "StoreParams::is_empty")]
        store_params: StoreParams,
        /// Figures of its job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobStatistics>,
    },
    /// A task and its subtasks did their work; its `_check` runs as `^check` and decides how it ends.
    Checking {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Id of `^check`.
        first: TaskId,
        /// `^check`.
        definition: Arc<TaskDefinition>,
        /// What the task stored.
        #[serde(default, skip_serializing_if = "StoreParams::is_empty")]
        store_params: StoreParams,
        /// Figures of its job.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobStatistics>,
    },
    /// A task, or a group with a failed task, will run again.
    RetryScheduled {
        /// The task.
        task: TaskId,
        /// When it failed.
        at: Timestamp,
        /// When it runs again.
        retry_at: Timestamp,
        /// How often `_retry` has run it again, this one included.
        retry_count: u32,
        /// What failed.
        error: TaskError,
    },
    /// The wait is over.
    Retried {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
    },
    /// A task failed for good; its `_error` runs as `^error`, and the task ends when that has ended, however.
    Failing {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Id of `^error`.
        first: TaskId,
        /// `^error`.
        definition: Arc<TaskDefinition>,
        /// What `^error` sees: `error`, and for a failed subtask what those below stored.
        export: Config,
        /// Why the task itself failed; `None` for a failed subtask.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<TaskError>,
    },
    /// An operator task failed for good.
    Failed {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Why.
        error: TaskError,
    },
    /// A subtask failed for good, and nothing below the task runs any more.
    GroupFailed {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
    },
    /// The attempt did not end by the time that an entry of `sla` says: the entry's tasks join the root's as `^sla`.
    SlaMissed {
        /// When.
        at: Timestamp,
        /// Id of the first task that joins.
        first: TaskId,
        /// Place of the entry in [`AttemptStarted::sla`], from 0.
        sla: u32,
    },
    /// The attempt is killed. With this record, tasks that are ready or wait are `canceled`, and so are those that a
    /// worker has and that have no job; the others that a worker or BigQuery has become [`crate::Phase::Canceling`].
    KillRequested {
        /// When.
        at: Timestamp,
        /// Why.
        reason: KillReason,
    },
    /// A task of a killed attempt ended: its job is over, or nothing below it runs any more.
    Canceled {
        /// The task.
        task: TaskId,
        /// When.
        at: Timestamp,
        /// Figures of a job that ended well all the same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobStatistics>,
    },
    /// Last record of every log.
    AttemptFinished {
        /// When.
        at: Timestamp,
        /// How.
        outcome: AttemptOutcome,
    },
}

impl Record {
    /// The task whose try is decided, when, and what went wrong: nothing of the try is out any more.
    #[must_use]
    pub fn decided(&self) -> Option<(TaskId, Timestamp, Option<&TaskError>)> {
        match self {
            Self::Succeeded { task, at, .. }
            | Self::Checking { task, at, .. }
            | Self::Canceled { task, at, .. } => Some((*task, *at, None)),
            Self::RetryScheduled { task, at, error, .. } | Self::Failed { task, at, error } => {
                Some((*task, *at, Some(error)))
            }
            Self::Failing { task, at, error, .. } => Some((*task, *at, error.as_ref())),
            Self::AttemptStarted(_)
            | Self::Expanded { .. }
            | Self::Resumed { .. }
            | Self::NotResumed { .. }
            | Self::Resolved { .. }
            | Self::Waiting { .. }
            | Self::Requiring { .. }
            | Self::Joined { .. }
            | Self::Dispatched { .. }
            | Self::Submitted { .. }
            | Self::Unreachable { .. }
            | Self::Canceling { .. }
            | Self::Retried { .. }
            | Self::GroupFailed { .. }
            | Self::SlaMissed { .. }
            | Self::KillRequested { .. }
            | Self::AttemptFinished { .. } => None,
        }
    }

    /// The task that the record is about; the root for the attempt's own records.
    pub(crate) fn task(&self) -> TaskId {
        match self {
            Self::AttemptStarted(_)
            | Self::SlaMissed { .. }
            | Self::KillRequested { .. }
            | Self::AttemptFinished { .. } => TaskId::ROOT,
            Self::Expanded { task, .. }
            | Self::Resumed { task, .. }
            | Self::NotResumed { task, .. }
            | Self::Resolved { task, .. }
            | Self::Waiting { task, .. }
            | Self::Requiring { task, .. }
            | Self::Joined { task, .. }
            | Self::Dispatched { task, .. }
            | Self::Submitted { task, .. }
            | Self::Unreachable { task, .. }
            | Self::Canceling { task, .. }
            | Self::Canceled { task, .. }
            | Self::Succeeded { task, .. }
            | Self::Checking { task, .. }
            | Self::RetryScheduled { task, .. }
            | Self::Retried { task, .. }
            | Self::Failing { task, .. }
            | Self::Failed { task, .. }
            | Self::GroupFailed { task, .. } => *task,
        }
    }

    /// Id of the first task that the record makes, if it makes any.
    pub(crate) fn first(&self) -> Option<TaskId> {
        match self {
            Self::Expanded { first, .. }
            | Self::Checking { first, .. }
            | Self::Failing { first, .. }
            | Self::SlaMissed { first, .. } => Some(*first),
            Self::AttemptStarted(_)
            | Self::Resumed { .. }
            | Self::NotResumed { .. }
            | Self::Resolved { .. }
            | Self::Waiting { .. }
            | Self::Requiring { .. }
            | Self::Joined { .. }
            | Self::Dispatched { .. }
            | Self::Submitted { .. }
            | Self::Unreachable { .. }
            | Self::Canceling { .. }
            | Self::KillRequested { .. }
            | Self::Canceled { .. }
            | Self::Succeeded { .. }
            | Self::RetryScheduled { .. }
            | Self::Retried { .. }
            | Self::Failed { .. }
            | Self::GroupFailed { .. }
            | Self::AttemptFinished { .. } => None,
        }
    }

    /// The record's name in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::AttemptStarted(_) => "attempt_started",
            Self::Expanded { .. } => "expanded",
            Self::Resumed { .. } => "resumed",
            Self::NotResumed { .. } => "not_resumed",
            Self::Resolved { .. } => "resolved",
            Self::Waiting { .. } => "waiting",
            Self::Requiring { .. } => "requiring",
            Self::Joined { .. } => "joined",
            Self::Dispatched { .. } => "dispatched",
            Self::Submitted { .. } => "submitted",
            Self::Unreachable { .. } => "unreachable",
            Self::Canceling { .. } => "canceling",
            Self::KillRequested { .. } => "kill_requested",
            Self::Canceled { .. } => "canceled",
            Self::Succeeded { .. } => "succeeded",
            Self::Checking { .. } => "checking",
            Self::RetryScheduled { .. } => "retry_scheduled",
            Self::Retried { .. } => "retried",
            Self::Failing { .. } => "failing",
            Self::Failed { .. } => "failed",
            Self::GroupFailed { .. } => "group_failed",
            Self::SlaMissed { .. } => "sla_missed",
            Self::AttemptFinished { .. } => "attempt_finished",
        }
    }
}

/// What an attempt is, fixed when it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptStarted {
    /// [`LOG_VERSION`] of the writer.
    pub version: u16,
    /// When the attempt was started.
    pub at: Timestamp,
    /// Attempt.
    pub attempt: AttemptId,
    /// Number within the session, from 1; part of every job id.
    pub number: u32,
    /// Project.
    pub project: String,
    /// Revision: hash of the project's files.
    pub revision: String,
    /// Workflow.
    pub workflow: String,
    /// Session.
    pub session_time: Timestamp,
    /// What `moment()` and `Date` answer: the session's planned run time, or the start of a manual one (design D13).
    pub now: Timestamp,
    /// Zone of the workflow, as written.
    pub timezone: String,
    /// GCP project of the title; `None` means the workers' own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gcp_project: Option<String>,
    /// `session_time`, `session_date` and their kin.
    pub variables: Config,
    /// `-p KEY=VALUE`: the weakest, an `_export` beats them (digdag).
    pub params: Config,
    /// `--override KEY=VALUE`: beat every `_export` (design D13).
    pub overrides: Config,
    /// By when it should have ended, in order of the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sla: Vec<SlaStarted>,
    /// How long it may take before it is killed.
    #[serde(default, skip_serializing_if = "TimeLimits::is_none")]
    pub time_limits: TimeLimits,
    /// What it takes over from an earlier attempt of its session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<Box<Resume>>,
    /// The compiled workflow.
    pub root: Arc<TaskDefinition>,
}

/// An entry of `sla:` with its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlaStarted {
    /// When the attempt is late; [`crate::sla_due`] computes it.
    pub due: Timestamp,
    /// Whether people are told.
    pub alert: bool,
    /// Whether the attempt ends as an error.
    pub fail: bool,
    /// The entry's own tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Arc<TaskDefinition>>,
}

/// After how long an attempt is killed (digdag `executor.attempt_ttl`, `executor.task_ttl`; reference 5.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLimits {
    /// Seconds since its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt_seconds: Option<u32>,
    /// Seconds since the first start of one of its operator tasks that runs, waits, or waits for its retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_seconds: Option<u32>,
}

impl TimeLimits {
    /// digdag's: an attempt may take 7 days, a task one.
    pub const DIGDAG: Self = Self { attempt_seconds: Some(7 * 86_400), task_seconds: Some(86_400) };

    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Why an attempt is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum KillReason {
    /// Somebody asked for it.
    Requested {
        /// Who, if they said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    /// It took longer than [`TimeLimits::attempt_seconds`].
    AttemptTimeLimit,
    /// One of its tasks took longer than [`TimeLimits::task_seconds`].
    TaskTimeLimit {
        /// The task.
        task: TaskId,
    },
}

/// Why a try is given up while its job may run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CancelReason {
    /// The attempt is killed.
    Kill,
    /// The time of the task's `timeout` is over.
    Timeout,
    /// Its message can never be handled.
    GivenUp {
        /// Why.
        error: TaskError,
    },
}

/// Which subtasks a task got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Expansion {
    /// The children that a group's definition lists.
    Children,
    /// `^sub` with a tree of its own: `call>`, `if>`.
    Sub {
        /// The called file, or the body.
        definition: Arc<TaskDefinition>,
    },
    /// `^sub` with `+loop-0`, `+loop-1`, ...: `loop>`.
    Loop {
        /// How many.
        count: u32,
        /// At once or one after another.
        parallel: Parallel,
        /// `_do`, compiled.
        body: Arc<TaskDefinition>,
    },
    /// `^sub` with one task for each combination of values: `for_each>`.
    ForEach {
        /// What is combined; the first key changes slowest.
        entries: Arc<Vec<ForEachEntry>>,
        /// At once or one after another.
        parallel: Parallel,
        /// `_do`, compiled.
        body: Arc<TaskDefinition>,
    },
    /// `^sub` with one task for each slice of a range of numbers: `for_range>`.
    ForRange {
        /// First number.
        from: i64,
        /// End of the range, not in it.
        to: i64,
        /// Numbers of a slice, from 1; the last slice may have fewer.
        step: i64,
        /// At once or one after another.
        parallel: Parallel,
        /// `_do`, compiled.
        body: Arc<TaskDefinition>,
    },
}

/// A key of `for_each>` with its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForEachEntry {
    /// The variable.
    pub key: String,
    /// What it is, one after another.
    pub values: Vec<Value>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The root succeeded.
    Success,
    /// The root failed.
    Error,
    /// The attempt was killed.
    Canceled,
}
