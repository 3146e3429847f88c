//! What each token of a format may stand for in a text. Source: moment 2.21.0, `parse/regex.js`.

use super::locale::{EN, Locale};

/// A pattern that is looked for anywhere in the text that is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matcher {
    /// From `min` to `max` digits, with a sign if `signed`.
    Digits { min: usize, max: usize, signed: bool },
    /// A number with up to three digits behind the point.
    Timestamp,
    /// `Z`, `+09`, `+0900`, `+09:00`.
    Offset,
    /// A word, which may start with digits.
    Word,
    /// What the language calls the parts of the day.
    Meridiem,
    /// `1st`; without `strict` also `1`.
    Ordinal { strict: bool },
}

/// Tokens that print something but are not read: in a text they stand for themselves.
pub(crate) fn is_only_printed(token: &str) -> bool {
    matches!(token, "Mo" | "Qo" | "DDDo" | "do" | "wo" | "Wo" | "z" | "zz")
}

/// The pattern of a token; `None` for tokens that stand for themselves.
pub(crate) fn matcher(token: &str, strict: bool) -> Option<Matcher> {
    let digits = |min, max| Some(Matcher::Digits { min, max, signed: false });
    let signed = |min, max| Some(Matcher::Digits { min, max, signed: true });
    match token {
        "YY" | "gg" | "GG" | "MM" | "DD" | "HH" | "hh" | "kk" | "mm" | "ss" | "ww" | "WW"
            if strict =>
        {
            digits(2, 2)
        }
        "YY" | "gg" | "GG" | "MM" | "DD" | "HH" | "hh" | "kk" | "mm" | "ss" | "ww" | "WW" => {
            digits(1, 2)
        }
        "M" | "D" | "H" | "h" | "k" | "m" | "s" | "w" | "W" | "d" | "e" | "E" => digits(1, 2),
        "YYYY" | "gggg" | "GGGG" if strict => digits(4, 4),
        "YYYY" | "gggg" | "GGGG" => digits(1, 4),
        "YYYYY" | "YYYYYY" | "ggggg" | "GGGGG" if strict => signed(6, 6),
        "YYYYY" | "YYYYYY" | "ggggg" | "GGGGG" => signed(1, 6),
        // `g` and `G` alone are no tokens, but have a pattern.
        "Y" | "x" | "g" | "G" => signed(1, usize::MAX),
        "Q" => digits(1, 1),
        "DDD" => digits(1, 3),
        "DDDD" => digits(3, 3),
        "hmm" | "Hmm" => digits(3, 4),
        "hmmss" | "Hmmss" => digits(5, 6),
        "S" | "SS" | "SSS" if strict => digits(token.len(), token.len()),
        "S" | "SS" | "SSS" => digits(1, 3),
        fraction if fraction.starts_with("SSSS") => digits(1, usize::MAX),
        "X" => Some(Matcher::Timestamp),
        "Z" | "ZZ" => Some(Matcher::Offset),
        "MMM" | "MMMM" | "dd" | "ddd" | "dddd" => Some(Matcher::Word),
        "a" | "A" => Some(Matcher::Meridiem),
        "Do" => Some(Matcher::Ordinal { strict }),
        _ => None,
    }
}

impl Matcher {
    /// The first place in `text` where the pattern matches, as byte positions.
    pub(crate) fn find(self, text: &str, locale: &Locale) -> Option<(usize, usize)> {
        if self == Matcher::Word {
            return find_word(text);
        }
        text.char_indices().find_map(|(start, _)| {
            self.length(&text[start..], locale).map(|length| (start, start + length))
        })
    }

    /// The last offset in `text`: what `utcOffset(text)` goes by.
    pub(crate) fn last_offset(text: &str) -> Option<&str> {
        let mut last = None;
        let mut rest = text;
        while let Some((start, end)) = Matcher::Offset.find(rest, EN) {
            last = Some(&rest[start..end]);
            rest = &rest[end..];
        }
        last
    }

    /// Bytes that match at the very start of `text`.
    fn length(self, text: &str, locale: &Locale) -> Option<usize> {
        match self {
            Matcher::Digits { min, max, signed } => {
                let sign = usize::from(signed && text.starts_with(['+', '-']));
                let count = digit_count(&text[sign..]).min(max);
                (count >= min).then_some(sign + count)
            }
            Matcher::Timestamp => {
                let sign = usize::from(text.starts_with(['+', '-']));
                let whole = digit_count(&text[sign..]);
                let end = sign + whole;
                let fraction = text[end..].strip_prefix('.').map_or(0, |f| digit_count(f).min(3));
                (whole > 0).then_some(end + if fraction > 0 { fraction + 1 } else { 0 })
            }
            Matcher::Offset => offset_length(text),
            Matcher::Word => find_word(text).filter(|(start, _)| *start == 0).map(|(_, end)| end),
            Matcher::Meridiem => (locale.meridiem_length)(text),
            Matcher::Ordinal { strict } => ordinal_length(text, strict, locale),
        }
    }
}

fn digit_count(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// `Z`, in either case, or a sign with two or four digits and perhaps a colon.
fn offset_length(text: &str) -> Option<usize> {
    if text.starts_with(['Z', 'z']) {
        return Some(1);
    }
    let digits = text.strip_prefix(['+', '-'])?;
    let hours = digits.get(..2).filter(|hours| digit_count(hours) == 2)?;
    let rest = &digits[hours.len()..];
    let colon = usize::from(rest.starts_with(':'));
    Some(if digit_count(&rest[colon..]) >= 2 { 3 + colon + 2 } else { 3 })
}

/// Minutes east of UTC; 0 for `Z`.
pub(crate) fn offset_minutes(text: &str) -> f64 {
    let digits: Vec<f64> =
        text.bytes().filter(u8::is_ascii_digit).map(|digit| f64::from(digit - b'0')).collect();
    let pair = |at: usize| match digits.get(at..at + 2) {
        Some([tens, ones]) => tens * 10.0 + ones,
        _ => 0.0,
    };
    let minutes = pair(0) * 60.0 + pair(2);
    if text.starts_with('-') { -minutes + 0.0 } else { minutes }
}

/// The first letters, with the digits that stand right before them.
fn find_word(text: &str) -> Option<(usize, usize)> {
    let (first, _) = text.char_indices().find(|(_, character)| is_letter(character))?;
    let digits = text[..first].bytes().rev().take_while(u8::is_ascii_digit).count();
    let letters: usize = text[first..].chars().take_while(is_letter).map(char::len_utf8).sum();
    Some((first - digits, first + letters))
}

fn is_letter(character: &char) -> bool {
    matches!(character,
        'a'..='z' | 'A'..='Z' | '\'' | '\u{a0}'..='\u{5ff}' | '\u{700}'..='\u{d7ff}'
        | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ff07}' | '\u{ff10}'..='\u{ffef}')
}

fn ordinal_length(text: &str, strict: bool, locale: &Locale) -> Option<usize> {
    let digits = digit_count(text).min(2);
    let suffixed = (1..=digits).rev().find_map(|count| {
        let suffix =
            locale.ordinal_suffixes.iter().find(|suffix| text[count..].starts_with(**suffix))?;
        Some(count + suffix.len())
    });
    suffixed.or_else(|| (digits > 0 && !strict).then_some(digits))
}

/// The last offset in a text: `Z` or an offset with minutes. In minutes; `None` if there is none.
/// It is what `parseZone()` finds in a text that was read without an offset.
pub(crate) fn offset_in(text: &str) -> Option<f64> {
    let mut found = None;
    let mut start = 0;
    while let Some(rest) = text.get(start..) {
        let Some(next) = rest.find(['Z', 'z', '+', '-']) else {
            break;
        };
        let length = offset_length(&rest[next..]).filter(|length| *length != 3).unwrap_or(0);
        if length > 0 {
            found = Some(offset_minutes(&rest[next..next + length]));
        }
        start += next + length.max(1);
    }
    found
}
