//! Where BigQuery is and who we are there.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::project::GetOptions;

use crate::client::BigQuery;
use crate::error::ConnectError;
use crate::jobs::HttpJobs;

/// Longest wait for one HTTP answer. Longer than the long poll of `jobs.getQueryResults`, shorter than a delivery.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a program that starts waits for its first access token.
const TOKEN_PATIENCE: Duration = Duration::from_secs(20);

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Which BigQuery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Google's, with application default credentials.
    Google,
    /// A local one, `http://HOST:PORT`, that takes any token.
    Local(String),
}

/// How to reach BigQuery.
#[derive(Clone, Debug)]
pub struct BigQueryConfig {
    /// Which one.
    pub endpoint: Endpoint,
}

impl BigQuery {
    /// Sets up the client and, for a local endpoint, makes sure that somebody answers.
    ///
    /// # Errors
    /// No credentials, or nobody at the address.
    pub async fn connect(config: &BigQueryConfig) -> Result<Self, ConnectError> {
        Ok(Self::over(Arc::new(HttpJobs::new(connected(config).await?))))
    }
}

pub(crate) async fn connected(config: &BigQueryConfig) -> Result<Client, ConnectError> {
    let http = reqwest::Client::builder()
        .timeout(REQUEST_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .map_err(ConnectError::Client)?;
    let mut builder = ClientBuilder::new();
    builder.with_client(http.clone());
    let client = match &config.endpoint {
        Endpoint::Google => {
            let client = builder.build_from_application_default_credentials().await;
            let client = client.map_err(ConnectError::Credentials)?;
            first_token(&client).await?;
            Ok(client)
        }
        Endpoint::Local(address) => {
            probe(&http, address).await?;
            builder.with_v2_base_url(format!("{}/bigquery/v2", address.trim_end_matches('/')));
            builder.build_from_authenticator(Arc::new(AnyToken)).await
        }
    };
    client.map_err(ConnectError::Credentials)
}

/// Makes sure that there are credentials: without them every job would be "unreachable" for half an hour. The metadata server
/// of a new pod is not ready in its first seconds.
async fn first_token(client: &Client) -> Result<(), ConnectError> {
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_secs(1))
        .with_total_delay(Some(TOKEN_PATIENCE))
        .without_max_times();
    let call = || async {
        match client.project().list(GetOptions::default()).await {
            Err(error @ (BQError::AuthError(_) | BQError::YupAuthError(_) | BQError::NoToken)) => {
                Err(ConnectError::Credentials(error))
            }
            // What the project allows is another question, and each job's own.
            Ok(_) | Err(_) => Ok(()),
        }
    };
    call.retry(pauses).await
}

/// Any HTTP answer will do: it is the connection that is tested.
async fn probe(http: &reqwest::Client, address: &str) -> Result<(), ConnectError> {
    if !address.starts_with("http://") && !address.starts_with("https://") {
        return Err(ConnectError::Address { address: address.to_owned() });
    }
    let url = format!("{}/bigquery/v2/projects", address.trim_end_matches('/'));
    match http.get(url).send().await {
        Ok(_) => Ok(()),
        Err(source) => Err(ConnectError::Unreachable { address: address.to_owned(), source }),
    }
}

/// The local endpoint does not look at tokens.
#[derive(Clone)]
struct AnyToken;

#[async_trait]
impl Authenticator for AnyToken {
    async fn access_token(&self) -> Result<String, BQError> {
        Ok("local".to_owned())
    }
}
