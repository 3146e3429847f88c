//! Tips for command lines that cannot be read, where clap has none of its own.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

/// The error of a command line, with a tip if there is one.
pub(crate) fn with_tip(mut error: Error, root: &Command, line: &[OsString]) -> Error {
    let words: Vec<&str> = line.iter().skip(1).filter_map(|word| word.to_str()).collect();
    let is_lost = error.kind() == ErrorKind::InvalidSubcommand
        && error.get(ContextKind::SuggestedSubcommand).is_none();
    let tip = match is_lost {
        true => commands(root, &words),
        false => seconds_of_watch(&error, &words),
    };
    if let Some(tip) = tip {
        let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tips);
    }
    error
}

/// `--watch 10`: the number would be taken for an attempt's otherwise.
fn seconds_of_watch(error: &Error, words: &[&str]) -> Option<String> {
    if error.kind() != ErrorKind::UnknownArgument {
        return None;
    }
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_after = words.windows(2).any(|pair| pair == ["--watch", wrong.as_str()]);
    let is_number = wrong.parse::<u64>().is_ok();
    (is_after && is_number)
        .then(|| format!("to look every {wrong} seconds, write '--watch={wrong}'"))
}

/// What there is in place of a command that is like none of them.
fn commands(root: &Command, words: &[&str]) -> Option<String> {
    let mut command = root;
    for word in words {
        match command.find_subcommand(word) {
            Some(below) => command = below,
            None => break,
        }
    }
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    // All of them are many: `--help` has them with what they do.
    let is_short = command.get_name() != root.get_name() && !names.is_empty();
    is_short.then(|| format!("its commands are '{}'", names.join("', '")))
}
