//! What goes out first when a pool takes over a backfill and a daily run of the same title.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use himekuri_broker::{Broker, MemoryBroker, Queue};
use himekuri_coordinator::{
    AttemptSummary, Coordinator, CoordinatorConfig, SessionChoice, StartRequest, StartedBy,
};
use himekuri_engine::{Config, Limits};
use himekuri_protocol::{AttemptId, Work, WorkerMessage};
use himekuri_store::{AttemptFilter, MemoryStore, NewAttempt, Store};
use himekuri_workflow::ProjectFiles;
use jiff::civil::{Date, date};
use tokio_util::sync::CancellationToken;

const PAST: &str = "+marts:\n  _parallel: true\n  +a:\n    echo>: past\n  +b:\n    echo>: past\n";
const DAILY: &str = "+marts:\n  _parallel: true\n  +a:\n    echo>: daily\n  +b:\n    echo>: daily\n  +c:\n    echo>: daily\n";

async fn launch(
    limits: Limits,
    store: &Arc<MemoryStore>,
    broker: &Arc<MemoryBroker>,
    stop: &CancellationToken,
) -> Coordinator {
    let config =
        CoordinatorConfig { name: "leader".to_owned(), limits, ..CoordinatorConfig::default() };
    let (shared, queues): (Arc<dyn Store>, Arc<dyn Broker>) = (store.clone(), broker.clone());
    let launched = Coordinator::launch(config, shared, queues, None, stop.clone());
    launched.await.unwrap().unwrap().0
}

async fn start(coordinator: &Coordinator, workflow: &str, from: Date, to: Date) {
    let request = StartRequest {
        project: "title".to_owned(),
        workflow: workflow.to_owned(),
        sessions: SessionChoice { from, to },
        params: Config::new(),
        overrides: Config::new(),
        attempt_name: String::new(),
        revision: None,
    };
    coordinator.start(&request).await.unwrap();
}

/// A store with a backfill of 100 days and, after it, a daily run, of which nothing has begun.
async fn backfill_and_daily() -> Arc<MemoryStore> {
    let stop = CancellationToken::new();
    let before = Arc::new(MemoryStore::new());
    let coordinator =
        launch(Limits::default(), &before, &Arc::new(MemoryBroker::default()), &stop).await;
    let files = [("past.dig", PAST), ("daily.dig", DAILY)];
    let archive = himekuri_project::pack(&files.into_iter().collect::<ProjectFiles>()).unwrap();
    coordinator.push("title", &archive, Some("gcp".to_owned())).await.unwrap();
    start(&coordinator, "past", date(2019, 1, 1), date(2019, 4, 10)).await;
    start(&coordinator, "daily", date(2019, 9, 2), date(2019, 9, 2)).await;
    stop.cancel();
    let store = Arc::new(MemoryStore::new());
    let mut attempts =
        before.attempts(&AttemptFilter { limit: 1_000, ..AttemptFilter::default() }).await.unwrap();
    attempts.reverse();
    assert_eq!(attempts.len(), 101);
    for (_, json) in attempts {
        let mut summary: AttemptSummary = serde_json::from_str(&json).unwrap();
        if summary.workflow == "past" {
            summary.started_by = StartedBy::Backfill;
        }
        let archive = before.revision(&summary.revision).await.unwrap().unwrap();
        store.put_revision(&summary.revision, &archive).await.unwrap();
        let request = NewAttempt {
            session_key: summary.session_key(),
            attempt_name: summary.attempt_name.clone(),
            summary: serde_json::to_string(&summary).unwrap(),
        };
        store.create_attempt(himekuri_store::Epoch(0), &request).await.unwrap();
    }
    store
}

/// Texts of the next tasks that workers get.
async fn tasks(broker: &MemoryBroker, count: usize) -> Vec<(AttemptId, String)> {
    let mut consumer = broker.consume(Queue::Tasks, 1_000).await.unwrap();
    let mut tasks = Vec::new();
    while tasks.len() < count {
        let delivery = consumer.next().await.unwrap();
        match WorkerMessage::decode(&delivery.body).unwrap() {
            WorkerMessage::Task(task) => {
                let Work::Echo { message } = task.work else { panic!("no task is that: {task:?}") };
                tasks.push((task.attempt, message));
            }
            other @ (WorkerMessage::Watch(_) | WorkerMessage::Cancel(_)) => {
                panic!("nothing else is sent: {other:?}")
            }
        }
        delivery.ack().unwrap();
    }
    tasks
}

#[tokio::test]
async fn a_small_daily_run_goes_out_before_a_long_backfill_of_its_title() {
    let store = backfill_and_daily().await;
    let (broker, stop) = (Arc::new(MemoryBroker::default()), CancellationToken::new());
    let limits = Limits { window: 20, title: Some(20), ..Limits::default() };

    let _coordinator = launch(limits, &store, &broker, &stop).await;

    let sent = tasks(&broker, 20).await;
    let texts: Vec<&str> = sent.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts[..3], ["daily"; 3]);
    assert_eq!(texts[3..], ["past"; 17], "and the backfill has the rest");
    stop.cancel();
}

#[tokio::test]
async fn a_backfill_alone_leaves_places_for_what_comes_later() {
    let store = backfill_and_daily().await;
    let (broker, stop) = (Arc::new(MemoryBroker::default()), CancellationToken::new());
    let limits = Limits { window: 20, title: Some(20), backfill: Some(5), ..Limits::default() };

    let _coordinator = launch(limits, &store, &broker, &stop).await;

    let sent = tasks(&broker, 8).await;
    let daily = sent.iter().filter(|(_, text)| text == "daily").count();
    assert_eq!(daily, 3);
    let attempts: Vec<u64> =
        sent.iter().filter(|(_, text)| text == "past").map(|(attempt, _)| attempt.0).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5], "the dates take turns");
    stop.cancel();
}
