//! `loop>`.

use himekuri_engine::AttemptOutcome;

use crate::world::{Project, assert_tree};

const TWICE: &str = "
+days:
  loop>: ${count}
  _do:
    +step:
      echo>: day ${i}
";

fn message(world: &crate::world::World) -> String {
    world.attempt.first_failure().expect("a task failed").error.message
}

#[test]
fn iterations_run_one_after_another_each_with_its_i() {
    let mut world = Project::new(TWICE).param("count", 2).start();

    assert_eq!(world.ready(), ["+days^sub+loop-0+step"]);
    assert_eq!(world.echo("+days^sub+loop-0+step"), "day 0");
    world.succeed("+days^sub+loop-0+step");
    assert_eq!(world.echo("+days^sub+loop-1+step"), "day 1");
    world.succeed("+days^sub+loop-1+step");

    assert_tree(
        &world,
        "
        +wf: success
          +days: success
            ^sub: success
              +loop-0: success
                +step: success
              +loop-1: success
                +step: success
        ",
    );
}

#[test]
fn a_body_may_be_an_operator_itself() {
    let mut world = Project::new("+l:\n  loop>: 1\n  _do:\n    echo>: ${i}\n").start();

    assert_eq!(world.echo("+l^sub+loop-0"), "0");
}

#[test]
fn parallel_iterations_are_ready_at_once_and_a_limit_holds() {
    let dig = |parallel: &str| {
        format!("+l:\n  loop>: 4\n  _parallel: {parallel}\n  _do:\n    echo>: x\n")
    };

    assert_eq!(Project::new(&dig("true")).start().ready().len(), 4);
    assert_eq!(Project::new(&dig("{limit: 3}")).start().ready().len(), 3);
    assert_eq!(Project::new(&dig("{limit: '3'}")).start().ready().len(), 3);
    assert_eq!(Project::new(&dig("{limit: 0}")).start().ready().len(), 4, "0 is no limit");
}

#[test]
fn parallel_of_a_loop_is_evaluated() {
    let dig = "+l:\n  loop>: 4\n  _parallel: ${p}\n  _do:\n    echo>: x\n";

    assert_eq!(Project::new(dig).param("p", "true").start().ready().len(), 4);
    assert_eq!(Project::new(dig).param("p", "false").start().ready().len(), 1);
}

#[test]
fn a_loop_of_zero_or_less_succeeds_without_a_task() {
    for count in [0, -3] {
        let world = Project::new(TWICE).param("count", count).start();

        assert_eq!(world.outcome(), Some(AttemptOutcome::Success), "{count}");
    }
}

#[test]
fn a_count_that_is_no_number_fails_with_its_place() {
    let world = Project::new(TWICE).param("count", "many").start();

    assert_eq!(
        message(&world),
        "wf.dig:3:10: `loop>` needs a whole number of iterations, not `many`"
    );
}

#[test]
fn a_count_beyond_reason_is_refused() {
    let world = Project::new(TWICE).param("count", 1_000_001).start();

    assert_eq!(message(&world), "wf.dig:3:10: `loop>` of 1000001 iterations is more than 1000000");
}

#[test]
fn a_failing_iteration_leaves_the_later_ones_blocked() {
    let mut world = Project::new(TWICE).param("count", 3).start();

    world.succeed("+days^sub+loop-0+step");
    world.fail("+days^sub+loop-1+step", "broken");

    assert_eq!(world.state("+days^sub+loop-2"), "blocked");
    assert_eq!(world.state("+days"), "group_error");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn the_inner_loop_has_an_i_of_its_own() {
    let dig = "
+outer:
  loop>: 2
  _do:
    _export: {day: '${i}'}
    +inner:
      loop>: 2
      _do:
        echo>: i ${i}
";
    let mut world = Project::new(dig).start();

    world.succeed("+outer^sub+loop-0+inner^sub+loop-0");
    world.succeed("+outer^sub+loop-0+inner^sub+loop-1");

    assert_eq!(world.echo("+outer^sub+loop-1+inner^sub+loop-0"), "i 0");
}

#[test]
fn the_long_form_of_an_operator_runs_the_same() {
    let dig = "+l:\n  _type: loop\n  _command: 1\n  _do:\n    _type: echo\n    _command: hello\n";
    let mut world = Project::new(dig).start();

    assert_eq!(world.echo("+l^sub+loop-0"), "hello");
}
