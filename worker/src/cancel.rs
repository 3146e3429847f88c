//! Cancelling: jobs that are not wanted any more are ended for good, and those that are over are reported.

use futures::{Stream, StreamExt};
use himekuri_bigquery::BigQuery;
use himekuri_protocol::{CancelMessage, CanceledJob, FIRST_VERSION, Outcome, Report};

use crate::config::WorkerConfig;
use crate::operators::bq::outcome_of;

/// Jobs that are ended at once: far below BigQuery's 300 concurrent API calls per user.
const CONCURRENT_CANCELS: usize = 16;

/// Reports of the jobs that are over, as they are found; nothing for those that are not yet, or that could not be asked
/// for: the coordinator asks again.
pub(crate) fn over<'a>(
    bigquery: &'a BigQuery,
    message: CancelMessage,
    config: &'a WorkerConfig,
) -> impl Stream<Item = Report> + 'a {
    futures::stream::iter(message.jobs)
        .map(|canceled| stop(bigquery, canceled, config))
        .buffer_unordered(CONCURRENT_CANCELS)
        .filter_map(std::future::ready)
}

async fn stop(bigquery: &BigQuery, canceled: CanceledJob, config: &WorkerConfig) -> Option<Report> {
    let CanceledJob { attempt, task, try_no, task_name, job, dataset } = canceled;
    let stopped = bigquery.stop(&job, dataset.as_ref(), config.patience).await;
    let state = stopped.inspect_err(|error| {
        let error = error.clone().into_task_error();
        let (reason, message) = (error.reason, error.message);
        tracing::warn!(job.id = %job.job_id, attempt.id = %attempt, reason, "could not end job {}; it is tried again: {message}", job.job_id);
    });
    match outcome_of(state.ok()?) {
        Outcome::Submitted { .. } | Outcome::NotYet => None,
        outcome @ (Outcome::Succeeded { .. }
        | Outcome::Fetched { .. }
        | Outcome::Failed { .. }
        | Outcome::Unreachable { .. }) => Some(Report {
            version: FIRST_VERSION,
            attempt,
            task,
            try_no,
            task_name,
            worker: config.name.clone(),
            outcome,
        }),
    }
}
