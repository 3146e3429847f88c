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

#[test]
fn the_help_of_every_command_has_an_example_of_it() {
    for (name, mut command) in below(&Cli::command(), "himekuri") {
        let help = command.render_long_help().to_string();

        let examples = help.split_once("Example").map(|(_, examples)| examples);

        assert!(examples.is_some_and(|examples| examples.contains(&name)), "{name}:\n{help}");
    }
}

#[test]
fn the_definitions_of_all_commands_agree() {
    Cli::command().debug_assert();
}
