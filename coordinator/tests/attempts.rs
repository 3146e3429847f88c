//! Sessions and their attempts: which are new, what they run, and how many there may be.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use himekuri_broker::{Broker, Consumer, MemoryBroker, OutgoingMessage, Queue};
use himekuri_coordinator::{Coordinator, CoordinatorConfig, SessionChoice, StartRequest, Started};
use himekuri_engine::Config;
use himekuri_protocol::{
    Outcome, PROTOCOL_VERSION, Report, StoreParams, TaskMessage, Work, WorkerMessage,
};
use himekuri_store::{MemoryStore, Store};
use himekuri_workflow::ProjectFiles;
use jiff::civil::{Date, date};
use tokio_util::sync::CancellationToken;

/// A leading coordinator, with the test as its only worker.
struct Pool {
    broker: Arc<MemoryBroker>,
    coordinator: Coordinator,
    tasks: Box<dyn Consumer>,
    stop: CancellationToken,
}

const DAY: Date = date(2019, 9, 2);

impl Pool {
    async fn start(dig: &str) -> Self {
        let stop = CancellationToken::new();
        let broker = Arc::new(MemoryBroker::default());
        let (store, queues): (Arc<dyn Store>, Arc<dyn Broker>) =
            (Arc::new(MemoryStore::new()), broker.clone());
        let config = CoordinatorConfig::default();
        let launched = Coordinator::launch(config, store, queues, None, stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let tasks = broker.consume(Queue::Tasks, 1_000).await.unwrap();
        let pool = Self { broker, coordinator, tasks, stop };
        pool.push(dig).await;
        pool
    }

    async fn push(&self, dig: &str) {
        self.push_all(&[("wf.dig", dig)]).await;
    }

    async fn push_all(&self, files: &[(&str, &str)]) {
        let archive = himekuri_project::pack(&files.iter().copied().collect::<ProjectFiles>());
        let gcp_project = Some("gcp".to_owned());
        self.coordinator.push("title", &archive.unwrap(), gcp_project).await.unwrap();
    }

    async fn begin(&self, to: Date, attempt_name: &str) -> Vec<Started> {
        let request = StartRequest {
            project: "title".to_owned(),
            workflow: "wf".to_owned(),
            sessions: SessionChoice { from: DAY, to },
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: attempt_name.to_owned(),
            revision: None,
        };
        self.coordinator.start(&request).await.unwrap()
    }

    /// The next task that a worker gets, and its text.
    async fn task(&mut self) -> (TaskMessage, String) {
        let delivery = self.tasks.next().await.unwrap();
        let message = WorkerMessage::decode(&delivery.body).unwrap();
        delivery.ack().unwrap();
        match message.clone() {
            WorkerMessage::Task(task) => {
                let Work::Echo { message } = task.work.clone() else {
                    panic!("only `echo>` was written: {task:?}")
                };
                (task, message)
            }
            WorkerMessage::Watch(_) | WorkerMessage::Cancel(_) => {
                panic!("nothing has a job: {message:?}")
            }
        }
    }

    async fn succeed(&self, task: &TaskMessage) {
        let report = Report {
            version: PROTOCOL_VERSION,
            attempt: task.attempt,
            task: task.task,
            try_no: task.try_no,
            task_name: None,
            worker: "test".to_owned(),
            outcome: Outcome::Succeeded { store_params: StoreParams::new(), job: None },
        };
        let body = report.encode().unwrap();
        let message = OutgoingMessage::new(Queue::Reports, "r".to_owned(), body);
        assert!(self.broker.publish(vec![message]).await.iter().all(Result::is_ok));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn a_start_again_answers_with_the_attempt_that_is_there() {
    let pool = Pool::start("+a: {echo>: a}\n").await;

    let first = pool.begin(DAY, "").await;
    let again = pool.begin(DAY, "").await;
    let named = pool.begin(DAY, "second").await;

    assert!(first[0].created);
    assert_eq!((again[0].attempt, again[0].created), (first[0].attempt, false));
    assert_eq!((first[0].number, named[0].number, named[0].created), (1, 2, true));
}

#[tokio::test]
async fn an_attempt_keeps_the_revision_that_it_began_with() {
    let mut pool = Pool::start("+a: {echo>: a}\n").await;
    let calling = ("wf.dig", "+a: {echo>: a}\n+b: {call>: other}\n");
    pool.push_all(&[calling, ("other.dig", "+c: {echo>: old}\n")]).await;
    pool.begin(DAY, "").await;
    let (first, text) = pool.task().await;
    assert_eq!(text, "a");

    pool.push("+a: {echo>: new}\n").await;
    pool.succeed(&first).await;

    assert_eq!(pool.task().await.1, "old");
    pool.begin(DAY, "second").await;
    assert_eq!(pool.task().await.1, "new");
}

#[tokio::test]
async fn more_than_a_hundred_attempts_run_at_once() {
    let mut pool = Pool::start("+a: {echo>: a}\n").await;

    let started = pool.begin(date(2020, 1, 31), "").await;

    assert_eq!(started.len(), 152);
    let mut attempts = std::collections::BTreeSet::new();
    for _ in &started {
        attempts.insert(pool.task().await.0.attempt);
    }
    assert_eq!(attempts.len(), 152);
}
