//! The store as one program sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use himekuri_protocol::AttemptId;
use himekuri_store::{
    AttemptFilter, ClaimedAttempt, Commit, CommitError, Creation, Epoch, Kept, LeaseOutcome,
    LostAttempt, NewAttempt, RecordKind, Store, StoreError,
};

use crate::faults::Fault;
use crate::life::Life;

/// A program's way to the store.
pub(crate) struct SimStore {
    pub(crate) life: Arc<Life>,
}

impl SimStore {
    fn strikes(&self, fault: Fault) -> bool {
        self.life.world.faults.strikes(fault, &self.life.world.dice)
    }

    /// On the way there; `false`: nobody answers, and nothing was written.
    async fn go(&self) -> bool {
        self.life.enter().await;
        self.life.travel().await;
        !self.strikes(Fault::StoreRefused)
    }

    /// On the way back; `false`: it was written, and nobody says so.
    async fn come_back(&self) -> bool {
        self.life.leave().await;
        !self.strikes(Fault::StoreReplyLost)
    }

    async fn call<T>(
        &self,
        operation: &str,
        effect: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        if !self.go().await {
            return Err(broken(operation));
        }
        let result = effect.await;
        match self.come_back().await {
            true => result,
            false => Err(broken(operation)),
        }
    }

    fn look_at_commit(&self, attempt: AttemptId, epoch: Epoch, result: &Result<u64, CommitError>) {
        if result.is_ok() && self.life.world.is_deposed(attempt, epoch) {
            self.life.world.ledger.written_by_deposed(attempt);
        }
    }
}

#[async_trait]
impl Store for SimStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<LeaseOutcome, StoreError> {
        self.call("acquire the lease", self.life.world.store.acquire_lease(holder, ttl)).await
    }

    async fn renew_lease(
        &self,
        holder: &str,
        epoch: Epoch,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        self.call("renew the lease", self.life.world.store.renew_lease(holder, epoch, ttl)).await
    }

    async fn release_lease(&self, holder: &str, epoch: Epoch) -> Result<(), StoreError> {
        self.call("release the lease", self.life.world.store.release_lease(holder, epoch)).await
    }

    async fn put_revision(&self, revision: &str, archive: &[u8]) -> Result<(), StoreError> {
        self.call("put a revision", self.life.world.store.put_revision(revision, archive)).await
    }

    async fn revision(&self, revision: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.call("read a revision", self.life.world.store.revision(revision)).await
    }

    async fn put_project(&self, name: &str, record: &str) -> Result<(), StoreError> {
        self.call("put a project", self.life.world.store.put_project(name, record)).await
    }

    async fn project(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.call("read a project", self.life.world.store.project(name)).await
    }

    async fn projects(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.call("read the projects", self.life.world.store.projects()).await
    }

    async fn put_record(
        &self,
        epoch: Epoch,
        kind: RecordKind,
        key: &str,
        record: Option<&str>,
    ) -> Result<(), StoreError> {
        let put = self.life.world.store.put_record(epoch, kind, key, record);
        self.call("put a record", put).await
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, String)>, StoreError> {
        self.call("read the records", self.life.world.store.records(kind)).await
    }

    async fn create_attempt(
        &self,
        epoch: Epoch,
        request: &NewAttempt,
    ) -> Result<Creation, StoreError> {
        self.call("create an attempt", self.life.world.store.create_attempt(epoch, request)).await
    }

    async fn restore_attempt(&self, epoch: Epoch, lost: &LostAttempt) -> Result<(), StoreError> {
        self.call("restore an attempt", self.life.world.store.restore_attempt(epoch, lost)).await
    }

    async fn claim(&self, attempt: AttemptId, epoch: Epoch) -> Result<ClaimedAttempt, StoreError> {
        let claim = async {
            let claimed = self.life.world.store.claim(attempt, epoch).await;
            if claimed.is_ok() {
                self.life.world.claimed(attempt, epoch);
            }
            claimed
        };
        self.call("claim an attempt", claim).await
    }

    async fn commit(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        commit: Commit,
    ) -> Result<u64, CommitError> {
        let mut results = self.commit_many(epoch, vec![(attempt, commit)]).await;
        results.pop().unwrap_or_else(|| Err(lost(attempt)))
    }

    async fn commit_many(
        &self,
        epoch: Epoch,
        commits: Vec<(AttemptId, Commit)>,
    ) -> Vec<Result<u64, CommitError>> {
        let attempts: Vec<AttemptId> = commits.iter().map(|(attempt, _)| *attempt).collect();
        if !self.go().await {
            return attempts.into_iter().map(|attempt| Err(lost(attempt))).collect();
        }
        let results = self.life.world.store.commit_many(epoch, commits).await;
        for (attempt, result) in attempts.iter().zip(&results) {
            self.look_at_commit(*attempt, epoch, result);
        }
        match self.come_back().await {
            true => results,
            false => attempts.into_iter().map(|attempt| Err(lost(attempt))).collect(),
        }
    }

    async fn mark_published(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        ids: Vec<String>,
    ) -> Result<(), CommitError> {
        if !self.go().await {
            return Err(lost(attempt));
        }
        let result = self.life.world.store.mark_published(attempt, epoch, ids).await;
        match self.come_back().await {
            true => result,
            false => Err(lost(attempt)),
        }
    }

    async fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StoreError> {
        self.call("read a log", self.life.world.store.log(attempt)).await
    }

    async fn active_attempts(&self) -> Result<Vec<AttemptId>, StoreError> {
        self.call("read the active attempts", self.life.world.store.active_attempts()).await
    }

    async fn attempts(
        &self,
        filter: &AttemptFilter,
    ) -> Result<Vec<(AttemptId, String)>, StoreError> {
        self.call("read the attempts", self.life.world.store.attempts(filter)).await
    }

    async fn session_attempts(
        &self,
        session_key: &str,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        let read = self.life.world.store.session_attempts(session_key);
        self.call("read the attempts of a session", read).await
    }

    async fn finished_attempts(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        let read = self.life.world.store.finished_attempts(kept, after, limit);
        self.call("read the finished attempts", read).await
    }

    async fn remove_log(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        archived_at: &str,
    ) -> Result<(), StoreError> {
        let remove = self.life.world.store.remove_log(attempt, epoch, archived_at);
        self.call("remove a log", remove).await
    }

    async fn remove_summary(&self, attempt: AttemptId, epoch: Epoch) -> Result<(), StoreError> {
        self.call("remove a summary", self.life.world.store.remove_summary(attempt, epoch)).await
    }
}

fn broken(operation: &str) -> StoreError {
    let source = "the simulation broke the connection".into();
    StoreError::Command { operation: operation.to_owned(), source }
}

fn lost(attempt: AttemptId) -> CommitError {
    CommitError::Store { attempt, source: broken("commit") }
}
