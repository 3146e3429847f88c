//! The calls: submit, wait, look up, cancel.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use gcp_bigquery_client::Client;
use gcp_bigquery_client::model::get_query_results_parameters::GetQueryResultsParameters;
use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{JobReference, QueryJob, TaskError};
use tokio::time::Instant;

use crate::classify::{Answer, Why, classify};
use crate::convert::{fingerprint_of, to_api};
use crate::error::JobError;
use crate::state::JobState;

/// One long poll of `jobs.getQueryResults`; BigQuery answers earlier when the job ends.
const LONG_POLL: Duration = Duration::from_secs(10);

/// Pause between long polls that came back at once without an end, so that a broken server is not hammered.
const POLL_PAUSE: Duration = Duration::from_millis(200);

/// A client of one endpoint.
#[derive(Clone)]
pub struct BigQuery {
    client: Client,
    default_project: String,
}

impl BigQuery {
    pub(crate) fn new(client: Client, default_project: String) -> Self {
        Self { client, default_project }
    }

    /// Sends a job, or adopts the one that an earlier delivery of the same try sent. Asks again within `patience`
    /// when BigQuery gives no clear answer.
    ///
    /// # Errors
    /// [`JobError`]: refused, or no clear answer.
    pub async fn submit(&self, job: &QueryJob, patience: Duration) -> Result<JobState, JobError> {
        let sent = self.persist(patience, job_call(&job.job), || self.insert_or_adopt(job)).await?;
        let Some(answer) = sent else {
            return Err(JobError::Unreachable(error(&job.job, Why::vanished())));
        };
        Ok(JobState::of(&answer, &job.job))
    }

    /// Waits for a job's end, at most `patience`.
    ///
    /// # Errors
    /// No clear answer, or no such job.
    pub async fn wait(&self, job: &JobReference, patience: Duration) -> Result<JobState, JobError> {
        let deadline = Instant::now() + patience;
        loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            self.long_poll(job, remaining.min(LONG_POLL)).await;
            let state = self.look_up(job, remaining.max(Duration::from_secs(1))).await?;
            if state != JobState::Running || Instant::now() + POLL_PAUSE >= deadline {
                return Ok(state);
            }
            tokio::time::sleep(POLL_PAUSE).await;
        }
    }

    /// A job's state now. Asks again within `patience` when BigQuery gives no clear answer.
    ///
    /// # Errors
    /// No clear answer, or no such job.
    pub async fn look_up(
        &self,
        job: &JobReference,
        patience: Duration,
    ) -> Result<JobState, JobError> {
        let found = self.persist(patience, job_call(job), || self.get(job)).await?;
        match found {
            Some(found) => Ok(JobState::of(&found, job)),
            None => Err(JobError::Missing(error(job, Why::vanished()))),
        }
    }

    /// Asks BigQuery to stop a job. It may still end well (REST, `jobs.cancel`): wait for its end.
    ///
    /// # Errors
    /// No clear answer, or no such job.
    pub async fn cancel(&self, job: &JobReference, patience: Duration) -> Result<(), JobError> {
        let call = || async {
            let location = job.location.as_deref();
            let jobs = self.client.job();
            let answer = jobs.cancel_job(self.project(job), &job.job_id, location).await;
            answer.map(|_| ()).map_err(|error| classify(&error))
        };
        self.persist(patience, job_call(job), call).await
    }

    /// `None` when the id exists but the job cannot be read yet.
    async fn insert_or_adopt(&self, job: &QueryJob) -> Result<Option<Job>, Answer> {
        let project = self.project(&job.job);
        match self.client.job().insert(project, to_api(job, project)).await {
            Ok(inserted) => Ok(Some(inserted)),
            Err(error) => match classify(&error) {
                Answer::AlreadyExists => self.adopt(job).await,
                // An unknown project or dataset: the job was not accepted.
                Answer::NotFound(why) => Err(Answer::Rejected(why)),
                other @ (Answer::Transient(_) | Answer::Rejected(_)) => Err(other),
            },
        }
    }

    /// The job with our id, if it is ours. Right after 409 it may be unknown for a while (python-bigquery#2134), which
    /// is asked again.
    async fn adopt(&self, job: &QueryJob) -> Result<Option<Job>, Answer> {
        let Some(found) = self.get(&job.job).await? else {
            return Err(Answer::Transient(Why::vanished()));
        };
        if fingerprint_of(&found) == Some(job.fingerprint.as_str()) {
            tracing::debug!(job.id = %job.job.job_id, "adopted job {}", job.job.job_id);
            return Ok(Some(found));
        }
        Err(Answer::Rejected(Why {
            reason: "foreignJob".to_owned(),
            message: "a job of this id exists but does something else; it was not adopted"
                .to_owned(),
        }))
    }

    async fn get(&self, job: &JobReference) -> Result<Option<Job>, Answer> {
        let location = job.location.as_deref();
        match self.client.job().get_job(self.project(job), &job.job_id, location).await {
            Ok(found) => Ok(Some(found)),
            Err(error) => match classify(&error) {
                Answer::NotFound(_) => Ok(None),
                other @ (Answer::AlreadyExists | Answer::Transient(_) | Answer::Rejected(_)) => {
                    Err(other)
                }
            },
        }
    }

    /// Only to wait: a failed job makes this call fail too, and the truth comes from [`Self::look_up`].
    async fn long_poll(&self, job: &JobReference, timeout: Duration) {
        let parameters = GetQueryResultsParameters {
            location: job.location.clone(),
            max_results: Some(0),
            timeout_ms: i32::try_from(timeout.as_millis()).ok(),
            ..GetQueryResultsParameters::default()
        };
        let jobs = self.client.job();
        if let Err(error) = jobs.get_query_results(self.project(job), &job.job_id, parameters).await
        {
            tracing::trace!("long poll of {} ended: {error}", job.job_id);
        }
    }

    /// Repeats a call that gave no clear answer, with growing pauses.
    async fn persist<T, F, A>(
        &self,
        patience: Duration,
        (job, what): (&JobReference, &str),
        call: F,
    ) -> Result<T, JobError>
    where
        F: FnMut() -> A,
        A: Future<Output = Result<T, Answer>>,
    {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(10))
            .with_total_delay(Some(patience))
            .without_max_times()
            .with_jitter();
        call.retry(pauses)
            .when(|answer| matches!(answer, Answer::Transient(_)))
            .notify(|answer, pause| {
                if let Answer::Transient(why) = answer {
                    let (reason, message) = (&why.reason, &why.message);
                    tracing::warn!(job.id = %job.job_id, reason, "could not {what}: {message}; again in {pause:?}");
                }
            })
            .await
            .map_err(|answer| match answer {
                Answer::Transient(why) => JobError::Unreachable(error(job, why)),
                Answer::Rejected(why) => JobError::Rejected(error(job, why)),
                Answer::NotFound(why) => JobError::Missing(error(job, why)),
                Answer::AlreadyExists => JobError::Unreachable(error(job, Why::vanished())),
            })
    }

    fn project<'a>(&'a self, job: &'a JobReference) -> &'a str {
        job.project.as_deref().unwrap_or(&self.default_project)
    }
}

impl Why {
    fn vanished() -> Self {
        Self {
            reason: "notFound".to_owned(),
            message: "BigQuery knows no job of this id, at least not yet".to_owned(),
        }
    }
}

fn job_call(job: &JobReference) -> (&JobReference, &'static str) {
    (job, "reach BigQuery")
}

fn error(job: &JobReference, why: Why) -> TaskError {
    TaskError { reason: why.reason, message: why.message, job: Some(job.clone()) }
}
