//! One moment: an instant with the clock it is shown on and the language it speaks.
//!
//! The model is moment.js's own (`_d`, `_isUTC`, `_offset`, `_z`), because its results at clock changes follow from
//! the order of single `Date` setters, each of which reads and writes the wall clock. Source of every rule: moment
//! 2.21.0; for the named zones of `tz()`: moment-timezone 0.6.6.

use super::calendar::{
    DAY_MS, ENGLISH_WEEK, Fields, ISO_WEEK, WeekRule, days_in_year, fields, is_leap_year, time_clip,
};
use super::duration::round;
use super::locale::{EN, Locale};
use super::units::Unit;
use super::zone::Zone;

/// A moment; `shown` is NaN for an invalid one.
#[derive(Debug, Clone)]
pub(crate) struct Time {
    /// Milliseconds from 1970; in UTC mode already shifted by `offset`, so that its UTC fields are the shown ones.
    pub(super) shown: f64,
    /// Whether fields come from `shown` as UTC instead of from the workflow's zone.
    pub(super) utc: bool,
    /// Minutes east of UTC in UTC mode.
    pub(super) offset: f64,
    /// The zone of `tz()`, which keeps `offset` up to date.
    pub(super) named: Option<Zone>,
    pub(crate) locale: &'static Locale,
    /// What `parseZone()` goes by.
    pub(crate) stated: StatedOffset,
}

/// What the input of a moment said of an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum StatedOffset {
    /// The input was no text.
    NoText,
    /// The input was a text without an offset.
    Missing,
    /// Minutes, read by a format.
    Parsed(f64),
    /// Minutes (or hours, if small), found in the text without a format.
    Found(f64),
}

impl Time {
    /// A moment on the workflow's clock, in English.
    pub(crate) fn local(ms: f64) -> Self {
        Time {
            shown: time_clip(ms),
            utc: false,
            offset: 0.0,
            named: None,
            locale: EN,
            stated: StatedOffset::NoText,
        }
    }

    /// A moment on the clock of UTC.
    pub(crate) fn utc(ms: f64) -> Self {
        Time { utc: true, ..Time::local(ms) }
    }

    /// The moment that is not one: `moment(null)`.
    pub(crate) fn invalid() -> Self {
        Time::local(f64::NAN)
    }

    /// The same moment in another language.
    pub(crate) fn speaking(self, locale: &'static Locale) -> Self {
        Time { locale, ..self }
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

    /// The name that `tz()` answers.
    pub(crate) fn zone_name(&self) -> Option<&str> {
        self.named.as_ref().and_then(Zone::name)
    }

    /// `zoneAbbr()`: that of the zone of `tz()`, `UTC` on every other fixed clock, else nothing.
    pub(crate) fn zone_abbreviation(&self) -> String {
        match (&self.named, self.utc) {
            (Some(named), _) => named.abbreviation(self.value()),
            (None, true) => "UTC".to_owned(),
            (None, false) => String::new(),
        }
    }

    /// What the wall clock shows; `None` for an invalid moment.
    pub(crate) fn fields(&self, zone: &Zone) -> Option<Fields> {
        self.is_valid().then(|| fields(self.wall(zone)))
    }

    pub(super) fn wall(&self, zone: &Zone) -> f64 {
        if self.utc { self.shown } else { zone.local_ms(self.shown) }
    }

    pub(super) fn set_wall(&mut self, wall: f64, zone: &Zone) {
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
        -round(west / 15.0) * 15.0 + 0.0
    }

    /// `utcOffset(minutes, keepLocalTime)`: a fixed clock, no longer the one of a zone.
    pub(crate) fn set_utc_offset(&mut self, minutes: f64, keep_wall: bool, zone: &Zone) {
        self.named = None;
        self.change_offset(minutes, keep_wall, zone);
    }

    fn change_offset(&mut self, minutes: f64, keep_wall: bool, zone: &Zone) {
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
        self.named = None;
        if !self.utc {
            return;
        }
        self.change_offset(0.0, keep_wall, zone);
        self.utc = false;
        self.offset = 0.0;
        if keep_wall && self.is_valid() {
            self.shown = time_clip(self.shown - self.zone_offset(zone) * 60_000.0);
        }
    }

    /// `tz(name, keepLocalTime)`.
    pub(crate) fn set_zone(&mut self, named: Zone, keep_wall: bool, zone: &Zone) {
        self.named = Some(named);
        self.update_offset(keep_wall, zone);
    }

    /// Takes over the offset that the zone of `tz()` has at this moment; with `keep_wall` the clock goes on showing what
    /// it shows, unless the zone skips that time.
    pub(super) fn update_offset(&mut self, keep_wall: bool, zone: &Zone) {
        let Some(named) = self.named.clone().filter(|_| self.is_valid()) else {
            return;
        };
        let mut offset = named.offset_ms(self.value());
        let mut skipped = None;
        let wall = self.wall(zone);
        if keep_wall && named.offset_ms(wall - offset) != offset {
            let instant = named.utc_ms(wall);
            offset = named.offset_ms(instant);
            skipped = Some(instant + offset);
        }
        self.change_offset(offset / 60_000.0, keep_wall, zone);
        if let Some(shown) = skipped {
            self.shown = time_clip(shown);
        }
    }

    /// `parseZone()`: the clock that the input stated; UTC if it was a text that stated none.
    pub(crate) fn set_stated_offset(&mut self, zone: &Zone) {
        match self.stated {
            StatedOffset::NoText => {}
            StatedOffset::Missing => self.set_utc_offset(0.0, true, zone),
            StatedOffset::Parsed(minutes) => self.set_utc_offset(minutes, false, zone),
            StatedOffset::Found(given) => {
                let minutes = if given.abs() < 16.0 { given * 60.0 } else { given };
                self.set_utc_offset(minutes, false, zone);
            }
        }
    }

    /// The same instant shown on `model`'s clock.
    pub(crate) fn on_clock_of(&self, model: &Time, zone: &Zone) -> Time {
        if !model.utc {
            return Time {
                shown: self.value(),
                utc: false,
                offset: 0.0,
                named: None,
                ..self.clone()
            };
        }
        let mut shown = model.clone();
        shown.shown = time_clip(self.value() + model.offset * 60_000.0);
        shown.update_offset(false, zone);
        shown
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
            Unit::Week => self.week_of(&fields, ENGLISH_WEEK, zone).1,
            Unit::IsoWeek => self.week_of(&fields, ISO_WEEK, zone).1,
            Unit::Day | Unit::Weekday => fields.weekday,
            Unit::Date => fields.date,
            Unit::DayOfYear => self.day_of_year(&fields, zone),
            Unit::IsoWeekday => (fields.weekday + 6) % 7 + 1,
            Unit::WeekYear => self.week_of(&fields, ENGLISH_WEEK, zone).0,
            Unit::IsoWeekYear => self.week_of(&fields, ISO_WEEK, zone).0,
            Unit::Hour => fields.hour,
            Unit::Minute => fields.minute,
            Unit::Second => fields.second,
            Unit::Millisecond => fields.millisecond,
        };
        number(value)
    }

    fn week_of(&self, fields: &Fields, rule: WeekRule, zone: &Zone) -> (i64, i64) {
        rule.week_of(fields.year, self.day_of_year(fields, zone))
    }

    /// Days from the year's start as they were lived: a zone that skipped a day has one less.
    fn day_of_year(&self, fields: &Fields, zone: &Zone) -> i64 {
        if self.utc && self.named.is_none() {
            return super::calendar::day_of_year(fields);
        }
        let (mut day, mut year) = (self.clone(), self.clone());
        day.start_of(Unit::Day, zone);
        year.start_of(Unit::Year, zone);
        let days = round((day.value() - year.value()) / DAY_MS) + 1.0;
        whole(days).clamp(1, days_in_year(fields.year))
    }
}

#[expect(clippy::cast_precision_loss, reason = "calendar numbers are far below 2^53")]
pub(super) fn number(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates; calendars check the range"
)]
pub(super) fn whole(value: f64) -> i64 {
    (value as i64).clamp(-10_000_000, 10_000_000)
}

/// moment's `isLeapYear()`.
pub(crate) fn leap(year: f64) -> bool {
    !year.is_nan() && is_leap_year(whole(year))
}
