//! Names in expressions: which expression is nothing else, and where one stands.

use super::tokens::{Token, TokenKind, tokens};

/// Words that are no variables, or may be something else than one.
const NO_VARIABLES: &[&str] = &[
    "function",
    "var",
    "let",
    "const",
    "catch",
    "class",
    "import",
    "with",
    "eval",
    "this",
    "arguments",
];

/// Words of the language that are no names.
const KEYWORDS: &[&str] = &[
    "break",
    "case",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "if",
    "in",
    "instanceof",
    "new",
    "null",
    "return",
    "super",
    "switch",
    "throw",
    "true",
    "try",
    "typeof",
    "void",
    "while",
    "yield",
];

/// Whether the expression is only a name with properties (`a.b`), which is JavaScript for certain.
pub(super) fn is_path(expression: &str) -> bool {
    let mut words = expression.trim().split('.');
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_name =
        |word: &str| is_word(word) && !KEYWORDS.contains(&word) && !NO_VARIABLES.contains(&word);
    words.next().is_some_and(is_name) && words.all(is_word)
}

/// Byte offset of a name in the expression that uses it.
pub(super) fn offset_of(expression: &str, name: &str) -> Option<usize> {
    let tokens = tokens(expression)?;
    let found = tokens.iter().enumerate().find(|(index, token)| {
        token.kind == TokenKind::Word && token.text == name && !is_property(&tokens, *index)
    });
    found.map(|(_, token)| token.offset)
}

/// Behind a dot, or the key of an object literal.
fn is_property(tokens: &[Token<'_>], index: usize) -> bool {
    let text =
        |index: Option<usize>| index.and_then(|index| tokens.get(index)).map(|token| token.text);
    let before = text(index.checked_sub(1));
    let after = text(index.checked_add(1));
    matches!(before, Some("." | "?.")) || (matches!(before, Some("{" | ",")) && after == Some(":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_keywords_and_broken_names() {
        for path in ["a", "_a1.b.c", " session_time "] {
            assert!(is_path(path), "{path}");
        }
        for other in ["", "a.", ".a", "1a", "a.1", "new", "var.x", "a b", "a[0]", "a-b"] {
            assert!(!is_path(other), "{other}");
        }
    }

    #[test]
    fn a_name_is_found_where_it_is_no_property() {
        assert_eq!(offset_of("o.n + n", "n"), Some(6));
    }
}
