//! Mappings that stand below an `!include` and drop what it brought in under the same key.
//!
//! digdag merges in the order of the lines (`YamlConfigLoader`): an include is merged deeply into
//! what stands above it, but a key below it replaces the included value as a whole.

use std::sync::Arc;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::files::{ProjectFiles, folder_of, join};
use crate::position::Position;
use crate::yaml::{self, Kind, Node};

/// Warnings of one file. Scalars that are set again are the usual way to override; a mapping is
/// only reported if it loses keys.
#[must_use]
pub fn replaced_by_later_keys(files: &ProjectFiles, path: &str) -> Vec<Diagnostic> {
    let Ok(text) = files.text(path) else { return Vec::new() };
    let lines: Vec<Line<'_>> = text.lines().enumerate().filter_map(Line::read).collect();
    let mut problems = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(included) = line.included().and_then(|target| load(files, path, target)) else {
            continue;
        };
        let after = &lines[index + 1..];
        let siblings = after
            .iter()
            .take_while(|other| other.indent >= line.indent)
            .filter(|other| other.indent == line.indent);
        for sibling in siblings {
            let Some(key) = sibling.key() else { continue };
            let kept = keys_below(after, sibling);
            let lost = lost_keys(&included, key, &kept);
            if !lost.is_empty() {
                problems.push(problem(path, sibling, key, line, &lost));
            }
        }
    }
    problems
}

fn problem(
    path: &str,
    line: &Line<'_>,
    key: &str,
    include: &Line<'_>,
    lost: &[String],
) -> Diagnostic {
    let file: Arc<str> = Arc::from(path);
    let number = line.number;
    let column = u32::try_from(line.indent + 1).unwrap_or(u32::MAX);
    let end = column + u32::try_from(key.chars().count()).unwrap_or(0);
    let message = format!(
        "`{key}` replaces the `{key}` that line {} includes, so {} is lost",
        include.number,
        lost.join(", ")
    );
    Diagnostic::warning(codes::INCLUDE_REPLACED, message)
        .at(Position { file, line: number, column })
        .until((number, end))
        .with_help(format!(
            "write `!include :` below `{key}`: an include is merged into what stands above it"
        ))
}

fn load(files: &ProjectFiles, path: &str, target: &str) -> Option<Node> {
    let included = join(folder_of(path), target).ok()?;
    files.contains(&included).then(|| yaml::load(files, &included).ok()).flatten()
}

/// Keys of the included mapping `key` that the later one does not write again.
fn lost_keys(included: &Node, key: &str, kept: &[&str]) -> Vec<String> {
    let field = |node: &Node, key: &str| match &node.kind {
        Kind::Map(entries) => {
            entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.clone())
        }
        Kind::List(_) | Kind::Scalar(_) => None,
    };
    // A key without keys below it is no mapping, so it was meant to be replaced.
    if kept.is_empty() {
        return Vec::new();
    }
    match field(included, key).map(|value| value.kind) {
        Some(Kind::Map(entries)) => entries
            .iter()
            .filter(|entry| !kept.contains(&entry.key.as_str()))
            .map(|entry| format!("`{}`", entry.key))
            .collect(),
        Some(Kind::List(_) | Kind::Scalar(_)) | None => Vec::new(),
    }
}

/// Keys of the mapping that begins below `parent`.
fn keys_below<'a>(lines: &[Line<'a>], parent: &Line<'a>) -> Vec<&'a str> {
    let below = lines.iter().skip_while(|line| line.number <= parent.number);
    let block: Vec<&Line<'a>> = below.take_while(|line| line.indent > parent.indent).collect();
    let indent = block.first().map_or(0, |line| line.indent);
    block.iter().filter(|line| line.indent == indent).filter_map(|line| line.key()).collect()
}

/// A line that is neither blank nor a comment.
struct Line<'a> {
    number: u32,
    indent: usize,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn read((index, line): (usize, &'a str)) -> Option<Self> {
        let text = line.trim_start_matches(' ');
        let is_blank = text.trim().is_empty() || text.starts_with('#');
        let number = u32::try_from(index + 1).ok()?;
        (!is_blank).then(|| Self { number, indent: line.len() - text.len(), text })
    }

    /// The path of an `!include :`.
    fn included(&self) -> Option<&'a str> {
        let rest = self.text.strip_prefix("!include")?.trim_start().strip_prefix(':')?;
        Some(rest.split(" #").next().unwrap_or(rest).trim().trim_matches(['"', '\'']))
    }

    fn key(&self) -> Option<&'a str> {
        if self.text.starts_with("!include") {
            return None;
        }
        let end = self
            .text
            .find(": ")
            .or_else(|| self.text.trim_end().strip_suffix(':').map(str::len))?;
        Some(self.text[..end].trim_end().trim_matches(['"', '\'']))
    }
}
