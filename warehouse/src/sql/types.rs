//! Type names, casts, and small readers of rewritten text.

use sqlparser::ast::{ArrayElemTypeDef, DataType};

use crate::ids::quote;

use super::dates;

/// DuckDB's name of a GoogleSQL type.
#[expect(clippy::wildcard_enum_match_arm, reason = "types of other dialects are refused")]
pub(super) fn duck_type(data_type: &DataType) -> Option<String> {
    Some(match data_type {
        DataType::Int64
        | DataType::Integer(_)
        | DataType::Int(_)
        | DataType::BigInt(_)
        | DataType::SmallInt(_)
        | DataType::TinyInt(_) => "BIGINT".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::String(_) => "VARCHAR".into(),
        DataType::Bytes(_) => "BLOB".into(),
        DataType::Bool | DataType::Boolean => "BOOLEAN".into(),
        DataType::Date => "DATE".into(),
        DataType::Time(_, _) => "TIME".into(),
        DataType::Timestamp(_, _) => "TIMESTAMPTZ".into(),
        DataType::Datetime(_) => "TIMESTAMP".into(),
        DataType::JSON => "JSON".into(),
        DataType::Numeric(_) | DataType::Decimal(_) => "DECIMAL(38,9)".into(),
        DataType::Array(ArrayElemTypeDef::AngleBracket(element)) => {
            format!("{}[]", duck_type(element)?)
        }
        DataType::Struct(fields, _) => {
            let mut columns = Vec::new();
            for (index, field) in fields.iter().enumerate() {
                let name = match &field.field_name {
                    Some(name) => name.value.clone(),
                    None => format!("_field_{}", index + 1),
                };
                columns.push(format!("{} {}", quote(&name), duck_type(&field.field_type)?));
            }
            format!("STRUCT({})", columns.join(", "))
        }
        _ => return None,
    })
}

/// CAST with GoogleSQL's roundings and texts.
pub(super) fn cast(x: &str, data_type: &DataType) -> Option<String> {
    let duck = duck_type(data_type)?;
    Some(match duck.as_str() {
        "BIGINT" => format!("bq_int64({x})"),
        "VARCHAR" => format!("bq_string({x})"),
        "DATE" => dates::date(x),
        _ => format!("CAST({x} AS {duck})"),
    })
}

/// A bare word such as a date part, in capitals.
pub(super) fn word(text: &str) -> String {
    text.trim_matches('"').to_uppercase()
}

/// The text of a rewritten string literal.
pub(super) fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}
