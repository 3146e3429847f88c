//! `_check`: what decides whether a task that did its work succeeded (digdag reference 1.10).

use himekuri_engine::{AttemptOutcome, TaskView};
use serde_json::json;

use crate::world::{Project, assert_tree};

#[test]
fn a_task_succeeds_when_its_check_has() {
    let mut world =
        Project::new("+a:\n  echo>: a\n  _check: {echo>: '${rows}'}\n+b: {echo>: '${rows}'}\n")
            .start();

    world.store("+a", json!({"rows": 3}));
    assert_eq!(world.state("+a"), "planned");
    assert_eq!(world.echo("+a^check"), "3", "it sees what the task stored");
    world.succeed("+a^check");

    assert_eq!(world.state("+a"), "success");
    assert_eq!(world.echo("+b"), "3");
}

#[test]
fn a_failed_check_fails_the_task() {
    let mut world =
        Project::new("+a:\n  echo>: a\n  _check: {fail>: 'no rows'}\n+b: {echo>: b}\n").start();

    world.succeed("+a");

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: group_error
            ^check: error !! no rows
          +b: blocked
        ",
    );
}

#[test]
fn a_failed_check_runs_the_task_again_and_then_its_error() {
    let dig = "
+a:
  echo>: a
  _retry: 1
  _check: {echo>: check}
  _error: {echo>: '${error.message}'}
";
    let mut world = Project::new(dig).start();

    world.succeed("+a");
    world.fail("+a^check", "first");
    assert_eq!(world.state("+a"), "retry_waiting");
    world.tick(0);
    assert_eq!(world.ready(), ["+a"]);
    world.succeed("+a");
    world.fail("+a^check", "second");
    assert_eq!(world.echo("+a^error"), "second");
    world.succeed("+a^error");

    assert_eq!(world.state("+a"), "group_error");
    assert_eq!(world.task("+a").last_try.unwrap().0, 2);
}

#[test]
fn the_check_of_an_operator_with_subtasks_runs_after_them_and_sees_their_stores() {
    let dig = "+l:\n  loop>: 2\n  _parallel: true\n  _do: {echo>: x}\n  _check: {echo>: '${n}'}\n";
    let mut world = Project::new(dig).start();

    world.store("+l^sub+loop-0", json!({"n": 0}));
    assert!(!world.tree().contains("^check"));
    world.store("+l^sub+loop-1", json!({"n": 1}));

    assert_eq!(world.echo("+l^check"), "1");
    world.succeed("+l^check");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn a_group_and_the_root_are_checked_too() {
    let dig = "_check: {echo>: root}\n+g:\n  _check: {echo>: '${x}'}\n  +a: {echo>: a}\n";
    let mut world = Project::new(dig).start();

    world.store("+g+a", json!({"x": "from a"}));
    assert_eq!(world.echo("+g^check"), "from a");
    world.succeed("+g^check");
    assert_eq!(world.ready(), ["^check"]);
    world.fail("^check", "wrong");

    assert_eq!(world.state("+g"), "success");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn no_check_runs_after_a_failure() {
    let mut world = Project::new("+g:\n  _check: {echo>: c}\n  +a: {echo>: a}\n").start();

    world.fail("+g+a", "broken");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
    assert!(!world.tree().contains("^check"));
}

#[test]
fn what_a_check_stored_is_seen_by_those_that_follow() {
    let mut world =
        Project::new("+a:\n  echo>: a\n  _check: {echo>: c}\n+b: {echo>: '${x}'}\n").start();

    world.store("+a", json!({"x": "task"}));
    world.store("+a^check", json!({"x": "check"}));

    assert_eq!(world.echo("+b"), "check");
}

#[test]
fn a_check_that_does_not_compile_fails_the_task_before_its_work() {
    let dig = "+a:\n  echo>: a\n  _check: {bg: x}\n+b: {echo>: b}\n";
    let mut world = Project::new(dig).start();

    assert!(world.send("+a").is_none());

    let error = TaskView::of(world.task("+a")).error.unwrap_or_default();
    assert!(error.starts_with("`_check` is broken: "), "{error}");
    assert!(error.contains("wf.dig:3:12"), "{error}");
}

#[test]
fn the_check_of_a_retried_task_sees_what_the_last_run_stored() {
    let mut world =
        Project::new("+a:\n  echo>: a\n  _retry: 1\n  _check:\n    +c: {echo>: '${x}'}\n").start();

    world.store("+a", json!({"x": "first"}));
    assert_eq!(world.echo("+a^check+c"), "first");
    world.fail("+a^check+c", "wrong");
    world.tick(0);
    world.store("+a", json!({"x": "second"}));

    assert_eq!(world.echo("+a^check+c"), "second");
}
