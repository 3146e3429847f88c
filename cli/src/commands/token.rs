//! `himekuri token`.

use std::collections::BTreeSet;

use anyhow::Context as _;
use himekuri_coordinator::{Entry, Role, Token, Who};

use crate::output;

/// Make a token for somebody, and the entry with which a coordinator knows it.
///
/// The token goes to standard output and is never shown again. The entry goes to standard error; add it to the JSON list of
/// `himekuri-coordinator --tokens FILE`. It holds the hash of the token only.
///
/// Examples:
///   himekuri token airflow --role operator --title title_a --title title_b
///   himekuri token kim --role viewer > token.txt
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Whose it is, for the log of changes.
    name: String,
    /// What they may do.
    #[arg(long, value_enum)]
    role: Role,
    /// With which titles; with all when missing. May be given several times.
    #[arg(long = "title", value_name = "TITLE")]
    titles: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let token = Token::random().context("the system gives no random numbers")?;
    let entry = entry(arguments, &token);
    output::aside(serde_json::to_string(&entry)?);
    output::line(&token);
    Ok(())
}

fn entry(arguments: &Arguments, token: &Token) -> Entry {
    let titles: BTreeSet<String> = arguments.titles.iter().cloned().collect();
    Entry {
        who: Who::Token { name: arguments.name.clone(), sha256: token.hash() },
        role: arguments.role,
        titles: Some(titles).filter(|titles| !titles.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use himekuri_coordinator::Entries;

    use super::*;

    #[test]
    fn the_entry_is_one_that_a_coordinator_reads() {
        let arguments = Arguments {
            name: "airflow".to_owned(),
            role: Role::Operator,
            titles: vec!["title_a".to_owned()],
        };
        let token = Token::random().unwrap();

        let list = format!("[{}]", serde_json::to_string(&entry(&arguments, &token)).unwrap());

        let known = Entries::read(&list).unwrap().of_token(&token.to_string()).unwrap();
        assert_eq!((known.name.as_str(), known.role), ("airflow", Role::Operator));
        assert!(known.sees("title_a") && !known.sees("title_b"));
        assert!(!list.contains(&token.to_string()));
    }
}
