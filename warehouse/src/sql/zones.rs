//! Zones whose clocks have not been changed for a long time: there a zone is an addition, which
//! DuckDB does itself, many rows at once. Other zones go row by row through our own functions.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

use super::types::unquoted;
use crate::duck::locked;
use crate::udf::zone_of;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * SECOND;

/// A zone from an instant on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Steady {
    /// Microseconds to add to UTC.
    offset: i64,
    /// First instant; none when it has always been so.
    since: Option<i64>,
}

static KNOWN: LazyLock<Mutex<HashMap<String, Option<Steady>>>> = LazyLock::new(Mutex::default);

/// What a literal names; none for a zone that changes its clocks, and for what is no literal.
pub(super) fn steady(zone: &str) -> Option<Steady> {
    let name = unquoted(zone)?;
    if let Some(known) = locked(&KNOWN).get(&name) {
        return *known;
    }
    let found = zone_of(&name).and_then(searched);
    locked(&KNOWN).insert(name, found);
    found
}

/// Looks at every day back from the last one that zone tables know.
fn searched(zone: Tz) -> Option<Steady> {
    let day = |year| Some(NaiveDate::from_ymd_opt(year, 1, 1)?.and_time(chrono::NaiveTime::MIN));
    let micros = |year| Some(day(year)?.and_utc().timestamp_micros());
    let (first, useful, last) = (micros(1850)?, micros(2020)?, micros(2037)?);
    let offset = |at: i64| {
        let time = DateTime::from_timestamp_micros(at)?.naive_utc();
        Some(i64::from(zone.offset_from_utc_datetime(&time).fix().local_minus_utc()) * SECOND)
    };
    let steady = offset(last)?;
    let mut at = last;
    while at > first {
        if offset(at)? != steady {
            let since = at + DAY;
            return (since < useful).then_some(Steady { offset: steady, since: Some(since) });
        }
        at -= DAY;
    }
    Some(Steady { offset: steady, since: None })
}

impl Steady {
    /// DuckDB's text for the civil time of an instant.
    pub(super) fn local(self, instant: &str, zone: &str) -> String {
        let offset = self.offset;
        match self.since {
            None => format!("make_timestamp(epoch_us({instant}) + {offset})"),
            Some(since) => format!("bq_local_since({instant}, {zone}, {offset}, {since})"),
        }
    }

    /// DuckDB's text for the instant of a civil time.
    pub(super) fn utc(self, civil: &str, zone: &str) -> String {
        let offset = self.offset;
        match self.since {
            None => format!("bq_instant(epoch_us({civil}) - {offset})"),
            // A day later than needed, so that no clock is changed near it.
            Some(since) => format!("bq_utc_since({civil}, {zone}, {offset}, {})", since + DAY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokyo_is_steady_and_new_york_is_not() {
        let tokyo = steady("'Asia/Tokyo'").unwrap();

        assert_eq!(tokyo.offset, 9 * 60 * 60 * SECOND);
        // The occupation's summer time ended in 1951.
        assert!(tokyo.since.is_some_and(|since| since < 0));
        assert_eq!(steady("'UTC'"), Some(Steady { offset: 0, since: None }));
        assert_eq!(steady("'America/New_York'"), None);
        assert_eq!(steady("zone"), None);
    }
}
