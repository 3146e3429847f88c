//! A project's files in memory, so that compiling needs no file system and a revision cannot change
//! under it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::suggest::did_you_mean;

/// Ending of workflow files (digdag `WorkflowResourceMatcher`).
pub(crate) const WORKFLOW_SUFFIX: &str = ".dig";

/// A project's files: relative path with `/` to content. Cloning is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProjectFiles {
    files: Arc<BTreeMap<String, Vec<u8>>>,
}

/// A file of the project that cannot be read as text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    /// No file has this path.
    #[error("file `{path}` is not in the project{}", hint(.similar))]
    Missing {
        /// Path asked for, relative to the project's folder.
        path: String,
        /// The nearest existing path, if one is near enough to be meant.
        similar: Option<String>,
    },
    /// The content is not UTF-8.
    #[error("file `{path}` is not UTF-8 text (byte {valid_up_to} is the first bad one)")]
    NotUtf8 {
        /// Path of the file.
        path: String,
        /// Length of the valid beginning, bytes.
        valid_up_to: usize,
    },
}

impl FileError {
    /// The message without the suggestion, for a diagnostic that carries it as its help.
    pub(crate) fn summary(&self) -> String {
        match self {
            Self::Missing { path, .. } => format!("file `{path}` is not in the project"),
            Self::NotUtf8 { .. } => self.to_string(),
        }
    }

    /// The nearest existing path.
    pub(crate) fn similar(&self) -> Option<&str> {
        match self {
            Self::Missing { similar, .. } => similar.as_deref(),
            Self::NotUtf8 { .. } => None,
        }
    }
}

fn hint(similar: &Option<String>) -> String {
    similar.as_ref().map(|path| format!("; did you mean `{path}`?")).unwrap_or_default()
}

impl<P: Into<String>, B: Into<Vec<u8>>> FromIterator<(P, B)> for ProjectFiles {
    fn from_iter<I: IntoIterator<Item = (P, B)>>(files: I) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (path.into(), bytes.into())).collect();
        Self { files: Arc::new(files) }
    }
}

impl ProjectFiles {
    /// The text of `path`.
    ///
    /// # Errors
    /// The file is missing (with the nearest existing path) or not UTF-8.
    pub fn text(&self, path: &str) -> Result<&str, FileError> {
        let bytes = self.files.get(path).ok_or_else(|| FileError::Missing {
            path: path.to_owned(),
            similar: self.similar_path(path),
        })?;
        std::str::from_utf8(bytes).map_err(|error| FileError::NotUtf8 {
            path: path.to_owned(),
            valid_up_to: error.valid_up_to(),
        })
    }

    /// The bytes of `path`, if it exists.
    #[must_use]
    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Whether the project has a file `path`.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// All files, sorted by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
    }

    /// Names of the workflows: `*.dig` in the project's own folder, not hidden, sorted. Files in
    /// sub-folders are no workflows; only `call>` and `!include` reach them (digdag
    /// `WorkflowResourceMatcher`).
    #[must_use]
    pub fn workflow_names(&self) -> Vec<&str> {
        self.paths()
            .filter(|path| !path.contains('/') && !path.starts_with('.'))
            .filter_map(|path| path.strip_suffix(WORKFLOW_SUFFIX))
            .collect()
    }

    /// A near name in the same folder, or else the same name in another one.
    fn similar_path(&self, path: &str) -> Option<String> {
        let (folder, name) = (folder_of(path), file_name(path));
        let siblings = self.paths().filter(|other| folder_of(other) == folder);
        match did_you_mean(name, siblings.map(file_name)) {
            Some(near) if folder.is_empty() => Some(near.to_owned()),
            Some(near) => Some(format!("{folder}/{near}")),
            None => self.paths().find(|other| file_name(other) == name).map(str::to_owned),
        }
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Folder of a file, `""` for the project's own.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Why a relative path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathProblem {
    /// It names nothing.
    Empty,
    /// It begins with `/`.
    Absolute,
    /// It leaves the folder it may be in.
    Outside,
}

impl PathProblem {
    /// The problem in words, for the end of a sentence.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Empty => "it is empty",
            Self::Absolute => "it is absolute; write it relative to the folder of this file",
            Self::Outside => "`..` leaves the folder it may be in",
        }
    }

    /// What is wrong, without the cure.
    pub(crate) fn fact(self) -> &'static str {
        match self {
            Self::Empty => "it is empty",
            Self::Absolute => "it is absolute",
            Self::Outside => "it leaves the project",
        }
    }

    /// What to do.
    pub(crate) fn cure(self) -> &'static str {
        match self {
            Self::Empty => "write the path of a file",
            Self::Absolute => "write it relative to the folder of this file",
            Self::Outside => "copy the file into the project, or mount its folder there",
        }
    }
}

/// `target` as written in a file of `folder`, as a path from the project's folder. It must stay
/// below `folder`, as in digdag.
pub(crate) fn join(folder: &str, target: &str) -> Result<String, PathProblem> {
    let inside = resolve("", target)?;
    if folder.is_empty() { Ok(inside) } else { Ok(format!("{folder}/{inside}")) }
}

/// A file that a task of `folder` names, as a path from the project's folder. `..` is fine as long as it stays inside the
/// project.
///
/// # Errors
/// The path is empty, absolute, or leaves the project.
pub fn resolve(folder: &str, target: &str) -> Result<String, PathProblem> {
    if target.starts_with('/') {
        return Err(PathProblem::Absolute);
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let mut named = false;
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop().ok_or(PathProblem::Outside)?),
            name => {
                parts.push(name);
                named = true;
            }
        }
    }
    if named && !parts.is_empty() { Ok(parts.join("/")) } else { Err(PathProblem::Empty) }
}
