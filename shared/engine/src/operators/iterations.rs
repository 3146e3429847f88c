//! What the loop operators have in common: `_do`, `_parallel`, and how many iterations there may be.

use std::sync::Arc;

use himekuri_protocol::TaskError;
use himekuri_workflow::{Parallel, TaskDefinition, compile_body};
use serde_json::Value;

use super::Parameters;

/// Iterations of one loop. A century of days; what is more is a mistake in an expression.
pub(super) const MAX_ITERATIONS: u32 = 1_000_000;

/// How the iterations run.
pub(super) struct Iterations {
    pub(super) parallel: Parallel,
    pub(super) body: Arc<TaskDefinition>,
}

impl Iterations {
    /// Reads `_do`, once for all iterations, and `_parallel`.
    pub(super) fn read(parameters: &Parameters<'_>, name: &str) -> Result<Self, TaskError> {
        let parallel = parallel(parameters)?;
        let body = compile_body(&parameters.task.definition, "_do", name)
            .map_err(|diagnostics| parameters.error("_do", diagnostics))?;
        if !body.after.is_empty() {
            let message = "`_after` has no place in `_do`: no iteration has a name to wait for";
            return Err(parameters.error("_do", message));
        }
        if body.background && parallel != Parallel::No {
            let message = "`_background` of `_do` has no place beside `_parallel`";
            return Err(parameters.error("_do", message));
        }
        Ok(Self { parallel, body: Arc::new(body) })
    }
}

/// The count, if it is within reason; a negative one runs nothing, as in digdag.
pub(super) fn bounded(
    parameters: &Parameters<'_>,
    key: &str,
    operator: &str,
    count: i128,
) -> Result<u32, TaskError> {
    match u32::try_from(count.max(0)) {
        Ok(iterations) if iterations <= MAX_ITERATIONS => Ok(iterations),
        Ok(_) | Err(_) => {
            let message =
                format!("`{operator}>` of {count} iterations is more than {MAX_ITERATIONS}");
            Err(parameters.error(key, message))
        }
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
