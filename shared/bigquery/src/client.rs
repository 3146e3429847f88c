//! The calls: submit, wait, look up. [`BigQuery::stop`] has a file of its own.

use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{JobReference, JobSpec, TaskError};
use tokio::time::Instant;

use crate::answer::{Answer, Why};
use crate::convert::{fingerprint_of, to_api};
use crate::error::JobError;
use crate::jobs::Jobs;
use crate::state::JobState;
use crate::tombstone::is_tombstone;

/// One long poll of `jobs.getQueryResults`; BigQuery answers earlier when the job ends.
const LONG_POLL: Duration = Duration::from_secs(10);

/// Pause between long polls that came back at once without an end, so that a broken server is not hammered.
const POLL_PAUSE: Duration = Duration::from_millis(200);

/// Longest such pause: load and extract jobs have no results to wait for, and are looked up.
const POLL_PAUSE_MAX: Duration = Duration::from_secs(2);

/// How much longer than the patience a call that hangs is waited for: the retries end by themselves before.
const GRACE: Duration = Duration::from_secs(1);

/// A client of one endpoint.
#[derive(Clone)]
pub struct BigQuery {
    pub(crate) jobs: Arc<dyn Jobs>,
}

impl BigQuery {
    /// A client over these calls.
    #[must_use]
    pub fn over(jobs: Arc<dyn Jobs>) -> Self {
        Self { jobs }
    }

    /// Sends a job, or adopts the one that an earlier delivery of the same try sent. Asks again within `patience`
    /// when BigQuery gives no clear answer.
    ///
    /// # Errors
    /// [`JobError`]: refused, or no clear answer.
    pub async fn submit(
        &self,
        job: impl Into<JobSpec<'_>>,
        patience: Duration,
    ) -> Result<JobState, JobError> {
        let job = job.into();
        let reference = job.reference();
        let answer = self.persist(patience, reference, || self.insert_or_adopt(job)).await?;
        Ok(JobState::of(&answer, reference))
    }

    /// The state of a job that may have been sent, if it is ours.
    ///
    /// # Errors
    /// [`JobError`]: no such job, another's job, or no clear answer.
    pub async fn find(
        &self,
        job: impl Into<JobSpec<'_>>,
        patience: Duration,
    ) -> Result<JobState, JobError> {
        let job = job.into();
        let reference = job.reference();
        let found = self.persist(patience, reference, || self.get(reference)).await?;
        match ours(found, job) {
            Ok(found) => Ok(JobState::of(&found, reference)),
            Err(why) => Err(JobError::Rejected(error(reference, why))),
        }
    }

    /// Waits for a job's end, at most `patience`.
    ///
    /// # Errors
    /// No clear answer, or no such job.
    pub async fn wait(&self, job: &JobReference, patience: Duration) -> Result<JobState, JobError> {
        let deadline = Instant::now() + patience;
        let mut pause = POLL_PAUSE;
        loop {
            let remaining = deadline.saturating_duration_since(Instant::now());
            let rows = self.long_poll(job, remaining.min(LONG_POLL)).await;
            let state = self.look_up(job, remaining.max(GRACE)).await?.with_rows(rows);
            let is_over = !matches!(state, JobState::Running(_));
            if is_over || Instant::now() + pause >= deadline {
                return Ok(state);
            }
            tokio::time::sleep(pause).await;
            pause = POLL_PAUSE_MAX.min(pause * 2);
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
        let found = self.persist(patience, job, || self.get(job)).await?;
        Ok(JobState::of(&found, job))
    }

    async fn insert_or_adopt(&self, job: JobSpec<'_>) -> Result<Job, Answer> {
        let project = project(job.reference())?;
        match self.jobs.insert(project, to_api(job, project)).await {
            Ok(inserted) => Ok(inserted),
            Err(Answer::AlreadyExists(words)) => self.adopt(job, &words).await,
            // An unknown project or dataset: the job was not accepted.
            Err(Answer::NotFound(why)) => Err(Answer::Rejected(why)),
            Err(other @ (Answer::Transient(_) | Answer::Rejected(_))) => Err(other),
        }
    }

    /// The job with our id, if it is ours. Right after 409 it may be unknown for a while (python-bigquery#2134), which
    /// is asked again.
    async fn adopt(&self, job: JobSpec<'_>, words: &str) -> Result<Job, Answer> {
        let reference = job.reference();
        let found = self.existing(reference, words).await?;
        tracing::debug!(job.id = %reference.job_id, "job {} exists already", reference.job_id);
        ours(found, job).map_err(Answer::Rejected)
    }

    /// The job that an insert of this id has met.
    pub(crate) async fn existing(&self, job: &JobReference, words: &str) -> Result<Job, Answer> {
        let mut reference = job.clone();
        if reference.location.is_none() {
            reference.location = location_in(words, &reference.job_id);
        }
        self.get(&reference).await.map_err(|answer| match answer {
            Answer::NotFound(why) => Answer::Transient(why),
            other @ (Answer::AlreadyExists(_) | Answer::Transient(_) | Answer::Rejected(_)) => {
                other
            }
        })
    }

    pub(crate) async fn get(&self, job: &JobReference) -> Result<Job, Answer> {
        self.jobs.get(project(job)?, job).await
    }

    /// Only to wait, and for the number of rows: the truth comes from [`Self::look_up`]. So an answer that does not come in
    /// time is nobody's loss.
    async fn long_poll(&self, job: &JobReference, timeout: Duration) -> Option<u64> {
        let answer = self.jobs.long_poll(project(job).ok()?, job, timeout);
        tokio::time::timeout(timeout + GRACE, answer).await.ok().flatten()
    }

    /// Repeats a call about a job until its answer is clear, within the patience.
    pub(crate) async fn persist<T, F, A>(
        &self,
        patience: Duration,
        job: &JobReference,
        call: F,
    ) -> Result<T, JobError>
    where
        F: FnMut() -> A,
        A: Future<Output = Result<T, Answer>>,
    {
        let answer = until_clear(patience, &format!("job {}", job.job_id), call).await;
        answer.map_err(|answer| match answer {
            Answer::Transient(why) => JobError::Unreachable(error(job, why)),
            Answer::Rejected(why) => JobError::Rejected(error(job, why)),
            Answer::NotFound(why) => JobError::Missing(error(job, why)),
            // Only an insert says so, and that adopts.
            Answer::AlreadyExists(_) => JobError::Unreachable(error(job, Why::silent())),
        })
    }
}

/// Repeats a call that gave no clear answer, with growing pauses, and ends with the patience even when the call hangs.
/// `what` it is about goes into the log.
pub(crate) async fn until_clear<T, F, A>(
    patience: Duration,
    what: &str,
    call: F,
) -> Result<T, Answer>
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
    let calls = call.retry(pauses).when(|answer| matches!(answer, Answer::Transient(_))).notify(
        |answer, pause| {
            if let Answer::Transient(why) = answer {
                let (reason, message) = (&why.reason, &why.message);
                tracing::warn!(
                    reason,
                    "no clear answer from BigQuery about {what}: {message}; again in {pause:?}"
                );
            }
        },
    );
    let answer = tokio::time::timeout(patience + GRACE, calls).await;
    answer.unwrap_or_else(|_| Err(Answer::Transient(Why::silent())))
}

/// The project in which a job runs. The coordinator always names one: two workers with different ideas of it would run the
/// same job twice.
pub(crate) fn project(job: &JobReference) -> Result<&str, Answer> {
    job.project.as_deref().ok_or_else(|| {
        Answer::Rejected(Why {
            reason: "noProject".to_owned(),
            message: "the job names no GCP project; push the title with `--gcp-project ID`"
                .to_owned(),
        })
    })
}

/// The job, if its fingerprint label says that it does what ours does, or if a cancel took the id.
fn ours(found: Job, job: JobSpec<'_>) -> Result<Job, Why> {
    if fingerprint_of(&found) == Some(job.fingerprint()) || is_tombstone(&found) {
        return Ok(found);
    }
    Err(Why {
        reason: "foreignJob".to_owned(),
        message: "a job of this id exists but does something else; it was not adopted".to_owned(),
    })
}

/// The location in BigQuery's words on a conflict: "Already Exists: Job project:location.id".
fn location_in(words: &str, job_id: &str) -> Option<String> {
    let (before, _) = words.split_once(&format!(".{job_id}"))?;
    let (_, location) = before.rsplit_once(':')?;
    let is_location =
        !location.is_empty() && location.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    is_location.then(|| location.to_owned())
}

impl Why {
    fn silent() -> Self {
        Self { reason: "timeout".to_owned(), message: "BigQuery gave no answer in time".to_owned() }
    }
}

pub(crate) fn error(job: &JobReference, why: Why) -> TaskError {
    TaskError { reason: why.reason, message: why.message, job: Some(job.clone()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_names_the_location_of_the_job() {
        let words = "Already Exists: Job game-a:asia-northeast1.himekuri_x_1_1";

        assert_eq!(location_in(words, "himekuri_x_1_1").as_deref(), Some("asia-northeast1"));
        assert_eq!(location_in("Already Exists", "himekuri_x_1_1"), None);
    }
}
