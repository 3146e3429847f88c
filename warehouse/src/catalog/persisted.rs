//! The catalog's rows in the data folder. Callers hold the transaction.

use duckdb::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Catalog, Dataset, PARTITION_TIME, Table};
use crate::error::{BqError, Reason};
use crate::ids::{DatasetId, TableId, quote};

/// DuckDB schema of everything that is not a caller's data. No dataset can have this name: theirs
/// contain a dot.
pub(crate) const SCHEMA: &str = "himekuri";

#[derive(Serialize, Deserialize)]
struct DatasetRow {
    location: String,
    created_ms: i64,
    #[serde(default)]
    other: Map<String, Value>,
}

/// Creates the catalog's tables when the data folder is new, and reads all entries.
///
/// # Errors
/// `backendError` when the data folder cannot be read.
pub(crate) fn load(connection: &Connection) -> Result<Catalog, BqError> {
    connection.execute_batch(&format!(
        "CREATE SCHEMA IF NOT EXISTS {SCHEMA};
         CREATE TABLE IF NOT EXISTS {SCHEMA}.datasets (project VARCHAR, dataset VARCHAR, meta VARCHAR);
         CREATE TABLE IF NOT EXISTS {SCHEMA}.tables (project VARCHAR, dataset VARCHAR, name VARCHAR, meta VARCHAR);"
    ))?;
    let mut catalog = Catalog::default();
    let mut rows =
        connection.prepare(&format!("SELECT project, dataset, meta FROM {SCHEMA}.datasets"))?;
    for row in rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
        let (project, dataset, meta): (String, String, String) = row?;
        let DatasetRow { location, created_ms, other } = decoded(&meta)?;
        let tables = std::collections::BTreeMap::new();
        let entry = Dataset { location, created_ms, other, tables };
        catalog.datasets.insert(DatasetId { project, dataset }, entry);
    }
    let mut rows =
        connection.prepare(&format!("SELECT project, dataset, name, meta FROM {SCHEMA}.tables"))?;
    let entries =
        rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    for entry in entries {
        let (project, dataset, name, meta): (String, String, String, String) = entry?;
        if let Some(dataset) = catalog.datasets.get_mut(&DatasetId { project, dataset }) {
            dataset.tables.insert(name, decoded(&meta)?);
        }
    }
    Ok(catalog)
}

/// Writes a dataset's entry, in place of an older one, and its DuckDB schema.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn put_dataset(
    connection: &Connection,
    id: &DatasetId,
    dataset: &Dataset,
) -> Result<(), BqError> {
    let row = DatasetRow {
        location: dataset.location.clone(),
        created_ms: dataset.created_ms,
        other: dataset.other.clone(),
    };
    connection.execute_batch(&format!("CREATE SCHEMA IF NOT EXISTS {}", id.schema()))?;
    connection.execute(
        &format!("DELETE FROM {SCHEMA}.datasets WHERE project = ? AND dataset = ?"),
        params![id.project, id.dataset],
    )?;
    connection.execute(
        &format!("INSERT INTO {SCHEMA}.datasets VALUES (?, ?, ?)"),
        params![id.project, id.dataset, encoded(&row)?],
    )?;
    Ok(())
}

/// Removes a dataset with all its tables.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn drop_dataset(connection: &Connection, id: &DatasetId) -> Result<(), BqError> {
    connection.execute_batch(&format!("DROP SCHEMA IF EXISTS {} CASCADE", id.schema()))?;
    for table in ["datasets", "tables"] {
        connection.execute(
            &format!("DELETE FROM {SCHEMA}.{table} WHERE project = ? AND dataset = ?"),
            params![id.project, id.dataset],
        )?;
    }
    Ok(())
}

/// Writes a table's entry, in place of an older one.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn put_table(
    connection: &Connection,
    id: &TableId,
    table: &Table,
) -> Result<(), BqError> {
    forget(connection, id)?;
    connection.execute(
        &format!("INSERT INTO {SCHEMA}.tables VALUES (?, ?, ?, ?)"),
        params![id.project, id.dataset, id.table, encoded(table)?],
    )?;
    Ok(())
}

/// Creates the empty DuckDB table of an entry.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn create(connection: &Connection, id: &TableId, table: &Table) -> Result<(), BqError> {
    let mut columns: Vec<String> = table.fields.iter().map(|f| f.duck_column()).collect();
    if table.is_ingestion_time() {
        columns.push(format!("{} TIMESTAMPTZ NOT NULL", quote(PARTITION_TIME)));
    }
    if columns.is_empty() {
        // DuckDB has no table without columns. The first write replaces this one.
        columns.push("_no_schema BOOLEAN".into());
    }
    connection.execute_batch(&format!("CREATE TABLE {} ({})", id.duck(), columns.join(", ")))?;
    Ok(())
}

/// Removes a table and its entry.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn drop_table(connection: &Connection, id: &TableId) -> Result<(), BqError> {
    connection.execute_batch(&format!("DROP TABLE IF EXISTS {}", id.duck()))?;
    forget(connection, id)
}

fn forget(connection: &Connection, id: &TableId) -> Result<(), BqError> {
    connection.execute(
        &format!("DELETE FROM {SCHEMA}.tables WHERE project = ? AND dataset = ? AND name = ?"),
        params![id.project, id.dataset, id.table],
    )?;
    Ok(())
}

fn encoded<T: Serialize>(value: &T) -> Result<String, BqError> {
    serde_json::to_string(value).map_err(|error| damaged(&error))
}

fn decoded<T: for<'de> Deserialize<'de>>(text: &str) -> Result<T, BqError> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> BqError {
    BqError::new(
        Reason::BackendError,
        format!("a catalog entry of the data folder is damaged: {error}"),
    )
}
