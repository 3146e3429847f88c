//! A takeover reads a snapshot and what is behind it, and the whole log only where the snapshot is of no use.

#![expect(clippy::unwrap_used, reason = "what goes wrong stops the test")]

mod pool;

use std::sync::Arc;

use himekuri_coordinator::{AttemptState, CoordinatorConfig, SessionChoice, StartRequest};
use himekuri_engine::Config;
use himekuri_protocol::{TaskMessage, Work};
use himekuri_store::{Commit, Epoch, MemoryStore, Store};
use jiff::civil::date;
use pool::{Pool, done, stored};
use serde_json::json;

const WORKFLOW: &str = "timezone: UTC
+a: {echo>: a}
+b: {echo>: 'b ${x}'}
+c: {echo>: 'c ${x}'}
";

/// The first leader of a store.
const FIRST: Epoch = Epoch(1);

/// A leader has seen `+a` end and has sent `+b` out; then it is gone.
async fn half_way() -> (Arc<MemoryStore>, TaskMessage) {
    let store = Arc::new(MemoryStore::new());
    let mut pool = often(&store).await;
    pool.push(&[("wf.dig", WORKFLOW)]).await;
    let day = date(2025, 12, 1);
    let request = StartRequest {
        project: "title".to_owned(),
        workflow: "wf".to_owned(),
        sessions: SessionChoice { from: day, to: day },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: "first".to_owned(),
        revision: None,
    };
    pool.coordinator.start(&request).await.unwrap();
    pool.work("a", stored(json!({"x": 1}))).await;
    let b = pool.task().await;
    assert_eq!(b.work, Work::Echo { message: "b 1".to_owned() });
    (store, b)
}

async fn often(store: &Arc<MemoryStore>) -> Pool {
    let config = CoordinatorConfig { snapshot_every: 1, ..CoordinatorConfig::default() };
    Pool::with(Arc::clone(store), config).await
}

async fn goes_on(store: &Arc<MemoryStore>, b: &TaskMessage) {
    let mut pool = often(store).await;
    pool.report(b, done()).await;
    // `+b` may come again: the first leader may not have noted that its message was out.
    let c = loop {
        let task = pool.task().await;
        if task.task != b.task {
            break task;
        }
    };
    assert_eq!(c.work, Work::Echo { message: "c 1".to_owned() });
    pool.report(&c, done()).await;
    let ended = pool.ended(b.attempt).await;
    assert_eq!((ended.attempt, ended.state), (b.attempt, AttemptState::Success));
}

#[tokio::test]
async fn a_takeover_goes_on_from_the_snapshot() {
    let (store, b) = half_way().await;
    let claimed = store.claim(b.attempt, FIRST).await.unwrap();
    assert!(claimed.snapshot.is_some());
    assert!(claimed.log.len() < store.log(b.attempt).await.unwrap().len());

    goes_on(&store, &b).await;
}

#[tokio::test]
async fn a_snapshot_of_another_program_is_passed_over() {
    for unusable in ["nonsense", "{\"version\":0}"] {
        let (store, b) = half_way().await;
        let expected_length = store.log(b.attempt).await.unwrap().len() as u64;
        let snapshot = Some(unusable.to_owned());
        let commit = Commit { expected_length, snapshot, ..Commit::default() };
        store.commit(b.attempt, FIRST, commit).await.unwrap();

        goes_on(&store, &b).await;
    }
}
