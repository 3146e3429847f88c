//! How a table is partitioned.

use himekuri_cost::Partitioning;
use himekuri_protocol::TableReference;

use crate::dry_run::Estimator;
use crate::error::JobError;
use crate::preflight::{Destination, Partitions};

impl Estimator {
    /// How a table is partitioned, as far as its budget depends on it; `None` if there is no such table. `project` is the one
    /// of tables that name none.
    ///
    /// # Errors
    /// [`JobError`]: the table may not be seen, or there was no clear answer.
    pub async fn partitioning(
        &self,
        table: &TableReference,
        project: &str,
    ) -> Result<Option<Partitioning>, JobError> {
        Ok(match self.destination(table, project).await? {
            Destination::NoDataset | Destination::NoTable { .. } => None,
            Destination::Table { partitions, .. } => Some(match partitions {
                Some(Partitions::Time { field: None, .. }) => Partitioning::IngestionTime,
                Some(Partitions::Time { field: Some(_), .. } | Partitions::Range { .. }) => {
                    Partitioning::Column
                }
                None => Partitioning::None,
            }),
        })
    }
}
