//! Calls of the coordinator's API, with its errors in its own words.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for an answer: starting three years of sessions takes a while.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The coordinator's address and a client.
pub(crate) struct ApiClient {
    base: String,
    http: reqwest::Client,
}

/// RFC 9457, with the diagnostics that a refused push has.
#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
    #[serde(default)]
    diagnostics: Vec<String>,
}

impl ApiClient {
    pub(crate) fn new(base: &str) -> Self {
        let http =
            reqwest::Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(TIMEOUT).build();
        Self { base: base.trim_end_matches('/').to_owned(), http: http.unwrap_or_default() }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base))
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.base))
    }

    pub(crate) fn put(&self, path: &str) -> RequestBuilder {
        self.http.put(format!("{}{path}", self.base))
    }

    /// Sends a request and reads the answer.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> anyhow::Result<T> {
        let body = self.bytes(request).await?;
        let what = || format!("the answer of `{}` is not a coordinator's", self.base);
        serde_json::from_slice(&body).with_context(what)
    }

    /// Sends a request; the answer as it is.
    pub(crate) async fn bytes(&self, request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        let response = request.send().await.with_context(|| {
            format!(
                "could not reach the coordinator at `{}`; start `himekuri-coordinator`, or name another with `--coordinator URL`",
                self.base
            )
        })?;
        let status = response.status();
        let body = response.bytes().await.context("the coordinator's answer broke off")?;
        if status == StatusCode::OK {
            return Ok(body.into());
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) if problem.diagnostics.is_empty() => bail!("{}", problem.detail),
            Ok(problem) => bail!("{}:\n{}", problem.detail, problem.diagnostics.join("\n")),
            Err(_) => bail!(
                "the coordinator at `{}` answered {status}: {}",
                self.base,
                String::from_utf8_lossy(&body)
            ),
        }
    }
}
