//! Splits a format into tokens, the same way for printing and for reading.

use std::borrow::Cow;

use super::locale::Locale;

/// One match of moment's token pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a>(pub(crate) &'a str);

/// Longest first within one initial letter, as the alternatives of moment's pattern are ordered.
const TOKENS: &[&str] = &[
    "Hmmss",
    "hmmss",
    "Hmm",
    "hmm",
    "Mo",
    "MMMM",
    "MMM",
    "MM",
    "M",
    "Do",
    "DDDo",
    "DDDD",
    "DDD",
    "DD",
    "D",
    "dddd",
    "ddd",
    "dd",
    "do",
    "d",
    "wo",
    "ww",
    "w",
    "Wo",
    "WW",
    "W",
    "Qo",
    "Q",
    "YYYYYY",
    "YYYYY",
    "YYYY",
    "YY",
    "ggggg",
    "gggg",
    "gg",
    "GGGGG",
    "GGGG",
    "GG",
    "e",
    "E",
    "a",
    "A",
    "hh",
    "h",
    "HH",
    "H",
    "kk",
    "k",
    "mm",
    "m",
    "ss",
    "s",
    "SSSSSSSSS",
    "SSSSSSSS",
    "SSSSSSS",
    "SSSSSS",
    "SSSSS",
    "SSSS",
    "SSS",
    "SS",
    "S",
    "x",
    "X",
    "zz",
    "z",
    "ZZ",
    "Z",
];

/// The tokens of a format. Line ends match nothing in moment's pattern and vanish.
pub(crate) fn tokens(format: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = format;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(['\n', '\r', '\u{2028}', '\u{2029}']);
        let length = token_length(rest)?;
        let (token, after) = rest.split_at(length);
        rest = after;
        Some(Token(token))
    })
}

fn token_length(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if let Some(length) = bracketed_length(text) {
        return Some(length);
    }
    if first == '\\'
        && let Some(escaped) = text[1..].chars().next().filter(|next| *next != '\n')
    {
        return Some(1 + known_token(&text[1..]).unwrap_or(escaped.len_utf8()));
    }
    Some(known_token(text).unwrap_or(first.len_utf8()))
}

/// `[literal]`, up to the last `]` before the next `[`.
fn bracketed_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let end = inside.find('[').unwrap_or(inside.len());
    inside[..end].rfind(']').map(|close| close + 2)
}

fn known_token(text: &str) -> Option<usize> {
    TOKENS.iter().find(|token| text.starts_with(**token)).map(|token| token.len())
}

impl<'a> Token<'a> {
    /// What a token that is not known prints: brackets and backslashes go.
    pub(crate) fn literal(self) -> Cow<'a, str> {
        if self.0.starts_with('[') && self.0.len() > 1 {
            let inside = self.0.strip_prefix('[').unwrap_or(self.0);
            return Cow::Borrowed(inside.strip_suffix(']').unwrap_or(inside));
        }
        if self.0.contains('\\') {
            Cow::Owned(self.0.replace('\\', ""))
        } else {
            Cow::Borrowed(self.0)
        }
    }
}

impl<'a> Token<'a> {
    /// The text that a token which is not read as a part of a date must find.
    pub(crate) fn wanted(self) -> Cow<'a, str> {
        if !self.0.contains(['[', '\\']) {
            return Cow::Borrowed(self.0);
        }
        let text = self.0.replacen('\\', "", 1);
        let mut wanted = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some(first) = rest.chars().next() {
            let inside = rest.strip_prefix('[').and_then(|inside| {
                let end = inside.find(['[', ']'])?;
                inside[end..].starts_with(']').then_some(&inside[..end])
            });
            if let Some(inside) = inside {
                // moment.js finds the text `undefined` for empty brackets.
                wanted.push_str(if inside.is_empty() { "undefined" } else { inside });
                rest = &rest[inside.len() + 2..];
            } else if first == '\\' && rest.len() > 1 {
                rest = &rest[1..];
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                wanted.push_str(&rest[..escaped]);
                rest = &rest[escaped..];
            } else {
                wanted.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        Cow::Owned(wanted)
    }
}

/// Replaces `LT`, `L`, `LL`, `lll`, … by the formats they stand for in a language, outside brackets.
pub(crate) fn expand<'a>(format: &'a str, locale: &Locale) -> Cow<'a, str> {
    if !format.contains(['L', 'l']) {
        return Cow::Borrowed(format);
    }
    let mut expanded = String::with_capacity(format.len() + 16);
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let (length, replacement) = match bracketed_length(rest) {
            Some(length) => (length, None),
            None => long_format(rest, first, locale),
        };
        expanded.push_str(replacement.unwrap_or(&rest[..length]));
        rest = &rest[length..];
    }
    Cow::Owned(expanded)
}

fn long_format(text: &str, first: char, locale: &Locale) -> (usize, Option<&'static str>) {
    let escaped = usize::from(first == '\\');
    for (token, format) in locale.long_formats {
        if text[escaped..].starts_with(token) {
            return (escaped + token.len(), (escaped == 0).then_some(format));
        }
    }
    (first.len_utf8(), None)
}
