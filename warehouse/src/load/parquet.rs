//! Parquet files: the engine reads them itself.

use std::fs;

use duckdb::Connection;

use super::source::{Content, Source};
use super::stage::Counts;
use crate::catalog::Table;
use crate::error::{BqError, Reason};
use crate::ids::{literal, quote};
use crate::jobs::config::LoadConfig;
use crate::schema::{Field, fields_of};
use crate::warehouse::Warehouse;

/// Puts the rows into the temporary table. The columns are the files' own, with the types of the job's schema or of the
/// table where those name them.
///
/// # Errors
/// `invalid` for a file that is no Parquet or does not fit.
pub(super) fn read(
    warehouse: &Warehouse,
    connection: &Connection,
    config: &LoadConfig,
    known: Option<&Table>,
    sources: &[Source],
) -> Result<(Vec<Field>, Counts), BqError> {
    let mut files = Vec::new();
    let mut written = None;
    for source in sources {
        match &source.content {
            Content::File(file) => files.push(file.clone()),
            Content::Upload(bytes) => {
                let name = format!("upload-{}.parquet", uuid::Uuid::new_v4().simple());
                let file = warehouse.folder.join(name);
                fs::write(&file, bytes).map_err(|error| {
                    let why = format!("could not write the upload to the data folder: {error}");
                    BqError::new(Reason::BackendError, why)
                })?;
                written = Some(file.clone());
                files.push(file);
            }
        }
    }
    let bytes = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|meta| meta.len());
    let bytes = i64::try_from(bytes.sum::<u64>()).unwrap_or(i64::MAX);
    let names: Vec<String> = files.iter().map(|file| literal(&file.to_string_lossy())).collect();
    let from = format!("read_parquet([{}], union_by_name = true)", names.join(", "));
    let result = stage(connection, config, known, &from);
    if let Some(file) = written {
        // A file that stays is only waste.
        let _ = fs::remove_file(file);
    }
    Ok((result?, Counts { bad: 0, bytes }))
}

fn stage(
    connection: &Connection,
    config: &LoadConfig,
    known: Option<&Table>,
    from: &str,
) -> Result<Vec<Field>, BqError> {
    let refused = |error: duckdb::Error| {
        let text = error.to_string();
        let first = text.lines().next().unwrap_or_default();
        BqError::invalid(format!("Error while reading data, error message: {first}"))
    };
    let own = {
        let mut statement =
            connection.prepare(&format!("SELECT * FROM {from} LIMIT 0")).map_err(refused)?;
        let schema = statement.query_arrow([]).map_err(refused)?.get_schema();
        fields_of(&schema)?
    };
    let wanted = |field: &Field| {
        let of_job = config.fields.as_ref().and_then(|fields| {
            fields.iter().find(|wanted| wanted.name.eq_ignore_ascii_case(&field.name))
        });
        of_job.or_else(|| known?.field(&field.name)).cloned().unwrap_or_else(|| field.clone())
    };
    let fields: Vec<Field> = own.iter().map(wanted).collect();
    let values = own.iter().zip(&fields).map(|(own, field)| {
        format!("CAST({} AS {}) AS {}", quote(&own.name), field.duck_type(), quote(&field.name))
    });
    let values: Vec<String> = values.collect();
    connection
        .execute_batch(&format!(
            "CREATE OR REPLACE TEMP TABLE himekuri_result AS SELECT {} FROM {from}",
            values.join(", ")
        ))
        .map_err(refused)?;
    Ok(fields)
}
