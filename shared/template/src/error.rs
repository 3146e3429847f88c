//! Why a text could not be evaluated, in words that name the expression and a cure.

use std::fmt;
use std::time::Duration;

/// An expression of a configuration or of a text failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("could not evaluate `${{{}}}`{}: {kind}", shortened(expression), place(pointer))]
pub struct EvaluateError {
    /// JSON pointer (RFC 6901) of the string in the evaluated configuration; empty for a text.
    pub pointer: String,
    /// The expression as written between `${` and `}`; empty when no single expression is to blame.
    pub expression: String,
    /// Byte offset of the `${` in its text.
    pub offset: usize,
    /// What went wrong.
    pub kind: EvaluateErrorKind,
}

/// What went wrong in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EvaluateErrorKind {
    /// The expression is not JavaScript.
    Syntax {
        /// The parser's message.
        message: String,
    },
    /// The expression uses a name that is no parameter.
    Reference {
        /// The unknown name.
        name: String,
        /// The parameter that was probably meant.
        suggestion: Option<String>,
    },
    /// An operation on a value that does not have it, such as a property of `undefined`.
    Type {
        /// JavaScript's message.
        message: String,
    },
    /// The expression threw something else.
    Thrown {
        /// The error's name and message.
        message: String,
    },
    /// The text took too much CPU time.
    TimeLimit {
        /// The limit.
        limit: Duration,
    },
    /// The text needed too much memory, or a too long array or string.
    MemoryLimit {
        /// The limit for the whole JavaScript engine, in bytes.
        limit: usize,
    },
    /// The evaluated text is too long.
    OutputLimit {
        /// The limit in bytes.
        limit: usize,
    },
    /// The expression itself is too long.
    SourceLimit {
        /// The limit in bytes.
        limit: usize,
    },
    /// Functions called each other too deeply.
    Recursion,
}

/// Names of digdag's JavaScript engine for Java and the machine it runs on.
const OF_JAVA: [&str; 12] = [
    "Java",
    "JavaImporter",
    "Packages",
    "com",
    "edu",
    "exit",
    "java",
    "javafx",
    "javax",
    "load",
    "org",
    "quit",
];

impl fmt::Display for EvaluateErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluateErrorKind::Syntax { message } => {
                write!(f, "not valid JavaScript ({message}); braces count even inside quotes")
            }
            EvaluateErrorKind::Reference { name, .. } if OF_JAVA.contains(&name.as_str()) => {
                write!(
                    f,
                    "`{name}` is not defined: expressions do not reach Java, but methods of texts such as `replaceAll` work"
                )
            }
            EvaluateErrorKind::Reference { name, suggestion: Some(meant) } => {
                write!(f, "`{name}` is not defined; did you mean `{meant}`?")
            }
            EvaluateErrorKind::Reference { name, suggestion: None } => write!(
                f,
                "`{name}` is not defined; define it in `_export`, or write `typeof {name}` to test for it"
            ),
            EvaluateErrorKind::Type { message } => {
                write!(f, "{message}; check that every part before the last `.` has a value")
            }
            EvaluateErrorKind::Thrown { message } => f.write_str(message),
            EvaluateErrorKind::TimeLimit { limit } => write!(
                f,
                "it used more than {} ms of CPU time; move the computation into a query or a script",
                limit.as_millis()
            ),
            EvaluateErrorKind::MemoryLimit { limit } => write!(
                f,
                "it needed more than {} of memory; move the computation into a query or a script",
                size(*limit)
            ),
            EvaluateErrorKind::OutputLimit { limit } => {
                write!(f, "the text grew above {}; split it", size(*limit))
            }
            EvaluateErrorKind::SourceLimit { limit } => write!(
                f,
                "it is longer than {}; move what it holds into a file or a parameter",
                size(*limit)
            ),
            EvaluateErrorKind::Recursion => {
                f.write_str("functions called each other too deeply; use a loop")
            }
        }
    }
}

/// The JavaScript engine could not be started, for want of memory.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not start the JavaScript engine for expressions; its memory limit is {memory_bytes} bytes"
)]
pub struct StartError {
    /// The limit it was started with.
    pub memory_bytes: usize,
    /// The engine's own error.
    #[source]
    pub source: rquickjs::Error,
}

/// What is known of a failure where it happens; the caller adds where that was.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) expression: String,
    pub(crate) offset: usize,
    pub(crate) kind: EvaluateErrorKind,
}

impl Failure {
    pub(crate) fn at(self, pointer: String) -> EvaluateError {
        let Failure { expression, offset, kind } = self;
        EvaluateError { pointer, expression, offset, kind }
    }
}

fn size(bytes: usize) -> String {
    if bytes < 1024 { format!("{bytes} bytes") } else { format!("{} KiB", bytes / 1024) }
}

/// Long expressions would hide the message behind them.
fn shortened(expression: &str) -> String {
    const SHOWN_CHARS_MAX: usize = 120;
    match expression.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}...", &expression[..end]),
        None => expression.to_owned(),
    }
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" in `{pointer}`") }
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let length = name.chars().count();
    let allowed = (length / 3).clamp(1, 3);
    known
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed && *distance < length)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}

/// Edits (insert, delete, replace, swap neighbours) that turn one name into the other; case does not count.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut edits = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                edits = edits.min(before_last[j - 1] + 1);
            }
            row.push(edits);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[right.len()]
}
