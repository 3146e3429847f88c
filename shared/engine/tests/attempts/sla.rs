//! `sla:` (digdag reference 1.8).

use himekuri_engine::{AttemptOutcome, Record, sla_due};
use himekuri_workflow::SlaTrigger;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::world::{Project, World, assert_tree};

fn due(trigger: SlaTrigger, run_time: &str, zone: &TimeZone) -> String {
    sla_due(trigger, run_time.parse().unwrap(), zone).unwrap().to_string()
}

fn at(hours: u32, minutes: u32) -> SlaTrigger {
    SlaTrigger::Time { seconds: hours * 3_600 + minutes * 60 }
}

#[test]
fn a_time_is_that_of_the_run_times_day_or_24_hours_later() {
    let tokyo = TimeZone::fixed(Offset::constant(9));
    let cases = [
        (at(9, 30), "2019-09-01T15:00:00Z", "2019-09-02T00:30:00Z"),
        (at(9, 30), "2019-09-02T00:30:00Z", "2019-09-02T00:30:00Z"),
        (at(9, 30), "2019-09-02T00:30:01Z", "2019-09-03T00:30:00Z"),
        (at(0, 0), "2019-09-01T15:00:00Z", "2019-09-01T15:00:00Z"),
        (at(25, 0), "2019-09-01T15:00:00Z", "2019-09-02T16:00:00Z"),
    ];

    for (trigger, run_time, expected) in cases {
        assert_eq!(due(trigger, run_time, &tokyo), expected, "{trigger:?} {run_time}");
    }
}

#[test]
fn a_time_that_the_clock_skips_comes_an_hour_later() {
    let new_york = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap();

    assert_eq!(due(at(2, 30), "2019-03-10T05:00:00Z", &new_york), "2019-03-10T07:30:00Z");
    assert_eq!(due(at(3, 30), "2019-03-10T05:00:00Z", &new_york), "2019-03-10T07:30:00Z");
}

#[test]
fn a_duration_counts_from_the_run_time() {
    let trigger = SlaTrigger::Duration { seconds: 5_400 };

    assert_eq!(due(trigger, "2019-09-02T00:00:00Z", &TimeZone::UTC), "2019-09-02T01:30:00Z");
}

#[test]
fn an_sla_at_the_end_of_the_calendar_is_none() {
    let trigger = SlaTrigger::Duration { seconds: 1 };

    assert_eq!(sla_due(trigger, Timestamp::MAX, &TimeZone::UTC), None);
}

const LATE: &str = "
sla:
  duration: 01:00
  fail: true
  +call_somebody: {echo>: late}
+a: {echo>: a}
+b: {echo>: b}
";

#[test]
fn an_attempt_that_is_late_runs_the_tasks_of_its_sla_once_and_stops_nothing() {
    let mut world = Project::new(LATE).start();

    assert_eq!(world.tick(3_599), []);
    world.tick(1);
    assert_eq!(world.tick(10_000).iter().filter(|record| is_sla(record)).count(), 0);

    assert_tree(
        &world,
        "
        +wf: planned
          +a: ready
          +b: blocked
          ^sla^alert: success
          ^sla^fail: error !! the attempt did not end by the time of its `sla`
          ^sla: planned
            +call_somebody: ready
        ",
    );
}

fn is_sla(record: &Record) -> bool {
    matches!(record, Record::SlaMissed { .. })
}

#[test]
fn a_late_attempt_runs_to_its_end_and_is_an_error_only_with_fail() {
    for (fail, outcome) in [("true", AttemptOutcome::Error), ("false", AttemptOutcome::Success)] {
        let mut world = Project::new(&LATE.replace("fail: true", &format!("fail: {fail}"))).start();

        world.tick(3_600);
        for name in ["+a", "^sla+call_somebody", "+b"] {
            world.succeed(name);
        }

        assert_eq!(world.outcome(), Some(outcome), "{fail}");
    }
}

#[test]
fn a_failed_task_of_an_sla_fails_the_attempt() {
    let mut world = Project::new(&LATE.replace("fail: true", "fail: false")).start();

    world.tick(3_600);
    world.fail("^sla+call_somebody", "no mail");
    world.succeed("+a");
    assert_eq!(world.ready(), ["+b"]);
    world.succeed("+b");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn an_attempt_that_ended_in_time_is_not_late() {
    let mut world = Project::new(LATE).start();

    world.succeed("+a");
    world.succeed("+b");

    assert_eq!(world.tick(10_000), []);
    assert_eq!(world.attempt.next_deadline().map(|at| at > world.now), None);
}

#[test]
fn the_last_report_of_a_late_attempt_is_late_too() {
    let mut world = Project::new("sla: {duration: '01:00', fail: true}\n+a: {echo>: a}\n").start();
    world.send("+a");
    world.now = world.now.checked_add(std::time::Duration::from_secs(4_000)).unwrap();

    world.succeed("+a");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn no_retry_makes_up_for_being_late() {
    let mut world =
        Project::new("_retry: 3\nsla: {duration: '01:00', fail: true}\n+a: {echo>: a}\n").start();

    world.tick(3_600);
    world.fail("+a", "broken");

    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
}

#[test]
fn while_the_root_waits_for_its_retry_its_sla_waits_too() {
    let dig = "_retry: {limit: 1, interval: 7200}\nsla: {duration: '01:00', alert: true}\n+a: {echo>: a}\n";
    let mut world = Project::new(dig).start();
    world.fail("+a", "broken");

    assert_eq!(world.tick(3_600), []);
    let records = world.tick(3_600);

    assert_eq!(records.iter().filter(|record| is_sla(record)).count(), 1);
    assert_eq!(world.ready(), ["+a"]);
}

#[test]
fn a_missed_sla_with_fail_runs_the_error_task_of_the_root() {
    let dig = "sla: {duration: '01:00', fail: true}\n_error: {echo>: '${error.reason}'}\n+a: {echo>: a}\n";
    let mut world = Project::new(dig).start();

    world.tick(3_600);
    world.succeed("+a");

    assert_eq!(world.echo("^error"), "sla");
}

#[test]
fn each_of_several_entries_has_names_of_its_own() {
    let dig = "
sla:
  - {duration: '01:00', echo>: first}
  - {duration: '02:00', alert: false, echo>: second}
+a: {echo>: a}
";
    let mut world: World = Project::new(dig).start();

    world.tick(3_600);
    assert_eq!(world.ready(), ["+a", "^sla"]);
    world.tick(3_600);

    assert_eq!(world.ready(), ["+a", "^sla", "^sla-2"]);
}
