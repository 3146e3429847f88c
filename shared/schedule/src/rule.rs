//! A scheduler: which times are sessions.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cron::Pattern;
use crate::ticks;

/// digdag's time "never", 9999-01-01T00:00:00Z (`BaseScheduler`), seconds.
const NEVER: i64 = 253_370_764_800;

/// digdag's answer for the session after the last one.
pub(crate) fn never() -> Timestamp {
    Timestamp::from_second(NEVER).unwrap_or(Timestamp::MAX)
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Where one of the patterns matches.
    Cron(Vec<Pattern>),
    /// Multiples of so many seconds (at least 1) since 1970, whatever the zone.
    Seconds(i64),
}

impl Rule {
    /// The first tick after `after`; none from the year 9999 on.
    pub(crate) fn next(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let tick = match self {
            Self::Cron(patterns) => ticks::next(patterns, zone, after),
            Self::Seconds(interval) => {
                let passed = floor_second(after).div_euclid(*interval);
                let second = passed.checked_add(1)?.checked_mul(*interval)?;
                Timestamp::from_second(second).ok()
            }
        };
        tick.filter(|tick| *tick < never())
    }

    /// The last tick before `before`; none at the beginning of the calendar.
    pub(crate) fn previous(&self, zone: &TimeZone, before: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron(patterns) => ticks::previous(patterns, zone, before),
            Self::Seconds(interval) => {
                let instant = before.checked_sub(ticks::INSTANT).ok()?;
                let second = floor_second(instant).div_euclid(*interval).checked_mul(*interval)?;
                Timestamp::from_second(second).ok()
            }
        }
    }
}

/// `Timestamp::as_second` rounds towards 1970.
fn floor_second(time: Timestamp) -> i64 {
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
}
