//! Splits a text into literal parts and `${...}` expressions, by digdag's rules.
//!
//! Source: digdag's `digdag.js` with the extended syntax, which is what digdag runs on Java 11 and later.
//! Braces are counted without looking at quotes, `$$` becomes `$` in literal text only and never protects a
//! `${`, and `${` followed by small letters and a colon belongs to an operator (`${secret:key}`).

use std::borrow::Cow;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part<'a> {
    /// Text as it is printed.
    Literal(Cow<'a, str>),
    /// What stands between `${` and `}`, and where its `${` is in the text, in bytes.
    Expression { offset: usize, source: &'a str },
}

/// The parts of a text, in order.
pub(crate) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut position = 0;
    while position < text.len() {
        let Some((offset, source)) = next_expression(text, position) else {
            parts.push(literal(&text[position..]));
            break;
        };
        if offset > position {
            parts.push(literal(&text[position..offset]));
        }
        // `${}` prints nothing.
        if !source.is_empty() {
            parts.push(Part::Expression { offset, source });
        }
        position = offset + "${".len() + source.len() + "}".len();
    }
    parts
}

/// All expressions of a text with the byte offset of their `${`; an empty `${}` is none.
///
/// ```
/// let found: Vec<_> = himekuri_template::expressions("a ${b} ${secret:c} ${d.e}").collect();
/// assert_eq!(found, [(2, "b"), (19, "d.e")]);
/// ```
pub fn expressions(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut position = 0;
    std::iter::from_fn(move || {
        loop {
            let (offset, source) = next_expression(text, position)?;
            position = offset + "${".len() + source.len() + "}".len();
            if !source.is_empty() {
                return Some((offset, source));
            }
        }
    })
}

/// The byte offset of a `${` whose closing brace is missing, if there is one. Such a text is not an error for
/// digdag: it is printed as it stands from there to its end, so a checker should say so before a run.
pub fn find_unclosed(text: &str) -> Option<usize> {
    let mut position = 0;
    while let Some(offset) = find_opening(text, position) {
        let start = offset + "${".len();
        match closing_brace(&text[start..]) {
            Some(length) => position = start + length + "}".len(),
            None => return Some(offset),
        }
    }
    let last = text.len().checked_sub("${".len())?;
    (last >= position && text.ends_with("${")).then_some(last)
}

fn next_expression(text: &str, position: usize) -> Option<(usize, &str)> {
    let offset = find_opening(text, position)?;
    let start = offset + "${".len();
    // Without a closing brace the rest of the text is literal, whatever else it holds.
    let length = closing_brace(&text[start..])?;
    Some((offset, &text[start..start + length]))
}

/// The next `${` with something behind it that is not an operator's own template.
fn find_opening(text: &str, mut position: usize) -> Option<usize> {
    loop {
        let offset = position + text[position..].find("${")?;
        let start = offset + "${".len();
        let letters = text[start..].bytes().take_while(u8::is_ascii_lowercase).count();
        let is_for_operators = letters > 0 && text[start + letters..].starts_with(':');
        if !is_for_operators && start < text.len() {
            return Some(offset);
        }
        position = start;
    }
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (position, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(position),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn literal(text: &str) -> Part<'_> {
    Part::Literal(match text.contains("$$") {
        true => Cow::Owned(text.replace("$$", "$")),
        false => Cow::Borrowed(text),
    })
}
