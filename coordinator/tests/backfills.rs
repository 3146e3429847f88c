//! `backfill`: a range of sessions runs a few at a time, each once, whatever happens to the coordinator in between.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::sync::Arc;

use himekuri_coordinator::{
    AttemptState, BackfillAction, BackfillOrder, BackfillRequest, BackfillState, Backfiller,
    RetryMode, RetryRequest, RetryRevision, SessionChoice, StartRequest, StartedBy,
};
use himekuri_engine::Config;
use himekuri_protocol::{
    AttemptId, JobReference, JobStatistics, Outcome, StoreParams, TaskMessage, Work,
};
use himekuri_store::{Epoch, RecordKind, Store};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::json;

use pool::{Pool, done, failed};

const WORKFLOW: &str =
    "schedule: {daily>: '07:00:00'}\nsla: {duration: '01:00'}\n+a: {echo>: '${session_date}'}\n";

async fn pool(workflow: &str) -> (Pool, Backfiller) {
    let pool = Pool::over(Arc::default()).await;
    pool.push(&[("wf.dig", workflow)]).await;
    let backfiller = Backfiller::new(pool.coordinator.clone());
    (pool, backfiller)
}

/// From 1 to 5 September 2019.
fn five_days() -> BackfillRequest {
    BackfillRequest {
        project: "title".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: date(2019, 9, 1), to: date(2019, 9, 5) },
        order: BackfillOrder::OldestFirst,
        concurrency: 1,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: None,
        dry_run: false,
        revision: None,
    }
}

async fn look(backfiller: &mut Backfiller) -> usize {
    backfiller.run_once(Timestamp::UNIX_EPOCH).await.unwrap()
}

fn date_of(task: &TaskMessage) -> String {
    let Work::Echo { message } = &task.work else { panic!("{task:?} is no echo") };
    message.clone()
}

/// Ends the task that runs, and its attempt.
async fn end(pool: &mut Pool, outcome: Outcome) -> String {
    let task = pool.task().await;
    pool.report(&task, outcome).await;
    pool.ended(task.attempt).await;
    date_of(&task)
}

#[tokio::test]
async fn with_one_at_once_the_next_session_begins_when_the_one_before_has_ended_however() {
    let (mut pool, mut backfiller) = pool(WORKFLOW).await;
    let plan = pool.coordinator.backfill(&five_days()).await.unwrap();
    assert_eq!((plan.backfill.id, plan.sessions.len()), (1, 5));
    assert_eq!(pool.coordinator.attempts(10).await.unwrap(), [], "nothing is made in advance");

    let mut dates = Vec::new();
    for outcome in [done(), failed(), done(), done(), done()] {
        assert_eq!(look(&mut backfiller).await, 1);
        assert_eq!(look(&mut backfiller).await, 0);
        dates.push(end(&mut pool, outcome).await);
    }
    assert_eq!(look(&mut backfiller).await, 0);

    assert_eq!(dates, ["2019-09-01", "2019-09-02", "2019-09-03", "2019-09-04", "2019-09-05"]);
    let backfill = pool.coordinator.backfills().await.unwrap().remove(0);
    assert_eq!(backfill.state, BackfillState::Done);
    assert_eq!((backfill.succeeded, backfill.failed), (4, 1));
}

/// A job that was billed this much.
fn billed(task: &TaskMessage, bytes: u64) -> Outcome {
    let job = JobReference {
        project: Some("gcp".to_owned()),
        location: None,
        job_id: task.task.to_string(),
    };
    let job = JobStatistics {
        job,
        total_bytes_processed: Some(bytes),
        total_bytes_billed: Some(bytes),
        rows: None,
        total_slot_ms: None,
        duration_ms: None,
        cache_hit: None,
    };
    Outcome::Succeeded { store_params: StoreParams::new(), job: Some(job) }
}

#[tokio::test]
async fn it_counts_the_bytes_of_sessions_that_have_ended_however() {
    let workflow = "+a: {echo>: a}\n+b: {echo>: b}\n";
    let (mut pool, mut backfiller) = pool(workflow).await;
    pool.coordinator.backfill(&five_days()).await.unwrap();

    look(&mut backfiller).await;
    for bytes in [10, 20] {
        let task = pool.task().await;
        pool.report(&task, billed(&task, bytes)).await;
    }
    pool.ended(AttemptId(1)).await;
    look(&mut backfiller).await;
    let task = pool.task().await;
    pool.report(&task, billed(&task, 5)).await;
    let task = pool.task().await;
    let running = pool.coordinator.backfills().await.unwrap().remove(0);
    pool.report(&task, failed()).await;
    pool.ended(task.attempt).await;
    look(&mut backfiller).await;

    assert_eq!(running.bytes_billed, 30, "what runs counts when it has ended");
    let backfill = pool.coordinator.backfills().await.unwrap().remove(0);
    assert_eq!(backfill.bytes_billed, 35);
    let attempt = pool.coordinator.attempt(AttemptId(2)).await.unwrap();
    assert_eq!(attempt.bytes_billed, Some(5));
}

#[tokio::test]
async fn its_attempts_are_told_from_others_and_have_no_sla() {
    let (pool, mut backfiller) = pool(WORKFLOW).await;
    let request = BackfillRequest {
        concurrency: 2,
        params: Config::from_iter([("p".to_owned(), json!("1"))]),
        overrides: Config::from_iter([("o".to_owned(), json!("2"))]),
        attempt_name: Some("september".to_owned()),
        ..five_days()
    };
    pool.coordinator.backfill(&request).await.unwrap();
    look(&mut backfiller).await;

    let attempts = pool.coordinator.attempts(10).await.unwrap();
    assert_eq!(attempts.len(), 2);
    for attempt in &attempts {
        assert_eq!(attempt.started_by, StartedBy::Backfill);
        assert_eq!(attempt.attempt_name, "september");
        assert_eq!((&attempt.params, &attempt.overrides), (&request.params, &request.overrides));
    }
    let before = attempts[1].session_time;
    assert_eq!(attempts[0].last_executed_session_time, Some(before));
    assert_eq!(attempts[1].last_executed_session_time, None);
    let log = loop {
        let log = pool.store.log(attempts[0].attempt).await.unwrap();
        if !log.is_empty() {
            break log;
        }
        tokio::task::yield_now().await;
    };
    assert!(!log[0].contains("\"sla\""), "{}", log[0]);
}

#[tokio::test]
async fn several_run_at_once_and_the_newest_may_come_first() {
    let (mut pool, mut backfiller) = pool(WORKFLOW).await;
    let request =
        BackfillRequest { concurrency: 3, order: BackfillOrder::NewestFirst, ..five_days() };
    pool.coordinator.backfill(&request).await.unwrap();

    assert_eq!(look(&mut backfiller).await, 3);
    let mut first = Vec::new();
    for _ in 0..3 {
        first.push(pool.task().await);
    }
    let dates: Vec<_> = first.iter().map(date_of).collect();
    assert_eq!(dates, ["2019-09-05", "2019-09-04", "2019-09-03"]);
    pool.report(&first[1], done()).await;
    pool.ended(first[1].attempt).await;

    assert_eq!(look(&mut backfiller).await, 1);
    assert_eq!(date_of(&pool.task().await), "2019-09-02");
}

#[tokio::test]
async fn a_paused_one_starts_nothing_until_it_is_resumed() {
    let (mut pool, mut backfiller) = pool(WORKFLOW).await;
    let id = pool.coordinator.backfill(&five_days()).await.unwrap().backfill.id;
    look(&mut backfiller).await;

    pool.coordinator.change_backfill(id, BackfillAction::Pause).await.unwrap();
    end(&mut pool, done()).await;
    assert_eq!(look(&mut backfiller).await, 0);
    let paused = pool.coordinator.backfills().await.unwrap().remove(0);
    assert_eq!((paused.state, paused.succeeded), (BackfillState::Paused, 1));

    pool.coordinator.change_backfill(id, BackfillAction::Resume).await.unwrap();
    assert_eq!(look(&mut backfiller).await, 1);
}

#[tokio::test]
async fn a_killed_one_kills_what_runs_never_starts_the_rest_and_cannot_be_resumed() {
    let (mut pool, mut backfiller) = pool(WORKFLOW).await;
    let id = pool.coordinator.backfill(&five_days()).await.unwrap().backfill.id;
    look(&mut backfiller).await;
    // It is out by then: one that is killed before never is.
    let task = pool.task().await;

    pool.coordinator.change_backfill(id, BackfillAction::Kill).await.unwrap();
    pool.report(&task, done()).await;
    pool.ended(task.attempt).await;

    assert_eq!(look(&mut backfiller).await, 0);
    let killed = pool.coordinator.backfills().await.unwrap().remove(0);
    assert_eq!((killed.state, killed.started, killed.failed), (BackfillState::Killed, 1, 1));
    let attempt = pool.coordinator.attempts(1).await.unwrap().remove(0);
    assert_eq!(attempt.state, AttemptState::Canceled);
    let refused = pool.coordinator.change_backfill(id, BackfillAction::Resume).await.unwrap_err();
    assert_eq!(refused.to_string(), "backfill 1 is over; begin another with `himekuri backfill`");
    let unknown = pool.coordinator.change_backfill(9, BackfillAction::Pause).await.unwrap_err();
    assert!(unknown.to_string().starts_with("there is no backfill 9"), "{unknown}");
}

#[tokio::test]
async fn a_name_that_any_of_its_sessions_has_is_refused_in_advance_and_nothing_starts() {
    let (pool, mut backfiller) = pool(WORKFLOW).await;
    let fourth = date(2019, 9, 4);
    let start = StartRequest {
        project: "title".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: fourth, to: fourth },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: "again".to_owned(),
        revision: None,
    };
    pool.coordinator.start(&start).await.unwrap();

    let request = BackfillRequest { attempt_name: Some("again".to_owned()), ..five_days() };
    let refused = pool.coordinator.backfill(&request).await.unwrap_err();

    assert!(refused.to_string().starts_with("session 2019-09-04T00:00:00+00:00 has"), "{refused}");
    assert_eq!(look(&mut backfiller).await, 0);
    assert_eq!(pool.coordinator.attempts(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_backfills_of_a_workflow_do_not_share_a_name() {
    let (pool, _) = pool(WORKFLOW).await;
    let request = BackfillRequest { attempt_name: Some("again".to_owned()), ..five_days() };
    pool.coordinator.backfill(&request).await.unwrap();

    let refused = pool.coordinator.backfill(&request).await.unwrap_err();

    assert!(refused.to_string().contains("backfill 1 of the workflow is called `again`"));
}

#[tokio::test]
async fn a_dry_run_says_the_sessions_and_begins_nothing() {
    let (pool, mut backfiller) = pool(WORKFLOW).await;
    let order = BackfillOrder::NewestFirst;

    let request = BackfillRequest { dry_run: true, order, ..five_days() };
    let plan = pool.coordinator.backfill(&request).await.unwrap();

    assert_eq!(plan.sessions[0], "2019-09-05T00:00:00+00:00");
    assert_eq!(look(&mut backfiller).await, 0);
    assert_eq!(pool.coordinator.backfills().await.unwrap(), []);
}

#[tokio::test]
async fn nothing_begins_with_other_files_than_those_that_were_looked_at() {
    let (pool, mut backfiller) = pool(WORKFLOW).await;
    let looked_at = pool.coordinator.project("title").await.unwrap().revision;
    let request = BackfillRequest { revision: Some(looked_at), ..five_days() };
    pool.push(&[("wf.dig", "+a: {echo>: pushed meanwhile}\n")]).await;

    let refused = pool.coordinator.backfill(&request).await.unwrap_err();

    assert!(refused.to_string().contains("somebody pushed it meanwhile"), "{refused}");
    assert_eq!(look(&mut backfiller).await, 0);
}

#[tokio::test]
async fn it_keeps_the_files_of_its_start() {
    let (mut pool, mut backfiller) = pool(WORKFLOW).await;
    pool.coordinator.backfill(&five_days()).await.unwrap();

    pool.push(&[("wf.dig", "+a: {echo>: pushed later}\n")]).await;
    look(&mut backfiller).await;

    assert_eq!(date_of(&pool.task().await), "2019-09-01");
}

#[tokio::test]
async fn a_new_leader_goes_on_and_starts_nothing_twice() {
    let (mut pool, mut backfiller) = pool(WORKFLOW).await;
    let request = BackfillRequest { concurrency: 2, ..five_days() };
    pool.coordinator.backfill(&request).await.unwrap();
    let before = pool.store.records(RecordKind::Backfill).await.unwrap();
    look(&mut backfiller).await;

    // As if the last write had never come: the next leader finds the record of before.
    let store = Arc::clone(&pool.store);
    pool.stop.cancel();
    let epoch = Epoch(u64::MAX);
    for (key, record) in &before {
        store.put_record(epoch, RecordKind::Backfill, key, Some(record)).await.unwrap();
    }
    pool = Pool::over(store).await;
    backfiller = Backfiller::new(pool.coordinator.clone());

    look(&mut backfiller).await;
    assert_eq!(pool.coordinator.attempts(10).await.unwrap().len(), 2);
    let backfill = pool.coordinator.backfills().await.unwrap().remove(0);
    assert_eq!((backfill.started, backfill.running.len()), (2, 2));
}

#[tokio::test]
async fn a_session_that_depends_on_the_one_before_waits_for_its_success_even_by_a_retry() {
    let workflow = WORKFLOW.replace("'07:00:00'}", "'07:00:00', depends_on_previous: true}");
    let (mut pool, mut backfiller) = pool(&workflow).await;
    let request = BackfillRequest { concurrency: 3, ..five_days() };
    pool.coordinator.backfill(&request).await.unwrap();
    assert_eq!(look(&mut backfiller).await, 1);
    let task = pool.task().await;
    pool.report(&task, failed()).await;
    pool.ended(task.attempt).await;

    assert_eq!(look(&mut backfiller).await, 0);
    let waiting = pool.coordinator.backfills().await.unwrap().remove(0);
    assert_eq!(waiting.waits_for.map(|waits_for| waits_for.attempt), Some(task.attempt));

    let retry = RetryRequest {
        mode: RetryMode::All,
        revision: RetryRevision::Keep,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: None,
    };
    let retried = pool.coordinator.retry(task.attempt, &retry).await.unwrap();
    assert_eq!(look(&mut backfiller).await, 0, "while the retry runs");
    assert_eq!(end(&mut pool, done()).await, "2019-09-01");
    let summary = pool.coordinator.attempt(retried.attempt).await.unwrap();
    assert_eq!((summary.state, summary.started_by), (AttemptState::Success, StartedBy::Backfill));
    assert_eq!(look(&mut backfiller).await, 1);
    assert_eq!(date_of(&pool.task().await), "2019-09-02");
}
