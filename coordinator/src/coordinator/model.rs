//! What callers hand over and get back.

use std::time::Duration;

use himekuri_archive::Archive;
use himekuri_cost::Price;
use himekuri_engine::{Config, Limits, TimeLimits};
use himekuri_protocol::AttemptId;
use himekuri_template::Limits as ExpressionLimits;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Pause;
use crate::clock::Clock;
use crate::session::SessionChoice;
use crate::spending::SpendingLimits;
use crate::summary::AttemptState;

/// Settings of a coordinator.
#[derive(Clone, Debug)]
pub struct CoordinatorConfig {
    /// Name of this process in the lease and in logs.
    pub name: String,
    /// How much may be out at once.
    pub limits: Limits,
    /// What each title may be billed in 24 hours.
    pub spending: SpendingLimits,
    /// What BigQuery's bytes cost, for metrics.
    pub price: Price,
    /// Share of attempts whose traces are told whole.
    pub trace_ratio: f64,
    /// How much one expression may cost.
    pub expressions: ExpressionLimits,
    /// How often submitted jobs are looked at.
    pub watch_every: Duration,
    /// How long the lease lasts without renewal: a dead leader is replaced within this and one look of the standby.
    pub lease: Duration,
    /// Added to the numbers of attempts. A pool whose store lives as long as its BigQuery project needs 0; a run whose
    /// store is gone afterwards needs a base that no earlier run had, or it would meet its old job ids (design D5).
    pub number_base: u32,
    /// After how long a new attempt is killed; attempts that run keep what they began with.
    pub time_limits: TimeLimits,
    /// Records after which an attempt's state is stored beside its log, so that a takeover need not read the log from its
    /// start; two for each task that is out or may go out, if those are more.
    pub snapshot_every: u64,
    /// Where finished attempts go, and are read from once they are there.
    pub archive: Option<Archive>,
    /// What time it is.
    pub clock: Clock,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            name: format!("coordinator-{}", uuid::Uuid::new_v4().simple()),
            limits: Limits::default(),
            spending: SpendingLimits::default(),
            price: Price::default(),
            trace_ratio: 0.0,
            expressions: ExpressionLimits::default(),
            watch_every: Duration::from_secs(2),
            lease: Duration::from_secs(6),
            number_base: 0,
            time_limits: TimeLimits::DIGDAG,
            snapshot_every: 5_000,
            archive: None,
            clock: Clock::Machine,
        }
    }
}

/// A pushed project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProjectRecord {
    /// Name: the title.
    pub name: String,
    /// Hash of the files.
    pub revision: String,
    /// GCP project of the title's jobs.
    pub gcp_project: Option<String>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Its workflows.
    pub workflows: Vec<String>,
    /// The commit that was pushed, if the folder was in a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<GitState>,
    /// That somebody keeps its tasks from going out; a record of its own in the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<Pause>,
}

/// What Git says of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GitState {
    /// The commit that is checked out.
    pub commit: String,
    /// Whether files were pushed that are not as committed.
    pub dirty: bool,
    /// What it mounts, such as the marts that all titles share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submodules: Vec<GitSubmodule>,
}

/// A submodule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GitSubmodule {
    /// Where it is mounted.
    pub path: String,
    /// The commit that is checked out there.
    pub commit: String,
}

/// Sessions to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StartRequest {
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Session dates.
    #[serde(flatten)]
    pub sessions: SessionChoice,
    /// `-p`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub params: Config,
    /// `--override`.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub overrides: Config,
    /// Name of the attempt; a second attempt of a session needs one of its own (digdag `--retry NAME`).
    #[serde(default)]
    pub attempt_name: String,
    /// Hash of the files that the caller has looked at: with others nothing starts.
    #[serde(default)]
    pub revision: Option<String>,
}

/// What became of one session's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Started {
    /// The new attempt, or the one that was there.
    pub attempt: AttemptId,
    /// Number in the session.
    pub number: u64,
    /// The session.
    pub session_time: Timestamp,
    /// The same in the workflow's zone, for people.
    pub session_local_time: String,
    /// Whether it is new.
    pub created: bool,
}

/// Who kills an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KillRequest {
    /// A name for those who look at it later.
    #[serde(default)]
    pub by: Option<String>,
}

/// What became of a kill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Killed {
    /// The attempt.
    pub attempt: AttemptId,
    /// Whether this request killed it: not if it had ended, or was killed before.
    pub killed: bool,
    /// Where it is: running until its jobs are over.
    pub state: AttemptState,
    /// Full names of the tasks whose jobs must end first.
    pub canceling: Vec<String>,
}
