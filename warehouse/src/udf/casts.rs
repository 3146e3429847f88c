//! Casts and hashes whose results differ between DuckDB and GoogleSQL.

use std::sync::Arc;

use duckdb::arrow::array::{Array, AsArray, Int64Array, Int64Builder, RecordBatch, StringArray};
use duckdb::arrow::datatypes::{DataType, Float64Type, Int64Type};
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};

use super::{Column, strings};

/// CAST(x AS INT64): halves are rounded away from zero, text may be hexadecimal.
pub(super) struct ToInt64;

impl VArrowScalar for ToInt64 {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let column = batch.column(0);
        let mut out = Int64Builder::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            if column.is_null(row) {
                out.append_null();
            } else if let Some(values) = column.as_primitive_opt::<Int64Type>() {
                out.append_value(values.value(row));
            } else if let Some(values) = column.as_primitive_opt::<Float64Type>() {
                out.append_value(rounded(values.value(row))?);
            } else if let Some(values) = column.as_boolean_opt() {
                out.append_value(i64::from(values.value(row)));
            } else {
                out.append_value(parsed(strings(&batch, 0)?.value(row))?);
            }
        }
        Ok(Arc::new(out.finish()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        [DataType::Int64, DataType::Float64, DataType::Utf8, DataType::Boolean]
            .into_iter()
            .map(|from| ArrowFunctionSignature::exact(vec![from], DataType::Int64))
            .collect()
    }
}

fn rounded(value: f64) -> Result<i64, String> {
    let rounded = value.round();
    // 2^63 is the first float beyond the range.
    if rounded.is_finite()
        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&rounded)
    {
        #[expect(clippy::cast_possible_truncation, reason = "the range was checked above")]
        return Ok(rounded as i64);
    }
    Err(format!("Bad int64 value: {value}"))
}

fn parsed(text: &str) -> Result<i64, String> {
    let trimmed = text.trim();
    let hexadecimal = trimmed.strip_prefix("0x").or_else(|| trimmed.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => trimmed.parse(),
    }
    .map_err(|_| format!("Bad int64 value: {text}"))
}

/// CAST(float AS STRING): the shortest text that reads back, exponents only for the very large
/// and the very small.
pub(super) struct FloatText;

impl VArrowScalar for FloatText {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let values = batch
            .column(0)
            .as_primitive_opt::<Float64Type>()
            .ok_or("a FLOAT64 argument was expected")?;
        let text = |value: f64| {
            if value.is_nan() {
                "nan".into()
            } else if value.is_infinite() {
                if value > 0.0 { "inf".into() } else { "-inf".into() }
            } else if value.abs() >= 1e15 || (value != 0.0 && value.abs() < 1e-5) {
                format!("{value:e}")
            } else {
                format!("{value}")
            }
        };
        Ok(Arc::new(values.iter().map(|v| v.map(text)).collect::<StringArray>()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Float64], DataType::Utf8)]
    }
}

/// FARM_FINGERPRINT of a string.
pub(super) struct FarmFingerprint;

impl VArrowScalar for FarmFingerprint {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let hash = |text: &str| farmhash::fingerprint64(text.as_bytes()).cast_signed();
        let hashes = strings(&batch, 0)?.iter().map(|text| text.map(hash));
        Ok(Arc::new(hashes.collect::<Int64Array>()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Utf8], DataType::Int64)]
    }
}

/// INITCAP: a capital after every character that is no letter or digit.
pub(super) struct Initcap;

impl VArrowScalar for Initcap {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let texts = strings(&batch, 0)?.iter().map(|text| text.map(initcap));
        Ok(Arc::new(texts.collect::<StringArray>()))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        vec![ArrowFunctionSignature::exact(vec![DataType::Utf8], DataType::Utf8)]
    }
}

fn initcap(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        if first {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        first = !c.is_alphanumeric();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!((rounded(2.5), rounded(-2.5)), (Ok(3), Ok(-3)));
        assert!(rounded(1e19).is_err() && rounded(f64::NAN).is_err());
    }

    #[test]
    fn text_becomes_a_number_or_an_error() {
        assert_eq!((parsed(" 12 "), parsed("0x1F")), (Ok(12), Ok(31)));
        assert_eq!(parsed("1.5"), Err("Bad int64 value: 1.5".into()));
    }
}
