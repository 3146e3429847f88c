//! Recognises ISO 8601 and RFC 2822 texts: `moment(text)` without a format. Source: moment 2.21.0,
//! `create/from-string.js`.

use super::matching::offset_minutes;
use super::names::{MONTHS, WEEKDAYS};
use super::parsed::Parsed;
use super::read::{number, read};

/// The parts of an ISO 8601 text, `None` if it is not one; parts out of range are found later.
pub(crate) fn iso(text: &str) -> Option<Parsed> {
    let text = text.trim_start();
    iso_with(text, true).or_else(|| iso_with(text, false))
}

fn iso_with(text: &str, extended: bool) -> Option<Parsed> {
    let (format, length, may_have_time) = date_format(text, extended)?;
    let (date, rest) = text.split_at(length);
    let Some(after) = rest.strip_prefix(['T', ' ']).filter(|_| !rest.is_empty()) else {
        return rest.is_empty().then(|| read(date, format, false).parsed);
    };
    let (time_format, time_length) = time_format(after, extended)?;
    if !may_have_time {
        return None;
    }
    let (time, zone) = after.split_at(time_length);
    let mut parsed = read(date, format, false).parsed;
    let clock = read(time, time_format, false).parsed;
    parsed.date[3..].copy_from_slice(&clock.date[3..]);
    if !zone.is_empty() {
        parsed.offset_minutes = Some(zone_minutes(zone)?);
    }
    Some(parsed)
}

/// `9` is a digit; everything else stands for itself, `*` for a sign. The flag: whether a time may follow.
const EXTENDED_DATES: [(&str, &str, bool); 6] = [
    ("*999999-99-99", "YYYYYY-MM-DD", true),
    ("9999-99-99", "YYYY-MM-DD", true),
    ("9999-W99-9", "GGGG-[W]WW-E", true),
    ("9999-W99", "GGGG-[W]WW", false),
    ("9999-999", "YYYY-DDD", true),
    ("9999-99", "YYYY-MM", false),
];
const BASIC_DATES: [(&str, &str, bool); 5] = [
    ("*9999999999", "YYYYYYMMDD", true),
    ("99999999", "YYYYMMDD", true),
    ("9999W999", "GGGG[W]WWE", true),
    ("9999W99", "GGGG[W]WW", false),
    ("9999999", "YYYYDDD", true),
];

fn date_format(text: &str, extended: bool) -> Option<(&'static str, usize, bool)> {
    let dates: &[_] = if extended { &EXTENDED_DATES } else { &BASIC_DATES };
    let ends = |length: usize| text.len() == length || text[length..].starts_with(['T', ' ']);
    let fits = |shape: &str| has_shape(text, shape) && ends(shape.len());
    dates
        .iter()
        .find(|(shape, ..)| fits(shape))
        .map(|(shape, format, may_have_time)| (*format, shape.len(), *may_have_time))
}

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

/// Minutes of `Z`, `+09`, `+0900`, `+09:00`; spaces may stand before the `Z`.
fn zone_minutes(text: &str) -> Option<f64> {
    let shapes = ["*99:99", "*9999", "*99"];
    let is_offset = shapes.iter().any(|shape| text.len() == shape.len() && has_shape(text, shape));
    (text.trim_start() == "Z" || is_offset).then(|| offset_minutes(text))
}

/// The parts of an RFC 2822 text such as `Sun, 01 Sep 2019 07:00:00 +0900`.
pub(crate) fn rfc_2822(text: &str) -> Option<Parsed> {
    let text = without_comments(text);
    let mut words: Vec<&str> = text.split(' ').collect();
    let weekday = match words.first()?.strip_suffix(',').unwrap_or(words[0]) {
        name if WEEKDAYS.iter().any(|day| &day[..3] == name) => {
            words.remove(0);
            Some(name.to_owned())
        }
        _ => None,
    };
    let [day, month, year, clock, zone] = words.as_slice() else {
        return None;
    };
    let digits = |text: &str, least: usize, most: usize| {
        (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let month = MONTHS.iter().position(|name| &name[..3] == *month)?;
    let clock: Vec<&str> = clock.split(':').collect();
    let is_clock = matches!(clock.len(), 2 | 3) && clock.iter().all(|part| digits(part, 2, 2));
    if !is_clock || !digits(day, 1, 2) || !digits(year, 2, 4) {
        return None;
    }
    let mut parsed = Parsed { offset_minutes: Some(rfc_2822_minutes(zone)?), ..Parsed::default() };
    parsed.date[0] = Some(full_year(number(year)));
    parsed.date[1] = Some(f64::from(u8::try_from(month).ok()?));
    parsed.date[2] = Some(number(day));
    for (slot, part) in parsed.date[3..].iter_mut().zip(clock) {
        *slot = Some(number(part));
    }
    if let Some(name) = weekday {
        let day = WEEKDAYS.iter().position(|day| day[..3] == name)?;
        parsed.week.day = Some(f64::from(u8::try_from(day).ok()?));
    }
    Some(parsed)
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
