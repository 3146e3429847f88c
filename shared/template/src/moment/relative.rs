//! Durations in words: `humanize()`, `fromNow()`. Source: moment 2.21.0, `duration/humanize.js`.

use super::duration::{Duration, round};
use super::locale::Locale;
use super::units::Unit;

/// From which count on the next larger unit is used: `moment.relativeTimeThreshold`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Thresholds {
    /// Up to how many seconds are "a few seconds".
    pub(crate) few_seconds: f64,
    pub(crate) seconds: f64,
    pub(crate) minutes: f64,
    pub(crate) hours: f64,
    pub(crate) days: f64,
    pub(crate) months: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            few_seconds: 44.0,
            seconds: 45.0,
            minutes: 45.0,
            hours: 22.0,
            days: 26.0,
            months: 11.0,
        }
    }
}

impl Thresholds {
    /// The threshold that moment calls `name`.
    pub(crate) fn get(&mut self, name: &str) -> Option<&mut f64> {
        Some(match name {
            "ss" => &mut self.few_seconds,
            "s" => &mut self.seconds,
            "m" => &mut self.minutes,
            "h" => &mut self.hours,
            "d" => &mut self.days,
            "M" => &mut self.months,
            _ => return None,
        })
    }
}

/// The key of moment's table of words: how many of what.
struct Words {
    unit: usize,
    several: bool,
    count: f64,
}

/// The duration in words; with `suffix` as a distance from now ("in 3 days").
pub(crate) fn humanize(duration: &Duration, suffix: bool, thresholds: &Thresholds) -> String {
    let locale = duration.locale;
    let Words { unit, several, count } = words(duration, thresholds);
    let text = locale.relative.words[unit][usize::from(several)];
    let text = text.replacen("%d", &crate::json::number(count), 1);
    if suffix { past_or_future(locale, duration.value(), &text) } else { text }
}

/// Words as a distance from now.
pub(crate) fn past_or_future(locale: &Locale, distance: f64, words: &str) -> String {
    let frame = if distance > 0.0 { locale.relative.future } else { locale.relative.past };
    frame.replacen("%s", words, 1)
}

fn words(duration: &Duration, thresholds: &Thresholds) -> Words {
    let mut absolute = duration.copy();
    absolute.make_absolute();
    // A copy that is not valid counts as NaN, which is above every threshold and then counts as one.
    let is_valid = absolute.is_valid;
    let count = |unit| absolute.count(unit).filter(|_| is_valid).map_or(f64::NAN, round);
    let seconds = count(Unit::Second);
    let one = |unit| Words { unit, several: false, count: 1.0 };
    let several = |unit, count: f64| Words {
        unit,
        several: true,
        count: if count == 0.0 || count.is_nan() { 1.0 } else { count },
    };
    if seconds <= thresholds.few_seconds {
        return one(0);
    }
    if seconds < thresholds.seconds {
        return several(0, seconds);
    }
    let steps = [
        (Unit::Minute, thresholds.minutes),
        (Unit::Hour, thresholds.hours),
        (Unit::Day, thresholds.days),
        (Unit::Month, thresholds.months),
        (Unit::Year, f64::INFINITY),
    ];
    for (index, (unit, limit)) in steps.into_iter().enumerate() {
        let count = count(unit);
        if count <= 1.0 {
            return one(index + 1);
        }
        if count < limit {
            return several(index + 1, count);
        }
    }
    several(5, count(Unit::Year))
}
