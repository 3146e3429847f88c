//! Jobs that are more than one SELECT, and what their records say of it.

use std::cell::RefCell;

use duckdb::Connection;

use super::config::{QueryConfig, TableChange};
use super::record::{JobKey, JobRecord, Output};
use super::registry::Job;
use super::run::{check, put_done};
use crate::catalog::Catalog;
use crate::error::BqError;
use crate::ids::{TableId, quote};
use crate::query;
use crate::sql::{Session, Step};
use crate::statements::{Effect, LastRows, Runner};
use crate::warehouse::{RESULTS_SCHEMA, Warehouse, in_transaction};

impl Warehouse {
    /// Everything but one SELECT with or without a destination.
    pub(super) fn statements(
        &self,
        job: &Job,
        connection: &Connection,
        config: &QueryConfig,
        steps: &[Step],
        started_ms: i64,
    ) -> Result<JobRecord, BqError> {
        if config.destination.is_some() {
            let why = "Cannot set destination table in jobs with DML, DDL or scripts";
            return Err(BqError::query(why));
        }
        let record = job.record();
        let JobKey { project, location, .. } = &record.key;
        let mut runner = Runner {
            warehouse: self,
            connection,
            job,
            config,
            location,
            project,
            session: Session::default(),
            last: None,
        };
        let end = RefCell::new(None);
        let effect = runner.run(steps, &|c, effect| {
            check(job)?;
            let output = Output { effect: Box::new(effect.clone()), ..Output::default() };
            end.replace(Some(put_done(c, &record, started_ms, output)?));
            Ok(())
        })?;
        let output = Output { effect: Box::new(effect), ..Output::default() };
        let Some(LastRows { fields, bytes }) = runner.last else {
            return match end.take() {
                Some(done) => Ok(done),
                None => put_done(connection, &record, started_ms, output),
            };
        };
        query::take_back(connection)?;
        keep_rows(connection, &record, started_ms, Output { fields, bytes, ..output })
    }
}

/// Keeps the rows of the last query for their reader.
pub(super) fn keep_rows(
    connection: &Connection,
    record: &JobRecord,
    started_ms: i64,
    output: Output,
) -> Result<JobRecord, BqError> {
    let name = format!("anon{}", uuid::Uuid::new_v4().simple());
    let from = format!("{RESULTS_SCHEMA}.{}", quote(&name));
    in_transaction(connection, |c| {
        let rows = query::keep(c, &from, &output.fields)?;
        let anonymous = TableId {
            project: record.key.project.clone(),
            dataset: format!("_{RESULTS_SCHEMA}"),
            table: name,
        };
        let output = Output { rows, from: from.clone(), anonymous: Some(anonymous), ..output };
        put_done(c, record, started_ms, output)
    })
}

/// What `CREATE TABLE … AS` does to the catalog, or that it is a plain SELECT.
pub(super) fn made(catalog: &Catalog, config: &QueryConfig) -> Effect {
    let Some(destination) = &config.destination else {
        return Effect::of("SELECT");
    };
    let operation = match (destination.table_change, catalog.find(&destination.table)) {
        (TableChange::Kept, _) => return Effect::of("SELECT"),
        (TableChange::Replaced, Some(_)) => "REPLACE",
        (TableChange::Replaced, None) | (TableChange::Refused | TableChange::Skipped, _) => {
            "CREATE"
        }
    };
    let definition = Some((operation.into(), Some(destination.table.clone())));
    Effect { definition, ..Effect::of("CREATE_TABLE_AS_SELECT") }
}

/// The output of `CREATE TABLE IF NOT EXISTS … AS` when there is one.
pub(super) fn skipped(catalog: &Catalog, config: &QueryConfig) -> Option<Output> {
    let destination = config.destination.as_ref()?;
    let skips = destination.table_change == TableChange::Skipped;
    catalog.find(&destination.table).filter(|_| skips)?;
    let definition = Some(("SKIP".into(), Some(destination.table.clone())));
    let effect = Effect { definition, ..Effect::of("CREATE_TABLE_AS_SELECT") };
    Some(Output { effect: Box::new(effect), ..Output::default() })
}
