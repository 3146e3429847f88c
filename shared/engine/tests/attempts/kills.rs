//! Kill on request: what becomes of tasks in each state (digdag reference 5.5), and of their jobs (design D6).

use himekuri_engine::{AttemptOutcome, KillReason, Record, Reported};
use himekuri_protocol::{JobStatistics, Outcome, StoreParams, TaskId, TryNo};

use crate::world::{Project, World, assert_tree, failed, job, submitted, succeeded, unreachable};

fn query(keys: &str) -> World {
    Project::new(&format!("+a:\n  bq>: a.sql\n{keys}+b: {{echo>: b}}\n"))
        .file("a.sql", "SELECT 1")
        .start()
}

fn canceling(world: &World) -> Vec<String> {
    let jobs = world.attempt.canceling();
    jobs.map(|canceling| world.attempt.task(canceling.task).unwrap().full_name.clone()).collect()
}

#[test]
fn a_task_that_is_ready_is_canceled_and_what_waits_for_it_stays_blocked() {
    let mut world = query("");

    world.kill();

    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
    assert_tree(
        &world,
        "
        +wf: canceled
          +a: canceled
          +b: blocked
        ",
    );
}

#[test]
fn waits_of_every_kind_end_at_once() {
    let dig = "
_parallel: true
+wait: {wait>: 1h}
+retry: {echo>: a, _retry: {limit: 1, interval: 60}}
+require: {require>: other}
+group:
  _retry: {limit: 1, interval: 60}
  +t: {echo>: t}
";
    let mut world = Project::new(dig).start();
    world.fail("+retry", "first");
    world.fail("+group+t", "first");

    world.kill();

    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
    assert_eq!(world.attempt.next_deadline(), None);
    assert!(!world.attempt.requires_sessions());
    assert_tree(
        &world,
        "
        +wf: canceled
          +wait: canceled
          +retry: canceled
          +require: canceled
          +group: canceled
            +t: error !! first
        ",
    );
}

#[test]
fn a_job_keeps_its_task_and_its_partition_until_it_is_over() {
    for sent in [None, Some(submitted("j1")), Some(unreachable("connection refused"))] {
        let mut world = query("  destination_table: d.t$20190901\n");
        world.send("+a");
        if let Some(outcome) = sent.clone() {
            world.report("+a", outcome);
        }

        let records = world.kill();

        assert!(matches!(records.as_slice(), [Record::KillRequested { .. }]), "{records:?}");
        assert_eq!(canceling(&world), ["+wf+a"], "{sent:?}");
        assert_eq!(world.state("+a"), "canceling");
        assert_eq!(world.attempt.running().count(), 1, "its partition is not free");
        assert_eq!(world.outcome(), None);
        world.fail("+a", "stopped");
        assert_eq!(world.state("+a"), "canceled");
        assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
    }
}

#[test]
fn a_job_that_is_to_end_is_named_with_all_that_is_known() {
    let mut world = query("  destination_table: d.t$20190901\n");
    world.send("+a");
    world.kill();
    let since = world.now;
    world.tick(5);
    let before = world.attempt.canceling().next().map(|canceling| canceling.job.clone());

    world.report("+a", submitted("j1"));

    let canceling = world.attempt.canceling().next().unwrap();
    assert_ne!(before.as_ref(), Some(canceling.job));
    assert_eq!(canceling.job, &job("j1"), "a late report knows more of it");
    assert_eq!((canceling.try_no, canceling.at), (TryNo::FIRST, since));
    assert_eq!(canceling.destination.map(ToString::to_string).as_deref(), Some("d.t$20190901"));
}

#[test]
fn reports_that_say_nothing_new_about_a_canceled_job_change_nothing() {
    let mut world = query("");
    world.report("+a", submitted("j1"));
    world.kill();
    let before = world.attempt.clone();

    let again = world.report("+a", submitted("j1"));
    let unclear = world.report("+a", unreachable("connection refused"));

    assert_eq!((again, unclear), (Reported::Late, Reported::Late));
    assert_eq!(world.attempt, before);
}

#[test]
fn a_job_that_ended_well_all_the_same_leaves_its_figures_with_a_canceled_task() {
    let mut world = query("");
    world.report("+a", submitted("j1"));
    world.kill();
    let figures = JobStatistics {
        job: job("j1"),
        total_bytes_processed: Some(1_024),
        total_bytes_billed: None,
        rows: None,
        total_slot_ms: None,
        duration_ms: None,
        cache_hit: None,
    };
    let store_params = StoreParams::from_iter([("x".to_owned(), 1.into())]);

    world.report("+a", Outcome::Succeeded { store_params, job: Some(figures.clone()) });

    assert_eq!(world.task("+a").job, Some(figures));
    assert_tree(
        &world,
        "
        +wf: canceled
          +a: canceled
          +b: blocked
        ",
    );
}

#[test]
fn a_task_without_a_job_is_canceled_while_a_worker_has_it() {
    let mut world = Project::new("+a: {echo>: a}\n+b: {echo>: b}\n").start();
    world.send("+a");
    let task = world.task("+a").id;

    world.kill();

    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
    assert_eq!(world.report_try(task, TryNo::FIRST, succeeded()), Reported::Late);
}

#[test]
fn neither_error_nor_check_nor_retry_follows_a_kill() {
    let keys = "  _retry: 3\n  _error: {echo>: e}\n  _check: {echo>: c}\n";
    for outcome in [succeeded(), failed("stopped")] {
        let mut world = query(&format!("{keys}_error: {{echo>: e}}\n_retry: 1\n"));
        world.send("+a");
        world.kill();

        world.report("+a", outcome);

        assert_tree(
            &world,
            "
            +wf: canceled
              +a: canceled
              +b: blocked
            ",
        );
    }
}

#[test]
fn error_and_check_tasks_that_run_are_canceled_with_their_tasks() {
    let dig = "
_parallel: true
+failed: {echo>: a, _error: {echo>: e}}
+done: {echo>: a, _check: {bq>: c.sql}}
";
    let mut world = Project::new(dig).file("c.sql", "SELECT 1").start();
    world.fail("+failed", "broken");
    world.succeed("+done");
    world.send("+done^check");

    world.kill();
    world.fail("+done^check", "stopped");

    assert_tree(
        &world,
        "
        +wf: canceled
          +failed: canceled !! broken
            ^error: canceled
          +done: canceled
            ^check: canceled
        ",
    );
}

#[test]
fn groups_are_canceled_when_the_last_job_below_them_is_over() {
    let dig = "
+first: {echo>: f}
+group:
  _parallel: true
  +a: {bq>: a.sql}
  +inner:
    +b: {bq>: a.sql}
    +c: {echo>: c}
+last: {echo>: l}
";
    let mut world = Project::new(dig).file("a.sql", "SELECT 1").start();
    world.succeed("+first");
    world.send("+group+a");
    world.send("+group+inner+b");

    world.kill();
    world.fail("+group+inner+b", "stopped");
    let between = (world.state("+group+inner"), world.state("+group"), world.outcome());
    world.succeed("+group+a");

    assert_eq!(between, ("canceled", "planned", None));
    assert_tree(
        &world,
        "
        +wf: canceled
          +first: success
          +group: canceled
            +a: canceled
            +inner: canceled
              +b: canceled
              +c: blocked
          +last: blocked
        ",
    );
}

#[test]
fn a_window_of_parallel_tasks_lets_nothing_more_begin() {
    let dig = "+l: {loop>: 4, _parallel: {limit: 2}, _do: {bq>: a.sql}}\n";
    let mut world = Project::new(dig).file("a.sql", "SELECT 1").start();
    world.send("+l^sub+loop-0");

    world.kill();
    world.succeed("+l^sub+loop-0");

    let states = [0, 1, 2, 3].map(|i| world.state(&format!("+l^sub+loop-{i}")));
    assert_eq!(states, ["canceled", "canceled", "blocked", "blocked"]);
    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
}

#[test]
fn no_sla_comes_after_a_kill() {
    let dig = "sla: {duration: '01:00', fail: true, echo>: late}\n+a: {bq>: a.sql}\n";
    let mut world = Project::new(dig).file("a.sql", "SELECT 1").start();
    world.send("+a");
    world.kill();

    world.tick(7_200);

    assert_eq!(world.attempt.next_deadline(), None);
    assert_eq!(world.attempt.tasks().count(), 2, "{}", world.tree());
}

#[test]
fn a_second_kill_and_one_after_the_end_change_nothing() {
    let mut world = query("");
    world.send("+a");
    world.kill();
    let before = world.attempt.clone();

    assert_eq!(world.kill(), []);
    assert_eq!(world.attempt, before);
    world.fail("+a", "stopped");
    assert_eq!(world.kill(), []);
    assert_eq!(world.attempt.killed().map(|(_, at)| at), before.killed().map(|(_, at)| at));
}

#[test]
fn an_attempt_that_succeeded_is_not_killed() {
    let mut world = Project::new("+a: {echo>: a}\n").start();
    world.succeed("+a");

    assert_eq!(world.kill(), []);
    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
    assert_eq!(world.attempt.killed(), None);
}

#[test]
fn an_attempt_that_has_decided_nothing_yet_can_be_killed() {
    let started = Project::new("+a: {echo>: a}\n").start().attempt.started().clone();
    let mut world = World::of(started);

    world.kill();

    assert_eq!(world.tree(), "+wf: canceled\n");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
}

#[test]
fn the_log_says_who_killed_the_attempt() {
    let mut world = query("");
    let reason = KillReason::Requested { by: Some("sato".to_owned()) };

    world.decide(|attempt, now, context| attempt.kill(reason.clone(), now, context));

    let replayed = world.replayed(&world.log);
    assert_eq!(replayed.attempt.killed(), Some((&reason, world.now)));
}

#[test]
fn a_kill_is_one_record_however_much_is_ready() {
    let mut world = Project::new("+l: {loop>: 1000, _parallel: true, _do: {echo>: a}}\n").start();

    let records = world.kill();

    // `^sub`, `+l`, the root, and the end.
    assert_eq!(records.len(), 1 + 4, "{records:?}");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Canceled));
}

#[test]
fn nothing_else_fits_a_killed_attempt() {
    let mut world = query("");
    world.send("+a");
    world.kill();
    let at = world.now;
    let task = TaskId(1);
    let error = crate::world::error("m");
    let retry_at = at;
    let others = [
        Record::Succeeded { task, at, store_params: StoreParams::new(), job: None },
        Record::Failed { task, at, error: error.clone() },
        Record::RetryScheduled { task, at, retry_at, retry_count: 1, error },
        Record::Unreachable { task, at, again_at: at, times: 1 },
        Record::KillRequested { at, reason: KillReason::AttemptTimeLimit },
    ];

    for record in others {
        let mut log = world.log.clone();
        log.push(record.clone());
        let refused = himekuri_engine::Attempt::replay(log);
        assert!(refused.is_err(), "{record:?}");
    }
}
