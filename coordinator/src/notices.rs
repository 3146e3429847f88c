//! What people have to be told: pure, so that every calendar can be tried. One notice for each workflow, session date and cause.

use std::collections::BTreeMap;

use himekuri_protocol::AttemptId;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::coordinator::ScheduleView;
use crate::summary::{AttemptState, AttemptSummary};

/// What is older than this is no news: a coordinator that begins must not tell the past again.
const NEWS: SignedDuration = SignedDuration::from_hours(24);

/// Why somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The newest attempt of a session has failed.
    Failed,
    /// An attempt did not end by the time of its `sla`.
    Sla,
    /// A session should have started, and did not.
    NotStarted,
}

/// One thing that somebody is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Why.
    pub cause: Cause,
    /// The title.
    pub project: String,
    /// The workflow.
    pub workflow: String,
    /// The session, in the workflow's zone where it is known.
    pub session: String,
    /// The attempt, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<AttemptId>,
    /// When it happened.
    pub at: Timestamp,
    /// The whole in a sentence or two, with what to do.
    pub text: String,
}

impl Notice {
    /// The same for every notice that says the same.
    pub(crate) fn key(&self) -> String {
        let date = self.session.get(..10).unwrap_or(&self.session);
        let cause = match self.cause {
            Cause::Failed => "failed",
            Cause::Sla => "sla",
            Cause::NotStarted => "not_started",
        };
        format!("{}/{}/{date}/{cause}", self.project, self.workflow)
    }
}

/// What is to be told at `now`. `attempts` are the newest of the pool, newest first; a session that should have run `grace` ago
/// and did not is late.
pub(crate) fn due(
    attempts: &[AttemptSummary],
    schedules: &[ScheduleView],
    now: Timestamp,
    grace: SignedDuration,
) -> Vec<Notice> {
    let mut newest: BTreeMap<String, &AttemptSummary> = BTreeMap::new();
    for attempt in attempts {
        newest.entry(attempt.session_key()).or_insert(attempt);
    }
    let failed = newest.values().filter_map(|attempt| failed(attempt, now));
    let late = newest.values().filter_map(|attempt| sla(attempt, now));
    let missing = schedules.iter().filter_map(|schedule| not_started(schedule, now, grace));
    failed.chain(late).chain(missing).collect()
}

fn is_news(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) <= NEWS
}

fn of_attempt(attempt: &AttemptSummary, cause: Cause, at: Timestamp, text: String) -> Notice {
    Notice {
        cause,
        project: attempt.project.clone(),
        workflow: attempt.workflow.clone(),
        session: attempt.session_local_time.clone(),
        attempt: Some(attempt.attempt),
        at,
        text,
    }
}

fn failed(attempt: &AttemptSummary, now: Timestamp) -> Option<Notice> {
    let ended_at = attempt.ended_at.filter(|at| is_news(*at, now))?;
    if attempt.state != AttemptState::Error {
        return None;
    }
    let why = attempt.error.as_deref().unwrap_or("a task failed");
    // The rest is a page of SQL; `why` shows it.
    let why = why.lines().next().unwrap_or_default();
    let text = format!(
        "{} failed: {why}. `himekuri why {}` says what to do",
        named(attempt),
        attempt.attempt
    );
    Some(of_attempt(attempt, Cause::Failed, ended_at, text))
}

fn sla(attempt: &AttemptSummary, now: Timestamp) -> Option<Notice> {
    let missed_at = attempt.sla_missed_at.filter(|at| is_news(*at, now))?;
    let text = format!(
        "{} did not end by the time of its `sla`; `himekuri tasks {}` shows what it waits for",
        named(attempt),
        attempt.attempt
    );
    Some(of_attempt(attempt, Cause::Sla, missed_at, text))
}

fn not_started(schedule: &ScheduleView, now: Timestamp, grace: SignedDuration) -> Option<Notice> {
    let (run_time, session) = schedule.next_run_time.zip(schedule.next_session_time)?;
    let is_late = now.duration_since(run_time) > grace;
    if !is_late || schedule.disabled_at.is_some() {
        return None;
    }
    let (project, workflow) = schedule.schedule.split_once('/')?;
    let why = match schedule.waits_for {
        Some(waits_for) => format!(
            "it waits for the success of attempt {}; `himekuri why {}` says what to do",
            waits_for.attempt, waits_for.attempt
        ),
        None => "see the coordinator's log".to_owned(),
    };
    Some(Notice {
        cause: Cause::NotStarted,
        project: project.to_owned(),
        workflow: workflow.to_owned(),
        session: session.to_string(),
        attempt: schedule.waits_for.map(|waits_for| waits_for.attempt),
        at: run_time,
        text: format!(
            "{project}/{workflow}, session {session}, should have started at {run_time}: {why}"
        ),
    })
}

fn named(attempt: &AttemptSummary) -> String {
    let session = attempt.session_local_time.get(..10).unwrap_or(&attempt.session_local_time);
    format!("{}/{}, session {session},", attempt.project, attempt.workflow)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::summary::SessionAttempt;

    const GRACE: SignedDuration = SignedDuration::from_mins(10);

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn attempt(id: u64, state: &str, ended_at: Option<&str>) -> AttemptSummary {
        serde_json::from_value(json!({
            "attempt": id,
            "project": "title_a",
            "revision": "r",
            "workflow": "summary",
            "session_time": "2026-01-01T15:00:00Z",
            "session_local_time": "2026-01-02T00:00:00+09:00",
            "now": "2026-01-01T22:00:00Z",
            "attempt_name": "",
            "params": {},
            "overrides": {},
            "state": state,
            "requested_at": "2026-01-01T22:00:00Z",
            "ended_at": ended_at,
            "error": "task +summary+access: no such table\nin line 3",
        }))
        .unwrap()
    }

    fn schedule(run_time: &str) -> ScheduleView {
        ScheduleView {
            schedule: "title_a/summary".to_owned(),
            last_session_time: None,
            next_session_time: Some(at("2026-01-01T15:00:00Z")),
            next_run_time: Some(at(run_time)),
            disabled_at: None,
            waits_for: None,
        }
    }

    #[test]
    fn a_failure_is_told_with_its_first_line_and_what_to_do() {
        let failed = attempt(7, "error", Some("2026-01-01T22:30:00Z"));

        let notices = due(&[failed], &[], at("2026-01-01T23:00:00Z"), GRACE);

        assert_eq!(notices.len(), 1);
        assert_eq!(
            notices[0].text,
            "title_a/summary, session 2026-01-02, failed: task +summary+access: no such table. `himekuri why 7` says what to do"
        );
        assert_eq!(notices[0].key(), "title_a/summary/2026-01-02/failed");
    }

    #[test]
    fn only_the_newest_attempt_of_a_session_counts() {
        let now = at("2026-01-01T23:00:00Z");
        let failed = attempt(7, "error", Some("2026-01-01T22:30:00Z"));
        for newer in ["running", "success", "canceled"] {
            let ended_at = (newer != "running").then_some("2026-01-01T22:40:00Z");

            let notices = due(&[attempt(8, newer, ended_at), failed.clone()], &[], now, GRACE);

            assert_eq!(notices, [], "{newer}");
        }
    }

    #[test]
    fn what_failed_long_ago_is_no_news() {
        let failed = attempt(7, "error", Some("2026-01-01T22:30:00Z"));

        assert_eq!(due(&[failed], &[], at("2026-01-02T23:00:00Z"), GRACE), []);
    }

    #[test]
    fn a_missed_sla_is_told_of_an_attempt_that_runs() {
        let late = AttemptSummary {
            sla_missed_at: Some(at("2026-01-01T22:50:00Z")),
            ..attempt(7, "running", None)
        };

        let notices = due(&[late], &[], at("2026-01-01T23:00:00Z"), GRACE);

        assert_eq!((notices.len(), notices[0].cause), (1, Cause::Sla));
    }

    #[test]
    fn a_session_that_never_started_is_late_after_the_grace() {
        let run_time = "2026-01-01T22:00:00Z";
        let of = |now: &str, view: ScheduleView| due(&[], &[view], at(now), GRACE);

        assert_eq!(of("2026-01-01T22:10:00Z", schedule(run_time)), []);
        let told = of("2026-01-01T22:10:01Z", schedule(run_time));
        assert_eq!((told.len(), told[0].cause), (1, Cause::NotStarted));
        let disabled = ScheduleView { disabled_at: Some(at(run_time)), ..schedule(run_time) };
        assert_eq!(of("2026-01-02T00:00:00Z", disabled), []);
        let waits_for = Some(SessionAttempt { attempt: AttemptId(5), session_time: at(run_time) });
        let told = of("2026-01-02T00:00:00Z", ScheduleView { waits_for, ..schedule(run_time) });
        assert!(told[0].text.contains("waits for the success of attempt 5"), "{}", told[0].text);
    }
}
