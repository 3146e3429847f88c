//! From a ready task to its message.

use himekuri_engine::{Attempt, ReplayError};
use himekuri_protocol::{QueryJob, TryNo, Work, WriteDisposition};

use crate::world::{Project, World};

const MART: &str = "
_export:
  SUFFIX_DATE: 20190901
  bq: {dataset: summary, location: asia-northeast1}
+access:
  bq>: access.sql
  destination_table: access$${SUFFIX_DATE}
  write_disposition: WRITE_TRUNCATE
";

fn mart() -> Project {
    Project::new(MART).file("access.sql", "SELECT * FROM logs WHERE day = '${SUFFIX_DATE}'")
}

fn job(world: &mut World, name: &str) -> QueryJob {
    let Work::Bq(job) = world.work(name) else { panic!("{name} is no query") };
    *job
}

#[test]
fn a_query_is_rendered_with_its_destination_and_its_family_gives_defaults() {
    let mut world = mart().in_gcp_project("title-a-prod").start();

    let job = job(&mut world, "+access");

    assert_eq!(job.query, "SELECT * FROM logs WHERE day = '20190901'");
    let destination = job.destination.map(|table| table.to_string());
    assert_eq!(destination.as_deref(), Some("title-a-prod.summary.access$20190901"));
    assert_eq!(job.write_disposition, Some(WriteDisposition::WriteTruncate));
    assert_eq!(job.job.location.as_deref(), Some("asia-northeast1"));
    assert!(!job.use_legacy_sql);
}

#[test]
fn a_message_names_the_try_and_carries_the_work() {
    let mut world = mart().start();
    let work = world.work("+access");

    let message = world.send("+access").unwrap();

    assert_eq!(message.task_name, "+wf+access");
    assert_eq!((message.task, message.try_no), (world.task("+access").id, TryNo::FIRST));
    assert_eq!(message.work, work);
    assert_eq!(world.tree().lines().nth(1), Some("  +access: running -> summary.access$20190901"));
}

#[test]
fn the_job_id_is_known_before_and_the_same_whenever_it_is_derived() {
    let first = job(&mut mart().start(), "+access");
    let again = job(&mut mart().start(), "+access");
    let other = job(&mut mart().override_with("SUFFIX_DATE", 20_190_902).start(), "+access");

    assert_eq!(first.job.job_id, again.job.job_id);
    assert_ne!(first.job.job_id, other.job.job_id, "another query is another job");
    assert!(first.job.job_id.ends_with("_1_1"), "{}", first.job.job_id);
    assert_eq!(first.labels["himekuri_fingerprint"], first.fingerprint);
}

/// Another id for the same task would let a query run twice when an upgrade meets a redelivery (design D5).
#[test]
fn the_job_id_of_a_known_task_is_the_one_of_every_version() {
    let job = job(&mut mart().start(), "+access");

    assert_eq!(job.job.job_id, "himekuri_d67178dfaaa8b06bed6e3142532debfd_1_1");
}

#[test]
fn sql_may_stand_in_the_file_itself() {
    let mut world = Project::new("+a:\n  bq>: {data: 'SELECT ${n}'}\n").param("n", 1).start();

    assert_eq!(job(&mut world, "+a").query, "SELECT 1");
}

#[test]
fn the_long_form_names_the_sql_file_too() {
    let mut world =
        Project::new("+a:\n  _type: bq\n  _command: a.sql\n").file("a.sql", "SELECT 1").start();

    assert_eq!(job(&mut world, "+a").query, "SELECT 1");
}

#[test]
fn what_the_files_say_wrong_is_refused_with_its_place() {
    let cases = [
        ("bq>: nope.sql", "wf.dig:2:8: file `nope.sql` is not in the project"),
        ("bq>: broken.sql", "broken.sql:2:7: `nope` is not defined"),
        (
            "bq>: a.sql\n  destination_table: t",
            "wf.dig:3:22: table `t` has no dataset; write `dataset.t` or add `dataset:` to the task",
        ),
        (
            "bq>: a.sql\n  write_disposition: APPEND",
            "wf.dig:3:22: `write_disposition` must be `WRITE_TRUNCATE`, `WRITE_TRUNCATE_DATA`, `WRITE_APPEND` or `WRITE_EMPTY`, not `APPEND`",
        ),
        (
            "bq>: a.sql\n  use_query_cache: perhaps",
            "wf.dig:3:20: `use_query_cache` must be `true` or `false`, not `perhaps`",
        ),
        ("bq>: {sql: x}", "wf.dig:2:8: `bq>` as a mapping needs `data: SQL`"),
        ("bq>: ../a.sql", "wf.dig:2:8: cannot read `../a.sql`"),
    ];

    for (task, expected) in cases {
        let mut world = Project::new(&format!("+a:\n  {task}\n"))
            .file("a.sql", "SELECT 1")
            .file("broken.sql", "SELECT\n  1 + ${nope}")
            .start();

        let error = world.prepare("+a").unwrap_err();

        assert!(error.message.starts_with(expected), "{}", error.message);
        assert_eq!(error.reason, "config");
    }
}

#[test]
fn preparing_decides_nothing() {
    let mut world = mart().start();
    let (before, length) = (world.attempt.clone(), world.attempt.log_length());

    world.prepare("+access").unwrap();

    assert_eq!(world.attempt, before);
    assert_eq!(world.attempt.log_length(), length);
}

#[test]
fn a_task_is_dispatched_once() {
    let mut world = mart().start();
    let prepared = world.prepare("+access").unwrap();
    world.send("+access");

    let refused = world.attempt.dispatch(prepared, world.now).unwrap_err();

    assert_eq!(refused.to_string(), "record 3 says `dispatched`, but task 1 is `running`");
}

#[test]
fn a_task_prepared_before_its_retry_is_not_sent_as_the_new_try() {
    let mut world = Project::new("+a: {echo>: a, _retry: 1}\n").start();
    let stale = world.prepare("+a").unwrap();
    world.fail("+a", "broken");
    world.tick(0);

    let refused = world.attempt.dispatch(stale, world.now);

    assert!(matches!(refused, Err(ReplayError::WrongTry { .. })), "{refused:?}");
}

#[test]
fn groups_are_never_dispatched() {
    let mut world = Project::new("+g:\n  +a: {echo>: a}\n").start();

    let error = world.prepare("+g").unwrap_err();

    assert_eq!(error.message, "a group is not dispatched");
}

#[test]
fn running_tasks_are_listed_with_who_has_them() {
    let mut world = mart().start();
    world.send("+access");

    let replayed: Attempt = world.replayed(&world.log).attempt;
    let running: Vec<_> = replayed.running().map(|(task, try_no, _)| (task.id, try_no)).collect();

    assert_eq!(running, [(world.task("+access").id, TryNo::FIRST)]);
}
