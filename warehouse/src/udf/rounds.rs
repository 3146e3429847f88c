//! ROUND to decimal digits: the exact value of a float decides, halves go away from zero.
//!
//! 923.15 is a float slightly below its text, so ROUND(923.15, 1) is 923.1. To multiply and divide
//! by powers of ten, as DuckDB does, gives 923.2. Source: GoogleSQL's tests of decimal rounding.

use std::sync::Arc;

use duckdb::arrow::array::{AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use duckdb::arrow::datatypes::{DataType, Float64Type, Int64Type};
use duckdb::vscalar::{ArrowFunctionSignature, VArrowScalar};

use super::{Column, strings};

/// (FLOAT64 or INT64, digits after the point) to FLOAT64.
pub(super) struct Round;

impl VArrowScalar for Round {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let column = batch.column(0);
        #[expect(clippy::cast_precision_loss, reason = "an INT64 becomes the nearest FLOAT64")]
        let values: Float64Array = match column.as_primitive_opt::<Int64Type>() {
            Some(integers) => integers.unary(|x| x as f64),
            None => {
                column.as_primitive_opt::<Float64Type>().ok_or("a number was expected")?.clone()
            }
        };
        let rounded = rounded(&values, digits(&batch)?)?;
        Ok(Arc::new(rounded))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let numeric = DataType::Decimal128(38, 9);
        [
            (DataType::Float64, DataType::Float64),
            (DataType::Int64, DataType::Float64),
            // Only for its type: `prelude.sql` sends decimals to `RoundNumeric`.
            (numeric.clone(), numeric),
        ]
        .into_iter()
        .map(|(from, to)| ArrowFunctionSignature::exact(vec![from, DataType::Int64], to))
        .collect()
    }
}

fn digits(batch: &RecordBatch) -> Result<&Int64Array, &'static str> {
    batch.column(1).as_primitive_opt::<Int64Type>().ok_or("an INT64 of digits was expected")
}

fn rounded(values: &Float64Array, digits: &Int64Array) -> Result<Float64Array, String> {
    let overflow =
        |x, digits| format!("Floating point overflow in function: ROUND({x:e}, {digits})");
    let pairs = values.iter().zip(digits);
    let pairs = pairs.map(|pair| match pair {
        (Some(x), Some(digits)) => float(x, digits).map(Some).ok_or_else(|| overflow(x, digits)),
        (None, _) | (_, None) => Ok(None),
    });
    pairs.collect()
}

/// The float nearest to the rounded value; `None` beyond the range.
fn float(x: f64, digits: i64) -> Option<f64> {
    // No finite float has a digit further to the right, or a half of one further to the left.
    const RIGHT: usize = 1074;
    const LEFT: usize = 309;
    if !x.is_finite() {
        return Some(x);
    }
    let text = match usize::try_from(digits) {
        Ok(digits) if digits >= RIGHT => return Some(x),
        // The standard library prints the exact value, but halves go to the even digit.
        Ok(digits) if is_half(x, digits) => format!("{:.digits$}", away_from_zero(x)),
        Ok(digits) => format!("{x:.digits$}"),
        Err(_) => match usize::try_from(digits.unsigned_abs()) {
            Ok(zeros) if zeros <= LEFT => whole(x, zeros),
            Ok(_) | Err(_) => return Some(0.0),
        },
    };
    text.parse().ok().filter(|rounded: &f64| rounded.is_finite())
}

/// Whether a value lies exactly in the middle. x * 10^n is an odd number of halves if and only if
/// x * 2^(n+1) is an odd number: the powers of five are odd.
fn is_half(x: f64, digits: usize) -> bool {
    let Ok(exponent) = i32::try_from(digits + 1) else {
        return false;
    };
    (x * 2f64.powi(exponent)) % 2.0 == x.signum()
}

fn away_from_zero(x: f64) -> f64 {
    if x < 0.0 { x.next_down() } else { x.next_up() }
}

/// The text of a value whose last digits before the point are rounded to zeros.
fn whole(x: f64, zeros: usize) -> String {
    let digits = format!("{:0>zeros$}", format!("{:.0}", x.abs().trunc()));
    let (kept, cut) = digits.split_at(digits.len() - zeros);
    let mut kept = format!("0{kept}").into_bytes();
    if cut.as_bytes().first().is_some_and(|digit| *digit >= b'5') {
        for digit in kept.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                break;
            }
            *digit = b'0';
        }
    }
    let sign = if x < 0.0 { "-" } else { "" };
    format!("{sign}{}e{zeros}", String::from_utf8_lossy(&kept))
}

/// (NUMERIC as text with nine digits after the point, digits to keep) to text of the same form.
pub(super) struct RoundNumeric;

impl VArrowScalar for RoundNumeric {
    type State = ();

    fn invoke(_: &(), batch: RecordBatch) -> Column {
        let texts = strings(&batch, 0)?;
        let pairs = texts.iter().zip(digits(&batch)?);
        let rounded: Result<StringArray, String> = pairs
            .map(|pair| match pair {
                (Some(text), Some(digits)) => numeric(text, digits).map(Some),
                (None, _) | (_, None) => Ok(None),
            })
            .collect();
        Ok(Arc::new(rounded?))
    }

    fn signatures() -> Vec<ArrowFunctionSignature> {
        let args = vec![DataType::Utf8, DataType::Int64];
        vec![ArrowFunctionSignature::exact(args, DataType::Utf8)]
    }
}

fn numeric(text: &str, digits: i64) -> Result<String, String> {
    let billionths: i128 =
        text.replace('.', "").parse().map_err(|_| format!("Bad numeric value: {text}"))?;
    let rounded = numeric_in_billionths(billionths, digits);
    let sign = if rounded < 0 { "-" } else { "" };
    let (whole, part) = (rounded.abs() / 1_000_000_000, rounded.abs() % 1_000_000_000);
    Ok(format!("{sign}{whole}.{part:09}"))
}

fn numeric_in_billionths(x: i128, digits: i64) -> i128 {
    let cut = 9i64.saturating_sub(digits);
    if cut <= 0 {
        return x;
    }
    match u32::try_from(cut).ok().and_then(|cut| 10i128.checked_pow(cut)) {
        // `x` has 38 digits at most, so the sum cannot overflow.
        Some(unit) => (x + x.signum() * (unit / 2)) / unit * unit,
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_value_of_a_float_decides() {
        for (x, digits, expected) in [
            // Floats below and above what their text says.
            (923.15, 1, 923.1),
            (1.005, 2, 1.0),
            (2.675, 2, 2.67),
            (1.15, 1, 1.1),
            (8.345, 2, 8.35),
            (1.45, 1, 1.4),
            (0.285, 2, 0.28),
            // Exact halves.
            (0.125, 2, 0.13),
            (0.375, 2, 0.38),
            (2.5, 0, 3.0),
            (0.5, 0, 1.0),
            (0.25, 1, 0.3),
            // No halves.
            (123.456, 2, 123.46),
            (123.456, 4, 123.456),
            (0.07, 5, 0.07),
            (0.49999999999999994, 0, 0.0),
            (9.999, 2, 10.0),
            (0.0, 3, 0.0),
            (5e-324, 400, 5e-324),
            (1.7e308, 2000, 1.7e308),
            // Digits before the point.
            (123.456, -2, 100.0),
            (393_525.0, -1, 393_530.0),
            (995.0, -1, 1000.0),
            (49.99, -2, 0.0),
            (50.0, -2, 100.0),
            (5.0, -3, 0.0),
            (1.5e39, -39, 1e39),
            (1.4999e308, -308, 1e308),
            (1.7e308, -309, 0.0),
        ] {
            assert_eq!(float(x, digits), Some(expected), "{x} {digits}");
            assert_eq!(float(-x, digits), Some(-expected), "-{x} {digits}");
        }
        assert_eq!(float(1.5e308, -308), None);
        assert_eq!(float(1.7e308, i64::MIN), Some(0.0));
        assert_eq!(float(f64::INFINITY, 2), Some(f64::INFINITY));
        assert!(float(f64::NAN, 2).unwrap().is_nan());
    }

    #[test]
    fn a_numeric_is_rounded_in_its_own_digits() {
        for (text, digits, expected) in [
            ("923.150000000", 1, "923.200000000"),
            ("-2.500000000", 0, "-3.000000000"),
            ("-0.040000000", 1, "0.000000000"),
            ("0.000000123", 9, "0.000000123"),
            ("0.000000123", i64::MAX, "0.000000123"),
            ("150.000000000", -2, "200.000000000"),
            ("99999999999999999999999999999.999999999", i64::MIN, "0.000000000"),
            (
                "99999999999999999999999999999.999999999",
                -29,
                "100000000000000000000000000000.000000000",
            ),
        ] {
            assert_eq!(numeric(text, digits).as_deref(), Ok(expected), "{text} {digits}");
        }
    }
}
