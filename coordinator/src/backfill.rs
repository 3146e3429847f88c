//! Runs the sessions of backfills, in the leading coordinator.
//!
//! One look a second, and one whenever an attempt has ended. A look is idempotent, as in [`crate::Scheduler`]: a session
//! is started first and remembered then, and one that has an attempt of the backfill's name counts as started. Sessions
//! are made when their turn has come, so a thousand dates cost nothing in advance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::coordinator::{Coordinator, StartError};
use crate::revision::ProjectRevision;
use crate::session::{SessionPlan, StartedBy, plan_sessions};
use crate::summary::{AttemptState, AttemptSummary, SessionAttempt};

mod record;

pub use record::{Backfill, BackfillOrder, BackfillState};
pub(crate) use record::{Ended, Previous};

/// How often backfills are looked at when nothing ends.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Shortest pause between two looks: each asks the store about all that runs, and hundreds of attempts may end in a second.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// What the leader remembers of backfills: read once, then written through. The lock makes changes one after another.
#[derive(Debug, Default)]
pub(crate) struct Backfills {
    pub(crate) known: Mutex<Option<BTreeMap<u64, Backfill>>>,
    ended: Notify,
}

impl Backfills {
    /// An attempt has ended: perhaps one of a backfill, which has room for another.
    pub(crate) fn attempt_ended(&self) {
        self.ended.notify_one();
    }
}

/// Starts the sessions of backfills.
pub struct Backfiller {
    coordinator: Coordinator,
    /// Sessions of open backfills, by number.
    plans: BTreeMap<u64, Arc<Plan>>,
}

struct Plan {
    revision: ProjectRevision,
    /// In the backfill's order.
    sessions: Vec<SessionPlan>,
}

impl Backfiller {
    /// A backfiller that has not looked yet.
    #[must_use]
    pub fn new(coordinator: Coordinator) -> Self {
        Self { coordinator, plans: BTreeMap::new() }
    }

    /// Looks until `stop`. A look that fails is logged, and the next one does its work.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut failing = false;
        let shared = self.coordinator.shared_backfills();
        loop {
            match self.run_once(self.coordinator.now()).await {
                Ok(_) => failing = false,
                // Said once for each outage, not once a second.
                Err(error) if !failing => {
                    failing = true;
                    let error: anyhow::Error = error.into();
                    tracing::error!("could not look at the backfills: {error:#}");
                }
                Err(error) => tracing::debug!("still no look at the backfills: {error}"),
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = shared.ended.notified() => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Looks at all backfills once; returns how many sessions it started.
    ///
    /// # Errors
    /// The store cannot be reached, or the coordinator is stopping. What was started stays started.
    pub async fn run_once(&mut self, now: Timestamp) -> Result<usize, StartError> {
        let shared = self.coordinator.shared_backfills();
        let mut known = shared.known.lock().await;
        let known = self.coordinator.known_backfills(&mut known).await?;
        let open: Vec<u64> =
            known.iter().filter(|(_, one)| one.is_open()).map(|(id, _)| *id).collect();
        self.plans.retain(|id, _| open.contains(id));
        let mut started = 0;
        for id in open {
            let Some(before) = known.get(&id) else { continue };
            match self.look(before.clone(), now).await {
                Ok(after) => {
                    started += after.started.saturating_sub(before.started);
                    if after != *before {
                        self.coordinator.put_backfill(&after).await?;
                        known.insert(id, after);
                    }
                }
                Err(error @ (StartError::Store(_) | StartError::Stopping)) => return Err(error),
                // The others must not wait for one that this program cannot read.
                Err(error) => {
                    let error: anyhow::Error = error.into();
                    tracing::error!("backfill {id} does not go on: {error:#}");
                }
            }
        }
        Ok(started)
    }

    async fn look(&mut self, mut one: Backfill, now: Timestamp) -> Result<Backfill, StartError> {
        for running in one.running.clone() {
            let attempts =
                self.coordinator.attempts_of(&one.project, &one.workflow, running.session_time);
            let attempts = attempts.await?;
            let found = attempts.iter().find(|found| found.attempt == running.attempt);
            let billed = found.and_then(|found| found.bytes_billed).unwrap_or(0);
            match found.map(|found| found.state) {
                Some(AttemptState::Running) => {}
                Some(AttemptState::Success) => one.ended(running.attempt, Ended::Well, billed),
                // Not found: the store has lost it.
                Some(AttemptState::Error | AttemptState::Canceled) | None => {
                    one.ended(running.attempt, Ended::Otherwise, billed);
                }
            }
        }
        let previous = self.previous(&one).await?;
        let starts = one.starts(previous);
        let is_waiting = one.state == BackfillState::Running
            && one.running.is_empty()
            && previous == Previous::NotYet
            && one.started < one.sessions;
        one.waits_for = one.last.filter(|_| is_waiting);
        if !starts.is_empty() {
            let plan = self.plan(&one).await?;
            for place in starts {
                self.start(&mut one, &plan, place, now).await?;
            }
        }
        one.finish();
        if one.state == BackfillState::Done {
            let Backfill { id, succeeded, failed, .. } = &one;
            tracing::info!(
                "backfill {id} is done: {succeeded} sessions succeeded, {failed} failed"
            );
        }
        Ok(one)
    }

    /// How the session that was started last is, where it matters.
    async fn previous(&self, one: &Backfill) -> Result<Previous, StartError> {
        let Some(last) = one.last.filter(|_| one.depends_on_previous) else {
            return Ok(Previous::Succeeded);
        };
        let last = self.coordinator.attempts_of(&one.project, &one.workflow, last.session_time);
        Ok(match last.await?.first().map(|counts| counts.state) {
            Some(AttemptState::Success) => Previous::Succeeded,
            Some(AttemptState::Running | AttemptState::Error | AttemptState::Canceled) | None => {
                Previous::NotYet
            }
        })
    }

    async fn start(
        &self,
        one: &mut Backfill,
        plan: &Plan,
        place: usize,
        now: Timestamp,
    ) -> Result<(), StartError> {
        let Some(session) = plan.sessions.get(place).cloned() else { return Ok(()) };
        let before = place.checked_sub(1).and_then(|before| plan.sessions.get(before));
        let last_executed = match one.order {
            BackfillOrder::OldestFirst => before.map(|before| before.session_time),
            BackfillOrder::NewestFirst => None,
        };
        let session = SessionPlan { started_by: StartedBy::Backfill, last_executed, ..session };
        let summary = AttemptSummary {
            attempt_name: one.name.clone(),
            params: one.params.clone(),
            overrides: one.overrides.clone(),
            ..AttemptSummary::new(&plan.revision, &one.workflow, session, now)
        };
        let started = self.coordinator.start_one(&plan.revision, summary).await?;
        one.start(SessionAttempt { attempt: started.attempt, session_time: started.session_time });
        Ok(())
    }

    async fn plan(&mut self, one: &Backfill) -> Result<Arc<Plan>, StartError> {
        if let Some(plan) = self.plans.get(&one.id) {
            return Ok(Arc::clone(plan));
        }
        let revision = self.coordinator.backfill_revision(one).await?;
        let workflow = Coordinator::workflow_of(&revision, &one.workflow)?;
        let mut sessions = plan_sessions(&workflow, one.dates, one.requested_at)?;
        if one.order == BackfillOrder::NewestFirst {
            sessions.reverse();
        }
        let plan = Arc::new(Plan { revision, sessions });
        self.plans.insert(one.id, Arc::clone(&plan));
        Ok(plan)
    }
}
