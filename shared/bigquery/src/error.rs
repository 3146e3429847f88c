//! What can go wrong on the way to a job.

use std::path::PathBuf;

use himekuri_protocol::{JobReference, TaskError};

use crate::answer::Why;
use crate::client::error;

/// Why there is no connection to BigQuery. The start of a program fails with it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No credentials were found.
    #[error(
        "could not find Google credentials; set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run where workload identity is set up, or name a local endpoint with `--bigquery http://HOST:PORT`"
    )]
    Credentials(#[source] gcp_bigquery_client::error::BQError),
    /// A file of credentials cannot be read. Its text is never part of the error.
    #[error("could not read the credentials in `{}`", path.display())]
    KeyFile {
        /// Which file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of credentials of a kind that is not known.
    #[error(
        "`{}` has credentials of the type `{kind}`; the known ones are `service_account`, `authorized_user`, `external_account` and `impersonated_service_account` with its `service_account_impersonation_url`",
        path.display()
    )]
    KeyKind {
        /// Which file.
        path: PathBuf,
        /// What it says that it is.
        kind: String,
    },
    /// The HTTP client could not be built.
    #[error("could not set up the HTTP client for BigQuery")]
    Client(#[source] reqwest::Error),
    /// Nobody answers at the endpoint.
    #[error(
        "could not reach BigQuery at `{address}`; is it running? start a local one with `himekuri warehouse --port PORT --data FOLDER`"
    )]
    Unreachable {
        /// The endpoint.
        address: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The endpoint is not an HTTP address.
    #[error("`{address}` is not an endpoint; write it as `http://HOST:PORT`")]
    Address {
        /// As given.
        address: String,
    },
}

/// Why a job's fate is not known, or was decided without running it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobError {
    /// BigQuery refused the request: the job does not exist and this try can never work.
    Rejected(TaskError),
    /// No clear answer within the patience: the job may or may not exist.
    Unreachable(TaskError),
    /// BigQuery answers and knows no job of this id.
    Missing(TaskError),
}

impl JobError {
    /// A question about other jobs that must be answered before this one is sent was not.
    #[must_use]
    pub fn unreachable(job: &JobReference, why: Why) -> Self {
        Self::Unreachable(error(job, why))
    }

    /// The error, for a report.
    #[must_use]
    pub fn into_task_error(self) -> TaskError {
        match self {
            Self::Rejected(error) | Self::Unreachable(error) | Self::Missing(error) => error,
        }
    }
}
