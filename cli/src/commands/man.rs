//! `himekuri man`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use himekuri_workflow::did_you_mean;

use crate::failure::Usage;
use crate::{Cli, output};

/// Print the manual page of a command, or write those of all commands into a folder.
///
/// Examples:
///   himekuri man backfill | man -l -
///   himekuri man backfills pause | man -l -
///   himekuri man --out ~/.local/share/man/man1
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The command; without one, the page of `himekuri` itself.
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Vec<String>,
    /// Folder for the pages of all commands; made when missing.
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(folder) = &arguments.out {
        let name = folder.display();
        fs::create_dir_all(folder).with_context(|| format!("could not make `{name}`"))?;
        return clap_mangen::generate_to(Cli::command(), folder)
            .with_context(|| format!("could not write the manual pages into `{name}`"));
    }
    let command = find(&arguments.command).map_err(Usage)?;
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    output::line(String::from_utf8_lossy(&page).trim_end());
    Ok(())
}

/// The command of these words, with its full name.
fn find(words: &[String]) -> anyhow::Result<Command> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    for word in words {
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| {
            let near = did_you_mean(word, command.get_subcommands().map(Command::get_name));
            let what = format!("`{}` has no command `{word}`", command.get_name());
            match near {
                Some(near) => anyhow!("{what}; did you mean `{near}`?"),
                None => anyhow!("{what}; `himekuri --help` lists all of them"),
            }
        })?;
    }
    Ok(command)
}
