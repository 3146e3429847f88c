//! Patterns of `cron>` in the dialect of cron4j, which is digdag's.
//!
//! Five fields, and all five must match: a day of month *and* a day of week (Vixie's cron takes
//! either). `a|b` is two patterns in one. `L` is the last day of a month, ranges wrap
//! (`22-2`), months and days of the week have names. docs/decisions/0013 says why the parser is our
//! own; `field` lists the odd corners.

mod field;

use jiff::civil::{Date, DateTime, Time};

pub use self::field::CronProblem;
pub(crate) use self::field::weekdays;
use self::field::{Field, LAST_DAY};

/// All hours of a day.
const EVERY_HOUR: Set = Set((1 << 24) - 1);

/// Days of each month, in the longest case.
const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Small numbers, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Set(u64);

impl Set {
    pub(crate) fn of(values: impl IntoIterator<Item = u32>) -> Self {
        Self(values.into_iter().fold(0, |bits, value| bits | 1 << value))
    }

    fn contains(self, value: u32) -> bool {
        self.0 >> value & 1 == 1
    }

    /// The least member that is not below `value`.
    fn at_or_after(self, value: u32) -> Option<u32> {
        let rest = self.0 >> value;
        (rest != 0).then(|| value + rest.trailing_zeros())
    }

    /// The greatest member that is not above `value`.
    fn at_or_before(self, value: u32) -> Option<u32> {
        let rest = self.0 & (u64::MAX >> (63 - value));
        rest.checked_ilog2()
    }
}

/// What is between two `|`: never an impossible date such as 31 February.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    minutes: Set,
    hours: Set,
    days: Set,
    months: Set,
    weekdays: Set,
}

/// Reads a pattern, with its `|`.
pub(crate) fn parse(text: &str) -> Result<Vec<Pattern>, CronProblem> {
    let patterns: Vec<_> = text.split('|').filter(|part| !part.is_empty()).collect();
    if patterns.is_empty() {
        return Err(CronProblem::FieldCount { found: 0 });
    }
    patterns.into_iter().map(Pattern::parse).collect()
}

impl Pattern {
    /// Top of each hour.
    pub(crate) const HOURLY: Self = Self { minutes: Set(1), ..Self::EACH_MINUTE };
    /// Each midnight.
    pub(crate) const DAILY: Self = Self { hours: Set(1), ..Self::HOURLY };
    const EACH_MINUTE: Self = Self {
        minutes: Set((1 << 60) - 1),
        hours: EVERY_HOUR,
        days: Set(0xffff_fffe),
        months: Set(0x1ffe),
        weekdays: Set(0x7f),
    };

    /// Midnight of these days of the week.
    pub(crate) const fn weekly(weekdays: Set) -> Self {
        Self { weekdays, ..Self::DAILY }
    }

    /// Midnight of this day (1 to 31) of each month that has it.
    pub(crate) const fn monthly(day: u8) -> Self {
        Self { days: Set(1 << day), ..Self::DAILY }
    }

    /// Minute 0 and its multiples of `step` (at least 1) within each hour.
    pub(crate) fn every_minutes(step: usize) -> Self {
        Self { minutes: Set::of((0..60).step_by(step)), ..Self::EACH_MINUTE }
    }

    fn parse(text: &str) -> Result<Self, CronProblem> {
        let fields: Vec<_> = text.split([' ', '\t']).filter(|field| !field.is_empty()).collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else {
            return Err(CronProblem::FieldCount { found: fields.len() });
        };
        let pattern = Self {
            minutes: Field::Minute.parse(minutes)?,
            hours: Field::Hour.parse(hours)?,
            days: Field::DayOfMonth.parse(days)?,
            months: Field::Month.parse(months)?,
            weekdays: Field::DayOfWeek.parse(weekdays)?,
        };
        pattern.check_possible(text)
    }

    /// cron4j searches for ever for a date that no year has.
    fn check_possible(self, text: &str) -> Result<Self, CronProblem> {
        let first_day = self.days.at_or_after(1).unwrap_or(LAST_DAY);
        let possible = (1..).zip(LONGEST).any(|(month, length)| {
            self.months.contains(month) && (first_day <= length || self.days.contains(LAST_DAY))
        });
        if possible { Ok(self) } else { Err(CronProblem::NoDate { pattern: text.trim().into() }) }
    }

    /// Whether it matches in each hour of a day that it matches at all.
    pub(crate) fn is_every_hour(&self) -> bool {
        self.hours == EVERY_HOUR
    }

    /// The first match after `after` and before `end`, by the calendar alone.
    pub(crate) fn next(&self, after: DateTime, end: DateTime) -> Option<DateTime> {
        let today = if self.matches(after.date()) {
            self.time_after(after.time()).map(|time| after.date().to_datetime(time))
        } else {
            None
        };
        let next = match today {
            Some(next) => next,
            None => self.date_after(after.date(), end.date())?.to_datetime(self.first_time()?),
        };
        (next < end).then_some(next)
    }

    /// The last match before `before` and not before `start`, by the calendar alone.
    pub(crate) fn previous(&self, before: DateTime, start: DateTime) -> Option<DateTime> {
        let today = if self.matches(before.date()) {
            self.time_before(before.time()).map(|time| before.date().to_datetime(time))
        } else {
            None
        };
        let previous = match today {
            Some(previous) => previous,
            None => self.date_before(before.date(), start.date())?.to_datetime(self.last_time()?),
        };
        (previous >= start).then_some(previous)
    }

    fn matches(&self, date: Date) -> bool {
        let month = date.month().unsigned_abs().into();
        self.months.contains(month) && self.matches_day(date)
    }

    fn matches_day(&self, date: Date) -> bool {
        let day = date.day().unsigned_abs().into();
        let weekday = date.weekday().to_sunday_zero_offset().unsigned_abs().into();
        self.weekdays.contains(weekday)
            && (self.days.contains(day)
                || self.days.contains(LAST_DAY) && date.day() == date.days_in_month())
    }

    fn date_after(&self, after: Date, last: Date) -> Option<Date> {
        let mut date = after.tomorrow().ok()?;
        while date <= last {
            if !self.months.contains(date.month().unsigned_abs().into()) {
                date = date.last_of_month().tomorrow().ok()?;
            } else if self.matches_day(date) {
                return Some(date);
            } else {
                date = date.tomorrow().ok()?;
            }
        }
        None
    }

    fn date_before(&self, before: Date, first: Date) -> Option<Date> {
        let mut date = before.yesterday().ok()?;
        while date >= first {
            if !self.months.contains(date.month().unsigned_abs().into()) {
                date = date.first_of_month().yesterday().ok()?;
            } else if self.matches_day(date) {
                return Some(date);
            } else {
                date = date.yesterday().ok()?;
            }
        }
        None
    }

    fn first_time(&self) -> Option<Time> {
        time(self.hours.at_or_after(0)?, self.minutes.at_or_after(0)?)
    }

    fn last_time(&self) -> Option<Time> {
        time(self.hours.at_or_before(23)?, self.minutes.at_or_before(59)?)
    }

    fn time_after(&self, after: Time) -> Option<Time> {
        let hour = after.hour().unsigned_abs().into();
        let minute = u32::from(after.minute().unsigned_abs()) + 1;
        if self.hours.contains(hour)
            && let Some(minute) = self.minutes.at_or_after(minute)
        {
            return time(hour, minute);
        }
        time(self.hours.at_or_after(hour + 1)?, self.minutes.at_or_after(0)?)
    }

    fn time_before(&self, before: Time) -> Option<Time> {
        let hour = u32::from(before.hour().unsigned_abs());
        let begun = before.second() > 0 || before.subsec_nanosecond() > 0;
        let minute = u32::from(before.minute().unsigned_abs()) + u32::from(begun);
        if self.hours.contains(hour)
            && let Some(minute) = minute.checked_sub(1).and_then(|m| self.minutes.at_or_before(m))
        {
            return time(hour, minute);
        }
        time(self.hours.at_or_before(hour.checked_sub(1)?)?, self.minutes.at_or_before(59)?)
    }
}

fn time(hour: u32, minute: u32) -> Option<Time> {
    Time::new(i8::try_from(hour).ok()?, i8::try_from(minute).ok()?, 0, 0).ok()
}
