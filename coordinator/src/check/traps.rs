//! Expressions that are valid and do something else than they seem to.

use super::tokens::{Token, TokenKind, tokens};

/// Methods of a moment that answer a moment.
const ANSWER_MOMENTS: &[&str] =
    &["add", "subtract", "startOf", "endOf", "utc", "local", "clone", "set", "tz", "parseZone"];

/// What an expression prints when nothing formats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unformatted {
    Moment,
    Date,
}

/// Whether all that the expression answers is a moment or a `Date`.
pub(super) fn unformatted(expression: &str) -> Option<Unformatted> {
    let tokens = tokens(expression)?;
    let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
    if let ["new", "Date", arguments @ ..] = texts.as_slice() {
        let is_all = arguments.is_empty() || call_length(arguments) == Some(arguments.len());
        return is_all.then_some(Unformatted::Date);
    }
    let rest = match texts.as_slice() {
        ["moment", ".", "utc" | "unix" | "tz", rest @ ..] | ["moment", rest @ ..] => rest,
        _ => return None,
    };
    let mut rest = rest.get(call_length(rest)?..)?;
    loop {
        match rest {
            [] => return Some(Unformatted::Moment),
            [".", method, call @ ..] if ANSWER_MOMENTS.contains(method) => {
                rest = call.get(call_length(call)?..)?;
            }
            _ => return None,
        }
    }
}

/// Tokens of a call's parentheses with what is in them.
fn call_length(texts: &[&str]) -> Option<usize> {
    if texts.first() != Some(&"(") {
        return None;
    }
    let mut depth = 0_usize;
    for (index, text) in texts.iter().enumerate() {
        match *text {
            "(" => depth += 1,
            ")" if depth == 1 => return Some(index + 1),
            ")" => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// Byte offset of an `=` that assigns. Expressions with statements of their own are not judged.
pub(super) fn assignment(expression: &str) -> Option<usize> {
    let tokens = tokens(expression)?;
    let is_program = |token: &Token<'_>| {
        token.kind == TokenKind::Word && matches!(token.text, "var" | "let" | "const" | "function")
            || token.text == "=>"
    };
    if tokens.iter().any(is_program) {
        return None;
    }
    tokens
        .iter()
        .find(|token| token.kind == TokenKind::Sign && token.text == "=")
        .map(|token| token.offset)
}

/// Dollar signs right before a `${`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dollars {
    /// `$${x}` where no table's name is before it: meant to protect, but does not.
    NoEscape,
    /// `$$${x}`: fewer are printed than are written.
    Fewer { written: usize, printed: usize },
}

/// What is wrong with the dollar signs before the `${` at `offset`, if anything.
pub(super) fn dollars(text: &str, offset: usize) -> Option<Dollars> {
    let before = text.get(..offset)?;
    let name = before.trim_end_matches('$');
    let written = before.len() - name.len();
    let is_partition =
        name.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '}' | '-'));
    match written {
        0 => None,
        1 if is_partition => None,
        1 => Some(Dollars::NoEscape),
        _ => Some(Dollars::Fewer { written, printed: written.div_ceil(2) }),
    }
}

/// The lower-case word of a `${word:...}`, which is left to operators, with its byte offset; `secret` is one that
/// exists.
pub(super) fn left_alone(text: &str) -> Vec<(usize, &str)> {
    let openings = text.match_indices("${").filter_map(|(offset, opening)| {
        let rest = &text[offset + opening.len()..];
        let letters = rest.bytes().take_while(u8::is_ascii_lowercase).count();
        let is_word = letters > 0 && rest[letters..].starts_with(':');
        is_word.then(|| (offset, &rest[..letters]))
    });
    openings.collect()
}

/// Whether the `${` at the beginning of `rest` has its `}` if braces inside quotes are left out.
pub(super) fn closes_outside_quotes(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix("${") else { return false };
    let (mut depth, mut quote) = (0_usize, None);
    for c in rest.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), '\n') => return false,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return true,
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_moment_or_date_is_unformatted() {
        let table = [
            ("moment()", Some(Unformatted::Moment)),
            ("moment(session_time)", Some(Unformatted::Moment)),
            ("moment.utc(x).add(1, 'day').startOf('month')", Some(Unformatted::Moment)),
            ("new Date(0)", Some(Unformatted::Date)),
            ("new Date", Some(Unformatted::Date)),
            ("moment().format('YYYY')", None),
            ("moment(a).diff(moment(b), 'days')", None),
            ("moment().unix()", None),
            ("moment() > x", None),
            ("moment", None),
            ("new Date().getTime()", None),
            ("momentum", None),
        ];

        for (expression, expected) in table {
            assert_eq!(unformatted(expression), expected, "{expression}");
        }
    }

    #[test]
    fn only_a_single_equals_sign_assigns() {
        let table = [
            ("a = 1", Some(2)),
            ("a == 1", None),
            ("a === 1 || b != 2 || c >= 3", None),
            ("'a = 1'", None),
            ("(function() { var x = 1; return x })()", None),
        ];

        for (expression, expected) in table {
            assert_eq!(assignment(expression), expected, "{expression}");
        }
    }

    #[test]
    fn one_dollar_behind_a_table_is_a_partition() {
        let at = |text: &str| dollars(text, text.find("${x").expect("an expression"));

        assert_eq!(at("access$${x}"), None);
        assert_eq!(at("`p.d.${t}$${x}`"), None);
        assert_eq!(at("${x}"), None);
        assert_eq!(at("cost: $${x}"), Some(Dollars::NoEscape));
        assert_eq!(at("$${x}"), Some(Dollars::NoEscape));
        assert_eq!(at("t$$${x}"), Some(Dollars::Fewer { written: 2, printed: 1 }));
        assert_eq!(at("t$$$${x}"), Some(Dollars::Fewer { written: 3, printed: 2 }));
    }

    #[test]
    fn words_with_a_colon_belong_to_operators() {
        assert_eq!(left_alone("${secret:a} ${x:-1} ${X:1} ${y}"), [(0, "secret"), (12, "x")]);
    }
}
