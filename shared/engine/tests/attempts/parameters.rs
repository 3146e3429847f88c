//! Which parameter wins (digdag reference 2.3, design D13).

use crate::world::Project;

#[test]
fn an_export_beats_a_parameter_of_the_start_and_an_override_beats_the_export() {
    let dig = "_export: {x: exported, y: exported}\n+a: {echo>: '${x} ${y} ${z}'}\n";
    let mut world = Project::new(dig)
        .param("x", "given")
        .param("z", "given")
        .override_with("y", "overridden")
        .start();

    assert_eq!(world.echo("+a"), "exported overridden given");
}

#[test]
fn the_nearest_export_wins_and_mappings_merge() {
    let dig = "
_export: {x: root, bq: {dataset: root, location: US}}
+g:
  _export: {x: group, bq: {dataset: group}}
  +a:
    _export: {x: own}
    echo>: ${x} ${bq.dataset} ${bq.location}
";
    let mut world = Project::new(dig).start();

    assert_eq!(world.echo("+g+a"), "own group US");
}

#[test]
fn no_export_hides_a_variable_of_the_session() {
    let dig = "_export: {session_date: mine}\n+a: {echo>: '${session_date} ${task_name}'}\n";
    let mut world = Project::new(dig).param("session_date", "theirs").start();

    assert_eq!(world.echo("+a"), "2019-09-02 +wf+a");
}

#[test]
fn an_export_of_a_sibling_is_not_seen() {
    let mut world =
        Project::new("+a:\n  _export: {x: 1}\n  +t: {echo>: a}\n+b: {echo>: '${x}'}\n").start();
    world.succeed("+a+t");

    let error = world.prepare("+b").unwrap_err();

    assert_eq!(error.message, "wf.dig:4:13: `x` is not defined");
}

#[test]
fn a_broken_export_is_shown_where_it_is_written() {
    let mut world = Project::new("_export:\n  day: ${nope}\n+a:\n  echo>: hello\n").start();

    let error = world.prepare("+a").unwrap_err();

    assert_eq!(error.message, "wf.dig:2:8: `nope` is not defined");
}

#[test]
fn preparing_a_task_evaluates_its_parameters_once() {
    let mut world = Project::new("+a: {echo>: a, _retry: 3}\n").start();
    let before = world.evaluator.evaluations;

    world.send("+a");

    assert_eq!(world.evaluator.evaluations - before, 1);
}

#[test]
fn a_given_last_session_time_counts_where_the_session_has_none() {
    let dig = "
_parallel: true
+a: {echo>: '${last_session_time}'}
+b: {echo>: '${last_session_date}'}
";
    let given = "2019-09-01T00:00:00+09:00";
    let mut world = Project::new(dig).param("last_session_time", given).start();

    assert_eq!(world.echo("+a"), given);
    let error = world.prepare("+b").unwrap_err();
    assert_eq!(error.message, "wf.dig:4:13: `last_session_date` is not defined");
}
