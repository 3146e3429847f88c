//! `echo>`: a message for the log.

use himekuri_protocol::{TaskError, Work};

use super::Parameters;

pub(crate) fn echo(parameters: &Parameters<'_>) -> Result<Work, TaskError> {
    let message = parameters.text(parameters.command_key("echo>"))?.unwrap_or_default();
    Ok(Work::Echo { message })
}
