//! One seed, from an empty pool through its faults to its rest.

use std::sync::Arc;
use std::time::Duration;

use himekuri_coordinator::{Clock, ProjectRecord};
use himekuri_store::{MemoryStore, Store};
use jiff::Timestamp;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::faults::{Fault, Faults};
use crate::ledger::Counters;
use crate::workload::{self, Title};
use crate::world::World;
use crate::{programs, verdict};

/// 2026-01-01T00:00:30Z: half a minute before the first sessions.
pub(crate) const BEGIN_SECONDS: i64 = 1_767_225_630;

/// How long the pool may take to come to rest once nothing goes wrong any more. The longest wait of a coordinator for a
/// lost message is 4 hours.
const REST_PATIENCE: Duration = Duration::from_secs(48 * 3_600);

/// Tasks that a worker takes at once.
const PREFETCH: u16 = 4;

/// What a seed gave.
#[derive(Clone, Debug)]
pub struct SeedResult {
    /// The seed.
    pub seed: u64,
    /// The ledger.
    pub counters: Counters,
    /// What was bad, a sentence each.
    pub findings: Vec<String>,
    /// How often each fault struck.
    pub hits: Vec<u64>,
    /// Time that passed in the world.
    pub passed: Duration,
    /// The same for the same program and seed.
    pub digest: u64,
}

/// Runs one seed.
///
/// # Errors
/// The runtime cannot be made.
pub fn run(seed: u64) -> std::io::Result<SeedResult> {
    fastrand::seed(seed);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let local = LocalSet::new();
    Ok(local.block_on(&runtime, live(seed)))
}

async fn live(seed: u64) -> SeedResult {
    let began = Instant::now();
    let dice = Dice::new(seed);
    let faults = Faults::choose(&dice);
    let begin = Timestamp::from_second(BEGIN_SECONDS).unwrap_or(Timestamp::UNIX_EPOCH);
    let world = World::new(dice, faults, Clock::virtual_from(begin), PREFETCH);
    let titles = workload::draw(&world.dice);
    push(&world, &titles, true).await;
    start(&world, &titles);
    tokio::time::sleep(world.dice.millis(60_000..240_000)).await;
    world.faults.end();
    tracing::info!("nothing goes wrong any more");
    // The same files without a schedule: no session begins any more.
    push(&world, &titles, false).await;
    let rested = rest(&world).await;
    verdict::give(&world, rested).await;
    world.end();
    let entries = world.ledger.entries();
    SeedResult {
        seed,
        counters: entries.counters,
        findings: entries.findings.clone(),
        hits: world.faults.hits(),
        passed: began.elapsed(),
        digest: world.dice.number(0..u64::MAX),
    }
}

/// Stored as a push does; the check of the files is not what is tried here.
pub(crate) async fn push(world: &Arc<World>, titles: &[Title], scheduled: bool) {
    for title in titles {
        let files = if scheduled { &title.files } else { &title.unscheduled };
        let revision = himekuri_project::revision_id(files);
        let Ok(archive) = himekuri_project::pack(files) else { continue };
        let record = ProjectRecord {
            name: title.name.clone(),
            revision: revision.clone(),
            gcp_project: Some(title.gcp_project.clone()),
            pushed_at: world.clock.now(),
            workflows: files.workflow_names().into_iter().map(str::to_owned).collect(),
            git: None,
            paused: None,
        };
        let Ok(json) = serde_json::to_string(&record) else { continue };
        // The memory form never fails.
        let _stored = world.store.put_revision(&revision, &archive).await;
        let _stored = world.store.put_project(&title.name, &json).await;
    }
}

fn start(world: &Arc<World>, titles: &[Title]) {
    let names = titles.iter().map(|title| title.name.clone()).collect();
    tokio::task::spawn_local(programs::person(Arc::clone(world), names));
    for number in 0..2 {
        tokio::task::spawn_local(programs::coordinator(Arc::clone(world), number));
    }
    for number in 0..world.dice.number(1..4) {
        let number = usize::try_from(number).unwrap_or_default();
        tokio::task::spawn_local(programs::worker(Arc::clone(world), number));
    }
    if world.faults.has(Fault::StoreRolledBack) {
        tokio::task::spawn_local(roll_back(Arc::clone(world)));
    }
}

/// Keeps a copy of every second, and goes back now and then.
async fn roll_back(world: Arc<World>) {
    let mut copies: std::collections::VecDeque<MemoryStore> = std::collections::VecDeque::new();
    loop {
        copies.push_front(world.store.copy());
        copies.truncate(3);
        tokio::time::sleep(Duration::from_secs(1)).await;
        if world.faults.strikes(Fault::StoreRolledBack, &world.dice) {
            let back = world.dice.number(0..u64::try_from(copies.len()).unwrap_or(1));
            // What was written after it is gone for good: no later loss brings it back.
            for _ in 0..back {
                copies.pop_front();
            }
            if let Some(earlier) = copies.front() {
                world.store.roll_back(earlier);
            }
        }
    }
}

/// Waits until every attempt has ended; `false` when that takes too long.
async fn rest(world: &Arc<World>) -> bool {
    let deadline = Instant::now() + REST_PATIENCE;
    // A pool that looks at its schedules every second has seen the push by then.
    tokio::time::sleep(Duration::from_secs(15)).await;
    loop {
        let active = world.store.active_attempts().await.unwrap_or_default();
        if active.is_empty() && world.warehouse().running() == 0 {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
        world.warehouse().settle(Instant::now(), &world.ledger);
    }
}
