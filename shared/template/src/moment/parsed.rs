//! From the parts that were read to an instant: defaults, weeks, overflow. Source: moment 2.21.0,
//! `create/from-array.js` and `create/check-overflow.js`.

use super::calendar::{
    DAY_MS, ENGLISH_WEEK, ISO_WEEK, date_of_day, days_in_month, days_in_year, fields,
    ms_from_parts, time_clip,
};
use super::time::Time;
use super::units::Unit;
use super::zone::Zone;

/// Parts of a date as read from a text; `None` is "not given".
#[derive(Debug, Clone, Default)]
pub(crate) struct Parsed {
    /// Year, month (0 to 11), day, hour, minute, second, millisecond.
    pub(crate) date: [Option<f64>; 7],
    pub(crate) day_of_year: Option<f64>,
    pub(crate) week: Week,
    /// Minutes east of UTC.
    pub(crate) offset_minutes: Option<f64>,
    /// From the tokens `X` and `x`: milliseconds from 1970, which decide alone.
    pub(crate) instant: Option<f64>,
    pub(crate) is_afternoon: Option<bool>,
    /// Whether the hour came from a 12-hour token.
    pub(crate) big_hour: bool,
    /// Whether nothing at all was found.
    pub(crate) is_empty: bool,
    /// Whether a part was found that cannot be.
    pub(crate) is_invalid: bool,
}

/// Parts of a date given by weeks.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Week {
    pub(crate) year: Option<f64>,
    pub(crate) week: Option<f64>,
    pub(crate) weekday: Option<f64>,
    pub(crate) iso_year: Option<f64>,
    pub(crate) iso_week: Option<f64>,
    pub(crate) iso_weekday: Option<f64>,
    /// 0 is Sunday.
    pub(crate) day: Option<f64>,
}

/// What defaults are taken from.
pub(crate) struct Now<'a> {
    pub(crate) ms: f64,
    pub(crate) zone: &'a Zone,
    /// Whether the text is read on the clock of UTC (`moment.utc`).
    pub(crate) utc: bool,
}

impl Parsed {
    /// Parts of a text of which nothing has been read yet.
    pub(crate) fn empty() -> Self {
        Parsed { is_empty: true, ..Parsed::default() }
    }

    /// A 12-hour token with an hour that is not on a 12-hour clock.
    pub(crate) fn big_hour_is_wrong(&self) -> bool {
        self.big_hour && !self.date[3].is_some_and(|hour| hour > 0.0 && hour <= 12.0)
    }

    /// The instant in milliseconds from 1970; NaN when the parts are not a date.
    pub(crate) fn instant(mut self, now: &Now<'_>) -> f64 {
        let has_only_meridiem = self.is_afternoon.is_some() && self.date == [None; 7];
        if self.is_empty || self.is_invalid || has_only_meridiem {
            return f64::NAN;
        }
        self.apply_meridiem();
        if let Some(instant) = self.instant {
            return if self.contradicts() { f64::NAN } else { time_clip(instant) };
        }
        let utc = now.utc || self.offset_minutes.is_some();
        let local = Time::local(now.ms);
        let today = if utc { Time::utc(now.ms) } else { local.clone() };
        if self.week != Week::default() && self.date[1].is_none() && self.date[2].is_none() {
            let Some(()) = self.apply_week(&local, now.zone) else {
                return f64::NAN;
            };
        }
        let Some(()) = self.apply_day_of_year(&today, now.zone) else {
            return f64::NAN;
        };
        let next_day = self.fill(&today, now.zone);
        if self.overflows() {
            return f64::NAN;
        }
        let wall = ms_from_parts(self.date.map(Option::unwrap_or_default));
        let wall = if next_day { wall + DAY_MS } else { wall };
        if self.week.day.is_some_and(|day| day != weekday(wall)) {
            return f64::NAN;
        }
        let instant = if utc { wall } else { now.zone.utc_ms(wall) };
        instant - self.offset_minutes.unwrap_or(0.0) * 60_000.0
    }

    fn apply_meridiem(&mut self) {
        match (self.is_afternoon, self.date[3]) {
            (Some(true), Some(hour)) if hour < 12.0 => self.date[3] = Some(hour + 12.0),
            (Some(false), Some(12.0)) => self.date[3] = Some(0.0),
            _ => {}
        }
    }

    fn apply_week(&mut self, local: &Time, zone: &Zone) -> Option<()> {
        let given = &self.week;
        let iso =
            given.iso_year.is_some() || given.iso_week.is_some() || given.iso_weekday.is_some();
        let (rule, year, week, weekday) = if iso {
            let year = given.iso_year.or(self.date[0]);
            let weekday = given.iso_weekday.unwrap_or(1.0);
            if !(1.0..=7.0).contains(&weekday) {
                return None;
            }
            let year = year.unwrap_or_else(|| local.get(Unit::IsoWeekYear, zone));
            (ISO_WEEK, year, given.iso_week.unwrap_or(1.0), weekday)
        } else {
            let year = given.year.or(self.date[0]);
            let year = year.unwrap_or_else(|| local.get(Unit::WeekYear, zone));
            let week = given.week.unwrap_or_else(|| local.get(Unit::Week, zone));
            let weekday = given.day.or(given.weekday).unwrap_or(0.0);
            if !(0.0..=6.0).contains(&weekday) {
                return None;
            }
            (ENGLISH_WEEK, year, week, weekday)
        };
        if week < 1.0 || week > float(rule.weeks_in_year(int(year))) {
            return None;
        }
        let (year, day) = rule.day_of(int(year), int(week), int(weekday));
        self.date[0] = Some(float(year));
        self.day_of_year = Some(float(day));
        Some(())
    }

    fn apply_day_of_year(&mut self, today: &Time, zone: &Zone) -> Option<()> {
        let Some(day) = self.day_of_year else {
            return Some(());
        };
        let year = int(self.date[0].unwrap_or_else(|| today.get(Unit::Year, zone)));
        if day == 0.0 || day > float(days_in_year(year)) {
            return None;
        }
        let (_, month, date) = date_of_day(year, int(day));
        self.date[1] = Some(float(month));
        self.date[2] = Some(float(date));
        Some(())
    }

    /// Takes today's date for what is missing in front, the lowest value for what is missing behind.
    /// Answers whether the time is 24:00, which is then 00:00 of the next day.
    fn fill(&mut self, today: &Time, zone: &Zone) -> bool {
        let units = [Unit::Year, Unit::Month, Unit::Date];
        for (slot, unit) in self.date.iter_mut().zip(units) {
            if slot.is_some() {
                break;
            }
            *slot = Some(today.get(unit, zone));
        }
        for (index, slot) in self.date.iter_mut().enumerate() {
            slot.get_or_insert(if index == 2 { 1.0 } else { 0.0 });
        }
        let midnight = [Some(24.0), Some(0.0), Some(0.0), Some(0.0)];
        let next_day = self.date[3..] == midnight;
        if next_day {
            self.date[3] = Some(0.0);
        }
        next_day
    }

    /// Whether parts that stand beside an instant cannot be. They have no other effect.
    fn contradicts(&self) -> bool {
        let [year, month, day, hour, minute, second, millisecond] = self.date;
        let is_outside = |part: Option<f64>, least: f64, most: f64| {
            part.is_some_and(|part| !(least..=most).contains(&part))
        };
        let days = match (year, month) {
            (Some(year), Some(month)) => float(days_in_month(int(year), int(month))),
            (_, _) => f64::INFINITY,
        };
        let late = hour == Some(24.0) && [minute, second, millisecond] != [Some(0.0); 3];
        late || is_outside(month, 0.0, 11.0)
            || is_outside(day, 1.0, days)
            || is_outside(hour, 0.0, 24.0)
            || is_outside(minute, 0.0, 59.0)
            || is_outside(second, 0.0, 59.0)
            || is_outside(millisecond, 0.0, 999.0)
    }

    fn overflows(&self) -> bool {
        let [year, month, day, hour, minute, second, millisecond] =
            self.date.map(Option::unwrap_or_default);
        !(0.0..=11.0).contains(&month)
            || !(1.0..=float(days_in_month(int(year), int(month)))).contains(&day)
            || !(0.0..24.0).contains(&hour)
            || !(0.0..=59.0).contains(&minute)
            || !(0.0..=59.0).contains(&second)
            || !(0.0..=999.0).contains(&millisecond)
            || self.date.iter().flatten().any(|part| part.is_nan())
    }
}

fn weekday(wall: f64) -> f64 {
    if wall.is_nan() { f64::NAN } else { float(fields(wall).weekday) }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates; calendars check the range"
)]
fn int(value: f64) -> i64 {
    (value as i64).clamp(-10_000_000, 10_000_000)
}

#[expect(clippy::cast_precision_loss, reason = "calendar numbers are far below 2^53")]
fn float(value: i64) -> f64 {
    value as f64
}
