//! How a command ends.

use std::process::ExitCode;

/// Everything was said already, only the exit code is missing.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub(crate) struct SaidAlready;

/// 0 for success, 1 for anything else; prints an error that was not shown yet.
pub(crate) fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.is::<SaidAlready>() => ExitCode::FAILURE,
        other => himekuri_service::report(other),
    }
}
