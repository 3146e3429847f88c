//! The store inside one process, for `himekuri run` and for tests. It forgets everything when dropped.

mod outbox;
mod state;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    AttemptFilter, AttemptId, ClaimedAttempt, Commit, CommitError, Creation, Epoch, Kept,
    LeaseOutcome, LostAttempt, NewAttempt, RecordKind, Store, StoreError,
};
use state::State;

/// The pool's state inside one process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Goes back to the logs, outboxes and schedules that `earlier` holds, as Redis does that lost its last seconds in a
    /// failover. Epochs do not go back: they follow the server's time. For simulations.
    pub fn roll_back(&self, earlier: &Self) {
        let earlier = earlier.state().clone();
        self.state().roll_back(earlier);
    }

    /// A store that holds the same and goes its own way.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self { state: Mutex::new(self.state().clone()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<LeaseOutcome, StoreError> {
        Ok(self.state().acquire_lease(holder, ttl))
    }

    async fn renew_lease(
        &self,
        holder: &str,
        epoch: Epoch,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        Ok(self.state().renew_lease(holder, epoch, ttl))
    }

    async fn release_lease(&self, holder: &str, epoch: Epoch) -> Result<(), StoreError> {
        self.state().release_lease(holder, epoch);
        Ok(())
    }

    async fn put_revision(&self, revision: &str, archive: &[u8]) -> Result<(), StoreError> {
        self.state().revisions.insert(revision.to_owned(), archive.to_vec());
        Ok(())
    }

    async fn revision(&self, revision: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().revisions.get(revision).cloned())
    }

    async fn put_project(&self, name: &str, record: &str) -> Result<(), StoreError> {
        self.state().projects.insert(name.to_owned(), record.to_owned());
        Ok(())
    }

    async fn project(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state().projects.get(name).cloned())
    }

    async fn projects(&self) -> Result<Vec<(String, String)>, StoreError> {
        let state = self.state();
        Ok(state.projects.iter().map(|(name, record)| (name.clone(), record.clone())).collect())
    }

    async fn put_record(
        &self,
        epoch: Epoch,
        kind: RecordKind,
        key: &str,
        record: Option<&str>,
    ) -> Result<(), StoreError> {
        self.state().put_record(epoch, kind, key, record)
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, String)>, StoreError> {
        Ok(self.state().records(kind))
    }

    async fn create_attempt(
        &self,
        epoch: Epoch,
        request: &NewAttempt,
    ) -> Result<Creation, StoreError> {
        self.state().create_attempt(epoch, request)
    }

    async fn restore_attempt(&self, epoch: Epoch, lost: &LostAttempt) -> Result<(), StoreError> {
        self.state().restore_attempt(epoch, lost)
    }

    async fn claim(&self, attempt: AttemptId, epoch: Epoch) -> Result<ClaimedAttempt, StoreError> {
        self.state().claim(attempt, epoch)
    }

    async fn commit(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        commit: Commit,
    ) -> Result<u64, CommitError> {
        self.state().commit(attempt, epoch, commit)
    }

    async fn commit_many(
        &self,
        epoch: Epoch,
        commits: Vec<(AttemptId, Commit)>,
    ) -> Vec<Result<u64, CommitError>> {
        let mut state = self.state();
        commits.into_iter().map(|(attempt, step)| state.commit(attempt, epoch, step)).collect()
    }

    async fn mark_published(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        ids: Vec<String>,
    ) -> Result<(), CommitError> {
        self.state().mark_published(attempt, epoch, &ids)
    }

    async fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StoreError> {
        self.state().log(attempt)
    }

    async fn active_attempts(&self) -> Result<Vec<AttemptId>, StoreError> {
        Ok(self.state().active_attempts())
    }

    async fn attempts(
        &self,
        filter: &AttemptFilter,
    ) -> Result<Vec<(AttemptId, String)>, StoreError> {
        Ok(self.state().attempts(filter))
    }

    async fn session_attempts(
        &self,
        session_key: &str,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        Ok(self.state().session_attempts(session_key))
    }

    async fn finished_attempts(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        Ok(self.state().finished_attempts(kept, after, limit))
    }

    async fn remove_log(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        archived_at: &str,
    ) -> Result<(), StoreError> {
        self.state().remove_log(attempt, epoch, archived_at)
    }

    async fn remove_summary(&self, attempt: AttemptId, epoch: Epoch) -> Result<(), StoreError> {
        self.state().remove_summary(attempt, epoch)
    }
}
