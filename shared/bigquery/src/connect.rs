//! Where BigQuery is and who we are there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::client_builder::ClientBuilder;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::project::GetOptions;
use reqwest::Url;

use crate::accounts::{Account, Accounts, Paces};
use crate::client::BigQuery;
use crate::credentials;
use crate::error::ConnectError;
use crate::jobs::HttpJobs;

/// Longest wait for one HTTP answer. Longer than the long poll of `jobs.getQueryResults`, shorter than a delivery.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a program that starts waits for its first access token.
const TOKEN_PATIENCE: Duration = Duration::from_secs(20);

/// Longest wait for a TCP connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Google's interfaces.
const GOOGLE: &str = "https://bigquery.googleapis.com";
const GOOGLE_STORAGE: &str = "https://storage.googleapis.com";

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
    /// Folder with a file of credentials for each GCP project that has its own, `PROJECT.json`: mounted, and read at the start.
    pub credentials: Option<PathBuf>,
}

impl BigQueryConfig {
    /// One account for all GCP projects.
    #[must_use]
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, credentials: None }
    }
}

impl BigQuery {
    /// Sets up the client and, for a local endpoint, makes sure that somebody answers.
    ///
    /// # Errors
    /// No credentials, or nobody at the address.
    pub async fn connect(config: &BigQueryConfig) -> Result<Self, ConnectError> {
        let http = reqwest::Client::builder()
            .timeout(REQUEST_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .build()
            .map_err(ConnectError::Client)?;
        let (base, storage, tokens) = match &config.endpoint {
            Endpoint::Google => {
                (GOOGLE.to_owned(), GOOGLE_STORAGE.to_owned(), credentials::of_environment().await?)
            }
            Endpoint::Local(address) => {
                probe(&http, address).await?;
                let base = address.trim_end_matches('/');
                let tokens: Arc<dyn Authenticator> = Arc::new(AnyToken);
                (base.to_owned(), base.to_owned(), tokens)
            }
        };
        let bigquery = format!("{base}/bigquery/v2");
        let default = account(&http, &bigquery, tokens).await?;
        let paces = match &config.endpoint {
            Endpoint::Google => {
                first_token(&default.client).await?;
                Paces::of_google()
            }
            Endpoint::Local(_) => Paces::unlimited(),
        };
        let accounts = Accounts {
            bigquery: parsed(&bigquery)?,
            storage: parsed(&format!("{storage}/storage/v1"))?,
            default,
            by_project: of_projects(&http, &bigquery, config.credentials.as_deref()).await?,
            paces,
            http,
        };
        Ok(Self::over(Arc::new(HttpJobs::new(accounts))))
    }
}

async fn account(
    http: &reqwest::Client,
    bigquery: &str,
    tokens: Arc<dyn Authenticator>,
) -> Result<Account, ConnectError> {
    let mut builder = ClientBuilder::new();
    builder.with_client(http.clone()).with_v2_base_url(bigquery.to_owned());
    let client = builder.build_from_authenticator(Arc::clone(&tokens)).await;
    Ok(Account { client: client.map_err(ConnectError::Credentials)?, tokens })
}

/// The accounts of a folder: `title-a-prod.json` works in the GCP project `title-a-prod`.
async fn of_projects(
    http: &reqwest::Client,
    bigquery: &str,
    folder: Option<&Path>,
) -> Result<HashMap<String, Account>, ConnectError> {
    let mut accounts = HashMap::new();
    let Some(folder) = folder else { return Ok(accounts) };
    let unreadable = |source| ConnectError::KeyFile { path: folder.to_owned(), source };
    let mut entries = tokio::fs::read_dir(folder).await.map_err(unreadable)?;
    while let Some(entry) = entries.next_entry().await.map_err(unreadable)? {
        let path = entry.path();
        let is_json = path.extension().is_some_and(|extension| extension == "json");
        if let (true, Some(project)) = (is_json, path.file_stem().and_then(|stem| stem.to_str())) {
            let tokens = credentials::of_file(&path).await?;
            accounts.insert(project.to_owned(), account(http, bigquery, tokens).await?);
        }
    }
    Ok(accounts)
}

fn parsed(address: &str) -> Result<Url, ConnectError> {
    Url::parse(address)
        .ok()
        .filter(Url::has_host)
        .ok_or_else(|| ConnectError::Address { address: address.to_owned() })
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
