//! What can go wrong on the way to a job.

use himekuri_protocol::TaskError;

/// Why there is no connection to BigQuery. The start of a program fails with it.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No credentials were found.
    #[error(
        "could not find Google credentials; set GOOGLE_APPLICATION_CREDENTIALS to a key file, or run where workload identity is set up, or name a local endpoint with `--bigquery http://HOST:PORT`"
    )]
    Credentials(#[source] gcp_bigquery_client::error::BQError),
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
    /// The error, for a report.
    #[must_use]
    pub fn into_task_error(self) -> TaskError {
        match self {
            Self::Rejected(error) | Self::Unreachable(error) | Self::Missing(error) => error,
        }
    }
}
