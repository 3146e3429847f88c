//! Who sees what a task stored (digdag reference 2.3).

use serde_json::json;

use crate::world::{Project, World};

fn echo_of_x(dig: &str) -> World {
    Project::new(dig).param("x", "none").start()
}

#[test]
fn a_later_task_of_a_sequence_sees_what_an_earlier_one_stored() {
    let mut world = echo_of_x("+a: {echo>: a}\n+b: {echo>: b}\n+c: {echo>: '${x}'}\n");

    world.store("+a", json!({"x": "from a"}));
    world.succeed("+b");

    assert_eq!(world.echo("+c"), "from a");
}

#[test]
fn what_a_group_stored_inside_is_seen_after_it() {
    let mut world = echo_of_x("+g:\n  +deep:\n    +a: {echo>: a}\n+c: {echo>: '${x}'}\n");

    world.store("+g+deep+a", json!({"x": "from inside"}));

    assert_eq!(world.echo("+c"), "from inside");
}

#[test]
fn parallel_siblings_do_not_see_each_other() {
    let mut world = echo_of_x("_parallel: true\n+a: {echo>: a}\n+b: {echo>: '${x}'}\n");

    world.store("+a", json!({"x": "from a"}));

    assert_eq!(world.echo("+b"), "none");
}

#[test]
fn siblings_within_a_limit_do_not_see_each_other_whoever_was_first() {
    let mut world = echo_of_x("_parallel: {limit: 1}\n+a: {echo>: a}\n+b: {echo>: '${x}'}\n");

    world.store("+a", json!({"x": "from a"}));

    assert_eq!(world.echo("+b"), "none");
}

#[test]
fn after_parallel_tasks_join_the_last_in_the_file_wins_whichever_ended_last() {
    let dig = "
+fork:
  _parallel: true
  +a: {echo>: a}
  +b: {echo>: b}
  +c: {echo>: c}
+join: {echo>: '${x} ${y}'}
";
    let mut world = Project::new(dig).param("x", "none").start();

    world.succeed("+fork+c");
    world.store("+fork+b", json!({"x": "from b"}));
    world.store("+fork+a", json!({"x": "from a", "y": "only a"}));

    assert_eq!(world.echo("+join"), "from b only a");
}

#[test]
fn iterations_of_a_sequential_loop_see_those_before_them() {
    let mut world = echo_of_x("+l:\n  loop>: 2\n  _do: {echo>: '${x}'}\n+c: {echo>: '${x}'}\n");

    world.store("+l^sub+loop-0", json!({"x": "from 0"}));
    let second = world.echo("+l^sub+loop-1");
    world.store("+l^sub+loop-1", json!({"x": "from 1"}));

    assert_eq!(second, "from 0");
    assert_eq!(world.echo("+c"), "from 1");
}

#[test]
fn after_a_parallel_loop_the_last_iteration_wins() {
    let mut world = echo_of_x(
        "+l:\n  loop>: 2\n  _parallel: true\n  _do: {echo>: '${x}'}\n+c: {echo>: '${x}'}\n",
    );

    world.store("+l^sub+loop-1", json!({"x": "from 1"}));
    world.store("+l^sub+loop-0", json!({"x": "from 0"}));

    assert_eq!(world.echo("+c"), "from 1");
}

#[test]
fn a_store_inside_a_group_beats_the_groups_export_and_the_export_beats_a_store_from_before() {
    let dig = "
+before: {echo>: before}
+g:
  _export: {x: exported}
  +a: {echo>: '${x}'}
  +b: {echo>: '${x}'}
";
    let mut world = Project::new(dig).start();

    world.store("+before", json!({"x": "from before"}));
    let first = world.echo("+g+a");
    world.store("+g+a", json!({"x": "from a"}));

    assert_eq!(first, "exported");
    assert_eq!(world.echo("+g+b"), "from a");
}

#[test]
fn stored_mappings_merge_deep() {
    let mut world =
        Project::new("+a: {echo>: a}\n+b: {echo>: b}\n+c: {echo>: '${bq.job} ${bq.rows}'}\n")
            .start();

    world.store("+a", json!({"bq": {"job": "j1", "rows": 1}}));
    world.store("+b", json!({"bq": {"job": "j2"}}));

    assert_eq!(world.echo("+c"), "j2 1");
}

#[test]
fn what_a_failed_round_of_a_group_stored_is_not_seen_by_its_retry() {
    let dig = "
+g:
  _retry: 1
  +a: {echo>: '${x}'}
  +b: {echo>: b}
";
    let mut world = Project::new(dig).param("x", "none").start();

    world.store("+g+a", json!({"x": "from the failed round"}));
    world.fail("+g+b", "broken");
    world.tick(0);

    assert_eq!(world.echo("+g+a"), "none");
}

#[test]
fn the_stores_before_a_retried_group_are_still_seen_in_it() {
    let dig = "+before: {echo>: x}\n+g:\n  _retry: 1\n  +a: {echo>: '${x}'}\n";
    let mut world = Project::new(dig).start();

    world.store("+before", json!({"x": "from before"}));
    world.fail("+g+a", "broken");
    world.tick(0);

    assert_eq!(world.echo("+g+a"), "from before");
}
