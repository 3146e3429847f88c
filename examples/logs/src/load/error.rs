//! What can go wrong while loading.

use std::io;

/// Why a load stopped. Each variant names the address and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The address is not an URL, or TLS could not be set up.
    #[error("could not prepare requests to `{address}`; write it like `http://127.0.0.1:9050`")]
    Client {
        /// As given by the user.
        address: String,
        /// What the HTTP library says.
        #[source]
        source: reqwest::Error,
    },
    /// No answer.
    #[error("could not {doing}: no answer from `{url}`; is the warehouse running there?")]
    Unreachable {
        /// What was tried, as a verb and its object.
        doing: String,
        /// The full address.
        url: String,
        /// What the HTTP library says.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is not BigQuery's.
    #[error(
        "could not {doing}: `{url}` answered {status} with no JSON that BigQuery would send; is another program listening there?"
    )]
    Unreadable {
        /// What was tried.
        doing: String,
        /// The full address.
        url: String,
        /// The HTTP status.
        status: u16,
    },
    /// BigQuery said no.
    #[error("could not {doing}: `{url}` refused it with {status} `{reason}`: {message}{cure}")]
    Refused {
        /// What was tried.
        doing: String,
        /// The full address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// BigQuery's word for it.
        reason: String,
        /// BigQuery's sentence.
        message: String,
        /// What to do, if that is known; begins with `; `.
        cure: &'static str,
    },
    /// The job ended with an error.
    #[error(
        "job `{job}` failed with `{reason}`: {message}; the partition is as it was before, load it again once the cause is gone"
    )]
    JobFailed {
        /// The job's id.
        job: String,
        /// BigQuery's word for it.
        reason: String,
        /// BigQuery's sentence.
        message: String,
    },
    /// The job did not end.
    #[error(
        "job `{job}` was still {state} after {minutes} minutes; look at it at `{url}`, then load again"
    )]
    JobTooSlow {
        /// The job's id.
        job: String,
        /// `PENDING` or `RUNNING`.
        state: String,
        /// How long it was waited for.
        minutes: u64,
        /// The job's address.
        url: String,
    },
    /// The rows could not be made or passed on.
    #[error("could not send the rows of {table} of {day}; load the range again")]
    Rows {
        /// The table.
        table: crate::Table,
        /// The UTC day.
        day: crate::Day,
        /// What broke.
        #[source]
        source: io::Error,
    },
}
