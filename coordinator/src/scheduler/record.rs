//! What is remembered of a schedule between looks, and across leaders.

use std::collections::BTreeMap;

use himekuri_schedule::Session;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::coordinator::{Coordinator, StartError};
use crate::summary::SessionAttempt;

/// What is remembered of one schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct ScheduleRecord {
    /// The rule and zone that `next` was computed with, as text.
    pub rule: String,
    /// Last session that the schedule started.
    pub last_session_time: Option<Timestamp>,
    /// The session that is next; `None` when the schedule has ended.
    pub next: Option<Session>,
    /// The attempt that `next` waits for though its time has come (`depends_on_previous`).
    pub waits_for: Option<SessionAttempt>,
}

/// The JSON form.
#[derive(Serialize, Deserialize)]
struct Stored {
    rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_session_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_session_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_run_time: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    waits_for: Option<SessionAttempt>,
}

impl From<ScheduleRecord> for Stored {
    fn from(record: ScheduleRecord) -> Self {
        Self {
            rule: record.rule,
            last_session_time: record.last_session_time,
            next_session_time: record.next.map(|next| next.session_time),
            next_run_time: record.next.map(|next| next.run_time),
            waits_for: record.waits_for,
        }
    }
}

impl From<Stored> for ScheduleRecord {
    fn from(stored: Stored) -> Self {
        let next = stored.next_session_time.zip(stored.next_run_time);
        Self {
            rule: stored.rule,
            last_session_time: stored.last_session_time,
            next: next.map(|(session_time, run_time)| Session { session_time, run_time }),
            waits_for: stored.waits_for,
        }
    }
}

/// All records by `<project>/<workflow>`.
pub(super) async fn read(
    coordinator: &Coordinator,
) -> Result<BTreeMap<String, ScheduleRecord>, StartError> {
    let stored = coordinator.schedules().await?;
    let parsed = stored.into_iter().map(|(key, json)| Ok((key, serde_json::from_str(&json)?)));
    parsed.collect()
}
