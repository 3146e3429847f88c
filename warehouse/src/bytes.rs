//! How many bytes a query reads: all rows of the columns it names, as BigQuery bills them.
//!
//! An upper bound: columns are found by their names in the text, and filters on partitions do not
//! lower it.

use std::sync::LazyLock;

use duckdb::Connection;
use regex::Regex;

use crate::catalog::{Catalog, Table};
use crate::error::BqError;
use crate::ids::quote;
use crate::schema::{Field, Mode};
use crate::sql::Translated;

static STAR: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)(\bselect(\s+distinct)?|,|\.)\s*\*").ok());

/// Bytes of the touched columns of all tables.
///
/// # Errors
/// `backendError` when a table cannot be read.
pub(crate) fn touched(
    connection: &Connection,
    catalog: &Catalog,
    text: &str,
    query: &Translated,
) -> Result<i64, BqError> {
    let star = STAR.as_ref().is_none_or(|star| star.is_match(text));
    let mut total: i64 = 0;
    for id in &query.reads {
        let table = catalog.table(id)?;
        let columns = columns(table, star, query);
        if columns.is_empty() {
            continue;
        }
        let widths: Vec<String> = columns.into_iter().map(width).collect();
        let sql = format!(
            "SELECT CAST(coalesce(sum({}), 0) AS BIGINT) FROM {}",
            widths.join(" + "),
            id.duck()
        );
        let bytes: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        total = total.saturating_add(bytes);
    }
    Ok(total)
}

fn columns<'a>(table: &'a Table, star: bool, query: &Translated) -> Vec<&'a Field> {
    let named = |field: &&Field| star || query.words.contains(&field.name.to_lowercase());
    table.fields.iter().filter(named).collect()
}

fn width(field: &Field) -> String {
    let name = quote(&field.name);
    match (field.kind.fixed_bytes(), field.mode) {
        (Some(bytes), Mode::Nullable | Mode::Required) => {
            format!("CASE WHEN {name} IS NULL THEN 0 ELSE {bytes} END")
        }
        (Some(bytes), Mode::Repeated) => format!("coalesce(len({name}), 0) * {bytes}"),
        (None, _) => format!("coalesce(2 + strlen(CAST({name} AS VARCHAR)), 0)"),
    }
}
