//! The objects of a journal.

use himekuri_archive::{Archive, ArchiveError, Existing};
use himekuri_protocol::AttemptId;
use himekuri_store::{AttemptState, LostAttempt, NewAttempt, RecordKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Folders of the journal.
pub(super) const POOL: &str = "pool";
pub(super) const PROJECTS: &str = "projects";
pub(super) const REVISIONS: &str = "revisions";
pub(super) const RECORDS: &str = "records";
pub(super) const ACTIVE: &str = "active";
pub(super) const FINISHED: &str = "finished";

/// A record under a key, of a project or of what the leader keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<String>,
    pub(super) key: String,
    pub(super) record: String,
}

/// An attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AttemptEntry {
    pub(super) attempt: AttemptId,
    pub(super) session_key: String,
    pub(super) attempt_name: String,
    pub(super) number: u64,
    pub(super) summary: String,
}

impl AttemptEntry {
    pub(super) fn new(attempt: AttemptId, number: u64, request: &NewAttempt) -> Self {
        Self {
            attempt,
            session_key: request.session_key.clone(),
            attempt_name: request.attempt_name.clone(),
            number,
            summary: request.summary.clone(),
        }
    }

    /// Whether both are of the same attempt.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.attempt == other.attempt
            && self.session_key == other.session_key
            && self.attempt_name == other.attempt_name
            && self.number == other.number
    }

    pub(super) fn lost(self, state: AttemptState) -> LostAttempt {
        LostAttempt {
            attempt: self.attempt,
            number: self.number,
            request: NewAttempt {
                session_key: self.session_key,
                attempt_name: self.attempt_name,
                summary: self.summary,
            },
            state,
        }
    }
}

/// Kinds of records that are kept, with their names.
pub(super) const KINDS: [(RecordKind, &str); 7] = [
    (RecordKind::Schedule, "schedule"),
    (RecordKind::ScheduleOrder, "schedule_order"),
    (RecordKind::Backfill, "backfill"),
    (RecordKind::Notice, "notice"),
    (RecordKind::Spending, "spending"),
    (RecordKind::Pause, "pause"),
    (RecordKind::Mart, "mart"),
];

pub(super) fn kind_name(kind: RecordKind) -> Option<&'static str> {
    KINDS.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name)
}

/// An object's name for a key of any characters.
pub(super) fn name_of(kind: &str, key: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_URL, format!("{kind}/{key}").as_bytes()).to_string()
}

/// An object's name for an attempt.
pub(super) fn name_of_attempt(attempt: AttemptId) -> String {
    format!("{:020}", attempt.0)
}

/// Writes an entry; `false` if another one was there and was to stay.
pub(super) async fn write<T: Serialize>(
    archive: &Archive,
    folder: &str,
    name: &str,
    entry: &T,
    existing: Existing,
) -> Result<bool, EntryError> {
    let body = serde_json::to_vec(entry).map_err(EntryError::Write)?;
    Ok(archive.write_note(folder, name, body, existing).await?)
}

/// Reads an entry, if it is there.
pub(super) async fn read<T: DeserializeOwned>(
    archive: &Archive,
    folder: &str,
    name: &str,
) -> Result<Option<T>, EntryError> {
    let body = archive.read_note(folder, name).await?;
    body.map(|body| parse(folder, name, &body)).transpose()
}

/// All entries of a folder.
pub(super) async fn read_all<T: DeserializeOwned>(
    archive: &Archive,
    folder: &str,
) -> Result<Vec<T>, EntryError> {
    let notes = archive.read_notes(folder).await?;
    notes.into_iter().map(|(name, body)| parse(folder, &name, &body)).collect()
}

fn parse<T: DeserializeOwned>(folder: &str, name: &str, body: &[u8]) -> Result<T, EntryError> {
    let unreadable =
        |source| EntryError::Read { object: format!("journal/{folder}/{name}"), source };
    serde_json::from_slice(body).map_err(unreadable)
}

/// Why an entry could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The archive failed.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It cannot be written as JSON.
    #[error("an entry of the journal cannot be written as JSON")]
    Write(#[source] serde_json::Error),
    /// It is not what this program writes.
    #[error(
        "`{object}` in the archive cannot be read; a newer program may have written it, or it is damaged: put an undamaged copy in its place, or move it away and lose what it says"
    )]
    Read {
        /// The object.
        object: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}
