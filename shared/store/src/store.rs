//! The seam between the coordinator and its state.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    AttemptFilter, AttemptId, ClaimedAttempt, Commit, CommitError, Creation, Epoch, Kept,
    LeaseOutcome, LostAttempt, NewAttempt, RecordKind, StoreError,
};

/// Keeps projects, attempts and the leader's lease.
///
/// Every method fails with [`StoreError::Command`] when the store stays unreachable, and may be repeated then.
#[async_trait]
pub trait Store: Send + Sync {
    /// Takes the lease if nobody holds it, with a new epoch.
    ///
    /// The lease ends by itself after `ttl`, measured by the store's clock. A holder that asks again (the
    /// same name after a restart) gets a new epoch at once.
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<LeaseOutcome, StoreError>;

    /// Makes the lease last `ttl` from now. `false`: it is lost, and the asker must stop leading.
    async fn renew_lease(
        &self,
        holder: &str,
        epoch: Epoch,
        ttl: Duration,
    ) -> Result<bool, StoreError>;

    /// Gives the lease back, if it is still held.
    async fn release_lease(&self, holder: &str, epoch: Epoch) -> Result<(), StoreError>;

    /// Stores the archive of a revision. A revision is named by its content, so writing twice is harmless.
    async fn put_revision(&self, revision: &str, archive: &[u8]) -> Result<(), StoreError>;

    /// The archive of a revision.
    async fn revision(&self, revision: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores the JSON record of a project, replacing the one before.
    async fn put_project(&self, name: &str, record: &str) -> Result<(), StoreError>;

    /// The JSON record of a project.
    async fn project(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Names and JSON records of all projects, by name.
    async fn projects(&self) -> Result<Vec<(String, String)>, StoreError>;

    /// Writes a JSON record that the leader keeps, replacing what was; `None` forgets it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when a newer leader has begun.
    async fn put_record(
        &self,
        epoch: Epoch,
        kind: RecordKind,
        key: &str,
        record: Option<&str>,
    ) -> Result<(), StoreError>;

    /// Keys and JSON records of a kind, by key.
    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, String)>, StoreError>;

    /// Creates an attempt, unless its session already has one with this name.
    ///
    /// The new attempt is active, has an empty log, and is claimed by `epoch`. After an error it may have been
    /// created all the same: ask again with the same name, and take `Exists` as well.
    ///
    /// A leader that begins afterwards finds the attempt in [`Store::active_attempts`], however far its creation came, and
    /// by its claim shuts the creator out.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when a newer leader has begun, and when the store does not know that this one has: it was emptied,
    /// and would give out ids that had been given before.
    async fn create_attempt(
        &self,
        epoch: Epoch,
        request: &NewAttempt,
    ) -> Result<Creation, StoreError>;

    /// Puts an attempt back that the store has lost, with its id and its number and with an empty log: an active one begins
    /// anew. Ids and numbers that are given from now on are higher. Leaves an attempt alone that is there. May be repeated.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when a newer leader has begun.
    async fn restore_attempt(&self, epoch: Epoch, lost: &LostAttempt) -> Result<(), StoreError>;

    /// Shuts out every lower epoch from the attempt, then reads it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when a newer leader claimed it; [`StoreError::UnknownAttempt`].
    async fn claim(&self, attempt: AttemptId, epoch: Epoch) -> Result<ClaimedAttempt, StoreError>;

    /// Writes one step of an attempt; returns the length of the log after it.
    ///
    /// An identical commit that is already in the log succeeds and changes nothing. An attempt whose log was removed takes
    /// none.
    ///
    /// # Errors
    /// See [`CommitError`].
    async fn commit(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        commit: Commit,
    ) -> Result<u64, CommitError>;

    /// Writes steps of many attempts in one go. Each succeeds or fails alone; results are in the order
    /// given. At most one commit per attempt makes sense: commits of one attempt may be applied in any order.
    async fn commit_many(
        &self,
        epoch: Epoch,
        commits: Vec<(AttemptId, Commit)>,
    ) -> Vec<Result<u64, CommitError>>;

    /// Removes entries from the outbox whose publication was confirmed. Unknown ids are ignored.
    ///
    /// # Errors
    /// See [`CommitError`]; never a conflict.
    async fn mark_published(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        ids: Vec<String>,
    ) -> Result<(), CommitError>;

    /// All records of an attempt, oldest first, without claiming it.
    ///
    /// # Errors
    /// [`StoreError::Archived`] when it was removed; [`StoreError::UnknownAttempt`].
    async fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StoreError>;

    /// Attempts that are not over, oldest first. May name attempts that are over or were never created in
    /// full, after a crash at the wrong moment: [`Store::claim`] tells, and repairs the index.
    async fn active_attempts(&self) -> Result<Vec<AttemptId>, StoreError>;

    /// Attempts with their summaries, newest first; without those whose summary was removed.
    async fn attempts(
        &self,
        filter: &AttemptFilter,
    ) -> Result<Vec<(AttemptId, String)>, StoreError>;

    /// All attempts of a session, newest first, with their summaries; `None` where the summary was removed.
    async fn session_attempts(
        &self,
        session_key: &str,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError>;

    /// Finished attempts with ids above `after`, oldest first and at most `limit`: of those of which the store keeps so
    /// much. A crash in the middle of a removal may leave one that has less already, with or without a summary: remove
    /// again.
    async fn finished_attempts(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError>;

    /// Removes log, snapshot and outbox of a finished attempt, which `archived_at` has now. Its summary stays, and so does
    /// what must never come back: its name in the session, its id and its number. May be repeated; the place that was told
    /// first counts.
    ///
    /// # Errors
    /// [`StoreError::Needed`] when it is not over; [`StoreError::Fenced`] when a newer leader claimed it;
    /// [`StoreError::UnknownAttempt`].
    async fn remove_log(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        archived_at: &str,
    ) -> Result<(), StoreError>;

    /// Removes the summary of an archived attempt: lists show it no more. May be repeated.
    ///
    /// # Errors
    /// [`StoreError::Needed`] when its log is still here; [`StoreError::Fenced`] when a newer leader claimed it;
    /// [`StoreError::UnknownAttempt`].
    async fn remove_summary(&self, attempt: AttemptId, epoch: Epoch) -> Result<(), StoreError>;
}
