//! `fail>`: the task fails with a message.

use himekuri_protocol::TaskError;

use super::Parameters;

/// The error is the message alone, as `${error.message}` of an `_error` shows it.
pub(crate) fn fail(parameters: &Parameters<'_>) -> Result<TaskError, TaskError> {
    let message = parameters.text(parameters.command_key("fail>"))?.unwrap_or_default();
    Ok(TaskError { reason: "fail".to_owned(), message, job: None })
}
