//! Watching: jobs that outlived their first delivery are looked up, and those that ended are reported (decision 0020).

use std::collections::HashMap;
use std::sync::Arc;

use futures::stream::{iter, once};
use futures::{Stream, StreamExt};
use himekuri_bigquery::{BigQuery, Created, JobError};
use himekuri_protocol::{FIRST_VERSION, Outcome, Report, WatchMessage, WatchedJob};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::config::WorkerConfig;
use crate::operators::bq::{outcome_of, outcome_of_error};

/// Look-ups under way at once: far below BigQuery's 300 concurrent API calls per user.
const CONCURRENT_LOOKUPS: usize = 16;

/// Jobs of one project for which a list is cheaper than to look each up.
const LIST_FROM: usize = 4;

/// Ended jobs that are looked up one by one; more are read from a list.
const LOOKUPS_MAX: usize = 10;

/// What is known of the running jobs of each GCP project. Nothing is lost with it.
#[derive(Default)]
pub(crate) struct Lists {
    by_project: Mutex<HashMap<String, Arc<Mutex<List>>>>,
}

/// The jobs that ran in a project when it was taken.
#[derive(Default)]
struct List {
    taken_at: Option<Instant>,
    /// By id, with the time of creation.
    running: HashMap<String, i64>,
    /// The same of the list before: what has ended since is not on the new one.
    before: HashMap<String, i64>,
}

/// What a message's jobs are, as far as the lists tell.
struct Sifted {
    reports: Vec<Report>,
    /// To be looked up.
    unsure: Vec<WatchedJob>,
}

/// Reports of the jobs that ended, as they are found; nothing for those that run or could not be asked: the next watch
/// asks again.
pub(crate) fn ended<'a>(
    bigquery: &'a BigQuery,
    lists: &'a Lists,
    message: WatchMessage,
    config: &'a WorkerConfig,
) -> impl Stream<Item = Report> + 'a {
    once(sift(bigquery, lists, message.jobs, config)).flat_map(move |sifted| {
        let looked_up = iter(sifted.unsure)
            .map(move |watched| look_up(bigquery, watched, config))
            .buffer_unordered(CONCURRENT_LOOKUPS)
            .filter_map(std::future::ready);
        iter(sifted.reports).chain(looked_up)
    })
}

/// Leaves out the jobs that run.
async fn sift(
    bigquery: &BigQuery,
    lists: &Lists,
    jobs: Vec<WatchedJob>,
    config: &WorkerConfig,
) -> Sifted {
    // All jobs of a message are of one project.
    let project = jobs.first().and_then(|watched| watched.job.project.clone());
    let (Some(project), true) = (project, jobs.len() >= LIST_FROM) else {
        return Sifted { reports: Vec::new(), unsure: jobs };
    };
    let list = Arc::clone(lists.by_project.lock().await.entry(project.clone()).or_default());
    let mut list = list.lock().await;
    if let Err(answer) = list.refresh(bigquery, &project, config).await {
        tracing::debug!("the jobs of {project} are looked up one by one: {answer:?}");
        return Sifted { reports: Vec::new(), unsure: jobs };
    }
    let (_, gone): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|watched| list.running.contains_key(&watched.job.job_id));
    let created = list.created(&gone).filter(|_| gone.len() > LOOKUPS_MAX);
    drop(list);
    let Some(created) = created else { return Sifted { reports: Vec::new(), unsure: gone } };
    let ended = bigquery.ended(&project, created, config.patience).await;
    let mut states = ended.unwrap_or_default();
    let mut sifted = Sifted { reports: Vec::new(), unsure: Vec::new() };
    for watched in gone {
        match states.remove(&watched.job.job_id) {
            Some(state) => sifted.reports.extend(report(watched, outcome_of(state), config)),
            None => sifted.unsure.push(watched),
        }
    }
    sifted
}

impl List {
    /// Takes a new list if this one is old. It is held meanwhile, so that one call serves all that wait for it.
    async fn refresh(
        &mut self,
        bigquery: &BigQuery,
        project: &str,
        config: &WorkerConfig,
    ) -> Result<(), himekuri_bigquery::Answer> {
        if self.taken_at.is_some_and(|taken_at| taken_at.elapsed() < config.list_age) {
            return Ok(());
        }
        let asked_at = Instant::now();
        let running = bigquery.running(project, config.patience).await?;
        self.before = std::mem::replace(&mut self.running, running);
        self.taken_at = Some(asked_at);
        Ok(())
    }

    /// When these jobs were created, if it is known of all of them.
    fn created(&self, gone: &[WatchedJob]) -> Option<Created> {
        let times = gone.iter().map(|watched| self.before.get(&watched.job.job_id).copied());
        let times: Vec<i64> = times.collect::<Option<_>>()?;
        Some(Created { from: *times.iter().min()?, to: *times.iter().max()? })
    }
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
    report(watched, outcome, config)
}

/// Nothing for a job that runs.
fn report(watched: WatchedJob, outcome: Outcome, config: &WorkerConfig) -> Option<Report> {
    match outcome {
        Outcome::Submitted { .. } | Outcome::NotYet => None,
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
