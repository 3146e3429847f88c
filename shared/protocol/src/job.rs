//! Jobs of BigQuery: what they do and under which id, rendered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{DatasetReference, StoreParams, TableReference};

/// A BigQuery job's full name. Its location is needed outside the US and EU multi-regions
/// (BigQuery REST, `jobs.get`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct JobReference {
    /// GCP project in which the job runs; `None` means the worker's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Region or multi-region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Fixed before the job is sent (design D5).
    pub job_id: String,
}

impl JobReference {
    /// What a finished query job stores for the tasks that follow: `bq.last_job_id` and its older spelling (digdag
    /// `BqJobRunner`).
    #[must_use]
    pub fn store_params(&self) -> StoreParams {
        let id = match &self.project {
            Some(project) => format!("{project}:{}", self.job_id),
            None => self.job_id.clone(),
        };
        StoreParams::from_iter([("bq".to_owned(), json!({"last_job_id": id, "last_jobid": id}))])
    }
}

/// What any job may have beside its own work (BigQuery REST, `JobConfiguration`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLimits {
    /// Milliseconds from the job's creation after which BigQuery ends it by itself (`jobTimeoutMs`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Reservation whose slots the job uses, `projects/P/locations/L/reservations/R`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reservation: Option<String>,
}

/// A query job (BigQuery REST, `JobConfigurationQuery`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueryJob {
    /// Where and under which id the job runs.
    pub job: JobReference,
    /// Hash of what the job does, sent as a label: an id that already exists is adopted only if this agrees.
    pub fingerprint: String,
    /// Rendered SQL.
    pub query: String,
    /// Dataset of table names that say none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_dataset: Option<DatasetReference>,
    /// Table or partition that the result goes to; `None` is an anonymous result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<TableReference>,
    /// Whether a missing table is created; BigQuery's default is `CREATE_IF_NEEDED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_disposition: Option<CreateDisposition>,
    /// What happens to rows already there; BigQuery's default is `WRITE_EMPTY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_disposition: Option<WriteDisposition>,
    /// Queue class; BigQuery's default is `INTERACTIVE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Legacy SQL; always sent, because BigQuery's own default is `true`.
    pub use_legacy_sql: bool,
    /// Whether a cached result may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_query_cache: Option<bool>,
    /// Other fields of `JobConfigurationQuery`, as BigQuery names them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// What every job may have.
    #[serde(flatten)]
    pub limits: JobLimits,
    /// Labels of the job, within BigQuery's limits.
    pub labels: BTreeMap<String, String>,
}

/// A load job (BigQuery REST, `JobConfigurationLoad`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadJob {
    /// Where and under which id the job runs.
    pub job: JobReference,
    /// As [`QueryJob::fingerprint`].
    pub fingerprint: String,
    /// Table or partition that the rows go to.
    pub destination: TableReference,
    /// `gs://` addresses.
    pub source_uris: Vec<String>,
    /// Other fields of `JobConfigurationLoad`, as BigQuery names them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// What every job may have.
    #[serde(flatten)]
    pub limits: JobLimits,
    /// Labels of the job, within BigQuery's limits.
    pub labels: BTreeMap<String, String>,
}

/// An extract job (BigQuery REST, `JobConfigurationExtract`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtractJob {
    /// Where and under which id the job runs.
    pub job: JobReference,
    /// As [`QueryJob::fingerprint`].
    pub fingerprint: String,
    /// Table or partition that is written out.
    pub source: TableReference,
    /// `gs://` addresses, one of which may hold a `*` for the number of the file.
    pub destination_uris: Vec<String>,
    /// Other fields of `JobConfigurationExtract`, as BigQuery names them.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// What every job may have.
    #[serde(flatten)]
    pub limits: JobLimits,
    /// Labels of the job, within BigQuery's limits.
    pub labels: BTreeMap<String, String>,
}

/// Any of the jobs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JobSpec<'a> {
    /// Runs SQL.
    Query(&'a QueryJob),
    /// Brings files into a table.
    Load(&'a LoadJob),
    /// Writes a table into files.
    Extract(&'a ExtractJob),
}

impl<'a> JobSpec<'a> {
    /// Where and under which id it runs.
    #[must_use]
    pub fn reference(self) -> &'a JobReference {
        match self {
            Self::Query(job) => &job.job,
            Self::Load(job) => &job.job,
            Self::Extract(job) => &job.job,
        }
    }

    /// [`QueryJob::fingerprint`].
    #[must_use]
    pub fn fingerprint(self) -> &'a str {
        match self {
            Self::Query(job) => &job.fingerprint,
            Self::Load(job) => &job.fingerprint,
            Self::Extract(job) => &job.fingerprint,
        }
    }

    /// Labels.
    #[must_use]
    pub fn labels(self) -> &'a BTreeMap<String, String> {
        match self {
            Self::Query(job) => &job.labels,
            Self::Load(job) => &job.labels,
            Self::Extract(job) => &job.labels,
        }
    }

    /// What every job may have.
    #[must_use]
    pub fn limits(self) -> &'a JobLimits {
        match self {
            Self::Query(job) => &job.limits,
            Self::Load(job) => &job.limits,
            Self::Extract(job) => &job.limits,
        }
    }

    /// The table or partition that it writes.
    #[must_use]
    pub fn destination(self) -> Option<&'a TableReference> {
        match self {
            Self::Query(job) => job.destination.as_ref(),
            Self::Load(job) => Some(&job.destination),
            Self::Extract(_) => None,
        }
    }
}

impl<'a> From<&'a QueryJob> for JobSpec<'a> {
    fn from(job: &'a QueryJob) -> Self {
        Self::Query(job)
    }
}

impl<'a> From<&'a LoadJob> for JobSpec<'a> {
    fn from(job: &'a LoadJob) -> Self {
        Self::Load(job)
    }
}

impl<'a> From<&'a ExtractJob> for JobSpec<'a> {
    fn from(job: &'a ExtractJob) -> Self {
        Self::Extract(job)
    }
}

impl QueryJob {
    /// Whether it says anything that workers of the first versions would leave out.
    pub(crate) fn has_later_settings(&self) -> bool {
        let keeps_schema = self.write_disposition == Some(WriteDisposition::WriteTruncateData);
        !self.settings.is_empty() || self.limits != JobLimits::default() || keeps_schema
    }
}

/// `createDisposition`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CreateDisposition {
    /// Create the table if it is missing.
    CreateIfNeeded,
    /// Fail with `notFound` if it is missing.
    CreateNever,
}

/// `writeDisposition`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WriteDisposition {
    /// Replace rows and schema.
    WriteTruncate,
    /// Replace rows and keep schema and constraints.
    WriteTruncateData,
    /// Add rows.
    WriteAppend,
    /// Fail with `duplicate` if there are rows.
    WriteEmpty,
}

/// `priority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Priority {
    /// Starts as soon as slots are there.
    Interactive,
    /// Waits for idle slots.
    Batch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_job_stores_its_id_under_both_names() {
        for (project, id) in [(Some("p".to_owned()), "p:j"), (None, "j")] {
            let location = Some("US".to_owned());
            let job = JobReference { project, location, job_id: "j".to_owned() };

            let stored = json!({"bq": {"last_job_id": id, "last_jobid": id}});
            assert_eq!(json!(job.store_params()), stored);
        }
    }
}
