//! `timeout:` of a worker's task: how long one try may take. Ours; digdag has none (#746).

use std::time::Duration;

use himekuri_protocol::TaskError;
use serde_json::Value;

use super::Parameters;
use super::duration::parse_duration;

pub(crate) fn timeout(parameters: &Parameters<'_>) -> Result<Option<Duration>, TaskError> {
    let Some(value) = parameters.own("timeout") else { return Ok(None) };
    let timeout = match value {
        Value::Number(number) => number.as_u64().map(Duration::from_secs),
        Value::String(text) => match text.trim().parse() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => parse_duration(text),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    match timeout.filter(|timeout| !timeout.is_zero()) {
        Some(timeout) => Ok(Some(timeout)),
        None => {
            let message = format!(
                "`timeout` must be a duration such as `1h 30m`, or a number of seconds from 1, not `{}`",
                super::parameters::shown(value)
            );
            Err(parameters.error("timeout", message))
        }
    }
}
