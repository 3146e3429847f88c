//! `himekuri diff`: what changed between two revisions of a project.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
use console::Style;
use himekuri_coordinator::{AttemptSummary, ProjectRecord};
use himekuri_project::{Limits, unpack};
use himekuri_workflow::ProjectFiles;
use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use crate::api_client::ApiClient;
use crate::arguments::CoordinatorArguments;
use crate::commands::projects;
use crate::{output, project};

/// Characters of a revision: a hash.
const HASH_CHARACTERS: usize = 64;

/// Show what changed between two revisions of a project.
///
/// A side is a title (what is pushed of it), the number of an attempt (what it ran with), a revision as `--json` shows it, or a
/// folder (what a push would send).
///
/// Examples:
///   himekuri diff title_a ./title_a            what a push would change
///   himekuri diff 118 title_a --stat           which files changed since attempt 118
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// The older side.
    #[arg(value_name = "OLD")]
    old: String,
    /// The newer side.
    #[arg(value_name = "NEW")]
    new: String,
    /// Only which files changed, and by how many lines.
    #[arg(long)]
    stat: bool,
    #[command(flatten)]
    coordinator: CoordinatorArguments,
    /// One JSON object a file.
    #[arg(long)]
    json: bool,
}

/// A file that is not the same on both sides.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Changed<'a> {
    file: &'a str,
    change: Change,
    added: usize,
    removed: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Change {
    Added,
    Removed,
    Modified,
}

impl Change {
    const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified => "modified",
        }
    }
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let client = ApiClient::new(&arguments.coordinator.coordinator);
    let old = files_of(&client, &arguments.old).await?;
    let new = files_of(&client, &arguments.new).await?;
    let changed = changes(&old, &new);
    if arguments.json {
        return changed.iter().try_for_each(output::json_line);
    }
    if changed.is_empty() {
        output::aside("both have the same files");
        return Ok(());
    }
    if arguments.stat {
        let rows = changed.iter().map(|changed| {
            let lines = format!("+{} -{}", changed.added, changed.removed);
            [changed.file.to_owned(), changed.change.word().to_owned(), lines]
        });
        output::table(["FILE", "CHANGE", "LINES"], rows);
        return Ok(());
    }
    for changed in &changed {
        output::line(unified(changed, &old, &new).trim_end());
    }
    Ok(())
}

/// The files of one side.
async fn files_of(client: &ApiClient, side: &str) -> anyhow::Result<ProjectFiles> {
    let is_hash = side.len() == HASH_CHARACTERS && side.chars().all(|c| c.is_ascii_hexdigit());
    if is_hash {
        return revision(client, side, None).await;
    }
    if side.chars().all(|c| c.is_ascii_digit()) {
        let attempt: AttemptSummary =
            client.call(client.get(&format!("/v1/attempts/{side}"))).await?;
        return revision(client, &attempt.revision, Some(&attempt.project)).await;
    }
    let folder = Path::new(side);
    if folder.components().count() > 1 || side.starts_with('.') {
        return Ok(project::read(folder)?.files);
    }
    let found: anyhow::Result<ProjectRecord> =
        client.call(client.get(&format!("/v1/projects/{side}"))).await;
    match found {
        Ok(record) => revision(client, &record.revision, Some(&record.name)).await,
        Err(error) if folder.is_dir() => {
            bail!("{error:#}; for the folder of this name, write `./{side}`")
        }
        Err(error) => Err(projects::or_nearest(client, side, None, error).await),
    }
}

async fn revision(
    client: &ApiClient,
    revision: &str,
    project: Option<&str>,
) -> anyhow::Result<ProjectFiles> {
    let query: Vec<(&str, &str)> = project.map(|name| ("project", name)).into_iter().collect();
    let request = client.get(&format!("/v1/revisions/{revision}")).query(&query);
    let archive = client.bytes(request).await?;
    unpack(&archive, Limits::default())
        .with_context(|| format!("could not read the files of revision {revision}"))
}

/// Files that are not the same, by path.
fn changes<'a>(old: &'a ProjectFiles, new: &'a ProjectFiles) -> Vec<Changed<'a>> {
    let paths: BTreeSet<&str> = old.paths().chain(new.paths()).collect();
    let changed = paths.into_iter().filter(|path| old.bytes(path) != new.bytes(path));
    let described = changed.map(|file| {
        let change = match (old.contains(file), new.contains(file)) {
            (false, _) => Change::Added,
            (true, false) => Change::Removed,
            (true, true) => Change::Modified,
        };
        let (before, after) = (text_of(old, file), text_of(new, file));
        let diff = TextDiff::from_lines(&before, &after);
        let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        Changed { file, change, added: count(ChangeTag::Insert), removed: count(ChangeTag::Delete) }
    });
    described.collect()
}

fn text_of(files: &ProjectFiles, path: &str) -> String {
    files.bytes(path).map(|bytes| String::from_utf8_lossy(bytes).into_owned()).unwrap_or_default()
}

/// The changed lines of a file with those around them, as `diff -u` writes them; in colours on a terminal.
fn unified(changed: &Changed<'_>, old: &ProjectFiles, new: &ProjectFiles) -> String {
    let file = changed.file;
    let (before, after) = (text_of(old, file), text_of(new, file));
    let name = |side: &str, is_there: bool| match is_there {
        true => format!("{side}/{file}"),
        false => "/dev/null".to_owned(),
    };
    let (from, to) = (
        name("old", changed.change != Change::Added),
        name("new", changed.change != Change::Removed),
    );
    let diff = TextDiff::from_lines(&before, &after);
    let text = diff.unified_diff().context_radius(3).header(&from, &to).to_string();
    text.lines().map(|line| format!("{}\n", painted(line))).collect()
}

fn painted(line: &str) -> String {
    let colour = match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::new().bold(),
        [b'+', ..] => Style::new().green(),
        [b'-', ..] => Style::new().red(),
        [b'@', b'@', ..] => Style::new().cyan(),
        _ => return line.to_owned(),
    };
    colour.apply_to(line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_came_went_and_changed_are_told_apart() {
        let old: ProjectFiles =
            [("a.sql", "SELECT 1\n"), ("b.sql", "x\ny\n"), ("same.sql", "s")].into_iter().collect();
        let new: ProjectFiles =
            [("b.sql", "x\nz\nw\n"), ("c.sql", "SELECT 3\n"), ("same.sql", "s")]
                .into_iter()
                .collect();

        let changed = changes(&old, &new);

        let row = |file, change, added, removed| Changed { file, change, added, removed };
        assert_eq!(
            changed,
            [
                row("a.sql", Change::Removed, 0, 1),
                row("b.sql", Change::Modified, 2, 1),
                row("c.sql", Change::Added, 1, 0),
            ]
        );
        assert_eq!(
            unified(&changed[1], &old, &new),
            "--- old/b.sql\n+++ new/b.sql\n@@ -1,2 +1,3 @@\n x\n-y\n+z\n+w\n"
        );
        assert!(unified(&changed[2], &old, &new).starts_with("--- /dev/null\n+++ new/c.sql\n"));
    }
}
