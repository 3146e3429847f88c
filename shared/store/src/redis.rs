//! The store on Redis 7 or Valkey.
//!
//! What must be one step is one Lua script over keys of one hash slot (`{a<id>}` for an attempt), so the
//! layout also fits Redis Cluster. The indexes (`active`, `finished`, `archived`) lie in other slots and are written in
//! separate, idempotent steps around the script; a crash in between leaves them wrong only in harmless ways:
//!
//! - **Creating:** number drawn → in `active` → name reserved in the session → attempt written. A crash leaves
//!   an id in `active` without an attempt; [`Store::claim`] removes it. A name without an attempt is filled
//!   when the same attempt is asked for again.
//! - **Finishing:** marked in the attempt → in `finished` → out of `active`. A crash leaves a finished attempt
//!   in `active`; [`Store::claim`] moves it.
//! - **Removing a log:** removed and marked in the attempt → in `archived` → out of `finished`. **A summary:** removed →
//!   out of `archived`. A crash leaves the attempt in the list that it was in, where it is found and removed again.
//!
//! Every command that may be repeated is repeated for a bounded time when the connection breaks or Redis is
//! still loading; the client library itself does not repeat the command in flight.

mod attempts;
mod config;
mod connection;
mod keys;
mod leader;
mod metrics;
mod projects;
mod records;
mod removal;
mod reply;
mod scripts;
mod startup;
mod steps;
mod tls;

use std::time::Duration;

use async_trait::async_trait;

pub use config::RedisConfig;

use crate::{
    AttemptFilter, AttemptId, ClaimedAttempt, Commit, CommitError, Creation, Epoch, Kept,
    LeaseOutcome, LostAttempt, NewAttempt, RecordKind, Store, StoreError,
};
use connection::Link;
use keys::Keys;
use metrics::{timed, timed_many};
use scripts::Scripts;

/// The pool's state in Redis.
#[derive(Debug)]
pub struct RedisStore {
    link: Link,
    keys: Keys,
    scripts: Scripts,
}

impl RedisStore {
    /// Connects and checks that this Redis is fit to hold state.
    ///
    /// # Errors
    /// When the address is malformed, a certificate cannot be read, nobody answers, the server's certificate is not trusted, the
    /// credentials are refused, the server is too old, a replica or part of a larger cluster, or it may evict keys.
    pub async fn connect(config: RedisConfig) -> Result<Self, StoreError> {
        let link = Link::open(&config).await?;
        startup::check(&link).await?;
        Ok(Self { link, keys: Keys::new(config.prefix), scripts: Scripts::new() })
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<LeaseOutcome, StoreError> {
        timed("acquire_lease", leader::acquire(self, holder, ttl)).await
    }

    async fn renew_lease(
        &self,
        holder: &str,
        epoch: Epoch,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        timed("renew_lease", leader::renew(self, holder, epoch, ttl)).await
    }

    async fn release_lease(&self, holder: &str, epoch: Epoch) -> Result<(), StoreError> {
        timed("release_lease", leader::release(self, holder, epoch)).await
    }

    async fn put_revision(&self, revision: &str, archive: &[u8]) -> Result<(), StoreError> {
        timed("put_revision", projects::put_revision(self, revision, archive)).await
    }

    async fn revision(&self, revision: &str) -> Result<Option<Vec<u8>>, StoreError> {
        timed("revision", projects::revision(self, revision)).await
    }

    async fn put_project(&self, name: &str, record: &str) -> Result<(), StoreError> {
        timed("put_project", projects::put_project(self, name, record)).await
    }

    async fn project(&self, name: &str) -> Result<Option<String>, StoreError> {
        timed("project", projects::project(self, name)).await
    }

    async fn projects(&self) -> Result<Vec<(String, String)>, StoreError> {
        timed("projects", projects::projects(self)).await
    }

    async fn put_record(
        &self,
        epoch: Epoch,
        kind: RecordKind,
        key: &str,
        record: Option<&str>,
    ) -> Result<(), StoreError> {
        timed("put_record", records::put(self, epoch, kind, key, record)).await
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, String)>, StoreError> {
        timed("records", records::all(self, kind)).await
    }

    async fn create_attempt(
        &self,
        epoch: Epoch,
        request: &NewAttempt,
    ) -> Result<Creation, StoreError> {
        timed("create_attempt", attempts::create(self, epoch, request)).await
    }

    async fn restore_attempt(&self, epoch: Epoch, lost: &LostAttempt) -> Result<(), StoreError> {
        timed("restore_attempt", attempts::restore(self, epoch, lost)).await
    }

    async fn claim(&self, attempt: AttemptId, epoch: Epoch) -> Result<ClaimedAttempt, StoreError> {
        timed("claim", attempts::claim(self, attempt, epoch)).await
    }

    async fn commit(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        commit: Commit,
    ) -> Result<u64, CommitError> {
        timed("commit", steps::commit(self, attempt, epoch, &commit)).await
    }

    async fn commit_many(
        &self,
        epoch: Epoch,
        commits: Vec<(AttemptId, Commit)>,
    ) -> Vec<Result<u64, CommitError>> {
        timed_many("commit_many", steps::commit_many(self, epoch, commits)).await
    }

    async fn mark_published(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        ids: Vec<String>,
    ) -> Result<(), CommitError> {
        timed("mark_published", steps::mark_published(self, attempt, epoch, &ids)).await
    }

    async fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StoreError> {
        timed("log", attempts::log(self, attempt)).await
    }

    async fn active_attempts(&self) -> Result<Vec<AttemptId>, StoreError> {
        timed("active_attempts", attempts::active(self)).await
    }

    async fn attempts(
        &self,
        filter: &AttemptFilter,
    ) -> Result<Vec<(AttemptId, String)>, StoreError> {
        timed("attempts", attempts::list(self, filter)).await
    }

    async fn session_attempts(
        &self,
        session_key: &str,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        timed("session_attempts", attempts::of_session(self, session_key)).await
    }

    async fn finished_attempts(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        timed("finished_attempts", attempts::finished(self, kept, after, limit)).await
    }

    async fn remove_log(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        archived_at: &str,
    ) -> Result<(), StoreError> {
        timed("remove_log", removal::remove_log(self, attempt, epoch, archived_at)).await
    }

    async fn remove_summary(&self, attempt: AttemptId, epoch: Epoch) -> Result<(), StoreError> {
        timed("remove_summary", removal::remove_summary(self, attempt, epoch)).await
    }
}
