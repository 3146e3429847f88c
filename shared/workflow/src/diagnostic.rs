//! Problems of a project, made for people: code, place, cause, cure.

use std::fmt;

use serde::Serialize;

use crate::codes;
use crate::files::ProjectFiles;
use crate::position::{Position, line_of};

/// Problems reported at once: more help nobody, and each costs a search for what was meant.
pub(crate) const MAX_PROBLEMS: usize = 100;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The workflow is refused.
    Error,
    /// The workflow runs, but probably not as meant.
    Warning,
    /// Nothing is wrong; it is good to know.
    Info,
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

    /// A remark of `code`.
    #[must_use]
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self { severity: Severity::Info, ..Self::error(code, message) }
    }

    /// Places it.
    #[must_use]
    pub fn at(mut self, position: Position) -> Self {
        self.position = Some(position);
        self
    }

    /// Places it at a word or text of one line, marked to its end.
    #[must_use]
    pub fn at_text(mut self, position: Position, text: &str) -> Self {
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let one_line = !text.is_empty() && !text.contains('\n');
        self.end = one_line.then(|| (position.line, position.column.saturating_add(length)));
        self.at(position)
    }

    /// Ends the marked text, line and column (exclusive).
    #[must_use]
    pub fn until(mut self, end: (u32, u32)) -> Self {
        self.end = Some(end);
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

    /// Fills in the line of text from the project, and the end of the mark where it is not known yet:
    /// that of the word, the quoted text or the line that begins at the position.
    #[must_use]
    pub fn with_source(mut self, files: &ProjectFiles) -> Self {
        if let Some(position) = &self.position
            && let Ok(text) = files.text(&position.file)
        {
            let line = line_of(text, position.line);
            let length = line.map_or(0, |line| marked_length(line, position.column));
            // An end within quotes was counted without them, and a text may go over a line end.
            let is_wrong = self.end.is_none_or(|(end_line, end)| {
                let line = line.unwrap_or_default();
                let first = chars_from(line, position.column).next();
                let is_quoted = matches!(first, Some('"' | '\''));
                is_quoted
                    || (end_line == position.line
                        && chars_from(line, end.saturating_sub(1)).next().is_none())
            });
            if is_wrong {
                let end = position.column.saturating_add(length);
                self.end = (length > 0).then_some((position.line, end));
            }
            self.source_line = line.map(str::to_owned);
        }
        self
    }
}

/// The first problems in the order of files and lines, and a note if there are more.
pub(crate) fn in_file_order(mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    problems.sort_by(|left, right| left.position.cmp(&right.position));
    if problems.len() > MAX_PROBLEMS {
        problems.truncate(MAX_PROBLEMS);
        let message = format!("there are more than {MAX_PROBLEMS} problems; the rest is not shown");
        let mut note = Diagnostic::warning(codes::TOO_LARGE, message);
        note.position = problems.last().and_then(|problem| problem.position.clone());
        problems.push(note.with_help("correct these first"));
    }
    problems
}

fn chars_from(line: &str, column: u32) -> impl Iterator<Item = char> + Clone {
    line.chars().skip(usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX))
}

/// Characters of the YAML key or text that begins at `column`: up to its closing quote, its colon, a
/// comment, or the end of the line.
fn marked_length(line: &str, column: u32) -> u32 {
    let chars = chars_from(line, column);
    let quote = chars.clone().next().filter(|first| matches!(first, '"' | '\''));
    let (mut length, mut last, mut escaped) = (0, 0, false);
    let mut following = chars.clone().skip(1);
    for char in chars {
        let next = following.next();
        let ends = match quote {
            Some(quote) => length > 0 && char == quote && !escaped,
            None => {
                let blank_next = next.is_none_or(char::is_whitespace);
                (char == ':' && blank_next) || (char.is_whitespace() && next == Some('#'))
            }
        };
        if ends {
            return if quote.is_some() { length + 1 } else { last.max(1) };
        }
        escaped = quote == Some('"') && char == '\\' && !escaped;
        length += 1;
        if !char.is_whitespace() {
            last = length;
        }
    }
    last
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

#[cfg(test)]
mod tests {
    use super::marked_length;

    #[test]
    fn the_mark_ends_with_the_word_or_text() {
        let table = [
            ("bq>: q.sql # c", 1, 3),
            ("bq>: q.sql # c", 6, 5),
            ("a: \"b: \\\" #c\" d", 4, 10),
            ("a: 'b' # c", 4, 3),
            ("a: b c  ", 4, 3),
            ("a: \"open", 4, 5),
            ("a: x", 9, 0),
            ("日本: 語", 1, 2),
            (": x", 1, 1),
        ];

        for (line, column, expected) in table {
            assert_eq!(marked_length(line, column), expected, "{line} {column}");
        }
    }
}
