//! Asks BigQuery about queries and tables, several at once, and remembers what it said of a table.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use himekuri_bigquery::{Destination, DryRun, Estimator, JobError};
use himekuri_cost::Partitioning;
use himekuri_protocol::{QueryJob, TableReference, TaskError};
use indicatif::ProgressBar;
use tokio::sync::Mutex;

/// Questions under way. Google allows 300 of one user (BigQuery "Quotas and limits"), and a local warehouse has few cores.
const AT_ONCE: usize = 16;

/// What BigQuery said of a query.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// What it would read.
    Reads(DryRun),
    /// It would not run.
    Refused(TaskError),
}

/// BigQuery, as far as a plan asks it.
pub(crate) struct Asker {
    estimator: Estimator,
    /// `None` for a table of which nothing is known.
    partitionings: Mutex<BTreeMap<String, Option<Partitioning>>>,
}

impl Asker {
    pub(crate) fn new(estimator: Estimator) -> Self {
        Self { estimator, partitionings: Mutex::default() }
    }

    /// Answers to questions, each with the key of its question, in no order.
    ///
    /// # Errors
    /// No clear answer for a minute.
    pub(crate) async fn ask<K>(
        &self,
        questions: Vec<(K, &QueryJob)>,
        bar: &ProgressBar,
    ) -> anyhow::Result<Vec<(K, Answer)>> {
        let answers = questions.into_iter().map(|(key, job)| async move {
            let answer = self.ask_one(job).await?;
            bar.inc(1);
            Ok((key, answer))
        });
        stream::iter(answers).buffer_unordered(AT_ONCE).try_collect().await
    }

    async fn ask_one(&self, job: &QueryJob) -> anyhow::Result<Answer> {
        match self.estimator.dry_run(job).await {
            Ok(reads) => Ok(Answer::Reads(reads)),
            Err(JobError::Rejected(error) | JobError::Missing(error)) => Ok(Answer::Refused(error)),
            Err(JobError::Unreachable(TaskError { reason, message, .. })) => {
                anyhow::bail!("no clear answer from BigQuery: {reason}: {message}; try again")
            }
        }
    }

    /// What is known of the table that a job writes, if anything.
    pub(crate) async fn destination(&self, table: &TableReference) -> Option<Destination> {
        let project = table.project.clone().unwrap_or_default();
        self.estimator.destination(table, &project).await.ok()
    }

    /// How a table is partitioned, if that can be known.
    pub(crate) async fn partitioning(&self, table: &TableReference) -> Option<Partitioning> {
        let mut known = self.partitionings.lock().await;
        let name = table.to_string();
        if let Some(partitioning) = known.get(&name) {
            return *partitioning;
        }
        let project = table.project.clone().unwrap_or_default();
        let found = self.estimator.partitioning(table, &project).await;
        let found = found.unwrap_or_else(|error| {
            let error = error.into_task_error();
            tracing::info!("nothing is known of table {name}: {}", error.message);
            None
        });
        known.insert(name, found);
        found
    }
}
