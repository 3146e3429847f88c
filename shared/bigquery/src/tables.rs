//! How a table is partitioned (`tables.get`).

use himekuri_cost::Partitioning;
use himekuri_protocol::{JobReference, TableReference};
use reqwest::Method;

use crate::dry_run::{Estimator, PATIENCE};
use crate::error::JobError;
use crate::resources::of_table;

impl Estimator {
    /// How a table is partitioned; `None` if there is no such table. `project` is the one of tables that name none.
    ///
    /// # Errors
    /// [`JobError`]: the table may not be seen, or there was no clear answer.
    pub async fn partitioning(
        &self,
        table: &TableReference,
        project: &str,
    ) -> Result<Option<Partitioning>, JobError> {
        let project = table.project.as_deref().unwrap_or(project);
        let whole = TableReference { partition: None, ..table.clone() };
        let get = of_table(&whole, project, Method::GET);
        let call = || self.bigquery.jobs.call(project, get.clone());
        // No job is asked about; only the errors carry its name.
        let nobody = JobReference {
            project: Some(project.to_owned()),
            location: None,
            job_id: String::new(),
        };
        match self.bigquery.persist(PATIENCE, &nobody, call).await {
            Ok(found) => {
                let by_time = found.get("timePartitioning");
                let by_range = found.get("rangePartitioning");
                Ok(Some(match (by_time, by_range) {
                    (Some(by_time), _) if by_time.get("field").is_none() => {
                        Partitioning::IngestionTime
                    }
                    (Some(_), _) | (None, Some(_)) => Partitioning::Column,
                    (None, None) => Partitioning::None,
                }))
            }
            Err(JobError::Missing(_)) => Ok(None),
            Err(error @ (JobError::Rejected(_) | JobError::Unreachable(_))) => Err(error),
        }
    }
}
