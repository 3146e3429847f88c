//! Tokens of a service account that we may act for (IAM Service Account Credentials API, `generateAccessToken`).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::error::BQError;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::credentials::SCOPE;
use crate::error::ConnectError;

/// Google's default, and longest without a policy of the organisation.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// A token is not used in its last minutes: a call may take long, and clocks differ.
const MARGIN: Duration = Duration::from_secs(300);

/// Longest wait for a token.
const TIMEOUT: Duration = Duration::from_secs(10);

/// One impersonated account.
#[derive(Clone)]
pub(crate) struct Impersonated {
    address: String,
    source: Arc<dyn Authenticator>,
    http: reqwest::Client,
    /// Held while a token is fetched, so that one call fetches for all that wait.
    current: Arc<Mutex<Option<(String, Instant)>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Generated {
    access_token: String,
}

impl Impersonated {
    /// `address` ends in `serviceAccounts/EMAIL:generateAccessToken`.
    pub(crate) fn new(
        address: String,
        source: Arc<dyn Authenticator>,
    ) -> Result<Self, ConnectError> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build();
        let http = http.map_err(ConnectError::Client)?;
        Ok(Self { address, source, http, current: Arc::default() })
    }

    async fn generate(&self) -> Result<String, BQError> {
        let token = self.source.access_token().await?;
        let lifetime = format!("{}s", LIFETIME.as_secs());
        let sent = self
            .http
            .post(&self.address)
            .bearer_auth(token)
            .json(&json!({"scope": [SCOPE], "lifetime": lifetime}));
        let answer = sent.send().await?.error_for_status()?;
        Ok(answer.json::<Generated>().await?.access_token)
    }
}

#[async_trait]
impl Authenticator for Impersonated {
    async fn access_token(&self) -> Result<String, BQError> {
        let mut current = self.current.lock().await;
        if let Some((token, fresh_until)) = &*current
            && Instant::now() < *fresh_until
        {
            return Ok(token.clone());
        }
        let token = self.generate().await?;
        *current = Some((token.clone(), Instant::now() + (LIFETIME - MARGIN)));
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::extract::State;
    use axum::http::HeaderMap;
    use axum::routing::post;
    use axum::{Json, Router};
    use serde_json::Value;

    use super::*;

    #[derive(Clone)]
    struct Own;

    #[async_trait]
    impl Authenticator for Own {
        async fn access_token(&self) -> Result<String, BQError> {
            Ok("own".to_owned())
        }
    }

    async fn generate(
        State(calls): State<Arc<AtomicUsize>>,
        headers: HeaderMap,
        Json(asked): Json<Value>,
    ) -> Json<Value> {
        assert_eq!(headers["authorization"], "Bearer own");
        assert_eq!(asked["scope"], json!([SCOPE]));
        let call = calls.fetch_add(1, Ordering::SeqCst);
        Json(json!({"accessToken": format!("theirs-{call}")}))
    }

    #[tokio::test]
    async fn many_calls_at_once_fetch_one_token_and_an_old_one_is_renewed() {
        let calls = Arc::new(AtomicUsize::new(0));
        let router = Router::new().route("/token", post(generate)).with_state(Arc::clone(&calls));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let impersonated = Impersonated::new(address, Arc::new(Own)).unwrap();

        let many = (0..100).map(|_| impersonated.access_token());
        let tokens = futures::future::join_all(many).await;
        *impersonated.current.lock().await = Some(("old".to_owned(), Instant::now()));
        let renewed = impersonated.access_token().await.unwrap();

        assert!(tokens.iter().all(|token| token.as_ref().unwrap() == "theirs-0"));
        assert_eq!(renewed, "theirs-1");
        assert_eq!(calls.load(Ordering::SeqCst), 2);
    }
}
