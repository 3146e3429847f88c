//! The coordinator as its callers see it: push, start, look. Used by the HTTP API and, in one process, by `himekuri run`.

use std::sync::Arc;

use himekuri_engine::{Attempt, Record, TaskView};
use himekuri_protocol::AttemptId;
use himekuri_store::{AttemptFilter, Epoch, Store};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::backfill::Backfills;
use crate::clock::Clock;
use crate::driver::{Command, DriverParts};
use crate::history::History;
use crate::summary::{AttemptSummary, session_key};

mod backfills;
mod errors;
mod finished;
mod kill;
mod launch;
mod model;
mod push;
mod require;
mod retry;
mod schedules;
mod start;

pub use backfills::{BackfillAction, BackfillPlan, BackfillRequest};
pub(crate) use errors::LaunchError;
pub use errors::{PushError, StartError};
pub use model::{CoordinatorConfig, KillRequest, Killed, ProjectRecord, StartRequest, Started};
pub(crate) use retry::resume_of;
pub use retry::{RetryMode, RetryOf, RetryRequest, RetryRevision};
pub use schedules::ScheduleView;

/// A running coordinator. Cheap to clone.
#[derive(Clone)]
pub struct Coordinator {
    store: Arc<dyn Store>,
    history: History,
    epoch: Epoch,
    number_base: u32,
    clock: Clock,
    commands: mpsc::Sender<Command>,
    backfills: Arc<Backfills>,
}

impl Coordinator {
    /// For the driver, which starts the sessions that its attempts require.
    pub(crate) fn of(parts: &DriverParts) -> Self {
        Self {
            store: Arc::clone(&parts.store),
            history: parts.history(),
            epoch: parts.epoch,
            number_base: parts.number_base,
            clock: parts.clock,
            commands: parts.sender.clone(),
            backfills: Arc::clone(&parts.backfills),
        }
    }

    /// The leader's.
    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Attempts, newest first.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn attempts(&self, limit: usize) -> Result<Vec<AttemptSummary>, StartError> {
        let filter = AttemptFilter { limit, ..AttemptFilter::default() };
        let found = self.store.attempts(&filter).await?;
        let numbered = found.into_iter().map(|(attempt, json)| {
            let summary: AttemptSummary = serde_json::from_str(&json)?;
            Ok(AttemptSummary { attempt, ..summary })
        });
        numbered.collect()
    }

    /// The attempts of a session, newest first: of those, the first counts.
    pub(crate) async fn attempts_of(
        &self,
        project: &str,
        workflow: &str,
        session_time: Timestamp,
    ) -> Result<Vec<AttemptSummary>, StartError> {
        let key = session_key(project, workflow, session_time);
        let mut attempts = Vec::new();
        for (attempt, json) in self.store.session_attempts(&key).await? {
            let summary = match json {
                Some(json) => serde_json::from_str(&json)?,
                None => self.forgotten(attempt).await?,
            };
            attempts.push(AttemptSummary { attempt, ..summary });
        }
        Ok(attempts)
    }

    /// The tasks of an attempt, from its log, wherever that is.
    ///
    /// # Errors
    /// The store or the archive cannot be reached, or has no such attempt.
    pub async fn tasks(&self, attempt: AttemptId) -> Result<Vec<TaskView>, StartError> {
        let log = self.history.log(attempt).await?;
        let log: Vec<Record> =
            log.iter().map(|record| serde_json::from_str(record)).collect::<Result<_, _>>()?;
        if log.is_empty() {
            return Ok(Vec::new());
        }
        match Attempt::replay(log) {
            Ok(attempt) => Ok(attempt.views().collect()),
            Err(error) => Err(StartError::Json(serde::de::Error::custom(error))),
        }
    }
}
