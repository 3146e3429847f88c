//! Attempts as the store sees them.

use crate::{AttemptId, OutboxEntry};

/// What the leader keeps records of, beside attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// Schedules, by `<project>/<workflow>`.
    Schedule,
    /// What people have said about schedules, by `<project>/<workflow>`.
    ScheduleOrder,
    /// Backfills, by their number.
    Backfill,
    /// What people were told, by what it was.
    Notice,
    /// What titles were billed, by their names.
    Spending,
    /// Titles that somebody has paused, by their names.
    Pause,
    /// How fresh the marts of workflows are, by `<project>/<workflow>`.
    Mart,
    /// Facts of the whole pool, by names: where its leader is, which journal it has.
    Pool,
}

impl RecordKind {
    /// For errors.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::ScheduleOrder => "schedule order",
            Self::Backfill => "backfill",
            Self::Notice => "notice",
            Self::Spending => "spending",
            Self::Pause => "pause",
            Self::Mart => "mart",
            Self::Pool => "pool",
        }
    }
}

/// A request to create an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAttempt {
    /// The session: one text per (project, workflow, session time).
    pub session_key: String,
    /// Name of the attempt, unique in its session: asking twice for the same name creates one attempt.
    pub attempt_name: String,
    /// JSON text shown in lists.
    pub summary: String,
}

/// What became of a request to create an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creation {
    /// A new attempt.
    Created {
        /// Its id: higher than every id given before.
        attempt: AttemptId,
        /// Its number in the session, counted from 1 and never used again.
        number: u64,
    },
    /// The session already has an attempt with this name.
    Exists {
        /// The attempt that has it.
        attempt: AttemptId,
        /// Its number in the session.
        number: u64,
    },
}

impl Creation {
    /// The attempt, new or not.
    #[must_use]
    pub const fn attempt(self) -> AttemptId {
        match self {
            Self::Created { attempt, .. } | Self::Exists { attempt, .. } => attempt,
        }
    }
}

/// An attempt that the store has lost and somebody else remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LostAttempt {
    /// Its id.
    pub attempt: AttemptId,
    /// Its number in the session.
    pub number: u64,
    /// What it was created from; the summary is its last one.
    pub request: NewAttempt,
    /// Whether it was over.
    pub state: AttemptState,
}

/// An attempt after a claim: nobody with a lower epoch can change it any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedAttempt {
    /// The last snapshot, if there is one.
    pub snapshot: Option<Snapshot>,
    /// All records, oldest first; with a snapshot, the first one and those behind it.
    pub log: Vec<String>,
    /// Messages that may not have been published yet, in the order in which they were committed.
    pub outbox: Vec<OutboxEntry>,
    /// The session it belongs to.
    pub session_key: String,
    /// Its number in the session.
    pub number: u64,
    /// Whether it is over.
    pub finished: bool,
    /// Where its log has gone, if it has: [`Store::remove_log`](crate::Store::remove_log).
    pub archived: Option<String>,
}

/// The state of an attempt at a length of its log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The length.
    pub length: u64,
    /// In the words of who wrote it.
    pub body: String,
}

/// Whether an attempt is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// It has work left.
    Active,
    /// It is over.
    Finished,
}

/// What the store still holds of a finished attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// All of it. [`Store::remove_log`](crate::Store::remove_log) moves it on.
    Log,
    /// What lists show; the log is in an archive. [`Store::remove_summary`](crate::Store::remove_summary) moves it on, and
    /// then only its name in the session, its id and its number are left.
    Summary,
}

/// Which attempts to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptFilter {
    /// Only attempts of this session.
    pub session_key: Option<String>,
    /// Only attempts in this state.
    pub state: Option<AttemptState>,
    /// Only attempts older than this one: the last of the page before.
    pub before: Option<AttemptId>,
    /// Most attempts to return.
    pub limit: usize,
}

impl Default for AttemptFilter {
    fn default() -> Self {
        Self { session_key: None, state: None, before: None, limit: 100 }
    }
}
