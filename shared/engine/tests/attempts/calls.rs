//! `call>`.

use himekuri_engine::AttemptOutcome;
use himekuri_protocol::TryNo;

use crate::world::{Project, assert_tree};

fn first_error(project: Project) -> String {
    let world = project.start();
    world.attempt.first_failure().expect("a task failed").error.message
}

#[test]
fn the_tasks_of_the_called_file_become_a_subtree() {
    let mut world = Project::new("+mart:\n  call>: marts/access\n")
        .file("marts/access.dig", "timezone: Asia/Tokyo\n+one: {echo>: 1}\n+two: {echo>: 2}\n")
        .start();

    world.succeed("+mart^sub+one");

    assert_tree(
        &world,
        "
        +wf: planned
          +mart: planned
            ^sub: planned
              +one: success
              +two: ready
        ",
    );
}

#[test]
fn the_called_file_sees_the_callers_exports_and_its_own_are_stronger() {
    let mut world =
        Project::new("_export: {a: 1, b: 1}\n+mart:\n  _export: {c: 1}\n  call>: child\n")
            .file("child.dig", "_export: {b: 2}\n+t: {echo>: '${a} ${b} ${c}'}\n")
            .start();

    assert_eq!(world.echo("+mart^sub+t"), "1 2 1");
}

#[test]
fn a_call_may_be_computed_and_relative_to_its_own_folder() {
    let mut world = Project::new("+m:\n  call>: marts/${which}.dig\n")
        .file("marts/a.dig", "+n:\n  call>: b\n")
        .file("marts/b.dig", "+t: {echo>: reached}\n")
        .param("which", "a")
        .start();

    assert_eq!(world.echo("+m^sub+n^sub+t"), "reached");
}

#[test]
fn a_missing_file_fails_the_task_with_its_place() {
    let error =
        first_error(Project::new("+m:\n  call>: chid\n").file("child.dig", "+t: {echo>: x}\n"));

    assert!(error.starts_with("wf.dig:2:10: "), "{error}");
    assert!(error.contains("child.dig"), "{error}");
}

#[test]
fn a_file_that_calls_itself_is_refused_instead_of_growing_for_ever() {
    let error = first_error(Project::new("+m:\n  call>: wf\n"));

    assert_eq!(error, "wf.dig:2:10: `wf.dig` is called from within itself and would never end");
}

#[test]
fn a_circle_of_files_is_refused_where_it_closes() {
    let circle = Project::new("+m:\n  call>: a\n")
        .file("a.dig", "+n:\n  call>: b\n")
        .file("b.dig", "+o:\n  call>: a\n");

    let error = first_error(circle);

    assert_eq!(error, "b.dig:2:10: `a.dig` is called from within itself and would never end");
}

#[test]
fn the_same_file_may_be_called_many_times_side_by_side() {
    let world = Project::new("_parallel: true\n+m:\n  call>: a\n+n:\n  call>: a\n")
        .file("a.dig", "+t: {echo>: x}\n")
        .start();

    assert_eq!(world.ready(), ["+m^sub+t", "+n^sub+t"]);
}

#[test]
fn a_missing_file_is_not_tried_again() {
    let world = Project::new("+m:\n  call>: chid\n  _retry: 3\n").start();

    assert_eq!(world.state("+m"), "error");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn a_called_file_keeps_its_own_retry() {
    let mut world = Project::new("+m:\n  call>: child\n")
        .file("child.dig", "_retry: 1\n+t: {echo>: x}\n")
        .start();

    world.fail("+m^sub+t", "broken");
    assert_eq!((world.state("+m^sub"), world.state("+m")), ("retry_waiting", "planned"));
    world.tick(0);
    world.succeed("+m^sub+t");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
    assert_eq!(world.task("+m^sub+t").last_try, Some(TryNo(2)));
}
