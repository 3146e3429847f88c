//! `retry`: the session of an ended attempt runs again, whole or from where it stopped.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::error::Error as _;
use std::sync::Arc;

use himekuri_coordinator::{
    AttemptState, AttemptSummary, RetryMode, RetryOf, RetryRequest, RetryRevision, SessionChoice,
    StartError, StartRequest, StartedBy,
};
use himekuri_engine::Config;
use himekuri_protocol::{AttemptId, TaskMessage, Work};
use himekuri_store::{Epoch, NewAttempt, Store};
use jiff::civil::date;
use serde_json::json;

use pool::{Pool, done, failed, stored};

const WORKFLOW: &str = "
_export: {x: none}
+a: {echo>: a}
+b: {echo>: 'b ${x} ${p}'}
+c: {bq>: c.sql, destination_table: d.t}
";

async fn start() -> Pool {
    let pool = Pool::over(Arc::default()).await;
    push(&pool, WORKFLOW).await;
    pool
}

async fn push(pool: &Pool, workflow: &str) -> String {
    pool.push(&[("wf.dig", workflow), ("c.sql", "SELECT 1")]).await.revision
}

/// An attempt with `p` set to `1`, of which `+a` stores `x` and `+b` fails.
async fn failed_attempt(pool: &mut Pool) -> AttemptId {
    let day = date(2019, 9, 2);
    let request = StartRequest {
        project: "title".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::from_iter([("p".to_owned(), json!(1))]),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    pool.coordinator.start(&request).await.unwrap();
    pool.work("a", stored(json!({"x": "of a"}))).await;
    pool.finish("b of a 1", failed()).await.attempt
}

async fn retry(
    pool: &Pool,
    attempt: AttemptId,
    request: RetryRequest,
) -> Result<AttemptId, String> {
    let started = pool.coordinator.retry(attempt, &request).await;
    started.map(|started| started.attempt).map_err(|error| error.to_string())
}

fn request(mode: RetryMode) -> RetryRequest {
    RetryRequest {
        mode,
        revision: RetryRevision::Keep,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: None,
    }
}

#[tokio::test]
async fn a_resumed_attempt_runs_what_failed_with_what_the_earlier_one_stored() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;

    let second = retry(&pool, first, request(RetryMode::Resume)).await.unwrap();
    pool.work("b of a 1", done()).await;
    let last = pool.task().await;
    pool.report(&last, done()).await;

    let ended = pool.ended(second).await;
    assert_eq!(ended.state, AttemptState::Success);
    assert_eq!(ended.retry_of, Some(RetryOf { attempt: first, mode: RetryMode::Resume }));
    let tasks = pool.coordinator.tasks(second).await.unwrap();
    let resumed: Vec<_> = tasks.iter().filter(|task| task.resumed).map(|task| &task.name).collect();
    assert_eq!(resumed, ["+wf+a"]);
}

#[tokio::test]
async fn the_session_keeps_its_times_and_parameters_and_new_ones_beat_the_old() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let before = pool.coordinator.attempt(first).await.unwrap();

    let params = Config::from_iter([("p".to_owned(), json!(2))]);
    let overrides = Config::from_iter([("x".to_owned(), json!("given"))]);
    let request = RetryRequest {
        params,
        overrides,
        attempt_name: Some("again".to_owned()),
        ..request(RetryMode::Resume)
    };
    let second = retry(&pool, first, request).await.unwrap();

    pool.work("b given 2", failed()).await;
    let after = pool.ended(second).await;
    assert_eq!(after.attempt_name, "again");
    assert_eq!((after.session_time, after.now), (before.session_time, before.now));
    assert_eq!(after.revision, before.revision);
    assert_eq!(after.started_by, StartedBy::Request);
}

#[tokio::test]
async fn all_of_it_runs_again_with_the_files_that_were_pushed_last() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let latest = push(&pool, &WORKFLOW.replace("echo>: a}", "echo>: new a}")).await;

    let request = RetryRequest { revision: RetryRevision::Latest, ..request(RetryMode::All) };
    let second = retry(&pool, first, request).await.unwrap();

    pool.work("new a", failed()).await;
    assert_eq!(pool.ended(second).await.revision, latest);
}

#[tokio::test]
async fn a_task_whose_file_was_pushed_anew_runs_again_when_it_is_resumed() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    push(&pool, &WORKFLOW.replace("echo>: a}", "echo>: new a}")).await;

    let request = RetryRequest { revision: RetryRevision::Latest, ..request(RetryMode::Resume) };
    let second = retry(&pool, first, request).await.unwrap();

    let task = pool.work("new a", done()).await;
    assert_eq!(task.attempt, second);
}

#[tokio::test]
async fn an_older_revision_is_named_by_its_hash() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let revision = pool.coordinator.attempt(first).await.unwrap().revision;
    push(&pool, &WORKFLOW.replace("echo>: a}", "echo>: new a}")).await;

    let old = RetryRevision::Revision(revision);
    let chosen = RetryRequest { revision: old, ..request(RetryMode::All) };
    retry(&pool, first, chosen).await.unwrap();
    pool.work("a", failed()).await;

    let unknown = RetryRevision::Revision("nope".to_owned());
    let unknown = RetryRequest { revision: unknown, ..request(RetryMode::All) };
    assert_eq!(retry(&pool, first, unknown).await, Err("there is no revision `nope`".to_owned()));
}

#[tokio::test]
async fn a_job_of_a_retry_has_an_id_that_no_earlier_attempt_had() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let second = retry(&pool, first, request(RetryMode::Resume)).await.unwrap();
    pool.work("b of a 1", done()).await;
    let job = pool.task().await;
    pool.report(&job, failed()).await;
    pool.ended(second).await;

    let third = retry(&pool, second, request(RetryMode::Resume)).await.unwrap();

    let again = pool.task().await;
    let id = |task: &TaskMessage| {
        let Work::Bq(job) = &task.work else { panic!("{task:?} is no query") };
        job.job.job_id.clone()
    };
    assert_eq!((again.attempt, &again.task_name), (third, &job.task_name));
    assert_ne!(id(&again), id(&job));
}

#[tokio::test]
async fn a_running_attempt_is_not_retried() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let second = retry(&pool, first, request(RetryMode::All)).await.unwrap();

    for mode in [RetryMode::All, RetryMode::Resume] {
        let refused = retry(&pool, second, request(mode)).await.unwrap_err();
        assert!(refused.contains(&format!("himekuri kill {second}")), "{refused}");
    }
}

#[tokio::test]
async fn an_attempt_that_nobody_knows_is_not_retried() {
    let pool = start().await;

    let error = pool.coordinator.retry(AttemptId(99), &request(RetryMode::All)).await.unwrap_err();

    assert!(matches!(error, StartError::Store(_)), "{error}");
    assert!(error.source().unwrap().to_string().contains("99"), "{error:?}");
}

#[tokio::test]
async fn a_name_that_the_session_has_already_gives_its_attempt() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let named = RetryRequest { attempt_name: Some("n".to_owned()), ..request(RetryMode::All) };

    let once = pool.coordinator.retry(first, &named).await.unwrap();
    let twice = pool.coordinator.retry(first, &named).await.unwrap();

    assert_eq!((once.attempt, once.created, twice.created), (twice.attempt, true, false));
}

#[tokio::test]
async fn a_retry_that_was_created_and_not_begun_begins_under_the_next_leader() {
    let mut pool = start().await;
    let first = failed_attempt(&mut pool).await;
    let summary = pool.coordinator.attempt(first).await.unwrap();
    pool.stop.cancel();
    let summary = AttemptSummary {
        attempt_name: "again".to_owned(),
        state: AttemptState::Running,
        ended_at: None,
        error: None,
        retry_of: Some(RetryOf { attempt: first, mode: RetryMode::Resume }),
        ..summary
    };
    let created = NewAttempt {
        session_key: summary.session_key(),
        attempt_name: "again".to_owned(),
        summary: serde_json::to_string(&summary).unwrap(),
    };
    pool.store.create_attempt(Epoch(1), &created).await.unwrap();

    let mut next = Pool::over(Arc::clone(&pool.store)).await;

    // Nothing of `+a`, which succeeded.
    next.work("b of a 1", done()).await;
}
