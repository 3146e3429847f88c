//! `moment#format`. Source of the tokens: moment 2.21.0, `format/format.js` and `units/`.

use std::fmt::Write as _;

use super::time::Time;
use super::tokens::{Token, expand, tokens};
use super::units::Unit;
use super::zone::Zone;

/// `moment.defaultFormat`
pub(crate) const DEFAULT: &str = "YYYY-MM-DDTHH:mm:ssZ";
/// `moment.defaultFormatUtc`
pub(crate) const DEFAULT_UTC: &str = "YYYY-MM-DDTHH:mm:ss[Z]";

/// What moment prints for a moment that is not one.
pub(crate) const INVALID: &str = "Invalid date";

/// What `zz` prints on a fixed clock.
pub(crate) const UTC_NAME: &str = "Coordinated Universal Time";

/// `format(pattern)`; an empty pattern is the default one.
pub(crate) fn format(time: &Time, pattern: &str, zone: &Zone) -> String {
    if !time.is_valid() {
        return INVALID.to_owned();
    }
    let pattern = match pattern {
        "" if time.is_utc() => DEFAULT_UTC,
        "" => DEFAULT,
        given => given,
    };
    let printer = Printer { time, zone };
    let mut output = String::with_capacity(pattern.len() + 8);
    for token in tokens(&expand(pattern, time.locale)) {
        printer.token(token, &mut output);
    }
    output
}

/// `toISOString()`: UTC with milliseconds, six digits and a sign for years outside 0 to 9999.
pub(crate) fn iso_string(time: &Time, keep_offset: bool, zone: &Zone) -> Option<String> {
    if !time.is_valid() {
        return None;
    }
    let in_utc = Time::utc(time.value());
    let shown = if keep_offset { time } else { &in_utc };
    if !(0.0..=9999.0).contains(&shown.get(Unit::Year, zone)) {
        let offset = if keep_offset { "Z" } else { "[Z]" };
        return Some(format(shown, &format!("YYYYYY-MM-DDTHH:mm:ss.SSS{offset}"), zone));
    }
    let offset = if keep_offset { time.utc_offset(zone) } else { 0.0 };
    let mut text =
        format(&Time::utc(time.value() + offset * 60_000.0), "YYYY-MM-DDTHH:mm:ss.SSS", zone);
    if keep_offset {
        Printer { time, zone }.offset(":", &mut text);
    } else {
        text.push('Z');
    }
    Some(text)
}

struct Printer<'a> {
    time: &'a Time,
    zone: &'a Zone,
}

impl Printer<'_> {
    #[expect(clippy::cast_possible_truncation, reason = "calendar numbers and times fit i64")]
    fn get(&self, unit: Unit) -> i64 {
        self.time.get(unit, self.zone) as i64
    }

    fn token(&self, token: Token<'_>, output: &mut String) {
        let (unit, width) = match token.0 {
            "M" => return pad(output, self.get(Unit::Month) + 1, 0),
            "MM" => return pad(output, self.get(Unit::Month) + 1, 2),
            "Q" => (Unit::Quarter, 0),
            "D" => (Unit::Date, 0),
            "DD" => (Unit::Date, 2),
            "DDD" => (Unit::DayOfYear, 0),
            "DDDD" => (Unit::DayOfYear, 3),
            "d" => (Unit::Day, 0),
            "e" => (Unit::Weekday, 0),
            "E" => (Unit::IsoWeekday, 0),
            "w" => (Unit::Week, 0),
            "ww" => (Unit::Week, 2),
            "W" => (Unit::IsoWeek, 0),
            "WW" => (Unit::IsoWeek, 2),
            "YYYY" => (Unit::Year, 4),
            "YYYYY" => (Unit::Year, 5),
            "gggg" => (Unit::WeekYear, 4),
            "ggggg" => (Unit::WeekYear, 5),
            "GGGG" => (Unit::IsoWeekYear, 4),
            "GGGGG" => (Unit::IsoWeekYear, 5),
            "H" => (Unit::Hour, 0),
            "HH" => (Unit::Hour, 2),
            "m" => (Unit::Minute, 0),
            "mm" => (Unit::Minute, 2),
            "s" => (Unit::Second, 0),
            "ss" => (Unit::Second, 2),
            "SSS" => (Unit::Millisecond, 3),
            other => return self.special(other, token, output),
        };
        pad(output, self.get(unit), width);
    }

    fn special(&self, name: &str, token: Token<'_>, output: &mut String) {
        let hour_of_12 = || (self.get(Unit::Hour) + 11) % 12 + 1;
        let hour_of_24 = || (self.get(Unit::Hour) + 23) % 24 + 1;
        let locale = self.time.locale;
        match name {
            "Y" => self.year(output),
            "YY" => pad(output, self.get(Unit::Year) % 100, 2),
            "YYYYYY" => {
                let year = self.get(Unit::Year);
                output.push_str(if year >= 0 { "+" } else { "" });
                pad(output, year, 6);
            }
            "gg" => pad(output, self.get(Unit::WeekYear) % 100, 2),
            "GG" => pad(output, self.get(Unit::IsoWeekYear) % 100, 2),
            "Mo" => self.ordinal(self.get(Unit::Month) + 1, name, output),
            "Qo" => self.ordinal(self.get(Unit::Quarter), name, output),
            "Do" => self.ordinal(self.get(Unit::Date), name, output),
            "DDDo" => self.ordinal(self.get(Unit::DayOfYear), name, output),
            "do" => self.ordinal(self.get(Unit::Day), name, output),
            "wo" => self.ordinal(self.get(Unit::Week), name, output),
            "Wo" => self.ordinal(self.get(Unit::IsoWeek), name, output),
            "MMM" => self.name(&locale.months_short, Unit::Month, output),
            "MMMM" => self.name(&locale.months, Unit::Month, output),
            "dd" => self.name(&locale.weekdays_min, Unit::Day, output),
            "ddd" => self.name(&locale.weekdays_short, Unit::Day, output),
            "dddd" => self.name(&locale.weekdays, Unit::Day, output),
            "a" | "A" => output.push_str(locale.meridiem(self.get(Unit::Hour), name == "a")),
            "h" => pad(output, hour_of_12(), 0),
            "hh" => pad(output, hour_of_12(), 2),
            "k" => pad(output, hour_of_24(), 0),
            "kk" => pad(output, hour_of_24(), 2),
            "hmm" => self.glued(hour_of_12(), &[Unit::Minute], output),
            "hmmss" => self.glued(hour_of_12(), &[Unit::Minute, Unit::Second], output),
            "Hmm" => self.glued(self.get(Unit::Hour), &[Unit::Minute], output),
            "Hmmss" => self.glued(self.get(Unit::Hour), &[Unit::Minute, Unit::Second], output),
            "Z" => self.offset(":", output),
            "ZZ" => self.offset("", output),
            "zz" if self.time.is_fixed() && self.time.named.is_none() => {
                output.push_str(UTC_NAME);
            }
            "z" | "zz" => output.push_str(&self.time.zone_abbreviation()),
            "x" => output.push_str(&crate::json::number(self.time.value())),
            "X" => output.push_str(&crate::json::number((self.time.value() / 1_000.0).floor())),
            digits if digits.starts_with('S') => self.fraction(digits.len(), output),
            _ => output.push_str(&token.literal()),
        }
    }

    fn year(&self, output: &mut String) {
        let year = self.get(Unit::Year);
        output.push_str(if year > 9999 { "+" } else { "" });
        output.push_str(&year.to_string());
    }

    fn fraction(&self, width: usize, output: &mut String) {
        let milliseconds = self.get(Unit::Millisecond);
        match width {
            1 => pad(output, milliseconds / 100, 1),
            2 => pad(output, milliseconds / 10, 2),
            _ => {
                pad(output, milliseconds, 3);
                output.extend(std::iter::repeat_n('0', width - 3));
            }
        }
    }

    fn glued(&self, hour: i64, units: &[Unit], output: &mut String) {
        pad(output, hour, 0);
        for unit in units {
            pad(output, self.get(*unit), 2);
        }
    }

    fn offset(&self, separator: &str, output: &mut String) {
        let minutes = self.time.utc_offset(self.zone);
        output.push(if minutes < 0.0 { '-' } else { '+' });
        #[expect(clippy::cast_possible_truncation, reason = "an offset is some hours")]
        let minutes = minutes.abs() as i64;
        pad(output, minutes / 60, 2);
        output.push_str(separator);
        pad(output, minutes % 60, 2);
    }

    fn name(&self, names: &[&'static str], unit: Unit, output: &mut String) {
        let index = usize::try_from(self.get(unit)).unwrap_or(usize::MAX);
        output.push_str(names.get(index).unwrap_or(&""));
    }

    fn ordinal(&self, number: i64, token: &str, output: &mut String) {
        let token = token.strip_suffix('o').unwrap_or(token);
        output.push_str(&(self.time.locale.ordinal)(number, token));
    }
}

/// Appends `value` with at least `width` digits; the sign does not count.
fn pad(output: &mut String, value: i64, width: usize) {
    if value < 0 {
        output.push('-');
    }
    // Writing to a `String` cannot fail.
    let _ = write!(output, "{:0width$}", value.unsigned_abs());
}
