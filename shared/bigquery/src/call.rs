//! A call of Google's REST interfaces, bare, and the reading of its answer.
//!
//! `gcp-bigquery-client` makes the calls that it models. It has no models for a job's reservation, for the parameters of
//! `jobs.list`, for most of a dataset and for Cloud Storage, and it loses the status of an error that is not Google's JSON: these
//! calls are made here (decision 0019).

use gcp_bigquery_client::error::NestedResponseError;
use himekuri_protocol::reason::{CallError, of_call};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{Answer, Why};

/// Longest part of an answer that is no JSON in an error.
const PAGE_SHOWN: usize = 200;

/// Which interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `https://bigquery.googleapis.com/bigquery/v2`
    BigQuery,
    /// `https://storage.googleapis.com/storage/v1`
    Storage,
}

/// One call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Where it goes.
    pub service: Service,
    /// How.
    pub method: Method,
    /// Parts of the path, which are encoded on the way.
    pub path: Vec<String>,
    /// Parameters behind the `?`.
    pub query: Vec<(&'static str, String)>,
    /// What is sent.
    pub body: Option<Value>,
}

impl Call {
    /// A call of BigQuery.
    #[must_use]
    pub fn bigquery<const N: usize>(method: Method, path: [&str; N]) -> Self {
        Self::new(Service::BigQuery, method, path)
    }

    /// A `GET` of Cloud Storage.
    #[must_use]
    pub fn storage<const N: usize>(path: [&str; N]) -> Self {
        Self::new(Service::Storage, Method::GET, path)
    }

    fn new<const N: usize>(service: Service, method: Method, path: [&str; N]) -> Self {
        let path = path.map(ToOwned::to_owned).to_vec();
        Self { service, method, path, query: Vec::new(), body: None }
    }

    /// With parameters.
    #[must_use]
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// Google's JSON of an error.
#[derive(Deserialize)]
struct Failure {
    error: NestedResponseError,
}

/// Reads an answer; nothing is `null`.
pub(crate) fn read(status: StatusCode, text: &str) -> Result<Value, Answer> {
    if status.is_success() {
        return match text.trim() {
            "" => Ok(Value::Null),
            json => serde_json::from_str(json).map_err(|error| {
                let reason = "connection".to_owned();
                Answer::Transient(Why {
                    reason,
                    message: format!("the answer is no JSON: {error}"),
                })
            }),
        };
    }
    Err(match serde_json::from_str::<Failure>(text) {
        Ok(failure) => of_error(status.as_u16(), &failure.error),
        Err(_) => {
            let page: String = text.chars().take(PAGE_SHOWN).collect();
            let reason = format!("http{}", status.as_u16());
            answer(status.as_u16(), Why { reason, message: page })
        }
    })
}

/// What an error in Google's JSON means.
pub(crate) fn of_error(status: u16, error: &NestedResponseError) -> Answer {
    let first = error.errors.first().and_then(|error| error.get("reason")).cloned();
    let reason = first.unwrap_or_else(|| error.status.to_lowercase());
    answer(status, Why { reason, message: error.message.clone() })
}

fn answer(status: u16, why: Why) -> Answer {
    match of_call(status, &why.reason) {
        CallError::Exists => Answer::AlreadyExists(why.message),
        CallError::NotFound => Answer::NotFound(why),
        CallError::SameCall => Answer::Transient(why),
        CallError::Refused => Answer::Rejected(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_keeps_its_status() {
        let answer = read(StatusCode::BAD_GATEWAY, "<html>bad gateway</html>");

        let why =
            Why { reason: "http502".to_owned(), message: "<html>bad gateway</html>".to_owned() };
        assert_eq!(answer, Err(Answer::Transient(why)));
    }

    #[test]
    fn googles_words_are_kept() {
        let text = r#"{"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED", "errors": [{"reason": "accessDenied"}]}}"#;

        let answer = read(StatusCode::FORBIDDEN, text);

        let why = Why { reason: "accessDenied".to_owned(), message: "no".to_owned() };
        assert_eq!(answer, Err(Answer::Rejected(why)));
    }
}
