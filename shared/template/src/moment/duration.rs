//! A length of time, as `moment.duration` has it. Source: moment 2.21.0, `duration/`.

use super::locale::Locale;
use super::units::{Span, Unit};

const DAY_MS: f64 = 864e5;

/// A duration: three independent lengths, and what they look like together.
#[derive(Debug, Clone)]
pub(crate) struct Duration {
    pub(crate) span: Span,
    /// The parts that the getters answer.
    pub(crate) parts: Parts,
    pub(crate) is_valid: bool,
    pub(crate) locale: &'static Locale,
}

/// Years to milliseconds, each below one of the next larger one where that is possible.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Parts {
    pub(crate) years: f64,
    pub(crate) months: f64,
    pub(crate) days: f64,
    pub(crate) hours: f64,
    pub(crate) minutes: f64,
    pub(crate) seconds: f64,
    pub(crate) milliseconds: f64,
}

/// The units a duration is made of, largest first.
const ORDER: [Unit; 9] = [
    Unit::Year,
    Unit::Quarter,
    Unit::Month,
    Unit::Week,
    Unit::Day,
    Unit::Hour,
    Unit::Minute,
    Unit::Second,
    Unit::Millisecond,
];

impl Duration {
    /// The duration of a span; it is valid.
    pub(crate) fn new(span: Span, locale: &'static Locale) -> Self {
        Duration { span, parts: Parts::of(&span), is_valid: true, locale }
    }

    /// The sum of amounts of units. Not valid if a unit is no length, an amount no number, or a fraction
    /// stands before a smaller unit.
    pub(crate) fn from_units(units: &[(Unit, f64)], locale: &'static Locale) -> Self {
        let add = |span: Span, (unit, amount): &(Unit, f64)| span.plus(*amount, *unit);
        let span = units.iter().fold(Span::default(), add);
        let is_known = units.iter().all(|(unit, amount)| ORDER.contains(unit) && !amount.is_nan());
        let mut given = ORDER.iter().filter_map(|unit| {
            let amount = units.iter().find(|(name, _)| name == unit)?.1;
            (amount != 0.0 && !amount.is_nan()).then_some(amount)
        });
        let has_fraction =
            given.by_ref().any(|amount| amount.trunc() != amount || amount.is_infinite());
        let is_valid = is_known && !(has_fraction && given.next().is_some());
        Duration { is_valid, ..Duration::new(span, locale) }
    }

    /// `clone()`: made anew of the three lengths, so that it may be invalid where this one is not, or valid
    /// where this one is not.
    pub(crate) fn copy(&self) -> Self {
        let Span { months, days, milliseconds } = self.span;
        let lengths = [(Unit::Month, months), (Unit::Day, days), (Unit::Millisecond, milliseconds)];
        let known =
            lengths.map(|(unit, length)| (unit, if length.is_nan() { 0.0 } else { length }));
        let copy = Duration::from_units(&known, self.locale);
        Duration { is_valid: copy.is_valid && known == lengths, ..copy }
    }

    /// Adds another duration, `sign` times.
    pub(crate) fn add(&mut self, other: &Span, sign: f64) {
        self.span.milliseconds += sign * other.milliseconds;
        self.span.days += sign * other.days;
        self.span.months += sign * other.months;
        self.parts = Parts::of(&self.span);
    }

    /// `abs()`: every length without its sign.
    pub(crate) fn make_absolute(&mut self) {
        let Span { months, days, milliseconds } = self.span;
        self.span =
            Span { months: months.abs(), days: days.abs(), milliseconds: milliseconds.abs() };
        for part in [
            &mut self.parts.milliseconds,
            &mut self.parts.seconds,
            &mut self.parts.minutes,
            &mut self.parts.hours,
            &mut self.parts.months,
            &mut self.parts.years,
        ] {
            *part = part.abs();
        }
    }

    /// `as(unit)`; `None` for a unit that a duration cannot be counted in.
    pub(crate) fn count(&self, unit: Unit) -> Option<f64> {
        let Span { months, days, milliseconds } = self.span;
        if matches!(unit, Unit::Month | Unit::Year) {
            let months = months + months_of_days(days + milliseconds / DAY_MS);
            return Some(if unit == Unit::Month { months } else { months / 12.0 });
        }
        let days = days + round(days_of_months(months));
        Some(match unit {
            Unit::Week => days / 7.0 + milliseconds / (7.0 * DAY_MS),
            Unit::Day => days + milliseconds / DAY_MS,
            Unit::Hour => days * 24.0 + milliseconds / 36e5,
            Unit::Minute => days * 1_440.0 + milliseconds / 6e4,
            Unit::Second => days * 86_400.0 + milliseconds / 1e3,
            Unit::Millisecond => (days * DAY_MS).floor() + milliseconds,
            Unit::Year | Unit::Month | Unit::Quarter | Unit::IsoWeek | Unit::Date => return None,
            Unit::DayOfYear | Unit::Weekday | Unit::IsoWeekday => return None,
            Unit::WeekYear | Unit::IsoWeekYear => return None,
        })
    }

    /// `valueOf()`: milliseconds, with months of 30 and years of 365 days.
    pub(crate) fn value(&self) -> f64 {
        let Span { months, days, milliseconds } = self.span;
        milliseconds
            + days * DAY_MS
            + (months % 12.0) * 2_592e6
            + (months / 12.0).trunc() * 31_536e6
    }

    /// `toISOString()`: months and years together, days alone, the clock's parts together.
    pub(crate) fn iso_string(&self) -> String {
        let Span { months, days, milliseconds } = self.span;
        let total = self.count(Unit::Second).unwrap_or(f64::NAN);
        if total == 0.0 || total.is_nan() {
            return "P0D".to_owned();
        }
        let minus = |part: f64| if sign(part) == sign(total) { "" } else { "-" };
        let mut text = format!("{}P", if total < 0.0 { "-" } else { "" });
        let mut put = |amount: f64, sign: &str, letter: char| {
            if amount != 0.0 && !amount.is_nan() {
                text.push_str(&format!("{sign}{}{letter}", crate::json::number(amount)));
            }
        };
        put((months.abs() / 12.0).floor(), minus(months), 'Y');
        put(months.abs() % 12.0, minus(months), 'M');
        put(days.abs(), minus(days), 'D');
        let seconds = milliseconds.abs() / 1e3;
        let minutes = (seconds / 60.0).floor();
        let hours = (minutes / 60.0).floor();
        if hours != 0.0 || minutes % 60.0 != 0.0 || seconds % 60.0 != 0.0 {
            text.push('T');
        }
        let put = |text: &mut String, amount: f64, letter: char| {
            if amount != 0.0 {
                let digits = format!("{amount:.3}");
                let digits = digits.trim_end_matches('0').trim_end_matches('.');
                text.push_str(&format!("{}{digits}{letter}", minus(milliseconds)));
            }
        };
        put(&mut text, hours, 'H');
        put(&mut text, minutes % 60.0, 'M');
        put(&mut text, seconds % 60.0, 'S');
        text
    }
}

impl Parts {
    fn of(span: &Span) -> Self {
        let Span { mut months, mut days, mut milliseconds } = *span;
        let all_same_sign = (milliseconds >= 0.0 && days >= 0.0 && months >= 0.0)
            || (milliseconds <= 0.0 && days <= 0.0 && months <= 0.0);
        if !all_same_sign {
            milliseconds += away_from_zero(days_of_months(months) + days) * DAY_MS;
            days = 0.0;
            months = 0.0;
        }
        let seconds = towards_zero(milliseconds / 1e3);
        let minutes = towards_zero(seconds / 60.0);
        let hours = towards_zero(minutes / 60.0);
        days += towards_zero(hours / 24.0);
        let more_months = towards_zero(months_of_days(days));
        months += more_months;
        days -= away_from_zero(days_of_months(more_months));
        Parts {
            years: towards_zero(months / 12.0),
            months: months % 12.0,
            days,
            hours: hours % 24.0,
            minutes: minutes % 60.0,
            seconds: seconds % 60.0,
            milliseconds: milliseconds % 1e3,
        }
    }
}

/// 400 years are 146,097 days and 4,800 months.
fn months_of_days(days: f64) -> f64 {
    days * 4_800.0 / 146_097.0
}

fn days_of_months(months: f64) -> f64 {
    months * 146_097.0 / 4_800.0
}

/// Never answers -0.
pub(crate) fn towards_zero(value: f64) -> f64 {
    value.trunc() + 0.0
}

fn away_from_zero(value: f64) -> f64 {
    if value < 0.0 { value.floor() } else { value.ceil() }
}

/// JavaScript's `Math.round`: halves go up.
pub(crate) fn round(value: f64) -> f64 {
    (value + 0.5).floor()
}

fn sign(value: f64) -> i8 {
    i8::from(value > 0.0) - i8::from(value < 0.0)
}
