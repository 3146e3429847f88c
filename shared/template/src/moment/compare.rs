//! Comparisons of moments and distances between them. Source: moment 2.21.0, `moment/compare.js` and `moment/diff.js`.

use super::calendar::DAY_MS;
use super::locale::Calendar;
use super::time::Time;
use super::units::{Span, Unit};
use super::zone::Zone;

/// Which of the formats of `calendar()` is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CalendarKey {
    SameDay,
    NextDay,
    NextWeek,
    LastDay,
    LastWeek,
    SameElse,
}

impl CalendarKey {
    /// moment's name of it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            CalendarKey::SameDay => "sameDay",
            CalendarKey::NextDay => "nextDay",
            CalendarKey::NextWeek => "nextWeek",
            CalendarKey::LastDay => "lastDay",
            CalendarKey::LastWeek => "lastWeek",
            CalendarKey::SameElse => "sameElse",
        }
    }

    /// The format in a language.
    pub(crate) fn format(self, calendar: &Calendar) -> &'static str {
        match self {
            CalendarKey::SameDay => calendar.same_day,
            CalendarKey::NextDay => calendar.next_day,
            CalendarKey::NextWeek => calendar.next_week,
            CalendarKey::LastDay => calendar.last_day,
            CalendarKey::LastWeek => calendar.last_week,
            CalendarKey::SameElse => calendar.same_else,
        }
    }
}

/// An invalid moment is neither before, nor after, nor the same as any.
impl Time {
    /// `isBefore(other, unit)`
    pub(crate) fn is_before(&self, other: &Time, unit: Unit, zone: &Zone) -> bool {
        let mut end = self.clone();
        end.end_of(unit, zone);
        end.value() < other.value()
    }

    /// `isAfter(other, unit)`
    pub(crate) fn is_after(&self, other: &Time, unit: Unit, zone: &Zone) -> bool {
        let mut start = self.clone();
        start.start_of(unit, zone);
        other.value() < start.value()
    }

    /// `isSame(other, unit)`
    pub(crate) fn is_same(&self, other: &Time, unit: Unit, zone: &Zone) -> bool {
        let (mut start, mut end) = (self.clone(), self.clone());
        start.start_of(unit, zone);
        end.end_of(unit, zone);
        start.value() <= other.value() && other.value() <= end.value()
    }

    /// `isDST()`: the offset is above that of January or June.
    pub(crate) fn is_summer_time(&self, zone: &Zone) -> bool {
        let offset_in = |month: f64| {
            let mut time = self.clone();
            time.set(Unit::Month, month, zone);
            time.utc_offset(zone)
        };
        let offset = self.utc_offset(zone);
        offset > offset_in(0.0) || offset > offset_in(5.0)
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
        let other = other.on_clock_of(self, zone);
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

    fn months_until(&self, other: &Time, zone: &Zone) -> f64 {
        let months = |time: &Time| time.get(Unit::Year, zone) * 12.0 + time.get(Unit::Month, zone);
        let whole = months(other) - months(self);
        let anchored = |months: f64| {
            let mut anchor = self.clone();
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

    /// From this moment to the other one, as `moment.duration({from, to})` counts it: whole months and what is left.
    pub(crate) fn span_to(&self, other: &Time, zone: &Zone) -> Span {
        if !self.is_valid() || !other.is_valid() {
            return Span::default();
        }
        let other = other.on_clock_of(self, zone);
        let (early, late, sign) =
            if self.value() < other.value() { (self, &other, 1.0) } else { (&other, self, -1.0) };
        let after = |months: f64| {
            let mut time = early.clone();
            time.add(Span { months, ..Span::default() }, 1.0, zone);
            time.value()
        };
        let months = |time: &Time| time.get(Unit::Year, zone) * 12.0 + time.get(Unit::Month, zone);
        let mut whole = months(late) - months(early);
        if after(whole) > late.value() {
            whole -= 1.0;
        }
        Span { months: whole * sign, days: 0.0, milliseconds: (late.value() - after(whole)) * sign }
    }

    /// The format of `calendar()` for this moment seen from a day's start.
    pub(crate) fn calendar_key(&self, day_start: &Time, zone: &Zone) -> CalendarKey {
        let days = self.diff(day_start, Some(Unit::Day), zone);
        match days {
            days if days < -6.0 => CalendarKey::SameElse,
            days if days < -1.0 => CalendarKey::LastWeek,
            days if days < 0.0 => CalendarKey::LastDay,
            days if days < 1.0 => CalendarKey::SameDay,
            days if days < 2.0 => CalendarKey::NextDay,
            days if days < 7.0 => CalendarKey::NextWeek,
            _ => CalendarKey::SameElse,
        }
    }
}
