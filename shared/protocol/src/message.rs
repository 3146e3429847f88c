//! What the coordinator sends to the workers.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{
    AttemptId, DatasetReference, JobReference, PROTOCOL_VERSION, Report, TaskId, TryNo, Work,
};

/// One message of the task queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum WorkerMessage {
    /// Run a task.
    Task(TaskMessage),
    /// Look at jobs that outlived their first delivery (design D4).
    Watch(WatchMessage),
    /// End jobs that are not wanted any more (design D6).
    Cancel(CancelMessage),
}

/// One try of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskMessage {
    /// [`Work::version`].
    pub version: u16,
    /// Attempt.
    pub attempt: AttemptId,
    /// Task.
    pub task: TaskId,
    /// Try.
    pub try_no: TryNo,
    /// Project, for logs and metrics.
    pub project: String,
    /// Workflow, for logs and metrics.
    pub workflow: String,
    /// Session.
    pub session_time: Timestamp,
    /// Full task name.
    pub task_name: String,
    /// The epoch of a leader that may not know every job that runs, as long as this is so: the worker looks for one on the same
    /// partition before it sends its own (`docs/decisions/0023-a-leader-that-begins-is-careful.md`). Workers of before send at
    /// once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub careful: Option<u64>,
    /// What to do.
    pub work: Work,
}

/// Jobs to look at, all of one GCP project and location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchMessage {
    /// [`crate::FIRST_VERSION`].
    pub version: u16,
    /// The jobs; those that still run are not reported.
    pub jobs: Vec<WatchedJob>,
}

/// A submitted job and the try that waits for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchedJob {
    /// Attempt.
    pub attempt: AttemptId,
    /// Task.
    pub task: TaskId,
    /// Try.
    pub try_no: TryNo,
    /// [`Report::task_name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_name: Option<String>,
    /// The job.
    pub job: JobReference,
}

/// Jobs that must end, all of one GCP project and location.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CancelMessage {
    /// [`crate::CANCEL_VERSION`].
    pub version: u16,
    /// The jobs; those that have not ended in time are not reported.
    pub jobs: Vec<CanceledJob>,
}

/// A job that must be over, or must never begin, and the try that waits for this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CanceledJob {
    /// Attempt.
    pub attempt: AttemptId,
    /// Task.
    pub task: TaskId,
    /// Try.
    pub try_no: TryNo,
    /// [`Report::task_name`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_name: Option<String>,
    /// The job. It may not exist, and its task message may still be on its way.
    pub job: JobReference,
    /// Dataset that it writes to: it runs where this is, if `job` names no location.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetReference>,
}

/// Most bytes of a message or report that are read: a broker takes no more from us, so a larger one is from somebody else.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1_024 * 1_024;

/// Why a message or report could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer version.
    #[error(
        "message has protocol version {found}, this program reads up to {PROTOCOL_VERSION}; upgrade this program"
    )]
    Newer {
        /// Version of the message.
        found: u64,
    },
    /// Nobody of the pool writes so much.
    #[error("message has {bytes} bytes; at most {MESSAGE_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON of this protocol.
    #[error("message is not JSON of the task protocol")]
    Json(#[source] serde_json::Error),
}

impl WorkerMessage {
    /// The JSON form.
    ///
    /// # Errors
    /// None in practice: every field has a JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// A newer version, or not this protocol.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        decode(body)
    }

    /// Name of the message on the broker and in the outbox: the same for every repetition of the same try.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Task(task) => format!("{}-{}-{}", task.attempt, task.task, task.try_no),
            Self::Watch(_) => "watch".to_owned(),
            Self::Cancel(_) => "cancel".to_owned(),
        }
    }
}

impl Report {
    /// The JSON form.
    ///
    /// # Errors
    /// None in practice: every field has a JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// A newer version, or not this protocol.
    pub fn decode(body: &[u8]) -> Result<Self, DecodeError> {
        decode(body)
    }
}

/// What is read before the rest.
#[derive(Deserialize)]
pub(crate) struct Head<'a> {
    version: u64,
    #[serde(default, borrow)]
    pub(crate) kind: Option<Cow<'a, str>>,
}

pub(crate) fn head(body: &[u8]) -> Result<Head<'_>, DecodeError> {
    let bytes = body.len();
    if bytes > MESSAGE_BYTES_MAX {
        return Err(DecodeError::TooLarge { bytes });
    }
    match serde_json::from_slice::<Head<'_>>(body) {
        Ok(Head { version, .. }) if version > u64::from(PROTOCOL_VERSION) => {
            Err(DecodeError::Newer { found: version })
        }
        read => read.map_err(DecodeError::Json),
    }
}

/// The version is read first: a newer message may not have today's fields at all.
fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    head(body)?;
    serde_json::from_slice(body).map_err(DecodeError::Json)
}
