//! Problems of a project, made for people: code, place, cause, cure.

use std::fmt;

use serde::Serialize;

use crate::files::ProjectFiles;
use crate::position::{Position, line_of};

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The workflow is refused.
    Error,
    /// The workflow runs, but probably not as meant.
    Warning,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// Code with a page, see [`crate::codes`].
    pub code: &'static str,
    /// Where it is; `None` only if no file is involved or the caller knows the place.
    pub position: Option<Position>,
    /// End of the marked text, line and column (exclusive), if known.
    pub end: Option<(u32, u32)>,
    /// Full name of the task it is in, if any.
    pub task: Option<String>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The line of the file, to be shown with the message.
    pub source_line: Option<String>,
}

impl Diagnostic {
    /// An error of `code`.
    #[must_use]
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            position: None,
            end: None,
            task: None,
            message: message.into(),
            help: None,
            source_line: None,
        }
    }

    /// A warning of `code`.
    #[must_use]
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Places it.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Names the task it is in.
    #[must_use]
    pub fn in_task(mut self, full_name: impl Into<String>) -> Self {
        self.task = Some(full_name.into());
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says which known word was probably meant, if any.
    #[must_use]
    pub(crate) fn with_suggestion(self, suggestion: Option<impl fmt::Display>) -> Self {
        match suggestion {
            Some(word) => self.with_help(format!("did you mean `{word}`?")),
            None => self,
        }
    }

    /// Fills in the line of text from the project.
    #[must_use]
    pub fn with_source(mut self, files: &ProjectFiles) -> Self {
        if let Some(position) = &self.position
            && let Ok(text) = files.text(&position.file)
        {
            self.source_line = line_of(text, position.line).map(str::to_owned);
        }
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if let Some(position) = &self.position {
            write!(f, " in {position}")?;
        }
        if let Some(task) = &self.task {
            write!(f, ", task `{task}`")?;
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

/// The problems that made a compilation fail: never empty, errors and warnings in file order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl Diagnostics {
    /// Fills in the lines of text from the project.
    #[must_use]
    pub fn with_sources(self, files: &ProjectFiles) -> Self {
        Self(self.0.into_iter().map(|diagnostic| diagnostic.with_source(files)).collect())
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}
