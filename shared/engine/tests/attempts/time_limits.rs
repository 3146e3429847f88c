//! Time limits of attempts and tasks: when they are over, the whole attempt is killed (digdag reference 5.5).

use himekuri_engine::{AttemptOutcome, KillReason};

use crate::world::{Project, World, assert_tree, submitted};

const DAY: u32 = 86_400;

fn killed(world: &World) -> Option<KillReason> {
    world.attempt.killed().map(|(reason, _)| reason.clone())
}

#[test]
fn an_attempt_is_killed_when_its_time_is_over() {
    let dig = "+a: {bq>: a.sql, _error: {echo>: e}}\n+b: {wait>: 1h}\n";
    let mut world =
        Project::new(dig).file("a.sql", "SELECT 1").limited(Some(7 * DAY), None).start();
    world.report("+a", submitted("j1"));

    world.tick(u64::from(7 * DAY) - 1);
    let before = killed(&world);
    world.tick(1);

    assert_eq!((before, killed(&world)), (None, Some(KillReason::AttemptTimeLimit)));
    assert_eq!(world.state("+a"), "canceling");
    world.fail("+a", "stopped");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
}

#[test]
fn the_time_of_a_task_counts_from_its_first_start_on() {
    let dig = "+first: {wait>: 10h}\n+a: {bq>: a.sql, _retry: {limit: 9, interval: 36000}}\n";
    let mut world = Project::new(dig).file("a.sql", "SELECT 1").limited(None, Some(DAY)).start();
    world.tick(36_000);
    world.fail("+a", "first");
    world.tick(36_000);
    world.fail("+a", "second");

    let left = world.attempt.next_deadline().unwrap().duration_since(world.now).as_secs();
    world.tick(u64::from(DAY) - 36_000 - 1);
    let before = (left, world.state("+a"));
    world.send("+a");
    world.tick(1);

    assert_eq!(before, (36_000, "ready"), "its wait ends earlier");
    let task = world.task("+a").id;
    assert_eq!(killed(&world), Some(KillReason::TaskTimeLimit { task }));
}

#[test]
fn every_task_that_somebody_has_or_that_waits_counts() {
    let tasks = [
        ("+t: {wait>: 2d}\n", false),
        ("+t: {require>: other}\n", false),
        ("+t: {echo>: a, _retry: {limit: 1, interval: 200000}}\n", true),
        ("+t: {loop>: 1, _do: {fail>: no}, _retry: {limit: 1, interval: 200000}}\n", false),
    ];

    for (dig, fails) in tasks {
        let mut world = Project::new(dig).limited(Some(7 * DAY), Some(DAY)).start();
        if fails {
            world.fail("+t", "first");
        }
        assert_eq!(
            world.attempt.next_deadline().map(|at| at.duration_since(world.now).as_secs()),
            Some(i64::from(DAY)),
            "{dig}"
        );
        world.tick(u64::from(DAY));

        assert_eq!(world.state("+t"), "canceled", "{dig}");
        assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled), "{dig}");
    }
}

#[test]
fn groups_and_tasks_that_wait_for_their_turn_do_not_count() {
    let dig = "+g:\n  _retry: {limit: 1, interval: 200000}\n  +a: {fail>: no}\n";
    let mut world = Project::new(dig).limited(None, Some(DAY)).start();
    world.tick(u64::from(DAY) + 1);
    let mut ready = Project::new("+a: {echo>: a}\n").limited(None, Some(DAY)).start();
    ready.tick(u64::from(DAY) + 1);

    assert_eq!((killed(&world), killed(&ready)), (None, None));
}

#[test]
fn without_limits_nothing_is_killed() {
    let mut world = Project::new("+a: {wait>: 300d}\n+b: {echo>: b}\n").start();

    world.tick(300 * u64::from(DAY));

    assert_eq!(killed(&world), None);
    assert_eq!(world.ready(), ["+b"]);
}

#[test]
fn a_task_that_ended_in_time_counts_no_more() {
    let dig = "+a: {wait>: 20h}\n+b: {wait>: 20h}\n";
    let mut world = Project::new(dig).limited(None, Some(DAY)).start();

    world.tick(72_000);
    world.tick(72_000);

    assert_tree(
        &world,
        "
        +wf: success
          +a: success
          +b: success
        ",
    );
}
