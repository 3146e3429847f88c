//! `require>`: another session must have run (digdag `RequireOperatorFactory`, reference 4.1).
//!
//! The engine knows one attempt only. It writes down what is needed and waits; the coordinator starts the session or
//! finds its attempt, remembers it, looks at it again and again, and says here what it found.
//!
//! ```text
//! ready ──► requiring ──► joined ──► it ended ──► success or failure
//!               ▲                        │
//!               └──── `rerun_on` ◄───────┘ unless this task started it
//! ```

use std::sync::Arc;

use himekuri_protocol::{AttemptId, StoreParams, TaskError, TaskId, TryNo};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Config;
use crate::attempt::{Attempt, Task};
use crate::context::Context;
use crate::fold::ReplayError;
use crate::record::Record;
use crate::state::TaskState;

/// Reason of the error of a task whose session cannot be waited for, or failed.
const REQUIRE: &str = "require";

/// The session that a `require>` needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Requirement {
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Session.
    pub session_time: Timestamp,
    /// Name of the attempt to start: empty for the session's first, else `retry_attempt_name` or one of our own for an
    /// attempt that `rerun_on` asks for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attempt_name: String,
    /// `-p` of an attempt that is started.
    #[serde(default, skip_serializing_if = "Config::is_empty")]
    pub params: Config,
    /// When a session that has ended runs again.
    #[serde(default)]
    pub rerun_on: RerunOn,
    /// Whether a failed session is good enough.
    #[serde(default)]
    pub ignore_failure: bool,
}

/// `rerun_on:`, which sessions that ended before run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RerunOn {
    /// None of them.
    #[default]
    None,
    /// Those that failed.
    Failed,
    /// All of them.
    All,
}

/// A requirement as the coordinator looks at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Required {
    /// The task that waits.
    pub task: TaskId,
    /// Its try.
    pub try_no: TryNo,
    /// What it needs.
    pub requirement: Arc<Requirement>,
    /// The attempt that it waits for, once it is known.
    pub attempt: Option<AttemptId>,
}

/// What the coordinator found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredAnswer {
    /// The attempt of the session that counts.
    Attempt {
        /// The attempt.
        attempt: AttemptId,
        /// Whether this try of this task started it.
        kicked: bool,
        /// Where it is.
        state: RequiredState,
    },
    /// Nothing can be waited for.
    Refused {
        /// Why, and the cure.
        message: String,
    },
}

/// Where a required attempt is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequiredState {
    /// Has work left.
    Running,
    /// Ended well.
    Success,
    /// Ended as an error.
    Error {
        /// Its first failure.
        message: String,
    },
}

impl Attempt {
    /// What its tasks require, in order of their creation.
    pub fn required_sessions(&self) -> impl Iterator<Item = Required> + '_ {
        self.index.requiring.iter().filter_map(|id| required(self.live(*id)?))
    }

    /// Whether anything is required.
    #[must_use]
    pub fn requires_sessions(&self) -> bool {
        !self.index.requiring.is_empty()
    }

    /// Decides what an answer to `asked` means. Nothing changes if the task asks for something else by now, or if the
    /// answer says what is known.
    ///
    /// # Errors
    /// A defect of the engine; the caller drops the attempt and replays its log.
    pub fn required(
        &mut self,
        asked: &Required,
        answer: RequiredAnswer,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<Vec<Record>, ReplayError> {
        let Some(record) = self.required_decision(asked, answer, now, context) else {
            return Ok(Vec::new());
        };
        self.apply(&record)?;
        let mut records = vec![record];
        records.extend(self.advance(now, context)?);
        Ok(records)
    }

    fn required_decision(
        &self,
        asked: &Required,
        answer: RequiredAnswer,
        at: Timestamp,
        context: &mut Context<'_>,
    ) -> Option<Record> {
        let task = self.live(asked.task)?;
        let current = required(task)?;
        if current.try_no != asked.try_no || current.requirement != asked.requirement {
            return None;
        }
        let (attempt, kicked, state) = match answer {
            RequiredAnswer::Refused { message } => {
                return Some(self.required_failure(task, at, &message, context));
            }
            RequiredAnswer::Attempt { attempt, kicked, state } => (attempt, kicked, state),
        };
        let kicked = kicked || has_kicked(task);
        let failure = match state {
            RequiredState::Running if current.attempt == Some(attempt) => return None,
            RequiredState::Running => {
                return Some(Record::Joined { task: task.id, at, attempt, kicked });
            }
            RequiredState::Success => None,
            RequiredState::Error { message } => Some(message),
        };
        if !kicked && let Some(again) = self.rerun(&current, failure.is_some()) {
            let (task, try_no, required) = (task.id, current.try_no, Arc::new(again));
            return Some(Record::Requiring { task, at, try_no, required });
        }
        let requirement = &current.requirement;
        Some(match failure.filter(|_| !requirement.ignore_failure) {
            None => self.work_done(task, at, StoreParams::new(), None),
            Some(failure) => {
                let message = format!("attempt {attempt} of {requirement} failed: {failure}");
                self.required_failure(task, at, &message, context)
            }
        })
    }

    /// The requirement of another attempt, if the ended one does not do. Its name is made of what the log says, so that
    /// a repeat after a crash finds the attempt that it has started.
    fn rerun(&self, current: &Required, failed: bool) -> Option<Requirement> {
        let wanted = match current.requirement.rerun_on {
            RerunOn::None => false,
            RerunOn::Failed => failed,
            RerunOn::All => true,
        };
        let (attempt, task) = (self.started.attempt, current.task);
        let attempt_name = format!("require-{attempt}-{task}-{}", current.try_no);
        // An attempt that somebody else started under our name is as good as ours.
        let is_new = current.requirement.attempt_name != attempt_name;
        (wanted && is_new)
            .then(|| Requirement { attempt_name, ..Requirement::clone(&current.requirement) })
    }

    fn required_failure(
        &self,
        task: &Task,
        at: Timestamp,
        message: &str,
        context: &mut Context<'_>,
    ) -> Record {
        let message = format!("{}: {message}", self.position_of(task, "/require>"));
        let error = TaskError { reason: REQUIRE.to_owned(), message, job: None };
        let retry = self.retry_decision(task, at, error.clone(), context);
        retry.unwrap_or_else(|| self.own_failure(task, at, error))
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}/{}`, session {}", self.project, self.workflow, self.session_time)
    }
}

fn required(task: &Task) -> Option<Required> {
    match &task.state {
        TaskState::Requiring { requirement, attempt, .. } => Some(Required {
            task: task.id,
            try_no: task.last_try?,
            requirement: Arc::clone(requirement),
            attempt: *attempt,
        }),
        TaskState::Blocked
        | TaskState::Ready
        | TaskState::Running { .. }
        | TaskState::Waiting { .. }
        | TaskState::RetryWaiting { .. }
        | TaskState::Planned
        | TaskState::Success
        | TaskState::Error { .. }
        | TaskState::GroupError
        | TaskState::Canceled => None,
    }
}

/// Whether this try has started the attempt that it waits for.
fn has_kicked(task: &Task) -> bool {
    matches!(task.state, TaskState::Requiring { kicked: true, .. })
}
