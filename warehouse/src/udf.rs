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

pub(crate) use times::zone_of;

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
    connection.execute_batch(include_str!("prelude.sql"))?;
    connection.execute_batch(&instant_macro(connection)?)
}

/// `bq_instant`: microseconds since 1970 as an instant. A build of DuckDB without ICU has only the cast,
/// which is slower.
fn instant_macro(connection: &Connection) -> duckdb::Result<String> {
    let has_function: bool = connection.query_row(
        "SELECT count(*) > 0 FROM duckdb_functions() WHERE function_name = 'make_timestamptz'",
        [],
        |row| row.get(0),
    )?;
    let body = match has_function {
        true => "make_timestamptz(us)",
        false => "CAST(make_timestamp(us) AS TIMESTAMPTZ)",
    };
    Ok(format!(
        "CREATE OR REPLACE MACRO bq_instant(us) AS {body};
         CREATE OR REPLACE MACRO bq_utc_since(x, zone, shift, since) AS
             CASE WHEN epoch_us(x) >= since THEN bq_instant(epoch_us(x) - shift) ELSE bq_utc(x, zone) END;"
    ))
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
