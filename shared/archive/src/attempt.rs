//! What is archived.

use himekuri_protocol::AttemptId;

/// A finished attempt, with everything that the store knew of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivedAttempt {
    /// Its id.
    pub attempt: AttemptId,
    /// The session it belongs to.
    pub session_key: String,
    /// Its number in the session.
    pub number: u64,
    /// JSON text shown in lists, on one line.
    pub summary: String,
    /// JSON records, oldest first, each on one line.
    pub log: Vec<String>,
}
