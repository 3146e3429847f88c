//! Values as BigQuery's REST interface writes them: `{"f": [{"v": "1"}, …]}`, all scalars as text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta};
use duckdb::arrow::array::{Array, AsArray, RecordBatch};
use duckdb::arrow::datatypes::{
    Date32Type, Decimal128Type, Float64Type, Int64Type, Time64MicrosecondType,
    TimestampMicrosecondType,
};
use serde_json::{Value, json};

use crate::error::{BqError, Reason};
use crate::schema::{Field, FieldType, Mode};

/// How a caller wants instants written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimestampFormat {
    /// Seconds with a fraction, BigQuery's default.
    Seconds,
    /// Whole microseconds (`formatOptions.useInt64Timestamp`).
    Micros,
}

/// The rows of a batch whose columns already have the DuckDB types of `fields`.
///
/// # Errors
/// `backendError` when the batch does not match the fields.
pub(crate) fn rows(
    batch: &RecordBatch,
    fields: &[Field],
    format: TimestampFormat,
) -> Result<Vec<Value>, BqError> {
    (0..batch.num_rows())
        .map(|row| {
            let cells = fields.iter().zip(batch.columns());
            let cells = cells.map(|(field, column)| cell(column, row, field, format));
            Ok(json!({ "f": cells.collect::<Result<Vec<_>, _>>()? }))
        })
        .collect()
}

fn cell(
    column: &dyn Array,
    row: usize,
    field: &Field,
    format: TimestampFormat,
) -> Result<Value, BqError> {
    if field.mode != Mode::Repeated {
        return Ok(json!({ "v": value(column, row, field, format)? }));
    }
    if column.is_null(row) {
        return Ok(json!({ "v": [] }));
    }
    let list = column.as_list_opt::<i32>().ok_or_else(|| mismatch(column, field))?.value(row);
    let element = Field { mode: Mode::Nullable, ..field.clone() };
    let elements = (0..list.len()).map(|index| cell(&list, index, &element, format));
    Ok(json!({ "v": elements.collect::<Result<Vec<_>, _>>()? }))
}

fn value(
    column: &dyn Array,
    row: usize,
    field: &Field,
    format: TimestampFormat,
) -> Result<Value, BqError> {
    if column.is_null(row) {
        return Ok(Value::Null);
    }
    if field.kind == FieldType::Record {
        let record = column.as_struct_opt().ok_or_else(|| mismatch(column, field))?;
        let cells = field.fields.iter().zip(record.columns());
        let cells = cells.map(|(field, column)| cell(column, row, field, format));
        return Ok(json!({ "f": cells.collect::<Result<Vec<_>, _>>()? }));
    }
    scalar(column, row, field.kind, format)
        .map(Value::String)
        .ok_or_else(|| mismatch(column, field))
}

fn scalar(
    column: &dyn Array,
    row: usize,
    kind: FieldType,
    format: TimestampFormat,
) -> Option<String> {
    Some(match kind {
        FieldType::Integer => column.as_primitive_opt::<Int64Type>()?.value(row).to_string(),
        FieldType::Float => float(column.as_primitive_opt::<Float64Type>()?.value(row)),
        FieldType::Numeric => {
            let text = column.as_primitive_opt::<Decimal128Type>()?.value_as_string(row);
            match text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.').into(),
                false => text,
            }
        }
        FieldType::Boolean => column.as_boolean_opt()?.value(row).to_string(),
        FieldType::String | FieldType::Json => column.as_string_opt::<i32>()?.value(row).into(),
        FieldType::Bytes => STANDARD.encode(column.as_binary_opt::<i32>()?.value(row)),
        FieldType::Date => {
            let days = column.as_primitive_opt::<Date32Type>()?.value(row);
            let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
            epoch.checked_add_signed(TimeDelta::days(days.into()))?.to_string()
        }
        FieldType::Time => {
            let micros = column.as_primitive_opt::<Time64MicrosecondType>()?.value(row);
            let time = NaiveTime::MIN + TimeDelta::microseconds(micros);
            format!("{}{}", time.format("%H:%M:%S"), fraction(micros))
        }
        FieldType::Datetime => {
            let micros = column.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
            let time = DateTime::from_timestamp_micros(micros)?;
            format!("{}{}", time.format("%Y-%m-%dT%H:%M:%S"), fraction(micros))
        }
        FieldType::Timestamp => {
            let micros = column.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
            match format {
                TimestampFormat::Micros => micros.to_string(),
                TimestampFormat::Seconds => seconds(micros),
            }
        }
        FieldType::Record => return None,
    })
}

fn float(value: f64) -> String {
    if value.is_nan() {
        "NaN".into()
    } else if value.is_infinite() {
        if value > 0.0 { "Infinity".into() } else { "-Infinity".into() }
    } else {
        // The shortest digits that read back, with `.0` for whole numbers, as BigQuery has it.
        format!("{value:?}")
    }
}

fn seconds(micros: i64) -> String {
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let text = format!("{sign}{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    match text.trim_end_matches('0') {
        whole if whole.ends_with('.') => format!("{whole}0"),
        shorter => shorter.into(),
    }
}

fn fraction(micros: i64) -> String {
    match micros.rem_euclid(1_000_000) {
        0 => String::new(),
        part => format!(".{part:06}"),
    }
}

fn mismatch(column: &dyn Array, field: &Field) -> BqError {
    BqError::new(
        Reason::BackendError,
        format!(
            "column `{}` holds {} where {} was stored",
            field.name,
            column.data_type(),
            field.kind.name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_seconds_with_a_fraction() {
        assert_eq!(seconds(1_793_493_000_000_000), "1793493000.0");
        assert_eq!(seconds(1_793_493_000_000_001), "1793493000.000001");
        assert_eq!(seconds(-500_000), "-0.5");
    }
}
