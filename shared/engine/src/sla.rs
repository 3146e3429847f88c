//! `sla:`: by when an attempt should have ended (digdag `SlaCalculator`, reference 1.8).

use std::time::Duration;

use himekuri_protocol::TaskId;
use himekuri_workflow::SlaTrigger;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::attempt::Attempt;
use crate::record::{Record, SlaStarted};
use crate::state::TaskState;

/// Longest `time` that a day's clock shows, seconds.
const DAY_SECONDS: u32 = 86_400;

/// When an attempt with this run time is late; `None` at the end of the calendar.
///
/// A `time` is that of the run time's day in `zone`, or if this has passed, 24 hours later. On a day whose clock skips the
/// time, it is so long after midnight as if it did not. `24:00` and more count on into the next day.
#[must_use]
pub fn sla_due(trigger: SlaTrigger, run_time: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    match trigger {
        SlaTrigger::Duration { seconds } => {
            run_time.checked_add(Duration::from_secs(u64::from(seconds))).ok()
        }
        SlaTrigger::Time { seconds } => {
            let days = i64::from(seconds / DAY_SECONDS);
            let date = run_time.to_zoned(zone.clone()).date();
            let date = date.checked_add(jiff::Span::new().days(days)).ok()?;
            let within = i64::from(seconds % DAY_SECONDS);
            let midnight = jiff::civil::Time::midnight();
            let time = midnight.checked_add(jiff::Span::new().seconds(within)).ok()?;
            let due =
                zone.to_ambiguous_zoned(date.to_datetime(time)).compatible().ok()?.timestamp();
            if due < run_time {
                due.checked_add(Duration::from_secs(u64::from(DAY_SECONDS))).ok()
            } else {
                Some(due)
            }
        }
    }
}

impl Attempt {
    /// The entry whose time comes next. While the root waits for its retry, nobody could join it, so the entry waits
    /// as well. None of a killed attempt comes.
    pub(crate) fn next_sla(&self) -> Option<(u32, &SlaStarted)> {
        if self.killed.is_some() || self.live(TaskId::ROOT)?.state != TaskState::Planned {
            return None;
        }
        (0..)
            .zip(&self.started.sla)
            .filter(|(number, _)| !self.missed_sla.contains(number))
            .min_by_key(|(_, sla)| sla.due)
    }

    /// Whether the attempt must end as an error because it is late.
    pub(crate) fn has_failed_by_sla(&self) -> bool {
        (0..)
            .zip(&self.started.sla)
            .any(|(number, sla)| sla.fail && self.missed_sla.contains(&number))
    }

    pub(crate) fn sla_decision(&self, now: Timestamp) -> Option<Record> {
        let (sla, _) = self.next_sla().filter(|(_, sla)| sla.due <= now)?;
        Some(Record::SlaMissed { at: now, first: self.next_id, sla })
    }
}
