//! `bq>`, `bq_load>` and `bq_extract>`: sends the job, or meets the one that an earlier delivery sent, and waits briefly for its
//! end.

use himekuri_bigquery::{BigQuery, JobError, JobState};
use himekuri_protocol::{JobSpec, Outcome};

use crate::config::WorkerConfig;

/// Runs one try.
pub(crate) async fn run(bigquery: &BigQuery, job: JobSpec<'_>, config: &WorkerConfig) -> Outcome {
    let submitted = bigquery.submit(job, config.patience).await;
    let ended = match submitted {
        Ok(JobState::Running(reference)) => bigquery.wait(&reference, config.job_wait).await,
        decided => decided,
    };
    match ended {
        Ok(state) => outcome_of(state),
        Err(error) => outcome_of_error(error),
    }
}

/// What a job's state means for its try.
pub(crate) fn outcome_of(state: JobState) -> Outcome {
    match state {
        JobState::Running(job) => Outcome::Submitted { job },
        JobState::Succeeded(statistics) => {
            Outcome::Succeeded { store_params: statistics.store_params(), job: Some(statistics) }
        }
        JobState::Failed(error) => Outcome::Failed { error },
    }
}

/// Only a refused job has failed; of the others it is not known whether they run.
pub(crate) fn outcome_of_error(error: JobError) -> Outcome {
    match error {
        JobError::Rejected(error) => Outcome::Failed { error },
        JobError::Unreachable(error) | JobError::Missing(error) => Outcome::Unreachable { error },
    }
}

#[cfg(test)]
mod tests {
    use himekuri_protocol::TaskError;

    use super::*;

    fn error() -> TaskError {
        TaskError { reason: "r".to_owned(), message: "m".to_owned(), job: None }
    }

    #[test]
    fn only_a_refused_job_is_a_failure() {
        let refused = outcome_of_error(JobError::Rejected(error()));
        let unclear = outcome_of_error(JobError::Unreachable(error()));
        let missing = outcome_of_error(JobError::Missing(error()));

        assert_eq!(refused, Outcome::Failed { error: error() });
        assert_eq!(unclear, Outcome::Unreachable { error: error() });
        assert_eq!(missing, Outcome::Unreachable { error: error() });
    }
}
