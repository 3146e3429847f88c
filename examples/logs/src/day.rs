//! Days as numbers, because the generator's streams are numbered by them.
//!
//! A [`Day`] is a date without a zone. Raw logs are partitioned by UTC dates, while players live by
//! Japanese dates; Japan is nine hours ahead of UTC and has had no summer time since 1951.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

/// Milliseconds of a day.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// How far Japan's clock is ahead of UTC, in milliseconds.
pub(crate) const JAPAN_AHEAD_MS: i64 = 9 * 3_600_000;

/// First and last date that a range may name: each fits the generator's numbering with room for
/// players who installed long before.
const FIRST: Date = Date::constant(2000, 1, 1);
const LAST: Date = Date::constant(2999, 12, 31);
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A date that logs can be made for, from 2000 to 2999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    date: Date,
    number: u32,
}

/// Why a text or a date is not a [`Day`].
#[derive(Debug, thiserror::Error)]
pub enum DayError {
    /// The text is not a date.
    #[error("`{0}` is not a date; write it as YYYY-MM-DD")]
    NotADate(String),
    /// No logs are made for such a date.
    #[error("`{0}` is outside of the years 2000 to 2999")]
    OutOfRange(Date),
    /// The range would be empty.
    #[error("the first date `{from}` is after the last date `{to}`; exchange them")]
    Reversed {
        /// First date asked for.
        from: Day,
        /// Last date asked for.
        to: Day,
    },
}

impl Day {
    /// Accepts a date of the years 2000 to 2999.
    pub fn new(date: Date) -> Result<Self, DayError> {
        let out_of_range = || DayError::OutOfRange(date);
        if date < FIRST || date > LAST {
            return Err(out_of_range());
        }
        let days = (date - EPOCH).get_days();
        let number = u32::try_from(days).map_err(|_| out_of_range())?;
        Ok(Self { date, number })
    }

    /// Days since 1970-01-01.
    pub(crate) fn number(self) -> u32 {
        self.number
    }

    /// Milliseconds from 1970 to this date's midnight in UTC.
    pub(crate) fn utc_midnight_ms(self) -> i64 {
        i64::from(self.number) * DAY_MS
    }

    /// As BigQuery's partition decorators write it: `20190901`.
    pub fn partition(self) -> String {
        format!("{:04}{:02}{:02}", self.date.year(), self.date.month(), self.date.day())
    }

    /// Every date from `from` to `to`, both included.
    pub fn range(from: Self, to: Self) -> Result<Vec<Self>, DayError> {
        if from > to {
            return Err(DayError::Reversed { from, to });
        }
        from.date.series(1.day()).take_while(|date| *date <= to.date).map(Self::new).collect()
    }

    /// The UTC days that hold the Japanese dates from `from` to `to`: the day before is needed,
    /// because a Japanese date begins at 15:00 UTC of the date before.
    pub fn utc_days_of_japan(from: Self, to: Self) -> Result<Vec<Self>, DayError> {
        let before = from.date.yesterday().map_err(|_| DayError::OutOfRange(from.date))?;
        if from > to {
            return Err(DayError::Reversed { from, to });
        }
        Self::range(Self::new(before)?, to)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.date.fmt(f)
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let date = text.parse::<Date>().map_err(|_| DayError::NotADate(text.to_owned()))?;
        Self::new(date)
    }
}

/// The moment `ms` milliseconds after the start of 1970.
pub(crate) fn timestamp(ms: i64) -> Timestamp {
    // A `Day` ends in 2999 at the latest and a session lasts hours; `Timestamp` reaches to 9999.
    Timestamp::from_millisecond(ms).expect("a moment near a `Day` is a valid timestamp")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn a_japanese_date_needs_the_utc_day_before_it() {
        let days = Day::utc_days_of_japan(day("2019-09-01"), day("2019-09-02")).unwrap();

        let names: Vec<_> = days.iter().map(|day| day.partition()).collect();
        assert_eq!(names, ["20190831", "20190901", "20190902"]);
    }

    #[test]
    fn a_reversed_range_is_refused() {
        let error = Day::utc_days_of_japan(day("2019-09-02"), day("2019-09-01")).unwrap_err();

        assert!(error.to_string().contains("`2019-09-02` is after the last date `2019-09-01`"));
    }

    #[test]
    fn what_is_not_a_date_is_refused_with_the_way_to_write_one() {
        for text in ["", "20190901x", "2019-02-29", "yesterday"] {
            let error = text.parse::<Day>().unwrap_err();

            assert!(error.to_string().contains("YYYY-MM-DD"), "{text}: {error}");
        }
    }

    #[test]
    fn dates_before_2000_are_refused() {
        assert!(matches!("1999-12-31".parse::<Day>(), Err(DayError::OutOfRange(_))));
    }

    #[test]
    fn days_are_numbered_from_1970() {
        assert_eq!(day("2019-09-01").number(), 18_140);
        assert_eq!(
            timestamp(day("2019-09-01").utc_midnight_ms()).to_string(),
            "2019-09-01T00:00:00Z"
        );
    }
}
