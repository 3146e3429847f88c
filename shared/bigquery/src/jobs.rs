//! The calls of the API, bare: each is made once, and its answer is read.
//!
//! [`BigQuery`](crate::BigQuery) decides over them what is asked again and what is adopted. They are a trait so that the
//! simulation of the pool can answer in BigQuery's place.

use std::time::Duration;

use async_trait::async_trait;
use gcp_bigquery_client::Client;
use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::JobReference;

use crate::answer::Answer;
use crate::classify::classify;

/// The jobs of BigQuery (REST, `jobs`).
#[async_trait]
pub trait Jobs: Send + Sync {
    /// `jobs.insert`. The job's id is its own.
    ///
    /// # Errors
    /// [`Answer::AlreadyExists`] for an id that exists; [`Answer::Transient`] when the job may have been accepted.
    async fn insert(&self, project: &str, job: Job) -> Result<Job, Answer>;

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
    /// does not answer. What it says does not count.
    async fn long_poll(&self, project: &str, job: &JobReference, timeout: Duration);

    /// Where a dataset is (`datasets.get`); `None` if nobody knows.
    ///
    /// # Errors
    /// [`Answer::NotFound`]; [`Answer::Transient`].
    async fn location(&self, project: &str, dataset: &str) -> Result<Option<String>, Answer>;
}

/// Over HTTP.
pub(crate) struct HttpJobs {
    client: Client,
}

impl HttpJobs {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Jobs for HttpJobs {
    async fn insert(&self, project: &str, job: Job) -> Result<Job, Answer> {
        let inserted = self.client.job().insert(project, job).await;
        inserted.map_err(|error| classify(&error))
    }

    async fn get(&self, project: &str, job: &JobReference) -> Result<Job, Answer> {
        let location = job.location.as_deref();
        let found = self.client.job().get_job(project, &job.job_id, location).await;
        found.map_err(|error| classify(&error))
    }

    async fn cancel(&self, project: &str, job: &JobReference) -> Result<(), Answer> {
        let location = job.location.as_deref();
        let answer = self.client.job().cancel_job(project, &job.job_id, location).await;
        answer.map(|_| ()).map_err(|error| classify(&error))
    }

    async fn long_poll(&self, project: &str, job: &JobReference, timeout: Duration) {
        let parameters = GetQueryResultsParameters {
            location: job.location.clone(),
            max_results: Some(0),
            timeout_ms: i32::try_from(timeout.as_millis()).ok(),
            ..GetQueryResultsParameters::default()
        };
        let jobs = self.client.job();
        // A failed job makes this call fail too.
        if let Err(error) = jobs.get_query_results(project, &job.job_id, parameters).await {
            tracing::trace!("long poll of {} ended: {error}", job.job_id);
        }
    }

    async fn location(&self, project: &str, dataset: &str) -> Result<Option<String>, Answer> {
        let found = self.client.dataset().get(project, dataset).await;
        found.map(|dataset| dataset.location).map_err(|error| classify(&error))
    }
}
