//! `wait>`: nothing, for a while. The engine's clock does it, so no worker is busy and `blocking` changes nothing.

use std::time::Duration;

use himekuri_protocol::TaskError;

use super::duration::parse_duration;
use super::{Control, Parameters};

/// digdag waits at least so long (`WaitOperatorFactory`).
const SHORTEST: Duration = Duration::from_secs(1);

pub(super) fn wait(parameters: &Parameters<'_>) -> Result<Control, TaskError> {
    let key = parameters.command_key("wait>");
    let Some(duration) = duration(parameters, key)? else {
        return Err(parameters.error(key, "`wait>` needs a duration, such as `1h 30m`"));
    };
    let blocking = parameters.boolean("blocking")?.unwrap_or(false);
    // Read for its mistakes: nobody polls here.
    if duration_is_set(parameters)? && blocking {
        let message = "`poll_interval` has no place beside `blocking: true`";
        return Err(parameters.error("poll_interval", message));
    }
    Ok(Control::Wait(duration.max(SHORTEST)))
}

fn duration_is_set(parameters: &Parameters<'_>) -> Result<bool, TaskError> {
    Ok(duration(parameters, "poll_interval")?.is_some())
}

fn duration(parameters: &Parameters<'_>, key: &str) -> Result<Option<Duration>, TaskError> {
    let Some(text) = parameters.text(key)? else {
        return Ok(None);
    };
    let duration = parse_duration(&text).ok_or_else(|| {
        let message = format!("`{text}` is no duration; write for example `1h 30m` or `45s`");
        parameters.error(key, message)
    })?;
    Ok(Some(duration))
}
