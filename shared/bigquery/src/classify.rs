//! What an answer of the API means for a job that was sent or asked for (BigQuery "Error messages"; the table with
//! its sources is in the project's notes on reliability). One place, one arm a row.

use std::error::Error as _;

use gcp_bigquery_client::error::{BQError, NestedResponseError};

use crate::answer::{Answer, Why};

/// Reads an error of the client.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the client's error type is not ours; what is not named here cannot come from these calls"
)]
pub(crate) fn classify(error: &BQError) -> Answer {
    match error {
        BQError::ResponseError { error } => of_response(&error.error),
        // Also an error page that is not Google's JSON: its status is lost in the client, so nothing is certain.
        BQError::RequestError(error) => {
            Answer::Transient(Why { reason: "connection".to_owned(), message: chain(error) })
        }
        // The metadata server is not ready in the first seconds of a pod.
        BQError::AuthError(_) | BQError::YupAuthError(_) | BQError::NoToken => {
            Answer::Transient(Why { reason: "credentials".to_owned(), message: error.to_string() })
        }
        other => Answer::Rejected(Why { reason: "client".to_owned(), message: other.to_string() }),
    }
}

fn of_response(error: &NestedResponseError) -> Answer {
    let first = error.errors.first();
    let reason = first.and_then(|error| error.get("reason")).cloned();
    let why = Why {
        reason: reason.unwrap_or_else(|| error.status.to_lowercase()),
        message: error.message.clone(),
    };
    let waits = matches!(
        why.reason.as_str(),
        "rateLimitExceeded" | "quotaExceeded" | "backendError" | "internalError" | "badGateway"
    );
    match error.code {
        409 => Answer::AlreadyExists(why.message),
        404 => Answer::NotFound(why),
        // An expired token (the clock may be off) and a time-out are asked again like an outage.
        401 | 408 | 429 | 500..=599 => Answer::Transient(why),
        _ if waits => Answer::Transient(why),
        _ => Answer::Rejected(why),
    }
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn response(code: i64, reason: &str) -> Answer {
        of_response(&NestedResponseError {
            code,
            errors: vec![HashMap::from([("reason".to_owned(), reason.to_owned())])],
            message: "m".to_owned(),
            status: String::new(),
        })
    }

    fn why(reason: &str) -> Why {
        Why { reason: reason.to_owned(), message: "m".to_owned() }
    }

    #[test]
    fn each_answer_has_one_meaning() {
        let rows = [
            (409, "duplicate", Answer::AlreadyExists("m".to_owned())),
            (401, "authError", Answer::Transient(why("authError"))),
            (404, "notFound", Answer::NotFound(why("notFound"))),
            (403, "rateLimitExceeded", Answer::Transient(why("rateLimitExceeded"))),
            (403, "quotaExceeded", Answer::Transient(why("quotaExceeded"))),
            (429, "tooMany", Answer::Transient(why("tooMany"))),
            (500, "internalError", Answer::Transient(why("internalError"))),
            (503, "backendError", Answer::Transient(why("backendError"))),
            (400, "invalidQuery", Answer::Rejected(why("invalidQuery"))),
            (403, "accessDenied", Answer::Rejected(why("accessDenied"))),
        ];

        for (code, reason, meaning) in rows {
            assert_eq!(response(code, reason), meaning, "{code} {reason}");
        }
    }
}
