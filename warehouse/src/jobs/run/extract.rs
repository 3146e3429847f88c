//! The work of an extract job.

use duckdb::Connection;

use super::{check, located, put_done};
use crate::error::BqError;
use crate::extract;
use crate::jobs::config::ExtractConfig;
use crate::jobs::record::{JobRecord, Output};
use crate::jobs::registry::Job;
use crate::partitions;
use crate::warehouse::Warehouse;

impl Warehouse {
    pub(super) fn extract(
        &self,
        job: &Job,
        connection: &Connection,
        config: &ExtractConfig,
        started_ms: i64,
    ) -> Result<JobRecord, BqError> {
        let record = job.record();
        let catalog = self.catalog();
        let source = &config.source;
        located(&catalog, &source.table.dataset_id(), &record.key.location)?;
        let table = catalog.table(&source.table)?;
        table.has_rows(&source.table)?;
        let from = partitions::from(&source.table, table, source.decorator.as_deref())?;
        let written =
            extract::write(connection, &self.buckets, config, &from, &table.fields, &|| {
                check(job)
            })?;
        let output = Output {
            fields: table.fields.clone(),
            rows: written.rows,
            bytes: written.bytes,
            files: written.files,
            from,
            ..Output::default()
        };
        put_done(connection, &record, started_ms, output)
    }
}
