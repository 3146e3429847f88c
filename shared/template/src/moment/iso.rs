//! Recognises ISO 8601 and RFC 2822 texts: `moment(text)` without a format. Source: moment 2.21.0,
//! `create/from-string.js`.

use super::calendar::{days_in_month, fields, ms_from_parts};
use super::locale::{EN, Locale};
use super::matching::offset_minutes;
use super::read::number;
use super::time::{number as to_f64, whole};

/// The format that an ISO 8601 text is written in; `None` if it is not one.
pub(crate) fn iso_format(text: &str) -> Option<String> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    format_with(text, true).or_else(|| format_with(text, false))
}

fn format_with(text: &str, extended: bool) -> Option<String> {
    let shapes: &[&str] = if extended {
        &["-99-99", "-W99-9", "-W99", "-999", "-99"]
    } else {
        &["9999", "W999", "W99", "999", "99"]
    };
    let year = ["*999999", "9999"].into_iter().find(|year| has_shape(text, year))?.len();
    let is_end = |length: usize| text.len() == length || text[length..].starts_with(['T', ' ']);
    let fits = |shape: &&&str| has_shape(&text[year..], shape) && is_end(year + shape.len());
    let (date, rest) = text.split_at(year + shapes.iter().find(fits)?.len());
    let (_, date_format, may_have_time) = DATES
        .iter()
        .find(|(shape, ..)| (0..date.len()).any(|start| has_shape(&date[start..], shape)))?;
    let Some(separator) = rest.chars().next() else {
        return Some((*date_format).to_owned());
    };
    let after = &rest[separator.len_utf8()..];
    let (time_format, time_length) = time_format(after, extended)?;
    let zone = &after[time_length..];
    if !may_have_time || !(zone.is_empty() || is_zone(zone)) {
        return None;
    }
    let zone_format = if zone.is_empty() { "" } else { "Z" };
    Some(format!("{date_format}{separator}{time_format}{zone_format}"))
}

/// Shapes of dates, with their format and whether a time may follow. In a shape, `9` is a digit and `*` a sign;
/// a shape counts wherever it stands in the date, first come, first served.
const DATES: [(&str, &str, bool); 11] = [
    ("*999999-99-99", "YYYYYY-MM-DD", true),
    ("9999-99-99", "YYYY-MM-DD", true),
    ("9999-W99-9", "GGGG-[W]WW-E", true),
    ("9999-W99", "GGGG-[W]WW", false),
    ("9999-999", "YYYY-DDD", true),
    ("9999-99", "YYYY-MM", false),
    ("*9999999999", "YYYYYYMMDD", true),
    ("99999999", "YYYYMMDD", true),
    ("9999W999", "GGGG[W]WWE", true),
    ("9999W99", "GGGG[W]WW", false),
    ("9999999", "YYYYDDD", true),
];

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() >= shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, shape)| match shape {
            b'9' => byte.is_ascii_digit(),
            b'*' => byte == b'+' || byte == b'-',
            literal => byte == literal,
        })
}

fn time_format(text: &str, extended: bool) -> Option<(&'static str, usize)> {
    let times: &[(&str, &str)] = if extended {
        &[("99:99:99", "HH:mm:ss"), ("99:99", "HH:mm"), ("99", "HH")]
    } else {
        &[("999999", "HHmmss"), ("9999", "HHmm"), ("99", "HH")]
    };
    let (shape, format) = times.iter().find(|(shape, _)| has_shape(text, shape))?;
    let length = shape.len();
    let fraction = text[length..]
        .strip_prefix(['.', ','])
        .map_or(0, |fraction| fraction.bytes().take_while(u8::is_ascii_digit).count());
    if fraction == 0 || !format.ends_with("ss") {
        return Some((format, length));
    }
    let comma = text[length..].starts_with(',');
    let format = match (extended, comma) {
        (true, false) => "HH:mm:ss.SSSS",
        (true, true) => "HH:mm:ss,SSSS",
        (false, false) => "HHmmss.SSSS",
        (false, true) => "HHmmss,SSSS",
    };
    Some((format, length + 1 + fraction))
}

/// `Z`, `+09`, `+0900`, `+09:00`; spaces may stand before the `Z`.
fn is_zone(text: &str) -> bool {
    let shapes = ["*99:99", "*9999", "*99"];
    text.trim_start() == "Z"
        || shapes.iter().any(|shape| text.len() == shape.len() && has_shape(text, shape))
}

/// An instant with the offset it was written with.
pub(crate) struct Rfc2822 {
    /// NaN for a date that does not exist or is not the stated day of the week.
    pub(crate) ms: f64,
    pub(crate) offset_minutes: f64,
}

/// What an RFC 2822 text such as `Sun, 01 Sep 2019 07:00:00 +0900` says; `None` if it is not one.
pub(crate) fn rfc_2822(text: &str) -> Option<Rfc2822> {
    const NAMES: &Locale = EN;
    let text = without_comments(text);
    let mut words: Vec<&str> = text.split(' ').collect();
    let weekday_of = |word: &str| NAMES.weekdays_short.iter().position(|name| *name == word);
    let weekday = weekday_of(words.first()?.strip_suffix(',').unwrap_or(words[0]));
    if weekday.is_some() {
        words.remove(0);
    }
    let [day, month, year, clock, zone] = words.as_slice() else {
        return None;
    };
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let month = NAMES.months_short.iter().position(|name| name == month)?;
    let clock: Vec<&str> = clock.split(':').collect();
    let is_clock = matches!(clock.len(), 2 | 3) && clock.iter().all(|part| digits(part, 2, 2));
    if !is_clock || !digits(day, 1, 2) || !digits(year, 2, 4) {
        return None;
    }
    let offset_minutes = rfc_2822_minutes(zone)?;
    let (year, month, day) =
        (full_year(number(year)), f64::from(u8::try_from(month).ok()?), number(day));
    let part = |index: usize| clock.get(index).map_or(0.0, |part| number(part));
    let (hour, minute, second) = (part(0), part(1), part(2));
    let ms = ms_from_parts([year, month, day, hour, minute, second, 0.0]);
    let exists = (1.0..=to_f64(days_in_month(whole(year), whole(month)))).contains(&day)
        && hour < 24.0
        && minute < 60.0
        && second < 60.0;
    let is_weekday =
        weekday.is_none_or(|weekday| usize::try_from(fields(ms).weekday) == Ok(weekday));
    let ms = if exists && is_weekday { ms - offset_minutes * 60_000.0 } else { f64::NAN };
    Some(Rfc2822 { ms, offset_minutes })
}

/// Comments in parentheses and line ends become one space.
fn without_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('(') {
        let Some(close) = rest[open..].find(')') else {
            break;
        };
        plain.push_str(&rest[..open]);
        plain.push(' ');
        rest = &rest[open + close + 1..];
    }
    plain.push_str(rest);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn full_year(year: f64) -> f64 {
    match year {
        short if short <= 49.0 => short + 2000.0,
        short if short <= 999.0 => short + 1900.0,
        full => full,
    }
}

fn rfc_2822_minutes(zone: &str) -> Option<f64> {
    let hours = match zone {
        "UT" | "GMT" | "Z" | "z" => 0.0,
        "EDT" => -4.0,
        "EST" | "CDT" => -5.0,
        "CST" | "MDT" => -6.0,
        "MST" | "PDT" => -7.0,
        "PST" => -8.0,
        offset if offset.len() == 5 && has_shape(offset, "*9999") => {
            return Some(offset_minutes(offset));
        }
        _ => return None,
    };
    Some(hours * 60.0)
}
