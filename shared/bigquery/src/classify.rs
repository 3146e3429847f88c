//! What an error of the client means for a job that was sent or asked for. The reasons have a table of their own, which the
//! engine reads too: `himekuri_protocol::reason`.

use std::error::Error as _;

use gcp_bigquery_client::error::BQError;

use crate::answer::{Answer, Why};
use crate::call::of_error;

/// Reads an error of the client.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the client's error type is not ours; what is not named here cannot come from these calls"
)]
pub(crate) fn classify(error: &BQError) -> Answer {
    match error {
        BQError::ResponseError { error } => {
            of_error(u16::try_from(error.error.code).unwrap_or_default(), &error.error)
        }
        // Also an error page that is not Google's JSON: its status is lost in the client, so nothing is certain.
        BQError::RequestError(error) => broken(error),
        // The metadata server is not ready in the first seconds of a pod.
        BQError::AuthError(_) | BQError::YupAuthError(_) | BQError::NoToken => {
            Answer::Transient(Why { reason: "credentials".to_owned(), message: error.to_string() })
        }
        other => Answer::Rejected(Why { reason: "client".to_owned(), message: other.to_string() }),
    }
}

/// A call without an answer: it may have been made.
pub(crate) fn broken(error: &reqwest::Error) -> Answer {
    Answer::Transient(Why { reason: "connection".to_owned(), message: chain(error) })
}

/// The whole chain in one line: reqwest's own text leaves the cause out.
fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
