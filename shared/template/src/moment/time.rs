//! One moment: an instant with the clock it is shown on, and moment's arithmetic on it.
//!
//! The model is moment.js's own (`_d`, `_isUTC`, `_offset`), because its results at clock changes follow from the
//! order of single `Date` setters, each of which reads and writes the wall clock. Source of every rule: moment 2.21.0.

use super::calendar::{
    DAY_MS, ENGLISH_WEEK, Fields, ISO_WEEK, WeekRule, days_from_date, days_in_month, fields,
    is_leap_year, ms_from_parts, time_clip,
};
use super::units::{Span, Unit};
use super::zone::Zone;

/// A moment; `shown` is NaN for an invalid one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time {
    /// Milliseconds from 1970; in UTC mode already shifted by `offset`, so that its UTC fields are the shown ones.
    shown: f64,
    /// Whether fields come from `shown` as UTC instead of from the workflow's zone.
    utc: bool,
    /// Minutes east of UTC in UTC mode.
    offset: f64,
}

impl Time {
    /// A moment on the workflow's clock.
    pub(crate) fn local(ms: f64) -> Self {
        Time { shown: time_clip(ms), utc: false, offset: 0.0 }
    }

    /// A moment on the clock of UTC.
    pub(crate) fn utc(ms: f64) -> Self {
        Time { utc: true, ..Time::local(ms) }
    }

    /// The moment that is not one: `moment(null)`.
    pub(crate) fn invalid() -> Self {
        Time::local(f64::NAN)
    }

    /// `isValid()`.
    pub(crate) fn is_valid(&self) -> bool {
        !self.shown.is_nan()
    }

    /// Whether the clock is fixed to an offset (0 included) rather than the workflow's.
    pub(crate) fn is_fixed(&self) -> bool {
        self.utc
    }

    /// `isUtc()`.
    pub(crate) fn is_utc(&self) -> bool {
        self.is_valid() && self.utc && self.offset == 0.0
    }

    /// `valueOf()`: milliseconds from 1970 in UTC.
    pub(crate) fn value(&self) -> f64 {
        self.shown - self.offset * 60_000.0
    }

    /// What the wall clock shows; `None` for an invalid moment.
    pub(crate) fn fields(&self, zone: &Zone) -> Option<Fields> {
        self.is_valid().then(|| fields(self.wall(zone)))
    }

    fn wall(&self, zone: &Zone) -> f64 {
        if self.utc { self.shown } else { zone.local_ms(self.shown) }
    }

    fn set_wall(&mut self, wall: f64, zone: &Zone) {
        self.shown = time_clip(if self.utc { wall } else { zone.utc_ms(wall) });
    }

    /// `utcOffset()` in minutes, rounded to quarters of an hour on the workflow's clock as moment does.
    pub(crate) fn utc_offset(&self, zone: &Zone) -> f64 {
        if !self.is_valid() {
            f64::NAN
        } else if self.utc {
            self.offset
        } else {
            self.zone_offset(zone)
        }
    }

    fn zone_offset(&self, zone: &Zone) -> f64 {
        // Whole minutes, as `getTimezoneOffset` answers for zones that once had seconds.
        let west = (-zone.offset_ms(self.shown) / 60_000.0).trunc();
        -(west / 15.0 + 0.5).floor() * 15.0 + 0.0
    }

    /// `utcOffset(minutes, keepLocalTime)`.
    pub(crate) fn set_utc_offset(&mut self, minutes: f64, keep_wall: bool, zone: &Zone) {
        if !self.is_valid() {
            return;
        }
        let before = self.offset;
        let zone_offset = (!self.utc && keep_wall).then(|| self.zone_offset(zone));
        self.offset = minutes;
        self.utc = true;
        if let Some(zone_offset) = zone_offset {
            self.shown = time_clip(self.shown + zone_offset * 60_000.0);
        }
        if before != minutes && !keep_wall {
            self.shown = time_clip(self.shown + (minutes - before) * 60_000.0);
        }
    }

    /// `local(keepLocalTime)`.
    pub(crate) fn set_local(&mut self, keep_wall: bool, zone: &Zone) {
        if !self.utc {
            return;
        }
        self.set_utc_offset(0.0, keep_wall, zone);
        self.utc = false;
        self.offset = 0.0;
        if keep_wall && self.is_valid() {
            self.shown = time_clip(self.shown - self.zone_offset(zone) * 60_000.0);
        }
    }

    /// A getter's value; NaN for an invalid moment.
    pub(crate) fn get(&self, unit: Unit, zone: &Zone) -> f64 {
        let Some(fields) = self.fields(zone) else {
            return f64::NAN;
        };
        let value = match unit {
            Unit::Year => fields.year,
            Unit::Quarter => fields.month / 3 + 1,
            Unit::Month => fields.month,
            Unit::Week => week_of(&fields, ENGLISH_WEEK).1,
            Unit::IsoWeek => week_of(&fields, ISO_WEEK).1,
            Unit::Day | Unit::Weekday => fields.weekday,
            Unit::Date => fields.date,
            Unit::DayOfYear => day_of_year(&fields),
            Unit::IsoWeekday => (fields.weekday + 6) % 7 + 1,
            Unit::WeekYear => week_of(&fields, ENGLISH_WEEK).0,
            Unit::IsoWeekYear => week_of(&fields, ISO_WEEK).0,
            Unit::Hour => fields.hour,
            Unit::Minute => fields.minute,
            Unit::Second => fields.second,
            Unit::Millisecond => fields.millisecond,
        };
        number(value)
    }

    /// A setter; NaN changes nothing. Fractions are cut off for clock fields, as `Date` setters do.
    pub(crate) fn set(&mut self, unit: Unit, value: f64, zone: &Zone) {
        let Some(fields) = self.fields(zone) else {
            return;
        };
        if value.is_nan() {
            return;
        }
        match unit {
            Unit::Year => self.set_year(&fields, value, zone),
            Unit::Month => self.set_month(&fields, value, zone),
            Unit::Quarter => {
                let month = (value - 1.0) * 3.0 + number(fields.month % 3);
                self.set_month(&fields, month, zone);
            }
            Unit::Week | Unit::IsoWeek => {
                self.add_days((value - self.get(unit, zone)) * 7.0, zone);
            }
            Unit::Day | Unit::Weekday | Unit::DayOfYear => {
                self.add_days(value - self.get(unit, zone), zone);
            }
            Unit::IsoWeekday => {
                let target = if fields.weekday == 0 { value - 7.0 } else { value };
                self.add_days(target - number(fields.weekday), zone);
            }
            Unit::WeekYear => self.set_week_year(value, Unit::Week, ENGLISH_WEEK, zone),
            Unit::IsoWeekYear => self.set_week_year(value, Unit::IsoWeek, ISO_WEEK, zone),
            Unit::Date => self.set_part(&fields, 2, value, zone),
            Unit::Hour => self.set_part(&fields, 3, value, zone),
            Unit::Minute => self.set_part(&fields, 4, value, zone),
            Unit::Second => self.set_part(&fields, 5, value, zone),
            Unit::Millisecond => self.set_part(&fields, 6, value, zone),
        }
    }

    fn set_part(&mut self, fields: &Fields, index: usize, value: f64, zone: &Zone) {
        let mut parts = parts(fields);
        parts[index] = value;
        self.set_wall(ms_from_parts(parts), zone);
    }

    fn set_year(&mut self, fields: &Fields, year: f64, zone: &Zone) {
        let mut parts = parts(fields);
        parts[0] = year;
        if fields.month == 1 && fields.date == 29 {
            parts[2] = parts[2].min(number(days_in_month(whole(year), 1)));
        }
        self.set_wall(ms_from_parts(parts), zone);
    }

    fn set_month(&mut self, fields: &Fields, month: f64, zone: &Zone) {
        let mut parts = parts(fields);
        parts[1] = month;
        parts[2] = parts[2].min(number(days_in_month(fields.year, whole(month))));
        self.set_wall(ms_from_parts(parts), zone);
    }

    fn set_week_year(&mut self, value: f64, week: Unit, rule: WeekRule, zone: &Zone) {
        let Some(fields) = self.fields(zone) else {
            return;
        };
        let week = whole(self.get(week, zone)).min(rule.weeks_in_year(whole(value)));
        let (year, day) = rule.day_of(whole(value), week, fields.weekday);
        let target = super::calendar::fields(number(days_from_date(year, 0, day)) * DAY_MS);
        self.set(Unit::Year, number(target.year), zone);
        self.set(Unit::Month, number(target.month), zone);
        self.set(Unit::Date, number(target.date), zone);
    }

    fn add_days(&mut self, days: f64, zone: &Zone) {
        self.add(Span::default().plus(days, Unit::Day), 1.0, zone);
    }

    /// `add` (`sign` 1) and `subtract` (-1): months first, then days, then exact milliseconds.
    pub(crate) fn add(&mut self, span: Span, sign: f64, zone: &Zone) {
        let months = round(span.months);
        if let Some(fields) = self.fields(zone).filter(|_| months != 0.0 && !months.is_nan()) {
            self.set_month(&fields, number(fields.month) + months * sign, zone);
        }
        let days = round(span.days);
        if let Some(fields) = self.fields(zone).filter(|_| days != 0.0 && !days.is_nan()) {
            self.set_part(&fields, 2, number(fields.date) + days * sign, zone);
        }
        if self.is_valid() && !span.milliseconds.is_nan() {
            self.shown = time_clip(self.shown + span.milliseconds * sign);
        }
    }

    /// `startOf(unit)`. Sets one field after the other, largest first, each on the wall clock.
    pub(crate) fn start_of(&mut self, unit: Unit, zone: &Zone) {
        let clock = [Unit::Hour, Unit::Minute, Unit::Second, Unit::Millisecond];
        let from = match unit {
            Unit::Year | Unit::Quarter | Unit::Month | Unit::Week | Unit::IsoWeek => 0,
            Unit::Day | Unit::Date => 0,
            Unit::Hour => 1,
            Unit::Minute => 2,
            Unit::Second => 3,
            Unit::Millisecond | Unit::DayOfYear | Unit::Weekday | Unit::IsoWeekday => return,
            Unit::WeekYear | Unit::IsoWeekYear => return,
        };
        if unit == Unit::Year {
            self.set(Unit::Month, 0.0, zone);
        }
        if matches!(unit, Unit::Year | Unit::Quarter | Unit::Month) {
            self.set(Unit::Date, 1.0, zone);
        }
        for part in &clock[from..] {
            self.set(*part, 0.0, zone);
        }
        if unit == Unit::Week {
            self.set(Unit::Weekday, 0.0, zone);
        }
        if unit == Unit::IsoWeek {
            self.set(Unit::IsoWeekday, 1.0, zone);
        }
        if unit == Unit::Quarter {
            let month = (self.get(Unit::Month, zone) / 3.0).floor() * 3.0;
            self.set(Unit::Month, month, zone);
        }
    }

    /// `endOf(unit)`: the start of the next one minus a millisecond.
    pub(crate) fn end_of(&mut self, unit: Unit, zone: &Zone) {
        if unit == Unit::Millisecond {
            return;
        }
        self.start_of(unit, zone);
        let step = match unit {
            Unit::Date => Unit::Day,
            Unit::IsoWeek => Unit::Week,
            Unit::Year | Unit::Quarter | Unit::Month | Unit::Week | Unit::Day => unit,
            Unit::DayOfYear | Unit::Weekday | Unit::IsoWeekday | Unit::WeekYear => unit,
            Unit::IsoWeekYear | Unit::Hour | Unit::Minute | Unit::Second => unit,
            Unit::Millisecond => unit,
        };
        self.add(Span::default().plus(1.0, step), 1.0, zone);
        self.add(Span::default().plus(1.0, Unit::Millisecond), -1.0, zone);
    }

    /// `diff(other, unit, true)`; `None` counts milliseconds.
    pub(crate) fn diff(&self, other: &Time, unit: Option<Unit>, zone: &Zone) -> f64 {
        let by_months = matches!(unit, Some(Unit::Year | Unit::Quarter | Unit::Month));
        if self.is_valid() && !other.is_valid() && self.utc && by_months {
            // On a fixed clock moment.js forgets that the other one is invalid, and counts no months.
            return 0.0;
        }
        if !self.is_valid() || !other.is_valid() {
            return f64::NAN;
        }
        let other = other.on_clock_of(self);
        let ms = self.value() - other.value();
        let clocks = (other.utc_offset(zone) - self.utc_offset(zone)) * 60_000.0;
        match unit {
            Some(Unit::Year) => self.months_until(&other, zone) / 12.0,
            Some(Unit::Quarter) => self.months_until(&other, zone) / 3.0,
            Some(Unit::Month) => self.months_until(&other, zone),
            Some(Unit::Week) => (ms - clocks) / (7.0 * DAY_MS),
            Some(Unit::Day) => (ms - clocks) / DAY_MS,
            Some(Unit::Hour) => ms / 3_600_000.0,
            Some(Unit::Minute) => ms / 60_000.0,
            Some(Unit::Second) => ms / 1_000.0,
            Some(Unit::IsoWeek | Unit::Date | Unit::DayOfYear | Unit::Weekday) => ms,
            Some(Unit::IsoWeekday | Unit::WeekYear | Unit::IsoWeekYear) => ms,
            Some(Unit::Millisecond) | None => ms,
        }
    }

    /// The same instant shown on `model`'s clock.
    fn on_clock_of(&self, model: &Time) -> Time {
        let shown = self.value() + if model.utc { model.offset * 60_000.0 } else { 0.0 };
        Time { shown, utc: model.utc, offset: if model.utc { model.offset } else { 0.0 } }
    }

    fn months_until(&self, other: &Time, zone: &Zone) -> f64 {
        let months = |time: &Time| time.get(Unit::Year, zone) * 12.0 + time.get(Unit::Month, zone);
        let whole = months(other) - months(self);
        let anchored = |months: f64| {
            let mut anchor = *self;
            anchor.add(Span { months, ..Span::default() }, 1.0, zone);
            anchor.value()
        };
        let anchor = anchored(whole);
        let rest = other.value() - anchor;
        let part = if rest < 0.0 {
            rest / (anchor - anchored(whole - 1.0))
        } else {
            rest / (anchored(whole + 1.0) - anchor)
        };
        -(whole + part) + 0.0
    }
}

fn parts(fields: &Fields) -> [f64; 7] {
    [
        number(fields.year),
        number(fields.month),
        number(fields.date),
        number(fields.hour),
        number(fields.minute),
        number(fields.second),
        number(fields.millisecond),
    ]
}

fn week_of(fields: &Fields, rule: WeekRule) -> (i64, i64) {
    rule.week_of(fields.year, day_of_year(fields))
}

fn day_of_year(fields: &Fields) -> i64 {
    days_from_date(fields.year, fields.month, fields.date) - days_from_date(fields.year, 0, 1) + 1
}

#[expect(clippy::cast_precision_loss, reason = "calendar numbers are far below 2^53")]
fn number(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates; calendars check the range"
)]
fn whole(value: f64) -> i64 {
    (value as i64).clamp(-10_000_000, 10_000_000)
}

/// Half away from zero.
fn round(value: f64) -> f64 {
    if value < 0.0 { -((-value + 0.5).floor()) } else { (value + 0.5).floor() }
}

/// moment's `isLeapYear()`.
pub(crate) fn leap(year: f64) -> bool {
    !year.is_nan() && is_leap_year(whole(year))
}
