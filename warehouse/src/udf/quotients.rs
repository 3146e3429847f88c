//! Division of NUMERIC values, which DuckDB does as floats.

use std::sync::Arc;

use duckdb::arrow::array::{RecordBatch, StringArray};
use duckdb::arrow::datatypes::DataType;
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};

use super::{Column, strings};

/// (NUMERIC, NUMERIC), both as text with nine digits after the point, to text of the same form.
pub(super) struct Quotient;

impl VArrowScalar for Quotient {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let pairs = strings(&batch, 0)?.iter().zip(strings(&batch, 1)?);
        let quotients: Result<StringArray, String> = pairs
            .map(|pair| match pair {
                (Some(x), Some(y)) => divided(x, y).map(Some),
                (None, _) | (_, None) => Ok(None),
            })
            .collect();
        Ok(Arc::new(quotients?))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![DataType::Utf8, DataType::Utf8];
        vec![ArrowFunctionSignature::exact(args, DataType::Utf8)]
    }
}

fn divided(x: &str, y: &str) -> Result<String, String> {
    let overflow = || format!("numeric overflow: {x} / {y}");
    let (a, b) = (billionths(x)?, billionths(y)?);
    if b == 0 {
        // The caller has its own error for it; DuckDB may ask for a row that is not used.
        return Ok("0".into());
    }
    let (mut quotient, mut rest) = (a.abs() / b.abs(), a.abs() % b.abs());
    // Nine digits after the point, as by hand.
    for _ in 0..9 {
        rest = rest.checked_mul(10).ok_or_else(overflow)?;
        quotient = quotient.checked_mul(10).ok_or_else(overflow)? + rest / b.abs();
        rest %= b.abs();
    }
    // Halves go away from zero.
    if rest >= b.abs() - rest {
        quotient += 1;
    }
    let sign = if (a < 0) != (b < 0) && quotient != 0 { "-" } else { "" };
    Ok(format!("{sign}{}.{:09}", quotient / 1_000_000_000, quotient % 1_000_000_000))
}

fn billionths(text: &str) -> Result<i128, String> {
    text.replace('.', "").parse().map_err(|_| format!("Bad numeric value: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotient_has_nine_digits_and_halves_go_away_from_zero() {
        for (x, y, expected) in [
            ("1.000000000", "3.000000000", "0.333333333"),
            ("2.000000000", "3.000000000", "0.666666667"),
            ("-1.000000000", "3.000000000", "-0.333333333"),
            ("0.000000001", "2.000000000", "0.000000001"),
            ("-0.000000001", "2.000000000", "-0.000000001"),
            ("7.500000000", "2.500000000", "3.000000000"),
            ("0.000000000", "-5.000000000", "0.000000000"),
        ] {
            assert_eq!(divided(x, y).as_deref(), Ok(expected), "{x} / {y}");
        }
    }
}
