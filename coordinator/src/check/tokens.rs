//! The words of an expression: just enough JavaScript to say which names it uses, without running it.

/// A piece of an expression, with its byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) offset: usize,
    pub(super) kind: TokenKind,
    pub(super) text: &'a str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Word,
    Number,
    /// A quoted text, or a regular expression.
    Quoted,
    /// One or more characters of an operator, or a bracket.
    Sign,
}

/// Operators of more than one character, longest first.
const SIGNS: &[&str] = &[
    ">>>=", "===", "!==", "...", "**=", ">>>", "<<=", ">>=", "==", "!=", "<=", ">=", "=>", "&&",
    "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**", "<<", ">>",
];

/// The tokens, or `None` if a quote or a comment does not end.
pub(super) fn tokens(expression: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = expression;
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Some(tokens) };
        let offset = expression.len() - rest.len();
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
            continue;
        }
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = &comment[comment.find("*/")? + 2..];
            continue;
        }
        let (kind, length) = if is_word_start(first) {
            (TokenKind::Word, word_length(rest))
        } else if first.is_ascii_digit()
            || (first == '.' && rest[1..].starts_with(|c: char| c.is_ascii_digit()))
        {
            (TokenKind::Number, number_length(rest))
        } else if matches!(first, '"' | '\'' | '`') {
            (TokenKind::Quoted, quoted_length(rest, first)?)
        } else if first == '/' && begins_pattern(tokens.last()) {
            (TokenKind::Quoted, pattern_length(rest)?)
        } else {
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            (TokenKind::Sign, sign.map_or(first.len_utf8(), |sign| sign.len()))
        };
        tokens.push(Token { offset, kind, text: &rest[..length] });
        rest = &rest[length..];
    }
}

/// Whether a quote of the expression has no end.
pub(super) fn has_open_quote(expression: &str) -> bool {
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in expression.chars() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None => {}
        }
    }
    quote.is_some()
}

fn is_word_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '$' | '\\') || !c.is_ascii()
}

fn word_length(text: &str) -> usize {
    let is_part = |c: char| is_word_start(c) || c.is_ascii_digit();
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn number_length(text: &str) -> usize {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn quoted_length(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (offset, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(offset + 1),
            _ => {}
        }
    }
    None
}

/// A `/` divides behind a value, and begins a regular expression elsewhere.
fn begins_pattern(before: Option<&Token<'_>>) -> bool {
    before.is_none_or(|token| match token.kind {
        TokenKind::Word => matches!(token.text, "return" | "typeof" | "in" | "case" | "void"),
        TokenKind::Number | TokenKind::Quoted => false,
        TokenKind::Sign => !matches!(token.text, ")" | "]" | "}"),
    })
}

fn pattern_length(text: &str) -> Option<usize> {
    let (mut escaped, mut in_class) = (false, false);
    for (offset, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return Some(offset + 1 + word_length(&text[offset + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(expression: &str) -> Vec<&str> {
        let tokens = tokens(expression).expect("it ends");
        tokens.into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn quotes_patterns_and_numbers_are_one_token_each() {
        assert_eq!(
            texts(r#"a.replace(/[/"]/g, 'x}') / 2.5 === .5"#),
            ["a", ".", "replace", "(", "/[/\"]/g", ",", "'x}'", ")", "/", "2.5", "===", ".5"]
        );
    }

    #[test]
    fn comments_are_no_tokens() {
        assert_eq!(texts("a /* b */ + c // d"), ["a", "+", "c"]);
    }

    #[test]
    fn what_does_not_end_has_no_tokens() {
        for expression in ["'a", "\"a", "/* a", "/a", "a + `b"] {
            assert_eq!(tokens(expression), None, "{expression}");
        }
    }
}
