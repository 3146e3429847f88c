//! Load jobs: rows of an upload or of files in buckets into the connection's temporary table.

mod csv;
mod detect;
mod json;
mod parquet;
mod source;
pub(crate) mod stage;
pub(crate) mod values;

use duckdb::Connection;

use crate::catalog::Table;
use crate::error::BqError;
use crate::jobs::config::{
    CsvDialect, Destination, LoadConfig, RequiredFields, SourceFormat, WriteDisposition,
};
use crate::schema::{Field, Mode};
use crate::warehouse::Warehouse;
use source::Source;
use stage::{Counts, Stage};

/// What a load job found.
pub(crate) struct Loaded {
    /// Columns of the temporary table.
    pub(crate) fields: Vec<Field>,
    pub(crate) files: usize,
    pub(crate) counts: Counts,
}

/// Checks the rows and puts them into the temporary table.
///
/// # Errors
/// `notFound` for a file, `invalid` with the row for one that does not fit, `backendError` for the data folder.
pub(crate) fn load(
    warehouse: &Warehouse,
    connection: &Connection,
    config: &LoadConfig,
    upload: Option<Vec<u8>>,
) -> Result<Loaded, BqError> {
    let catalog = warehouse.catalog();
    let destination = &config.destination;
    let table = catalog.find(&destination.table).filter(|table| !table.fields.is_empty());
    // The schema of the new rows replaces that of the table.
    let replaced =
        destination.decorator.is_none() && destination.write == WriteDisposition::Truncate;
    let known = table.filter(|_| !(config.detects && replaced));
    if let (Some(fields), Some(table), false) = (&config.fields, table, replaced) {
        check_modes(destination, table, fields)?;
    }
    let sources = source::sources(warehouse, config, upload)?;
    let files = sources.len();
    let (fields, counts) = match &config.format {
        SourceFormat::Parquet => parquet::read(warehouse, connection, config, known, &sources)?,
        SourceFormat::Json => {
            let fields = fields(config, known, || detect::json(&sources))?;
            let stage = Stage::begin(&warehouse.folder, "JSON", config.bad_max)?;
            let stage = json::rows(stage, &sources, &fields, config.ignore_unknown)?;
            let counts = stage.finish(connection, &fields)?;
            (fields, counts)
        }
        SourceFormat::Csv(dialect) => {
            read_csv(warehouse, connection, config, dialect, known, &sources)?
        }
    };
    Ok(Loaded { fields, files, counts })
}

fn read_csv(
    warehouse: &Warehouse,
    connection: &Connection,
    config: &LoadConfig,
    dialect: &CsvDialect,
    known: Option<&Table>,
    sources: &[Source],
) -> Result<(Vec<Field>, Counts), BqError> {
    let mut skip = dialect.skip.unwrap_or(0);
    let mut delimiter = dialect.delimiter.unwrap_or(',');
    let fields = if config.detects {
        let detected = detect::csv(sources, dialect)?;
        (skip, delimiter) = (detected.skip, detected.delimiter);
        fields(config, known.filter(|_| detected.named), || Ok(detected.fields.clone()))?
    } else {
        fields(config, known, || Ok(Vec::new()))?
    };
    // Columns without names are those of the table, by their places.
    let fields = match (known, &config.fields) {
        (Some(table), None) if fields.iter().all(|field| table.field(&field.name).is_none()) => {
            table.fields.clone()
        }
        _ => fields,
    };
    let nested = |field: &&Field| field.mode == Mode::Repeated || !field.fields.is_empty();
    if let Some(field) = fields.iter().find(nested) {
        return Err(BqError::invalid(format!(
            "Cannot load CSV data with a nested or repeated schema. Field: {}",
            field.name
        )));
    }
    let stage = Stage::begin(&warehouse.folder, "CSV", config.bad_max)?;
    let rules = csv::Rules { delimiter, skip, ignore_unknown: config.ignore_unknown };
    let stage = csv::rows(stage, sources, &fields, dialect, &rules)?;
    let counts = stage.finish(connection, &fields)?;
    Ok((fields, counts))
}

/// A schema of the job's own must not make required columns nullable without permission.
fn check_modes(destination: &Destination, table: &Table, fields: &[Field]) -> Result<(), BqError> {
    let required = |field: &&Field| {
        let column = table.field(&field.name);
        column.is_some_and(|column| column.mode == Mode::Required) && field.mode == Mode::Nullable
    };
    match (fields.iter().find(required), destination.required_fields) {
        (Some(field), RequiredFields::Kept) => Err(BqError::invalid(format!(
            "Provided Schema does not match Table {}. Field {} has changed mode from REQUIRED to \
             NULLABLE",
            destination.name(),
            field.name
        ))),
        (Some(_), RequiredFields::Relaxed) | (None, _) => Ok(()),
    }
}

/// The job's columns, else those that the rows show with the types of the table, else the table's.
fn fields(
    config: &LoadConfig,
    known: Option<&Table>,
    detected: impl FnOnce() -> Result<Vec<Field>, BqError>,
) -> Result<Vec<Field>, BqError> {
    if let Some(fields) = &config.fields {
        return Ok(fields.clone());
    }
    if config.detects {
        let typed = |field: Field| match known.and_then(|table| table.field(&field.name)) {
            Some(column) => column.clone(),
            None => field,
        };
        let fields: Vec<Field> = detected()?.into_iter().map(typed).collect();
        return match fields.is_empty() {
            true => Err(BqError::invalid("Schema has no fields: the rows show no columns.")),
            false => Ok(fields),
        };
    }
    match known {
        Some(table) => Ok(table.fields.clone()),
        None => Err(BqError::invalid("No schema specified on job or table.")),
    }
}
