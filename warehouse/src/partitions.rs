//! What each partition holds: rows, and a checksum to compare two runs.

use duckdb::Connection;
use serde_json::{Value, json};

use crate::catalog::{Catalog, PARTITION_TIME, Table};
use crate::error::BqError;
use crate::ids::{TableId, literal, quote};
use crate::partition::Granularity;
use crate::ranges::Ranges;

/// DuckDB's text for a table or one partition of it.
///
/// # Errors
/// `invalid` when the decorator does not fit the table.
pub(crate) fn from(
    id: &TableId,
    table: &Table,
    decorator: Option<&str>,
) -> Result<String, BqError> {
    let Some(decorator) = decorator else {
        return Ok(id.duck());
    };
    let wrong = || BqError::invalid(format!("Invalid partition decorator: {id}${decorator}"));
    if let Some(ranges) = Ranges::of(table) {
        return Ok(format!("{} WHERE {}", id.duck(), ranges.inside(decorator)?));
    }
    let key = key(table).ok_or_else(wrong)?;
    if !decorator.chars().all(|c| c.is_ascii_digit()) {
        return Err(wrong());
    }
    Ok(format!("{} WHERE {key} = {}", id.duck(), literal(decorator)))
}

/// The partition id of a row, as DuckDB text; none for a table without partitions.
pub(crate) fn key(table: &Table) -> Option<String> {
    if let Some(ranges) = Ranges::of(table) {
        return Some(ranges.key());
    }
    let partitioning = table.partitioning.as_ref()?;
    let column = partitioning.field.as_deref().unwrap_or(PARTITION_TIME);
    let pattern = Granularity::pattern(partitioning.granularity);
    Some(format!("strftime(CAST({} AS TIMESTAMP), '{pattern}')", quote(column)))
}

/// Rows of a relation.
///
/// # Errors
/// `backendError`.
pub(crate) fn count(connection: &Connection, from: &str) -> Result<i64, BqError> {
    Ok(connection.query_row(&format!("SELECT count(*) FROM {from}"), [], |row| row.get(0))?)
}

/// All partitions that hold rows, of one project or of all; a table without partitions is one, with
/// `null`. Ordered by project, dataset, table and partition.
///
/// # Errors
/// `backendError`.
pub(crate) fn list(
    connection: &Connection,
    catalog: &Catalog,
    project: Option<&str>,
    dataset: Option<&str>,
) -> Result<Vec<Value>, BqError> {
    let mut list = Vec::new();
    for (dataset_id, entry) in &catalog.datasets {
        let wanted = project.is_none_or(|name| name == dataset_id.project)
            && dataset.is_none_or(|name| name == dataset_id.dataset);
        if !wanted {
            continue;
        }
        for (name, table) in entry.tables.iter().filter(|(_, table)| table.view().is_none()) {
            let id = TableId {
                project: dataset_id.project.clone(),
                dataset: dataset_id.dataset.clone(),
                table: name.clone(),
            };
            list.extend(of_table(connection, &id, table)?);
        }
    }
    Ok(list)
}

fn of_table(connection: &Connection, id: &TableId, table: &Table) -> Result<Vec<Value>, BqError> {
    let key = key(table).unwrap_or_else(|| "CAST(NULL AS VARCHAR)".into());
    let columns: Vec<String> = table.fields.iter().map(|field| quote(&field.name)).collect();
    let row = if columns.is_empty() { "1".into() } else { columns.join(", ") };
    // Hashes are added up, so the order of rows does not matter and equal rows still count twice.
    // Text, because the sum has more than 64 bits.
    let sql = format!(
        "SELECT {key} AS key, count(*),
                printf('%016x', CAST(sum(CAST(hash({row}) AS HUGEINT)) % 18446744073709551616 AS UBIGINT))
         FROM {} GROUP BY ALL ORDER BY ALL",
        id.duck()
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map([], |row| {
        Ok(json!({
            "project": id.project,
            "dataset": id.dataset,
            "table": id.table,
            "partition": row.get::<_, Option<String>>(0)?,
            "rows": row.get::<_, i64>(1)?,
            "checksum": row.get::<_, String>(2)?,
        }))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
