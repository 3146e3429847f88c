//! `query_parameters`: values that BigQuery puts into the query, so that no text of theirs can become SQL.
//!
//! ```yaml
//! query_parameters:
//!   day: {type: DATE, value: 2019-09-01}
//!   titles: [title_a, title_b]
//!   least: 3
//! ```
//!
//! A mapping names them (`@day`), a list gives them by place (`?`). The type of a plain value is that of the file: text is STRING,
//! whole numbers are INT64, `true` and `false` BOOL, a list is an ARRAY of its first item's type. A fraction in a `.dig` file is
//! text, as for digdag, and needs its type.

use himekuri_protocol::TaskError;
use serde_json::{Map, Value, json};

use super::super::Parameters;

const OPTION: &str = "query_parameters";

/// The fields `queryParameters` and `parameterMode`; none if the option is not there.
pub(super) fn query_parameters(
    parameters: &Parameters<'_>,
) -> Result<Map<String, Value>, TaskError> {
    let problem = |message: String| parameters.error(OPTION, message);
    let (mode, list) = match parameters.own(OPTION) {
        None => return Ok(Map::new()),
        Some(Value::Object(named)) => {
            let parameter = |(name, value): (&String, &Value)| {
                let (of_type, value) = typed(value)
                    .map_err(|cause| problem(format!("query parameter `{name}` {cause}")))?;
                Ok(json!({"name": name, "parameterType": of_type, "parameterValue": value}))
            };
            ("NAMED", named.iter().map(parameter).collect::<Result<Vec<_>, TaskError>>()?)
        }
        Some(Value::Array(items)) => {
            let parameter = |(place, value): (usize, &Value)| {
                let (of_type, value) = typed(value)
                    .map_err(|cause| problem(format!("query parameter {} {cause}", place + 1)))?;
                Ok(json!({"parameterType": of_type, "parameterValue": value}))
            };
            let list = items.iter().enumerate().map(parameter);
            ("POSITIONAL", list.collect::<Result<Vec<_>, TaskError>>()?)
        }
        Some(_) => {
            return Err(problem(format!(
                "`{OPTION}` must be a mapping of names to values, or a list of values"
            )));
        }
    };
    Ok(Map::from_iter([
        ("parameterMode".to_owned(), Value::from(mode)),
        ("queryParameters".to_owned(), Value::from(list)),
    ]))
}

/// `parameterType` and `parameterValue`. The value itself is never part of an error: it may be secret.
fn typed(value: &Value) -> Result<(Value, Value), &'static str> {
    match value {
        Value::Null => Err("is null, which has no type; write `{type: STRING, value: null}`"),
        Value::Bool(yes) => Ok(scalar("BOOL", yes.to_string())),
        Value::Number(number) if number.is_f64() => Ok(scalar("FLOAT64", number.to_string())),
        Value::Number(number) => Ok(scalar("INT64", number.to_string())),
        Value::String(text) => Ok(scalar("STRING", text.clone())),
        Value::Array(items) => {
            let first = items.first().ok_or(
                "is an empty list, which has no type; write `{type: ARRAY<STRING>, value: []}`",
            )?;
            let (of_item, _) = typed(first)?;
            array(&of_item, items)
        }
        Value::Object(fields) => match fields.get("type") {
            Some(Value::String(name)) if fields.contains_key("value") => {
                explicit(name, fields.get("value").unwrap_or(&Value::Null))
            }
            Some(_) | None => structure(fields),
        },
    }
}

fn explicit(name: &str, value: &Value) -> Result<(Value, Value), &'static str> {
    let name = name.trim();
    let item = name.get(..6).filter(|head| head.eq_ignore_ascii_case("ARRAY<"));
    match (item.and_then(|_| name.get(6..)?.strip_suffix('>')), value) {
        (Some(item), Value::Array(items)) => {
            array(&json!({"type": item.trim().to_uppercase()}), items)
        }
        (Some(_), _) => Err("is an ARRAY and needs a list"),
        (None, Value::Null) => Ok((json!({"type": name.to_uppercase()}), json!({"value": null}))),
        (None, Value::String(text)) => Ok(scalar(&name.to_uppercase(), text.clone())),
        (None, Value::Bool(_) | Value::Number(_)) => {
            Ok(scalar(&name.to_uppercase(), value.to_string()))
        }
        (None, Value::Array(_) | Value::Object(_)) => Err("must be one value of its type"),
    }
}

fn scalar(name: &str, text: String) -> (Value, Value) {
    (json!({"type": name}), json!({"value": text}))
}

fn array(of_item: &Value, items: &[Value]) -> Result<(Value, Value), &'static str> {
    let mut values = Vec::with_capacity(items.len());
    for item in items {
        let value = match item {
            Value::String(text) => json!({"value": text}),
            Value::Bool(_) | Value::Number(_) => json!({"value": item.to_string()}),
            Value::Object(_) => typed(item)?.1,
            Value::Null => return Err("has an empty item; BigQuery takes no NULL in an ARRAY"),
            Value::Array(_) => return Err("is a list of lists, which BigQuery has not"),
        };
        values.push(value);
    }
    Ok((json!({"type": "ARRAY", "arrayType": of_item}), json!({"arrayValues": values})))
}

fn structure(fields: &Map<String, Value>) -> Result<(Value, Value), &'static str> {
    let mut types = Vec::with_capacity(fields.len());
    let mut values = Map::new();
    for (name, value) in fields {
        let (of_type, value) = typed(value)?;
        types.push(json!({"name": name, "type": of_type}));
        values.insert(name.clone(), value);
    }
    Ok((json!({"type": "STRUCT", "structTypes": types}), json!({"structValues": values})))
}
