//! The log of each ended attempt as text, in the archive: what ran and when, the ids of its jobs and what they took, its errors.
//!
//! It is written within a minute of the attempt's end, and in any case before the log leaves the store, so that a crash in between
//! leaves no attempt without it. Nobody reads it back: it may be deleted by whoever owns the bucket.

use std::collections::BTreeSet;
use std::sync::Arc;

use himekuri_archive::{Archive, ArchivedAttempt, LogName};
use himekuri_protocol::AttemptId;
use tokio::task::spawn_blocking;

use crate::coordinator::{Coordinator, StartError};
use crate::log;
use crate::summary::AttemptSummary;

/// Logs that are looked for or written in one round before their attempts leave the store.
const ROUND_MAX: usize = 200;

/// Records of the longest log that is written as text, some 100,000 tasks: it takes the memory of the attempt once more, and
/// nobody reads more lines. `himekuri log` shows those.
const RECORDS_MAX: usize = 300_000;

/// Which logs are there.
pub(super) struct Logs {
    /// Those of attempts that are in the store. A leader that begins looks for them once.
    written: BTreeSet<AttemptId>,
    /// How many more this round may look for.
    left: usize,
    left_some: bool,
}

impl Logs {
    pub(super) const fn new() -> Self {
        Self { written: BTreeSet::new(), left: ROUND_MAX, left_some: false }
    }

    pub(super) const fn begin_round(&mut self) {
        self.left = ROUND_MAX;
        self.left_some = false;
    }

    /// Whether there are attempts that this round did not come to.
    pub(super) const fn left_some(&self) -> bool {
        self.left_some
    }

    /// The attempt has left the store.
    pub(super) fn forget(&mut self, attempt: AttemptId) {
        self.written.remove(&attempt);
    }

    /// Writes the log of an attempt that has ended and stays in the store for a while.
    pub(super) async fn write_early(
        &mut self,
        coordinator: &Coordinator,
        archive: &Archive,
        attempt: AttemptId,
        summary: &str,
    ) -> Result<(), StartError> {
        if self.written.contains(&attempt) {
            return Ok(());
        }
        let Some(left) = self.left.checked_sub(1) else {
            self.left_some = true;
            return Ok(());
        };
        self.left = left;
        let known: AttemptSummary = serde_json::from_str(summary)?;
        if let Some(number) = known.number
            && archive.has_log(&name(attempt, number.into(), &known)).await?
        {
            self.written.insert(attempt);
            return Ok(());
        }
        let claimed = coordinator.claim(attempt).await?;
        // What is not over in the store will look otherwise.
        if claimed.finished && claimed.archived.is_none() {
            let ended = ArchivedAttempt {
                attempt,
                session_key: claimed.session_key,
                number: claimed.number,
                summary: summary.to_owned(),
                log: claimed.log,
            };
            self.write(archive, &Arc::new(ended)).await?;
        }
        Ok(())
    }

    /// Writes the log of an attempt, if it is not known to be there. One that cannot be put into words is left out: its records
    /// go to the archive all the same.
    pub(super) async fn write(
        &mut self,
        archive: &Archive,
        ended: &Arc<ArchivedAttempt>,
    ) -> Result<(), StartError> {
        let attempt = ended.attempt;
        if !self.written.insert(attempt) {
            return Ok(());
        }
        let known: AttemptSummary = serde_json::from_str(&ended.summary)?;
        let text = match ended.log.len() {
            ..=RECORDS_MAX => {
                let ended = Arc::clone(ended);
                spawn_blocking(move || log::text(&ended.log))
                    .await
                    .unwrap_or_else(|error| Err(error.to_string()))
            }
            length => Err(format!("it has {length} records, more than {RECORDS_MAX}")),
        };
        match text {
            Ok(text) => {
                let written = archive.write_log(&name(attempt, ended.number, &known), text).await;
                if written.is_err() {
                    self.written.remove(&attempt);
                }
                Ok(written?)
            }
            Err(why) => {
                tracing::info!("the log of attempt {attempt} is not written as text: {why}");
                Ok(())
            }
        }
    }
}

fn name(attempt: AttemptId, number: u64, known: &AttemptSummary) -> LogName {
    let date = known.session_local_time.get(..10).unwrap_or(&known.session_local_time);
    LogName {
        project: known.project.clone(),
        workflow: known.workflow.clone(),
        date: date.to_owned(),
        attempt,
        number,
    }
}
