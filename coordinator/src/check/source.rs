//! From a place in a value back to the place in its file.
//!
//! A value's text is not the text of its file: quotes, escapes, folded lines and the indentation of blocks are gone.
//! Both are read side by side, once, when there is something to report.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use himekuri_workflow::Position;

use super::lines::{Lines, Texts};

/// A text and where it comes from.
pub(super) struct Source<'v, 'f> {
    text: &'v str,
    file: Arc<str>,
    lines: Option<Rc<Lines<'f>>>,
    origin: Origin,
}

enum Origin {
    /// A value of a YAML file, whose first character is at `start`. For each byte of the value: its byte in the file.
    Scalar {
        start: Position,
        offsets: OnceCell<Option<Vec<u32>>>,
    },
    File,
}

impl<'v, 'f: 'v> Source<'v, 'f> {
    /// A value of a YAML file, whose first character is at `start`.
    pub(super) fn scalar(texts: &Texts<'f>, start: Position, text: &'v str) -> Self {
        let (file, lines) = (Arc::clone(&start.file), texts.get(&start.file));
        Source { text, file, lines, origin: Origin::Scalar { start, offsets: OnceCell::new() } }
    }

    /// A whole file; `None` if it is not there or not text.
    pub(super) fn file(texts: &Texts<'f>, path: &str) -> Option<Self> {
        let file: Arc<str> = path.into();
        let lines = texts.get(&file)?;
        Some(Source { text: lines.text, file, lines: Some(lines), origin: Origin::File })
    }

    /// The text.
    pub(super) fn text(&self) -> &'v str {
        self.text
    }

    /// Beginning and end (exclusive) of the bytes `from..to` of the text. Of a value that cannot be followed in its
    /// file, only the beginning is known.
    pub(super) fn span(&self, from: usize, to: usize) -> (Position, Option<(u32, u32)>) {
        let found = self.lines.as_ref().and_then(|lines| {
            let (from, to) = match &self.origin {
                Origin::File => (from, to),
                Origin::Scalar { start, offsets } => {
                    let follow = || follow(lines.text, lines.offset(start), self.text);
                    let offsets = offsets.get_or_init(follow).as_deref()?;
                    let offset = |index: usize| usize::try_from(*offsets.get(index)?).ok();
                    // The end is behind the last character, not before the next one: a line may be between.
                    let last = offset(self.text.get(..to)?.char_indices().next_back()?.0)?;
                    (offset(from)?, last + lines.text.get(last..)?.chars().next()?.len_utf8())
                }
            };
            let (line, column) = lines.place(from);
            Some((Position { file: Arc::clone(&self.file), line, column }, Some(lines.place(to))))
        });
        found.unwrap_or_else(|| match &self.origin {
            Origin::Scalar { start, .. } => (start.clone(), None),
            Origin::File => (Position::start_of(Arc::clone(&self.file)), None),
        })
    }
}

/// How a scalar is written.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    Plain,
    Single,
    Double,
}

/// For each byte of `value`, the byte of `text` it comes from; `None` if the two do not fit.
fn follow(text: &str, start: usize, value: &str) -> Option<Vec<u32>> {
    // Files of a project are far below 4 GiB.
    let short = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    let written = text.get(start..)?;
    let (style, mut at) = match written.chars().next()? {
        '\'' => (Style::Single, start + 1),
        '"' => (Style::Double, start + 1),
        // A block begins on the line below its sign.
        '|' | '>' => (Style::Plain, start + written.find('\n')? + 1),
        _ => (Style::Plain, start),
    };
    at +=
        blank_length(text.get(at..)?, style) * usize::from(!value.starts_with(char::is_whitespace));
    let mut offsets = vec![short(at); value.len() + 1];
    let mut was_blank = false;
    for (offset, c) in value.char_indices() {
        let rest = text.get(at..)?;
        if c.is_whitespace() {
            // All blanks of the value stand for all blanks of the file.
            offsets[offset] = short(at);
            if !was_blank {
                at += blank_length(rest, style);
            }
            was_blank = true;
            continue;
        }
        was_blank = false;
        offsets[offset..offset + c.len_utf8()].fill(short(at));
        at += written_length(rest, c, style)?;
    }
    offsets[value.len()] = short(at);
    Some(offsets)
}

/// Length of the blanks at the beginning, escaped ones too.
fn blank_length(text: &str, style: Style) -> usize {
    let mut length = 0;
    loop {
        let rest = &text[length..];
        let blanks = rest.len() - rest.trim_start().len();
        let escaped = ["\\n", "\\t", "\\r", "\\ ", "\\\n"].iter().any(|e| rest.starts_with(e));
        length += match blanks {
            0 if style == Style::Double && escaped => 2,
            0 => return length,
            _ => blanks,
        };
    }
}

/// How long the character `c` is where it is written.
fn written_length(text: &str, c: char, style: Style) -> Option<usize> {
    let mut chars = text.chars();
    let first = chars.next()?;
    match (style, first) {
        (Style::Single, '\'') => (c == '\'' && text.starts_with("''")).then_some(2),
        (Style::Double, '\\') => match chars.next()? {
            'x' => Some(4),
            'u' => Some(6),
            'U' => Some(10),
            '\n' => written_length(text[2..].trim_start(), c, style)
                .map(|length| length + text.len() - text[2..].trim_start().len()),
            escaped => (escaped == c).then(|| 1 + escaped.len_utf8()),
        },
        (Style::Plain | Style::Single | Style::Double, _) => (first == c).then(|| first.len_utf8()),
    }
}

#[cfg(test)]
mod tests {
    use himekuri_workflow::ProjectFiles;

    use super::*;

    /// Line and column of `${x}` in a value that is written as `written` behind `k: `.
    fn place(written: &str, value: &str) -> (u32, u32, Option<(u32, u32)>) {
        let files = ProjectFiles::from_iter([("f.dig", format!("k: {written}\nz: ${{x}}\n"))]);
        let start = Position { file: "f.dig".into(), line: 1, column: 4 };
        let texts = Texts::of(&files);
        let source = Source::scalar(&texts, start, value);
        let offset = value.find("${x}").expect("an expression");
        let (position, end) = source.span(offset, offset + 4);
        (position.line, position.column, end)
    }

    #[test]
    fn a_place_in_a_value_is_found_in_every_style() {
        let table = [
            ("a ${x}", "a ${x}", (1, 6, Some((1, 10)))),
            ("'it''s ${x}'", "it's ${x}", (1, 11, Some((1, 15)))),
            (r#""\"\tä\\ ${x}""#, "\"\tä\\ ${x}", (1, 13, Some((1, 17)))),
            ("|\n  a\n    b ${x}", "a\n  b ${x}\n", (3, 7, Some((3, 11)))),
            (">-\n  a\n  b\n\n  ${x}", "a b\n${x}", (5, 3, Some((5, 7)))),
            ("a\n  b ${x}", "a b ${x}", (2, 5, Some((2, 9)))),
            ("\"a\n   b \\\n  ${x}\"", "a b ${x}", (3, 3, Some((3, 7)))),
            ("日本 ${x}", "日本 ${x}", (1, 7, Some((1, 11)))),
        ];

        for (written, value, expected) in table {
            assert_eq!(place(written, value), expected, "{written}");
        }
    }

    #[test]
    fn a_value_that_does_not_fit_is_placed_at_its_beginning() {
        assert_eq!(place("other", "a ${x}"), (1, 4, None));
    }
}
