//! Calls of the coordinator's API, with its errors in its own words.

use std::time::Duration;

use anyhow::{Context, bail};
use backon::{ConstantBuilder, Retryable};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Method, Request, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

mod lists;

pub(crate) use lists::Wanted;

/// Names the variable with the caller's token. No argument: those stand in lists of processes.
const TOKEN: &str = "HIMEKURI_TOKEN";

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
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .default_headers(authorization(std::env::var(TOKEN).ok()))
            .build();
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

    /// Asks again for a while when nobody leads: a takeover takes some seconds. A request may have been carried out before its
    /// leader was gone, so only one that may come twice is sent again.
    async fn answer(&self, request: RequestBuilder) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let built = request.try_clone().and_then(|request| request.build().ok());
        let may_repeat = built.is_some_and(|request| may_come_twice(&request));
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
            .when(|error: &anyhow::Error| may_repeat && error.is::<Unavailable>())
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

/// Who we are, for a coordinator that wants to know. A token that cannot stand in a header is refused by it like a wrong one.
fn authorization(token: Option<String>) -> HeaderMap {
    let value =
        token.and_then(|token| HeaderValue::from_str(&format!("Bearer {}", token.trim())).ok());
    let value = value.map(|mut value| {
        value.set_sensitive(true);
        (AUTHORIZATION, value)
    });
    value.into_iter().collect()
}

/// Reading and pushing change nothing the second time. A session has one attempt of each name, and a killed attempt is killed;
/// but a retry or a backfill without a name would be another one.
fn may_come_twice(request: &Request) -> bool {
    let path = request.url().path();
    request.method() != Method::POST || path.ends_with("/v1/attempts") || path.ends_with("/kill")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_done_once_more_is_not_sent_again() {
        let api = ApiClient::new("http://127.0.0.1:1");
        let may = |request: RequestBuilder| may_come_twice(&request.build().unwrap());

        assert!(may(api.get("/v1/attempts")));
        assert!(may(api.put("/v1/projects/title_a")));
        assert!(may(api.post("/v1/attempts")));
        assert!(may(api.post("/v1/attempts/7/kill")));
        assert!(!may(api.post("/v1/attempts/7/retry")));
        assert!(!may(api.post("/v1/backfills")));
    }

    #[test]
    fn a_token_goes_with_every_request_and_is_never_shown() {
        let headers = authorization(Some("himekuri_1\n".to_owned()));

        assert_eq!(headers[AUTHORIZATION], "Bearer himekuri_1");
        assert!(!format!("{headers:?}").contains("himekuri_1"));
        assert!(authorization(None).is_empty());
    }
}
