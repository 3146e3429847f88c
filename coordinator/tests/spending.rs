//! A title that was billed what it may sends no job; the next leader knows it too.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pool;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use himekuri_coordinator::{CoordinatorConfig, SessionChoice, SpendingLimits, StartRequest};
use himekuri_cost::Bytes;
use himekuri_engine::Config;
use himekuri_protocol::{JobReference, JobStatistics, Outcome, StoreParams, TaskMessage, Work};
use himekuri_store::{MemoryStore, RecordKind, Store};
use jiff::civil::date;
use pool::Pool;

/// The second job is ready before the text.
const WORKFLOW: &str = "timezone: UTC
+first:
  bq>: q.sql
  destination_table: summary.first$20190901
+then:
  _parallel: true
  +job:
    bq>: q.sql
    destination_table: summary.second$20190901
  +text:
    echo>: text
";

/// The same without the first job.
const OTHER: &str = "timezone: UTC
_parallel: true
+job:
  bq>: q.sql
  destination_table: summary.third$20190901
+text:
  echo>: other
";

async fn pool(store: &Arc<MemoryStore>, limit: Option<u64>) -> Pool {
    let config = CoordinatorConfig {
        spending: SpendingLimits { title: limit.map(Bytes), ..SpendingLimits::default() },
        watch_every: Duration::from_millis(10),
        ..CoordinatorConfig::default()
    };
    Pool::with(Arc::clone(store), config).await
}

/// The first job is billed `bytes`; what goes out next.
async fn billed(pool: &mut Pool, bytes: u64) -> TaskMessage {
    pool.push(&[("wf.dig", WORKFLOW), ("other.dig", OTHER), ("q.sql", "SELECT 1")]).await;
    start(pool, "wf").await;
    let first = pool.task().await;
    assert_eq!(first.task_name, "+wf+first");
    pool.report(&first, billed_job(bytes)).await;
    pool.task().await
}

async fn start(pool: &Pool, workflow: &str) {
    let day = date(2019, 9, 1);
    let request = StartRequest {
        project: "title".to_owned(),
        workflow: workflow.to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: "first".to_owned(),
        revision: None,
    };
    pool.coordinator.start(&request).await.unwrap();
}

fn billed_job(bytes: u64) -> Outcome {
    let job = JobReference { project: None, location: None, job_id: "j".to_owned() };
    let statistics = JobStatistics {
        job,
        total_bytes_processed: None,
        total_bytes_billed: Some(bytes),
        rows: None,
        total_slot_ms: None,
        duration_ms: None,
        cache_hit: None,
    };
    Outcome::Succeeded { store_params: StoreParams::new(), job: Some(statistics) }
}

#[tokio::test]
async fn below_its_limit_a_title_goes_on() {
    let store = Arc::new(MemoryStore::new());

    let next = billed(&mut pool(&store, Some(1_000)).await, 999).await;

    assert_eq!(next.task_name, "+wf+then+job");
}

#[tokio::test]
async fn a_title_that_has_spent_its_bytes_waits_with_its_jobs_and_with_nothing_else() {
    let store = Arc::new(MemoryStore::new());
    let mut first = pool(&store, Some(1_000)).await;

    let next = billed(&mut first, 1_000).await;

    assert_eq!(next.work, Work::Echo { message: "text".to_owned() });
    while store.records(RecordKind::Spending).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    first.stop.cancel();
    // The next leader knows it from the store.
    let mut second = pool(&store, Some(1_000)).await;
    start(&second, "other").await;
    // The first leader may not have noted that its text was out: it may come again, and no job may.
    loop {
        let task = second.task().await;
        let Work::Echo { message } = &task.work else { panic!("no job may be sent: {task:?}") };
        if message == "other" {
            break;
        }
    }
    second.stop.cancel();
    // With a higher limit both jobs go out.
    let mut third = pool(&store, Some(2_000)).await;
    let mut jobs = BTreeSet::new();
    while jobs.len() < 2 {
        let task = third.task().await;
        if task.work.job().is_some() {
            jobs.insert(task.task_name);
        }
    }
    assert_eq!(jobs, BTreeSet::from(["+other+job".to_owned(), "+wf+then+job".to_owned()]));
}
