//! `_parallel` on groups.

use himekuri_engine::AttemptOutcome;

use crate::world::{Project, assert_tree};

const FIVE: &str = "
+a: {echo>: a}
+b: {echo>: b}
+c: {echo>: c}
+d: {echo>: d}
+e: {echo>: e}
";

fn five(parallel: &str) -> Project {
    Project::new(&format!("_parallel: {parallel}\n{FIVE}"))
}

#[test]
fn all_parallel_tasks_are_ready_at_once() {
    assert_eq!(five("true").start().ready(), ["+a", "+b", "+c", "+d", "+e"]);
}

#[test]
fn running_siblings_finish_after_a_failure_and_then_the_group_fails() {
    let mut world = five("true").start();
    for name in ["+a", "+b", "+c", "+d", "+e"] {
        world.send(name);
    }

    world.fail("+b", "broken");
    for name in ["+a", "+c", "+d"] {
        world.succeed(name);
        assert_eq!(world.outcome(), None);
    }
    world.succeed("+e");

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: success
          +b: error !! broken
          +c: success
          +d: success
          +e: success
        ",
    );
}

#[test]
fn a_ready_sibling_still_runs_after_a_failure() {
    let mut world = five("true").start();

    world.fail("+a", "broken");

    assert_eq!(world.ready(), ["+b", "+c", "+d", "+e"]);
}

#[test]
fn a_limit_is_a_sliding_window() {
    let mut world = five("{limit: 2}").start();
    assert_eq!(world.ready(), ["+a", "+b"]);

    world.send("+a");
    world.succeed("+b");

    assert_eq!(world.ready(), ["+c"], "one ended, so one follows, though `+a` still runs");
    world.succeed("+c");
    world.succeed("+d");
    assert_eq!(world.ready(), ["+e"]);
    world.succeed("+e");
    assert_eq!(world.outcome(), None);
    world.succeed("+a");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn a_failure_within_a_limit_blocks_what_was_not_released() {
    let mut world = five("{limit: 2}").start();

    world.fail("+a", "broken");
    world.succeed("+b");

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: error !! broken
          +b: success
          +c: blocked
          +d: blocked
          +e: blocked
        ",
    );
}

#[test]
fn a_task_that_waits_for_its_retry_keeps_its_place_in_the_window() {
    let dig =
        "_parallel: {limit: 1}\n+a: {echo>: a, _retry: {limit: 1, interval: 60}}\n+b: {echo>: b}\n";
    let mut world = Project::new(dig).start();

    world.fail("+a", "broken");
    assert_eq!(world.ready(), [""; 0]);
    world.tick(60);

    assert_eq!(world.ready(), ["+a"]);
}

#[test]
fn a_group_within_a_parallel_group_runs_in_sequence() {
    let dig = "_parallel: true\n+a: {echo>: a}\n+g:\n  +x: {echo>: x}\n  +y: {echo>: y}\n";
    let mut world = Project::new(dig).start();
    assert_eq!(world.ready(), ["+a", "+g+x"]);

    world.succeed("+g+x");

    assert_eq!(world.ready(), ["+a", "+g+y"]);
}
