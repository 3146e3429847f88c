//! From a workflow and dates to the sessions that will run, and to the first record of an attempt.

use std::sync::Arc;

use himekuri_engine::{
    AttemptStarted, Class, Config, LOG_VERSION, SlaStarted, TimeLimits, sla_due,
};
use himekuri_protocol::AttemptId;
use himekuri_schedule::{Schedule, ScheduleError, Session, time_zone, unscheduled_session};
use himekuri_template::{SessionFacts, session_variables};
use himekuri_workflow::{Located, Position, Sla, Workflow};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::revision::ProjectRevision;

/// digdag's default (`WorkflowFile`).
const DEFAULT_TIMEZONE: &str = "UTC";

/// Dates of the sessions to run, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionChoice {
    /// First session date.
    pub from: Date,
    /// Last session date.
    pub to: Date,
}

/// A session that will run.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionPlan {
    /// Its time: for `daily>`, midnight of its date.
    pub session_time: Timestamp,
    /// The same in the workflow's zone, as `${session_time}` prints it.
    pub local_time: String,
    /// What `moment()` answers in it (design D13).
    pub now: Timestamp,
    /// The session before it, if the workflow has a schedule.
    pub last: Option<Timestamp>,
    /// The session after it, if the workflow has a schedule.
    pub next: Option<Timestamp>,
    /// The session that the schedule started before this one; none for a start by hand.
    pub last_executed: Option<Timestamp>,
    /// Who starts it.
    pub started_by: StartedBy,
}

/// Who starts a session: it decides when its `sla` begins to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StartedBy {
    /// A person, or a program in a person's stead: `sla` counts from the start.
    #[default]
    Request,
    /// The schedule: `sla` counts from the planned run time, however late the start is.
    Schedule,
    /// A backfill: sessions of the past, which go behind those that people wait for. It has no `sla` (digdag).
    Backfill,
}

impl StartedBy {
    /// What its tasks count as where places are scarce.
    #[must_use]
    pub fn class(self) -> Class {
        match self {
            Self::Request | Self::Schedule => Class::Scheduled,
            Self::Backfill => Class::Backfill,
        }
    }
}

/// Why there is no session to run.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// `from` is after `to`.
    #[error("the range from {from} to {to} has no day; give the earlier date first")]
    EmptyRange {
        /// As given.
        from: Date,
        /// As given.
        to: Date,
    },
    /// The schedule has no session on these dates.
    #[error("workflow `{workflow}` has no session from {from} to {to}")]
    NoSession {
        /// Workflow.
        workflow: String,
        /// As given.
        from: Date,
        /// As given.
        to: Date,
    },
    /// The dates are at an end of the calendar.
    #[error(transparent)]
    Calendar(#[from] ScheduleError),
    /// `schedule:` or `timezone:` cannot be used.
    #[error("{position}: {message}")]
    Invalid {
        /// Where it is written.
        position: Position,
        /// What is wrong and the cure.
        message: String,
    },
}

/// The sessions of a workflow on the chosen dates, in order. `started` is the time of the request: what `moment()` answers in
/// a workflow without a schedule, which has no planned run time.
///
/// # Errors
/// An empty range, or a schedule or time zone that cannot be used.
pub fn plan_sessions(
    workflow: &Workflow,
    choice: SessionChoice,
    started: Timestamp,
) -> Result<Vec<SessionPlan>, SessionError> {
    let SessionChoice { from, to } = choice;
    if from > to {
        return Err(SessionError::EmptyRange { from, to });
    }
    let zone = zone_of(workflow)?;
    let sessions = match schedule_of(workflow)? {
        Some(schedule) => scheduled(&schedule, &zone, choice)?,
        None => unscheduled(&zone, choice, started)?,
    };
    if sessions.is_empty() {
        return Err(SessionError::NoSession { workflow: workflow.name.clone(), from, to });
    }
    Ok(sessions)
}

fn scheduled(
    schedule: &Schedule,
    zone: &TimeZone,
    choice: SessionChoice,
) -> Result<Vec<SessionPlan>, ScheduleError> {
    let sessions = schedule.session_times(zone, choice.from, choice.to)?;
    sessions.into_iter().map(|session| plan_session(schedule, zone, session)).collect()
}

/// One session of a schedule.
pub(crate) fn plan_session(
    schedule: &Schedule,
    zone: &TimeZone,
    session: Session,
) -> Result<SessionPlan, ScheduleError> {
    Ok(SessionPlan {
        session_time: session.session_time,
        local_time: local_time(zone, session.session_time),
        now: session.run_time,
        last: Some(schedule.last_session_time(zone, session.session_time)?),
        next: Some(schedule.next_session_time(zone, session.session_time)),
        last_executed: None,
        started_by: StartedBy::Request,
    })
}

/// The session of a time that somebody names: one of the schedule's, or one beside it, which is as if it were started by
/// hand at `started` but knows its neighbours (digdag `AttemptBuilder`).
pub(crate) fn plan_session_at(
    workflow: &Workflow,
    session_time: Timestamp,
    started: Timestamp,
) -> Result<SessionPlan, SessionError> {
    let zone = zone_of(workflow)?;
    let Some(schedule) = schedule_of(workflow)? else {
        return Ok(plan_unscheduled(&zone, session_time, started));
    };
    let date = session_time.to_zoned(zone.clone()).date();
    let sessions = schedule.session_times(&zone, date, date)?;
    let found = sessions.into_iter().find(|session| session.session_time == session_time);
    let run_time = found.map_or(started, |session| session.run_time);
    Ok(plan_session(&schedule, &zone, Session { session_time, run_time })?)
}

fn plan_unscheduled(zone: &TimeZone, session_time: Timestamp, started: Timestamp) -> SessionPlan {
    SessionPlan {
        session_time,
        local_time: local_time(zone, session_time),
        now: started,
        last: None,
        next: None,
        last_executed: None,
        started_by: StartedBy::Request,
    }
}

fn unscheduled(
    zone: &TimeZone,
    choice: SessionChoice,
    started: Timestamp,
) -> Result<Vec<SessionPlan>, ScheduleError> {
    let days = choice.from.series(jiff::Span::new().days(1));
    let plan = |date: Date| Ok(plan_unscheduled(zone, unscheduled_session(zone, date)?, started));
    days.take_while(|date| *date <= choice.to).map(plan).collect()
}

pub(crate) fn timezone_name(workflow: &Workflow) -> &str {
    workflow.timezone.as_ref().map_or(DEFAULT_TIMEZONE, |timezone| timezone.value.as_str())
}

/// Schedule and zone as they are written: a new text is a new rule.
pub(crate) fn rule_of(workflow: &Workflow) -> String {
    let schedule = workflow.schedule.as_ref().map(|schedule| &schedule.value);
    serde_json::json!({ "timezone": timezone_name(workflow), "schedule": schedule }).to_string()
}

fn local_time(zone: &TimeZone, time: Timestamp) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The zone of a workflow.
pub(crate) fn zone_of(workflow: &Workflow) -> Result<TimeZone, SessionError> {
    time_zone(timezone_name(workflow)).map_err(|error| invalid(workflow.timezone.as_ref(), &error))
}

/// The schedule of a workflow, if it has one.
pub(crate) fn schedule_of(workflow: &Workflow) -> Result<Option<Schedule>, SessionError> {
    let Some(schedule) = &workflow.schedule else {
        return Ok(None);
    };
    Schedule::parse(&schedule.value).map(Some).map_err(|error| invalid(Some(schedule), &error))
}

fn invalid<T>(located: Option<&Located<T>>, error: &impl std::fmt::Display) -> SessionError {
    let position = located.map(|located| located.position.clone());
    SessionError::Invalid {
        position: position.unwrap_or_else(|| Position::start_of("")),
        message: error.to_string(),
    }
}

/// The first record that an attempt of `session` would have: for plans, which have no attempt number.
#[must_use]
pub fn plan_attempt(
    revision: &ProjectRevision,
    workflow: &Workflow,
    session: SessionPlan,
    params: Config,
    overrides: Config,
) -> AttemptStarted {
    let attempt = AttemptId(0);
    let at = session.now;
    begin(
        revision,
        workflow,
        Begin { attempt, number: 1, attempt_name: String::new(), at, session, params, overrides },
    )
}

/// Which attempt of a session begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Begin {
    /// Attempt.
    pub attempt: AttemptId,
    /// Number within the session.
    pub number: u32,
    /// Name of the attempt; empty for the first.
    pub attempt_name: String,
    /// When.
    pub at: Timestamp,
    /// The session.
    pub session: SessionPlan,
    /// `-p`.
    pub params: Config,
    /// `--override`.
    pub overrides: Config,
}

/// The first record of an attempt.
#[must_use]
pub(crate) fn begin(
    revision: &ProjectRevision,
    workflow: &Workflow,
    begin: Begin,
) -> AttemptStarted {
    let timezone = timezone_name(workflow).to_owned();
    let zone = zone_of(workflow).unwrap_or(TimeZone::UTC);
    let session =
        uuid_of(&format!("{}/{}/{}", revision.project, workflow.name, begin.session.session_time));
    let sla = match begin.session.started_by {
        StartedBy::Request => sla(workflow, begin.at, &zone),
        StartedBy::Schedule => sla(workflow, begin.session.now, &zone),
        StartedBy::Backfill => Vec::new(),
    };
    let variables = session_variables(&SessionFacts {
        session_time: begin.session.session_time,
        time_zone: zone.clone(),
        time_zone_name: timezone.clone(),
        project_id: number_of_name(&revision.project),
        session_id: number_of(session),
        attempt_id: i64::try_from(begin.attempt.0).unwrap_or(i64::MAX),
        session_uuid: session.to_string(),
        task_name: workflow.root.name.clone(),
        retry_attempt_name: (!begin.attempt_name.is_empty()).then_some(begin.attempt_name),
        last_session_time: begin.session.last,
        next_session_time: begin.session.next,
        last_executed_session_time: begin.session.last_executed,
    });
    AttemptStarted {
        version: LOG_VERSION,
        at: begin.at,
        attempt: begin.attempt,
        number: begin.number,
        project: revision.project.clone(),
        revision: revision.revision.clone(),
        workflow: workflow.name.clone(),
        session_time: begin.session.session_time,
        now: begin.session.now,
        timezone,
        gcp_project: revision.gcp_project.clone(),
        variables,
        params: begin.params,
        overrides: begin.overrides,
        sla,
        time_limits: TimeLimits::default(),
        resumed: None,
        root: Arc::new(workflow.root.clone()),
    }
}

/// The entries of `sla:`, counted from the run time or the time of the request (digdag `AttemptBuilder`).
fn sla(workflow: &Workflow, run_time: Timestamp, zone: &TimeZone) -> Vec<SlaStarted> {
    let started = |sla: &Sla| {
        let (due, body) = (sla_due(sla.trigger, run_time, zone)?, sla.body.clone());
        Some(SlaStarted { due, alert: sla.alert, fail: sla.fail, body })
    };
    workflow.sla.iter().filter_map(started).collect()
}

/// The same name has the same id, whoever asks and however often.
pub(crate) fn uuid_of(name: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
}

/// The number of a thing with this name.
pub(crate) fn number_of_name(name: &str) -> i64 {
    number_of(uuid_of(name))
}

/// digdag numbers projects and sessions; here a number is derived from the name, within what JavaScript counts exactly.
fn number_of(id: Uuid) -> i64 {
    let (high, ..) = id.as_fields();
    i64::from(high)
}

#[cfg(test)]
mod tests;
