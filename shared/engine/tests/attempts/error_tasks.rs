//! `_error`: what runs after a final failure (digdag reference 1.10).

use himekuri_engine::{AttemptOutcome, TaskView};
use himekuri_protocol::{Outcome, TaskError};
use serde_json::json;

use crate::world::{Project, assert_tree, job};

#[test]
fn a_failed_task_ends_when_its_error_task_has() {
    let dig = "+a:\n  echo>: a\n  _error: {echo>: '${error.message}'}\n+b: {echo>: b}\n";
    let mut world = Project::new(dig).start();

    world.fail("+a", "broken");
    assert_tree(
        &world,
        "
        +wf: planned
          +a: planned !! broken
            ^error: ready
          +b: blocked
        ",
    );
    assert_eq!(world.echo("+a^error"), "broken");
    world.succeed("+a^error");

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: error !! broken
            ^error: success
          +b: blocked
        ",
    );
}

#[test]
fn how_an_error_task_ends_changes_nothing() {
    let mut world = Project::new("+a:\n  echo>: a\n  _error:\n    +x: {echo>: x}\n").start();

    world.fail("+a", "broken");
    world.fail("+a^error+x", "mail server down");

    assert_eq!(world.state("+a^error"), "group_error");
    let view = TaskView::of(world.task("+a"));
    assert_eq!((view.error.as_deref(), view.reason.as_deref()), (Some("broken"), Some("test")));
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn every_level_runs_its_own() {
    let dig = "
_error: {echo>: 'root ${error.message}'}
+g:
  _error: {echo>: 'group ${error.message}'}
  +a:
    echo>: a
    _error: {echo>: 'task ${error.message}'}
";
    let mut world = Project::new(dig).start();

    world.fail("+g+a", "broken");
    assert_eq!(world.echo("+g+a^error"), "task broken");
    assert_eq!(world.ready(), ["+g+a^error"]);
    world.succeed("+g+a^error");
    assert_eq!(world.echo("+g^error"), "group broken");
    world.succeed("+g^error");
    assert_eq!(world.echo("^error"), "root broken");
    world.succeed("^error");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn an_error_task_runs_after_the_last_retry() {
    let dig = "+a:\n  echo>: a\n  _retry: 1\n  _error: {echo>: e}\n";
    let mut world = Project::new(dig).start();

    world.fail("+a", "first");
    assert_eq!(world.state("+a"), "retry_waiting");
    world.tick(0);
    world.fail("+a", "second");

    assert_eq!(world.ready(), ["+a^error"]);
}

#[test]
fn a_retried_group_runs_its_error_once_at_the_end() {
    let dig = "+g:\n  _retry: 1\n  _error: {echo>: e}\n  +a: {echo>: a}\n";
    let mut world = Project::new(dig).start();

    world.fail("+g+a", "first");
    world.tick(0);
    assert_eq!(world.ready(), ["+g+a"]);
    world.fail("+g+a", "second");

    assert_eq!(world.ready(), ["+g^error"]);
}

#[test]
fn a_group_retries_the_errors_of_its_tasks_too() {
    let dig = "+g:\n  _retry: 1\n  +a: {echo>: a, _error: {echo>: '${error.message}'}}\n";
    let mut world = Project::new(dig).start();

    world.fail("+g+a", "first");
    world.succeed("+g+a^error");
    world.tick(0);
    world.fail("+g+a", "second");

    assert_eq!(world.echo("+g+a^error"), "second");
}

#[test]
fn the_error_of_a_group_merges_those_below_and_their_stores() {
    let dig = "
_parallel: true
_error: {echo>: '${error.message} ${error.job_id} ${x} ${y}'}
+a: {echo>: a}
+b: {echo>: b}
+c: {echo>: c}
";
    let mut world = Project::new(dig).start();
    let with_job = TaskError {
        reason: "invalidQuery".to_owned(),
        message: "first".to_owned(),
        job: Some(job("j1")),
    };

    world.store("+a", json!({"x": "from a", "y": "from a"}));
    world.report("+b", Outcome::Failed { error: with_job });
    world.fail("+c", "second");

    assert_eq!(world.echo("^error"), "second j1 from a from a");
}

#[test]
fn the_error_of_a_bigquery_job_has_its_reasons_as_json() {
    let mut world = Project::new("+a:\n  echo>: a\n  _error: {echo>: '${error.errors}'}\n").start();
    let error = TaskError {
        reason: "invalidQuery".to_owned(),
        message: "no such column".to_owned(),
        job: Some(job("j1")),
    };

    world.report("+a", Outcome::Failed { error });

    let errors: serde_json::Value = serde_json::from_str(&world.echo("+a^error")).unwrap();
    assert_eq!(errors, json!({"reason": "invalidQuery", "message": "no such column"}));
}

#[test]
fn error_beats_the_exports_of_its_own_body() {
    let dig = "
_error:
  _export: {error: mine, x: mine, z: mine}
  echo>: ${error.message} ${x} ${z}
+a: {echo>: a}
+b: {echo>: b}
";
    let mut world = Project::new(dig).start();

    world.store("+a", json!({"x": "stored"}));
    world.fail("+b", "broken");

    assert_eq!(world.echo("^error"), "broken stored mine");
}

#[test]
fn an_expression_that_fails_runs_the_error_task() {
    let mut world =
        Project::new("+a:\n  echo>: ${nope}\n  _error: {echo>: '${error.message}'}\n").start();

    world.send("+a");

    assert_eq!(world.echo("+a^error"), "wf.dig:2:10: `nope` is not defined");
}

#[test]
fn an_empty_error_is_none() {
    let mut world = Project::new("+a: {echo>: a, _error: {}}\n").start();

    world.fail("+a", "broken");

    assert_eq!(world.state("+a"), "error");
}

#[test]
fn what_an_error_task_stored_is_seen_by_those_above() {
    let dig = "_error: {echo>: '${x}'}\n+a:\n  echo>: a\n  _error: {echo>: e}\n";
    let mut world = Project::new(dig).start();

    world.fail("+a", "broken");
    world.store("+a^error", json!({"x": "from the error task"}));

    assert_eq!(world.echo("^error"), "from the error task");
}

#[test]
fn a_failed_call_runs_its_own_error_and_that_of_the_file() {
    let dig = "+c:\n  call>: other\n  _error: {echo>: 'call ${error.message}'}\n";
    let other = "_error: {echo>: 'file ${error.message}'}\n+a: {echo>: a}\n";
    let mut world = Project::new(dig).file("other.dig", other).start();

    world.fail("+c^sub+a", "broken");
    assert_eq!(world.echo("+c^sub^error"), "file broken");
    world.succeed("+c^sub^error");

    assert_eq!(world.echo("+c^error"), "call broken");
}

#[test]
fn an_error_has_a_message_and_a_reason_and_no_stack_trace() {
    let mut world = Project::new("+a:\n  echo>: a\n  _error: {echo>: '${error}'}\n").start();

    world.fail("+a", "broken");

    let error: serde_json::Value = serde_json::from_str(&world.echo("+a^error")).unwrap();
    assert_eq!(error, json!({"message": "broken", "reason": "test"}));
}
