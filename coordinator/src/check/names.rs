//! Which variables an expression needs, as far as that is certain.

use super::tokens::{Token, TokenKind, tokens};

/// Words that make it uncertain which names are variables: own scopes, or access to all at once.
const UNCERTAIN: &[&str] = &[
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

/// Names that JavaScript or digdag's engine gives.
const GLOBALS: &[&str] = &[
    "Array",
    "ArrayBuffer",
    "Boolean",
    "DataView",
    "Date",
    "Error",
    "EvalError",
    "Float32Array",
    "Float64Array",
    "Function",
    "Infinity",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Intl",
    "Java",
    "JSON",
    "Map",
    "Math",
    "NaN",
    "Number",
    "Object",
    "Promise",
    "Proxy",
    "RangeError",
    "ReferenceError",
    "Reflect",
    "RegExp",
    "Set",
    "String",
    "Symbol",
    "SyntaxError",
    "TypeError",
    "URIError",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
    "WeakMap",
    "WeakSet",
    "__p",
    "console",
    "decodeURI",
    "decodeURIComponent",
    "encodeURI",
    "encodeURIComponent",
    "escape",
    "globalThis",
    "isFinite",
    "isNaN",
    "moment",
    "parseFloat",
    "parseInt",
    "print",
    "template",
    "undefined",
    "unescape",
];

/// Names that must be defined for `expression` to be evaluated, in order of appearance; `None` if that cannot be
/// told. A name that a `typeof` of the expression asks about is not among them.
pub(super) fn free_names(expression: &str) -> Option<Vec<String>> {
    let tokens = tokens(expression)?;
    let is_uncertain = |token: &Token<'_>| match token.kind {
        TokenKind::Word => UNCERTAIN.contains(&token.text) || token.text.contains('\\'),
        TokenKind::Quoted => token.text.starts_with('`'),
        TokenKind::Sign => token.text == "=>" || token.text == "...",
        TokenKind::Number => false,
    };
    if tokens.iter().any(is_uncertain) {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let is_name = token.kind == TokenKind::Word
            && !KEYWORDS.contains(&token.text)
            && !GLOBALS.contains(&token.text)
            && !is_property(&tokens, index)
            && !is_guarded(&tokens, token.text)
            && !names.iter().any(|known| known == token.text);
        if is_name {
            names.push(token.text.to_owned());
        }
    }
    Some(names)
}

/// Whether the expression is only a name with properties (`a.b`), which is JavaScript for certain.
pub(super) fn is_path(expression: &str) -> bool {
    let mut words = expression.trim().split('.');
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_name =
        |word: &str| is_word(word) && !KEYWORDS.contains(&word) && !UNCERTAIN.contains(&word);
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

/// `typeof name` does not fail, and what else the expression does with the name is behind that test.
fn is_guarded(tokens: &[Token<'_>], name: &str) -> bool {
    tokens.windows(2).any(|pair| pair[0].text == "typeof" && pair[1].text == name)
        || tokens
            .windows(3)
            .any(|three| three[0].text == "typeof" && three[1].text == "(" && three[2].text == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_an_expression_are_its_variables() {
        let table: &[(&str, &[&str])] = &[
            ("a", &["a"]),
            ("a.b.c", &["a"]),
            ("a[b].c + a", &["a", "b"]),
            ("moment(session_time).add(n, 'days').format('YYYY')", &["session_time", "n"]),
            ("x ? y : z", &["x", "y", "z"]),
            ("f({k: v, l: w}, m ? n : o)", &["f", "v", "w", "m", "n", "o"]),
            ("Object.keys(m).join(', ')", &["m"]),
            ("s.replace(/a b/g, 'c')", &["s"]),
            ("typeof a === 'undefined' ? b : a", &["b"]),
            ("typeof(a) == 'string'", &[]),
            ("JSON.parse('{\"x\": y}')", &[]),
            ("1 / 2 / n", &["n"]),
            ("日付", &["日付"]),
        ];

        for (expression, expected) in table {
            assert_eq!(
                free_names(expression).as_deref(),
                Some(&expected.map_names()[..]),
                "{expression}"
            );
        }
    }

    #[test]
    fn own_scopes_make_names_uncertain() {
        let expressions = [
            "(function(x) { return x })(1)",
            "this.a",
            "x => x",
            "`${y}`",
            "var a = 1",
            "'open",
            "\\u0061",
        ];

        for expression in expressions {
            assert_eq!(free_names(expression), None, "{expression}");
        }
    }

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

    trait MapNames {
        fn map_names(&self) -> Vec<String>;
    }

    impl MapNames for &[&str] {
        fn map_names(&self) -> Vec<String> {
            self.iter().map(|name| (*name).to_owned()).collect()
        }
    }
}
