//! `for_each>`: its `_do` for each combination of values.

use std::sync::Arc;

use himekuri_protocol::TaskError;
use serde_json::Value;

use super::iterations::{Iterations, bounded};
use super::parameters::first_json;
use super::{Control, Parameters};
use crate::exported::combinations;
use crate::record::{Expansion, ForEachEntry};

pub(super) fn for_each(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    let key = parameters.command_key("for_each>");
    let fields = parameters.nested(key)?;
    let mut entries = Vec::with_capacity(fields.len());
    for (name, value) in fields {
        let values = list(parameters, key, &name, value)?;
        entries.push(ForEachEntry { key: name, values });
    }
    let count = combinations(&entries).map_or(i128::MAX, i128::from);
    bounded(parameters, key, "for_each", count)?;
    let Iterations { parallel, body } = Iterations::read(parameters, "+for")?;
    Ok(Control::Expand(Expansion::ForEach { entries: Arc::new(entries), parallel, body }))
}

/// A list, or the JSON text of one: what `${list}` gives.
fn list(
    parameters: &Parameters<'_>,
    key: &str,
    name: &str,
    value: Value,
) -> Result<Vec<Value>, TaskError> {
    let parsed = match &value {
        Value::String(text) => first_json(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            None
        }
    };
    match parsed.unwrap_or(value) {
        Value::Array(values) => Ok(values),
        other @ (Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Object(_)) => {
            let message = format!("`{name}` of `for_each>` must be a list, not `{other}`");
            Err(parameters.error(key, message))
        }
    }
}
