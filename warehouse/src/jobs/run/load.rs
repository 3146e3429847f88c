//! The work of a load job.

use duckdb::Connection;

use super::located;
use crate::error::BqError;
use crate::jobs::config::LoadConfig;
use crate::jobs::record::{JobRecord, Output};
use crate::jobs::registry::Job;
use crate::load;
use crate::query::RESULT;
use crate::warehouse::Warehouse;
use crate::write::Rows;

impl Warehouse {
    pub(super) fn load(
        &self,
        job: &Job,
        connection: &Connection,
        config: &LoadConfig,
        upload: Option<Vec<u8>>,
        started_ms: i64,
    ) -> Result<JobRecord, BqError> {
        let location = job.record().key.location;
        located(&self.catalog(), &config.destination.table.dataset_id(), &location)?;
        let loaded = load::load(self, connection, config, upload)?;
        let output = Output {
            files: i64::try_from(loaded.files).unwrap_or(i64::MAX),
            bytes: loaded.counts.bytes,
            bad_rows: loaded.counts.bad,
            ..Output::default()
        };
        let rows = Rows { from: RESULT, fields: &loaded.fields };
        self.finish(job, connection, &config.destination, &rows, started_ms, &output)
    }
}
