//! What lists show of an attempt; also what a new leader begins an attempt from that was created but has no log yet.

use himekuri_engine::{Attempt, AttemptOutcome, Config, KillReason};
use himekuri_protocol::{AttemptId, TaskId, TryNo};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::coordinator::RetryOf;
use crate::revision::ProjectRevision;
use crate::session::{SessionPlan, StartedBy};

/// One attempt in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AttemptSummary {
    /// Attempt; 0 until the store has given a number.
    #[serde(default = "unnumbered")]
    pub attempt: AttemptId,
    /// Place among the attempts of its session, from 1; `None` until it has begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Project.
    pub project: String,
    /// Revision.
    pub revision: String,
    /// GCP project of the title.
    pub gcp_project: Option<String>,
    /// Workflow.
    pub workflow: String,
    /// Session.
    pub session_time: Timestamp,
    /// The same in the workflow's zone, for people.
    pub session_local_time: String,
    /// What `moment()` answers.
    pub now: Timestamp,
    /// The session before.
    pub last_session_time: Option<Timestamp>,
    /// The session after.
    pub next_session_time: Option<Timestamp>,
    /// The session that the schedule started before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_executed_session_time: Option<Timestamp>,
    /// Who started it.
    #[serde(default)]
    pub started_by: StartedBy,
    /// Name of the attempt in its session; empty for the first (digdag).
    pub attempt_name: String,
    /// `-p`.
    #[schema(value_type = Object)]
    pub params: Config,
    /// `--override`.
    #[schema(value_type = Object)]
    pub overrides: Config,
    /// The task whose `require>` started it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_by: Option<RequiredBy>,
    /// The attempt that it retries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<RetryOf>,
    /// Where it is.
    pub state: AttemptState,
    /// When it was asked for.
    pub requested_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Bytes that BigQuery billed for its jobs, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_billed: Option<u64>,
    /// When the first entry of its `sla` was missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla_missed_at: Option<Timestamp>,
    /// The first failure, if it failed; of a killed attempt, why it was killed.
    pub error: Option<String>,
    /// Where it is in a trace (W3C `traceparent`); its spans are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Its kill, from the time it was asked for: what runs still has to be cancelled then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<Kill>,
}

/// That an attempt is killed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Kill {
    /// When.
    pub at: Timestamp,
    /// Why, and by whom.
    pub reason: KillReason,
}

/// A session and its attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionAttempt {
    /// The attempt.
    pub attempt: AttemptId,
    /// The session.
    pub session_time: Timestamp,
}

/// One try of a `require>`: after a crash, it recognises the attempt that it has started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequiredBy {
    /// Attempt.
    pub attempt: AttemptId,
    /// Task.
    pub task: TaskId,
    /// Try.
    pub try_no: TryNo,
}

/// Where an attempt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Has work left.
    Running,
    /// Ended well.
    Success,
    /// Ended with a failed task.
    Error,
    /// Was killed, and nothing of it runs any more.
    Canceled,
}

/// One text per session.
pub(crate) fn session_key(project: &str, workflow: &str, session_time: Timestamp) -> String {
    format!("{project}/{workflow}/{session_time}")
}

fn unnumbered() -> AttemptId {
    AttemptId(0)
}

impl AttemptSummary {
    /// A new attempt of a session, without parameters and name.
    pub(crate) fn new(
        revision: &ProjectRevision,
        workflow: &str,
        session: SessionPlan,
        requested_at: Timestamp,
    ) -> Self {
        Self {
            attempt: unnumbered(),
            number: None,
            project: revision.project.clone(),
            revision: revision.revision.clone(),
            gcp_project: revision.gcp_project.clone(),
            workflow: workflow.to_owned(),
            session_time: session.session_time,
            session_local_time: session.local_time,
            now: session.now,
            last_session_time: session.last,
            next_session_time: session.next,
            last_executed_session_time: session.last_executed,
            started_by: session.started_by,
            attempt_name: String::new(),
            params: Config::new(),
            overrides: Config::new(),
            required_by: None,
            retry_of: None,
            state: AttemptState::Running,
            requested_at,
            ended_at: None,
            bytes_billed: None,
            sla_missed_at: None,
            error: None,
            trace: None,
            kill: None,
        }
    }

    /// The session it belongs to.
    #[must_use]
    pub fn session(&self) -> SessionPlan {
        SessionPlan {
            session_time: self.session_time,
            local_time: self.session_local_time.clone(),
            now: self.now,
            last: self.last_session_time,
            next: self.next_session_time,
            last_executed: self.last_executed_session_time,
            started_by: self.started_by,
        }
    }

    /// One text per session: attempts of the same session share it.
    #[must_use]
    pub fn session_key(&self) -> String {
        session_key(&self.project, &self.workflow, self.session_time)
    }

    /// Writes an attempt's kill and end down.
    pub(crate) fn update(&mut self, attempt: &Attempt) {
        self.kill = attempt.killed().map(|(reason, at)| Kill { at, reason: reason.clone() });
        let Some((outcome, at)) = attempt.outcome() else {
            return;
        };
        self.ended_at = Some(at);
        self.bytes_billed = Some(attempt.bytes_billed());
        self.state = match outcome {
            AttemptOutcome::Success => AttemptState::Success,
            AttemptOutcome::Error => AttemptState::Error,
            AttemptOutcome::Canceled => AttemptState::Canceled,
        };
        self.error = match attempt.killed() {
            // Its task may have ended and be forgotten since the kill was written down.
            Some((reason, _)) => self.error.take().or_else(|| Some(why_killed(attempt, reason))),
            None => attempt
                .first_failure()
                .map(|failed| format!("task {}: {}", failed.full_name, failed.error.message)),
        };
    }
}

fn why_killed(attempt: &Attempt, reason: &KillReason) -> String {
    let limits = attempt.started().time_limits;
    match reason {
        KillReason::Requested { by: Some(by) } => format!("killed by {by}"),
        KillReason::Requested { by: None } => "killed".to_owned(),
        KillReason::AttemptTimeLimit => {
            let seconds = limits.attempt_seconds.unwrap_or_default();
            format!("killed: the attempt took longer than {seconds} s (`--attempt-ttl`)")
        }
        KillReason::TaskTimeLimit { task } => {
            let name = attempt.task(*task).map_or("", |task| &task.full_name);
            let seconds = limits.task_seconds.unwrap_or_default();
            format!("killed: task {name} took longer than {seconds} s (`--task-ttl`)")
        }
    }
}
