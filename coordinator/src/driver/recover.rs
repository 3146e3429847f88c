//! Takes attempts over: from the leader before us at the start, and from ourselves after a failed commit.

use std::time::Duration;

use himekuri_engine::{Attempt, Record, Resume};
use himekuri_project::Limits;
use himekuri_protocol::AttemptId;
use himekuri_store::{AttemptFilter, ClaimedAttempt, RecordKind, StoreError};
use himekuri_workflow::ProjectFiles;
use jiff::Timestamp;
use serde::Deserialize;

use super::command::{BeginAttempt, Command};
use super::meter::ReadyTimes;
use super::{AUDIT_EVERY, Driver, DriverError, Live, Outgoing, RETRY_AFTER};
use crate::coordinator::{RetryOf, StartError, resume_of};
use crate::revision::ProjectRevision;
use crate::summary::AttemptSummary;

/// How long all attempts wait for the log of one that is archived.
const ARCHIVE_PATIENCE: Duration = Duration::from_secs(5);

/// Why one attempt cannot be taken over.
#[derive(Debug, thiserror::Error)]
enum RecoverError {
    #[error("could not read it from the store")]
    Store(#[from] StoreError),
    #[error("its stored JSON cannot be read")]
    Json(#[from] serde_json::Error),
    #[error("its log cannot be replayed")]
    Replay(#[from] himekuri_engine::ReplayError),
    #[error("its {0} is not in the store")]
    Missing(&'static str),
    #[error("the attempt that it retries cannot be read")]
    Retried(#[source] Box<StartError>),
    #[error("the attempt that it retries is in an archive that does not answer")]
    NoAnswer(#[source] Option<Box<StartError>>),
    #[error("its revision cannot be unpacked")]
    Archive(#[from] himekuri_project::ArchiveError),
}

impl Driver {
    /// Claims and replays every active attempt, and waits for a store that does not answer: until all are claimed, whoever
    /// led before may send tasks that write the same partitions as ours.
    pub(crate) async fn recover_all(&mut self) -> Result<(), DriverError> {
        self.read_beginning().await.map_err(DriverError::Recover)?;
        self.read_spending().await.map_err(DriverError::Recover)?;
        self.read_marts().await.map_err(DriverError::Recover)?;
        self.read_pauses().await.map_err(DriverError::Recover)?;
        let active = self.parts.store.active_attempts().await.map_err(DriverError::Recover)?;
        if !active.is_empty() {
            tracing::info!("taking over {} attempts", active.len());
        }
        self.lost.extend(active);
        loop {
            self.recover_lost().await?;
            if self.lost.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = self.parts.stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(RETRY_AFTER) => {}
            }
        }
    }

    async fn read_pauses(&mut self) -> Result<(), StoreError> {
        for (title, _) in self.parts.store.records(RecordKind::Pause).await? {
            self.dispatcher.set_paused(&title, true);
        }
        Ok(())
    }

    pub(super) async fn recover_lost(&mut self) -> Result<(), DriverError> {
        for id in std::mem::take(&mut self.lost) {
            match self.recover(id).await {
                Ok(()) => {}
                Err(RecoverError::Store(StoreError::Fenced { epoch, .. })) => {
                    return Err(DriverError::Deposed { epoch });
                }
                Err(RecoverError::Store(StoreError::UnknownAttempt { .. })) => {
                    self.forget(id);
                    tracing::warn!(attempt.id = %id, "attempt {id} was never created in full");
                }
                Err(RecoverError::Store(error @ StoreError::Command { .. })) => {
                    let error: anyhow::Error = error.into();
                    tracing::warn!(attempt.id = %id, "could not read attempt {id}; it is tried again: {error:#}");
                    self.lost.insert(id);
                }
                Err(error @ RecoverError::NoAnswer(_)) => {
                    let error: anyhow::Error = error.into();
                    // Nothing of it is out, so the others need not wait: the next audit finds it.
                    tracing::warn!(attempt.id = %id, "attempt {id} does not begin yet; it is tried again in {AUDIT_EVERY:?}: {error:#}");
                }
                Err(error) => {
                    let error: anyhow::Error = error.into();
                    tracing::error!(attempt.id = %id, "attempt {id} cannot be taken over by this program and is left alone: {error:#}");
                    self.broken.insert(id);
                }
            }
        }
        Ok(())
    }

    async fn recover(&mut self, id: AttemptId) -> Result<(), RecoverError> {
        let claimed = self.parts.store.claim(id, self.parts.epoch).await?;
        if claimed.finished {
            self.forget(id);
            return Ok(());
        }
        let mut summary = self.summary(id).await?;
        summary.attempt = id;
        let files = self.files(&summary.revision).await?;
        if claimed.log.is_empty() {
            self.take_places(id, None);
            let resumed = match &summary.retry_of {
                Some(retry) => self.resume(retry).await?,
                None => None,
            };
            self.begin_again(id, &claimed, summary, files, resumed);
            return Ok(());
        }
        let snapshot_at = claimed.snapshot.as_ref().map_or(0, |snapshot| snapshot.length);
        let attempt = self.attempt(id, &claimed).await?;
        self.take_places(id, Some((&attempt, &summary)));
        let last_at = last_at(&claimed)?;
        let mut live = Live::new(attempt, files, summary, snapshot_at);
        let since = last_at.unwrap_or_else(|| self.parts.clock.now());
        live.ready = ReadyTimes::found(live.attempt.dispatchable_count(), since);
        self.live.insert(id, live);
        self.recovered.push(id);
        // What is in the outbox may or may not have been published: duplicates are harmless.
        let messages = claimed.outbox.into_iter().map(|entry| Outgoing {
            attempt: Some(id),
            id: entry.id,
            body: entry.body.into_bytes(),
            order: 0,
        });
        self.publish(messages.collect());
        Ok(())
    }

    /// What an attempt that has not begun takes over. The driver has no time to wait for an archive.
    async fn resume(&self, retry: &RetryOf) -> Result<Option<Box<Resume>>, RecoverError> {
        let history = self.parts.history();
        match tokio::time::timeout(ARCHIVE_PATIENCE, resume_of(&history, retry)).await {
            Ok(Ok(resumed)) => Ok(resumed),
            Ok(Err(StartError::Store(error))) => Err(error.into()),
            Ok(Err(error)) if error.is_passing() => {
                Err(RecoverError::NoAnswer(Some(Box::new(error))))
            }
            Ok(Err(error)) => Err(RecoverError::Retried(Box::new(error))),
            Err(_) => Err(RecoverError::NoAnswer(None)),
        }
    }

    /// From the last snapshot, or, if that is of no use, from the whole log.
    async fn attempt(
        &self,
        id: AttemptId,
        claimed: &ClaimedAttempt,
    ) -> Result<Attempt, RecoverError> {
        let Some(snapshot) = &claimed.snapshot else {
            return Ok(Attempt::recover(records(&claimed.log)?)?);
        };
        let mut behind = records(&claimed.log)?.into_iter();
        if let Some(first) = behind.next() {
            match Attempt::recover_from(first, &snapshot.body, behind) {
                Ok(attempt) => return Ok(attempt),
                Err(error) => {
                    let error: anyhow::Error = error.into();
                    tracing::info!(attempt.id = %id, "attempt {id} is read from its whole log: {error:#}");
                }
            }
        }
        let log = self.parts.store.log(id).await?;
        Ok(Attempt::recover(records(&log)?)?)
    }

    /// After a kill: exactly what a worker or BigQuery has takes its places in the windows and its partition.
    pub(super) fn hold_running(&mut self, id: AttemptId) {
        let Some(live) = self.live.remove(&id) else { return };
        self.take_places(id, Some((&live.attempt, &live.summary)));
        self.live.insert(id, live);
    }

    /// Looks for attempts that the store knows and the driver does not.
    pub(super) async fn audit(&mut self, now: Timestamp) {
        match self.parts.store.active_attempts().await {
            Ok(active) => {
                for id in active {
                    self.look(id, now);
                }
            }
            Err(error) => tracing::debug!("the active attempts could not be read: {error}"),
        }
    }

    /// Created, but its first record was never committed: it begins from its summary.
    fn begin_again(
        &mut self,
        id: AttemptId,
        claimed: &ClaimedAttempt,
        summary: AttemptSummary,
        files: ProjectFiles,
        resumed: Option<Box<Resume>>,
    ) {
        let revision = ProjectRevision {
            project: summary.project.clone(),
            revision: summary.revision.clone(),
            gcp_project: summary.gcp_project.clone(),
            files,
        };
        let number = u32::try_from(claimed.number).unwrap_or(u32::MAX);
        let number = number.saturating_add(self.parts.number_base);
        let request = BeginAttempt { attempt: id, number, revision, summary, resumed };
        // Before whatever waits for it.
        self.deferred.insert(0, Command::Begin(Box::new(request)));
    }

    async fn summary(&self, id: AttemptId) -> Result<AttemptSummary, RecoverError> {
        let before = Some(AttemptId(id.0.saturating_add(1)));
        let filter = AttemptFilter { before, limit: 1, ..AttemptFilter::default() };
        let found = self.parts.store.attempts(&filter).await?;
        match found.into_iter().find(|(found, _)| *found == id) {
            Some((_, summary)) => Ok(serde_json::from_str(&summary)?),
            None => Err(RecoverError::Missing("summary")),
        }
    }

    async fn files(&mut self, revision: &str) -> Result<ProjectFiles, RecoverError> {
        if let Some(files) = self.revisions.get(revision) {
            return Ok(files.clone());
        }
        let archive = self.parts.store.revision(revision).await?;
        let archive = archive.ok_or(RecoverError::Missing("revision"))?;
        let files = himekuri_project::unpack(&archive, Limits::default())?;
        self.revisions.insert(revision.to_owned(), files.clone());
        Ok(files)
    }
}

/// When an attempt last changed: what is ready has been so since then at least. Nobody knows if nothing is behind the snapshot.
fn last_at(claimed: &ClaimedAttempt) -> serde_json::Result<Option<Timestamp>> {
    #[derive(Deserialize)]
    struct Dated {
        at: Timestamp,
    }
    let known = match claimed.snapshot {
        Some(_) => claimed.log.get(1..).unwrap_or_default(),
        None => &claimed.log,
    };
    let last = known.last().map(|record| serde_json::from_str::<Dated>(record)).transpose()?;
    Ok(last.map(|record| record.at))
}

fn records(log: &[String]) -> serde_json::Result<Vec<Record>> {
    log.iter().map(|record| serde_json::from_str(record)).collect()
}

#[cfg(test)]
mod tests {
    use himekuri_store::Snapshot;

    use super::*;

    fn claimed(log: &[&str], snapshot_at: Option<u64>) -> ClaimedAttempt {
        let record = |at: &&str| format!(r#"{{"record": "whatever", "at": "{at}", "task": 1}}"#);
        ClaimedAttempt {
            snapshot: snapshot_at.map(|length| Snapshot { length, body: String::new() }),
            log: log.iter().map(record).collect(),
            outbox: Vec::new(),
            session_key: String::new(),
            number: 1,
            finished: false,
            archived: None,
        }
    }

    #[test]
    fn an_attempt_last_changed_with_its_last_record_unless_that_is_in_the_snapshot() {
        let [first, last] = ["2019-09-01T00:00:00Z", "2019-09-01T00:05:00Z"];
        let at = |log: &[&str], snapshot_at| last_at(&claimed(log, snapshot_at)).unwrap();

        assert_eq!(at(&[first, last], None), last.parse().ok());
        assert_eq!(at(&[first, last], Some(100)), last.parse().ok());
        assert_eq!(at(&[first], None), first.parse().ok());
        assert_eq!(at(&[first], Some(100)), None);
        assert_eq!(at(&[], None), None);
    }
}
