//! How a program ends when it cannot go on: one error with its causes, and an exit code.

use std::process::ExitCode;

/// Prints a failure with its chain of causes to standard error; exit code 1.
#[expect(
    clippy::print_stderr,
    reason = "the last words of a program are for the person who started it"
)]
pub fn report(result: anyhow::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("error: {error}");
    let mut above = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        // Some libraries repeat their cause in their own words.
        if !above.ends_with(&cause) {
            eprintln!("  caused by: {cause}");
        }
        above = cause;
    }
    ExitCode::FAILURE
}
