//! What is known of a destination before anything is written to it (`tables.get`, `datasets.get`).

use himekuri_protocol::{JobReference, TableReference};
use reqwest::Method;
use serde_json::Value;

use crate::call::Call;
use crate::dry_run::{Estimator, PATIENCE};
use crate::error::JobError;
use crate::resources::of_table;

/// A destination as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Its dataset does not exist.
    NoDataset,
    /// The table does not exist yet.
    NoTable {
        /// Where its dataset is.
        location: Option<String>,
    },
    /// The table exists.
    Table {
        /// Where it is.
        location: Option<String>,
        /// How it is partitioned, if it is.
        partitions: Option<Partitions>,
    },
}

/// How a table is partitioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partitions {
    /// By time.
    Time {
        /// `HOUR`, `DAY`, `MONTH` or `YEAR`.
        unit: String,
        /// The column; `None` is the time of the load.
        field: Option<String>,
    },
    /// By ranges of an integer column.
    Range {
        /// The column.
        field: String,
    },
}

impl Estimator {
    /// What is known of the table, whole, that a job in `project` writes.
    ///
    /// # Errors
    /// [`JobError`]: it may not be seen, or there was no clear answer.
    pub async fn destination(
        &self,
        table: &TableReference,
        project: &str,
    ) -> Result<Destination, JobError> {
        let own = table.project.as_deref().unwrap_or(project);
        let whole = TableReference { partition: None, ..table.clone() };
        if let Some(found) = self.resource(of_table(&whole, own, Method::GET), own).await? {
            let location = text(&found, "/location");
            return Ok(Destination::Table { location, partitions: partitions(&found) });
        }
        let get = Call::bigquery(Method::GET, ["projects", own, "datasets", &table.dataset]);
        let found = self.resource(get, own).await?;
        Ok(match found {
            Some(found) => Destination::NoTable { location: text(&found, "/location") },
            None => Destination::NoDataset,
        })
    }

    async fn resource(&self, get: Call, project: &str) -> Result<Option<Value>, JobError> {
        // No job is asked about; only the errors carry its name.
        let nobody = JobReference {
            project: Some(project.to_owned()),
            location: None,
            job_id: String::new(),
        };
        let call = || self.bigquery.jobs.call(project, get.clone());
        match self.bigquery.persist(PATIENCE, &nobody, call).await {
            Ok(found) => Ok(Some(found)),
            Err(JobError::Missing(_)) => Ok(None),
            Err(error @ (JobError::Rejected(_) | JobError::Unreachable(_))) => Err(error),
        }
    }
}

fn partitions(table: &Value) -> Option<Partitions> {
    if let Some(by_time) = table.get("timePartitioning") {
        let unit = text(by_time, "/type").unwrap_or_else(|| "DAY".to_owned());
        return Some(Partitions::Time { unit, field: text(by_time, "/field") });
    }
    text(table, "/rangePartitioning/field").map(|field| Partitions::Range { field })
}

fn text(resource: &Value, pointer: &str) -> Option<String> {
    resource.pointer(pointer).and_then(Value::as_str).map(ToOwned::to_owned)
}
