//! Attempts that are over: from the store, or from the archive once they are there.

use std::sync::Arc;

use himekuri_archive::{Archive, ArchivedAttempt};
use himekuri_protocol::AttemptId;
use himekuri_store::{Store, StoreError};

use crate::coordinator::StartError;
use crate::summary::AttemptSummary;

/// Where the past is read. Cheap to clone.
#[derive(Clone)]
pub(crate) struct History {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) archive: Option<Archive>,
}

impl History {
    /// All records of an attempt, oldest first, as JSON.
    pub(crate) async fn log(&self, attempt: AttemptId) -> Result<Vec<String>, StartError> {
        match self.store.log(attempt).await {
            Err(StoreError::Archived { location, .. }) => {
                Ok(self.archived(attempt, location).await?.log)
            }
            found => Ok(found?),
        }
    }

    /// The summary of an attempt that lists do not show any more.
    pub(crate) async fn forgotten(&self, attempt: AttemptId) -> Result<AttemptSummary, StartError> {
        match self.store.log(attempt).await {
            Err(StoreError::Archived { location, .. }) => {
                let archived = self.archived(attempt, location).await?;
                let summary: AttemptSummary = serde_json::from_str(&archived.summary)?;
                Ok(AttemptSummary { attempt, ..summary })
            }
            Ok(_) => Err(StoreError::UnknownAttempt { attempt }.into()),
            Err(error) => Err(error.into()),
        }
    }

    async fn archived(
        &self,
        attempt: AttemptId,
        location: String,
    ) -> Result<ArchivedAttempt, StartError> {
        let found = match &self.archive {
            Some(archive) => archive.read(attempt).await?,
            None => None,
        };
        found.ok_or(StartError::NotInArchive { attempt, location })
    }
}
