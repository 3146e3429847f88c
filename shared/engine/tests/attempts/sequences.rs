//! Groups in sequence.

use himekuri_engine::{AttemptOutcome, Record};

use crate::world::{Project, assert_tree};

const THREE_STEPS: &str = "
+a:
  echo>: a
+b:
  +inner:
    echo>: inner
+c:
  echo>: c
";

#[test]
fn only_the_first_task_is_ready_at_the_start() {
    let world = Project::new(THREE_STEPS).start();

    assert_eq!(world.ready(), ["+a"]);
    assert_tree(
        &world,
        "
        +wf: planned
          +a: ready
          +b: blocked
          +c: blocked
        ",
    );
}

#[test]
fn a_task_becomes_ready_when_the_one_before_it_succeeded() {
    let mut world = Project::new(THREE_STEPS).start();

    world.succeed("+a");

    assert_eq!(world.ready(), ["+b+inner"]);
}

#[test]
fn an_attempt_succeeds_with_its_last_task() {
    let mut world = Project::new(THREE_STEPS).start();

    world.succeed("+a");
    world.succeed("+b+inner");
    assert_eq!(world.outcome(), None);
    world.succeed("+c");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
    assert_tree(
        &world,
        "
        +wf: success
          +a: success
          +b: success
            +inner: success
          +c: success
        ",
    );
}

#[test]
fn after_a_failure_the_siblings_stay_blocked_and_the_groups_above_fail() {
    let mut world = Project::new(THREE_STEPS).start();

    world.succeed("+a");
    world.fail("+b+inner", "no such table");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
    assert_tree(
        &world,
        "
        +wf: group_error
          +a: success
          +b: group_error
            +inner: error !! no such table
          +c: blocked
        ",
    );
    let failure = world.attempt.first_failure().map(|task| task.full_name);
    assert_eq!(failure.as_deref(), Some("+wf+b+inner"));
}

#[test]
fn empty_groups_succeed_without_anybody() {
    let world = Project::new("+a:\n  _export: {x: 1}\n+b:\n  _parallel: true\n").start();

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
    assert!(world.attempt.tasks().all(|task| task.started_at == task.ended_at));
}

#[test]
fn nothing_is_decided_after_the_end() {
    let mut world = Project::new("+a:\n  echo>: a\n").start();
    world.succeed("+a");

    assert!(matches!(world.log.last(), Some(Record::AttemptFinished { .. })));
    assert_eq!(world.tick(1_000), []);
    assert_eq!(world.attempt.next_deadline(), None);
    assert_eq!(world.attempt.running().count(), 0);
}
