//! Columns and options of CREATE TABLE, as BigQuery's schemas and table resources have them.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the parser knows many options and types; what GoogleSQL lacks is refused"
)]

use serde_json::{Map, Value, json};
use sqlparser::ast::{
    Array, ArrayElemTypeDef, ColumnDef, ColumnOption, CreateTableOptions, DataType, Expr,
    SqlOption, StructField, UnaryOperator, Value as Literal, ValueWithSpan,
};

use super::place;
use crate::error::BqError;
use crate::schema::{Field, FieldType, Mode};

/// The column of a definition.
///
/// # Errors
/// `invalidQuery` for an unknown type, `notImplemented` for an option such as DEFAULT.
pub(super) fn column(definition: &ColumnDef) -> Result<Field, BqError> {
    let mut field = field(&definition.name.value, &definition.data_type)?;
    for option in &definition.options {
        match &option.option {
            ColumnOption::NotNull if field.mode == Mode::Nullable => field.mode = Mode::Required,
            ColumnOption::Options(options) => field.description = description(options)?,
            other => {
                return Err(BqError::not_implemented(format_args!(
                    "The column option {other} of {}{}",
                    definition.name,
                    place(&sqlparser::ast::Expr::Identifier(definition.name.clone()))
                )));
            }
        }
    }
    check_name(&field.name)?;
    Ok(field)
}

fn check_name(name: &str) -> Result<(), BqError> {
    let upper = name.to_uppercase();
    match upper.starts_with("_PARTITION") || upper.starts_with("_TABLE_") || name.is_empty() {
        true => Err(BqError::query(format!("Invalid field name \"{name}\"."))),
        false => Ok(()),
    }
}

/// A nullable column of a type; an array is a repeated one.
///
/// # Errors
/// `invalidQuery` for an unknown type.
pub(super) fn field(name: &str, data_type: &DataType) -> Result<Field, BqError> {
    let simple = |kind| Ok(Field::new(name, kind));
    match data_type {
        DataType::Array(ArrayElemTypeDef::AngleBracket(element)) => {
            let element = field(name, element)?;
            match element.mode {
                Mode::Repeated => Err(BqError::query(
                    "Cannot construct array with element type ARRAY because nested arrays are not \
                     supported",
                )),
                Mode::Nullable | Mode::Required => Ok(Field { mode: Mode::Repeated, ..element }),
            }
        }
        DataType::Struct(members, _) => {
            let members =
                members.iter().enumerate().map(|(index, member)| member_field(index, member));
            let fields = members.collect::<Result<_, _>>()?;
            Ok(Field { fields, ..Field::new(name, FieldType::Record) })
        }
        DataType::Int64
        | DataType::Integer(None)
        | DataType::Int(None)
        | DataType::BigInt(None)
        | DataType::SmallInt(None)
        | DataType::TinyInt(None) => simple(FieldType::Integer),
        DataType::Float64 => simple(FieldType::Float),
        DataType::String(None) => simple(FieldType::String),
        DataType::Bytes(None) => simple(FieldType::Bytes),
        DataType::Bool | DataType::Boolean => simple(FieldType::Boolean),
        DataType::Date => simple(FieldType::Date),
        DataType::Time(_, _) => simple(FieldType::Time),
        DataType::Timestamp(_, _) => simple(FieldType::Timestamp),
        DataType::Datetime(_) => simple(FieldType::Datetime),
        DataType::JSON => simple(FieldType::Json),
        DataType::Numeric(sqlparser::ast::ExactNumberInfo::None)
        | DataType::Decimal(sqlparser::ast::ExactNumberInfo::None) => simple(FieldType::Numeric),
        DataType::BigNumeric(_) | DataType::String(_) | DataType::Numeric(_) => {
            Err(BqError::not_implemented(format_args!("The type {data_type} of the column {name}")))
        }
        other => Err(BqError::query(format!("Type not found: {other}"))),
    }
}

fn member_field(index: usize, member: &StructField) -> Result<Field, BqError> {
    let name = match &member.field_name {
        Some(name) => name.value.clone(),
        None => format!("_field_{}", index + 1),
    };
    let mut field = field(&name, &member.field_type)?;
    if let Some(options) = &member.options {
        field.description = description(options)?;
    }
    Ok(field)
}

fn description(options: &[SqlOption]) -> Result<Option<String>, BqError> {
    let mut description = None;
    for (name, value) in pairs(options)? {
        match (name.as_str(), value) {
            ("description", Value::String(text)) => description = Some(text),
            ("description", Value::Null) => {}
            _ => return Err(BqError::not_implemented(format_args!("The column option {name}"))),
        }
    }
    Ok(description)
}

/// What the options of a table mean in its resource, and `expirationMs` of its partitions.
///
/// # Errors
/// `notImplemented` for an option that would have an effect.
pub(super) fn table_options(
    options: &CreateTableOptions,
) -> Result<(Map<String, Value>, Option<Value>), BqError> {
    let mut kept = Map::new();
    let mut expiration = None;
    let options = match options {
        CreateTableOptions::None => return Ok((kept, None)),
        CreateTableOptions::Options(options) => options,
        other => return Err(BqError::query(format!("Syntax error: Unexpected {other}"))),
    };
    for (name, value) in pairs(options)? {
        match (name.as_str(), &value) {
            (_, Value::Null) => {}
            ("description", Value::String(_)) => {
                kept.insert("description".into(), value);
            }
            ("friendly_name", Value::String(_)) => {
                kept.insert("friendlyName".into(), value);
            }
            ("require_partition_filter", Value::Bool(_)) => {
                kept.insert("requirePartitionFilter".into(), value);
            }
            ("labels", Value::Array(labels)) => {
                let label = |label: &Value| {
                    Some((label[0].as_str()?.to_owned(), json!(label[1].as_str()?)))
                };
                let labels: Option<Map<_, _>> = labels.iter().map(label).collect();
                let labels = labels.ok_or_else(|| wrong(&name))?;
                kept.insert("labels".into(), Value::Object(labels));
            }
            ("partition_expiration_days", Value::Number(days)) => {
                const DAY_MS: f64 = 86_400_000.0;
                let millis = days.as_f64().map(|days| format!("{:.0}", days * DAY_MS));
                expiration = millis.map(Value::String);
            }
            ("description" | "friendly_name" | "labels" | "partition_expiration_days", _)
            | ("require_partition_filter", _) => return Err(wrong(&name)),
            _ => return Err(BqError::not_implemented(format_args!("The table option {name}"))),
        }
    }
    Ok((kept, expiration))
}

fn wrong(name: &str) -> BqError {
    BqError::query(format!("Invalid value for option {name}"))
}

/// Names in lower case with constant values.
///
/// # Errors
/// `invalidQuery` for a value that is no constant.
pub(super) fn pairs(options: &[SqlOption]) -> Result<Vec<(String, Value)>, BqError> {
    let pair = |option: &SqlOption| match option {
        SqlOption::KeyValue { key, value } => {
            let name = key.value.to_lowercase();
            let value = constant(value).ok_or_else(|| wrong(&name))?;
            Ok((name, value))
        }
        other => Err(BqError::query(format!("Syntax error: Unexpected option {other}"))),
    };
    options.iter().map(pair).collect()
}

fn constant(expr: &Expr) -> Option<Value> {
    Some(match expr {
        Expr::Value(ValueWithSpan { value, .. }) => match value {
            Literal::Number(digits, _) => json!(digits.parse::<f64>().ok()?),
            Literal::Boolean(value) => json!(value),
            Literal::Null => Value::Null,
            other => json!(other.clone().into_string()?),
        },
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => json!(-constant(expr)?.as_f64()?),
        Expr::Nested(inner) => constant(inner)?,
        Expr::Array(Array { elem: values, .. }) | Expr::Tuple(values) => {
            values.iter().map(constant).collect::<Option<_>>()?
        }
        _ => return None,
    })
}
