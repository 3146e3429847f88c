//! Checked rows on their way into the connection's temporary table.
//!
//! They wait in a file of the data folder, one JSON object a line, so that no load has to fit into memory as a table.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use duckdb::Connection;
use serde_json::Value;

use super::source::Source;
use crate::error::{BqError, Reason};
use crate::ids::{literal, quote};
use crate::schema::{Field, FieldType, Mode};

/// Rows and bytes of a load.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) bad: i64,
    pub(crate) bytes: i64,
}

/// Rows that were read so far.
pub(crate) struct Stage {
    file: PathBuf,
    out: BufWriter<File>,
    /// The row that is being written.
    line: Vec<u8>,
    /// `"c0":` and so on.
    keys: Vec<Vec<u8>>,
    /// `CSV` or `JSON`, for messages.
    format: &'static str,
    bad_max: i64,
    rows: i64,
    counts: Counts,
}

impl Stage {
    /// # Errors
    /// `backendError` when the data folder cannot be written.
    pub(crate) fn begin(
        folder: &Path,
        format: &'static str,
        bad_max: i64,
    ) -> Result<Self, BqError> {
        let file = folder.join(format!("upload-{}.json", uuid::Uuid::new_v4().simple()));
        let out = BufWriter::new(File::create(&file).map_err(|error| unwritten(&error))?);
        let (line, counts) = (Vec::new(), Counts::default());
        Ok(Self { file, out, line, keys: Vec::new(), format, bad_max, rows: 0, counts })
    }

    /// Notes that so many bytes were read.
    pub(super) fn read(&mut self, bytes: usize) {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.counts.bytes = self.counts.bytes.saturating_add(bytes);
    }

    /// Takes a row: one value for each column.
    ///
    /// # Errors
    /// `backendError` when the data folder cannot be written.
    pub(crate) fn good(&mut self, row: &[Value]) -> Result<(), BqError> {
        self.rows += 1;
        self.line.clear();
        for (index, value) in row.iter().enumerate() {
            if value.is_null() {
                continue;
            }
            self.line.push(if self.line.is_empty() { b'{' } else { b',' });
            if self.keys.len() <= index {
                let all = self.keys.len()..=index;
                self.keys.extend(all.map(|index| format!("\"{}\":", column(index)).into_bytes()));
            }
            self.line.extend_from_slice(&self.keys[index]);
            serde_json::to_writer(&mut self.line, value)
                .map_err(|error| unwritten(&io::Error::from(error)))?;
        }
        let end: &[u8] = if self.line.is_empty() { b"{}\n" } else { b"}\n" };
        self.line.extend_from_slice(end);
        self.out.write_all(&self.line).map_err(|error| unwritten(&error))
    }

    /// Leaves a row out.
    ///
    /// # Errors
    /// `invalid` with the row when no more may be left out.
    pub(super) fn bad(&mut self, source: &Source, row: usize, why: &str) -> Result<(), BqError> {
        self.counts.bad += 1;
        if self.counts.bad <= self.bad_max {
            return Ok(());
        }
        let format = self.format;
        Err(BqError {
            reason: Reason::Invalid,
            message: format!(
                "Error while reading data, error message: {format} table encountered too many \
                 errors, giving up. Rows: {}; errors: {}. {format} parsing error in row {row}: \
                 {why} File: {}",
                self.rows + self.counts.bad,
                self.counts.bad,
                source.name
            ),
            location: Some(source.name.clone()),
        })
    }

    /// Puts all rows into the temporary table.
    ///
    /// # Errors
    /// `invalid` when the engine refuses a value.
    pub(crate) fn finish(
        mut self,
        connection: &Connection,
        fields: &[Field],
    ) -> Result<Counts, BqError> {
        self.out.flush().map_err(|error| unwritten(&error))?;
        let values: Vec<String> = fields.iter().enumerate().map(value).collect();
        let columns: Vec<String> = fields
            .iter()
            .enumerate()
            .map(|(index, field)| format!("{}: '{}'", column(index), raw_type(field)))
            .collect();
        let from = match self.rows {
            0 => {
                let nulls: Vec<String> = fields
                    .iter()
                    .enumerate()
                    .map(|(index, field)| {
                        format!("CAST(NULL AS {}) AS {}", raw_type(field), column(index))
                    })
                    .collect();
                format!("(SELECT {}) WHERE FALSE", nulls.join(", "))
            }
            _some => format!(
                "read_json({}, format = 'newline_delimited', columns = {{{}}}, \
                 maximum_object_size = 104857600)",
                literal(&self.file.to_string_lossy()),
                columns.join(", ")
            ),
        };
        let sql = format!(
            "CREATE OR REPLACE TEMP TABLE himekuri_result AS SELECT {} FROM {from}",
            values.join(", ")
        );
        connection.execute_batch(&sql).map_err(|error| {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            BqError::invalid(format!("Error while reading data, error message: {first}"))
        })?;
        Ok(self.counts)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // A file that stays is only waste.
        let _ = fs::remove_file(&self.file);
    }
}

/// The engine reads plain values as texts and everything else as JSON.
fn raw_type(field: &Field) -> &'static str {
    match (field.kind, field.mode) {
        (FieldType::Record | FieldType::Json, _) | (_, Mode::Repeated) => "JSON",
        (_, Mode::Nullable | Mode::Required) => "VARCHAR",
    }
}

fn value((index, field): (usize, &Field)) -> String {
    format!("CAST({} AS {}) AS {}", column(index), field.duck_type(), quote(&field.name))
}

fn column(index: usize) -> String {
    format!("c{index}")
}

fn unwritten(error: &io::Error) -> BqError {
    let message = format!("could not write the rows to the data folder: {error}");
    BqError::new(Reason::BackendError, message)
}
