//! SELECT: translated, run into a temporary table, or only looked at (dry run).

use duckdb::Connection;
use serde_json::Value;

use crate::bytes;
use crate::catalog::Catalog;
use crate::error::BqError;
use crate::ids::{literal, quote};
use crate::jobs::config::QueryConfig;
use crate::schema::{Field, fields_of};
use crate::sql::{self, Scope, Translated};

/// The temporary table of a connection that holds the result of its query.
pub(crate) const RESULT: &str = "temp.himekuri_result";

/// What is known of a query without running it.
#[derive(Debug)]
pub(crate) struct Plan {
    /// DuckDB's text.
    pub(crate) sql: String,
    /// Columns of the result.
    pub(crate) fields: Vec<Field>,
    /// Bytes of the columns it touches.
    pub(crate) bytes: i64,
}

/// Translates and checks a query of a job in this location.
///
/// # Errors
/// What is wrong with the query, in BigQuery's words.
pub(crate) fn plan(
    connection: &Connection,
    catalog: &Catalog,
    config: &QueryConfig,
    project: &str,
    location: &str,
) -> Result<Plan, BqError> {
    let translated = translate(catalog, config, project)?;
    check_location(catalog, &translated, location)?;
    let described = describe(connection, &translated.sql)?;
    let bytes = bytes::touched(connection, catalog, &config.sql, &translated)?;
    Ok(Plan { sql: translated.sql, fields: described, bytes })
}

/// The location of the tables that a query reads, if it can be read at all.
pub(crate) fn location_of(
    catalog: &Catalog,
    config: &QueryConfig,
    project: &str,
) -> Option<String> {
    let translated = translate(catalog, config, project).ok()?;
    let table = translated.reads.first()?;
    Some(catalog.dataset(&table.dataset_id()).ok()?.location.clone())
}

/// Runs a planned query; its rows are in [`RESULT`] of this connection.
///
/// # Errors
/// `invalidQuery` for an error of the data, such as a division by zero; `stopped`.
pub(crate) fn run(connection: &Connection, plan: &Plan) -> Result<(), BqError> {
    connection
        .execute_batch(&format!("CREATE OR REPLACE TEMP TABLE himekuri_result AS {}", plan.sql))
        .map_err(|error| sql::from_duckdb(&error))
}

/// Forgets the rows of the last query.
pub(crate) fn forget(connection: &Connection) {
    // A table that stays is replaced by the next query.
    let _ = connection.execute_batch(&format!("DROP TABLE IF EXISTS {RESULT}"));
}

fn translate(
    catalog: &Catalog,
    config: &QueryConfig,
    project: &str,
) -> Result<Translated, BqError> {
    let parameters: &[Value] = &config.parameters;
    let default_dataset = config.default_dataset.as_ref();
    sql::translate(&config.sql, &Scope { catalog, project, default_dataset, parameters })
}

fn check_location(
    catalog: &Catalog,
    translated: &Translated,
    location: &str,
) -> Result<(), BqError> {
    for table in &translated.reads {
        let id = table.dataset_id();
        let dataset = catalog.dataset(&id)?;
        if !dataset.location.eq_ignore_ascii_case(location) {
            return Err(BqError::not_found(format_args!(
                "Dataset {id} was not found in location {location}"
            )));
        }
    }
    Ok(())
}

/// The columns of a query, without running it.
fn describe(connection: &Connection, sql: &str) -> Result<Vec<Field>, BqError> {
    let refused = |error: duckdb::Error| sql::from_duckdb(&error);
    let names: Vec<String> = {
        let mut statement = connection.prepare(&format!("DESCRIBE {sql}")).map_err(refused)?;
        let names = statement.query_map([], |row| row.get(0)).map_err(refused)?;
        names.collect::<Result<_, _>>().map_err(refused)?
    };
    for (index, name) in names.iter().enumerate() {
        if names[..index].iter().any(|other| other.eq_ignore_ascii_case(name)) {
            return Err(BqError::query(format!(
                "Duplicate column names in the result are not supported. Found duplicate(s): {name}"
            )));
        }
        if name.to_uppercase().starts_with("_PARTITION")
            || name.to_uppercase().starts_with("_TABLE_")
        {
            return Err(BqError::invalid(format!(
                "Invalid field name \"{name}\". Field names are not allowed to start with the \
                 (case-insensitive) prefixes _PARTITION, _TABLE_, _FILE_, _ROW_TIMESTAMP, __ROOT__ \
                 and _COLIDENTIFIER"
            )));
        }
    }
    // The types are asked of a result without rows: `DESCRIBE` gives them as text only.
    let mut statement =
        connection.prepare(&format!("SELECT * FROM ({sql}) LIMIT 0")).map_err(refused)?;
    let schema = statement.query_arrow([]).map_err(refused)?.get_schema();
    fields_of(&schema)
}

/// Moves the rows of the last query to a table without a name for callers.
///
/// # Errors
/// `backendError` when the data folder cannot be written.
pub(crate) fn keep(connection: &Connection, table: &str, fields: &[Field]) -> Result<i64, BqError> {
    let columns: Vec<String> = fields
        .iter()
        .map(|field| {
            let name = quote(&field.name);
            format!("CAST({name} AS {}) AS {name}", field.duck_type())
        })
        .collect();
    connection
        .execute_batch(&format!(
            "CREATE TABLE {table} AS SELECT {} FROM {RESULT}",
            columns.join(", ")
        ))
        .map_err(|error| sql::from_duckdb(&error))?;
    crate::partitions::count(connection, table)
}

/// How many rows an output holds now.
///
/// # Errors
/// `notFound` when the table is gone.
pub(crate) fn total(connection: &Connection, from: &str) -> Result<i64, BqError> {
    let sql = format!("SELECT count(*) FROM {from}");
    connection.query_row(&sql, [], |row| row.get(0)).map_err(gone)
}

/// The rows of an output: `FROM` text and columns, one page of them.
///
/// # Errors
/// `notFound` when the table is gone, or has other columns by now.
pub(crate) fn read(
    connection: &Connection,
    from: &str,
    fields: &[Field],
    page: Page,
    format: crate::cells::TimestampFormat,
) -> Result<Vec<Value>, BqError> {
    let columns: Vec<String> = fields.iter().map(|field| quote(&field.name)).collect();
    let columns = if columns.is_empty() { literal("") } else { columns.join(", ") };
    let sql = format!("SELECT {columns} FROM {from} LIMIT {} OFFSET {}", page.length, page.start);
    let mut statement = connection.prepare(&sql).map_err(gone)?;
    let mut rows = Vec::new();
    for batch in statement.query_arrow([])? {
        rows.extend(crate::cells::rows(&batch, fields, format)?);
    }
    Ok(rows)
}

/// A result lives in its destination: when that was dropped or made anew, the rows are lost.
fn gone(error: duckdb::Error) -> BqError {
    let text = error.to_string();
    if text.contains("Catalog Error") || text.contains("Binder Error") {
        return BqError::not_found("the table that held the rows of this job");
    }
    error.into()
}

/// A part of a result.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// Rows before it.
    pub(crate) start: i64,
    /// Rows at most.
    pub(crate) length: i64,
}
