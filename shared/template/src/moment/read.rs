//! Reads a text by a format: `moment(text, format, strict)`. Source: moment 2.21.0, `create/` and `parse/`.

use super::locale::Locale;
use super::matching;
use super::parsed::Parsed;
use super::tokens::{expand, tokens};

/// What reading found, and how well the format fitted.
pub(crate) struct Reading {
    pub(crate) parsed: Parsed,
    /// Smaller is better: moment's score for choosing between several formats.
    pub(crate) misfit: usize,
}

/// How a text is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) locale: &'static Locale,
    /// Whether the format must fit the whole text.
    pub(crate) strict: bool,
}

/// Reads `text` token by token. A token that is not found is skipped, and text before a match is ignored,
/// unless strict.
pub(crate) fn read(text: &str, format: &str, manner: Manner) -> Reading {
    let Manner { locale, strict } = manner;
    let mut parsed = Parsed::empty();
    let mut rest = text;
    let mut matched = 0;
    let mut unused_tokens = 0;
    for token in tokens(&expand(format, locale)) {
        let matcher = matching::matcher(token.0, strict);
        let found = match &matcher {
            Some(matcher) => matcher.find(rest, locale),
            None => {
                let literal = token.wanted();
                rest.find(literal.as_ref()).map(|start| (start, start + literal.len()))
            }
        };
        let input = found.map(|(start, end)| &rest[start..end]).filter(|input| !input.is_empty());
        if let (Some(input), Some((_, end))) = (input, found) {
            matched += length(input);
            rest = &rest[end..];
        }
        let is_token = matching::is_only_printed(token.0)
            || (matcher.is_some() && !matches!(token.0, "g" | "G"));
        match input {
            Some(input) if is_token => {
                parsed.is_empty = false;
                take(&mut parsed, token.0, input, manner);
            }
            None if is_token || strict => unused_tokens += 1,
            Some(_) | None => {}
        }
    }
    let left_over = length(text) - matched;
    if strict && (left_over != 0 || unused_tokens != 0 || parsed.big_hour_is_wrong()) {
        parsed.is_invalid = true;
    }
    Reading { parsed, misfit: left_over + unused_tokens * 10 }
}

/// Length as JavaScript counts it.
fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

fn take(parsed: &mut Parsed, token: &str, input: &str, manner: Manner) {
    let Manner { locale, strict } = manner;
    match token {
        "YYYY" if input.len() == 2 => parsed.date[0] = Some(two_digit_year(input)),
        "YYYY" | "YYYYY" | "YYYYYY" | "Y" => parsed.date[0] = Some(number(input)),
        "YY" => parsed.date[0] = Some(two_digit_year(input)),
        "Q" => parsed.date[1] = Some((number(input) - 1.0) * 3.0),
        "M" | "MM" => parsed.date[1] = Some(number(input) - 1.0),
        "MMM" | "MMMM" => match locale.month_index(input, token, strict) {
            Some(month) => parsed.date[1] = Some(index(month)),
            None => parsed.is_invalid = true,
        },
        "D" | "DD" | "Do" => {
            parsed.date[2] = Some(number(input.trim_end_matches(|c: char| !c.is_ascii_digit())));
        }
        "DDD" | "DDDD" => parsed.day_of_year = Some(number(input)),
        "H" | "HH" => parsed.date[3] = Some(number(input)),
        "k" | "kk" => {
            let hour = number(input);
            parsed.date[3] = Some(if hour == 24.0 { 0.0 } else { hour });
        }
        "h" | "hh" => {
            parsed.date[3] = Some(number(input));
            parsed.big_hour = true;
        }
        "hmm" | "hmmss" | "Hmm" | "Hmmss" => take_glued(parsed, token, input),
        "a" | "A" => parsed.is_afternoon = Some((locale.is_afternoon)(input)),
        "m" | "mm" => parsed.date[4] = Some(number(input)),
        "s" | "ss" => parsed.date[5] = Some(number(input)),
        "X" => parsed.instant = Some(number(input) * 1_000.0),
        "x" => parsed.instant = Some(number(input)),
        "Z" | "ZZ" => parsed.offset_minutes = Some(matching::offset_minutes(input)),
        "d" => parsed.week.day = Some(number(input)),
        "dd" | "ddd" | "dddd" => match locale.weekday_index(input, token, strict) {
            Some(day) => parsed.week.day = Some(index(day)),
            None => parsed.is_invalid = true,
        },
        "e" => parsed.week.weekday = Some(number(input)),
        "E" => parsed.week.iso_weekday = Some(number(input)),
        "w" | "ww" => parsed.week.week = Some(number(input)),
        "W" | "WW" => parsed.week.iso_week = Some(number(input)),
        "gg" => parsed.week.year = Some(two_digit_year(input)),
        "GG" => parsed.week.iso_year = Some(two_digit_year(input)),
        "gggg" | "ggggg" => parsed.week.year = Some(number(input)),
        "GGGG" | "GGGGG" => parsed.week.iso_year = Some(number(input)),
        fraction if fraction.starts_with('S') => {
            parsed.date[6] = Some((number(&format!("0.{input}")) * 1_000.0).trunc());
        }
        _ => {}
    }
}

/// `1205`, `120530`: hours, then two digits each for minutes and seconds.
fn take_glued(parsed: &mut Parsed, token: &str, input: &str) {
    let tail = if token.ends_with("ss") { 2 } else { 1 };
    let (hour, mut rest) = input.split_at(input.len().saturating_sub(2 * tail));
    parsed.date[3] = Some(number(hour));
    for slot in &mut parsed.date[4..4 + tail] {
        let (part, after) = rest.split_at(rest.len().min(2));
        *slot = Some(number(part));
        rest = after;
    }
    parsed.big_hour |= token.starts_with('h');
}

/// 00 to 68 are 2000 to 2068.
pub(crate) fn two_digit_year(input: &str) -> f64 {
    let year = number(input);
    year + if year > 68.0 { 1900.0 } else { 2000.0 }
}

pub(crate) fn number(input: &str) -> f64 {
    input.parse().unwrap_or(0.0)
}

fn index(index: usize) -> f64 {
    f64::from(u8::try_from(index).unwrap_or(0))
}
