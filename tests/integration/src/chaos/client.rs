//! Calls of the API: whichever coordinator answers is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

/// Longest wait for a connection: on one machine a coordinator that runs takes it at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest wait for an answer: a frozen coordinator takes connections, and says nothing.
const TIMEOUT: Duration = Duration::from_secs(8);

/// The API of a pool with more than one coordinator.
#[derive(Debug)]
pub(super) struct Client {
    addresses: Vec<String>,
    http: reqwest::Client,
    /// Who answered last.
    preferred: AtomicUsize,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// A coordinator says no: asking again would not help.
    Refused {
        status: StatusCode,
        detail: String,
        /// Whether another coordinator was asked before and gave no answer: it may have done what was asked.
        is_second: bool,
    },
    /// Nobody is there who could say; whether something was done is not known.
    Unreachable(String),
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused { status, detail, .. } => {
                write!(f, "refused with {status}: {detail}")
            }
            Self::Unreachable(why) => write!(f, "nobody answers: {why}"),
        }
    }
}

impl std::error::Error for NoAnswer {}

/// RFC 9457, as far as it is needed.
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

impl Client {
    pub(super) fn new(addresses: Vec<String>) -> Self {
        let http =
            reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build();
        Self { addresses, http: http.unwrap_or_default(), preferred: AtomicUsize::new(0) }
    }

    /// Who answered last, as a base address.
    pub(super) fn preferred(&self) -> &str {
        let index = self.preferred.load(Ordering::Relaxed) % self.addresses.len();
        &self.addresses[index]
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, NoAnswer> {
        self.call(Method::GET, path, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, NoAnswer> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Asks every coordinator once, until one answers.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, NoAnswer> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = NoAnswer::Unreachable("there is no coordinator".to_owned());
        let mut is_second = false;
        for index in (0..self.addresses.len()).map(|next| (first + next) % self.addresses.len()) {
            let url = format!("{}{path}", self.addresses[index]);
            match self.once(method.clone(), &url, body).await {
                Ok(answer) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(NoAnswer::Refused { status, detail, .. }) => {
                    return Err(NoAnswer::Refused { status, detail, is_second });
                }
                Err(unreachable) => last = unreachable,
            }
            is_second = true;
        }
        Err(last)
    }

    async fn once(
        &self,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Value, NoAnswer> {
        let lost = |error: reqwest::Error| NoAnswer::Unreachable(error.without_url().to_string());
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(lost)?;
        let status = response.status();
        let text = response.text().await.map_err(lost)?;
        if status.is_success() {
            let read = serde_json::from_str(&text);
            return read.map_err(|error| NoAnswer::Unreachable(format!("no JSON: {error}")));
        }
        let detail = serde_json::from_str::<Problem>(&text).map_or(text, |problem| problem.detail);
        // A standby may pass the question on to a leader that is not there; that is no decision.
        let is_decided = status.is_client_error()
            && ![StatusCode::MISDIRECTED_REQUEST, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        if is_decided {
            Err(NoAnswer::Refused { status, detail, is_second: false })
        } else {
            Err(NoAnswer::Unreachable(format!("{status}: {detail}")))
        }
    }
}
