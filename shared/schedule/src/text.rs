//! Values of `schedule:` as text: delays, durations, dates.

use jiff::SignedDuration;
use jiff::civil::Date;

/// digdag's `Durations`: days, hours, minutes and seconds in this order, at least one of them.
const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

/// Seconds of each part of `HH:MM:SS`.
const HOURS_MINUTES_SECONDS: [i64; 3] = [3600, 60, 1];

/// Seconds of each part of `MM:SS`.
const MINUTES_SECONDS: [i64; 2] = [60, 1];

/// `HH:MM:SS` as a delay. No part has a limit in digdag: `30:00:00` is 06:00 on the next day, and
/// `-01:00:00` the hour before.
pub(crate) fn time_of_day(text: &str) -> Option<SignedDuration> {
    clock(text, HOURS_MINUTES_SECONDS)
}

/// `MM:SS` as a delay.
pub(crate) fn time_of_hour(text: &str) -> Option<SignedDuration> {
    clock(text, MINUTES_SECONDS)
}

fn clock<const PARTS: usize>(text: &str, seconds: [i64; PARTS]) -> Option<SignedDuration> {
    // Java's `split` drops empty parts at the end.
    let parts: Vec<&str> = text.trim_end_matches(':').split(':').collect();
    let parts = <[&str; PARTS]>::try_from(parts).ok()?;
    let mut total = 0;
    for (part, seconds) in parts.into_iter().zip(seconds) {
        total += i64::from(part.parse::<i32>().ok()?) * seconds;
    }
    Some(SignedDuration::from_secs(total))
}

/// `1d 2h 3m 4s`, with any of the parts, in this order, in upper or lower case.
pub(crate) fn duration(text: &str) -> Option<SignedDuration> {
    let mut rest = text.trim_ascii();
    let mut units = UNITS.into_iter();
    let mut total: Option<i64> = None;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at(digits);
        let mut unit = unit.trim_ascii_start().chars();
        let letter = unit.next()?.to_ascii_lowercase();
        let (_, seconds) = units.find(|(name, _)| *name == letter)?;
        let part = number.parse::<i64>().ok()?.checked_mul(seconds)?;
        total = Some(total.unwrap_or(0).checked_add(part)?);
        rest = unit.as_str().trim_ascii_start();
    }
    total.map(SignedDuration::from_secs)
}

/// `YYYY-MM-DD`, and nothing else.
pub(crate) fn date(text: &str) -> Option<Date> {
    let shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    if !shape.eq(*b"0000-00-00") {
        return None;
    }
    let year = text.get(0..4)?.parse().ok()?;
    let month = text.get(5..7)?.parse().ok()?;
    let day = text.get(8..10)?.parse().ok()?;
    Date::new(year, month, day).ok()
}
