//! The variables every task of a session sees. Source: digdag's `RuntimeParams` and `AttemptBuilder`.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use serde_json::Value;

use crate::Params;

/// What is known about a task's session and attempt.
#[derive(Debug, Clone)]
pub struct SessionFacts {
    /// The session's planned time.
    pub session_time: Timestamp,
    /// The workflow's time zone.
    pub time_zone: TimeZone,
    /// The zone as the workflow names it (`Asia/Tokyo`, `+09:00`, `UTC`), printed by `${timezone}`.
    pub time_zone_name: String,
    /// Number of the project.
    pub project_id: i64,
    /// Number of the session.
    pub session_id: i64,
    /// Number of the attempt.
    pub attempt_id: i64,
    /// The session's universally unique id.
    pub session_uuid: String,
    /// Full name of the task, such as `+daily+load`.
    pub task_name: String,
    /// Name of the attempt, which only retried and backfilled attempts have.
    pub retry_attempt_name: Option<String>,
    /// The scheduled session before this one; only workflows with a schedule have one.
    pub last_session_time: Option<Timestamp>,
    /// The scheduled session after this one; only workflows with a schedule have one.
    pub next_session_time: Option<Timestamp>,
    /// The session that ran before this one. Without one, digdag defines the variables as empty texts.
    pub last_executed_session_time: Option<Timestamp>,
}

/// The variables of a session: `session_time`, `session_date`, `project_id` and so on, and
/// `last_session_*` and `next_session_*` if the facts have those times.
pub fn session_variables(facts: &SessionFacts) -> Params {
    let mut variables = Params::new();
    let mut set = |name: &str, value: Value| variables.insert(name.to_owned(), value);
    set("timezone", facts.time_zone_name.as_str().into());
    set("project_id", facts.project_id.into());
    set("session_id", facts.session_id.into());
    set("attempt_id", facts.attempt_id.into());
    set("session_uuid", facts.session_uuid.as_str().into());
    set("task_name", facts.task_name.as_str().into());
    if let Some(name) = &facts.retry_attempt_name {
        set("retry_attempt_name", name.as_str().into());
    }
    let zoned = |time: Timestamp| time.to_zoned(facts.time_zone.clone());
    set_times(&mut variables, "session", &zoned(facts.session_time));
    if let Some(time) = facts.last_session_time {
        set_times(&mut variables, "last_session", &zoned(time));
    }
    if let Some(time) = facts.next_session_time {
        set_times(&mut variables, "next_session", &zoned(time));
    }
    match facts.last_executed_session_time {
        Some(time) => set_times(&mut variables, "last_executed_session", &zoned(time)),
        None => set_empty_times(&mut variables, &zoned(Timestamp::UNIX_EPOCH)),
    }
    variables
}

fn set_times(variables: &mut Params, prefix: &str, time: &Zoned) {
    let offset = time.strftime("%z").to_string();
    let texts = [
        ("time", time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()),
        ("date", time.strftime("%Y-%m-%d").to_string()),
        ("date_compact", time.strftime("%Y%m%d").to_string()),
        ("local_time", time.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        ("tz_offset", offset),
    ];
    for (suffix, text) in texts {
        variables.insert(format!("{prefix}_{suffix}"), text.into());
    }
    let seconds = time.timestamp().as_second();
    variables.insert(format!("{prefix}_unixtime"), seconds.into());
}

/// digdag leaves these empty but for the offset, which it takes at 1970-01-01.
fn set_empty_times(variables: &mut Params, epoch: &Zoned) {
    for suffix in ["time", "date", "date_compact", "local_time", "unixtime"] {
        variables.insert(format!("last_executed_session_{suffix}"), "".into());
    }
    let offset = epoch.strftime("%z").to_string();
    variables.insert("last_executed_session_tz_offset".to_owned(), offset.into());
}
