//! REGEXP_EXTRACT and REGEXP_INSTR, which count matches and return the group when there is one.

use std::error::Error;
use std::sync::Arc;

use duckdb::arrow::array::{Array, AsArray, Int64Builder, RecordBatch, StringBuilder};
use duckdb::arrow::datatypes::{DataType, Int64Type};
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};
use regex::Regex;

use super::{Column, strings};

/// (text, pattern, position from 1, occurrence from 1) to the match or its only group.
pub(super) struct Extract;

impl VArrowScalar for Extract {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let (texts, patterns) = (strings(&batch, 0)?, strings(&batch, 1)?);
        let numbers = |column: usize| {
            batch.column(column).as_primitive_opt::<Int64Type>().ok_or("an INT64 was expected")
        };
        let (positions, occurrences) = (numbers(2)?, numbers(3)?);
        let mut last = LastPattern::default();
        let mut out = StringBuilder::new();
        for row in 0..batch.num_rows() {
            if (0..4).any(|column| batch.column(column).is_null(row)) {
                out.append_null();
                continue;
            }
            let pattern = last.get(patterns.value(row))?;
            let position = from_one(positions.value(row), "position")?;
            let occurrence = from_one(occurrences.value(row), "occurrence")?;
            out.append_option(extract(texts.value(row), pattern, position, occurrence));
        }
        Ok(Arc::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![DataType::Utf8, DataType::Utf8, DataType::Int64, DataType::Int64];
        vec![ArrowFunctionSignature::exact(args, DataType::Utf8)]
    }
}

/// (text, pattern) to the position of the first match, 0 without one.
pub(super) struct Instr;

impl VArrowScalar for Instr {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let (texts, patterns) = (strings(&batch, 0)?, strings(&batch, 1)?);
        let mut last = LastPattern::default();
        let mut out = Int64Builder::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if texts.is_null(row) || patterns.is_null(row) {
                out.append_null();
                continue;
            }
            let text = texts.value(row);
            let found = last.get(patterns.value(row))?.find(text);
            let characters = found.map_or(0, |m| text[..m.start()].chars().count() + 1);
            out.append_value(i64::try_from(characters)?);
        }
        Ok(Arc::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![DataType::Utf8, DataType::Utf8];
        vec![ArrowFunctionSignature::exact(args, DataType::Int64)]
    }
}

fn extract<'a>(text: &'a str, pattern: &Regex, position: usize, nth: usize) -> Option<&'a str> {
    let from = text.char_indices().nth(position).map_or(text.len(), |(index, _)| index);
    let found = pattern.captures_iter(&text[from..]).nth(nth)?;
    let group = usize::from(found.len() > 1);
    found.get(group).map(|m| m.as_str())
}

fn from_one(number: i64, what: &str) -> Result<usize, Box<dyn Error>> {
    number
        .checked_sub(1)
        .and_then(|index| usize::try_from(index).ok())
        .ok_or_else(|| format!("REGEXP_EXTRACT: {what} must be positive").into())
}

/// A batch nearly always has one pattern: it is compiled once, not per row.
#[derive(Default)]
struct LastPattern(Option<Regex>);

impl LastPattern {
    fn get(&mut self, pattern: &str) -> Result<&Regex, Box<dyn Error>> {
        let regex = match self.0.take().filter(|known| known.as_str() == pattern) {
            Some(known) => known,
            None => Regex::new(pattern)
                .map_err(|error| format!("Cannot parse regular expression: {error}"))?,
        };
        Ok(self.0.insert(regex))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_group_is_returned_when_there_is_one() {
        let grouped = Regex::new(r"k=(\d)").unwrap();
        let plain = Regex::new(r"\d+").unwrap();

        assert_eq!(extract("k=1;k=2", &grouped, 0, 1), Some("2"));
        assert_eq!(extract("日本12", &plain, 2, 0), Some("12"));
        assert_eq!(extract("abc", &plain, 9, 0), None);
    }
}
