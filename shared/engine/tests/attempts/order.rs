//! `_background` and `_after`: who waits for whom, and who sees whose stores (digdag reference 1.5, 2.3).

use himekuri_engine::AttemptOutcome;
use serde_json::json;

use crate::world::{Project, World, assert_tree};

const BACKGROUND: &str = "
+a: {echo>: a}
+b: {echo>: b}
+bg: {echo>: '${x}', _background: true}
+c: {echo>: '${x}'}
+d: {echo>: '${x}'}
";

fn background() -> World {
    Project::new(BACKGROUND).param("x", "none").start()
}

#[test]
fn a_background_task_starts_with_its_group() {
    assert_eq!(background().ready(), ["+a", "+bg"]);
}

#[test]
fn earlier_tasks_do_not_wait_for_a_background_task_and_the_next_one_does() {
    let mut world = background();

    world.succeed("+a");
    assert_eq!(world.ready(), ["+b", "+bg"]);
    world.succeed("+b");
    assert_eq!(world.ready(), ["+bg"], "`+c` waits for it");
    world.succeed("+bg");

    assert_eq!(world.ready(), ["+c"]);
}

#[test]
fn a_failed_background_task_blocks_only_what_comes_after_it() {
    let mut world = background();

    world.fail("+bg", "broken");
    world.succeed("+a");
    assert_eq!(world.ready(), ["+b"]);
    world.succeed("+b");

    assert_tree(
        &world,
        "
        +wf: group_error
          +a: success
          +b: success
          +bg: error !! broken
          +c: blocked
          +d: blocked
        ",
    );
}

#[test]
fn a_group_waits_for_its_background_tasks() {
    let mut world = Project::new("+a: {echo>: a, _background: true}\n").start();

    world.send("+a");
    assert_eq!(world.outcome(), None);
    world.succeed("+a");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn a_failed_task_leaves_a_running_background_task_alone() {
    let mut world = background();
    world.send("+bg");

    world.fail("+a", "broken");
    assert_eq!(world.state(""), "planned");
    world.succeed("+bg");

    assert_eq!(world.state(""), "group_error");
    assert_eq!(world.state("+b"), "blocked");
}

#[test]
fn a_background_task_sees_no_store_of_its_siblings() {
    let mut world = background();

    world.store("+a", json!({"x": "from a"}));

    assert_eq!(world.echo("+bg"), "none");
}

#[test]
fn behind_a_background_task_stores_merge_in_the_order_of_the_file() {
    let mut world = background();

    world.store("+bg", json!({"x": "from bg"}));
    world.store("+a", json!({"x": "from a", "y": "from a"}));
    assert_eq!(world.echo("+b"), "b");
    world.store("+b", json!({"x": "from b"}));

    assert_eq!(world.echo("+c"), "from bg");
    world.store("+c", json!({"x": "from c"}));
    assert_eq!(world.echo("+d"), "from c");
}

#[test]
fn a_task_does_not_see_what_a_background_task_behind_it_stored() {
    let mut world =
        Project::new("+a: {echo>: a}\n+b: {echo>: '${x}'}\n+bg: {echo>: bg, _background: true}\n")
            .param("x", "none")
            .start();

    world.store("+bg", json!({"x": "from bg"}));
    world.succeed("+a");

    assert_eq!(world.echo("+b"), "none");
}

#[test]
fn iterations_in_the_background_run_at_once() {
    let dig = "+l:\n  loop>: 3\n  _do: {echo>: x, _background: true}\n+end: {echo>: end}\n";

    assert_eq!(
        Project::new(dig).start().ready(),
        ["+l^sub+loop-0", "+l^sub+loop-1", "+l^sub+loop-2"]
    );
}

const AFTER: &str = "
_parallel: true
+a: {echo>: a}
+b: {echo>: b}
+c: {echo>: '${x} ${y}', _after: [+a]}
+d: {echo>: '${x} ${y}', _after: [+b, +c]}
+e: {echo>: '${x} ${y}'}
";

fn after() -> World {
    Project::new(AFTER).param("x", "none").param("y", "none").start()
}

#[test]
fn a_task_waits_for_those_that_it_names_in_after() {
    let mut world = after();

    assert_eq!(world.ready(), ["+a", "+b", "+e"]);
    world.succeed("+a");
    assert_eq!(world.ready(), ["+b", "+c", "+e"]);
    world.succeed("+c");
    assert_eq!(world.ready(), ["+b", "+e"]);
    world.succeed("+b");

    assert_eq!(world.ready(), ["+d", "+e"]);
}

#[test]
fn a_failure_blocks_those_that_wait_for_it_and_nobody_else() {
    let mut world = after();

    world.fail("+b", "broken");
    world.succeed("+a");
    assert_eq!(world.ready(), ["+c", "+e"]);
    world.succeed("+c");
    world.succeed("+e");

    assert_eq!(world.state("+d"), "blocked");
    assert_eq!(world.state(""), "group_error");
}

#[test]
fn a_task_sees_the_stores_of_those_it_waits_for_and_of_those_they_wait_for() {
    let mut world = after();

    world.store("+a", json!({"x": "from a"}));
    world.store("+b", json!({"y": "from b"}));
    assert_eq!(world.echo("+c"), "from a none");
    world.succeed("+c");

    assert_eq!(world.echo("+d"), "from a from b");
    assert_eq!(world.echo("+e"), "none none");
}

#[test]
fn stores_of_an_after_merge_behind_what_they_wait_for() {
    // digdag walks `+b`, then `+a`, which `+c` waits for, then `+c`: `+a` beats `+b`.
    let mut world = after();

    world.store("+a", json!({"x": "from a"}));
    world.store("+b", json!({"x": "from b"}));
    world.succeed("+c");

    assert_eq!(world.echo("+d"), "from a none");
}

#[test]
fn after_holds_within_a_limit() {
    let dig =
        "_parallel: {limit: 1}\n+a: {echo>: a}\n+b: {echo>: b, _after: [+a]}\n+c: {echo>: c}\n";
    let mut world = Project::new(dig).start();

    assert_eq!(world.ready(), ["+a"]);
    world.succeed("+a");
    assert_eq!(world.ready(), ["+b"]);
    world.fail("+b", "broken");

    assert_eq!(world.state("+c"), "blocked", "nothing begins within a limit after a failure");
}

#[test]
fn a_long_chain_by_after_sees_all_of_it() {
    let mut dig = "_parallel: true\n+t0: {echo>: '${x}'}\n".to_owned();
    for n in 1..300 {
        dig += &format!("+t{n}: {{echo>: '${{x}}', _after: [+t{}]}}\n", n - 1);
    }
    let mut world = Project::new(&dig).param("x", "none").start();

    for n in 0..299 {
        world.store(&format!("+t{n}"), json!({ "x": n }));
    }

    assert_eq!(world.echo("+t299"), "298");
}
