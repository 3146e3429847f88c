//! Who we are at Google: one account for all GCP projects, or one for each.

use std::collections::HashMap;
use std::sync::Arc;

use gcp_bigquery_client::Client;
use gcp_bigquery_client::auth::Authenticator;
use reqwest::{Method, Url};
use serde_json::Value;

use crate::answer::Answer;
use crate::call::{Call, Service, read};
use crate::classify::{broken, classify};
use crate::pace::Pace;

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
    pub(crate) paces: Paces,
}

/// Calls in a second, for each method: four fifths of what Google allows one user (BigQuery "Quotas and limits", API requests per
/// second: 100 for a method; August 2026).
const CALLS_PER_SECOND: u32 = 80;

/// What is counted by itself.
pub(crate) struct Paces {
    pub(crate) inserts: Pace,
    pub(crate) cancels: Pace,
    pub(crate) lists: Pace,
    pub(crate) others: Pace,
}

impl Paces {
    /// Google's.
    pub(crate) fn of_google() -> Self {
        let pace = || Pace::per_second(CALLS_PER_SECOND);
        Self { inserts: pace(), cancels: pace(), lists: pace(), others: pace() }
    }

    /// A local endpoint takes what comes.
    pub(crate) fn unlimited() -> Self {
        let pace = Pace::unlimited;
        Self { inserts: pace(), cancels: pace(), lists: pace(), others: pace() }
    }

    fn of(&self, call: &Call) -> &Pace {
        let is_jobs = call.path.last().is_some_and(|last| last == "jobs");
        match (is_jobs, &call.method) {
            (true, &Method::POST) => &self.inserts,
            (true, &Method::GET) => &self.lists,
            _ => &self.others,
        }
    }
}

impl Accounts {
    /// The account that works in a GCP project.
    pub(crate) fn of(&self, project: &str) -> &Account {
        self.by_project.get(project).unwrap_or(&self.default)
    }

    pub(crate) async fn call(&self, project: &str, call: Call) -> Result<Value, Answer> {
        self.paces.of(&call).wait().await;
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
