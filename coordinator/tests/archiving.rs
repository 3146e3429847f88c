//! Finished attempts leave the store, and are read and retried as before.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::sync::Arc;

use himekuri_coordinator::{
    Archive, Archived, Archiver, AttemptState, AttemptSummary, CoordinatorConfig, KillRequest,
    Retention, RetryMode, RetryOf, RetryRequest, RetryRevision, SessionChoice, StartError,
    StartRequest, Started,
};
use himekuri_engine::Config;
use himekuri_protocol::AttemptId;
use himekuri_store::{Epoch, MemoryStore, NewAttempt, Store, StoreError};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use pool::{Pool, done, failed, stored};

const WORKFLOW: &str = "
_export: {x: none}
+a: {echo>: a}
+b: {echo>: 'b ${x}'}
";

async fn pool(store: Arc<MemoryStore>, folder: &TempDir) -> Pool {
    let archive = Some(Archive::open(folder.path().to_str().unwrap()).unwrap());
    Pool::with(store, CoordinatorConfig { archive, ..CoordinatorConfig::default() }).await
}

async fn start(pool: &Pool) -> Started {
    start_workflow(pool, "wf").await
}

async fn start_workflow(pool: &Pool, workflow: &str) -> Started {
    let day = date(2019, 9, 2);
    let request = StartRequest {
        project: "title".to_owned(),
        workflow: workflow.to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    pool.coordinator.start(&request).await.unwrap().remove(0)
}

/// An attempt of which `+a` stores `x` and `+b` fails.
async fn failed_attempt(pool: &mut Pool) -> AttemptId {
    pool.push(&[("wf.dig", WORKFLOW)]).await;
    start(pool).await;
    pool.work("a", stored(json!({"x": "of a"}))).await;
    pool.finish("b of a", failed()).await.attempt
}

fn archiver(pool: &Pool) -> Archiver {
    Archiver::new(pool.coordinator.clone(), Retention::default())
}

/// The time of day, so many days from now.
fn in_days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

fn resume() -> RetryRequest {
    RetryRequest {
        mode: RetryMode::Resume,
        revision: RetryRevision::Keep,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: None,
    }
}

async fn is_archived(pool: &Pool, attempt: AttemptId) -> bool {
    matches!(pool.store.log(attempt).await, Err(StoreError::Archived { .. }))
}

#[tokio::test]
async fn an_attempt_goes_to_the_archive_a_day_after_its_end_and_reads_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let attempt = failed_attempt(&mut pool).await;
    let (listed, tasks) = (
        pool.coordinator.attempts(10).await.unwrap(),
        pool.coordinator.tasks(attempt).await.unwrap(),
    );
    let mut archiver = archiver(&pool);

    let early = archiver.run_once(in_days(0)).await.unwrap();
    assert_eq!(early, Archived::default());
    assert!(!is_archived(&pool, attempt).await);
    let round = archiver.run_once(in_days(2)).await.unwrap();

    assert_eq!(round, Archived { logs: 1, ..Archived::default() });
    assert!(is_archived(&pool, attempt).await);
    assert_eq!(pool.coordinator.attempts(10).await.unwrap(), listed);
    assert_eq!(pool.coordinator.attempt(attempt).await.unwrap(), listed[0]);
    assert_eq!(pool.coordinator.tasks(attempt).await.unwrap(), tasks);
    assert_eq!(archiver.run_once(in_days(2)).await.unwrap(), Archived::default());
}

fn log_of(folder: &TempDir, attempt: AttemptId) -> std::path::PathBuf {
    folder.path().join(format!("logs/title/wf/2019-09-02/{attempt}-1.log"))
}

#[tokio::test]
async fn the_log_of_an_ended_attempt_is_a_text_that_a_person_finds() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    pool.push(&[("wf.dig", WORKFLOW)]).await;
    let attempt = start(&pool).await.attempt;
    let mut archiver = archiver(&pool);
    pool.work("a", stored(json!({"x": "of a"}))).await;
    archiver.run_once(in_days(0)).await.unwrap();
    assert!(!log_of(&folder, attempt).exists(), "it runs still");
    pool.finish("b of a", failed()).await;

    archiver.run_once(in_days(0)).await.unwrap();

    let text = std::fs::read_to_string(log_of(&folder, attempt)).unwrap();
    let lines = pool.coordinator.log_lines(attempt, 0).await.unwrap();
    let told: String = lines.iter().map(|line| line.sentence() + "\n").collect();
    assert_eq!(text, told);
    for words in ["+wf+a try 1 was sent", "+wf+b failed: ", "the attempt ended: error"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[tokio::test]
async fn a_log_that_was_not_written_before_a_crash_is_written_before_the_records_leave() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let attempt = failed_attempt(&mut pool).await;

    // The first look of this leader, and the attempt is due.
    archiver(&pool).run_once(in_days(2)).await.unwrap();

    assert!(is_archived(&pool, attempt).await);
    assert!(std::fs::read_to_string(log_of(&folder, attempt)).unwrap().contains("+wf+b failed"));
}

#[tokio::test]
async fn the_next_leader_leaves_a_log_as_it_is_and_writes_one_that_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let attempt = failed_attempt(&mut pool).await;
    let file = log_of(&folder, attempt);
    archiver(&pool).run_once(in_days(0)).await.unwrap();
    std::fs::write(&file, "as it was").unwrap();

    archiver(&pool).run_once(in_days(0)).await.unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "as it was");
    std::fs::remove_file(&file).unwrap();
    archiver(&pool).run_once(in_days(0)).await.unwrap();

    assert!(std::fs::read_to_string(&file).unwrap().contains("+wf+b failed"));
}

#[tokio::test]
async fn records_do_not_leave_while_their_log_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let attempt = failed_attempt(&mut pool).await;
    let mut archiver = archiver(&pool);
    std::fs::write(folder.path().join("logs"), "in the way").unwrap();

    assert!(archiver.run_once(in_days(2)).await.is_err());
    assert!(!is_archived(&pool, attempt).await);
    std::fs::remove_file(folder.path().join("logs")).unwrap();
    // The others first, of which there are none, and then this one.
    archiver.run_once(in_days(2)).await.unwrap();
    archiver.run_once(in_days(2)).await.unwrap();

    assert!(is_archived(&pool, attempt).await && log_of(&folder, attempt).exists());
}

#[tokio::test]
async fn what_runs_stays() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    pool.push(&[("wf.dig", WORKFLOW)]).await;
    let attempt = start(&pool).await.attempt;
    let task = pool.task().await;

    let round = archiver(&pool).run_once(in_days(1_000)).await.unwrap();

    assert_eq!(round, Archived::default());
    pool.report(&task, stored(json!({"x": 1}))).await;
    assert_eq!(pool.finish("b 1", done()).await.attempt, attempt);
}

#[tokio::test]
async fn an_archived_attempt_is_resumed_with_what_it_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let first = failed_attempt(&mut pool).await;
    archiver(&pool).run_once(in_days(2)).await.unwrap();

    let second = pool.coordinator.retry(first, &resume()).await.unwrap().attempt;

    // Nothing of `+a`, which succeeded, and what it stored.
    pool.work("b of a", done()).await;
    assert_eq!(pool.ended(second).await.state, AttemptState::Success);
}

#[tokio::test]
async fn a_retry_of_an_archived_attempt_that_was_not_begun_begins_under_the_next_leader() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = pool(Arc::default(), &folder).await;
    let first = failed_attempt(&mut before).await;
    archiver(&before).run_once(in_days(2)).await.unwrap();
    create_retry(&before, first).await;

    let mut next = pool(Arc::clone(&before.store), &folder).await;

    next.work("b of a", done()).await;
}

#[tokio::test]
async fn an_archive_that_does_not_answer_delays_nobody_but_the_retry_that_needs_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = pool(Arc::default(), &folder).await;
    let first = failed_attempt(&mut before).await;
    archiver(&before).run_once(in_days(2)).await.unwrap();
    create_retry(&before, first).await;
    let (objects, away) = (folder.path().join("attempts"), folder.path().join("away"));
    std::fs::rename(&objects, &away).unwrap();
    std::fs::write(&objects, "in the way").unwrap();

    let mut next = pool(Arc::clone(&before.store), &folder).await;
    next.push(&[("wf.dig", "+other: {echo>: other}")]).await;
    let request = RetryRequest {
        mode: RetryMode::All,
        revision: RetryRevision::Latest,
        attempt_name: Some("other".to_owned()),
        ..resume()
    };
    next.coordinator.retry(first, &request).await.unwrap();
    next.work("other", done()).await;

    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&away, &objects).unwrap();
    // As the audit does once a minute: somebody looks at it.
    let again = RetryRequest { attempt_name: Some("again".to_owned()), ..resume() };
    assert!(!next.coordinator.retry(first, &again).await.unwrap().created);
    next.work("b of a", done()).await;
}

/// Creates the retry `again`, which the leader does not live to begin.
async fn create_retry(before: &Pool, first: AttemptId) {
    let summary = AttemptSummary {
        attempt_name: "again".to_owned(),
        state: AttemptState::Running,
        ended_at: None,
        error: None,
        retry_of: Some(RetryOf { attempt: first, mode: RetryMode::Resume }),
        ..before.coordinator.attempt(first).await.unwrap()
    };
    before.stop.cancel();
    let created = NewAttempt {
        session_key: summary.session_key(),
        attempt_name: "again".to_owned(),
        summary: serde_json::to_string(&summary).unwrap(),
    };
    before.store.create_attempt(Epoch(1), &created).await.unwrap();
}

#[tokio::test]
async fn a_forgotten_attempt_is_in_no_list_but_still_the_one_of_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let attempt = failed_attempt(&mut pool).await;
    let summary = pool.coordinator.attempt(attempt).await.unwrap();
    let tasks = pool.coordinator.tasks(attempt).await.unwrap();
    let mut archiver = archiver(&pool);

    let round = archiver.run_once(in_days(399)).await.unwrap();
    assert_eq!(round, Archived { logs: 1, ..Archived::default() });
    let round = archiver.run_once(in_days(401)).await.unwrap();

    assert_eq!(round, Archived { summaries: 1, ..Archived::default() });
    assert_eq!(pool.coordinator.attempts(10).await.unwrap(), []);
    assert_eq!(pool.coordinator.attempt(attempt).await.unwrap(), summary);
    assert_eq!(pool.coordinator.tasks(attempt).await.unwrap(), tasks);
    let killed = pool.coordinator.kill(attempt, &KillRequest { by: None }).await.unwrap();
    assert_eq!((killed.killed, killed.state), (false, AttemptState::Error));
    let again = start(&pool).await;
    assert_eq!((again.attempt, again.number, again.created), (attempt, 1, false));
    let second = pool.coordinator.retry(attempt, &resume()).await.unwrap();
    assert_eq!((second.number, second.created), (2, true));
    pool.work("b of a", done()).await;
}

#[tokio::test]
async fn a_session_whose_attempt_is_forgotten_has_run_for_those_who_require_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut pool = pool(Arc::default(), &folder).await;
    let parent = "+r: {require>: child}\n+after: {echo>: after}\n";
    pool.push(&[("wf.dig", parent), ("child.dig", "+a: {echo>: a}")]).await;
    start_workflow(&pool, "child").await;
    pool.finish("a", done()).await;
    let mut archiver = archiver(&pool);
    archiver.run_once(in_days(401)).await.unwrap();
    assert_eq!(pool.coordinator.attempts(10).await.unwrap(), []);

    start(&pool).await;

    pool.work("after", done()).await;
}

#[tokio::test]
async fn a_coordinator_without_the_archive_says_where_an_attempt_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = pool(Arc::default(), &folder).await;
    let attempt = failed_attempt(&mut before).await;
    archiver(&before).run_once(in_days(2)).await.unwrap();
    before.stop.cancel();
    let elsewhere = tempfile::tempdir().unwrap();

    for next in [
        Pool::over(Arc::clone(&before.store)).await,
        pool(Arc::clone(&before.store), &elsewhere).await,
    ] {
        let refused = next.coordinator.tasks(attempt).await.unwrap_err();

        assert!(matches!(refused, StartError::NotInArchive { .. }), "{refused}");
        let place = format!("--archive {}", folder.path().display());
        assert!(refused.to_string().contains(&place), "{refused}");
        assert_eq!(next.coordinator.attempts(10).await.unwrap().len(), 1, "lists need no archive");
    }
}

#[tokio::test]
async fn without_an_archive_nothing_is_removed() {
    let mut pool = Pool::over(Arc::default()).await;
    let attempt = failed_attempt(&mut pool).await;

    let round = archiver(&pool).run_once(in_days(1_000)).await.unwrap();

    assert_eq!(round, Archived::default());
    assert!(!pool.store.log(attempt).await.unwrap().is_empty());
    assert_eq!(pool.coordinator.attempts(10).await.unwrap().len(), 1);
    // And its service ends at once.
    archiver(&pool).run(pool.stop.clone()).await;
}
