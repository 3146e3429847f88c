//! What the archiver reads and removes, under the leader's epoch.

use himekuri_archive::Archive;
use himekuri_protocol::AttemptId;
use himekuri_store::{ClaimedAttempt, Kept};

use super::{Coordinator, StartError};
use crate::summary::AttemptSummary;

impl Coordinator {
    /// Where finished attempts go.
    pub(crate) const fn attempt_archive(&self) -> Option<&Archive> {
        self.history.archive.as_ref()
    }

    /// Finished attempts behind `after`, oldest first.
    pub(crate) async fn finished(
        &self,
        kept: Kept,
        after: AttemptId,
        limit: usize,
    ) -> Result<Vec<(AttemptId, Option<String>)>, StartError> {
        Ok(self.store.finished_attempts(kept, after, limit).await?)
    }

    /// The summary of an attempt as the archive has it.
    pub(crate) async fn forgotten(&self, attempt: AttemptId) -> Result<AttemptSummary, StartError> {
        self.history.forgotten(attempt).await
    }

    /// An attempt with its whole log: a finished one has no snapshot.
    pub(crate) async fn claim(&self, attempt: AttemptId) -> Result<ClaimedAttempt, StartError> {
        Ok(self.store.claim(attempt, self.epoch).await?)
    }

    /// The log is in the archive.
    pub(crate) async fn remove_log(
        &self,
        attempt: AttemptId,
        location: &str,
    ) -> Result<(), StartError> {
        Ok(self.store.remove_log(attempt, self.epoch, location).await?)
    }

    /// Lists need not show it any more.
    pub(crate) async fn remove_summary(&self, attempt: AttemptId) -> Result<(), StartError> {
        Ok(self.store.remove_summary(attempt, self.epoch).await?)
    }
}
