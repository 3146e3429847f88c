//! Extract jobs: the rows of a table into files of a bucket.

use std::io::{self, Write as _};
use std::path::PathBuf;

use chrono::DateTime;
use duckdb::Connection;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Number, Value};

use crate::buckets::{Buckets, put_file};
use crate::cells::{self, TimestampFormat};
use crate::error::{BqError, Reason};
use crate::ids::{literal, quote};
use crate::jobs::config::{ExtractConfig, ExtractFormat};
use crate::schema::{Field, FieldType, Mode};

/// Bytes of a file after which a pattern begins the next one. BigQuery does so at 1 GB; rows of tests are fewer.
const FILE_BYTES: usize = 16 * 1024 * 1024;

/// What was written.
pub(crate) struct Extracted {
    pub(crate) files: i64,
    pub(crate) rows: i64,
    pub(crate) bytes: i64,
}

/// Writes the rows of a relation. All files are complete before the first is seen.
///
/// # Errors
/// `notFound` for the bucket, `invalid` for rows that the format cannot hold, or the error of `check`.
pub(crate) fn write(
    connection: &Connection,
    buckets: &Buckets,
    config: &ExtractConfig,
    from: &str,
    fields: &[Field],
    check: &dyn Fn() -> Result<(), BqError>,
) -> Result<Extracted, BqError> {
    buckets.folder(&config.uri.bucket)?;
    if let (ExtractFormat::Csv { .. }, Some(field)) = (config.format, nested(fields)) {
        return Err(BqError::invalid(format!(
            "Operation cannot be performed on a nested schema. Field: {}",
            field.name
        )));
    }
    let header = header(config.format, fields);
    let mut files: Vec<Vec<u8>> = vec![header.clone()];
    let (mut rows, mut bytes) = (0_i64, 0_i64);
    let columns: Vec<String> = fields.iter().map(|field| quote(&field.name)).collect();
    let columns = if columns.is_empty() { literal("") } else { columns.join(", ") };
    let mut statement = connection.prepare(&format!("SELECT {columns} FROM {from}"))?;
    let splits = config.uri.object.contains('*');
    for batch in statement.query_arrow([])? {
        check()?;
        for row in cells::rows(&batch, fields, TimestampFormat::Micros)? {
            let line = line(config.format, fields, &row);
            if splits && files.last().is_some_and(|file| file.len() >= FILE_BYTES) {
                files.push(header.clone());
            }
            if let Some(file) = files.last_mut() {
                file.extend_from_slice(line.as_bytes());
            }
            rows += 1;
            bytes = bytes.saturating_add(i64::try_from(line.len()).unwrap_or(i64::MAX));
        }
    }
    let names = (0..files.len()).map(|number| file(buckets, config, number));
    let names: Vec<PathBuf> = names.collect::<Result<_, _>>()?;
    for (name, content) in names.iter().zip(&files) {
        let content = if config.gzip { packed(content) } else { Ok(content.clone()) };
        content.and_then(|content| put_file(name, &content)).map_err(|error| {
            let why = format!("could not write `{}`: {error}", name.display());
            BqError::new(Reason::BackendError, why)
        })?;
    }
    Ok(Extracted { files: i64::try_from(files.len()).unwrap_or(i64::MAX), rows, bytes })
}

fn file(buckets: &Buckets, config: &ExtractConfig, number: usize) -> Result<PathBuf, BqError> {
    let object = config.uri.object.replace('*', &format!("{number:012}"));
    buckets.file(&config.uri.bucket, &object)
}

fn packed(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    encoder.finish()
}

fn nested(fields: &[Field]) -> Option<&Field> {
    fields.iter().find(|field| field.mode == Mode::Repeated || field.kind == FieldType::Record)
}

fn header(format: ExtractFormat, fields: &[Field]) -> Vec<u8> {
    match format {
        ExtractFormat::Csv { delimiter, header: true } => {
            let names = fields.iter().map(|field| quoted(&field.name, delimiter));
            let mut line = names.collect::<Vec<_>>().join(&delimiter.to_string());
            line.push('\n');
            line.into_bytes()
        }
        ExtractFormat::Csv { header: false, .. } | ExtractFormat::Json => Vec::new(),
    }
}

/// One row of `cells::rows` with its line break.
fn line(format: ExtractFormat, fields: &[Field], row: &Value) -> String {
    let mut line = match format {
        ExtractFormat::Csv { delimiter, .. } => {
            let text = |(field, cell): (&Field, &Value)| match cell["v"].as_str() {
                Some(value) => quoted(&text(field.kind, value), delimiter),
                None => String::new(),
            };
            let texts: Vec<String> = fields.iter().zip(values(row)).map(text).collect();
            texts.join(&delimiter.to_string())
        }
        ExtractFormat::Json => Value::Object(object(fields, row)).to_string(),
    };
    line.push('\n');
    line
}

fn values(row: &Value) -> impl Iterator<Item = &Value> {
    row["f"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

fn quoted(text: &str, delimiter: char) -> String {
    match text.contains([delimiter, '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// A record as JSON; what is NULL is left out.
fn object(fields: &[Field], row: &Value) -> Map<String, Value> {
    let cells = fields.iter().zip(values(row));
    let present = cells.filter(|(_, cell)| !cell["v"].is_null());
    present.map(|(field, cell)| (field.name.clone(), json(field, &cell["v"]))).collect()
}

fn json(field: &Field, value: &Value) -> Value {
    if field.mode == Mode::Repeated {
        let element = Field { mode: Mode::Nullable, ..field.clone() };
        let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
        return all.iter().map(|cell| json(&element, &cell["v"])).collect();
    }
    match (field.kind, value.as_str()) {
        (FieldType::Record, _) => Value::Object(object(&field.fields, value)),
        (FieldType::Boolean, Some(value)) => Value::Bool(value == "true"),
        (FieldType::Float, Some(text)) => {
            let number = text.parse().ok().and_then(Number::from_f64);
            number.map_or_else(|| Value::String(text.into()), Value::Number)
        }
        (FieldType::Json, Some(text)) => {
            serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.into()))
        }
        // Whole numbers are texts, too: JSON readers lose digits of 64 bits.
        (kind, Some(value)) => Value::String(text(kind, value)),
        (_, None) => Value::Null,
    }
}

/// A value as a file has it; only instants differ from the REST interface.
fn text(kind: FieldType, value: &str) -> String {
    let instant = (kind == FieldType::Timestamp)
        .then(|| value.parse().ok().and_then(DateTime::from_timestamp_micros))
        .flatten();
    match instant {
        Some(instant) if instant.timestamp_subsec_micros() == 0 => {
            instant.format("%F %T UTC").to_string()
        }
        Some(instant) => instant.format("%F %T%.6f UTC").to_string(),
        None => value.to_owned(),
    }
}
