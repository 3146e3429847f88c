//! How far a problem reaches, where only its beginning is known: the word, text or list that begins there.

use himekuri_workflow::Diagnostic;

use super::lines::Texts;

/// The same problem with its line of text, and an end (exclusive), if its file can be read.
pub(super) fn complete(mut problem: Diagnostic, texts: &Texts<'_>) -> Diagnostic {
    let Some(position) = problem.position.clone() else { return problem };
    let Some(lines) = texts.get(&position.file) else { return problem };
    problem.source_line = lines.line(position.line).map(str::to_owned);
    let start = lines.offset(&position);
    let rest = lines.text.get(start..).unwrap_or_default();
    // The reader ends a list where its bracket ends.
    let is_bracket =
        rest.starts_with(['{', '[']) && problem.end == Some((position.line, position.column + 1));
    // A reader that gives up knows no end, or one before the beginning.
    let is_known = problem.end.is_some_and(|end| end > (position.line, position.column));
    if !is_known || is_bracket {
        // Old line breaks, a lone `\r`, are counted by the reader only: such a place is not in the text.
        let end = lines.place(start + length(rest));
        let least = match lines.text.is_empty() {
            true => position.column,
            false => position.column.saturating_add(1),
        };
        problem.end = Some(end.max((position.line, least)));
    }
    problem
}

/// Bytes of what begins here, at least one where there is one.
fn length(rest: &str) -> usize {
    let line = rest.lines().next().unwrap_or_default();
    let length = match line.chars().next() {
        None => return 0,
        Some(quote @ ('"' | '\'')) => quoted(line, quote),
        Some('{' | '[') => bracketed(line).unwrap_or_else(|| plain(line)),
        Some(_) => plain(line),
    };
    length.max(line.chars().next().map_or(0, char::len_utf8))
}

fn quoted(line: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in line.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            _ if c == quote => return offset + 1,
            _ => {}
        }
    }
    line.trim_end().len()
}

fn bracketed(line: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (offset, c) in line.char_indices() {
        match c {
            '{' | '[' => depth += 1,
            '}' | ']' if depth == 1 => return Some(offset + 1),
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A key up to its colon, or a value up to a comment.
fn plain(line: &str) -> usize {
    if line.starts_with('#') {
        return line.trim_end().len();
    }
    let value = line.split(" #").next().unwrap_or(line).trim_end();
    match value.find(": ") {
        Some(colon) => value[..colon].trim_end().len(),
        None => value.strip_suffix(':').unwrap_or(value).trim_end().len(),
    }
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn a_problem_reaches_over_the_word_that_begins_there() {
        let table = [
            ("bg>: a.sql", "bg>"),
            ("+load:\n  x", "+load"),
            ("a.sql # comment", "a.sql"),
            ("a b  ", "a b"),
            ("'it: is' , x", "'it: is'"),
            ("\"a\\\"b\": c", "\"a\\\"b\""),
            ("[1, [2]] # c", "[1, [2]]"),
            ("{a: 1", "{a"),
            ("!include : x.yml", "!include"),
            ("日本: x", "日本"),
            ("# a: b # c ", "# a: b # c"),
            ("", ""),
        ];

        for (text, expected) in table {
            assert_eq!(&text[..length(text)], expected);
        }
    }
}
