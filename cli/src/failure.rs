//! How a command ends.

use std::process::ExitCode;

/// Exit code of a command line that cannot be read, as clap has it.
const USAGE: u8 = 2;

/// Everything was said already, only the exit code is missing.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub(crate) struct SaidAlready;

/// The command was called wrongly: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Usage(pub(crate) anyhow::Error);

/// 0 for success, 2 for wrong use, 1 for anything else; prints an error that was not shown yet.
pub(crate) fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.is::<SaidAlready>() => ExitCode::FAILURE,
        Err(error) if error.is::<Usage>() => {
            himekuri_service::report(Err(error));
            ExitCode::from(USAGE)
        }
        other => himekuri_service::report(other),
    }
}
