//! The work of a copy job.

use duckdb::Connection;

use super::located;
use crate::copy;
use crate::error::BqError;
use crate::jobs::config::CopyConfig;
use crate::jobs::record::{JobRecord, Output};
use crate::jobs::registry::Job;
use crate::query::RESULT;
use crate::warehouse::Warehouse;
use crate::write::Rows;

impl Warehouse {
    pub(super) fn copy(
        &self,
        job: &Job,
        connection: &Connection,
        config: &CopyConfig,
        started_ms: i64,
    ) -> Result<JobRecord, BqError> {
        let catalog = self.catalog();
        let location = job.record().key.location;
        let sources = config.sources.iter().map(|source| &source.table);
        for table in sources.chain([&config.destination.table]) {
            located(&catalog, &table.dataset_id(), &location)?;
        }
        let copied = copy::stage(connection, &catalog, config)?;
        let rows = Rows { from: RESULT, fields: &copied.fields };
        self.finish(job, connection, &copied.destination, &rows, started_ms, &Output::default())
    }
}
