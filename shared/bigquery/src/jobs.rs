//! The calls of the API, bare: each is made once, and its answer is read.
//!
//! [`BigQuery`](crate::BigQuery) decides over them what is asked again and what is adopted. They are a trait so that the
//! simulation of the pool can answer in BigQuery's place.

use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::error::BQError;
use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::JobReference;
use reqwest::Method;
use serde_json::Value;

use crate::accounts::Accounts;
use crate::answer::{Answer, Why};
use crate::call::Call;
use crate::classify::classify;
use crate::metrics::timed;

/// The jobs of BigQuery (REST, `jobs`).
#[async_trait]
pub trait Jobs: Send + Sync {
    /// `jobs.insert` of a job in BigQuery's JSON. Its id is its own.
    ///
    /// # Errors
    /// [`Answer::AlreadyExists`] for an id that exists; [`Answer::Transient`] when the job may have been accepted.
    async fn insert(&self, project: &str, job: Value) -> Result<Job, Answer>;

    /// `jobs.get`.
    ///
    /// # Errors
    /// [`Answer::NotFound`], also for a while after the job was accepted.
    async fn get(&self, project: &str, job: &JobReference) -> Result<Job, Answer>;

    /// `jobs.cancel`: asks, and does not wait. The job may still end well.
    ///
    /// # Errors
    /// [`Answer::NotFound`]; a job that is DONE is no error.
    async fn cancel(&self, project: &str, job: &JobReference) -> Result<(), Answer>;

    /// `jobs.getQueryResults` without rows: comes back when the job has ended, after `timeout`, or at once if BigQuery
    /// does not answer. All that counts of what it says is the number of rows of a finished query.
    async fn long_poll(&self, project: &str, job: &JobReference, timeout: Duration) -> Option<u64>;

    /// Where a dataset is (`datasets.get`); `None` if nobody knows.
    ///
    /// # Errors
    /// [`Answer::NotFound`]; [`Answer::Transient`].
    async fn location(&self, project: &str, dataset: &str) -> Result<Option<String>, Answer>;

    /// Any other call, with the credentials of `project`. Who answers in BigQuery's place need not know it.
    ///
    /// # Errors
    /// As [`Answer`] says.
    async fn call(&self, project: &str, call: Call) -> Result<Value, Answer> {
        let message = format!("{project}: {} is not answered here", call.path.join("/"));
        Err(Answer::Rejected(Why { reason: "notImplemented".to_owned(), message }))
    }
}

/// Over HTTP.
pub(crate) struct HttpJobs {
    accounts: Accounts,
}

impl HttpJobs {
    pub(crate) fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    fn client(&self, project: &str) -> &Client {
        &self.accounts.of(project).client
    }
}

/// A call of the client, with its error as an answer.
async fn read<T>(call: impl Future<Output = Result<T, BQError>>) -> Result<T, Answer> {
    call.await.map_err(|error| classify(&error))
}

#[async_trait]
impl Jobs for HttpJobs {
    async fn insert(&self, project: &str, job: Value) -> Result<Job, Answer> {
        let call = Call::bigquery(Method::POST, ["projects", project, "jobs"]).body(job);
        let inserted = timed("jobs.insert", self.accounts.call(project, call)).await?;
        serde_json::from_value(inserted).map_err(|error| {
            // It was accepted: the same id finds it.
            let message = format!("BigQuery's answer cannot be read: {error}");
            Answer::Transient(Why { reason: "connection".to_owned(), message })
        })
    }

    async fn get(&self, project: &str, job: &JobReference) -> Result<Job, Answer> {
        let location = job.location.as_deref();
        let jobs = self.client(project).job();
        let found = jobs.get_job(project, &job.job_id, location);
        timed("jobs.get", read(found)).await
    }

    async fn cancel(&self, project: &str, job: &JobReference) -> Result<(), Answer> {
        self.accounts.paces.cancels.wait().await;
        let location = job.location.as_deref();
        let jobs = self.client(project).job();
        let answer = jobs.cancel_job(project, &job.job_id, location);
        timed("jobs.cancel", read(answer)).await.map(|_| ())
    }

    async fn long_poll(&self, project: &str, job: &JobReference, timeout: Duration) -> Option<u64> {
        let parameters = GetQueryResultsParameters {
            location: job.location.clone(),
            max_results: Some(0),
            timeout_ms: i32::try_from(timeout.as_millis()).ok(),
            ..GetQueryResultsParameters::default()
        };
        let jobs = self.client(project).job();
        match jobs.get_query_results(project, &job.job_id, parameters).await {
            Ok(results) if results.job_complete == Some(true) => results.total_rows?.parse().ok(),
            Ok(_) => None,
            // A failed job makes this call fail too.
            Err(error) => {
                tracing::trace!("long poll of {} ended: {error}", job.job_id);
                None
            }
        }
    }

    async fn location(&self, project: &str, dataset: &str) -> Result<Option<String>, Answer> {
        let datasets = self.client(project).dataset();
        let found = datasets.get(project, dataset);
        timed("datasets.get", read(found)).await.map(|dataset| dataset.location)
    }

    async fn call(&self, project: &str, call: Call) -> Result<Value, Answer> {
        timed("other", self.accounts.call(project, call)).await
    }
}
