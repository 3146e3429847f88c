//! A store whose essentials are in the journal too.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use futures::StreamExt;
use himekuri_archive::{Archive, Existing};
use himekuri_protocol::AttemptId;
use himekuri_store::{
    AttemptFilter, ClaimedAttempt, Commit, CommitError, Creation, Epoch, Kept, LeaseOutcome,
    LostAttempt, NewAttempt, RecordKind, Store, StoreError,
};
use tokio::sync::mpsc;

use super::entries::{
    ACTIVE, AttemptEntry, EntryError, FINISHED, PROJECTS, RECORDS, REVISIONS, RecordEntry,
    kind_name, name_of, name_of_attempt, read, write,
};

/// Changes of attempts that are written at a time.
const AT_ONCE: usize = 32;

/// Keeps what the inner store keeps, and writes down what must outlive it.
pub(crate) struct JournaledStore {
    inner: Arc<dyn Store>,
    archive: Archive,
    changes: mpsc::UnboundedSender<Change>,
}

/// A new summary of an attempt.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) attempt: AttemptId,
    pub(super) summary: String,
    pub(super) finished: bool,
}

impl JournaledStore {
    pub(super) fn new(inner: Arc<dyn Store>, archive: Archive) -> Self {
        let (changes, receiver) = mpsc::unbounded_channel();
        tokio::spawn(write_changes(archive.clone(), receiver));
        Self { inner, archive, changes }
    }

    /// The attempt is in the journal, or the store has given out an id that had been given before.
    async fn note_attempt(
        &self,
        creation: Creation,
        request: &NewAttempt,
    ) -> Result<(), StoreError> {
        let (Creation::Created { attempt, number } | Creation::Exists { attempt, number }) =
            creation;
        let entry = AttemptEntry::new(attempt, number, request);
        let name = name_of_attempt(attempt);
        let failed = |error| failed(format!("write attempt {attempt} to the journal"), error);
        // What is over is not looked for under its active name.
        if let Some(over) =
            read::<AttemptEntry>(&self.archive, FINISHED, &name).await.map_err(failed)?
        {
            return if over.is(&entry) { Ok(()) } else { Err(given_twice(&over)) };
        }
        if write(&self.archive, ACTIVE, &name, &entry, Existing::Keep).await.map_err(failed)? {
            return Ok(());
        }
        match read::<AttemptEntry>(&self.archive, ACTIVE, &name).await.map_err(failed)? {
            Some(other) if !other.is(&entry) => Err(given_twice(&other)),
            Some(_) | None => Ok(()),
        }
    }

    fn note_commit(&self, attempt: AttemptId, noted: Option<(String, bool)>) {
        if let Some((summary, finished)) = noted {
            // The receiver lives as long as this store.
            let _sent = self.changes.send(Change { attempt, summary, finished });
        }
    }
}

/// What the journal must know of a commit. That an attempt begins it knows from its creation.
fn noted(commit: &Commit) -> Option<(String, bool)> {
    let changes = commit.finished || commit.expected_length > 0;
    commit.summary.clone().filter(|_| changes).map(|summary| (summary, commit.finished))
}

#[async_trait]
impl Store for JournaledStore {
    async fn acquire_lease(&self, holder: &str, ttl: Duration) -> Result<LeaseOutcome, StoreError> {
        self.inner.acquire_lease(holder, ttl).await
    }

    async fn renew_lease(
        &self,
        holder: &str,
        epoch: Epoch,
        ttl: Duration,
    ) -> Result<bool, StoreError> {
        self.inner.renew_lease(holder, epoch, ttl).await
    }

    async fn release_lease(&self, holder: &str, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.release_lease(holder, epoch).await
    }

    async fn put_revision(&self, revision: &str, archive: &[u8]) -> Result<(), StoreError> {
        self.inner.put_revision(revision, archive).await?;
        let body = archive.to_vec();
        let written = self.archive.write_note(REVISIONS, revision, body, Existing::Keep).await;
        let operation = || format!("write revision {revision} to the journal");
        written.map(drop).map_err(|error| failed(operation(), error.into()))
    }

    async fn revision(&self, revision: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.revision(revision).await
    }

    async fn put_project(&self, name: &str, record: &str) -> Result<(), StoreError> {
        self.inner.put_project(name, record).await?;
        let entry = RecordEntry { kind: None, key: name.to_owned(), record: record.to_owned() };
        let object = name_of(PROJECTS, name);
        let written = write(&self.archive, PROJECTS, &object, &entry, Existing::Replace).await;
        let operation = || format!("write project `{name}` to the journal");
        written.map(drop).map_err(|error| failed(operation(), error))
    }

    async fn project(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.inner.project(name).await
    }

    async fn projects(&self) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.projects().await
    }

    async fn put_record(
        &self,
        epoch: Epoch,
        kind: RecordKind,
        key: &str,
        record: Option<&str>,
    ) -> Result<(), StoreError> {
        self.inner.put_record(epoch, kind, key, record).await?;
        let Some(kind) = kind_name(kind) else { return Ok(()) };
        let object = name_of(kind, key);
        let written = match record {
            Some(record) => {
                let (key, record) = (key.to_owned(), record.to_owned());
                let entry = RecordEntry { kind: Some(kind.to_owned()), key, record };
                write(&self.archive, RECORDS, &object, &entry, Existing::Replace).await.map(drop)
            }
            None => self.archive.remove_note(RECORDS, &object).await.map_err(EntryError::from),
        };
        written.map_err(|error| failed(format!("write {kind} `{key}` to the journal"), error))
    }

    async fn records(&self, kind: RecordKind) -> Result<Vec<(String, String)>, StoreError> {
        self.inner.records(kind).await
    }

    async fn create_attempt(
        &self,
        epoch: Epoch,
        request: &NewAttempt,
    ) -> Result<Creation, StoreError> {
        let creation = self.inner.create_attempt(epoch, request).await?;
        self.note_attempt(creation, request).await?;
        Ok(creation)
    }

    async fn restore_attempt(&self, epoch: Epoch, lost: &LostAttempt) -> Result<(), StoreError> {
        self.inner.restore_attempt(epoch, lost).await
    }

    async fn claim(&self, attempt: AttemptId, epoch: Epoch) -> Result<ClaimedAttempt, StoreError> {
        self.inner.claim(attempt, epoch).await
    }

    async fn commit(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        commit: Commit,
    ) -> Result<u64, CommitError> {
        let noted = noted(&commit);
        let length = self.inner.commit(attempt, epoch, commit).await?;
        self.note_commit(attempt, noted);
        Ok(length)
    }

    async fn commit_many(
        &self,
        epoch: Epoch,
        commits: Vec<(AttemptId, Commit)>,
    ) -> Vec<Result<u64, CommitError>> {
        let notes: Vec<_> =
            commits.iter().map(|(attempt, commit)| (*attempt, noted(commit))).collect();
        let results = self.inner.commit_many(epoch, commits).await;
        for ((attempt, noted), result) in notes.into_iter().zip(&results) {
            if result.is_ok() {
                self.note_commit(attempt, noted);
            }
        }
        results
    }

    async fn mark_published(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        ids: Vec<String>,
    ) -> Result<(), CommitError> {
        self.inner.mark_published(attempt, epoch, ids).await
    }

    async fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StoreError> {
        self.inner.log(attempt).await
    }

    async fn active_attempts(&self) -> Result<Vec<AttemptId>, StoreError> {
        self.inner.active_attempts().await
    }

    async fn attempts(
        &self,
        filter: &AttemptFilter,
    ) -> Result<Vec<(AttemptId, String)>, StoreError> {
        self.inner.attempts(filter).await
    }

    async fn session_attempts(
        &self,
        session_key: &str,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        self.inner.session_attempts(session_key).await
    }

    async fn finished_attempts(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StoreError> {
        self.inner.finished_attempts(kept, after, limit).await
    }

    async fn remove_log(
        &self,
        attempt: AttemptId,
        epoch: Epoch,
        archived_at: &str,
    ) -> Result<(), StoreError> {
        self.inner.remove_log(attempt, epoch, archived_at).await
    }

    /// Its entry stays: it is what keeps the id and the number from being given again.
    async fn remove_summary(&self, attempt: AttemptId, epoch: Epoch) -> Result<(), StoreError> {
        self.inner.remove_summary(attempt, epoch).await
    }
}

/// Writes changes until nobody makes any more. Of one attempt only the last counts.
async fn write_changes(archive: Archive, mut changes: mpsc::UnboundedReceiver<Change>) {
    let mut received = Vec::new();
    while changes.recv_many(&mut received, 1_000).await > 0 {
        let last: BTreeMap<AttemptId, Change> =
            received.drain(..).map(|change| (change.attempt, change)).collect();
        let writing = futures::stream::iter(last.into_values());
        writing.for_each_concurrent(AT_ONCE, |change| keep_writing(&archive, change)).await;
    }
}

/// Until it succeeds: what is not written yet, a new leader would begin once more.
async fn keep_writing(archive: &Archive, change: Change) {
    let pauses = ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(500))
        .with_max_delay(Duration::from_secs(30))
        .without_max_times();
    let written = (|| write_change(archive, &change)).retry(pauses).notify(|error, pause| {
        tracing::warn!(attempt.id = %change.attempt, "attempt {} could not be written to the journal; again in {pause:?}: {error:#}", change.attempt);
    });
    if let Err(error) = written.await {
        tracing::error!(attempt.id = %change.attempt, "attempt {} could not be written to the journal: {error:#}", change.attempt);
    }
}

pub(super) async fn write_change(archive: &Archive, change: &Change) -> anyhow::Result<()> {
    let name = name_of_attempt(change.attempt);
    let Some(mut entry) = read::<AttemptEntry>(archive, ACTIVE, &name).await? else {
        return Ok(());
    };
    entry.summary.clone_from(&change.summary);
    let folder = if change.finished { FINISHED } else { ACTIVE };
    write(archive, folder, &name, &entry, Existing::Replace).await?;
    // In this order: rather in both folders than in none.
    if change.finished {
        archive.remove_note(ACTIVE, &name).await?;
    }
    Ok(())
}

fn failed(operation: String, error: EntryError) -> StoreError {
    StoreError::Command { operation, source: Box::new(error) }
}

fn given_twice(other: &AttemptEntry) -> StoreError {
    StoreError::Corrupt {
        operation: "create an attempt".to_owned(),
        detail: format!(
            "it gave out id {}, which attempt {} of session `{}` has had: it has lost its memory, and the next leader gives it back",
            other.attempt, other.number, other.session_key
        ),
    }
}
