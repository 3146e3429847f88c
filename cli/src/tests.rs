//! What is true of each command, however many there will be.

use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};

use super::Cli;

/// All commands below one, with their full names.
fn below(command: &Command, above: &str) -> Vec<(String, Command)> {
    let mut all = Vec::new();
    for command in command.get_subcommands() {
        let name = format!("{above} {}", command.get_name());
        all.extend(below(command, &name));
        all.push((name, command.clone()));
    }
    all
}

/// `himekuri` itself, and all commands.
fn all() -> Vec<(String, Command)> {
    let mut all = below(&Cli::command(), "himekuri");
    all.push(("himekuri".to_owned(), Cli::command()));
    all
}

fn transcripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/transcripts")
}

/// The transcript of a command: `backfills-pause.text`.
fn transcript(name: &str) -> PathBuf {
    let words = name.strip_prefix("himekuri ").unwrap_or(name);
    transcripts().join(format!("{}.text", words.replace(' ', "-")))
}

/// One use of a command, as `tests/commands.rs` plays it.
struct Use<'a> {
    command: &'a str,
    said: &'a str,
}

impl Use<'_> {
    fn failed(&self) -> bool {
        self.said.contains("\nexit code: ") || self.said.starts_with("exit code: ")
    }

    fn is_help(&self) -> bool {
        self.command.ends_with("--help")
    }
}

/// The uses of one command in its transcript.
fn uses<'a>(name: &str, text: &'a str) -> Vec<Use<'a>> {
    let parts = text.split("\n$ ").map(|part| part.strip_prefix("$ ").unwrap_or(part));
    let uses = parts.filter_map(|part| {
        let (command, said) = part.split_once('\n').unwrap_or((part, ""));
        let begins =
            command.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        begins.then_some(Use { command, said })
    });
    uses.collect()
}

#[test]
fn the_help_of_every_command_has_an_example_of_it() {
    for (name, mut command) in all() {
        let help = command.render_long_help().to_string();

        let examples = help.split_once("Example").map(|(_, examples)| examples);

        assert!(examples.is_some_and(|examples| examples.contains(&name)), "{name}:\n{help}");
    }
}

#[test]
fn every_command_has_a_transcript_with_its_help_its_output_and_a_wrong_use() {
    let mut missing = Vec::new();
    for (name, command) in all() {
        let text = std::fs::read_to_string(transcript(&name)).unwrap_or_default();
        let uses = uses(&name, &text);
        let has_json = command.get_arguments().any(|argument| argument.get_id() == "json");
        let wanted: [(&str, bool); 4] = [
            ("its help", uses.iter().any(Use::is_help)),
            (
                "its output",
                uses.iter().any(|one| !one.is_help() && !one.failed() && one.said != "\n"),
            ),
            (
                "what programs read (`--json`)",
                !has_json
                    || uses.iter().any(|one| one.command.contains(" --json") && one.said != "\n"),
            ),
            ("a wrong use", uses.iter().any(|one| one.failed() && one.said.contains("error"))),
        ];
        missing.extend(
            wanted
                .into_iter()
                .filter(|(_, is_there)| !is_there)
                .map(|(what, _)| format!("{} lacks {what}", transcript(&name).display())),
        );
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_transcript_is_that_of_a_command() {
    let known: Vec<PathBuf> = all().iter().map(|(name, _)| transcript(name)).collect();
    for entry in std::fs::read_dir(transcripts()).unwrap() {
        let path = entry.unwrap().path();

        assert!(known.contains(&path), "{} is left over", path.display());
    }
}

#[test]
fn the_definitions_of_all_commands_agree() {
    Cli::command().debug_assert();
}
