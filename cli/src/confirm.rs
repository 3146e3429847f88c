//! A question before something large begins.

use std::io::{self, IsTerminal};

use anyhow::{Context, anyhow};

use crate::failure::Usage;
use crate::output;

/// What somebody said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Confirmation {
    Yes,
    No,
}

/// Makes sure that there is somebody to ask.
///
/// # Errors
/// [`Usage`]: there is no terminal.
pub(crate) fn must_have_terminal(command: &str, look: &str) -> anyhow::Result<()> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    let wrong = anyhow!(
        "`{command}` asks before it starts, and there is no terminal to ask on; nothing was started\n  add `--yes` to start \
         without a question, or `{look}` to look only"
    );
    Err(Usage(wrong).into())
}

/// Asks; everything but a yes is a no.
///
/// # Errors
/// The terminal is gone.
pub(crate) fn ask(question: &str) -> anyhow::Result<Confirmation> {
    output::ask(&format!("{question} [y/N] ")).context("could not ask")?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("could not read the answer")?;
    Ok(of(&answer))
}

fn of(answer: &str) -> Confirmation {
    match answer.trim().to_lowercase().as_str() {
        "y" | "yes" => Confirmation::Yes,
        _ => Confirmation::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for answer in ["y\n", "Y", " yes \n"] {
            assert_eq!(of(answer), Confirmation::Yes, "{answer}");
        }
        for answer in ["", "\n", "n", "ja", "yess"] {
            assert_eq!(of(answer), Confirmation::No, "{answer}");
        }
    }
}
