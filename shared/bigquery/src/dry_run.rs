//! What a query would read, without running it: a dry run is free, and makes no job.

use std::sync::Arc;
use std::time::Duration;

use gcp_bigquery_client::Client;
use gcp_bigquery_client::model::job::Job;
use gcp_bigquery_client::model::job_reference::JobReference as ApiJobReference;
use himekuri_protocol::{QueryJob, TableReference};

use crate::answer::Answer;
use crate::client::{BigQuery, project};
use crate::connect::{BigQueryConfig, Endpoint, connected};
use crate::convert::to_api;
use crate::error::{ConnectError, JobError};
use crate::jobs::HttpJobs;
use crate::pace::Pace;

/// How long an answer that is not clear is asked for again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Calls in a second: four fifths of what Google allows one user for one method (BigQuery "Quotas and limits", API
/// requests per second: 100).
const CALLS_PER_SECOND: u32 = 80;

/// Asks what queries would read.
#[derive(Clone)]
pub struct Estimator {
    pub(crate) bigquery: BigQuery,
    pub(crate) client: Client,
    pub(crate) pace: Arc<Pace>,
}

/// What BigQuery says of a query that it did not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// Bytes that it would read.
    pub bytes: u64,
    /// Tables that it would read; `None` if the endpoint does not say.
    pub tables: Option<Vec<TableReference>>,
    /// Whether BigQuery knows the bytes from below only (`totalBytesProcessedAccuracy`); as a rule they are exact, or an upper
    /// bound.
    pub may_be_more: bool,
}

impl Estimator {
    /// Sets up the client, as [`BigQuery::connect`] does. Calls to Google are spread over time.
    ///
    /// # Errors
    /// No credentials, or nobody at the address.
    pub async fn connect(config: &BigQueryConfig) -> Result<Self, ConnectError> {
        let client = connected(config).await?;
        let pace = match config.endpoint {
            Endpoint::Google => Pace::per_second(CALLS_PER_SECOND),
            Endpoint::Local(_) => Pace::unlimited(),
        };
        let bigquery = BigQuery::over(Arc::new(HttpJobs::new(client.clone())));
        Ok(Self { bigquery, client, pace: Arc::new(pace) })
    }

    /// What a job would read. Asks again for a while when BigQuery gives no clear answer.
    ///
    /// # Errors
    /// [`JobError`]: the query is wrong or names what does not exist, or there was no clear answer.
    pub async fn dry_run(&self, job: &QueryJob) -> Result<DryRun, JobError> {
        let call = || async {
            self.pace.wait().await;
            let project = project(&job.job)?;
            let answer = self.bigquery.jobs.insert(project, as_dry_run(job, project)).await?;
            Ok::<_, Answer>(read(&answer))
        };
        self.bigquery.persist(PATIENCE, &job.job, call).await
    }
}

/// The same job, only looked at. It needs no id, and a cached result would hide what it costs.
fn as_dry_run(job: &QueryJob, project: &str) -> Job {
    let mut dry = to_api(job, project);
    dry.job_reference = Some(ApiJobReference {
        job_id: None,
        location: job.job.location.clone(),
        project_id: Some(project.to_owned()),
    });
    if let Some(configuration) = &mut dry.configuration {
        configuration.dry_run = Some(true);
        configuration.labels = None;
        if let Some(query) = &mut configuration.query {
            query.use_query_cache = Some(false);
            // Too much for the job's own limit is still a number that people want to see.
            query.maximum_bytes_billed = None;
        }
    }
    dry
}

fn read(answer: &Job) -> DryRun {
    let of_job = answer.statistics.clone().unwrap_or_default();
    let of_query = of_job.query.unwrap_or_default();
    let bytes = of_query.total_bytes_processed.or(of_job.total_bytes_processed);
    let tables = of_query.referenced_tables.map(|tables| {
        tables
            .into_iter()
            .map(|table| TableReference {
                project: Some(table.project_id),
                dataset: table.dataset_id,
                table: table.table_id,
                partition: None,
            })
            .collect()
    });
    DryRun {
        bytes: bytes.and_then(|bytes| bytes.parse().ok()).unwrap_or_default(),
        tables,
        may_be_more: matches!(
            of_query.total_bytes_processed_accuracy.as_deref(),
            Some("LOWER_BOUND" | "UNKNOWN")
        ),
    }
}

/// Line and column, both from 1, in BigQuery's words about a query: `... at [3:14]`.
#[must_use]
pub fn position_in(message: &str) -> Option<(u32, u32)> {
    let (_, behind) = message.rsplit_once(" at [")?;
    let (position, _) = behind.split_once(']')?;
    let (line, column) = position.split_once(':')?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_query_says_where_it_is() {
        let words = "Unrecognized name: amout; Did you mean amount? at [3:14]";

        assert_eq!(position_in(words), Some((3, 14)));
        assert_eq!(position_in("Not found: Table a:b.c"), None);
        assert_eq!(position_in("an array at [x:y]"), None);
    }
}
