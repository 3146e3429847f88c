//! What is not YAML at all: the parser's errors with a cure, and characters that digdag refuses.

use std::sync::Arc;

use granit_parser::{ErrorKind, Marker, ScanError};

use crate::codes;
use crate::diagnostic::Diagnostics;
use crate::position::{Position, line_of};

use super::limits::too_deep;
use super::node::Span;

/// Line and column from 1; the parser counts columns from 0.
pub(super) fn place(marker: &Marker) -> (u32, u32) {
    (number(marker.line()), number(marker.col()).saturating_add(1))
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

pub(super) fn syntax_error(file: &Arc<str>, error: &ScanError) -> Diagnostics {
    let span = Span { file: Arc::clone(file), start: place(error.marker()), end: None };
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return too_deep(&span).into();
    }
    let diagnostic = span.error(codes::YAML_SYNTAX, format!("not valid YAML: {}", error.kind()));
    diagnostic.with_help(cure(error.kind())).into()
}

/// The cure of the mistakes that real files make.
fn cure(kind: &ErrorKind) -> &'static str {
    let is_tab = matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabInPlainScalar
            | ErrorKind::TabAtBlockScalarStart
    );
    let is_alias = matches!(kind, ErrorKind::UnknownAnchor | ErrorKind::MissingAnchorOrAliasName);
    let in_brackets = matches!(
        kind,
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator
    );
    if is_tab {
        "indent with spaces; YAML does not allow tabs there"
    } else if is_alias {
        "put a text that begins with `*` or `&` into quotes"
    } else if in_brackets {
        "inside `{}` and `[]`, put `${...}` and texts with brackets or commas into quotes"
    } else if *kind == ErrorKind::MappingValueNotAllowed {
        "put a text that holds `: ` into quotes; or the line is indented too deeply"
    } else if *kind == ErrorKind::UnclosedQuotedScalar {
        "close the text that begins here with the same quote; a `'` inside single quotes is written `''`"
    } else {
        "compare quotes, brackets and indentation here and in the lines above"
    }
}

/// Byte offset of the `#` that the parser does not take for a comment for want of a space.
pub(super) fn glued_comment(text: &str, error: &ScanError) -> Option<usize> {
    if *error.kind() != ErrorKind::CommentNotSeparated {
        return None;
    }
    let (line, column) = place(error.marker());
    let line = line_of(text, line)?;
    let start = line.as_ptr().addr() - text.as_ptr().addr();
    let column = usize::try_from(column).ok()?.checked_sub(1)?;
    let (offset, _) = line.char_indices().nth(column)?;
    let (before, comment) = line.split_at(offset);
    // Not behind `|`, where digdag refuses it too.
    let is_glued =
        comment.starts_with('#') && before.ends_with(['"', '\'', ',', '[', ']', '{', '}']);
    is_glued.then_some(start + offset)
}

/// digdag's YAML reader refuses them (snakeyaml `StreamReader`): they are invisible and never
/// meant.
pub(super) fn refuse_control_characters(file: &Arc<str>, text: &str) -> Result<(), Diagnostics> {
    let Some((offset, bad)) = text.char_indices().find(|(_, c)| !is_printable(*c)) else {
        return Ok(());
    };
    let position = Position::in_text(Arc::clone(file), text, offset);
    let start = (position.line, position.column);
    let span = Span { file: position.file, start, end: Some((start.0, start.1 + 1)) };
    let message = format!("the file holds the control character U+{:04X}", u32::from(bad));
    Err(span.error(codes::YAML_SYNTAX, message).with_help("delete it").into())
}

fn is_printable(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}')
        || c >= '\u{10000}'
}
