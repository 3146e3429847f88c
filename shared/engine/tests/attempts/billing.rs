//! What an attempt was billed for its jobs.

use himekuri_engine::Attempt;
use himekuri_protocol::{JobStatistics, Outcome, StoreParams};

use crate::world::{Project, World, job, submitted};

/// A job that was billed this much.
fn billed(bytes: u64) -> Outcome {
    let job = JobStatistics {
        job: job("j1"),
        total_bytes_processed: Some(1),
        total_bytes_billed: Some(bytes),
        rows: None,
        total_slot_ms: None,
        duration_ms: None,
        cache_hit: None,
    };
    Outcome::Succeeded { store_params: StoreParams::new(), job: Some(job) }
}

fn project(dig: &str) -> World {
    let dig = dig.replace("JOB", "bq>: a.sql");
    Project::new(&dig).file("a.sql", "SELECT 1").in_gcp_project("gcp").start()
}

#[test]
fn the_bytes_of_all_jobs_are_counted_and_a_retry_is_paid_again() {
    let mut world = project("+a: {JOB}\n+b: {_retry: 1, JOB, _check: {fail>: no}}\n");

    world.report("+a", billed(10));
    world.report("+b", billed(20));
    assert_eq!(world.state("+b"), "retry_waiting");
    world.tick(0);
    world.report("+b", billed(20));

    assert_eq!(world.attempt.bytes_billed(), 50);
}

#[test]
fn a_task_with_a_check_is_counted_once() {
    let mut world = project("+a: {JOB, _check: {echo>: check}}\n");

    world.report("+a", billed(10));
    world.succeed("+a^check");

    assert_eq!(world.state("+a"), "success");
    assert_eq!(world.attempt.bytes_billed(), 10);
}

#[test]
fn a_job_that_ended_well_after_the_kill_was_paid_too() {
    let mut world = project("+a: {JOB}\n+b: {JOB}\n");
    world.report("+a", submitted("j1"));
    world.kill();

    world.report("+a", billed(10));

    assert_eq!(world.state("+a"), "canceled");
    assert_eq!(world.attempt.bytes_billed(), 10);
}

#[test]
fn what_an_earlier_attempt_has_done_costs_nothing_again() {
    let mut world = project("+a: {JOB}\n+b: {JOB}\n");
    world.report("+a", billed(10));
    world.fail("+b", "broken");

    let mut again = world.resume(&[]);
    again.report("+b", billed(5));

    assert_eq!(again.attempt.bytes_billed(), 5);
}

#[test]
fn a_leader_that_begins_with_a_snapshot_knows_what_was_billed_before() {
    let mut world = project("+a: {JOB}\n+b: {JOB}\n");
    world.report("+a", billed(10));
    let snapshot = Attempt::recover(world.log.clone()).unwrap().snapshot().unwrap();

    let (first, behind) = (world.log[0].clone(), []);
    let taken_over = Attempt::recover_from(first, &snapshot, behind).unwrap();

    assert_eq!(taken_over.bytes_billed(), 10);
}
