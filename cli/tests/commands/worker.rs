//! A worker without BigQuery: queries on most dates succeed at once, some are never heard of again.

use std::sync::Arc;

use himekuri_broker::{Broker, Consumer, MemoryBroker, OutgoingMessage, Queue};
use himekuri_protocol::{
    AttemptId, FIRST_VERSION, JobStatistics, Outcome, PRESENCE_VERSION, Presence, PresenceKind,
    QueryJob, Report, StoreParams, TaskError, TaskId, TryNo, Work, WorkerMessage,
};
use tokio::sync::mpsc::UnboundedSender;

/// Begin of the dates whose queries run on and on: the third of September, and August.
const NEVER_ENDING: [&str; 2] = ["20190903", "201908"];

/// What the broken query of `title_b` has in it.
const MISSPELT: &str = "amonut";

/// Answers task messages until the broker is gone; tells of each query that it leaves alone.
pub(crate) async fn work(
    mut messages: Box<dyn Consumer>,
    broker: Arc<MemoryBroker>,
    held: UnboundedSender<AttemptId>,
) {
    live(&broker).await;
    while let Some(delivery) = messages.next().await {
        let message = WorkerMessage::decode(&delivery.body).unwrap();
        delivery.ack().unwrap();
        match message {
            WorkerMessage::Task(task) => {
                let attempt = task.attempt;
                match outcome(&task.work) {
                    Some(outcome) => {
                        report(&broker, attempt, task.task, task.try_no, outcome).await;
                    }
                    None => {
                        let _nobody_waits = held.send(attempt);
                    }
                }
            }
            WorkerMessage::Cancel(cancel) => {
                for job in cancel.jobs {
                    let outcome = failed("stopped", "the job was cancelled");
                    report(&broker, job.attempt, job.task, job.try_no, outcome).await;
                }
            }
            WorkerMessage::Watch(_) => {}
        }
    }
}

/// Says that there is a worker, as `himekuri workers` shows it.
async fn live(broker: &MemoryBroker) {
    let presence = Presence {
        version: PRESENCE_VERSION,
        kind: PresenceKind::Presence,
        worker: "worker-1".to_owned(),
        program: "0.1.0".to_owned(),
        uptime_seconds: 60,
        capacity: 256,
        in_hand: 3,
        done: 1_204,
        leaves: false,
    };
    publish(broker, presence.encode().unwrap()).await;
}

/// `None` for a query that runs on.
fn outcome(work: &Work) -> Option<Outcome> {
    let Work::Bq(job) = work else {
        return Some(Outcome::Succeeded { store_params: StoreParams::new(), job: None });
    };
    let partition = job.destination.as_ref().and_then(|table| table.partition.as_deref());
    if NEVER_ENDING.iter().any(|date| partition.is_some_and(|name| name.starts_with(date))) {
        return None;
    }
    if job.query.contains(MISSPELT) {
        return Some(failed(
            "invalidQuery",
            "Unrecognized name: amonut; Did you mean amount? at [2:7]",
        ));
    }
    Some(succeeded(job))
}

fn succeeded(job: &QueryJob) -> Outcome {
    let statistics = JobStatistics {
        job: job.job.clone(),
        total_bytes_processed: Some(1 << 20),
        total_bytes_billed: Some(10 << 20),
        rows: None,
        total_slot_ms: Some(700),
        duration_ms: Some(1_500),
        cache_hit: Some(false),
    };
    Outcome::Succeeded { store_params: StoreParams::new(), job: Some(statistics) }
}

fn failed(reason: &str, message: &str) -> Outcome {
    let error = TaskError { reason: reason.to_owned(), message: message.to_owned(), job: None };
    Outcome::Failed { error }
}

async fn report(
    broker: &MemoryBroker,
    attempt: AttemptId,
    task: TaskId,
    try_no: TryNo,
    outcome: Outcome,
) {
    let report = Report {
        version: FIRST_VERSION,
        attempt,
        task,
        try_no,
        task_name: None,
        worker: "worker".to_owned(),
        outcome,
    };
    publish(broker, report.encode().unwrap()).await;
}

async fn publish(broker: &MemoryBroker, body: Vec<u8>) {
    let message = OutgoingMessage::new(Queue::Reports, "r".to_owned(), body);
    assert!(broker.publish(vec![message]).await.iter().all(Result::is_ok));
}
