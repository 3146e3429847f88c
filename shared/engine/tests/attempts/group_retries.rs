//! `_retry` of groups: the children are made anew.

use std::collections::BTreeSet;

use himekuri_engine::{AttemptOutcome, Record};
use himekuri_protocol::{TaskId, TryNo};

use crate::world::{Project, World, assert_tree};

const GROUP: &str = "
+group:
  _retry: {limit: 2, interval: 60}
  +a: {echo>: a}
  +b: {echo>: b}
+after: {echo>: after}
";

#[test]
fn a_group_waits_and_runs_all_of_its_children_again() {
    let mut world = Project::new(GROUP).start();
    world.succeed("+group+a");

    world.fail("+group+b", "broken");
    assert_tree(
        &world,
        "
        +wf: planned
          +group: retry_waiting !! broken
            +a: success
            +b: error !! broken
          +after: blocked
        ",
    );
    world.tick(60);

    assert_eq!(world.ready(), ["+group+a"]);
    world.succeed("+group+a");
    world.succeed("+group+b");
    assert_tree(
        &world,
        "
        +wf: planned
          +group: success
            +a: success (try 2)
            +b: success (try 2)
          +after: ready
        ",
    );
}

#[test]
fn a_group_fails_when_its_retries_are_spent() {
    let mut world = Project::new(GROUP).start();

    for _ in 0..3 {
        world.fail("+group+a", "broken");
        world.tick(60);
    }

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
    assert_eq!(world.task("+group+a").last_try, Some(TryNo(3)));
    assert_eq!(world.state("+group+b"), "blocked");
}

#[test]
fn a_group_retries_only_when_nothing_below_it_runs_any_more() {
    let dig = "_retry: 1\n_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n";
    let mut world = Project::new(dig).start();
    world.send("+b");

    world.fail("+a", "broken");
    let while_b_runs = world.state("");
    world.succeed("+b");

    assert_eq!(while_b_runs, "planned");
    assert_eq!(world.state(""), "retry_waiting");
}

#[test]
fn the_policy_of_a_group_is_read_as_written() {
    let dig = "_retry: ${retries}\n+a: {echo>: a}\n";
    let mut world = Project::new(dig).param("retries", 3).start();

    world.fail("+a", "broken");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn tries_go_on_counting_over_retries_of_operator_and_group() {
    let mut world = Project::new("_retry: 1\n+a: {echo>: a, _retry: 1}\n").start();
    let mut tries = Vec::new();

    for _ in 0..4 {
        world.fail("+a", "broken");
        tries.push(world.task("+a").last_try.unwrap().0);
        world.tick(0);
    }

    assert_eq!(tries, [1, 2, 3, 4]);
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn a_task_that_a_middle_round_never_reached_keeps_its_count() {
    let mut world = Project::new("_retry: 2\n+a: {echo>: a}\n+b: {echo>: b}\n").start();
    world.succeed("+a");
    world.fail("+b", "first round");
    world.tick(0);
    world.fail("+a", "second round");
    world.tick(0);

    world.succeed("+a");
    world.send("+b");

    assert_eq!(world.task("+b").last_try, Some(TryNo(2)));
}

#[test]
fn nested_groups_retry_inside_first_and_afresh_in_each_round() {
    let dig = "_retry: 1\n+inner:\n  _retry: 1\n  +a: {echo>: a}\n";
    let mut world = Project::new(dig).start();
    let mut rounds = 0;

    while world.outcome().is_none() {
        world.fail("+inner+a", "broken");
        rounds += 1;
        world.tick(0);
    }

    assert_eq!(rounds, 4, "two rounds of the inner group in each of two of the outer");
}

#[test]
fn no_try_of_a_name_and_no_id_ever_comes_twice() {
    let dig = "
_retry: 2
+l:
  loop>: 2
  _parallel: true
  _retry: 1
  _do:
    +t: {echo>: '${i}', _retry: 1}
";
    let mut world = Project::new(dig).start();

    while world.outcome().is_none() {
        for name in world.ready() {
            world.fail(&name, "broken");
        }
        world.tick(0);
    }

    let tries = dispatched(&world);
    assert_eq!(tries.iter().collect::<BTreeSet<_>>().len(), tries.len());
    assert_eq!(tries.len(), 2 * 2 * 2 * 3, "iterations, own, loop's and root's rounds");
    assert_eq!(tries.iter().map(|(_, try_no)| try_no.0).max(), Some(12));
    let made = made(&world);
    assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), made.len());
}

/// Names with tries, in the order of the log. A task may be gone by now, so its name is asked for while replaying.
fn dispatched(world: &World) -> Vec<(String, TryNo)> {
    let dispatched = world.log.iter().enumerate().filter_map(|(at, record)| match record {
        Record::Dispatched { task, try_no, .. } => {
            let then = world.replayed(&world.log[..at]);
            Some((then.attempt.task(*task)?.full_name.clone(), *try_no))
        }
        _ => None,
    });
    dispatched.collect()
}

fn made(world: &World) -> Vec<TaskId> {
    let firsts = world.log.iter().filter_map(|record| match record {
        Record::Expanded { first, .. } => Some(*first),
        _ => None,
    });
    firsts.collect()
}
