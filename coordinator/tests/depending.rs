//! `depends_on_previous`: a scheduled session waits until the one before it has succeeded.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::sync::Arc;

use himekuri_coordinator::{RetryMode, RetryRequest, RetryRevision, Scheduler};
use himekuri_engine::Config;
use himekuri_protocol::AttemptId;
use jiff::{SignedDuration, Timestamp};

use pool::{Pool, done, failed};

const WORKFLOW: &str = "schedule: {hourly>: '00:00', depends_on_previous: true}\n+a: {echo>: x}\n";

/// A pool whose schedule was looked at when it was pushed, and the run times after that.
async fn pool() -> (Pool, Scheduler, impl Fn(i64) -> Timestamp) {
    let pool = Pool::over(Arc::default()).await;
    let pushed = pool.push(&[("wf.dig", WORKFLOW)]).await.pushed_at;
    let mut scheduler = Scheduler::new(pool.coordinator.clone());
    scheduler.run_once(pushed).await.unwrap();
    let hour = SignedDuration::from_hours(1).as_secs();
    let hour_of =
        move |n: i64| Timestamp::from_second((pushed.as_second() / hour + n) * hour).unwrap();
    (pool, scheduler, hour_of)
}

async fn waits_for(pool: &Pool) -> Option<AttemptId> {
    let schedule = pool.coordinator.schedule_views().await.unwrap().remove(0);
    assert_eq!(schedule.schedule, "title/wf");
    schedule.waits_for.map(|waits_for| waits_for.attempt)
}

#[tokio::test]
async fn the_first_session_waits_for_nothing_and_the_next_for_its_success() {
    let (mut pool, mut scheduler, hour) = pool().await;

    assert_eq!(scheduler.run_once(hour(1)).await.unwrap(), 1);
    assert_eq!(scheduler.run_once(hour(2)).await.unwrap(), 0, "the first still runs");
    assert_eq!(waits_for(&pool).await, Some(AttemptId(1)));
    pool.finish("x", done()).await;

    assert_eq!(scheduler.run_once(hour(2)).await.unwrap(), 1);
    assert_eq!(waits_for(&pool).await, None);
}

#[tokio::test]
async fn missed_sessions_run_one_after_another() {
    let (mut pool, mut scheduler, hour) = pool().await;

    for _ in 0..3 {
        assert_eq!(scheduler.run_once(hour(3)).await.unwrap(), 1);
        assert_eq!(scheduler.run_once(hour(3)).await.unwrap(), 0);
        pool.finish("x", done()).await;
    }

    assert_eq!(scheduler.run_once(hour(3)).await.unwrap(), 0);
    assert_eq!(waits_for(&pool).await, None);
}

#[tokio::test]
async fn after_a_failure_all_wait_until_it_was_retried_with_success_whoever_leads() {
    let (mut pool, mut scheduler, hour) = pool().await;
    scheduler.run_once(hour(1)).await.unwrap();
    let first = pool.finish("x", failed()).await.attempt;
    assert_eq!(scheduler.run_once(hour(2)).await.unwrap(), 0);

    let store = Arc::clone(&pool.store);
    pool.stop.cancel();
    pool = Pool::over(store).await;
    scheduler = Scheduler::new(pool.coordinator.clone());
    assert_eq!(scheduler.run_once(hour(2)).await.unwrap(), 0);
    assert_eq!(waits_for(&pool).await, Some(first));

    let retry = RetryRequest {
        mode: RetryMode::Resume,
        revision: RetryRevision::Keep,
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: None,
    };
    let second = pool.coordinator.retry(first, &retry).await.unwrap().attempt;
    assert_eq!(scheduler.run_once(hour(2)).await.unwrap(), 0, "while the retry runs");
    assert_eq!(waits_for(&pool).await, Some(second), "the newest attempt counts");
    pool.finish("x", done()).await;
    assert_eq!(scheduler.run_once(hour(2)).await.unwrap(), 1);
}
