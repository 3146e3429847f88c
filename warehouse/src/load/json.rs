//! Newline-delimited JSON.

use serde_json::{Map, Value};

use super::source::Source;
use super::stage::Stage;
use super::values;
use crate::error::BqError;
use crate::schema::Field;

/// Puts the rows of all files on the stage.
///
/// # Errors
/// `invalid` when more rows are bad than allowed.
pub(super) fn rows(
    mut stage: Stage,
    sources: &[Source],
    fields: &[Field],
    ignore_unknown: bool,
) -> Result<Stage, BqError> {
    for source in sources {
        let bytes = source.bytes()?;
        stage.read(bytes.len());
        for (number, line) in lines(&bytes) {
            match row(line, fields, ignore_unknown) {
                Ok(row) => stage.good(&row)?,
                Err(why) => stage.bad(source, number, &why)?,
            }
        }
    }
    Ok(stage)
}

/// The lines that are not blank, with their numbers.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines.filter(|(_, line)| !line.trim_ascii().is_empty()).map(|(index, line)| (index + 1, line))
}

fn row(line: &[u8], fields: &[Field], ignore_unknown: bool) -> Result<Vec<Value>, String> {
    let object: Map<String, Value> =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    values::row(&object, fields, ignore_unknown).map_err(|wrong| wrong.to_string())
}
