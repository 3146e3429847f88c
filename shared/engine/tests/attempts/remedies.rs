//! What BigQuery's reason for a failed job asks for, with a `_retry` and without.

use himekuri_engine::AttemptOutcome;
use himekuri_protocol::{Outcome, TaskError};

use crate::world::{Project, World, job};

fn query(policy: &str) -> World {
    Project::new(&format!("+a:\n  bq>: a.sql\n{policy}")).file("a.sql", "SELECT 1").start()
}

/// The job of the running try fails, and the wait for the next one is over.
fn fail(world: &mut World, reason: &str) -> Option<i64> {
    let error = TaskError {
        reason: reason.to_owned(),
        message: "it went wrong".to_owned(),
        job: Some(job("j")),
    };
    world.report("+a", Outcome::Failed { error });
    let due = world.attempt.next_deadline()?;
    let wait = due.duration_since(world.now).as_secs();
    world.tick(wait.unsigned_abs());
    Some(wait)
}

#[test]
fn a_failure_that_passes_is_tried_again_five_times_with_longer_waits() {
    let mut world = query("");

    let waits: Vec<Option<i64>> = (0..6).map(|_| fail(&mut world, "backendError")).collect();

    assert_eq!(waits, [Some(10), Some(20), Some(40), Some(80), Some(160), None]);
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn a_rate_limit_has_passed_when_the_next_job_comes() {
    let mut world = query("  _retry: {limit: 2, interval: 1}\n");

    let wait = fail(&mut world, "rateLimitExceeded");

    assert_eq!(wait, Some(15), "longer than the task's own interval");
}

#[test]
fn a_longer_interval_of_the_task_counts() {
    let mut world = query("  _retry: {limit: 2, interval: 60}\n");

    assert_eq!(fail(&mut world, "rateLimitExceeded"), Some(60));
}

#[test]
fn a_used_up_quota_is_waited_for_and_no_retry_is_counted() {
    let mut world = query("  _retry: 1\n");

    let waits: Vec<Option<i64>> = (0..50).map(|_| fail(&mut world, "quotaExceeded")).collect();

    assert!(waits.iter().all(|wait| *wait == Some(600)), "{waits:?}");
    assert_eq!(fail(&mut world, "invalidQuery"), Some(0), "the retry of the task is still there");
    assert_eq!(fail(&mut world, "invalidQuery"), None);
}

#[test]
fn a_failure_that_stays_is_only_tried_again_if_the_task_says_so() {
    for reason in ["invalidQuery", "accessDenied", "bytesBilledLimitExceeded", "stopped", "timeout"]
    {
        let mut once = query("");
        let mut twice = query("  _retry: 1\n");

        assert_eq!(fail(&mut once, reason), None, "{reason}");
        assert_eq!(fail(&mut twice, reason), Some(0), "{reason}");
        assert_eq!(fail(&mut twice, reason), None, "{reason}");
    }
}

#[test]
fn what_is_not_there_yet_is_looked_for_again_by_the_same_try_without_end() {
    let mut world = Project::new("+a: {bq_wait>: logs.access$20190901}\n").start();
    let first = world.send("+a").unwrap();

    for _ in 0..1_000 {
        world.report("+a", Outcome::NotYet);
        assert_eq!(world.attempt.due_again(world.now), []);
        world.tick(5);
        let again = world.send("+a").unwrap();
        assert_eq!(again, first);
    }
    world.succeed("+a");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn a_wait_ends_with_its_timeout() {
    let mut world = Project::new("+a:\n  bq_wait>: logs.access\n  timeout: 1m\n").start();
    world.send("+a").unwrap();
    world.report("+a", Outcome::NotYet);

    world.tick(60);

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}
