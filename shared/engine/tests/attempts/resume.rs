//! `retry --resume`: what succeeded in an earlier attempt of the session is not done again.

use himekuri_engine::{AttemptOutcome, NotResumed, Record, ResumeError, TaskView};
use himekuri_protocol::{AttemptId, TryNo};
use serde_json::json;

use crate::world::{Project, World, assert_tree, through_json};

/// Why tasks ran again though they were listed, by full name.
fn not_resumed(world: &World) -> Vec<(String, NotResumed)> {
    let found = world.log.iter().filter_map(|record| match record {
        Record::NotResumed { task, because, .. } => {
            Some((world.attempt.task(*task).unwrap().full_name.clone(), *because))
        }
        _ => None,
    });
    found.collect()
}

/// A sequence of which `+c` failed.
fn failed_at_c(dig: &str) -> World {
    let mut world = Project::new(dig).start();
    world.store("+a", json!({"x": "of a"}));
    world.succeed("+b");
    world.fail("+c", "broken");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Error));
    world
}

const SEQUENCE: &str = "+a: {echo>: a}\n+b: {echo>: b}\n+c: {echo>: '${x}'}\n+d: {echo>: d}\n";

#[test]
fn what_succeeded_is_skipped_and_what_it_stored_is_seen() {
    let mut world = failed_at_c(SEQUENCE).resume(&[]);

    assert_tree(
        &world,
        "
        +wf: planned
          +a: success (resumed)
          +b: success (resumed)
          +c: ready
          +d: blocked
        ",
    );
    assert_eq!(world.echo("+c"), "of a");
    world.succeed("+c");
    world.succeed("+d");
    assert_eq!(world.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn a_resumed_task_is_shown_as_such_with_its_partition_and_no_try() {
    let dig = "+a:\n  bq>: {data: SELECT 1}\n  destination_table: d.t$20190901\n+b: {echo>: b}\n";
    let mut old = Project::new(dig).start();
    old.succeed("+a");
    old.fail("+b", "broken");

    let world = old.resume(&[]);

    let view = TaskView::of(world.task("+a"));
    assert!(view.resumed);
    assert_eq!((view.state.as_str(), view.try_no), ("success", None));
    assert_eq!(view.destination.as_deref(), Some("d.t$20190901"));
}

#[test]
fn only_the_topmost_tasks_that_succeeded_are_listed() {
    let dig = "+g:\n  +a: {echo>: a}\n  +b: {echo>: b}\n+h:\n  +c: {echo>: c}\n  +d: {echo>: d}\n";
    let mut old = Project::new(dig).start();
    for name in ["+g+a", "+g+b", "+h+c"] {
        old.succeed(name);
    }
    old.fail("+h+d", "broken");

    let resume = old.attempt.resume_all(&old.files).unwrap();

    assert_eq!(resume.attempt, AttemptId(7));
    assert_eq!(resume.tasks.keys().collect::<Vec<_>>(), ["+wf+g", "+wf+h+c"]);
}

#[test]
fn stores_of_a_whole_group_come_back_in_digdags_order() {
    let dig = "
_export: {x: none, y: none}
+g:
  _parallel: true
  +a: {echo>: a}
  +b: {echo>: b}
+end: {echo>: '${x} ${y}'}
";
    let mut old = Project::new(dig).start();
    old.store("+g+b", json!({"x": "b"}));
    old.store("+g+a", json!({"x": "a", "y": "a"}));
    assert_eq!(old.echo("+end"), "b a");
    old.fail("+end", "broken");

    let mut world = old.resume(&[]);

    assert_eq!(world.state("+g"), "success");
    assert_eq!(world.echo("+end"), "b a");
}

#[test]
fn stores_are_kept_through_a_call() {
    let dig = "+load:\n  call>: load\n+end: {echo>: '${rows}'}\n";
    let mut old = Project::new(dig).file("load.dig", "+one: {echo>: 1}\n").start();
    old.store("+load^sub+one", json!({"rows": 12}));
    old.fail("+end", "broken");

    let mut world = old.resume(&[]);

    assert_eq!(world.echo("+end"), "12");
}

#[test]
fn stores_inside_a_call_that_failed_are_kept_too() {
    let dig = "+load:\n  call>: load\n";
    let called = "+one: {echo>: 1}\n+two: {echo>: '${rows}'}\n";
    let mut old = Project::new(dig).file("load.dig", called).start();
    old.store("+load^sub+one", json!({"rows": 12}));
    old.fail("+load^sub+two", "broken");

    let mut world = old.resume(&[]);

    assert_eq!(world.task("+load^sub+one").state.name(), "success");
    assert_eq!(world.echo("+load^sub+two"), "12");
}

const LOOP: &str = "
+days:
  loop>: 4
  _parallel: true
  _do:
    +day: {echo>: 'day ${i}'}
+end: {echo>: '${last}'}
";

#[test]
fn the_iterations_of_a_loop_that_failed_run_again_and_no_others() {
    let mut old = Project::new(LOOP).start();
    for i in [0, 3] {
        old.store(&format!("+days^sub+loop-{i}+day"), json!({"last": i}));
    }
    old.fail("+days^sub+loop-1+day", "broken");
    old.fail("+days^sub+loop-2+day", "broken");

    let mut world = old.resume(&[]);

    assert_eq!(world.ready(), ["+days^sub+loop-1+day", "+days^sub+loop-2+day"]);
    world.succeed("+days^sub+loop-1+day");
    world.store("+days^sub+loop-2+day", json!({"last": 2}));
    assert_eq!(world.echo("+end"), "3", "the last by definition wins, whichever attempt ran it");
}

#[test]
fn a_loop_in_sequence_goes_on_behind_its_last_iteration() {
    let dig = "+days:\n  loop>: 3\n  _do: {echo>: 'day ${i} ${seen}', _export: {none: 1}}\n";
    let mut old = Project::new(dig).param("seen", "nothing").start();
    old.store("+days^sub+loop-0", json!({"seen": 0}));
    old.store("+days^sub+loop-1", json!({"seen": 1}));
    old.fail("+days^sub+loop-2", "broken");

    let mut world = old.resume(&[]);

    assert_eq!(world.ready(), ["+days^sub+loop-2"]);
    assert_eq!(world.echo("+days^sub+loop-2"), "day 2 1");
}

#[test]
fn an_iteration_whose_value_is_another_runs_again_though_its_name_is_the_same() {
    let dig = "+each:\n  for_each>: {date: [2019-09-01, 2019-09-02]}\n  _do: {echo>: '${date}'}\n";
    let mut old = Project::new(dig).start();
    let first = "+each^sub+for-0=date=0=2019-09-";
    old.succeed(first);
    old.fail("+each^sub+for-0=date=1=2019-09-", "broken");

    let mut world = old.resume(&[("wf.dig", &dig.replace("2019-09-01", "2019-09-05"))]);

    assert_eq!(world.echo(first), "2019-09-05");
    assert_eq!(not_resumed(&world), [(format!("+wf{first}"), NotResumed::Changed)]);
}

#[test]
fn a_changed_task_runs_again_and_so_does_what_waits_for_it() {
    let old = failed_at_c(SEQUENCE);

    let mut world = old.resume(&[("wf.dig", &SEQUENCE.replace("echo>: a}", "echo>: new}"))]);

    assert_eq!(world.echo("+a"), "new");
    world.store("+a", json!({"x": "of new a"}));
    assert_eq!(world.ready(), ["+b"]);
    assert_eq!(
        not_resumed(&world),
        [("+wf+a".to_owned(), NotResumed::Changed), ("+wf+b".to_owned(), NotResumed::UpstreamRan)]
    );
}

#[test]
fn what_does_not_wait_for_a_changed_task_is_still_skipped() {
    let dig = "
_parallel: true
+a: {echo>: a}
+b: {echo>: b}
+c: {echo>: c, _after: [+a]}
+d: {echo>: d, _after: [+b]}
+e: {echo>: e}
";
    let mut old = Project::new(dig).start();
    for name in ["+a", "+b", "+c", "+d"] {
        old.succeed(name);
    }
    old.fail("+e", "broken");

    let mut world = old.resume(&[("wf.dig", &dig.replace("echo>: a}", "echo>: new}"))]);
    world.succeed("+a");

    assert_eq!(world.ready(), ["+c", "+e"]);
    assert!(world.task("+d").resumed);
}

/// Which of two queries in a called file run again after a change.
fn ran_again(changed: &[(&str, &str)]) -> Vec<String> {
    let mut old = Project::new("+m:\n  call>: m\n+end: {echo>: x}\n")
        .file(
            "m.dig",
            "_parallel: true\n+one: {bq>: one.sql}\n+two: {bq>: two.sql}\n+bad: {echo>: x}\n",
        )
        .file("one.sql", "SELECT 1")
        .file("two.sql", "SELECT 2")
        .file("other.sql", "SELECT 3")
        .start();
    old.succeed("+m^sub+one");
    old.succeed("+m^sub+two");
    old.fail("+m^sub+bad", "broken");
    old.resume(changed).ready()
}

#[test]
fn a_query_runs_again_if_its_sql_changed_and_not_for_another_files_sake() {
    assert_eq!(ran_again(&[]), ["+m^sub+bad"]);
    assert_eq!(ran_again(&[("other.sql", "SELECT 4")]), ["+m^sub+bad"]);
    assert_eq!(ran_again(&[("two.sql", "SELECT 5")]), ["+m^sub+two", "+m^sub+bad"]);
}

#[test]
fn a_group_runs_again_if_anything_below_it_changed_in_any_file() {
    let mut old = Project::new("+g:\n  +m:\n    call>: m\n+end: {echo>: x}\n")
        .file("m.dig", "+one:\n  loop>: 1\n  _do: {bq>: one.sql}\n")
        .file("one.sql", "SELECT 1")
        .start();
    old.succeed("+g+m^sub+one^sub+loop-0");
    old.fail("+end", "broken");

    assert!(old.resume(&[]).task("+g").resumed);
    assert!(!old.resume(&[("one.sql", "SELECT 2")]).task("+g").resumed);
    let called = "+one:\n  loop>: 2\n  _do: {bq>: one.sql}\n";
    assert!(!old.resume(&[("m.dig", called)]).task("+g").resumed);
}

#[test]
fn a_file_that_only_an_expression_names_is_in_doubt_in_another_revision() {
    let dig = "+a: {bq>: '${which}.sql'}\n+b: {echo>: b}\n";
    let project = Project::new(dig).file("one.sql", "SELECT 1").param("which", "one");
    let mut old = project.start();
    old.succeed("+a");
    old.fail("+b", "broken");

    assert!(old.resume(&[]).task("+a").resumed);
    assert!(!old.resume(&[("other.txt", "anything")]).task("+a").resumed);
}

#[test]
fn an_export_above_counts_as_the_tasks_own_and_a_place_or_a_retry_does_not() {
    let old = failed_at_c(&format!("_export: {{city: Tokyo}}\n{SEQUENCE}"));

    let exported = format!("_export: {{city: Osaka}}\n{SEQUENCE}");
    assert!(!old.resume(&[("wf.dig", &exported)]).task("+a").resumed);
    let moved = SEQUENCE.replace("echo>: a}", "echo>: a, _retry: 3, _error: {echo>: e}}");
    let moved = format!("# more\n\n_export: {{city: Tokyo}}\n_retry: 1\n{moved}");
    assert!(old.resume(&[("wf.dig", &moved)]).task("+a").resumed);
}

#[test]
fn a_new_check_makes_a_task_run_again() {
    let old = failed_at_c(SEQUENCE);

    let checked = SEQUENCE.replace("echo>: a}", "echo>: a, _check: {echo>: c}}");

    assert!(!old.resume(&[("wf.dig", &checked)]).task("+a").resumed);
}

#[test]
fn error_tasks_are_never_skipped() {
    let dig = "_error: {echo>: mail}\n+a: {echo>: a}\n+b: {echo>: b, _error: {echo>: e}}\n";
    let mut old = Project::new(dig).start();
    old.succeed("+a");
    old.fail("+b", "broken");
    old.succeed("+b^error");
    old.succeed("^error");
    assert_eq!(old.outcome(), Some(AttemptOutcome::Error));

    let mut world = old.resume(&[]);
    world.fail("+b", "broken again");

    assert_eq!(world.ready(), ["+b^error"]);
    world.succeed("+b^error");
    assert_eq!(world.ready(), ["^error"]);
}

#[test]
fn the_check_of_a_task_that_runs_again_runs_again() {
    let dig = "+a:\n  echo>: a\n  _check:\n    +one: {echo>: 1}\n    +two: {echo>: 2}\n";
    let mut old = Project::new(dig).start();
    old.succeed("+a");
    old.succeed("+a^check+one");
    old.fail("+a^check+two", "broken");

    let mut world = old.resume(&[]);
    world.succeed("+a");

    assert_eq!(world.ready(), ["+a^check+one"]);
}

#[test]
fn a_late_attempt_whose_tasks_all_succeeded_ends_well_when_it_is_resumed() {
    let mut old = Project::new("sla: {duration: '01:00', fail: true}\n+a: {echo>: a}\n").start();
    old.send("+a");
    old.tick(3_601);
    old.succeed("+a");
    assert_eq!(old.outcome(), Some(AttemptOutcome::Error));

    let resume = old.attempt.resume_all(&old.files).unwrap();

    assert_eq!(resume.tasks.keys().collect::<Vec<_>>(), ["+wf+a"]);
}

#[test]
fn an_attempt_may_be_resumed_twice() {
    let mut second = failed_at_c(SEQUENCE).resume(&[]);
    second.store("+c", json!({"x": "of c"}));
    second.fail("+d", "broken");

    let mut third = second.resume(&[]);

    assert_eq!(third.ready(), ["+d"]);
    let stored: Vec<_> = ["+a", "+b", "+c"].map(|name| third.task(name).resumed).into();
    assert_eq!(stored, [true, true, true]);
    third.succeed("+d");
    assert_eq!(third.outcome(), Some(AttemptOutcome::Success));
}

#[test]
fn what_was_stored_in_the_first_attempt_is_seen_in_the_third() {
    let dig = "+a: {echo>: a}\n+b: {echo>: b}\n+c: {echo>: '${x}'}\n";
    let mut old = Project::new(dig).start();
    old.store("+a", json!({"x": "of a"}));
    old.fail("+b", "broken");
    let mut second = old.resume(&[]);
    second.succeed("+b");
    second.fail("+c", "broken");

    assert_eq!(second.resume(&[]).echo("+c"), "of a");
}

#[test]
fn after_a_groups_retry_its_last_run_counts() {
    let dig = "_retry: 1\n_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n";
    let mut old = Project::new(dig).start();
    old.succeed("+a");
    old.fail("+b", "broken");
    old.tick(0);
    old.fail("+a", "broken");
    old.succeed("+b");
    assert_eq!(old.outcome(), Some(AttemptOutcome::Error));

    let world = old.resume(&[]);

    assert_eq!(world.ready(), ["+a"]);
    assert!(world.task("+b").resumed);
}

#[test]
fn a_groups_retry_in_the_new_attempt_runs_all_of_it_again() {
    let dig = "_retry: 1\n_parallel: true\n+a: {echo>: a}\n+b: {echo>: b}\n";
    let mut old = Project::new(dig).start();
    for try_no in 1..=2 {
        if try_no == 2 {
            old.tick(0);
        }
        old.succeed("+a");
        old.fail("+b", "broken");
    }

    let mut world = old.resume(&[]);
    assert_eq!(world.ready(), ["+b"]);
    world.fail("+b", "broken");
    world.tick(0);

    assert_eq!(world.ready(), ["+a", "+b"]);
}

#[test]
fn a_retried_task_of_the_new_attempt_begins_with_the_first_try() {
    let mut world = failed_at_c(SEQUENCE).resume(&[]);

    world.succeed("+c");

    assert_eq!(world.task("+c").last_try, Some(TryNo::FIRST));
    assert_eq!(world.attempt.started().number, 2, "so its job ids are new");
}

#[test]
fn an_attempt_that_succeeded_or_still_runs_is_not_resumed() {
    let mut world = Project::new("+a: {echo>: a}\n").start();
    let running = world.attempt.resume_all(&world.files).unwrap_err();
    world.succeed("+a");
    let succeeded = world.attempt.resume_all(&world.files).unwrap_err();

    assert_eq!(running, ResumeError::NotEnded(AttemptId(7)));
    assert!(running.to_string().contains("himekuri kill 7"), "{running}");
    assert_eq!(succeeded, ResumeError::Succeeded(AttemptId(7)));
    assert!(succeeded.to_string().contains("--all"), "{succeeded}");
}

#[test]
fn a_resumed_attempt_replays_from_its_log_at_every_record() {
    let mut world =
        failed_at_c(SEQUENCE).resume(&[("wf.dig", &SEQUENCE.replace("echo>: b}", "echo>: new}"))]);
    world.succeed("+b");
    world.succeed("+c");
    world.succeed("+d");

    for length in 1..world.log.len() {
        let mut next = world.replayed(&world.log[..length]);
        next.files = world.files.clone();
        next.decide(|attempt, now, context| attempt.advance(now, context));
        assert!(through_json(&world.log).starts_with(&next.log[..next.log.len().min(length + 1)]));
    }
    assert_eq!(world.replayed(&world.log).attempt, world.attempt);
}
