//! What a title was billed in the last 24 hours: a day without a midnight, so that it is the same in every time zone.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Bytes;

/// Seconds of one hour: amounts are kept by the hour, and leave the day by the hour.
const HOUR: i64 = 3_600;
/// Hours of a day, the one that has begun among them.
const DAY: i64 = 24;

/// The bytes that a title was billed, by the hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spending {
    /// Bytes by hours since 1970.
    hours: BTreeMap<i64, u64>,
}

impl Spending {
    /// A job has ended at `now`, and was billed.
    pub fn add(&mut self, billed: Bytes, now: Timestamp) {
        let hour = hour_of(now);
        let spent = self.hours.entry(hour).or_default();
        *spent = spent.saturating_add(billed.0);
        self.hours = self.hours.split_off(&(hour - DAY + 1));
    }

    /// What was billed in the 24 hours before `now`, to the hour.
    #[must_use]
    pub fn of_the_day(&self, now: Timestamp) -> Bytes {
        Bytes(self.from(hour_of(now) - DAY + 1))
    }

    /// When so much has left the day that less than `limit` was billed in it, if nothing is billed until then; `None` when
    /// it is less now.
    #[must_use]
    pub fn below_at(&self, limit: Bytes, now: Timestamp) -> Option<Timestamp> {
        let first = hour_of(now) - DAY + 1;
        if self.from(first) < limit.0 {
            return None;
        }
        let leaving = (first..first + DAY).find(|hour| self.from(hour + 1) < limit.0);
        let hour = leaving.unwrap_or(first + DAY) + DAY;
        let at = Timestamp::from_second(hour.saturating_mul(HOUR));
        Some(at.or_else(|_| now.checked_add(SignedDuration::from_hours(DAY))).unwrap_or(now))
    }

    fn from(&self, hour: i64) -> u64 {
        self.hours.range(hour..).fold(0, |sum, (_, bytes)| sum.saturating_add(*bytes))
    }
}

fn hour_of(time: Timestamp) -> i64 {
    time.as_second().div_euclid(HOUR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn bytes_leave_the_day_after_twenty_four_hours() {
        let mut spending = Spending::default();
        spending.add(Bytes(10), at("2026-01-01T05:59:00Z"));
        spending.add(Bytes(5), at("2026-01-01T06:00:00Z"));

        assert_eq!(spending.of_the_day(at("2026-01-02T04:59:59Z")), Bytes(15));
        assert_eq!(spending.of_the_day(at("2026-01-02T05:00:00Z")), Bytes(5));
        assert_eq!(spending.of_the_day(at("2026-01-02T06:00:00Z")), Bytes(0));
    }

    #[test]
    fn it_is_known_when_a_title_may_spend_again() {
        let mut spending = Spending::default();
        spending.add(Bytes(10), at("2026-01-01T05:30:00Z"));
        spending.add(Bytes(5), at("2026-01-01T06:30:00Z"));
        let now = at("2026-01-01T07:00:00Z");

        assert_eq!(spending.below_at(Bytes(16), now), None);
        assert_eq!(spending.below_at(Bytes(15), now), Some(at("2026-01-02T05:00:00Z")));
        assert_eq!(spending.below_at(Bytes(6), now), Some(at("2026-01-02T05:00:00Z")));
        assert_eq!(spending.below_at(Bytes(5), now), Some(at("2026-01-02T06:00:00Z")));
    }

    #[test]
    fn a_limit_of_nothing_is_never_met() {
        let now = at("2026-01-01T07:00:00Z");

        assert_eq!(Spending::default().below_at(Bytes(0), now), Some(at("2026-01-02T08:00:00Z")));
    }

    #[test]
    fn hours_that_are_over_are_forgotten() {
        let mut spending = Spending::default();
        for hour in 0..100 {
            spending.add(Bytes(1), at("2026-01-01T00:00:00Z") + SignedDuration::from_hours(hour));
        }

        assert_eq!(spending.hours.len(), 24);
    }
}
