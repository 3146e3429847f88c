//! `timeout` of a task: its job is over first, then the try fails.

use himekuri_engine::Record;
use himekuri_protocol::TryNo;

use crate::world::{Project, World, assert_tree, submitted, unreachable};

fn query(keys: &str) -> World {
    Project::new(&format!("+a:\n  bq>: a.sql\n{keys}+b: {{echo>: b}}\n"))
        .file("a.sql", "SELECT 1")
        .start()
}

/// Seconds until something happens by time alone.
fn deadline(world: &World) -> Option<i64> {
    Some(world.attempt.next_deadline()?.duration_since(world.now).as_secs())
}

fn canceling(world: &World) -> usize {
    world.attempt.canceling().count()
}

#[test]
fn a_job_that_takes_too_long_is_cancelled_and_then_its_task_fails() {
    let mut world = query("  timeout: 1h 30m\n  _error: {echo>: '${error.reason}'}\n");
    world.report("+a", submitted("j1"));

    let until = deadline(&world);
    world.tick(5_399);
    let early = canceling(&world);
    world.tick(1);
    let late = (canceling(&world), world.state("+a"));
    world.fail("+a", "stopped");

    assert_eq!(until, Some(5_400));
    assert_eq!((early, late), (0, (1, "canceling")));
    assert_eq!(deadline(&world), None);
    assert_eq!(world.echo("+a^error"), "timeout");
    world.succeed("+a^error");
    assert_eq!(
        world.tree().lines().nth(1).unwrap(),
        "  +a: error !! wf.dig:3:12: the task did not end within its `timeout`; its job was cancelled; make it faster, or the `timeout` longer"
    );
}

#[test]
fn retry_runs_a_task_again_whose_time_was_over_with_the_whole_time() {
    let mut world = query("  timeout: 600\n  _retry: 1\n");
    world.send("+a");

    world.tick(600);
    world.fail("+a", "stopped");
    let waits = world.state("+a");
    world.tick(0);
    world.report("+a", submitted("j2"));

    assert_eq!(waits, "retry_waiting");
    assert_eq!(world.task("+a").last_try, Some(TryNo(2)));
    assert_eq!(deadline(&world), Some(600));
}

#[test]
fn a_job_that_ended_well_before_it_could_be_stopped_has_done_its_work() {
    let mut world = query("  timeout: 10m\n  _retry: 1\n");
    world.send("+a");
    world.tick(600);

    world.succeed("+a");

    assert_eq!(world.state("+a"), "success");
    assert_eq!(world.ready(), ["+b"]);
}

#[test]
fn a_try_that_goes_out_again_has_the_time_that_is_left() {
    let mut world = query("  timeout: 10m\n");
    world.report("+a", unreachable("connection refused"));

    world.tick(30);
    world.send("+a");
    world.report("+a", submitted("j1"));

    assert_eq!(deadline(&world), Some(570));
}

#[test]
fn a_task_without_a_job_fails_at_once() {
    let mut world =
        Project::new("+a: {echo>: a, timeout: 1m, _retry: {limit: 1, interval: 9}}\n").start();
    world.send("+a");

    world.tick(60);

    assert_eq!(world.state("+a"), "retry_waiting");
    assert!(world.tree().contains("did not end within its `timeout`; make it"), "{}", world.tree());
}

#[test]
fn an_answer_in_time_ends_the_count() {
    let mut world = query("  timeout: 10m\n");

    world.succeed("+a");
    world.succeed("+b");

    assert_eq!(deadline(&world), None);
    assert_tree(
        &world,
        "
        +wf: success
          +a: success
          +b: success
        ",
    );
}

#[test]
fn a_kill_takes_over_from_a_timeout() {
    let mut world = query("  timeout: 10m\n  _error: {echo>: e}\n  _retry: 1\n");
    world.send("+a");
    world.tick(600);

    world.kill();
    world.fail("+a", "stopped");

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
fn the_time_is_what_the_task_or_its_operators_defaults_say() {
    let cases = [
        ("  timeout: 45s\n", Some(45)),
        ("  timeout: 45\n", Some(45)),
        ("  timeout: '${minutes}m'\n  _export: {minutes: 3}\n", Some(180)),
        ("  timeout: '${s}'\n  _export: {s: 3}\n", Some(3)),
        ("  timeout: null\n", None),
        ("_export: {bq: {timeout: 2h}}\n", Some(7_200)),
        ("  timeout: 1m\n_export: {bq: {timeout: 2h}}\n", Some(60)),
        // It may be any variable of a project that knows nothing of ours.
        ("_export: {timeout: 30}\n", None),
    ];

    for (keys, expected) in cases {
        let mut world = query(keys);
        let timeout = world.prepare("+a").unwrap().timeout;
        assert_eq!(timeout.map(|timeout| timeout.as_secs()), expected, "{keys}");
    }
}

#[test]
fn what_is_no_time_fails_the_task_at_its_place() {
    for wrong in ["soon", "0", "-5", "1.5", "[1]", "true", "0s"] {
        let mut world = query(&format!("  timeout: {wrong}\n  _retry: 3\n"));

        world.send("+a");

        let error = world.task("+a").error().unwrap().message.clone();
        assert!(error.starts_with("wf.dig:3:12: `timeout` must be a duration"), "{wrong}: {error}");
        assert!(error.ends_with(&format!("not `{wrong}`")), "{error}");
    }
}

#[test]
fn the_log_holds_the_end_of_the_time_and_not_the_way_to_compute_it() {
    let mut world = query("  timeout: 10m\n");
    world.send("+a");
    let Some(Record::Dispatched { timeout_at, .. }) = world.log.last() else {
        panic!("`+a` was dispatched last");
    };

    assert_eq!(timeout_at.map(|at| at.duration_since(world.now).as_secs()), Some(600));
    let mut next = world.replayed(&world.log);
    next.tick(600);
    world.tick(600);
    assert_eq!(canceling(&next), 1);
    assert_eq!(next.attempt, world.attempt);
}
