//! Durations written as text: `1.02:03:04.5` (.NET) and `P1DT2H` (ISO 8601). Source: moment 2.21.0, `duration/create.js`.

use super::units::Unit;

/// The units a text stands for; `None` if it is no duration.
pub(crate) fn read(text: &str) -> Option<Vec<(Unit, f64)>> {
    clock(text).or_else(|| iso(text))
}

/// `[-+][days. ]hours:minutes[:seconds[.fraction]]`
fn clock(text: &str) -> Option<Vec<(Unit, f64)>> {
    let (sign, rest) = signed(text);
    let (hours, rest) = rest.split_once(':')?;
    let (days, hours) = match hours.split_once(['.', ' ']) {
        Some((days, hours)) => (days, hours),
        None => ("", hours),
    };
    let (minutes, seconds) = match rest.split_once(':') {
        Some((minutes, seconds)) => (minutes, Some(seconds)),
        None => (rest, None),
    };
    let (seconds, fraction) = match seconds {
        Some(seconds) => match seconds.split_once('.') {
            Some((seconds, fraction)) => (seconds, fraction),
            None => (seconds, ""),
        },
        None => ("0", ""),
    };
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_clock = [hours, minutes, seconds].iter().all(|part| !part.is_empty())
        && [days, hours, minutes, seconds, fraction].iter().all(|part| all_digits(part));
    if !is_clock {
        return None;
    }
    let fraction =
        format!("0.{fraction}0").parse().map_or(0.0, |part: f64| (part * 1e3 + 0.5).floor());
    let number = |text: &str| text.parse().unwrap_or(0.0) * sign;
    Some(vec![
        (Unit::Day, number(days)),
        (Unit::Hour, number(hours)),
        (Unit::Minute, number(minutes)),
        (Unit::Second, number(seconds)),
        (Unit::Millisecond, fraction * sign),
    ])
}

/// `P1Y2M3W4DT5H6M7.5S`, each part with a sign of its own if wanted.
fn iso(text: &str) -> Option<Vec<(Unit, f64)>> {
    let (sign, rest) = signed(text);
    let rest = rest.strip_prefix('P')?;
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, time),
        None => (rest, ""),
    };
    let mut units = Vec::new();
    let dates = [('Y', Unit::Year), ('M', Unit::Month), ('W', Unit::Week), ('D', Unit::Day)];
    let times = [('H', Unit::Hour), ('M', Unit::Minute), ('S', Unit::Second)];
    take_parts(date, &dates, sign, &mut units)?;
    take_parts(time, &times, sign, &mut units)?;
    Some(units)
}

fn take_parts(
    text: &str,
    letters: &[(char, Unit)],
    sign: f64,
    units: &mut Vec<(Unit, f64)>,
) -> Option<()> {
    let mut rest = text;
    for (letter, unit) in letters {
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let end = rest.len() - digits.trim_start_matches(is_number).len();
        if let Some(after) = rest[end..].strip_prefix(*letter) {
            units.push((*unit, js_float(&rest[..end]) * sign));
            rest = after;
        } else {
            units.push((*unit, 0.0 * sign));
        }
    }
    rest.is_empty().then_some(())
}

fn is_number(character: char) -> bool {
    character.is_ascii_digit() || character == '.' || character == ','
}

/// What JavaScript's `parseFloat` reads at the start; 0 if it is no number.
fn js_float(text: &str) -> f64 {
    let text = text.replacen(',', ".", 1);
    let mut has_point = false;
    let end = text
        .char_indices()
        .find(|(index, character)| match character {
            '+' | '-' => *index > 0,
            '.' => std::mem::replace(&mut has_point, true),
            other => !other.is_ascii_digit(),
        })
        .map_or(text.len(), |(index, _)| index);
    text[..end].parse().unwrap_or(0.0)
}

fn signed(text: &str) -> (f64, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    }
}
