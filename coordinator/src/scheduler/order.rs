//! What people have said about a schedule. The API writes it, and every look of the scheduler obeys it: neither writes what the
//! other one does.

use himekuri_schedule::{Schedule, Session};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ScheduleRecord;

/// The shortest time, to include a session time that is given.
const INSTANT: SignedDuration = SignedDuration::from_nanos(1);

/// An order; without any of these, a schedule goes its own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleOrder {
    /// Since when it starts nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    /// Sessions before this time do not start by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// When the first of them starts, if not at its own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
}

impl ScheduleOrder {
    /// The schedule goes on with `first`, the next session of its rule. An order to leave out more stays.
    #[must_use]
    pub(crate) fn enabled_from(self, first: Option<Timestamp>) -> Self {
        let leaves_out_more = self.not_before > first;
        match leaves_out_more {
            true => Self { disabled_at: None, ..self },
            false => Self { disabled_at: None, not_before: first, run_at: None },
        }
    }

    /// The next session as this order has it, for a schedule whose next one was another.
    #[must_use]
    pub(crate) fn moved(
        &self,
        schedule: &Schedule,
        zone: &TimeZone,
        next: Option<Session>,
    ) -> Option<Session> {
        let Some(not_before) = self.not_before else { return next };
        if next?.session_time >= not_before {
            return next;
        }
        let moved = schedule.next(zone, not_before.checked_sub(INSTANT).ok()?)?;
        Some(Session { run_time: self.run_at.unwrap_or(moved.run_time), ..moved })
    }

    /// Moves the record's next session.
    pub(super) fn obeyed(&self, record: &mut ScheduleRecord, schedule: &Schedule, zone: &TimeZone) {
        let moved = self.moved(schedule, zone, record.next);
        if moved != record.next {
            record.next = moved;
            record.waits_for = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn daily() -> Schedule {
        let config = json!({"daily>": "07:00:00"});
        Schedule::parse(config.as_object().unwrap()).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn session(session_time: &str, run_time: &str) -> Session {
        Session { session_time: at(session_time), run_time: at(run_time) }
    }

    #[test]
    fn sessions_before_the_time_are_left_out_and_the_one_at_it_is_not() {
        let next = Some(session("2026-01-02T00:00:00Z", "2026-01-02T07:00:00Z"));
        let order = ScheduleOrder {
            not_before: Some(at("2026-01-05T00:00:00Z")),
            ..ScheduleOrder::default()
        };

        let moved = order.moved(&daily(), &TimeZone::UTC, next);

        assert_eq!(moved, Some(session("2026-01-05T00:00:00Z", "2026-01-05T07:00:00Z")));
    }

    #[test]
    fn a_schedule_that_is_further_already_stays() {
        let next = Some(session("2026-01-06T00:00:00Z", "2026-01-06T07:00:00Z"));
        let order = ScheduleOrder {
            not_before: Some(at("2026-01-05T00:00:00Z")),
            run_at: Some(at("2026-01-05T01:00:00Z")),
            ..ScheduleOrder::default()
        };

        assert_eq!(order.moved(&daily(), &TimeZone::UTC, next), next);
    }

    #[test]
    fn the_first_session_may_start_at_another_time() {
        let next = Some(session("2026-01-02T00:00:00Z", "2026-01-02T07:00:00Z"));
        let order = ScheduleOrder {
            not_before: Some(at("2026-01-03T00:00:00Z")),
            run_at: Some(at("2026-01-03T12:00:00Z")),
            ..ScheduleOrder::default()
        };

        let moved = order.moved(&daily(), &TimeZone::UTC, next);

        assert_eq!(moved, Some(session("2026-01-03T00:00:00Z", "2026-01-03T12:00:00Z")));
    }

    #[test]
    fn an_order_to_leave_out_more_outlives_the_one_to_leave_out_what_was_missed() {
        let first = Some(at("2026-01-03T00:00:00Z"));
        let order = |not_before: Option<&str>| ScheduleOrder {
            disabled_at: first,
            not_before: not_before.map(at),
            run_at: Some(at("2026-01-05T12:00:00Z")),
        };

        let later = order(Some("2026-01-05T00:00:00Z"));
        assert_eq!(later.enabled_from(first), ScheduleOrder { disabled_at: None, ..later });
        for earlier in [order(Some("2026-01-02T00:00:00Z")), order(None)] {
            let enabled = ScheduleOrder { not_before: first, ..ScheduleOrder::default() };
            assert_eq!(earlier.enabled_from(first), enabled);
        }
    }

    #[test]
    fn a_schedule_that_has_ended_stays_ended() {
        let order = ScheduleOrder {
            not_before: Some(at("2026-01-03T00:00:00Z")),
            ..ScheduleOrder::default()
        };

        assert_eq!(order.moved(&daily(), &TimeZone::UTC, None), None);
    }
}
