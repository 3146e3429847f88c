//! Ending a job for good.

use std::time::Duration;

use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{DatasetReference, JobReference};
use tokio::time::Instant;

use crate::answer::Answer;
use crate::client::{BigQuery, project};
use crate::error::JobError;
use crate::state::JobState;
use crate::tombstone::{marked, tombstone};

impl BigQuery {
    /// Makes sure that a job is over or can never begin, within `patience`. `dataset` is where it writes: it runs there if
    /// `job` names no location.
    ///
    /// [`JobState::Failed`] with the reason `canceled` says that it had not begun and never will: whoever sends it later
    /// meets this answer. A job that had begun is cancelled and waited for; [`JobState::Running`] says that it takes
    /// longer than the patience. It may end well all the same (REST, `jobs.cancel`).
    ///
    /// # Errors
    /// [`JobError`]: no clear answer, or BigQuery lets us take no id there. Nothing is known about the job then.
    pub async fn stop(
        &self,
        job: &JobReference,
        dataset: Option<&DatasetReference>,
        patience: Duration,
    ) -> Result<JobState, JobError> {
        let deadline = Instant::now() + patience;
        let job = self.placed(job, dataset, patience).await?;
        let remaining = deadline.saturating_duration_since(Instant::now());
        let found = self.persist(remaining, &job, || self.bury_or_find(&job)).await?;
        let JobState::Running(running) = JobState::of(&found, &job) else {
            return Ok(JobState::of(&found, &job));
        };
        let remaining = deadline.saturating_duration_since(Instant::now());
        let cancel = || async { self.jobs.cancel(project(&running)?, &running).await };
        self.persist(remaining, &running, cancel).await?;
        self.wait(&running, deadline.saturating_duration_since(Instant::now())).await
    }

    /// The job with the location in which it would run: an id is taken in one location only.
    async fn placed(
        &self,
        job: &JobReference,
        dataset: Option<&DatasetReference>,
        patience: Duration,
    ) -> Result<JobReference, JobError> {
        let (None, Some(dataset)) = (&job.location, dataset) else {
            return Ok(job.clone());
        };
        let ask = || async {
            let own = project(job)?;
            let project = dataset.project.as_deref().unwrap_or(own);
            match self.jobs.location(project, &dataset.dataset).await {
                // Nothing can be written to it, so any place will do.
                Err(Answer::NotFound(_)) => Ok(None),
                answer => answer,
            }
        };
        let location = self.persist(patience, job, ask).await?;
        Ok(JobReference { location, ..job.clone() })
    }

    /// The tombstone, if it could take the id; else the job that has it.
    async fn bury_or_find(&self, job: &JobReference) -> Result<Job, Answer> {
        let project = project(job)?;
        match self.jobs.insert(project, tombstone(job, project)).await {
            // BigQuery's answer need not repeat the labels.
            Ok(inserted) => Ok(marked(inserted)),
            Err(Answer::AlreadyExists(words)) => self.existing(job, &words).await,
            Err(Answer::NotFound(why)) => Err(Answer::Rejected(why)),
            Err(other @ (Answer::Transient(_) | Answer::Rejected(_))) => Err(other),
        }
    }
}
