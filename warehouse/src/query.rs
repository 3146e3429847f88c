//! SELECT: translated, run into a temporary table, or only looked at (dry run).

use std::collections::BTreeSet;

use duckdb::Connection;
use serde_json::Value;
use sqlparser::ast::Query;

use crate::bytes;
use crate::catalog::Catalog;
use crate::error::BqError;
use crate::ids::{DatasetId, TableId, literal, quote};
use crate::jobs::config::QueryConfig;
use crate::schema::{Field, FieldType, fields_of};
use crate::sql::{self, Scope};

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
    query: &Query,
    text: &str,
    scope: &Scope<'_>,
    location: &str,
) -> Result<Plan, BqError> {
    let translated = sql::translate(query, text, scope)?;
    check_location(scope.catalog, &translated.reads, location)?;
    let described = describe(connection, &translated.sql)?;
    check_names(&described)?;
    let bytes = bytes::touched(connection, scope.catalog, text, &translated)?;
    Ok(Plan { sql: translated.sql, fields: described, bytes })
}

/// The location of the first table that a text names, if its dataset exists.
pub(crate) fn location_of(
    catalog: &Catalog,
    config: &QueryConfig,
    project: &str,
) -> Option<String> {
    let steps = sql::read(&config.sql).ok()?;
    let mut names = Vec::new();
    sql::table_names(&steps, &mut names);
    names.into_iter().find_map(|name| {
        let id = match (name.as_slice(), &config.default_dataset) {
            ([_], Some(id)) => id.clone(),
            ([dataset], None) | ([dataset, _], _) => DatasetId::new(project, dataset).ok()?,
            ([project, dataset, ..], _) => DatasetId::new(project, dataset).ok()?,
            ([], _) => return None,
        };
        Some(catalog.dataset(&id).ok()?.location.clone())
    })
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

/// Keeps the rows of the last query while others follow.
///
/// # Errors
/// `backendError`.
pub(crate) fn set_aside(connection: &Connection) -> Result<(), BqError> {
    Ok(connection.execute_batch(
        "DROP TABLE IF EXISTS temp.himekuri_last; \
         ALTER TABLE temp.himekuri_result RENAME TO himekuri_last",
    )?)
}

/// Makes the rows that were set aside the result again.
///
/// # Errors
/// `backendError`.
pub(crate) fn take_back(connection: &Connection) -> Result<(), BqError> {
    Ok(connection.execute_batch(
        "DROP TABLE IF EXISTS temp.himekuri_result; \
         ALTER TABLE temp.himekuri_last RENAME TO himekuri_result",
    )?)
}

/// Refuses tables of another location.
///
/// # Errors
/// `notFound`.
pub(crate) fn check_location(
    catalog: &Catalog,
    tables: &BTreeSet<TableId>,
    location: &str,
) -> Result<(), BqError> {
    for table in tables {
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
///
/// # Errors
/// `invalidQuery`, in BigQuery's words.
pub(crate) fn describe(connection: &Connection, sql: &str) -> Result<Vec<Field>, BqError> {
    let refused = |error: duckdb::Error| sql::from_duckdb(&error);
    // DuckDB renames the second of two columns of one name in a subquery, but not here.
    let described: Vec<(String, String)> = {
        let mut statement = connection.prepare(&format!("DESCRIBE {sql}")).map_err(refused)?;
        let rows =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(refused)?;
        rows.collect::<Result<_, _>>().map_err(refused)?
    };
    // The types are asked of a result without rows: `DESCRIBE` gives them as text only. JSON alone
    // is not to be told from text there.
    let mut statement =
        connection.prepare(&format!("SELECT * FROM ({sql}) LIMIT 0")).map_err(refused)?;
    let schema = statement.query_arrow([]).map_err(refused)?.get_schema();
    let mut fields = fields_of(&schema)?;
    for (field, (name, duck_type)) in fields.iter_mut().zip(described) {
        field.name = name;
        if duck_type == "JSON" || duck_type == "JSON[]" {
            field.kind = FieldType::Json;
        }
    }
    Ok(fields)
}

fn check_names(fields: &[Field]) -> Result<(), BqError> {
    for (index, Field { name, .. }) in fields.iter().enumerate() {
        if fields[..index].iter().any(|other| other.name.eq_ignore_ascii_case(name)) {
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
    Ok(())
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
