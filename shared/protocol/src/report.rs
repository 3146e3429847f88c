//! What a worker answers.

use serde::{Deserialize, Serialize};

use crate::{
    AttemptId, Document, FIRST_VERSION, HTTP_VERSION, JOBS_VERSION, JobReference, TaskId, TryNo,
};

/// Parameters that a task stores for those that follow.
pub type StoreParams = serde_json::Map<String, serde_json::Value>;

/// What became of one try. A repeated report, or one for a try that is already decided, changes nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`Outcome::version`].
    pub version: u16,
    /// Attempt.
    pub attempt: AttemptId,
    /// Task.
    pub task: TaskId,
    /// Try.
    pub try_no: TryNo,
    /// Full name of the task, as the message said it: an id may name another task after a store has lost its last seconds.
    /// `None` from workers of before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_name: Option<String>,
    /// Who reports, for logs.
    pub worker: String,
    /// What happened.
    pub outcome: Outcome,
}

/// The ways a delivery can end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The job is with BigQuery and still runs; the coordinator has it watched from now on.
    Submitted {
        /// The job.
        job: JobReference,
    },
    /// The try ended well.
    Succeeded {
        /// For the tasks that follow.
        store_params: StoreParams,
        /// The job's figures, if there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobStatistics>,
    },
    /// The document of an `http_call>`: its tasks run next.
    Fetched {
        /// The workflow.
        document: Document,
    },
    /// The try ended badly: its job is DONE, or was never accepted.
    Failed {
        /// Why.
        error: TaskError,
    },
    /// What a `bq_wait>` or `gcs_wait>` waits for is not there, or what a careful task waits for is not over: the same try
    /// looks again.
    NotYet,
    /// BigQuery, or the server of an `http_call>`, could not be asked: the same try must be looked at again. Nobody knows
    /// whether a job runs.
    Unreachable {
        /// Why.
        error: TaskError,
    },
}

impl Outcome {
    /// What a report with this outcome needs of its reader.
    #[must_use]
    pub fn version(&self) -> u16 {
        match self {
            Self::Submitted { .. }
            | Self::Succeeded { .. }
            | Self::Failed { .. }
            | Self::Unreachable { .. } => FIRST_VERSION,
            Self::Fetched { .. } => HTTP_VERSION,
            Self::NotYet => JOBS_VERSION,
        }
    }
}

/// Why a try failed, for the person who reads it in the morning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskError {
    /// BigQuery's reason (`invalidQuery`, ...) or one of ours.
    pub reason: String,
    /// What is wrong and what to do.
    pub message: String,
    /// The job, if one was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<JobReference>,
}

/// Figures of a finished job (BigQuery REST, `JobStatistics`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobStatistics {
    /// The job.
    pub job: JobReference,
    /// Bytes read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes_processed: Option<u64>,
    /// Bytes that are paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_bytes_billed: Option<u64>,
    /// Rows loaded, or changed by DML; BigQuery does not tell how many a query has written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Slot time in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_slot_ms: Option<u64>,
    /// From start to end, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Whether the result came from the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_hit: Option<bool>,
}

impl JobStatistics {
    /// [`JobReference::store_params`], and beside them what the job took as `bq.last_job`.
    #[must_use]
    pub fn store_params(&self) -> StoreParams {
        let mut params = self.job.store_params();
        let figures = [
            ("bytes_processed", self.total_bytes_processed),
            ("bytes_billed", self.total_bytes_billed),
            ("slot_ms", self.total_slot_ms),
            ("duration_ms", self.duration_ms),
            ("rows", self.rows),
        ];
        let figures = figures.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
        let mut last_job = serde_json::Map::from_iter(figures);
        last_job.insert("cache_hit".to_owned(), self.cache_hit.into());
        if let Some(serde_json::Value::Object(bq)) = params.get_mut("bq") {
            bq.insert("last_job".to_owned(), last_job.into());
        }
        params
    }
}
