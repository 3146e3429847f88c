//! `if>`: one of two bodies, or neither.

use std::sync::Arc;

use himekuri_protocol::TaskError;
use himekuri_workflow::compile_body;
use serde_json::Value;

use super::{Control, Parameters};
use crate::record::Expansion;

/// The body that is not taken is neither compiled nor evaluated.
pub(super) fn if_else(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    let key = parameters.command_key("if>");
    let Some(condition) = parameters.boolean(key)? else {
        return Err(parameters.error(key, "`if>` needs `true` or `false`"));
    };
    if !has_body(parameters, "_do") && !has_body(parameters, "_else_do") {
        return Err(parameters.error(key, "`if>` needs `_do` or `_else_do` with tasks"));
    }
    let taken = if condition { "_do" } else { "_else_do" };
    if !has_body(parameters, taken) {
        return Ok(Control::Done);
    }
    let body = compile_body(&parameters.task.definition, taken, "^sub")
        .map_err(|diagnostics| parameters.error(taken, diagnostics))?;
    Ok(Control::Expand(Expansion::Sub { definition: Arc::new(body) }))
}

/// `{}` counts as none, as in digdag.
fn has_body(parameters: &Parameters<'_>, key: &str) -> bool {
    match parameters.get(key) {
        None | Some(Value::Null) => false,
        Some(Value::Object(tasks)) => !tasks.is_empty(),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => true,
    }
}
