//! What workers report: late, twice, in any order, or that BigQuery does not answer.

use himekuri_engine::{Phase, Record, Reported, TaskState};
use himekuri_protocol::{Outcome, TaskId, TryNo, Work};

use crate::world::{Project, World, error, failed, submitted, succeeded, unreachable};

fn query(keys: &str) -> World {
    Project::new(&format!("+a:\n  bq>: a.sql\n{keys}+b: {{echo>: b}}\n"))
        .file("a.sql", "SELECT 1")
        .start()
}

fn phase(world: &World) -> Option<Phase> {
    world.attempt.running().next().map(|(_, _, phase)| phase.clone())
}

/// Whether the report was late, and the tree stayed as it was.
fn changes_nothing(world: &mut World, task: TaskId, try_no: TryNo, outcome: Outcome) -> bool {
    let before = world.attempt.clone();
    let reported = world.report_try(task, try_no, outcome);
    reported == Reported::Late && world.attempt == before
}

#[test]
fn a_submitted_job_is_watched_until_it_ends() {
    let mut world = query("");

    world.report("+a", submitted("j1"));
    let watched = phase(&world);
    world.succeed("+a");

    assert!(matches!(watched, Some(Phase::Submitted { job }) if job.job_id == "j1"));
    assert_eq!(world.ready(), ["+b"]);
}

#[test]
fn a_report_that_comes_twice_changes_nothing() {
    let mut world = query("");
    let task = world.task("+a").id;
    world.report("+a", submitted("j1"));

    assert!(changes_nothing(&mut world, task, TryNo::FIRST, submitted("j1")));
    world.succeed("+a");
    assert!(changes_nothing(&mut world, task, TryNo::FIRST, succeeded()));
    assert!(changes_nothing(&mut world, task, TryNo::FIRST, failed("late")));
    assert!(changes_nothing(&mut world, task, TryNo::FIRST, submitted("j1")));
}

#[test]
fn a_report_for_another_try_or_task_changes_nothing() {
    let mut world = query("  _retry: 1\n");
    let task = world.task("+a").id;
    world.fail("+a", "first");

    assert!(changes_nothing(&mut world, task, TryNo::FIRST, failed("while it waits")));
    world.tick(0);
    assert!(changes_nothing(&mut world, task, TryNo::FIRST, succeeded()));
    world.send("+a");
    assert!(changes_nothing(&mut world, task, TryNo::FIRST, succeeded()));
    assert!(changes_nothing(&mut world, task, TryNo(3), succeeded()));
    assert!(changes_nothing(&mut world, TaskId(99), TryNo::FIRST, succeeded()));
}

#[test]
fn a_report_for_a_task_that_a_retry_took_away_changes_nothing() {
    let mut world = Project::new("_retry: 1\n_parallel: true\n+a: {echo>: a}\n").start();
    let gone = world.id("+a");
    world.fail("+a", "broken");
    world.tick(0);

    assert!(changes_nothing(&mut world, gone, TryNo::FIRST, succeeded()));
}

#[test]
fn an_unreachable_try_goes_out_again_with_the_same_number_and_job() {
    let mut world = query("");
    let first = world.send("+a").unwrap();

    world.report("+a", unreachable("connection refused"));
    let at_once = world.attempt.due_again(world.now);
    world.tick(30);
    let due = world.attempt.due_again(world.now);
    let again = world.send("+a").unwrap();

    assert_eq!(at_once, []);
    assert_eq!(due, [world.task("+a").id]);
    assert_eq!(again, first);
    assert_eq!(world.attempt.due_again(world.now), [], "it is out");
}

#[test]
fn a_try_that_goes_out_again_keeps_its_job_though_it_would_be_derived_otherwise() {
    let mut world = query("");
    let first = world.send("+a").unwrap();
    world.report("+a", unreachable("connection refused"));
    world.files = [("a.sql", "SELECT 2")].into_iter().collect();

    let again = world.send("+a").unwrap();

    let (Work::Bq(first), Work::Bq(again)) = (first.work, again.work) else {
        panic!("both are queries");
    };
    assert_eq!(again.job, first.job);
    assert_ne!(again.fingerprint, first.fingerprint, "a worker will see that it is not the same");
}

#[test]
fn being_unreachable_said_twice_counts_once() {
    let mut world = query("");
    let task = world.task("+a").id;
    world.report("+a", unreachable("connection refused"));

    assert!(changes_nothing(&mut world, task, TryNo::FIRST, unreachable("again")));
}

#[test]
fn an_unreachable_try_may_turn_out_to_have_been_submitted_or_done() {
    for outcome in [submitted("j1"), succeeded(), failed("broken")] {
        let mut world = query("");
        world.report("+a", unreachable("connection refused"));

        let reported = world.report("+a", outcome);

        assert!(matches!(reported, Reported::Decided(_)));
        assert_eq!(world.attempt.next_deadline(), None, "it does not go out again");
    }
}

#[test]
fn a_try_that_stays_unreachable_goes_out_again_and_again_and_never_fails() {
    let mut world = query("  _retry: 3\n");

    for wait in [30, 60, 120, 240, 300, 300, 300] {
        world.report("+a", unreachable("connection refused"));
        world.tick(wait - 1);
        assert_eq!(world.attempt.due_again(world.now), [], "not before {wait} s");
        world.tick(1);
        world.send("+a");
    }

    assert_eq!(world.state("+a"), "running", "its job may run: another try could meet it");
    assert_eq!(world.task("+a").last_try, Some(TryNo::FIRST));
}

#[test]
fn an_answer_starts_the_waits_of_unreachable_anew() {
    let mut world = query("");
    world.report("+a", unreachable("connection refused"));
    world.tick(30);
    world.send("+a");
    world.report("+a", submitted("j1"));

    world.report("+a", unreachable("connection refused"));

    world.tick(30);
    assert_eq!(world.attempt.due_again(world.now), [world.task("+a").id]);
}

#[test]
fn a_dispatched_try_that_nobody_reports_on_goes_out_again_as_the_same_try() {
    let mut world = query("");
    world.send("+a");

    world.tick(599);
    assert_eq!(world.attempt.due_again(world.now), []);
    world.tick(1);

    assert_eq!(world.attempt.due_again(world.now), [world.task("+a").id]);
    world.send("+a");
    assert_eq!(world.task("+a").last_try, Some(TryNo::FIRST));
    world.tick(1_199);
    assert_eq!(world.attempt.due_again(world.now), [], "the second wait is longer");
}

#[test]
fn a_try_runs_since_it_first_went_out() {
    let mut world = query("  _retry: 1\n");
    let since = |world: &World| {
        let state = &world.task("+a").state;
        let TaskState::Running { since, .. } = state else { panic!("{state:?}") };
        *since
    };
    let first = world.now;
    world.send("+a");
    world.tick(600);
    world.send("+a");

    assert_eq!(since(&world), first);
    world.fail("+a", "broken");
    world.tick(0);
    world.send("+a");
    assert_eq!(since(&world), world.now, "another try");
}

fn give_up(world: &mut World) -> Vec<Record> {
    let task = world.task("+a").id;
    world.decide(|attempt, now, context| {
        attempt.give_up(task, TryNo::FIRST, error("dead-lettered"), now, context)
    })
}

#[test]
fn a_dead_letter_fails_its_try_for_good_once_its_job_is_over() {
    let mut world = query("  _retry: 3\n");
    world.send("+a");

    give_up(&mut world);
    let canceling: Vec<TaskId> = world.attempt.canceling().map(|job| job.task).collect();
    let before = world.tree();
    world.fail("+a", "the job never began");

    assert_eq!(canceling, [world.task("+a").id]);
    assert!(before.contains("+a: canceling\n"), "{before}");
    assert!(world.tree().contains("+a: error !! dead-lettered"), "{}", world.tree());
    assert_eq!(world.state("+b"), "blocked");
}

#[test]
fn a_dead_letter_of_a_task_without_a_job_fails_it_at_once() {
    let mut world = Project::new("+a: {echo>: a, _retry: 3}\n").start();
    world.send("+a");

    give_up(&mut world);

    assert!(world.tree().contains("+a: error !! dead-lettered"), "{}", world.tree());
}

#[test]
fn a_job_that_ended_well_though_its_message_was_dead_has_done_its_work() {
    let mut world = query("");
    world.send("+a");

    give_up(&mut world);
    world.succeed("+a");

    assert_eq!(world.state("+a"), "success");
    assert_eq!(world.ready(), ["+b"]);
}

#[test]
fn a_dead_letter_of_a_try_that_somebody_has_changes_nothing() {
    let decided = succeeded();
    for outcome in [submitted("j1"), unreachable("connection refused"), decided] {
        let mut world = query("");
        world.report("+a", outcome);
        let before = world.attempt.clone();

        let records = give_up(&mut world);

        assert_eq!(records, []);
        assert_eq!(world.attempt, before);
    }
}

#[test]
fn a_report_of_another_task_that_had_this_id_changes_nothing() {
    let mut world = query("");
    world.send("+a").unwrap();
    let task = world.task("+a");
    let (id, name) = (task.id, task.full_name.clone());
    let before = world.attempt.clone();

    let other = world.report_named(id, Some("+wf+z"), TryNo::FIRST, succeeded());

    assert_eq!((other, &world.attempt), (Reported::Late, &before));
    let own = world.report_named(id, Some(&name), TryNo::FIRST, succeeded());
    assert!(matches!(own, Reported::Decided(_)));
}
