//! Access tokens: application default credentials, key files, workload identity, impersonation.
//!
//! The tokens are those of `yup-oauth2`, which `gcp-bigquery-client` brings. Its own authenticators cannot be had without a client,
//! take part in no impersonation and ask for the scope of BigQuery only, where `gcs_wait>` needs Cloud Storage too. Each is kept
//! until shortly before it expires, so that ten thousand jobs ask for one.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use gcp_bigquery_client::auth::Authenticator;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::yup_oauth2::authenticator::{
    ApplicationDefaultCredentialsTypes, DefaultAuthenticator,
};
use gcp_bigquery_client::yup_oauth2::{
    ApplicationDefaultCredentialsAuthenticator, ApplicationDefaultCredentialsFlowOpts,
    AuthorizedUserAuthenticator, ExternalAccountAuthenticator, ServiceAccountAuthenticator,
    parse_service_account_key, read_authorized_user_secret, read_external_account_secret,
};
use serde::Deserialize;

use crate::error::ConnectError;
use crate::impersonate::Impersonated;

/// What tokens may be used for; roles say what is allowed (Google "OAuth 2.0 scopes").
pub(crate) const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Tokens of one account.
#[derive(Clone)]
struct Tokens {
    source: DefaultAuthenticator,
}

#[async_trait]
impl Authenticator for Tokens {
    async fn access_token(&self) -> Result<String, BQError> {
        let token = self.source.token(&[SCOPE]).await?;
        token.token().map(ToOwned::to_owned).ok_or(BQError::NoToken)
    }
}

/// What a file of credentials says about itself.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
    service_account_impersonation_url: Option<String>,
}

/// `GOOGLE_APPLICATION_CREDENTIALS`, else what `gcloud auth application-default login` has left, else the metadata server, which
/// on GKE answers for the workload's identity (Google "How Application Default Credentials works").
pub(crate) async fn of_environment() -> Result<Arc<dyn Authenticator>, ConnectError> {
    let named = std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from);
    let left = || {
        let home = std::env::var_os("HOME")?;
        let path = Path::new(&home).join(".config/gcloud/application_default_credentials.json");
        path.is_file().then_some(path)
    };
    match named.or_else(left) {
        Some(path) => Box::pin(of_file(&path)).await,
        None => of_metadata().await,
    }
}

async fn of_metadata() -> Result<Arc<dyn Authenticator>, ConnectError> {
    let options = ApplicationDefaultCredentialsFlowOpts::default();
    let source = match ApplicationDefaultCredentialsAuthenticator::builder(options).await {
        ApplicationDefaultCredentialsTypes::InstanceMetadata(builder) => builder.build().await,
        ApplicationDefaultCredentialsTypes::ServiceAccount(builder) => builder.build().await,
    };
    let source = source.map_err(|error| ConnectError::Credentials(BQError::from(error)))?;
    Ok(Arc::new(Tokens { source }))
}

/// A file as Google's tools write it: the key of a service account, a user, an external account, or an account to impersonate.
///
/// The last needs no `source_credentials`: it is impersonated by whoever the environment says we are.
pub(crate) async fn of_file(path: &Path) -> Result<Arc<dyn Authenticator>, ConnectError> {
    let unreadable = |source| ConnectError::KeyFile { path: path.to_owned(), source };
    let text = tokio::fs::read_to_string(path).await.map_err(unreadable)?;
    let said: Kind = serde_json::from_str(&text).map_err(|error| unreadable(error.into()))?;
    let source = match (said.kind.as_str(), said.service_account_impersonation_url) {
        ("service_account", _) => {
            let key = parse_service_account_key(&text).map_err(unreadable)?;
            ServiceAccountAuthenticator::builder(key).build().await
        }
        ("authorized_user", _) => {
            let secret = read_authorized_user_secret(path).await.map_err(unreadable)?;
            AuthorizedUserAuthenticator::builder(secret).build().await
        }
        ("external_account", impersonate) => {
            let secret = read_external_account_secret(path).await.map_err(unreadable)?;
            let source = ExternalAccountAuthenticator::builder(secret).build().await;
            let source: Arc<dyn Authenticator> =
                Arc::new(Tokens { source: source.map_err(unreadable)? });
            return Ok(match impersonate {
                Some(url) => Arc::new(Impersonated::new(url, source)?),
                None => source,
            });
        }
        ("impersonated_service_account", Some(url)) => {
            let source = of_metadata().await?;
            return Ok(Arc::new(Impersonated::new(url, source)?));
        }
        (kind, _) => {
            return Err(ConnectError::KeyKind { path: path.to_owned(), kind: kind.to_owned() });
        }
    };
    Ok(Arc::new(Tokens { source: source.map_err(unreadable)? }))
}
