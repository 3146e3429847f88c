//! `loop>`: its `_do` as many times as it says, with `i` from 0.

use std::sync::Arc;

use himekuri_protocol::TaskError;
use himekuri_workflow::{Parallel, compile_body};
use serde_json::Value;

use super::Parameters;
use crate::record::Expansion;

/// Iterations of one loop. A century of days; what is more is a mistake in an expression.
const MAX_ITERATIONS: i64 = 1_000_000;

pub(crate) fn loop_over(parameters: &Parameters<'_>) -> Result<Expansion, TaskError> {
    let count = iterations(parameters)?;
    let parallel = parallel(parameters)?;
    let body = compile_body(&parameters.task.definition, "_do", "+loop")
        .map_err(|diagnostics| parameters.error("_do", diagnostics))?;
    Ok(Expansion::Loop { count, parallel, body: Arc::new(body) })
}

/// A negative count runs nothing, as in digdag.
fn iterations(parameters: &Parameters<'_>) -> Result<u32, TaskError> {
    let key = parameters.command_key("loop>");
    let text = parameters.text(key)?.unwrap_or_default();
    let count = match text.trim().parse::<i64>() {
        Ok(count) => count,
        Err(_) => {
            let message = format!("`loop>` needs a whole number of iterations, not `{text}`");
            return Err(parameters.error(key, message));
        }
    };
    match u32::try_from(count.max(0)) {
        Ok(iterations) if count <= MAX_ITERATIONS => Ok(iterations),
        Ok(_) | Err(_) => Err(parameters
            .error(key, format!("`loop>` of {count} iterations is more than {MAX_ITERATIONS}"))),
    }
}

fn parallel(parameters: &Parameters<'_>) -> Result<Parallel, TaskError> {
    let Some(Value::Object(fields)) = parameters.get("_parallel") else {
        return Ok(match parameters.boolean("_parallel")? {
            Some(true) => Parallel::Yes,
            Some(false) | None => Parallel::No,
        });
    };
    let limit = match fields.get("limit") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) | None => None,
    };
    match limit.map(u32::try_from) {
        Some(Ok(limit)) if limit > 0 => Ok(Parallel::Limit(limit)),
        // digdag takes 0 and less for "no limit".
        Some(Ok(_) | Err(_)) => Ok(Parallel::Yes),
        None => Err(parameters.error("_parallel", "`_parallel` needs `limit: N`, a whole number")),
    }
}
