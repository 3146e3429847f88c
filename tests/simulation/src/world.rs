//! What all programs of one seed share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gcp_bigquery_client::model::job::Job;
use himekuri_broker::{MemoryBroker, MemoryConfig};
use himekuri_coordinator::{Clock, Coordinator};
use himekuri_protocol::AttemptId;
use himekuri_store::{Epoch, MemoryStore};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::bigquery::Warehouse;
use crate::dice::Dice;
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::pool::FAILURES_MAX;

/// Returns of a message before it is dead: more than all faults of a seed make. A message that comes back 20 times fails its
/// task with good cause, and the ledger looks for failures without one.
const RETURNS_MAX: u32 = 10_000;

/// One seed's world.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) faults: Faults,
    pub(crate) ledger: Ledger,
    pub(crate) clock: Clock,
    /// Records between snapshots.
    pub(crate) snapshot_every: u64,
    /// Tasks that a worker takes at once.
    pub(crate) prefetch: u16,
    pub(crate) store: MemoryStore,
    pub(crate) broker: MemoryBroker,
    warehouse: Mutex<Warehouse>,
    /// Highest epoch that claimed each attempt.
    claims: Mutex<BTreeMap<AttemptId, Epoch>>,
    /// How often the jobs of a task have been made to fail.
    failures: Mutex<BTreeMap<String, u64>>,
    leader: Mutex<Option<Coordinator>>,
    /// Sessions whose start was acknowledged.
    promised: Mutex<BTreeSet<AttemptId>>,
}

impl World {
    pub(crate) fn new(dice: Dice, faults: Faults, clock: Clock, prefetch: u16) -> Arc<Self> {
        let snapshot_every = dice.number(1..40);
        Arc::new(Self {
            dice,
            faults,
            ledger: Ledger::default(),
            clock,
            snapshot_every,
            prefetch,
            store: MemoryStore::new(),
            broker: MemoryBroker::new(MemoryConfig { delivery_limit: RETURNS_MAX }),
            warehouse: Mutex::default(),
            claims: Mutex::default(),
            failures: Mutex::default(),
            leader: Mutex::default(),
            promised: Mutex::default(),
        })
    }

    pub(crate) fn warehouse(&self) -> MutexGuard<'_, Warehouse> {
        self.warehouse.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn claimed(&self, attempt: AttemptId, epoch: Epoch) {
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let highest = claims.entry(attempt).or_insert(epoch);
        *highest = epoch.max(*highest);
    }

    /// Whether a newer leader has claimed the attempt.
    pub(crate) fn is_deposed(&self, attempt: AttemptId, epoch: Epoch) -> bool {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.get(&attempt).is_some_and(|claimed| *claimed > epoch)
    }

    /// Whether a job of this task may still be made to fail.
    pub(crate) fn may_fail(&self, job: &Job) -> bool {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.get(&task_of(job)).is_none_or(|failures| *failures < FAILURES_MAX)
    }

    pub(crate) fn fails(&self, job: &Job) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        *failures.entry(task_of(job)).or_default() += 1;
    }

    pub(crate) fn lead(&self, coordinator: Coordinator) {
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = Some(coordinator);
    }

    /// Lets the last leader go, which holds the world in turn: the memory of both would never be given back.
    pub(crate) fn end(&self) {
        *self.leader.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The last coordinator that led; it may be dead.
    pub(crate) fn leader(&self) -> Option<Coordinator> {
        self.leader.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The time of day at a moment.
    pub(crate) fn time_of(&self, moment: Instant) -> Timestamp {
        let now = self.clock.now();
        let ago = SignedDuration::try_from(Instant::now().saturating_duration_since(moment));
        ago.ok().and_then(|ago| now.checked_sub(ago).ok()).unwrap_or(now)
    }

    pub(crate) fn promised(&self) -> MutexGuard<'_, BTreeSet<AttemptId>> {
        self.promised.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A job's id without its try: `himekuri_<hash>_<attempt>`.
fn task_of(job: &Job) -> String {
    let id = job.job_reference.as_ref().and_then(|of| of.job_id.as_deref()).unwrap_or_default();
    id.rsplit_once('_').map_or(id, |(task, _)| task).to_owned()
}
