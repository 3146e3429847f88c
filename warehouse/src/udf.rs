//! GoogleSQL functions that need code: time zones, time formats, regular expressions, casts.
//!
//! They are real DuckDB functions, bound after types are known, so they work over aggregates too.

mod casts;
mod quotients;
mod regexes;
mod rounds;
mod times;

use std::error::Error;
use std::sync::Arc;

use duckdb::Connection;
use duckdb::arrow::array::{Array, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use duckdb::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};

type Column = Result<Arc<dyn Array>, Box<dyn Error>>;

/// Adds all functions and macros to a database.
///
/// # Errors
/// DuckDB's, when a function cannot be registered.
pub(crate) fn register(connection: &Connection) -> duckdb::Result<()> {
    connection.register_scalar_function::<times::Local>("bq_local")?;
    connection.register_scalar_function::<times::Utc>("bq_utc")?;
    connection.register_scalar_function::<times::Format>("bq_format_time")?;
    connection.register_scalar_function::<times::Parse>("bq_parse_time")?;
    connection.register_scalar_function::<times::TimestampText>("bq_timestamp_text")?;
    connection.register_scalar_function::<casts::ToInt64>("bq_int64")?;
    connection.register_scalar_function::<rounds::Round>("bq_round_float")?;
    connection.register_scalar_function::<rounds::RoundNumeric>("bq_round_numeric")?;
    connection.register_scalar_function::<quotients::Quotient>("bq_quotient")?;
    connection.register_scalar_function::<casts::FloatText>("bq_float_text")?;
    connection.register_scalar_function::<casts::FarmFingerprint>("bq_farm_fingerprint")?;
    connection.register_scalar_function::<casts::Initcap>("bq_initcap")?;
    connection.register_scalar_function::<regexes::Extract>("bq_regexp_extract")?;
    connection.register_scalar_function::<regexes::Instr>("bq_regexp_instr")?;
    connection.execute_batch(include_str!("prelude.sql"))
}

fn datetime_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn strings(batch: &RecordBatch, column: usize) -> Result<&StringArray, Box<dyn Error>> {
    batch.column(column).as_string_opt().ok_or_else(|| "a STRING argument was expected".into())
}

fn instants(
    batch: &RecordBatch,
    column: usize,
) -> Result<&TimestampMicrosecondArray, Box<dyn Error>> {
    batch
        .column(column)
        .as_primitive_opt::<TimestampMicrosecondType>()
        .ok_or_else(|| "a TIMESTAMP argument was expected".into())
}
