//! `schema`: the columns of a table, in the file or as a file of its own (digdag `BqLoadOperatorFactory.configureLoad`).

use himekuri_protocol::TaskError;
use himekuri_workflow::{ProjectFiles, load_config};
use serde_json::{Value, json};

use super::super::Parameters;
use super::query::render_file;
use super::settings::camel;
use crate::context::Context;

/// `{"fields": [...]}`, from a mapping, a list of columns, or the path of a JSON or YAML file with one of them.
pub(super) fn schema(
    parameters: &Parameters<'_>,
    key: &str,
    given: &Value,
    context: &mut Context<'_>,
) -> Result<Value, TaskError> {
    match given {
        Value::String(path) => {
            let text = render_file(parameters, key, path, context)?;
            let read = match path.ends_with(".json") {
                true => serde_json::from_str(&text).map_err(|error| error.to_string()),
                false => of_yaml(path, &text),
            };
            let value = read.map_err(|error| {
                parameters.error(key, format!("cannot read the schema `{path}`: {error}"))
            })?;
            fields(parameters, key, &value)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            fields(parameters, key, given)
        }
    }
}

fn of_yaml(path: &str, text: &str) -> Result<Value, String> {
    let files = ProjectFiles::from_iter([(path, text)]);
    load_config(&files, path).map(Value::Object).map_err(|diagnostics| diagnostics.to_string())
}

fn fields(parameters: &Parameters<'_>, key: &str, value: &Value) -> Result<Value, TaskError> {
    let columns = match value {
        Value::Object(schema) => schema.get("fields"),
        list @ Value::Array(_) => Some(list),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    };
    match columns {
        Some(Value::Array(columns)) if columns.iter().all(is_column) => {
            Ok(json!({"fields": camel(&Value::Array(columns.clone()))}))
        }
        Some(_) | None => Err(parameters.error(
            key,
            format!("`{key}` must have `fields:`, a list of columns such as `{{name: user_id, type: STRING}}`"),
        )),
    }
}

fn is_column(column: &Value) -> bool {
    let has = |key: &str| column.get(key).is_some_and(Value::is_string);
    has("name") && has("type")
}
