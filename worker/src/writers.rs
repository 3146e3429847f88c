//! Before a careful job is sent: does another one write the same partition, of which the coordinator does not know?
//! (decision 0023)

use std::collections::HashMap;
use std::sync::Arc;

use himekuri_bigquery::{Answer, BigQuery, JobError, JobState, Writer};
use himekuri_protocol::JobSpec;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::WorkerConfig;

/// Whether a job may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Nobody else writes its partition, or it is there already.
    Free,
    /// Another job writes it.
    Taken,
}

/// The jobs that write, of each GCP project.
#[derive(Default)]
pub(crate) struct Writers {
    by_project: Mutex<HashMap<String, Arc<Mutex<List>>>>,
}

#[derive(Default)]
struct List {
    asked_at: Option<Instant>,
    writers: Arc<Vec<Writer>>,
}

impl Writers {
    /// Waits until nobody else writes what this job writes, for as long as a delivery waits for its own job.
    ///
    /// # Errors
    /// BigQuery could not be asked.
    pub(crate) async fn way(
        &self,
        bigquery: &BigQuery,
        job: JobSpec<'_>,
        config: &WorkerConfig,
    ) -> Result<Way, JobError> {
        let deadline = Instant::now() + config.job_wait;
        loop {
            let Some(other) = self.other(bigquery, job, config).await? else {
                return Ok(Way::Free);
            };
            match bigquery.find(job, config.patience).await {
                Err(JobError::Missing(_)) => {}
                Err(error @ JobError::Unreachable(_)) => return Err(error),
                // It was sent before: whatever it meets, it has met.
                Ok(_) | Err(JobError::Rejected(_)) => return Ok(Way::Free),
            }
            let destination = &other.destination;
            tracing::info!(
                "job {} waits for {}, which writes {destination} and of which the coordinator does not know",
                job.reference().job_id,
                other.job.job_id
            );
            let remaining = deadline.saturating_duration_since(Instant::now());
            match bigquery.wait(&other.job, remaining).await {
                Ok(JobState::Running(_)) => return Ok(Way::Taken),
                // Not known any more, or over: the next list tells.
                Ok(JobState::Succeeded(_) | JobState::Failed(_))
                | Err(JobError::Missing(_) | JobError::Rejected(_)) => {}
                Err(error @ JobError::Unreachable(_)) => return Err(error),
            }
            if Instant::now() >= deadline {
                return Ok(Way::Taken);
            }
        }
    }

    /// Another job that writes what this one writes.
    async fn other(
        &self,
        bigquery: &BigQuery,
        job: JobSpec<'_>,
        config: &WorkerConfig,
    ) -> Result<Option<Writer>, JobError> {
        let reference = job.reference();
        let (Some(project), Some(destination)) = (&reference.project, job.destination()) else {
            return Ok(None);
        };
        let destination = destination.clone().in_project(project);
        let writers = match self.list(bigquery, project, config).await {
            Ok(writers) => writers,
            Err(Answer::Transient(why)) => return Err(JobError::unreachable(reference, why)),
            // Somebody who may not list jobs may send them all the same.
            Err(
                answer @ (Answer::Rejected(_) | Answer::NotFound(_) | Answer::AlreadyExists(_)),
            ) => {
                tracing::warn!(
                    "the jobs of {project} cannot be listed, so nobody looks whether another one writes {destination}: {answer:?}"
                );
                return Ok(None);
            }
        };
        let others = writers.iter().filter(|writer| writer.job.job_id != reference.job_id);
        Ok(others.into_iter().find(|writer| writer.destination.meets(&destination)).cloned())
    }

    /// A list that was asked for after now. One serves all that wait for it.
    async fn list(
        &self,
        bigquery: &BigQuery,
        project: &str,
        config: &WorkerConfig,
    ) -> Result<Arc<Vec<Writer>>, Answer> {
        let now = Instant::now();
        let list = Arc::clone(self.by_project.lock().await.entry(project.to_owned()).or_default());
        let mut list = list.lock().await;
        if list.asked_at.is_none_or(|asked_at| asked_at < now) {
            let asked_at = Instant::now();
            list.writers = Arc::new(bigquery.writers(project, config.patience).await?);
            list.asked_at = Some(asked_at);
        }
        Ok(Arc::clone(&list.writers))
    }
}
