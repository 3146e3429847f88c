//! `himekuri completion`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::{Cli, output};

/// Print a script that completes commands and options in a shell.
///
/// Examples:
///   source <(himekuri completion bash)
///   himekuri completion zsh > ~/.zfunc/_himekuri
///   himekuri completion fish > ~/.config/fish/completions/himekuri.fish
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(arguments: &Arguments) {
    // In memory first: the generator panics when a reader has seen enough.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "himekuri", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
}
