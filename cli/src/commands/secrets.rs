//! `himekuri secrets`: what a project that comes from digdag keeps there, and where it is kept here.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::anyhow;
use himekuri_workflow::{Position, ProjectFiles};
use serde::Serialize;

use crate::failure::Usage;
use crate::{output, project};

/// What digdag writes before the name of a secret in a text.
const BEGIN: &str = "${secret:";

/// List the secrets that a project's files ask for, and where each value is kept here.
///
/// Himekuri stores no secret: workers have credentials of their own, and none travels through the broker.
///
/// Example:
///   himekuri secrets examples/title_a
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// Folder of the project.
    #[arg(value_name = "PROJECT")]
    folder: PathBuf,
    /// digdag's way to store one; here it says where to put it.
    #[arg(long, value_name = "KEY=VALUE", hide = true)]
    set: Vec<String>,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// A secret that a file asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
struct Asked {
    secret: String,
    place: Position,
    kept: &'static str,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(set) = arguments.set.first() {
        let key = set.split_once('=').map_or(set.as_str(), |(key, _)| key);
        let error = anyhow!("no secret is stored here; `{key}`: {}", kept(key));
        return Err(Usage(error).into());
    }
    let asked = asked(&project::read(&arguments.folder)?.files);
    if arguments.json {
        return asked.iter().try_for_each(output::json_line);
    }
    if asked.is_empty() {
        output::aside(
            "no file asks for a secret; credentials of GCP projects are the workers' own",
        );
        return Ok(());
    }
    let rows = asked
        .into_iter()
        .map(|asked| [asked.secret, asked.place.to_string(), asked.kept.to_owned()]);
    output::table(["SECRET", "ASKED FOR IN", "KEPT"], rows);
    Ok(())
}

fn asked(files: &ProjectFiles) -> BTreeSet<Asked> {
    let texts = files.paths().filter_map(|path| Some((path, files.text(path).ok()?)));
    let all = texts.flat_map(|(path, text)| {
        text.match_indices(BEGIN).filter_map(move |(offset, _)| {
            let (name, _) = text.get(offset + BEGIN.len()..)?.split_once('}')?;
            Some(Asked {
                secret: name.trim().to_owned(),
                place: Position::in_text(path, text, offset),
                kept: kept(name.trim()),
            })
        })
    });
    all.collect()
}

/// Where the value of one of digdag's secrets is kept.
fn kept(secret: &str) -> &'static str {
    match secret.split('.').next().unwrap_or_default() {
        "gcp" if secret == "gcp.project" => "given once with `himekuri push --gcp-project ID`",
        "gcp" => {
            "the workers' own: workload identity, or `--credentials FOLDER` with a file for each GCP project"
        }
        "http" => "nowhere: no message has secrets; let a proxy beside the workers add it",
        _ => "nowhere: no operator that runs here reads it",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_that_asks_is_found_with_where_the_value_is_kept() {
        let dig =
            "+a:\n  http_call>: x\n  headers: ${secret:http.token} ${secret: mail.password }\n";
        let files: ProjectFiles =
            [("wf.dig", dig), ("q.sql", "SELECT '${secret:gcp.credential}'")].into_iter().collect();

        let found = asked(&files);

        let places: Vec<_> =
            found.iter().map(|asked| (asked.secret.as_str(), asked.place.to_string())).collect();
        assert_eq!(
            places,
            [
                ("gcp.credential", "q.sql:1:9".to_owned()),
                ("http.token", "wf.dig:3:12".to_owned()),
                ("mail.password", "wf.dig:3:33".to_owned())
            ]
        );
        assert!(found.iter().all(|asked| asked.kept == kept(&asked.secret)));
    }
}
