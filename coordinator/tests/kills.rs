//! Kill and time limits: what is written down before the answer, which jobs are asked to end, and who may write after them.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use std::sync::Arc;

use himekuri_broker::{Broker, Consumer, MemoryBroker, OutgoingMessage, Queue};
use himekuri_coordinator::{
    AttemptState, AttemptSummary, Coordinator, CoordinatorConfig, KillRequest, Killed,
    SessionChoice, StartError, StartRequest,
};
use himekuri_engine::{Config, KillReason, Record, TimeLimits};
use himekuri_protocol::{
    AttemptId, CanceledJob, FIRST_VERSION, Outcome, Report, StoreParams, TaskError, TaskMessage,
    WorkerMessage,
};
use himekuri_store::{MemoryStore, NewAttempt, Store, StoreError};
use himekuri_workflow::ProjectFiles;
use jiff::civil::{Date, date};
use tokio_util::sync::CancellationToken;

const WORKFLOW: &str = "
+job:
  bq>: job.sql
  destination_table: d.t$20190901
  write_disposition: WRITE_TRUNCATE
  location: asia-northeast1
  _error: {echo>: never}
+next: {echo>: next}
";

/// A leading coordinator over a store that outlives it, with the test as its only worker.
struct Pool {
    store: Arc<MemoryStore>,
    broker: Arc<MemoryBroker>,
    coordinator: Coordinator,
    messages: Box<dyn Consumer>,
    stop: CancellationToken,
}

impl Pool {
    /// With the project `title` and its workflow `wf`.
    async fn start(dig: &str, time_limits: TimeLimits) -> Self {
        let pool = Self::over(Arc::new(MemoryStore::new()), time_limits).await;
        let files: ProjectFiles = [("wf.dig", dig), ("job.sql", "SELECT 1")].into_iter().collect();
        let archive = himekuri_project::pack(&files).unwrap();
        pool.coordinator.push("title", &archive, Some("gcp".to_owned())).await.unwrap();
        pool
    }

    async fn over(store: Arc<MemoryStore>, time_limits: TimeLimits) -> Self {
        let stop = CancellationToken::new();
        let broker = Arc::new(MemoryBroker::default());
        // The same name: a restart need not wait for the lease of its own past.
        let config = CoordinatorConfig {
            name: "leader".to_owned(),
            time_limits,
            ..CoordinatorConfig::default()
        };
        let (shared, queues): (Arc<dyn Store>, Arc<dyn Broker>) = (store.clone(), broker.clone());
        let launched = Coordinator::launch(config, shared, queues, None, stop.clone());
        let (coordinator, _) = launched.await.unwrap().unwrap();
        let messages = broker.consume(Queue::Tasks, 100).await.unwrap();
        Self { store, broker, coordinator, messages, stop }
    }

    async fn begin(&self, attempt_name: &str) -> AttemptId {
        self.begin_on(date(2019, 9, 2), attempt_name).await
    }

    async fn begin_on(&self, day: Date, attempt_name: &str) -> AttemptId {
        let request = StartRequest {
            project: "title".to_owned(),
            workflow: "wf".to_owned(),
            sessions: SessionChoice { from: day, to: day },
            params: Config::new(),
            overrides: Config::new(),
            attempt_name: attempt_name.to_owned(),
            revision: None,
        };
        self.coordinator.start(&request).await.unwrap()[0].attempt
    }

    async fn kill(&self, attempt: AttemptId) -> Killed {
        let request = KillRequest { by: Some("sato".to_owned()) };
        self.coordinator.kill(attempt, &request).await.unwrap()
    }

    /// The next message that a worker gets.
    async fn message(&mut self) -> WorkerMessage {
        let delivery = self.messages.next().await.unwrap();
        let message = WorkerMessage::decode(&delivery.body).unwrap();
        delivery.ack().unwrap();
        message
    }

    async fn task(&mut self) -> TaskMessage {
        match self.message().await {
            WorkerMessage::Task(task) => task,
            other @ (WorkerMessage::Watch(_) | WorkerMessage::Cancel(_)) => {
                panic!("not a task: {other:?}")
            }
        }
    }

    /// The jobs of the next message, which asks to end them.
    async fn canceled(&mut self) -> Vec<CanceledJob> {
        match self.message().await {
            WorkerMessage::Cancel(message) => message.jobs,
            other @ (WorkerMessage::Watch(_) | WorkerMessage::Task(_)) => {
                panic!("nothing to end: {other:?}")
            }
        }
    }

    async fn report(&self, job: &CanceledJob, outcome: Outcome) {
        let report = Report {
            version: FIRST_VERSION,
            attempt: job.attempt,
            task: job.task,
            try_no: job.try_no,
            task_name: None,
            worker: "test".to_owned(),
            outcome,
        };
        let body = report.encode().unwrap();
        let message = OutgoingMessage::new(Queue::Reports, "r".to_owned(), body);
        assert!(self.broker.publish(vec![message]).await.iter().all(Result::is_ok));
    }

    /// The summary, once the attempt has ended.
    async fn ended(&self, attempt: AttemptId) -> AttemptSummary {
        loop {
            let summary = self.coordinator.attempt(attempt).await.unwrap();
            if summary.state != AttemptState::Running {
                return summary;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn log(&self, attempt: AttemptId) -> Vec<Record> {
        let log = self.store.log(attempt).await.unwrap();
        log.iter().map(|record| serde_json::from_str(record).unwrap()).collect()
    }

    async fn states(&self, attempt: AttemptId) -> Vec<String> {
        let tasks = self.coordinator.tasks(attempt).await.unwrap();
        tasks.into_iter().map(|task| task.state).collect()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn stopped() -> Outcome {
    let message = "Job execution was cancelled".to_owned();
    Outcome::Failed { error: TaskError { reason: "stopped".to_owned(), message, job: None } }
}

fn succeeded() -> Outcome {
    Outcome::Succeeded { store_params: StoreParams::new(), job: None }
}

#[tokio::test]
async fn a_kill_is_written_down_before_its_answer_and_its_job_is_asked_to_end() {
    let mut pool = Pool::start(WORKFLOW, TimeLimits::default()).await;
    let attempt = pool.begin("").await;
    let task = pool.task().await;

    let killed = pool.kill(attempt).await;

    let canceling = vec!["+wf+job".to_owned()];
    assert_eq!(killed, Killed { attempt, killed: true, state: AttemptState::Running, canceling });
    let by_sato = KillReason::Requested { by: Some("sato".to_owned()) };
    let log = pool.log(attempt).await;
    assert!(matches!(log.last(), Some(Record::KillRequested { reason, .. }) if *reason == by_sato));
    let jobs = pool.canceled().await;
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].task, jobs[0].try_no), (task.task, task.try_no));
    assert_eq!(jobs[0].job.location.as_deref(), Some("asia-northeast1"));
    assert_eq!(jobs[0].dataset.as_ref().map(|dataset| dataset.dataset.as_str()), Some("d"));
    let summary = pool.coordinator.attempt(attempt).await.unwrap();
    assert_eq!(summary.kill.map(|kill| kill.reason), Some(by_sato));
    pool.report(&jobs[0], stopped()).await;
    let summary = pool.ended(attempt).await;
    assert_eq!(summary.state, AttemptState::Canceled);
    assert_eq!(summary.error.as_deref(), Some("killed by sato"));
    assert_eq!(pool.states(attempt).await, ["canceled", "canceled", "blocked"]);
}

#[tokio::test]
async fn nobody_writes_the_partition_of_a_killed_job_until_it_is_over() {
    let mut pool = Pool::start(WORKFLOW, TimeLimits::default()).await;
    let killed = pool.begin("").await;
    pool.task().await;
    let next = pool.begin("next").await;
    pool.kill(killed).await;

    // The next message is no task: the partition is not free.
    let jobs = pool.canceled().await;
    assert_eq!(pool.states(next).await, ["planned", "ready", "blocked"]);
    pool.report(&jobs[0], succeeded()).await;

    assert_eq!(pool.task().await.attempt, next);
    assert_eq!(pool.ended(killed).await.state, AttemptState::Canceled);
}

#[tokio::test]
async fn what_waits_for_its_partition_leaves_its_turn_to_others_when_it_is_killed() {
    let mut pool = Pool::start(WORKFLOW, TimeLimits::default()).await;
    let first = pool.begin("").await;
    let task = pool.task().await;
    let killed = pool.begin_on(date(2019, 9, 3), "").await;
    let last = pool.begin_on(date(2019, 9, 4), "").await;

    assert_eq!(pool.kill(killed).await.state, AttemptState::Canceled);
    let job = CanceledJob {
        attempt: first,
        task: task.task,
        try_no: task.try_no,
        task_name: None,
        job: himekuri_protocol::JobReference {
            project: None,
            location: None,
            job_id: String::new(),
        },
        dataset: None,
    };
    pool.report(&job, succeeded()).await;

    let mut next = [pool.task().await, pool.task().await];
    next.sort_by_key(|task| task.attempt);
    assert_eq!(next.map(|task| task.attempt), [first, last]);
}

#[tokio::test]
async fn an_attempt_without_jobs_is_over_at_once_and_a_second_kill_changes_nothing() {
    let mut pool = Pool::start("+a: {echo>: a}\n", TimeLimits::default()).await;
    let attempt = pool.begin("").await;
    pool.task().await;

    let first = pool.kill(attempt).await;
    let log = pool.log(attempt).await;
    let second = pool.kill(attempt).await;

    let over =
        |killed| Killed { attempt, killed, state: AttemptState::Canceled, canceling: Vec::new() };
    assert_eq!((first, second), (over(true), over(false)));
    assert_eq!(pool.log(attempt).await, log);
}

#[tokio::test]
async fn an_unknown_attempt_is_refused() {
    let pool = Pool::start(WORKFLOW, TimeLimits::default()).await;

    let refused = pool.coordinator.kill(AttemptId(9), &KillRequest::default()).await;

    assert!(matches!(refused, Err(StartError::Store(StoreError::UnknownAttempt { .. }))));
}

#[tokio::test]
async fn a_new_leader_goes_on_with_a_kill() {
    let mut pool = Pool::start(WORKFLOW, TimeLimits::default()).await;
    let attempt = pool.begin("").await;
    pool.task().await;
    pool.kill(attempt).await;
    let store = Arc::clone(&pool.store);
    drop(pool);

    let mut pool = Pool::over(store, TimeLimits::default()).await;
    let jobs = loop {
        // What was in the outbox may come once more.
        match pool.message().await {
            WorkerMessage::Task(task) => assert_eq!(task.attempt, attempt),
            WorkerMessage::Cancel(message) => break message.jobs,
            WorkerMessage::Watch(watch) => panic!("nothing is watched: {watch:?}"),
        }
    };

    pool.report(&jobs[0], stopped()).await;
    assert_eq!(pool.ended(attempt).await.state, AttemptState::Canceled);
}

#[tokio::test]
async fn an_attempt_that_was_created_and_never_began_can_be_killed() {
    let mut pool = Pool::start(WORKFLOW, TimeLimits::default()).await;
    let template = pool.begin("").await;
    pool.task().await;
    let summary = pool.coordinator.attempt(template).await.unwrap();
    let summary = AttemptSummary { attempt_name: "lost".to_owned(), ..summary };
    let request = NewAttempt {
        session_key: summary.session_key(),
        attempt_name: summary.attempt_name.clone(),
        summary: serde_json::to_string(&summary).unwrap(),
    };
    let epoch = himekuri_store::Epoch(1);
    let created = pool.store.create_attempt(epoch, &request).await.unwrap();
    let himekuri_store::Creation::Created { attempt, .. } = created else { panic!("{created:?}") };

    let killed = pool.kill(attempt).await;

    assert_eq!((killed.killed, killed.state), (true, AttemptState::Canceled));
    assert_eq!(pool.states(attempt).await, ["canceled", "canceled", "blocked"]);
}

#[tokio::test]
async fn an_attempt_is_killed_when_its_time_is_over() {
    let limits = TimeLimits { attempt_seconds: Some(1), task_seconds: None };
    let mut pool = Pool::start(WORKFLOW, limits).await;
    let attempt = pool.begin("").await;
    pool.task().await;

    let jobs = pool.canceled().await;
    pool.report(&jobs[0], stopped()).await;

    let summary = pool.ended(attempt).await;
    assert_eq!(summary.state, AttemptState::Canceled);
    assert_eq!(
        summary.error.as_deref(),
        Some("killed: the attempt took longer than 1 s (`--attempt-ttl`)")
    );
}

#[tokio::test]
async fn a_job_whose_message_is_dead_is_asked_to_end_before_its_task_fails() {
    let mut pool = Pool::start(WORKFLOW, TimeLimits::default()).await;
    let attempt = pool.begin("").await;
    let delivery = pool.messages.next().await.unwrap();
    delivery.dead_letter().unwrap();

    let jobs = pool.canceled().await;
    let before = pool.states(attempt).await;
    pool.report(&jobs[0], stopped()).await;

    assert_eq!(before, ["planned", "canceling", "blocked"]);
    let error_task = pool.task().await;
    assert_eq!(error_task.task_name, "+wf+job^error");
}
