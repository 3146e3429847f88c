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
use crate::log::{self, LogLine};
use crate::summary::{AttemptSummary, session_key};
use crate::workers::{WorkerView, Workers};

mod backfills;
mod errors;
mod facts;
mod finished;
mod kill;
mod launch;
mod model;
mod notices;
mod pauses;
mod push;
mod require;
mod retry;
mod schedules;
mod start;

pub use backfills::{BackfillAction, BackfillPlan, BackfillRequest};
pub(crate) use errors::LaunchError;
pub use errors::{PushError, StartError};
pub(crate) use facts::WorkflowFacts;
pub use model::{
    CoordinatorConfig, GitState, GitSubmodule, KillRequest, Killed, ProjectRecord, StartRequest,
    Started,
};
pub use pauses::{Pause, PauseRequest};
pub(crate) use retry::resume_of;
pub use retry::{RetryMode, RetryOf, RetryRequest, RetryRevision};
pub use schedules::{ScheduleChange, ScheduleView, SkipTo};

/// Attempts that are read at a time when only some are wanted.
const LOOK: usize = 500;

/// How often, at most, for one page.
const LOOKS_MAX: usize = 10;

/// Which page of attempts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptQuery {
    /// Most attempts.
    pub(crate) limit: usize,
    /// Only older ones.
    pub(crate) before: Option<AttemptId>,
    /// Only those that are not over.
    pub(crate) running: bool,
}

/// A page of attempts.
#[derive(Debug)]
pub(crate) struct AttemptPage {
    pub(crate) attempts: Vec<AttemptSummary>,
    /// `before` of the page that goes on, if there may be more.
    pub(crate) next: Option<AttemptId>,
}

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
    workers: Arc<Workers>,
    trace_ratio: f64,
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
            workers: Arc::clone(&parts.workers),
            trace_ratio: parts.trace_ratio,
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

    /// Share of attempts whose traces are told whole.
    pub(crate) const fn trace_ratio(&self) -> f64 {
        self.trace_ratio
    }

    /// The workers that live, by name.
    pub(crate) fn workers(&self) -> Vec<WorkerView> {
        self.workers.living(self.now())
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

    /// A page of the attempts that are wanted, newest first. Looks at so many at most, so that a page of what is rare ends:
    /// it may be empty, and `next` goes on.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub(crate) async fn attempt_page(
        &self,
        query: &AttemptQuery,
        wanted: impl Fn(&AttemptSummary) -> bool,
    ) -> Result<AttemptPage, StartError> {
        let state = query.running.then_some(himekuri_store::AttemptState::Active);
        let mut page = AttemptPage { attempts: Vec::new(), next: None };
        let mut before = query.before;
        for _ in 0..LOOKS_MAX {
            let limit = LOOK.max(query.limit);
            let filter = AttemptFilter { state, before, limit, session_key: None };
            let found = self.store.attempts(&filter).await?;
            let is_last = found.len() < limit;
            for (attempt, json) in found {
                if page.attempts.len() == query.limit {
                    page.next = before;
                    return Ok(page);
                }
                let summary: AttemptSummary = serde_json::from_str(&json)?;
                before = Some(attempt);
                if wanted(&summary) {
                    page.attempts.push(AttemptSummary { attempt, ..summary });
                }
            }
            if is_last {
                return Ok(page);
            }
        }
        page.next = before;
        Ok(page)
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
        let replayed = self.replayed(attempt).await?;
        Ok(replayed.map_or_else(Vec::new, |(attempt, _)| attempt.views().collect()))
    }

    /// What was decided about an attempt's tasks, behind a line of its log.
    ///
    /// # Errors
    /// The store or the archive cannot be reached, or has no such attempt.
    pub async fn log_lines(
        &self,
        attempt: AttemptId,
        after: u64,
    ) -> Result<Vec<LogLine>, StartError> {
        let replayed = self.replayed(attempt).await?;
        Ok(replayed
            .map_or_else(Vec::new, |(attempt, records)| log::lines(&attempt, &records, after)))
    }

    /// An attempt from its log, and the log; nothing of one that has not begun.
    async fn replayed(
        &self,
        attempt: AttemptId,
    ) -> Result<Option<(Attempt, Vec<Record>)>, StartError> {
        let log = self.history.log(attempt).await?;
        let log: Vec<Record> =
            log.iter().map(|record| serde_json::from_str(record)).collect::<Result<_, _>>()?;
        if log.is_empty() {
            return Ok(None);
        }
        match Attempt::replay(log.clone()) {
            Ok(attempt) => Ok(Some((attempt, log))),
            Err(error) => Err(StartError::Json(serde::de::Error::custom(error))),
        }
    }
}
