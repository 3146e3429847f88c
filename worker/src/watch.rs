//! Watching: jobs that outlived their first delivery are looked up, and those that ended are reported.

use futures::{Stream, StreamExt};
use himekuri_bigquery::{BigQuery, JobError};
use himekuri_protocol::{FIRST_VERSION, Outcome, Report, WatchMessage, WatchedJob};

use crate::config::WorkerConfig;
use crate::operators::bq::{outcome_of, outcome_of_error};

/// Look-ups under way at once: far below BigQuery's 300 concurrent API calls per user.
const CONCURRENT_LOOKUPS: usize = 16;

/// Reports of the jobs that ended, as they are found; nothing for those that run or could not be asked: the next watch
/// asks again.
pub(crate) fn ended<'a>(
    bigquery: &'a BigQuery,
    message: WatchMessage,
    config: &'a WorkerConfig,
) -> impl Stream<Item = Report> + 'a {
    futures::stream::iter(message.jobs)
        .map(|watched| look_up(bigquery, watched, config))
        .buffer_unordered(CONCURRENT_LOOKUPS)
        .filter_map(std::future::ready)
}

async fn look_up(
    bigquery: &BigQuery,
    watched: WatchedJob,
    config: &WorkerConfig,
) -> Option<Report> {
    let outcome = match bigquery.look_up(&watched.job, config.patience).await {
        Ok(state) => outcome_of(state),
        Err(JobError::Unreachable(_)) => return None,
        Err(error) => outcome_of_error(error),
    };
    match outcome {
        Outcome::Submitted { .. } => None,
        outcome @ (Outcome::Succeeded { .. }
        | Outcome::Fetched { .. }
        | Outcome::Failed { .. }
        | Outcome::Unreachable { .. }) => Some(Report {
            version: FIRST_VERSION,
            attempt: watched.attempt,
            task: watched.task,
            try_no: watched.try_no,
            task_name: watched.task_name,
            worker: config.name.clone(),
            outcome,
        }),
    }
}
