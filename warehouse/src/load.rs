//! Load jobs: newline-delimited JSON into the connection's temporary table.

use std::fs;

use duckdb::Connection;
use serde_json::{Map, Value};

use crate::error::{BqError, Reason};
use crate::ids::{literal, quote};
use crate::jobs::config::LoadConfig;
use crate::schema::{Field, FieldType, Mode};
use crate::warehouse::Warehouse;

/// Checks the rows and puts them into the temporary table. Returns its columns.
///
/// # Errors
/// `invalid` with the line for a row that does not fit; `backendError` for the data folder.
pub(crate) fn stage(
    warehouse: &Warehouse,
    connection: &Connection,
    config: &LoadConfig,
    upload: Vec<u8>,
) -> Result<Vec<Field>, BqError> {
    let catalog = warehouse.catalog();
    let destination = &config.destination.table;
    catalog.dataset(&destination.dataset_id())?;
    let fields = match (&config.fields, catalog.find(destination)) {
        (Some(fields), _) => fields.clone(),
        (None, Some(table)) if !table.fields.is_empty() => table.fields.clone(),
        (None, Some(_) | None) => {
            return Err(BqError::invalid("No schema specified on job or table."));
        }
    };
    check_lines(&upload, &fields, config.ignore_unknown)?;
    let file = warehouse.folder.join(format!("upload-{}.json", uuid::Uuid::new_v4().simple()));
    let result = fs::write(&file, upload)
        .map_err(|error| {
            let message = format!("could not write the upload to the data folder: {error}");
            BqError::new(Reason::BackendError, message)
        })
        .and_then(|()| read_file(connection, &file.to_string_lossy(), &fields));
    // A file that stays is only waste.
    let _ = fs::remove_file(&file);
    result.map(|()| fields)
}

fn read_file(connection: &Connection, file: &str, fields: &[Field]) -> Result<(), BqError> {
    // Plain values are read as text and cast here: DuckDB's own reader knows fewer time formats.
    let as_text = |field: &Field| match (field.kind, field.mode) {
        (FieldType::Record, _) | (_, Mode::Repeated) => field.duck_type(),
        (_, Mode::Nullable | Mode::Required) => "VARCHAR".into(),
    };
    let columns: Vec<String> =
        fields.iter().map(|f| format!("{}: {}", literal(&f.name), literal(&as_text(f)))).collect();
    let values: Vec<String> = fields.iter().map(value).collect();
    let sql = format!(
        "CREATE OR REPLACE TEMP TABLE himekuri_result AS SELECT {} FROM \
         read_json({}, format = 'newline_delimited', columns = {{{}}}, maximum_object_size = 104857600)",
        values.join(", "),
        literal(file),
        columns.join(", ")
    );
    connection.execute_batch(&sql).map_err(|error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        BqError::invalid(format!("Error while reading data: {first}"))
    })
}

fn value(field: &Field) -> String {
    let name = quote(&field.name);
    match (field.kind, field.mode) {
        (FieldType::Record, _) | (_, Mode::Repeated) => name,
        (FieldType::Bytes, _) => format!("from_base64({name}) AS {name}"),
        // A number is seconds since 1970.
        (FieldType::Timestamp, _) => format!(
            "coalesce(make_timestamptz(CAST(TRY_CAST({name} AS DOUBLE) * 1000000 AS BIGINT)), \
             CAST({name} AS TIMESTAMPTZ)) AS {name}"
        ),
        _scalar => format!("CAST({name} AS {}) AS {name}", field.duck_type()),
    }
}

fn check_lines(upload: &[u8], fields: &[Field], ignore_unknown: bool) -> Result<(), BqError> {
    for (index, line) in upload.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row: Map<String, Value> = serde_json::from_slice(line).map_err(|error| {
            BqError::invalid(format!(
                "Error while reading data: JSON parsing error in row {}: {error}",
                index + 1
            ))
        })?;
        let unknown =
            row.keys().find(|key| !fields.iter().any(|field| field.name.eq_ignore_ascii_case(key)));
        if let Some(name) = unknown.filter(|_| !ignore_unknown) {
            return Err(BqError::invalid(format!(
                "Error while reading data: JSON parsing error in row {}: No such field: {name}.",
                index + 1
            )));
        }
        let missing = fields.iter().find(|field| {
            field.mode == Mode::Required && row.get(&field.name).is_none_or(Value::is_null)
        });
        if let Some(field) = missing {
            return Err(BqError::invalid(format!(
                "Error while reading data: row {}: Missing required field: {}.",
                index + 1,
                field.name
            )));
        }
    }
    Ok(())
}
