//! One delivery from decoding to acknowledging. The report is confirmed first, the delivery acknowledged last.

use std::sync::Arc;

use himekuri_bigquery::BigQuery;
use himekuri_broker::{Broker, Delivery, OutgoingMessage, Queue, Settlement};
use himekuri_protocol::{Outcome, PROTOCOL_VERSION, Report, TaskMessage, Work, WorkerMessage};
use tokio_util::sync::CancellationToken;

use crate::config::WorkerConfig;
use crate::{operators, watch};

/// Shared by all deliveries of a worker.
pub(crate) struct Executor {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) bigquery: BigQuery,
    pub(crate) config: WorkerConfig,
    /// Set when the worker stops: waiting ends, and jobs are handed over.
    pub(crate) stop: CancellationToken,
}

/// How far a delivery came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reported {
    /// Every report is in the reports queue.
    Confirmed,
    /// At least one may be missing.
    Unconfirmed,
    /// The worker stops before anything was sent to BigQuery or reported.
    Interrupted,
    /// Not a message of this protocol.
    Undecodable,
}

impl Executor {
    /// Handles one delivery; never fails: what cannot be done comes again.
    pub(crate) async fn run(&self, delivery: Delivery) {
        let (body, settler) = delivery.into_parts();
        let settlement = settlement_of(self.handle(&body).await);
        if settler.settle(settlement).is_err() {
            tracing::debug!("the delivery's channel is gone; the message comes again");
        }
    }

    async fn handle(&self, body: &[u8]) -> Reported {
        match WorkerMessage::decode(body) {
            Ok(WorkerMessage::Task(task)) => self.run_task(task).await,
            Ok(WorkerMessage::Watch(message)) => {
                let reports = watch::run(&self.bigquery, message, &self.config).await;
                self.publish(reports).await
            }
            Err(error) => {
                tracing::error!("dead-lettered a message: {error}");
                Reported::Undecodable
            }
        }
    }

    async fn run_task(&self, task: TaskMessage) -> Reported {
        let outcome = match &task.work {
            Work::Echo { message } => operators::echo::run(&task, message),
            Work::Bq(job) => {
                let run = operators::bq::run(&self.bigquery, job, &self.config);
                tokio::select! {
                    outcome = run => outcome,
                    () = self.stop.cancelled() => return self.hand_over(&task).await,
                }
            }
        };
        self.publish(vec![self.report(&task, outcome)]).await
    }

    /// A worker that stops leaves its jobs running: known ones are watched by others, the rest is delivered again.
    async fn hand_over(&self, task: &TaskMessage) -> Reported {
        let Work::Bq(job) = &task.work else {
            return Reported::Interrupted;
        };
        let brief = std::time::Duration::from_secs(1);
        match self.bigquery.look_up(&job.job, brief).await {
            Ok(state) => {
                let outcome = operators::bq::outcome_of(state, &job.job);
                self.publish(vec![self.report(task, outcome)]).await
            }
            Err(_) => Reported::Interrupted,
        }
    }

    fn report(&self, task: &TaskMessage, outcome: Outcome) -> Report {
        tracing::debug!(
            attempt.id = %task.attempt, task.name = %task.task_name, task.try_no = %task.try_no,
            "task {} {}", task.task_name, verb(&outcome)
        );
        Report {
            version: PROTOCOL_VERSION,
            attempt: task.attempt,
            task: task.task,
            try_no: task.try_no,
            worker: self.config.name.clone(),
            outcome,
        }
    }

    async fn publish(&self, reports: Vec<Report>) -> Reported {
        if reports.is_empty() {
            return Reported::Confirmed;
        }
        let mut messages = Vec::with_capacity(reports.len());
        for report in &reports {
            let id = format!("{}-{}-{}", report.attempt, report.task, report.try_no);
            match report.encode() {
                Ok(body) => messages.push(OutgoingMessage::new(Queue::Reports, id, body)),
                Err(error) => {
                    tracing::error!("could not write report {id} as JSON: {error}");
                    return Reported::Undecodable;
                }
            }
        }
        let results = self.broker.publish(messages).await;
        match results.into_iter().find_map(Result::err) {
            None => Reported::Confirmed,
            Some(error) => {
                tracing::warn!("a report is not confirmed; its task comes again: {error}");
                Reported::Unconfirmed
            }
        }
    }
}

/// The one place that decides what becomes of a delivery.
fn settlement_of(reported: Reported) -> Settlement {
    match reported {
        Reported::Confirmed => Settlement::Ack,
        Reported::Unconfirmed | Reported::Interrupted => Settlement::Requeue,
        Reported::Undecodable => Settlement::DeadLetter,
    }
}

fn verb(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Submitted { .. } => "submitted its job, which runs on",
        Outcome::Succeeded { .. } => "succeeded",
        Outcome::Failed { .. } => "failed",
        Outcome::Unreachable { .. } => "could not reach BigQuery",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delivery_is_acknowledged_only_after_its_report_is_confirmed() {
        assert_eq!(settlement_of(Reported::Confirmed), Settlement::Ack);
        assert_eq!(settlement_of(Reported::Unconfirmed), Settlement::Requeue);
        assert_eq!(settlement_of(Reported::Interrupted), Settlement::Requeue);
        assert_eq!(settlement_of(Reported::Undecodable), Settlement::DeadLetter);
    }
}
