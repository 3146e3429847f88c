//! A leading coordinator over a store that outlives it, with the test as its only worker.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::Arc;

use himekuri_broker::{Broker, Consumer, MemoryBroker, OutgoingMessage, Queue};
use himekuri_coordinator::{
    AttemptSummary, Coordinator, CoordinatorConfig, Event, EventKind, ProjectRecord,
};
use himekuri_protocol::{
    AttemptId, Outcome, PROTOCOL_VERSION, Report, StoreParams, TaskError, TaskMessage, Work,
    WorkerMessage,
};
use himekuri_store::{MemoryStore, Store};
use himekuri_workflow::ProjectFiles;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) struct Pool {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) broker: Arc<MemoryBroker>,
    pub(crate) coordinator: Coordinator,
    pub(crate) stop: CancellationToken,
    events: mpsc::UnboundedReceiver<Event>,
    tasks: Box<dyn Consumer>,
}

impl Pool {
    pub(crate) async fn over(store: Arc<MemoryStore>) -> Self {
        Self::with(store, CoordinatorConfig::default()).await
    }

    pub(crate) async fn with(store: Arc<MemoryStore>, config: CoordinatorConfig) -> Self {
        let stop = CancellationToken::new();
        let broker = Arc::new(MemoryBroker::default());
        // The same name: a restart need not wait for the lease of its own past.
        let config = CoordinatorConfig { name: "leader".to_owned(), ..config };
        let (sender, events) = mpsc::unbounded_channel();
        let (shared, queues): (Arc<dyn Store>, Arc<dyn Broker>) = (store.clone(), broker.clone());
        let launched = Coordinator::launch(config, shared, queues, Some(sender), stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let tasks = broker.consume(Queue::Tasks, 100).await.unwrap();
        Self { store, broker, coordinator, events, tasks, stop }
    }

    /// Pushes the project `title`.
    pub(crate) async fn push(&self, files: &[(&str, &str)]) -> ProjectRecord {
        let archive = himekuri_project::pack(&files.iter().copied().collect::<ProjectFiles>());
        let gcp_project = Some("gcp".to_owned());
        self.coordinator.push("title", &archive.unwrap(), gcp_project).await.unwrap()
    }

    /// The next task that a worker gets.
    pub(crate) async fn task(&mut self) -> TaskMessage {
        let delivery = self.tasks.next().await.unwrap();
        let message = WorkerMessage::decode(&delivery.body).unwrap();
        delivery.ack().unwrap();
        match message {
            WorkerMessage::Task(task) => task,
            WorkerMessage::Watch(watch) => panic!("nothing is watched: {watch:?}"),
            WorkerMessage::Cancel(cancel) => panic!("no job is cancelled: {cancel:?}"),
        }
    }

    pub(crate) async fn report(&self, task: &TaskMessage, outcome: Outcome) {
        let report = Report {
            version: PROTOCOL_VERSION,
            attempt: task.attempt,
            task: task.task,
            try_no: task.try_no,
            task_name: None,
            worker: "test".to_owned(),
            outcome,
        };
        let body = report.encode().unwrap();
        let message = OutgoingMessage::new(Queue::Reports, "r".to_owned(), body);
        assert!(self.broker.publish(vec![message]).await.iter().all(Result::is_ok));
    }

    /// Takes the next task, which has this text, and ends it.
    pub(crate) async fn work(&mut self, text: &str, outcome: Outcome) -> TaskMessage {
        let task = self.task().await;
        assert_eq!(task.work, Work::Echo { message: text.to_owned() });
        self.report(&task, outcome).await;
        task
    }

    /// Takes the next task, ends it, and waits for the end of its attempt.
    pub(crate) async fn finish(&mut self, text: &str, outcome: Outcome) -> AttemptSummary {
        let task = self.work(text, outcome).await;
        self.ended(task.attempt).await
    }

    /// Waits for the end of an attempt.
    pub(crate) async fn ended(&mut self, attempt: AttemptId) -> AttemptSummary {
        loop {
            let event = self.events.recv().await.unwrap();
            if event.attempt == attempt && matches!(event.kind, EventKind::Finished { .. }) {
                return self.coordinator.attempt(attempt).await.unwrap();
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) fn stored(params: serde_json::Value) -> Outcome {
    Outcome::Succeeded { store_params: params.as_object().unwrap().clone(), job: None }
}

pub(crate) fn done() -> Outcome {
    Outcome::Succeeded { store_params: StoreParams::new(), job: None }
}

pub(crate) fn failed() -> Outcome {
    let error = TaskError { reason: "test".to_owned(), message: "broken".to_owned(), job: None };
    Outcome::Failed { error }
}
