//! A pool in memory, with a short past: the same for every transcript.
//!
//! | attempt | session | |
//! |---|---|---|
//! | 1 | `title_a/summary` of September 2 | succeeded |
//! | 2 | `title_b/summary` of September 2 | failed: its query is broken |
//! | 3 | `title_a/summary` of September 3 | runs |
//! | 4 | `title_a/summary` of August 1 | runs, the first of backfill 1 |

use std::path::Path;
use std::sync::Arc;

use himekuri_broker::{Broker, MemoryBroker, Queue};
use himekuri_coordinator::{
    Access, AttemptState, Backfiller, Clock, Coordinator, CoordinatorConfig, Guard, Scheduler,
    router, serve,
};
use himekuri_protocol::AttemptId;
use himekuri_store::MemoryStore;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::worker;

/// When the pool is started, by its own clock.
const BEGIN: &str = "2019-10-01T03:04:00Z";

/// It ends with the transcript.
pub(crate) struct World {
    url: String,
    stop: CancellationToken,
    _runtime: tokio::runtime::Runtime,
}

impl World {
    /// With the titles of a folder.
    pub(crate) fn start(titles: &Path) -> Self {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let stop = CancellationToken::new();
        let url = runtime.block_on(start(titles, stop.clone()));
        Self { url, stop, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn start(titles: &Path, stop: CancellationToken) -> String {
    let broker = Arc::new(MemoryBroker::default());
    let config = CoordinatorConfig {
        clock: Clock::virtual_from(BEGIN.parse().unwrap()),
        ..CoordinatorConfig::default()
    };
    let store = Arc::new(MemoryStore::new());
    let launched = Coordinator::launch(config, store, broker.clone(), None, stop.clone());
    let (coordinator, _ended) = launched.await.unwrap().unwrap();
    let (sender, mut held) = mpsc::unbounded_channel();
    let messages = broker.consume(Queue::Tasks, 100).await.unwrap();
    tokio::spawn(worker::work(messages, broker, sender));

    for title in ["title_a", "title_b"] {
        let files = himekuri_project::read_folder(&titles.join(title)).unwrap();
        let archive = himekuri_project::pack(&files).unwrap();
        let gcp_project = title.replace('_', "-");
        coordinator.push(title, &archive, Some(gcp_project)).await.unwrap();
    }
    let mut scheduler = Scheduler::new(coordinator.clone());
    scheduler.run_once(BEGIN.parse().unwrap()).await.unwrap();
    let first = begin(&coordinator, "title_a", "2019-09-02").await;
    ended(&coordinator, first, AttemptState::Success).await;
    let second = begin(&coordinator, "title_b", "2019-09-02").await;
    ended(&coordinator, second, AttemptState::Error).await;
    let third = begin(&coordinator, "title_a", "2019-09-03").await;
    assert_eq!(held.recv().await, Some(third));
    let request = json!({
        "project": "title_a", "workflow": "summary", "from": "2019-08-01", "to": "2019-08-03",
        "attempt_name": "august",
    });
    coordinator.backfill(&serde_json::from_value(request).unwrap()).await.unwrap();
    tokio::spawn(Backfiller::new(coordinator.clone()).run(stop.clone()));
    assert_eq!(held.recv().await, Some(AttemptId(4)));
    // The backfill is written down after its attempt has begun.
    while coordinator.backfills().await.unwrap()[0].running.is_empty() {
        tokio::task::yield_now().await;
    }

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, router(coordinator, Guard::new(Access::Open)), stop));
    url
}

async fn begin(coordinator: &Coordinator, title: &str, date: &str) -> AttemptId {
    let request = json!({ "project": title, "workflow": "summary", "from": date, "to": date });
    coordinator.start(&serde_json::from_value(request).unwrap()).await.unwrap()[0].attempt
}

async fn ended(coordinator: &Coordinator, attempt: AttemptId, state: AttemptState) {
    loop {
        let now = coordinator.attempt(attempt).await.unwrap().state;
        if now != AttemptState::Running {
            return assert_eq!(now, state);
        }
        tokio::task::yield_now().await;
    }
}
