//! A program from its first step to its exit code.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::failure::report;

/// How long the end waits for work that cannot be given up in the middle, such as a write to a slow disk: somebody else goes on
/// with it, and a program that was replaced must be gone.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// Runs a program on all cores, and prints why it failed if it did.
pub fn run(program: impl Future<Output = anyhow::Result<()>>) -> ExitCode {
    let runtime = match tokio::runtime::Runtime::new().context("could not start the runtime") {
        Ok(runtime) => runtime,
        Err(error) => return report(Err(error)),
    };
    let code = report(runtime.block_on(program));
    runtime.shutdown_timeout(LEFT_BEHIND);
    code
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_that_hangs_does_not_keep_a_program_from_its_end() {
        let (held, hangs) = channel::<()>();

        let code = run(async move {
            tokio::task::spawn_blocking(move || hangs.recv());
            anyhow::bail!("replaced")
        });

        assert_eq!(code, ExitCode::FAILURE);
        drop(held);
    }
}
