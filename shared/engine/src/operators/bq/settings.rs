//! Options that are fields of BigQuery's: one table an operator, one form a field.

use himekuri_protocol::TaskError;
use serde_json::{Map, Value, json};

use super::super::Parameters;
use super::super::duration::parse_duration;
use super::super::parameters::{first_json, shown, whole_number};

/// The words of `write_disposition`.
pub(super) const WRITE_DISPOSITIONS: &str =
    "`WRITE_TRUNCATE`, `WRITE_TRUNCATE_DATA`, `WRITE_APPEND` or `WRITE_EMPTY`";

/// How an option becomes a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// `true` or `false`.
    Boolean,
    /// A whole number, in JSON a number.
    Integer,
    /// A number of bytes, in JSON a text, as BigQuery writes 64 bits.
    Bytes,
    /// A text.
    Text,
    /// A list of texts, a text for a list of one, or a JSON list as text.
    Texts,
    /// A resource of BigQuery's REST interface; keys may be written `snake_case`.
    Resource,
    /// A mapping of names to such resources.
    NamedResources,
    /// `{type: DAY, field: ..., expiration: 90d, require_partition_filter: true}`, or the type alone.
    TimePartitioning,
    /// A list of columns, or `{fields: [...]}`.
    Clustering,
}

/// One option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    option: &'static str,
    field: &'static str,
    form: Form,
    /// Read only from the task itself and from its family: a variable of this name that a `.dig` file exports for digdag is no
    /// option.
    ours: bool,
}

impl Setting {
    /// One of digdag's options.
    pub(super) const fn of(option: &'static str, field: &'static str, form: Form) -> Self {
        Self { option, field, form, ours: false }
    }

    /// One that digdag has not.
    pub(super) const fn ours(option: &'static str, field: &'static str, form: Form) -> Self {
        Self { option, field, form, ours: true }
    }
}

/// The fields that are given.
pub(super) fn settings(
    parameters: &Parameters<'_>,
    table: &[Setting],
) -> Result<Map<String, Value>, TaskError> {
    let mut fields = Map::new();
    for setting in table {
        let given = match setting.ours {
            true => parameters.own(setting.option),
            false => parameters.get(setting.option),
        };
        if let Some(given) = given {
            let value = field(setting, given).map_err(|expected| {
                let (option, found) = (setting.option, shown(given));
                parameters.error(option, format!("`{option}` must be {expected}, not `{found}`"))
            })?;
            fields.insert(setting.field.to_owned(), value);
        }
    }
    Ok(fields)
}

/// The field's value, or what it should have been.
fn field(setting: &Setting, given: &Value) -> Result<Value, &'static str> {
    match setting.form {
        Form::Boolean => boolean(given).map(Value::Bool).ok_or("`true` or `false`"),
        Form::Integer => whole_number(given).map(Value::from).ok_or("a whole number"),
        Form::Bytes => bytes(given)
            .map(|bytes| Value::from(bytes.to_string()))
            .ok_or("a number of bytes from 1, such as `10737418240`, `10GiB` or `500GB`"),
        Form::Text => text(given).map(Value::from).ok_or("a text"),
        Form::Texts => texts(given).map(Value::from).ok_or("a list of texts"),
        Form::Resource => resource(given).ok_or("a mapping or a list"),
        Form::NamedResources => named(given).ok_or("a mapping"),
        Form::TimePartitioning => time_partitioning(given)
            .ok_or("a mapping such as `{type: DAY, field: day, expiration: 90d}`, or `DAY`"),
        Form::Clustering => clustering(given).ok_or("a list of columns"),
    }
}

fn boolean(given: &Value) -> Option<bool> {
    match given {
        Value::Bool(yes) => Some(*yes),
        Value::String(text) => match text.trim() {
            "true" | "True" => Some(true),
            "false" | "False" | "" => Some(false),
            _ => None,
        },
        Value::Number(number) if !number.is_f64() => Some(number.as_i64() != Some(0)),
        Value::Number(_) | Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn text(given: &Value) -> Option<String> {
    match given {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(given.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// digdag `parseListOrGetEmpty`: a list, or one as JSON text.
pub(super) fn texts(given: &Value) -> Option<Vec<String>> {
    match given {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::String(written) if written.trim_start().starts_with('[') => {
            first_json(written).and_then(|list| texts(&list))
        }
        Value::String(one) => Some(vec![one.clone()]),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// `10737418240`, `10GiB`, `500 GB`.
fn bytes(given: &Value) -> Option<u64> {
    let text = text(given)?;
    let size: bytesize::ByteSize = text.trim().parse().ok()?;
    (size.as_u64() > 0).then(|| size.as_u64())
}

fn nested(given: &Value) -> Option<Value> {
    match given {
        Value::String(written) => first_json(written),
        Value::Array(_) | Value::Object(_) => Some(given.clone()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
    .filter(|value| value.is_array() || value.is_object())
}

fn resource(given: &Value) -> Option<Value> {
    nested(given).map(|value| camel(&value))
}

fn named(given: &Value) -> Option<Value> {
    let Value::Object(fields) = nested(given)? else { return None };
    Some(fields.iter().map(|(name, value)| (name.clone(), camel(value))).collect())
}

pub(super) fn time_partitioning(given: &Value) -> Option<Value> {
    if let Value::String(unit) = given
        && !unit.trim_start().starts_with('{')
    {
        return Some(json!({"type": unit.trim().to_uppercase()}));
    }
    let Value::Object(mut fields) = resource(given)? else { return None };
    if let Some(expiration) = fields.shift_remove("expiration") {
        fields.insert("expirationMs".to_owned(), Value::from(milliseconds(&expiration)?));
    }
    if let Some(Value::Number(number)) = fields.get("expirationMs") {
        let number = number.to_string();
        fields.insert("expirationMs".to_owned(), Value::from(number));
    }
    fields.entry("type").or_insert_with(|| Value::from("DAY"));
    Some(Value::Object(fields))
}

/// A duration such as `90d`, as BigQuery writes 64 bits.
pub(super) fn milliseconds(given: &Value) -> Option<String> {
    let Value::String(text) = given else { return None };
    parse_duration(text).map(|duration| duration.as_millis().to_string())
}

pub(super) fn clustering(given: &Value) -> Option<Value> {
    let columns = match given {
        Value::Object(fields) => texts(fields.get("fields")?),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            texts(given)
        }
    };
    Some(json!({"fields": columns?}))
}

/// Keys as BigQuery writes them: `skip_leading_rows` is `skipLeadingRows`. Labels are names of their own.
pub(super) fn camel(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, value)| match key.as_str() {
                "labels" => (key.clone(), value.clone()),
                _ => (camel_key(key), camel(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(camel).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn camel_key(key: &str) -> String {
    let mut parts = key.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut camel, part| {
        let mut characters = part.chars();
        camel.extend(characters.next().map(|c| c.to_ascii_uppercase()));
        camel.push_str(characters.as_str());
        camel
    })
}
