//! Who we are at Google: one account for all GCP projects, or one for each.

use std::collections::HashMap;
use std::sync::Arc;

use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use reqwest::Url;
use serde_json::Value;

use crate::answer::Answer;
use crate::call::{Call, Service, read};
use crate::classify::{broken, classify};

/// One account.
pub(crate) struct Account {
    pub(crate) client: Client,
    pub(crate) tokens: Arc<dyn Authenticator>,
}

/// All of them, and where the interfaces are.
pub(crate) struct Accounts {
    pub(crate) http: reqwest::Client,
    /// Base of [`Service::BigQuery`].
    pub(crate) bigquery: Url,
    /// Base of [`Service::Storage`].
    pub(crate) storage: Url,
    pub(crate) default: Account,
    /// By GCP project.
    pub(crate) by_project: HashMap<String, Account>,
}

impl Accounts {
    /// The account that works in a GCP project.
    pub(crate) fn of(&self, project: &str) -> &Account {
        self.by_project.get(project).unwrap_or(&self.default)
    }

    pub(crate) async fn call(&self, project: &str, call: Call) -> Result<Value, Answer> {
        let token = self.of(project).tokens.access_token().await.map_err(|e| classify(&e))?;
        let mut request = self
            .http
            .request(call.method, self.address(call.service, &call.path))
            .query(&call.query)
            .bearer_auth(token);
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| broken(&error))?;
        read(status, &text)
    }

    fn address(&self, service: Service, path: &[String]) -> Url {
        let mut address = match service {
            Service::BigQuery => self.bigquery.clone(),
            Service::Storage => self.storage.clone(),
        };
        // Only an address without a host has no path, and those are refused at the start.
        if let Ok(mut parts) = address.path_segments_mut() {
            parts.pop_if_empty().extend(path);
        }
        address
    }
}
