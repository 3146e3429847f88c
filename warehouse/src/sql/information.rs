//! `INFORMATION_SCHEMA`: what the catalog knows, as rows of a query.

use super::Scope;
use crate::catalog::Table;
use crate::error::BqError;
use crate::ids::{DatasetId, TableId, literal};
use crate::partitions;
use crate::schema::{Field, FieldType, Mode};

/// Columns of a view with their types.
pub(super) fn columns(view: &str) -> Option<&'static [(&'static str, FieldType)]> {
    use FieldType::{Integer, String, Timestamp};
    Some(match view {
        "SCHEMATA" => &[
            ("catalog_name", String),
            ("schema_name", String),
            ("location", String),
            ("creation_time", Timestamp),
        ],
        "TABLES" => &[
            ("table_catalog", String),
            ("table_schema", String),
            ("table_name", String),
            ("table_type", String),
            ("is_insertable_into", String),
            ("creation_time", Timestamp),
        ],
        "COLUMNS" => &[
            ("table_catalog", String),
            ("table_schema", String),
            ("table_name", String),
            ("column_name", String),
            ("ordinal_position", Integer),
            ("is_nullable", String),
            ("data_type", String),
            ("is_partitioning_column", String),
        ],
        "PARTITIONS" => &[
            ("table_catalog", String),
            ("table_schema", String),
            ("table_name", String),
            ("partition_id", String),
            ("total_rows", Integer),
            ("last_modified_time", Timestamp),
        ],
        _ => return None,
    })
}

/// DuckDB's text of all rows of a view.
///
/// # Errors
/// `notFound` for the dataset, `notImplemented` for another view.
pub(super) fn rows(scope: &Scope<'_>, id: &DatasetId, view: &str) -> Result<String, BqError> {
    let columns = columns(view).ok_or_else(|| {
        BqError::not_implemented(format_args!(
            "INFORMATION_SCHEMA.{view} (TABLES, COLUMNS and PARTITIONS work)"
        ))
    })?;
    let dataset = scope.catalog.dataset(id)?;
    let mut selects = Vec::new();
    if view == "SCHEMATA" {
        let (location, created) = (&dataset.location, instant(dataset.created_ms));
        selects.push(select(&[
            literal(&id.project),
            literal(&id.dataset),
            literal(location),
            created,
        ]));
    } else {
        for (name, table) in &dataset.tables {
            of_table(view, id, name, table, &mut selects);
        }
    }
    selects.push(format!("{} WHERE FALSE", select(&vec!["NULL".to_owned(); columns.len()])));
    let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
    let typed: Vec<String> = columns
        .iter()
        .map(|(name, kind)| {
            format!("CAST({name} AS {0}) AS {name}", Field::new(*name, *kind).duck_type())
        })
        .collect();
    Ok(format!(
        "SELECT {} FROM ({}) AS found({})",
        typed.join(", "),
        selects.join(" UNION ALL "),
        names.join(", ")
    ))
}

fn of_table(view: &str, id: &DatasetId, name: &str, table: &Table, selects: &mut Vec<String>) {
    let head = [literal(&id.project), literal(&id.dataset), literal(name)];
    let yes_no = |yes: bool| literal(if yes { "YES" } else { "NO" });
    let is_view = table.view().is_some();
    if view == "TABLES" {
        let kind = literal(if is_view { "VIEW" } else { "BASE TABLE" });
        let row = [kind, yes_no(!is_view), instant(table.created_ms)];
        selects.push(select(&[&head[..], &row].concat()));
    } else if view == "COLUMNS" {
        let key = table.partitioning.as_ref().and_then(|p| p.field.as_deref());
        for (index, field) in table.fields.iter().enumerate() {
            let row = [
                literal(&field.name),
                (index + 1).to_string(),
                yes_no(field.mode == Mode::Nullable),
                literal(&type_text(field)),
                yes_no(key.is_some_and(|key| key.eq_ignore_ascii_case(&field.name))),
            ];
            selects.push(select(&[&head[..], &row].concat()));
        }
    } else if !is_view && !table.fields.is_empty() {
        let table_id = TableId {
            project: id.project.clone(),
            dataset: id.dataset.clone(),
            table: name.into(),
        };
        let key = partitions::key(table).unwrap_or_else(|| "CAST(NULL AS VARCHAR)".into());
        let row = [key, "count(*)".into(), instant(table.modified_ms)];
        let text = select(&[&head[..], &row].concat());
        selects.push(format!("{text} FROM {} GROUP BY ALL", table_id.duck()));
    }
}

fn select(values: &[String]) -> String {
    format!("SELECT {}", values.join(", "))
}

fn instant(millis: i64) -> String {
    format!("CAST(make_timestamp({millis} * 1000) AS TIMESTAMPTZ)")
}

/// GoogleSQL's spelling of a column's type.
pub(crate) fn type_text(field: &Field) -> String {
    let one = match field.kind {
        FieldType::Record => {
            let member = |field: &Field| format!("{} {}", field.name, type_text(field));
            format!("STRUCT<{}>", field.fields.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        FieldType::Integer
        | FieldType::Float
        | FieldType::Numeric
        | FieldType::Boolean
        | FieldType::String
        | FieldType::Bytes
        | FieldType::Date
        | FieldType::Datetime
        | FieldType::Time
        | FieldType::Timestamp
        | FieldType::Json => field.kind.sql_name().into(),
    };
    match field.mode {
        Mode::Repeated => format!("ARRAY<{one}>"),
        Mode::Nullable | Mode::Required => one,
    }
}

/// Columns that a query may name, as a table would have them.
pub(super) fn fields(view: &str) -> Option<Vec<Field>> {
    Some(columns(view)?.iter().map(|(name, kind)| Field::new(*name, *kind)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_spelled_as_in_ddl() {
        let mut field = Field::new("events", FieldType::Record);
        field.fields.push(Field::new("ms", FieldType::Integer));
        field.mode = Mode::Repeated;

        assert_eq!(type_text(&field), "ARRAY<STRUCT<ms INT64>>");
    }
}
