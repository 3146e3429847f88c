//! Schedules start their sessions: each once, whatever happens to the coordinator in between.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use himekuri_broker::MemoryBroker;
use himekuri_coordinator::{Coordinator, CoordinatorConfig, ProjectRecord, Scheduler};
use himekuri_store::{MemoryStore, RecordKind, Store};
use himekuri_workflow::ProjectFiles;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

const DAILY: &str = "timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n+a:\n  echo>: x\n";

/// A leading coordinator over a store that outlives it.
struct Pool {
    store: Arc<MemoryStore>,
    coordinator: Coordinator,
    scheduler: Scheduler,
    stop: CancellationToken,
}

impl Pool {
    async fn start() -> Self {
        Self::over(Arc::new(MemoryStore::new())).await
    }

    async fn over(store: Arc<MemoryStore>) -> Self {
        let stop = CancellationToken::new();
        let broker = Arc::new(MemoryBroker::default());
        // The same name: a restart need not wait for the lease of its own past.
        let config =
            CoordinatorConfig { name: "leader".to_owned(), ..CoordinatorConfig::default() };
        let shared: Arc<dyn Store> = store.clone();
        let launched = Coordinator::launch(config, shared, broker, None, stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let scheduler = Scheduler::new(coordinator.clone());
        Self { store, coordinator, scheduler, stop }
    }

    async fn push(&self, workflow: &str) -> ProjectRecord {
        let files = ProjectFiles::from_iter([("wf.dig", workflow)]);
        let archive = himekuri_project::pack(&files).unwrap();
        self.coordinator.push("title", &archive, Some("gcp".to_owned())).await.unwrap()
    }

    /// Sessions of all attempts, oldest first.
    async fn sessions(&self) -> Vec<Timestamp> {
        let mut attempts = self.coordinator.attempts(1_000).await.unwrap();
        attempts.reverse();
        attempts.into_iter().map(|attempt| attempt.session_time).collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn days(n: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * n)
}

fn hours(n: i64) -> SignedDuration {
    SignedDuration::from_hours(n)
}

#[tokio::test]
async fn a_due_session_starts_once() {
    let mut pool = Pool::start().await;
    let pushed = pool.push(DAILY).await.pushed_at;

    assert_eq!(pool.scheduler.run_once(pushed).await.unwrap(), 0);
    assert_eq!(pool.scheduler.run_once(pushed + days(3)).await.unwrap(), 3);
    assert_eq!(pool.scheduler.run_once(pushed + days(3)).await.unwrap(), 0);

    let sessions = pool.sessions().await;
    assert_eq!(sessions.len(), 3);
    assert_eq!(sessions[1].duration_since(sessions[0]), days(1));
    let tokyo = sessions[0].to_string();
    assert!(tokyo.ends_with("T15:00:00Z"), "midnight in Tokyo, not {tokyo}");
}

#[tokio::test]
async fn a_new_leader_goes_on_where_the_old_one_stopped() {
    let mut pool = Pool::start().await;
    let pushed = pool.push(DAILY).await.pushed_at;
    pool.scheduler.run_once(pushed + days(2)).await.unwrap();

    let mut next = Pool::over(Arc::clone(&pool.store)).await;

    assert_eq!(next.scheduler.run_once(pushed + days(4)).await.unwrap(), 2);
    assert_eq!(next.sessions().await.len(), 4);
    // The deposed one can neither start nor remember anything.
    assert!(pool.scheduler.run_once(pushed + days(5)).await.is_err());
    assert_eq!(next.scheduler.run_once(pushed + days(5)).await.unwrap(), 1);
}

#[tokio::test]
async fn a_crash_before_the_start_is_remembered_starts_nothing_twice() {
    let mut pool = Pool::start().await;
    let pushed = pool.push(DAILY).await.pushed_at;
    pool.scheduler.run_once(pushed).await.unwrap();
    let before = pool.store.records(RecordKind::Schedule).await.unwrap();
    pool.scheduler.run_once(pushed + days(3)).await.unwrap();

    // As if the last write had never come: the next leader finds the record of before.
    let mut next = Pool::over(Arc::clone(&pool.store)).await;
    let epoch = himekuri_store::Epoch(u64::MAX);
    for (key, record) in &before {
        pool.store.put_record(epoch, RecordKind::Schedule, key, Some(record)).await.unwrap();
    }

    assert_eq!(next.scheduler.run_once(pushed + days(3)).await.unwrap(), 3);
    assert_eq!(next.sessions().await.len(), 3);
}

#[tokio::test]
async fn catch_up_says_what_becomes_of_missed_sessions() {
    for (policy, expected) in [("all", 5), ("latest", 1), ("none", 0), ("30h", 2)] {
        let mut pool = Pool::start().await;
        let schedule = format!("schedule:\n  daily>: 00:00:00\n  catch_up: {policy}\n");
        let pushed = pool.push(&format!("{schedule}+a:\n  echo>: x\n")).await.pushed_at;
        pool.scheduler.run_once(pushed).await.unwrap();
        let midnight = next_midnight(pushed);

        // Five midnights have passed, the last one an hour ago.
        let started = pool.scheduler.run_once(midnight + days(4) + hours(1)).await.unwrap();

        assert_eq!(started, expected, "{policy}");
        // What was left out does not come later.
        let again = pool.scheduler.run_once(midnight + days(4) + hours(2)).await.unwrap();
        assert_eq!(again, 0, "{policy}");
        assert_eq!(pool.scheduler.run_once(midnight + days(5)).await.unwrap(), 1, "{policy}");
    }
}

#[tokio::test]
async fn skip_on_overtime_leaves_out_what_is_due_while_an_attempt_runs() {
    let mut pool = Pool::start().await;
    let workflow = "schedule:\n  hourly>: '00:00'\n  skip_on_overtime: true\n+a:\n  echo>: x\n";
    let pushed = pool.push(workflow).await.pushed_at;
    pool.scheduler.run_once(pushed).await.unwrap();

    // No worker takes the task, so the first attempt runs on.
    assert_eq!(pool.scheduler.run_once(pushed + hours(1)).await.unwrap(), 1);
    assert_eq!(pool.scheduler.run_once(pushed + hours(2)).await.unwrap(), 0);

    assert_eq!(pool.sessions().await.len(), 1);
}

#[tokio::test]
async fn a_changed_schedule_goes_on_after_the_last_session() {
    let mut pool = Pool::start().await;
    let pushed = pool.push(DAILY).await.pushed_at;
    pool.scheduler.run_once(pushed + days(1)).await.unwrap();
    let first = pool.sessions().await;

    pool.push(&DAILY.replace("07:00:00", "08:00:00")).await;
    pool.scheduler.run_once(pushed + days(3) + hours(1)).await.unwrap();

    let sessions = pool.sessions().await;
    assert_eq!(sessions[0], first[0]);
    assert!(sessions[1..].iter().all(|session| *session > first[0]), "{sessions:?}");
    assert!(sessions.len() >= 3, "{sessions:?}");
}

#[tokio::test]
async fn a_schedule_that_is_gone_is_forgotten() {
    let mut pool = Pool::start().await;
    let pushed = pool.push(DAILY).await.pushed_at;
    pool.scheduler.run_once(pushed).await.unwrap();
    assert_eq!(pool.store.records(RecordKind::Schedule).await.unwrap().len(), 1);

    pool.push("+a:\n  echo>: x\n").await;

    assert_eq!(pool.scheduler.run_once(pushed + days(9)).await.unwrap(), 0);
    assert_eq!(pool.store.records(RecordKind::Schedule).await.unwrap(), []);
}

#[tokio::test]
async fn a_session_knows_which_one_its_schedule_started_before() {
    let mut pool = Pool::start().await;
    let pushed = pool.push(DAILY).await.pushed_at;

    pool.scheduler.run_once(pushed + days(2)).await.unwrap();

    let attempts = pool.coordinator.attempts(10).await.unwrap();
    let known: Vec<_> =
        attempts.iter().rev().map(|attempt| attempt.last_executed_session_time).collect();
    assert_eq!(known, [None, Some(attempts[1].session_time)]);
}

#[tokio::test]
async fn a_project_that_cannot_be_read_does_not_keep_the_others_from_running() {
    let mut pool = Pool::start().await;
    let good = pool.push(DAILY).await;
    let lost = ProjectRecord {
        name: "a_lost_title".to_owned(),
        revision: "gone".to_owned(),
        ..good.clone()
    };
    let json = serde_json::to_string(&lost).unwrap();
    pool.store.put_project(&lost.name, &json).await.unwrap();

    assert_eq!(pool.scheduler.run_once(good.pushed_at + days(1)).await.unwrap(), 1);
}

fn next_midnight(after: Timestamp) -> Timestamp {
    let day = SignedDuration::from_hours(24).as_secs();
    Timestamp::from_second((after.as_second() / day + 1) * day).unwrap()
}
