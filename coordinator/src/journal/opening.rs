//! A leader begins: store and journal are brought together.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use himekuri_archive::{Archive, ArchiveError, Existing};
use himekuri_protocol::AttemptId;
use himekuri_store::{
    AttemptFilter, AttemptState, Epoch, NewAttempt, RecordKind, Store, StoreError,
};
use uuid::Uuid;

use super::entries::{
    ACTIVE, AttemptEntry, EntryError, FINISHED, KINDS, POOL, PROJECTS, RECORDS, REVISIONS,
    RecordEntry, name_of, name_of_attempt, read_all, write,
};
use super::keeping::{Change, JournaledStore, write_change};
use crate::coordinator::ProjectRecord;
use crate::summary::AttemptSummary;

/// Name of the journal's id, in the store and in the journal.
const ID: &str = "journal";
/// Attempts read in one page.
const PAGE: usize = 1_000;
/// Attempts put back at a time.
const AT_ONCE: usize = 64;

/// Why store and journal could not be brought together.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The store failed.
    #[error("could not compare the store with the journal")]
    Store(#[from] StoreError),
    /// The archive failed.
    #[error("could not compare the store with the journal")]
    Archive(#[from] ArchiveError),
    /// An entry is not what this program writes.
    #[error("could not read or write the journal")]
    Entry(#[from] EntryError),
    /// A record of the store is not what this program writes.
    #[error("a record of the store cannot be read")]
    Json(#[from] serde_json::Error),
    /// The archive belongs to somebody else.
    #[error(
        "the archive `{location}` has the journal of another pool ({detail}); give this pool a folder or prefix of its own with `--archive`"
    )]
    OtherPool {
        /// The archive.
        location: String,
        /// How it was noticed.
        detail: String,
    },
    /// The attempt's end could not be written.
    #[error("could not write the end of an attempt to the journal")]
    End(#[source] anyhow::Error),
}

impl JournaledStore {
    /// A store that keeps a journal in `archive`, which has now what the store has; or, if the store has been emptied, the
    /// store what the journal has.
    pub(crate) async fn open(
        store: Arc<dyn Store>,
        archive: Archive,
        epoch: Epoch,
    ) -> Result<Arc<dyn Store>, JournalError> {
        let opening = Opening { store: &store, archive: &archive, epoch };
        let (known, noted) = (opening.known().await?, opening.noted().await?);
        match (known, noted) {
            (Some(known), Some(noted)) if known == noted => opening.put_right().await?,
            (Some(known), Some(noted)) => {
                return Err(opening.other_pool(format!("{noted}, not {known}")));
            }
            (known, None) => opening.begin(known).await?,
            (None, Some(noted)) => opening.restore(&noted).await?,
        }
        Ok(Arc::new(Self::new(store, archive)))
    }
}

struct Opening<'a> {
    store: &'a Arc<dyn Store>,
    archive: &'a Archive,
    epoch: Epoch,
}

impl Opening<'_> {
    async fn known(&self) -> Result<Option<String>, JournalError> {
        let records = self.store.records(RecordKind::Pool).await?;
        Ok(records.into_iter().find(|(key, _)| key == ID).map(|(_, id)| id))
    }

    async fn noted(&self) -> Result<Option<String>, JournalError> {
        let noted = self.archive.read_note(POOL, ID).await?;
        Ok(noted.map(|id| String::from_utf8_lossy(&id).into_owned()))
    }

    /// The first leader with this archive: the journal begins with everything that the store has.
    async fn begin(&self, known: Option<String>) -> Result<(), JournalError> {
        let id = known.unwrap_or_else(|| Uuid::new_v4().to_string());
        tracing::info!("a new journal begins in `{}`", self.archive.location());
        let projects = self.store.projects().await?;
        let mut revisions = BTreeSet::new();
        for (name, record) in projects {
            revisions.insert(serde_json::from_str::<ProjectRecord>(&record)?.revision);
            let object = name_of(PROJECTS, &name);
            let entry = RecordEntry { kind: None, key: name, record };
            write(self.archive, PROJECTS, &object, &entry, Existing::Replace).await?;
        }
        for (kind, kind_name) in KINDS {
            for (key, record) in self.store.records(kind).await? {
                let object = name_of(kind_name, &key);
                let entry = RecordEntry { kind: Some(kind_name.to_owned()), key, record };
                write(self.archive, RECORDS, &object, &entry, Existing::Replace).await?;
            }
        }
        for (folder, state) in [(FINISHED, AttemptState::Finished), (ACTIVE, AttemptState::Active)]
        {
            self.begin_attempts(folder, state, &mut revisions).await?;
        }
        for revision in revisions {
            if let Some(body) = self.store.revision(&revision).await? {
                self.archive.write_note(REVISIONS, &revision, body, Existing::Keep).await?;
            }
        }
        // Last: a journal with an id is complete.
        self.archive.write_note(POOL, ID, id.clone().into_bytes(), Existing::Replace).await?;
        self.mark(&id).await
    }

    async fn begin_attempts(
        &self,
        folder: &str,
        state: AttemptState,
        revisions: &mut BTreeSet<String>,
    ) -> Result<(), JournalError> {
        let mut before = None;
        loop {
            let filter =
                AttemptFilter { state: Some(state), before, limit: PAGE, session_key: None };
            let page = self.store.attempts(&filter).await?;
            let Some((oldest, _)) = page.last() else { return Ok(()) };
            before = Some(*oldest);
            for (id, json) in page {
                let summary: AttemptSummary = serde_json::from_str(&json)?;
                if state == AttemptState::Active {
                    revisions.insert(summary.revision.clone());
                }
                let claimed = self.store.claim(id, self.epoch).await?;
                let request = NewAttempt {
                    session_key: claimed.session_key,
                    attempt_name: summary.attempt_name,
                    summary: json,
                };
                let entry = AttemptEntry::new(id, claimed.number, &request);
                let name = name_of_attempt(id);
                write(self.archive, folder, &name, &entry, Existing::Replace).await?;
            }
        }
    }

    /// Store and journal are of one life: whatever the last leader could not write any more is written now, and an attempt that
    /// the store has lost with its last seconds comes back.
    async fn put_right(&self) -> Result<(), JournalError> {
        for entry in read_all::<AttemptEntry>(self.archive, ACTIVE).await? {
            let attempt = entry.attempt;
            match self.store.claim(attempt, self.epoch).await {
                Ok(claimed) if claimed.finished => {
                    let summary = self.summary(attempt).await?.unwrap_or(entry.summary);
                    let change = Change { attempt, summary, finished: true };
                    let written = write_change(self.archive, &change).await;
                    written.map_err(JournalError::End)?;
                }
                Ok(_) => {}
                Err(StoreError::UnknownAttempt { .. }) => {
                    tracing::warn!(attempt.id = %attempt, "attempt {attempt} comes back from the journal: the store has lost it");
                    self.store
                        .restore_attempt(self.epoch, &entry.lost(AttemptState::Active))
                        .await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn summary(&self, attempt: AttemptId) -> Result<Option<String>, JournalError> {
        let before = Some(AttemptId(attempt.0.saturating_add(1)));
        let filter = AttemptFilter { before, limit: 1, ..AttemptFilter::default() };
        let found = self.store.attempts(&filter).await?;
        Ok(found.into_iter().find(|(found, _)| *found == attempt).map(|(_, summary)| summary))
    }

    /// The store was emptied: it gets back what the journal has. May be broken off and begun again.
    async fn restore(&self, id: &str) -> Result<(), JournalError> {
        let projects = read_all::<RecordEntry>(self.archive, PROJECTS).await?;
        for (name, _) in self.store.projects().await? {
            if projects.iter().all(|project| project.key != name) {
                return Err(self.other_pool(format!("it does not know the project `{name}`")));
            }
        }
        tracing::warn!(
            "the store has lost its memory; projects, schedules and attempts come back from the journal in `{}`",
            self.archive.location()
        );
        for (revision, body) in self.archive.read_notes(REVISIONS).await? {
            self.store.put_revision(&revision, &body).await?;
        }
        for project in &projects {
            self.store.put_project(&project.key, &project.record).await?;
        }
        for entry in read_all::<RecordEntry>(self.archive, RECORDS).await? {
            let kind = KINDS.iter().find(|(_, name)| entry.kind.as_deref() == Some(*name));
            if let Some((kind, _)) = kind {
                let record = Some(entry.record.as_str());
                self.store.put_record(self.epoch, *kind, &entry.key, record).await?;
            }
        }
        let finished = read_all::<AttemptEntry>(self.archive, FINISHED).await?;
        let over: BTreeSet<AttemptId> = finished.iter().map(|entry| entry.attempt).collect();
        let restoring =
            stream::iter(finished.into_iter().map(|entry| self.restore_finished(entry)));
        restoring.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        let active = read_all::<AttemptEntry>(self.archive, ACTIVE).await?;
        let active = active.into_iter().filter(|entry| !over.contains(&entry.attempt));
        let active: Vec<_> = active.map(|entry| entry.lost(AttemptState::Active)).collect();
        for lost in &active {
            self.store.restore_attempt(self.epoch, lost).await?;
        }
        tracing::warn!(
            "{} projects and {} attempts are back; {} of them were not over and begin again under their old numbers, so that they meet the jobs that they have sent",
            projects.len(),
            over.len() + active.len(),
            active.len()
        );
        self.mark(id).await
    }

    async fn restore_finished(&self, entry: AttemptEntry) -> Result<(), JournalError> {
        let attempt = entry.attempt;
        self.store.restore_attempt(self.epoch, &entry.lost(AttemptState::Finished)).await?;
        if self.archive.contains(attempt).await? {
            self.store.remove_log(attempt, self.epoch, self.archive.location()).await?;
        }
        Ok(())
    }

    async fn mark(&self, id: &str) -> Result<(), JournalError> {
        Ok(self.store.put_record(self.epoch, RecordKind::Pool, ID, Some(id)).await?)
    }

    fn other_pool(&self, detail: String) -> JournalError {
        JournalError::OtherPool { location: self.archive.location().to_owned(), detail }
    }
}
