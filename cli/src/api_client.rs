//! Calls of the coordinator's API, with its errors in its own words.

use std::time::Duration;

use anyhow::{Context, bail};
use backon::{ConstantBuilder, Retryable};
use reqwest::{RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest wait for an answer: starting three years of sessions takes a while.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Between two tries while nobody leads.
const PAUSE: Duration = Duration::from_secs(1);

/// Tries while nobody leads: a lease has 6 seconds, and a takeover is done within 10.
const TAKEOVER_PAUSES: usize = 15;

/// Nobody leads at the moment; the answer's body.
#[derive(Debug, thiserror::Error)]
#[error("no coordinator leads")]
struct Unavailable(Vec<u8>);

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

    /// Asks again for a while when nobody leads: a takeover takes some seconds. A 503 says that nothing was done.
    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let pauses = ConstantBuilder::new().with_delay(PAUSE).with_max_times(TAKEOVER_PAUSES);
        let ask = || async {
            let request = request.try_clone().context("a request with a stream is sent once")?;
            let response = request.send().await?;
            let status = response.status();
            let body = response.bytes().await.context("the coordinator's answer broke off")?;
            match status {
                StatusCode::SERVICE_UNAVAILABLE => Err(Unavailable(body.into()).into()),
                _ => Ok((status, body.into())),
            }
        };
        let asked = ask
            .retry(pauses)
            .when(anyhow::Error::is::<Unavailable>)
            .notify(|_, _| tracing::debug!("no coordinator leads at the moment; asking again"))
            .await;
        match asked.map_err(|error| error.downcast::<Unavailable>()) {
            Ok(answer) => Ok(answer),
            Err(Ok(Unavailable(body))) => Ok((StatusCode::SERVICE_UNAVAILABLE, body)),
            Err(Err(error)) => Err(error).with_context(|| {
                format!(
                    "could not reach the coordinator at `{}`; start `himekuri-coordinator`, or name another with `--coordinator URL`",
                    self.base
                )
            }),
        }
    }

    /// Sends a request; the answer as it is.
    pub(crate) async fn bytes(&self, request: RequestBuilder) -> anyhow::Result<Vec<u8>> {
        let (status, body) = self.answer(request).await?;
        if status == StatusCode::OK {
            return Ok(body);
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
