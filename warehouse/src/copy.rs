//! Copy jobs: the rows of tables, or of single partitions, into the connection's temporary table.

use duckdb::Connection;

use crate::catalog::{Catalog, PARTITION_TIME, Table};
use crate::error::BqError;
use crate::ids::quote;
use crate::jobs::config::{Arrival, CopyConfig, Destination};
use crate::partitions;
use crate::schema::Field;

/// What was put into the temporary table, and where it goes.
pub(crate) struct Copied {
    pub(crate) fields: Vec<Field>,
    /// A table that has to be created is made as its source is.
    pub(crate) destination: Destination,
}

/// Reads all sources; they must have the same columns.
///
/// # Errors
/// `notFound` for a table, `invalid` for columns or decorators that do not fit.
pub(crate) fn stage(
    connection: &Connection,
    catalog: &Catalog,
    config: &CopyConfig,
) -> Result<Copied, BqError> {
    let mut destination = config.destination.clone();
    let mut first: Option<&Table> = None;
    let mut selects = Vec::new();
    let whole = destination.decorator.is_none()
        && config.sources.iter().all(|source| source.decorator.is_none());
    for source in &config.sources {
        let table = catalog.table(&source.table)?;
        table.has_rows(&source.table)?;
        let like = first.get_or_insert(table);
        if !same_columns(&like.fields, &table.fields) {
            return Err(BqError::invalid(format!(
                "Source tables have different schemas: {} differs from the first one",
                source.table
            )));
        }
        let mut columns: Vec<String> = like.fields.iter().map(|field| quote(&field.name)).collect();
        if whole && like.is_ingestion_time() && table.is_ingestion_time() {
            columns.push(quote(PARTITION_TIME));
        }
        let from = partitions::from(&source.table, table, source.decorator.as_deref())?;
        selects.push(format!("SELECT {} FROM {from}", columns.join(", ")));
    }
    let Some(like) = first else {
        return Err(BqError::invalid("A copy job needs a source table"));
    };
    let target = catalog.find(&destination.table);
    if target.is_none() && whole {
        destination.partitioning = destination.partitioning.or_else(|| like.partitioning.clone());
        for (key, value) in &like.other {
            destination.other.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    let arrives = match target {
        Some(table) => table.is_ingestion_time(),
        None => destination.partitioning.as_ref().is_some_and(|p| p.field.is_none()),
    };
    if whole && like.is_ingestion_time() && arrives {
        destination.arrival = Arrival::Kept;
    }
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE himekuri_result AS {}",
        selects.join(" UNION ALL ")
    ))?;
    Ok(Copied { fields: like.fields.clone(), destination })
}

fn same_columns(one: &[Field], other: &[Field]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| a.name.eq_ignore_ascii_case(&b.name) && a.accepts(b))
}
