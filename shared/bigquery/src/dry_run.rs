//! What a query would read, without running it: a dry run is free, and makes no job.

use std::time::Duration;

use gcp_bigquery_client::model::job::Job;
use himekuri_protocol::{QueryJob, TableReference};
use serde_json::Value;

use crate::answer::Answer;
use crate::client::{BigQuery, project};
use crate::connect::BigQueryConfig;
use crate::convert::to_api;
use crate::error::{ConnectError, JobError};

/// How long an answer that is not clear is asked for again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks what queries would read.
#[derive(Clone)]
pub struct Estimator {
    pub(crate) bigquery: BigQuery,
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
    /// Sets up the client, as [`BigQuery::connect`] does.
    ///
    /// # Errors
    /// No credentials, or nobody at the address.
    pub async fn connect(config: &BigQueryConfig) -> Result<Self, ConnectError> {
        Ok(Self { bigquery: BigQuery::connect(config).await? })
    }

    /// What a job would read. Asks again for a while when BigQuery gives no clear answer.
    ///
    /// # Errors
    /// [`JobError`]: the query is wrong or names what does not exist, or there was no clear answer.
    pub async fn dry_run(&self, job: &QueryJob) -> Result<DryRun, JobError> {
        let call = || async {
            let project = project(&job.job)?;
            let answer = self.bigquery.jobs.insert(project, as_dry_run(job, project)).await?;
            Ok::<_, Answer>(read(&answer))
        };
        self.bigquery.persist(PATIENCE, &job.job, call).await
    }
}

/// The same job, only looked at. It needs no id, and a cached result would hide what it costs.
fn as_dry_run(job: &QueryJob, project: &str) -> Value {
    let mut dry = to_api(job.into(), project);
    for (pointer, field) in [
        ("/jobReference", "jobId"),
        ("/configuration", "labels"),
        // Too much for the job's own limit is still a number that people want to see.
        ("/configuration/query", "maximumBytesBilled"),
    ] {
        if let Some(Value::Object(fields)) = dry.pointer_mut(pointer) {
            fields.shift_remove(field);
        }
    }
    dry["configuration"]["dryRun"] = Value::Bool(true);
    dry["configuration"]["query"]["useQueryCache"] = Value::Bool(false);
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
