//! Looks at the world when it has come to rest: what the logs promise must be in BigQuery, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use himekuri_engine::{Attempt, AttemptOutcome, Record, TaskState, render_tree};
use himekuri_protocol::{AttemptId, TaskId, TryNo};
use himekuri_store::{AttemptFilter, Store};

use crate::faults::Fault;
use crate::world::World;

/// Jobs of each try of a task.
type Tries = BTreeMap<TaskId, BTreeMap<TryNo, BTreeSet<String>>>;

/// Writes the ledger's last page.
pub(crate) async fn give(world: &World, rested: bool) {
    let filter = AttemptFilter { limit: usize::MAX, ..AttemptFilter::default() };
    let attempts = world.store.attempts(&filter).await.unwrap_or_default();
    let mut known = BTreeSet::new();
    for (id, _) in &attempts {
        let log = world.store.log(*id).await.unwrap_or_default();
        let records = log.iter().map(|record| serde_json::from_str(record)).collect();
        let records: Result<Vec<Record>, _> = records;
        let Ok(records) = records else {
            lost(world, format!("attempt {id}: its log cannot be read"));
            continue;
        };
        let tries = tries_of(&records);
        known.extend(tries.values().flat_map(BTreeMap::values).flatten().cloned());
        match Attempt::replay(records) {
            Ok(attempt) => of_attempt(world, *id, &attempt, &tries),
            Err(error) if log.is_empty() => {
                stuck(world, format!("attempt {id} never began: {error}"))
            }
            Err(error) => lost(world, format!("attempt {id}: its log cannot be replayed: {error}")),
        }
    }
    let was_rolled_back = world.faults.hits().get(Fault::StoreRolledBack as usize) != Some(&0);
    if !was_rolled_back {
        of_promises(world, &attempts.iter().map(|(id, _)| *id).collect());
        of_jobs(world, &known);
    }
    if !rested && world.ledger.entries().counters.stuck == 0 {
        stuck(world, format!("{} jobs never end", world.warehouse().running()));
    }
}

fn tries_of(records: &[Record]) -> Tries {
    let mut tries = Tries::new();
    for record in records {
        if let Record::Dispatched { task, try_no, job, .. } = record {
            let jobs = tries.entry(*task).or_default().entry(*try_no).or_default();
            jobs.extend(job.iter().map(|job| job.job_id.clone()));
        }
    }
    tries
}

fn of_attempt(world: &World, id: AttemptId, attempt: &Attempt, tries: &Tries) {
    if attempt.outcome().is_none() {
        stuck(world, format!("attempt {id} has not ended:\n{}", render_tree(attempt)));
    }
    {
        let mut entries = world.ledger.entries();
        entries.counters.attempts += 1;
        entries.counters.tries += tries.values().map(|tries| tries.len() as u64).sum::<u64>();
    }
    for (task, tries) in tries {
        of_tries(world, id, *task, tries);
    }
    if let Some((outcome, ended_at)) = attempt.outcome() {
        world.ledger.entries().counters.killed += u64::from(outcome == AttemptOutcome::Canceled);
        let warehouse = world.warehouse();
        for job in tries.values().flat_map(BTreeMap::values).flatten() {
            let real = warehouse.job(job).filter(|job| !job.is_tombstone());
            let ends_at = real.map(|job| world.time_of(job.ends_at()));
            if ends_at.is_some_and(|ends_at| ends_at > ended_at) {
                let finding = format!("attempt {id} ended at {ended_at}, and its job {job} ran on");
                world.ledger.find(|counters| &mut counters.ran_on, finding);
            }
        }
    }
    for task in attempt.tasks() {
        match &task.state {
            TaskState::Success => {
                world.ledger.entries().counters.tasks += 1;
                let job = task.job.as_ref().map(|job| job.job.job_id.as_str());
                let ran = job.is_some_and(|job| {
                    world.warehouse().job(job).is_some_and(crate::bigquery::SimJob::succeeded)
                });
                if task.operator() == Some("bq") && !ran {
                    lost(
                        world,
                        format!(
                            "attempt {id}, {}: success, but its job {job:?} has not succeeded",
                            task.full_name
                        ),
                    );
                }
            }
            TaskState::Error { error } => world.ledger.find(
                |counters| &mut counters.failed_without_cause,
                format!("attempt {id}, {}: {}: {}", task.full_name, error.reason, error.message),
            ),
            TaskState::Blocked
            | TaskState::Ready
            | TaskState::Running { .. }
            | TaskState::Waiting { .. }
            | TaskState::Requiring { .. }
            | TaskState::RetryWaiting { .. }
            | TaskState::Planned
            | TaskState::GroupError
            | TaskState::Canceled => {}
        }
    }
}

/// One job for a try, and no other try behind one whose job succeeded.
fn of_tries(world: &World, id: AttemptId, task: TaskId, tries: &BTreeMap<TryNo, BTreeSet<String>>) {
    let twice = |finding: String| {
        world.ledger.find(|counters| &mut counters.billed_twice, finding);
    };
    let mut succeeded = None;
    for (try_no, jobs) in tries {
        if let Some(before) = succeeded {
            twice(format!(
                "attempt {id}, task {task}: try {try_no} ran though {before} had succeeded"
            ));
        }
        let warehouse = world.warehouse();
        let sent: Vec<_> = jobs.iter().filter_map(|job| warehouse.job(job)).collect();
        if sent.len() > 1 {
            twice(format!("attempt {id}, task {task}: try {try_no} had the jobs {jobs:?}"));
        }
        if sent.iter().any(|job| job.succeeded()) {
            succeeded = Some(*try_no);
        }
    }
}

/// What was acknowledged is there.
fn of_promises(world: &World, attempts: &BTreeSet<AttemptId>) {
    let gone: Vec<AttemptId> = world.promised().difference(attempts).copied().collect();
    for attempt in gone {
        lost(world, format!("attempt {attempt} was promised, and is not there"));
    }
}

/// No job runs that no log knows of.
fn of_jobs(world: &World, known: &BTreeSet<String>) {
    let billed: Vec<String> = world.ledger.entries().billed.keys().cloned().collect();
    for job in billed.into_iter().filter(|job| !known.contains(job)) {
        lost(world, format!("job {job} ran, and no log knows of it"));
    }
}

fn lost(world: &World, finding: String) {
    world.ledger.find(|counters| &mut counters.lost, finding);
}

fn stuck(world: &World, finding: String) {
    world.ledger.find(|counters| &mut counters.stuck, finding);
}
