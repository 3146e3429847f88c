//! One attempt as large as they come, in the whole pool: a loop over dates times marts, each of which is a job. Nothing
//! goes wrong but that the leader dies now and then, so that another one takes over what it has not read from the start.

use std::sync::Arc;
use std::time::Duration;

use himekuri_coordinator::Clock;
use himekuri_store::{AttemptFilter, Store};
use jiff::Timestamp;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::dice::Dice;
use crate::faults::{Fault, Faults};
use crate::ledger::Counters;
use crate::programs;
use crate::seed::{BEGIN_SECONDS, push};
use crate::workload::Title;
use crate::world::World;

/// Workers, and what each takes at once: together what the coordinator lets out.
const WORKERS: usize = 4;
const PREFETCH: u16 = 250;

/// Times that a leader dies, roughly: it makes a call for each message, and some for each round.
const DEATHS: f64 = 2.0;

/// Deaths for each call at most: of a small attempt, no leader would live long enough to get on with it.
const DEATHS_RATE_MAX: f64 = 0.005;

/// How long a job that is done stays known: messages that come twice come sooner.
const KNOWN_FOR: Duration = Duration::from_secs(1_800);

/// How long the attempt may take, in the time of the simulation.
const PATIENCE: Duration = Duration::from_secs(7 * 86_400);

/// What became of it.
#[derive(Clone, Debug)]
pub struct LargeResult {
    /// Whether the attempt ended, and ended well.
    pub succeeded: bool,
    /// Attempts: more than one if a leader died before it had said that it started one.
    pub attempts: usize,
    /// Partitions that were written.
    pub partitions: usize,
    /// The ledger.
    pub counters: Counters,
    /// What was bad, a sentence each.
    pub findings: Vec<String>,
    /// Times that a leader died.
    pub deaths: u64,
    /// Time that passed in the world.
    pub passed: Duration,
}

/// Runs the attempt.
///
/// # Errors
/// The runtime cannot be made.
pub fn run(dates: u32, marts: u32) -> std::io::Result<LargeResult> {
    fastrand::seed(0);
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    Ok(LocalSet::new().block_on(&runtime, live(dates, marts)))
}

async fn live(dates: u32, marts: u32) -> LargeResult {
    let began = Instant::now();
    let begin = Timestamp::from_second(BEGIN_SECONDS).unwrap_or(Timestamp::UNIX_EPOCH);
    let tasks = f64::from(dates) * f64::from(marts);
    let faults = Faults::only(Fault::CoordinatorCrash, (DEATHS / tasks).min(DEATHS_RATE_MAX));
    let world = World::new(Dice::new(0), faults, Clock::virtual_from(begin), PREFETCH);
    world.warehouse().forget_after(KNOWN_FOR);
    let title = title(dates, marts);
    push(&world, std::slice::from_ref(&title), true).await;
    for number in 0..2 {
        tokio::task::spawn_local(programs::coordinator(Arc::clone(&world), number));
    }
    for number in 0..WORKERS {
        tokio::task::spawn_local(programs::worker(Arc::clone(&world), number));
    }
    start(&world, &title.name).await;
    let ended = tokio::time::timeout(PATIENCE, end(&world)).await;
    let partitions = world.warehouse().partitions();
    let attempts = attempts(&world).await.len();
    let (counters, findings) = {
        let entries = world.ledger.entries();
        (entries.counters, entries.findings.clone())
    };
    world.end();
    LargeResult {
        succeeded: ended == Ok(true),
        attempts,
        partitions,
        counters,
        findings,
        deaths: world.faults.hits().iter().sum(),
        passed: began.elapsed(),
    }
}

fn title(dates: u32, marts: u32) -> Title {
    let summary = format!(
        "timezone: UTC
+dates:
  for_range>: {{from: 0, to: {dates}, step: 1}}
  _parallel: true
  _do:
    _export: {{day: '${{moment(\"2020-01-01\").add(range.index, \"days\").format(\"YYYYMMDD\")}}'}}
    +marts:
      loop>: {marts}
      _parallel: true
      _do:
        bq>: {{data: SELECT 1}}
        destination_table: summary.mart_${{i}}$${{day}}
        write_disposition: WRITE_TRUNCATE
"
    );
    let files: himekuri_workflow::ProjectFiles =
        [("by_hand.dig", summary.as_str())].into_iter().collect();
    Title {
        name: "large".to_owned(),
        gcp_project: "gcp-large".to_owned(),
        unscheduled: files.clone(),
        files,
    }
}

/// Asks whoever leads, until somebody says that the attempt is there.
async fn start(world: &World, title: &str) {
    let titles = [title.to_owned()];
    while world.promised().is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(coordinator) = world.leader() {
            programs::start(world, &coordinator, &titles).await;
        }
    }
}

/// Waits for the end; whether the attempt succeeded.
async fn end(world: &World) -> bool {
    loop {
        tokio::time::sleep(Duration::from_secs(60)).await;
        if world.store.active_attempts().await.unwrap_or_default().is_empty() {
            let all = attempts(world).await;
            return all.iter().all(|summary| summary.contains("\"state\":\"success\""));
        }
    }
}

/// Summaries of all attempts.
async fn attempts(world: &World) -> Vec<String> {
    let all = AttemptFilter { limit: usize::MAX, ..AttemptFilter::default() };
    let attempts = world.store.attempts(&all).await.unwrap_or_default();
    attempts.into_iter().map(|(_, summary)| summary).collect()
}
