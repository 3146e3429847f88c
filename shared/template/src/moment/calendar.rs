//! Days, months and weeks of the proleptic Gregorian calendar over JavaScript's range of years.
//!
//! jiff's civil types end at the year 9999 while a JavaScript `Date` reaches 275760, so the arithmetic
//! is done here on whole days and milliseconds; jiff only knows the offsets of the zone.

/// Milliseconds of one day.
pub(crate) const DAY_MS: f64 = 86_400_000.0;

/// The largest distance from 1970 that a JavaScript `Date` can hold, in milliseconds.
const TIME_MAX_MS: f64 = 8.64e15;

/// A time as a reader of a wall clock sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    pub(crate) year: i64,
    /// 0 to 11, as in JavaScript.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) date: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    pub(crate) millisecond: i64,
    /// 0 is Sunday.
    pub(crate) weekday: i64,
}

/// `value`, or NaN when a JavaScript `Date` could not hold it.
pub(crate) fn time_clip(value: f64) -> f64 {
    if value.is_finite() && value.abs() <= TIME_MAX_MS { value.trunc() + 0.0 } else { f64::NAN }
}

/// Days from 1970-01-01 to a date; `month` is 0 to 11.
pub(crate) fn days_from_date(year: i64, month: i64, date: i64) -> i64 {
    // Years counted from March: the leap day becomes the last day of a year.
    let shifted = if month < 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let month_from_march = (month + 10) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + date - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month (0 to 11) and day of a number of days from 1970-01-01.
fn date_from_days(days: i64) -> (i64, i64, i64) {
    let from_era = days + 719_468;
    let era = from_era.div_euclid(146_097);
    let day_of_era = from_era.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let date = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12;
    let year = era * 400 + year_of_era + i64::from(month < 2);
    (year, month, date)
}

/// The fields of a time given in milliseconds from 1970 on the same clock; `ms` must be finite.
pub(crate) fn fields(ms: f64) -> Fields {
    #[expect(clippy::cast_possible_truncation, reason = "at most 8.64e15 plus a day, exact in i64")]
    let ms = ms as i64;
    let days = ms.div_euclid(86_400_000);
    let rest = ms.rem_euclid(86_400_000);
    let (year, month, date) = date_from_days(days);
    Fields {
        year,
        month,
        date,
        hour: rest / 3_600_000,
        minute: rest / 60_000 % 60,
        second: rest / 1_000 % 60,
        millisecond: rest % 1_000,
        weekday: (days + 4).rem_euclid(7),
    }
}

/// Milliseconds from 1970 of parts that may overflow into the next larger one, as JavaScript's
/// `Date.UTC` counts (without its meaning of years 0 to 99). NaN when a part is not finite.
pub(crate) fn ms_from_parts(parts: [f64; 7]) -> f64 {
    if parts.iter().any(|part| !part.is_finite() || part.abs() > 1e17) {
        return f64::NAN;
    }
    let [year, month, date, hour, minute, second, millisecond] = parts.map(f64::trunc);
    let whole_year = year + (month / 12.0).floor();
    if whole_year.abs() > 400_000.0 {
        return f64::NAN;
    }
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the check above")]
    let days = days_from_date(whole_year as i64, month.rem_euclid(12.0) as i64, 1);
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 for years below 400,000")]
    let days = days as f64 + date - 1.0;
    days * DAY_MS + hour * 3_600_000.0 + minute * 60_000.0 + second * 1_000.0 + millisecond
}

/// Whether a year has 366 days.
pub(crate) fn is_leap_year(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

/// The day of the year, from 1.
pub(crate) fn day_of_year(fields: &Fields) -> i64 {
    days_from_date(fields.year, fields.month, fields.date) - days_from_date(fields.year, 0, 1) + 1
}

/// Year, month (0 to 11) and day of a day of the year.
///
/// moment.js asks a `Date`, which takes the year 0 for 1900 first; 1900 has no February 29.
pub(crate) fn date_of_day(year: i64, day_of_year: i64) -> (i64, i64, i64) {
    if year == 0 {
        let (_, month, date) = date_from_days(days_from_date(1900, 0, 1) + day_of_year - 1);
        return (0, month, date);
    }
    date_from_days(days_from_date(year, 0, 1) + day_of_year - 1)
}

/// 365 or 366.
pub(crate) fn days_in_year(year: i64) -> i64 {
    if is_leap_year(year) { 366 } else { 365 }
}

/// Days of a month; a month outside 0 to 11 counts into other years.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    let year = year + month.div_euclid(12);
    match month.rem_euclid(12) {
        1 => 28 + i64::from(is_leap_year(year)),
        3 | 5 | 8 | 10 => 30,
        _ => 31,
    }
}

/// How weeks are numbered: the first day of a week, and which week is the first of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WeekRule {
    /// 0 is Sunday.
    pub(crate) first_day: i64,
    /// moment's `doy`: 7 + `first_day` minus the day of January that is always in week 1.
    pub(crate) anchor: i64,
}

/// ISO 8601: weeks start on Monday, week 1 holds January 4.
pub(crate) const ISO_WEEK: WeekRule = WeekRule { first_day: 1, anchor: 4 };
/// moment's English locale: weeks start on Sunday, week 1 holds January 1.
pub(crate) const ENGLISH_WEEK: WeekRule = WeekRule { first_day: 0, anchor: 6 };

impl WeekRule {
    /// Days from January 1 to the first day of week 1; negative when that lies in the year before.
    fn offset(self, year: i64) -> i64 {
        let january = 7 + self.first_day - self.anchor;
        let weekday = (days_from_date(year, 0, january) + 4).rem_euclid(7);
        -((7 + weekday - self.first_day) % 7) + january - 1
    }

    /// 52 or 53.
    pub(crate) fn weeks_in_year(self, year: i64) -> i64 {
        (days_in_year(year) - self.offset(year) + self.offset(year + 1)) / 7
    }

    /// The week's year and number of a day.
    pub(crate) fn week_of(self, year: i64, day_of_year: i64) -> (i64, i64) {
        let week = (day_of_year - self.offset(year) - 1).div_euclid(7) + 1;
        if week < 1 {
            (year - 1, week + self.weeks_in_year(year - 1))
        } else if week > self.weeks_in_year(year) {
            (year + 1, week - self.weeks_in_year(year))
        } else {
            (year, week)
        }
    }

    /// The year and the day of the year of a week's day; `weekday` counts from Sunday.
    pub(crate) fn day_of(self, year: i64, week: i64, weekday: i64) -> (i64, i64) {
        let day = 1 + 7 * (week - 1) + (7 + weekday - self.first_day) % 7 + self.offset(year);
        if day <= 0 {
            (year - 1, days_in_year(year - 1) + day)
        } else if day > days_in_year(year) {
            (year + 1, day - days_in_year(year))
        } else {
            (year, day)
        }
    }
}
