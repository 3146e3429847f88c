//! What an error of the engine means for the person who wrote the expression.

use rquickjs::{CaughtError, Error};

use super::world::World;
use crate::error::{EvaluateErrorKind, nearest};
use crate::limits::Limits;
use crate::names::Names;

/// What an error means, in terms of the limits and of the names that were known; no names while compiling.
pub(super) fn kind_of(
    error: &CaughtError<'_>,
    world: &World,
    limits: &Limits,
    names: Option<&Names<'_>>,
) -> EvaluateErrorKind {
    if world.was_stopped() {
        return EvaluateErrorKind::TimeLimit { limit: limits.cpu };
    }
    let out_of_memory = EvaluateErrorKind::MemoryLimit { limit: limits.memory_bytes };
    let exception = match error {
        CaughtError::Exception(exception) => exception,
        // QuickJS throws null when there is not even memory for an error object.
        CaughtError::Value(value) if value.is_null() => return out_of_memory,
        CaughtError::Value(value) => {
            let text: Result<rquickjs::Coerced<String>, _> = value.get();
            // Making a text of it ran the expression's code once more.
            if world.was_stopped() {
                return EvaluateErrorKind::TimeLimit { limit: limits.cpu };
            }
            let message = text.map_or_else(|_| "a value was thrown".to_owned(), |text| text.0);
            return EvaluateErrorKind::Thrown { message };
        }
        CaughtError::Error(Error::Allocation) => return out_of_memory,
        CaughtError::Error(error) => {
            return EvaluateErrorKind::Thrown { message: error.to_string() };
        }
    };
    let message = exception.message().unwrap_or_default();
    let name: String = exception.as_object().get("name").unwrap_or_default();
    match (name.as_str(), message.as_str()) {
        (_, "out of memory") => out_of_memory,
        ("RangeError" | "InternalError", long) if is_about_length(long) => out_of_memory,
        ("RangeError" | "InternalError", deep) if is_about_depth(deep) => {
            EvaluateErrorKind::Recursion
        }
        // While it runs, only a text that it parses itself can be wrong: `JSON.parse(x)`.
        ("SyntaxError", _) if names.is_none() => EvaluateErrorKind::Syntax { message },
        ("ReferenceError", _) => reference(&message, names),
        ("TypeError", _) => EvaluateErrorKind::Type { message },
        (_, _) => EvaluateErrorKind::Thrown { message: format!("{name}: {message}") },
    }
}

fn is_about_length(message: &str) -> bool {
    [
        "invalid array length",
        "invalid string length",
        "string too long",
        "invalid array index",
        "array too large",
    ]
    .iter()
    .any(|start| message.starts_with(start))
}

fn is_about_depth(message: &str) -> bool {
    message.starts_with("Maximum call stack size") || message.starts_with("stack overflow")
}

fn reference(message: &str, names: Option<&Names<'_>>) -> EvaluateErrorKind {
    const GLOBALS: [&str; 5] = ["moment", "Date", "Math", "JSON", "Object"];
    let Some(name) = message.strip_suffix(" is not defined") else {
        return EvaluateErrorKind::Thrown { message: format!("ReferenceError: {message}") };
    };
    let name = name.trim_matches('\'').to_owned();
    let known = names.iter().flat_map(|names| names.iter().map(|(name, _)| name.as_str()));
    let suggestion = nearest(&name, known.chain(GLOBALS));
    EvaluateErrorKind::Reference { name, suggestion }
}
