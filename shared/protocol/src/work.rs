//! What a worker is asked to do, rendered: nothing in here is evaluated again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    DatasetReference, FIRST_VERSION, HTTP_VERSION, HttpRequest, StoreParams, TableReference,
};

/// The operator of a task with all its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operator", rename_all = "snake_case")]
pub enum Work {
    /// `echo>`: prints a message to the worker's log.
    Echo {
        /// The text.
        message: String,
    },
    /// `bq>`: runs a query job.
    Bq(Box<QueryJob>),
    /// `http_call>`: fetches a workflow.
    HttpCall(Box<HttpRequest>),
}

impl Work {
    /// What a message with this work needs of its reader.
    #[must_use]
    pub fn version(&self) -> u16 {
        match self {
            Self::Echo { .. } | Self::Bq(_) => FIRST_VERSION,
            Self::HttpCall(_) => HTTP_VERSION,
        }
    }
}

/// A BigQuery job's full name. Its location is needed outside the US and EU multi-regions
/// (BigQuery REST, `jobs.get`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// Labels of the job, within BigQuery's limits.
    pub labels: BTreeMap<String, String>,
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
