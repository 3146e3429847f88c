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
    /// When each leader was first heard of, by its epoch.
    leaders: Mutex<HashMap<u64, Instant>>,
}

#[derive(Default)]
struct List {
    asked_at: Option<Instant>,
    writers: Vec<Writer>,
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
        epoch: u64,
        config: &WorkerConfig,
    ) -> Result<Way, JobError> {
        let deadline = Instant::now() + config.job_wait;
        loop {
            let from = self.from(epoch, config).await;
            let Some(other) = self.other(bigquery, job, from, config).await? else {
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
                // Not known any more, or over.
                Ok(JobState::Succeeded(_) | JobState::Failed(_))
                | Err(JobError::Missing(_) | JobError::Rejected(_)) => self.forget(&other).await,
                Err(error @ JobError::Unreachable(_)) => return Err(error),
            }
            if Instant::now() >= deadline {
                return Ok(Way::Taken);
            }
        }
    }

    /// From when on a list has all jobs that the leader may not know. As long as deliveries of before may send jobs, that is now;
    /// later, whatever is not on a list of after that time is known to the leader, and one list does for all.
    async fn from(&self, epoch: u64, config: &WorkerConfig) -> Instant {
        let now = Instant::now();
        let mut leaders = self.leaders.lock().await;
        let heard_at = *leaders.entry(epoch).or_insert(now);
        now.min(heard_at + config.unknown_for)
    }

    /// Another job that writes what this one writes.
    async fn other(
        &self,
        bigquery: &BigQuery,
        job: JobSpec<'_>,
        from: Instant,
        config: &WorkerConfig,
    ) -> Result<Option<Writer>, JobError> {
        let reference = job.reference();
        let (Some(project), Some(destination)) = (&reference.project, job.destination()) else {
            return Ok(None);
        };
        let destination = destination.clone().in_project(project);
        let list = self.list(project).await;
        let mut list = list.lock().await;
        match list.refresh(bigquery, project, from, config).await {
            Ok(()) => {}
            Err(Answer::Transient(why)) => return Err(JobError::unreachable(reference, why)),
            // Somebody who may not list jobs may send them all the same.
            Err(
                answer @ (Answer::Rejected(_) | Answer::NotFound(_) | Answer::AlreadyExists(_)),
            ) => {
                tracing::warn!(
                    "the jobs of {project} cannot be listed, so nobody looks whether another one writes {destination}: {answer:?}"
                );
                // Nor for the next ones.
                list.asked_at = Some(Instant::now());
            }
        }
        let others = list.writers.iter().filter(|writer| writer.job.job_id != reference.job_id);
        Ok(others.into_iter().find(|writer| writer.destination.meets(&destination)).cloned())
    }

    async fn list(&self, project: &str) -> Arc<Mutex<List>> {
        Arc::clone(self.by_project.lock().await.entry(project.to_owned()).or_default())
    }

    /// A job is over.
    async fn forget(&self, other: &Writer) {
        let Some(project) = &other.job.project else { return };
        let list = self.list(project).await;
        list.lock().await.writers.retain(|writer| writer.job.job_id != other.job.job_id);
    }
}

impl List {
    /// Takes a new list if this one is of before that moment. It is held meanwhile, so that one call serves all that wait.
    async fn refresh(
        &mut self,
        bigquery: &BigQuery,
        project: &str,
        from: Instant,
        config: &WorkerConfig,
    ) -> Result<(), Answer> {
        if self.asked_at.is_some_and(|asked_at| asked_at >= from) {
            return Ok(());
        }
        let asked_at = Instant::now();
        self.writers = bigquery.writers(project, config.patience).await?;
        self.asked_at = Some(asked_at);
        Ok(())
    }
}
