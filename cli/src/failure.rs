//! How a command ends.

use std::process::ExitCode;

/// Exit code of a command line that cannot be read, as clap has it.
const USAGE: u8 = 2;

/// Exit code of a plan that is over a limit: nothing is broken, and nothing was sent.
const OVER_LIMIT: u8 = 3;

/// Exit code of shells for a program that SIGINT has ended: what follows it in a script does not run.
const LEFT: u8 = 130;

/// Everything was said already, only the exit code is missing.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub(crate) struct SaidAlready;

/// The command was called wrongly: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub(crate) struct Usage(pub(crate) anyhow::Error);

/// A plan is over a limit that somebody set, or that BigQuery has: exit code 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct OverLimit(pub(crate) String);

/// Somebody left with Ctrl-C what goes on without them: exit code 130, as of a program that the signal ended.
#[derive(Debug, thiserror::Error)]
#[error("left")]
pub(crate) struct Left;

/// 0 for success, 2 for wrong use, 3 for a limit, 130 for Ctrl-C, 1 for anything else; prints an error that was not shown yet.
pub(crate) fn exit_code(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Err(error) if error.is::<SaidAlready>() => ExitCode::FAILURE,
        Err(error) if error.is::<Left>() => ExitCode::from(LEFT),
        Err(error) if error.is::<Usage>() => {
            himekuri_service::report(Err(error));
            ExitCode::from(USAGE)
        }
        Err(error) if error.is::<OverLimit>() => {
            himekuri_service::report(Err(error));
            ExitCode::from(OVER_LIMIT)
        }
        other => himekuri_service::report(other),
    }
}
