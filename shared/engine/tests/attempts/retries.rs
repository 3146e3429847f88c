//! `_retry` of an operator's own failure.

use himekuri_engine::{AttemptOutcome, Record};
use himekuri_protocol::{TryNo, Work};

use crate::world::{Project, World, assert_tree};

fn retried(policy: &str) -> World {
    Project::new(&format!("+a:\n  bq>: a.sql\n  _retry: {policy}\n"))
        .file("a.sql", "SELECT 1")
        .start()
}

fn job_id(world: &mut World) -> String {
    let Work::Bq(job) = world.work("+a") else { panic!("`+a` is a query") };
    job.job.job_id
}

#[test]
fn a_failed_task_waits_for_its_interval_and_then_runs_again() {
    let mut world = retried("{limit: 1, interval: 600}");

    world.fail("+a", "quota");
    let waiting = world.tree();
    world.tick(599);
    let early = world.ready();
    world.tick(1);

    assert!(waiting.contains("+a: retry_waiting !! quota"), "{waiting}");
    assert_eq!(early, [""; 0]);
    assert_eq!(world.ready(), ["+a"]);
}

#[test]
fn the_next_deadline_is_the_end_of_the_wait() {
    let mut world = retried("{limit: 1, interval: 600}");

    world.fail("+a", "quota");

    let until = world.attempt.next_deadline().unwrap().duration_since(world.now);
    assert_eq!(until.as_secs(), 600);
}

#[test]
fn a_retry_is_a_new_try_with_a_new_job() {
    let mut world = retried("1");
    let first = job_id(&mut world);

    world.fail("+a", "quota");
    world.tick(0);
    let second = job_id(&mut world);
    world.succeed("+a");

    assert_ne!(first, second);
    assert_tree(
        &world,
        "
        +wf: success
          +a: success (try 2)
        ",
    );
}

#[test]
fn waits_of_the_exponential_type_double() {
    let mut world = retried("{limit: 3, interval: 10, interval_type: exponential}");
    let mut waits = Vec::new();

    for _ in 0..3 {
        world.fail("+a", "quota");
        let due = world.attempt.next_deadline().unwrap();
        waits.push(due.duration_since(world.now).as_secs());
        world.tick(waits.last().copied().unwrap().unsigned_abs());
    }
    world.fail("+a", "quota");

    assert_eq!(waits, [10, 20, 40]);
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn retries_end_with_the_last_error() {
    let mut world = retried("2");

    for error in ["first", "second", "third"] {
        world.tick(0);
        world.fail("+a", error);
    }

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: error (try 3) !! third
        ",
    );
}

#[test]
fn the_policy_of_an_operator_is_evaluated() {
    let mut world =
        Project::new("+a:\n  echo>: x\n  _retry: ${retries}\n").param("retries", 1).start();

    world.fail("+a", "broken");

    assert_eq!(world.state("+a"), "retry_waiting");
}

#[test]
fn a_broken_expression_is_not_retried() {
    let mut world = Project::new("+a:\n  echo>: ${nope}\n  _retry: 3\n").start();

    assert!(world.send("+a").is_none());

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: error !! wf.dig:2:10: `nope` is not defined
        ",
    );
}

#[test]
fn a_loop_whose_iteration_failed_runs_again_with_new_iterations() {
    let dig = "+l:\n  loop>: 2\n  _retry: 1\n  _do:\n    echo>: ${i}\n";
    let mut world = Project::new(dig).start();
    world.succeed("+l^sub+loop-0");
    let first_id = world.task("+l^sub+loop-0").id;

    world.fail("+l^sub+loop-1", "broken");
    world.tick(0);

    assert_eq!(world.ready(), ["+l^sub+loop-0"]);
    assert!(world.task("+l^sub+loop-0").id > first_id);
    world.succeed("+l^sub+loop-0");
    world.succeed("+l^sub+loop-1");
    assert_tree(
        &world,
        "
        +wf: success
          +l: success
            ^sub: success
              +loop-0: success (try 2)
              +loop-1: success (try 2)
        ",
    );
}

#[test]
fn a_call_whose_file_failed_calls_it_again() {
    let mut world = Project::new("+m:\n  call>: child\n  _retry: 1\n")
        .file("child.dig", "+t: {echo>: x}\n")
        .start();

    world.fail("+m^sub+t", "broken");
    world.tick(0);
    world.succeed("+m^sub+t");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
    assert_eq!(world.task("+m^sub+t").last_try, Some(TryNo(2)));
}

#[test]
fn the_record_of_a_retry_says_when_and_why() {
    let mut world = retried("{limit: 1, interval: 600}");

    world.fail("+a", "quota");

    let Some(Record::RetryScheduled { retry_count, error, .. }) = world.log.last() else {
        panic!("{:?}", world.log.last());
    };
    assert_eq!((*retry_count, error.message.as_str()), (1, "quota"));
}

#[test]
fn a_missing_or_broken_sql_file_is_not_tried_again() {
    for (file, expected) in [("nope.sql", "nope.sql"), ("broken.sql", "`nope` is not defined")] {
        let mut world = Project::new(&format!("+a:\n  bq>: {file}\n  _retry: 3\n"))
            .file("broken.sql", "SELECT ${nope}")
            .in_gcp_project("gcp")
            .start();

        assert!(world.send("+a").is_none(), "{file}");

        let tree = world.tree();
        assert_eq!(world.state("+a"), "error", "{tree}");
        assert!(tree.contains(expected), "{tree}");
    }
}
