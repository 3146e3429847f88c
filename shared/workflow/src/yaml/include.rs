//! `!include :` merged in, at the place where it stands (digdag `YamlConfigLoader`).
//!
//! The order matters: an included mapping is merged deeply into what stands above it, and a key
//! below it replaces what was included, wholesale. Paths are relative to the folder of the file
//! that includes.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::files::{FileError, ProjectFiles, folder_of, join};
use crate::task::Config;

use super::compose::compose;
use super::limits::{Budget, MAX_DEPTH, chain_too_long};
use super::node::{Entry, Kind, Node, Span, config_of};

/// Reads the file `path` with everything it includes. The caller has checked that it exists.
pub(crate) fn load(files: &ProjectFiles, path: &str) -> Result<Node, Diagnostics> {
    let file: Arc<str> = Arc::from(path);
    let start = Span::start_of(&file);
    let mut loader = Loader { files, chain: Vec::new(), budget: Budget::new() };
    loader.file(&file, &start, 0).map_err(|diagnostics| diagnostics.with_sources(files))
}

/// A file with everything it includes, as plain values: what digdag's loader makes of it.
///
/// # Errors
/// The file is missing, is no YAML that digdag reads, or exceeds a limit.
pub fn load_config(files: &ProjectFiles, path: &str) -> Result<Config, Diagnostics> {
    if !files.contains(path) {
        let error = files.text(path).err();
        let message = error.as_ref().map(FileError::summary).unwrap_or_default();
        return Err(Diagnostic::error(codes::FILE_UNREADABLE, message)
            .with_suggestion(error.as_ref().and_then(FileError::similar))
            .into());
    }
    match load(files, path)?.kind {
        Kind::Map(entries) => Ok(config_of(&entries)),
        // The reader refuses any other root.
        Kind::List(_) | Kind::Scalar(_) => Ok(Config::new()),
    }
}

struct Loader<'a> {
    files: &'a ProjectFiles,
    /// Files being read, outermost first.
    chain: Vec<Arc<str>>,
    budget: Budget,
}

impl Loader<'_> {
    /// Reads `file`; `asked_at` is the place that asked for it.
    fn file(
        &mut self,
        file: &Arc<str>,
        asked_at: &Span,
        depth: usize,
    ) -> Result<Node, Diagnostics> {
        if self.chain.contains(file) {
            let chain: Vec<String> =
                self.chain.iter().chain([file]).map(|file| format!("`{file}`")).collect();
            let message = format!("files include one another in a circle: {}", chain.join(" -> "));
            return Err(asked_at.error(codes::INCLUDE_CYCLE, message).into());
        }
        // Each file of a chain may put its include at its top level, so the chain has its own
        // bound.
        if self.chain.len() >= MAX_DEPTH {
            return Err(chain_too_long(asked_at).into());
        }
        let text = self.files.text(file).map_err(|error| unreadable(&error, asked_at))?;
        self.budget.file(text.len(), asked_at)?;
        let root = compose(file, text, depth, &mut self.budget)?;
        self.chain.push(Arc::clone(file));
        let root = self.resolve(root, depth);
        self.chain.pop();
        root
    }

    /// `node` at level `depth`, with all includes in it merged.
    fn resolve(&mut self, node: Node, depth: usize) -> Result<Node, Diagnostics> {
        let Node { span, kind } = node;
        let kind = match kind {
            Kind::Scalar(_) => kind,
            Kind::List(items) => Kind::List(
                items
                    .into_iter()
                    .map(|item| self.resolve(item, depth + 1))
                    .collect::<Result<_, _>>()?,
            ),
            Kind::Map(entries) => Kind::Map(self.resolve_entries(entries, depth)?),
        };
        Ok(Node { span, kind })
    }

    fn resolve_entries(
        &mut self,
        entries: Vec<Entry>,
        depth: usize,
    ) -> Result<Vec<Entry>, Diagnostics> {
        let mut built = Merged::default();
        for entry in entries {
            if entry.include {
                let file = include_path(&entry)?;
                let included = self.file(&file, &entry.value.span, depth)?;
                if let Kind::Map(entries) = included.kind {
                    built.merge_all(entries);
                }
            } else {
                let value = self.resolve(entry.value, depth + 1)?;
                built.replace(Entry { value, ..entry });
            }
        }
        Ok(built.entries)
    }
}

/// Path of the included file, from the project's folder.
fn include_path(entry: &Entry) -> Result<Arc<str>, Diagnostics> {
    let written = match &entry.value.kind {
        Kind::Scalar(Value::String(written)) => Some(written.clone()),
        // digdag takes the text of a number or a flag as the name.
        Kind::Scalar(Value::Number(_) | Value::Bool(_)) => Some(entry.value.to_value().to_string()),
        Kind::Scalar(_) | Kind::List(_) | Kind::Map(_) => None,
    };
    let Some(written) = written else {
        let message =
            format!("`!include :` needs the path of a file, but it is {}", entry.value.describe());
        return Err(entry
            .key_span
            .error(codes::BAD_INCLUDE, message)
            .with_help("write `!include : path/to/file.yml`")
            .into());
    };
    let span = &entry.value.span;
    if written.contains("${") {
        return Err(span
            .error(codes::BAD_INCLUDE, "the path of an `!include` cannot hold `${...}`")
            .with_help("files are included before anything is evaluated: write the path itself")
            .into());
    }
    join(folder_of(&span.file), &written).map(Arc::from).map_err(|problem| {
        span.error(codes::BAD_INCLUDE, format!("cannot include `{written}`: {}", problem.reason()))
            .into()
    })
}

fn unreadable(error: &FileError, asked_at: &Span) -> Diagnostics {
    asked_at.error(codes::FILE_UNREADABLE, error.summary()).with_suggestion(error.similar()).into()
}

/// A mapping while includes are merged into it.
#[derive(Default)]
struct Merged {
    entries: Vec<Entry>,
    index: HashMap<String, usize>,
}

impl Merged {
    /// A key of the including file: replaces what an include above gave, in its place.
    fn replace(&mut self, entry: Entry) {
        match self.index.get(&entry.key) {
            Some(&place) => self.entries[place] = entry,
            None => {
                self.index.insert(entry.key.clone(), self.entries.len());
                self.entries.push(entry);
            }
        }
    }

    /// An included mapping: mappings merge deeply, anything else is replaced, in its place.
    fn merge_all(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            match self.index.get(&entry.key) {
                Some(&place) => merge_entry(&mut self.entries[place], entry),
                None => self.replace(entry),
            }
        }
    }
}

fn merge_entry(old: &mut Entry, new: Entry) {
    match (&mut old.value.kind, new.value.kind) {
        (Kind::Map(old_entries), Kind::Map(new_entries)) => {
            let mut merged = Merged::default();
            for entry in std::mem::take(old_entries) {
                merged.replace(entry);
            }
            merged.merge_all(new_entries);
            *old_entries = merged.entries;
        }
        (_, kind) => {
            old.key_span = new.key_span;
            old.value = Node { span: new.value.span, kind };
        }
    }
}
