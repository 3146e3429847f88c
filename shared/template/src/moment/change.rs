//! Changing a moment: setters, `add`, `startOf`, `endOf`. Source: moment 2.21.0, `moment/` and `units/`.

use super::calendar::{
    ENGLISH_WEEK, Fields, ISO_WEEK, WeekRule, date_of_day, days_in_month, ms_from_parts, time_clip,
};
use super::time::{Time, number, whole};
use super::units::{Span, Unit};
use super::zone::Zone;

impl Time {
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
                self.set(Unit::Month, month, zone);
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
        match unit {
            Unit::Year | Unit::Month | Unit::Date | Unit::Hour => self.update_offset(true, zone),
            Unit::Minute | Unit::Second | Unit::Millisecond => self.update_offset(false, zone),
            // These are made of the others.
            Unit::Quarter | Unit::Week | Unit::IsoWeek | Unit::Day | Unit::DayOfYear => {}
            Unit::Weekday | Unit::IsoWeekday | Unit::WeekYear | Unit::IsoWeekYear => {}
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
        let (year, month, date) = date_of_day(year, day);
        self.set(Unit::Year, number(year), zone);
        self.set(Unit::Month, number(month), zone);
        self.set(Unit::Date, number(date), zone);
    }

    fn add_days(&mut self, days: f64, zone: &Zone) {
        self.add(Span::default().plus(days, Unit::Day), 1.0, zone);
    }

    /// `add` (`sign` 1) and `subtract` (-1): months first, then days, then exact milliseconds.
    pub(crate) fn add(&mut self, span: Span, sign: f64, zone: &Zone) {
        let is_something = |amount: f64| amount != 0.0 && !amount.is_nan();
        let months = round(span.months);
        if let Some(fields) = self.fields(zone).filter(|_| is_something(months)) {
            self.set_month(&fields, number(fields.month) + months * sign, zone);
        }
        let days = round(span.days);
        if let Some(fields) = self.fields(zone).filter(|_| is_something(days)) {
            self.set_part(&fields, 2, number(fields.date) + days * sign, zone);
        }
        if self.is_valid() && !span.milliseconds.is_nan() {
            self.shown = time_clip(self.shown + span.milliseconds * sign);
        }
        self.update_offset(is_something(days) || is_something(months), zone);
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

/// Half away from zero.
fn round(value: f64) -> f64 {
    if value < 0.0 { -((-value + 0.5).floor()) } else { (value + 0.5).floor() }
}
