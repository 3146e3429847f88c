//! What reaches the driver from outside.

use himekuri_broker::{PublishError, Settler};
use himekuri_engine::{Required, RequiredAnswer, Resume};
use himekuri_protocol::{
    AttemptId, JobStatistics, Report, TableReference, TaskError, TaskId, TaskMessage, TryNo,
    WorkerMessage,
};
use jiff::Timestamp;

use super::KillCommand;
use crate::revision::ProjectRevision;
use crate::summary::AttemptSummary;

/// One thing for the driver to look at.
#[derive(Debug)]
pub(crate) enum Command {
    /// An attempt was created in the store and begins.
    Begin(Box<BeginAttempt>),
    /// An attempt that the store has had for a while: it begins if its start was never committed.
    Look(AttemptId),
    /// An attempt is to be killed.
    Kill(KillCommand),
    /// Somebody has paused a title, or lets it go on; it is written down.
    Pause { title: String, paused: bool },
    /// A worker reported; the delivery is settled once the decision is committed.
    Report { report: Box<Report>, settler: Settler },
    /// A task message was dead-lettered.
    Dead { task: Box<TaskMessage>, reason: String, settler: Settler },
    /// A required session was looked at; no answer when the store could not be asked.
    Required { attempt: AttemptId, asked: Box<Required>, answer: Option<RequiredAnswer> },
    /// Published messages with the broker's answers.
    Published(Vec<(Outgoing, Result<(), PublishError>)>),
}

/// A new attempt with all it needs.
#[derive(Debug)]
pub(crate) struct BeginAttempt {
    pub(crate) attempt: AttemptId,
    pub(crate) number: u32,
    pub(crate) revision: ProjectRevision,
    pub(crate) summary: AttemptSummary,
    /// What it takes over from an earlier attempt.
    pub(crate) resumed: Option<Box<Resume>>,
}

/// A committed message on its way to the broker.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// Whose outbox it is in; none for watch and cancel messages, which are made again anyway.
    pub(crate) attempt: Option<AttemptId>,
    pub(crate) id: String,
    pub(crate) body: Vec<u8>,
    /// Place among the messages of its round: workers get them in the order in which they were dispatched.
    pub(crate) order: usize,
}

impl Outgoing {
    /// A message that is not kept.
    pub(crate) fn passing(message: &WorkerMessage) -> Result<Self, serde_json::Error> {
        Ok(Self { attempt: None, id: message.id(), body: message.encode()?, order: 0 })
    }
}

/// Something that happened, for progress displays. Told after it was committed.
#[derive(Clone, Debug)]
pub struct Event {
    /// Attempt.
    pub attempt: AttemptId,
    /// When it was decided.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// A task was sent to the workers.
    Dispatched {
        /// Task.
        task: TaskId,
        /// Full name.
        name: String,
        /// Try.
        try_no: TryNo,
        /// What it writes.
        destination: Option<TableReference>,
    },
    /// A worker's task ended well.
    Succeeded {
        /// Task.
        task: TaskId,
        /// Full name.
        name: String,
        /// What it wrote.
        destination: Option<TableReference>,
        /// Figures of its job.
        job: Option<JobStatistics>,
    },
    /// A task failed and will run again.
    RetryScheduled {
        /// Full name.
        name: String,
        /// When.
        retry_at: Timestamp,
        /// Why.
        error: TaskError,
    },
    /// A task failed for good.
    Failed {
        /// Full name.
        name: String,
        /// Why.
        error: TaskError,
    },
    /// The attempt is killed: jobs that run are cancelled.
    Killed,
    /// The attempt ended.
    Finished {
        /// Whether well.
        success: bool,
    },
}
