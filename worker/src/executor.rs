//! One delivery from decoding to acknowledging. The report is confirmed first, the delivery acknowledged last.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use futures::{Stream, StreamExt};
use himekuri_bigquery::BigQuery;
use himekuri_broker::{Broker, Delivery, OutgoingMessage, PublishError, Queue, Settlement};
use himekuri_protocol::{Outcome, Report, TaskMessage, Work, WorkerMessage};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::config::{DELIVERY_MAX, WorkerConfig};
use crate::operators::waits::Awaited;
use crate::told::{Origin, TRACE_LABEL};
use crate::watch::Lists;
use crate::writers::{Way, Writers};
use crate::{cancel, operators, watch};

/// How long a stopping worker looks for the job that it may have sent.
const HAND_OVER: Duration = Duration::from_secs(1);

/// How long a worker that is more than half full waits for a job.
const BRIEF_WAIT: Duration = Duration::from_secs(2);

/// Shared by all deliveries of a worker.
pub(crate) struct Executor {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) bigquery: BigQuery,
    pub(crate) config: WorkerConfig,
    pub(crate) lists: Lists,
    pub(crate) writers: Writers,
    /// Deliveries that are being handled.
    pub(crate) in_hand: AtomicUsize,
    /// Deliveries that were handled.
    pub(crate) done: AtomicU64,
    pub(crate) started: Instant,
    /// Set when the worker stops: waiting ends, and jobs are handed over.
    pub(crate) stop: CancellationToken,
}

/// Counts a delivery as long as it lives.
struct InHand<'a>(&'a AtomicUsize);

impl<'a> InHand<'a> {
    fn take(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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
        let origin = Origin::of(&delivery);
        let (body, settler) = delivery.into_parts();
        let _in_hand = InHand::take(&self.in_hand);
        let settlement = settlement_of(self.handle(&body, &origin).await);
        self.done.fetch_add(1, Ordering::Relaxed);
        if settler.settle(settlement).is_err() {
            tracing::debug!("the delivery's channel is gone; the message comes again");
        }
    }

    async fn handle(&self, body: &[u8], origin: &Origin) -> Reported {
        match WorkerMessage::decode(body) {
            Ok(WorkerMessage::Task(mut task)) => match origin.trace_id() {
                Some(trace) => {
                    task.work.label(TRACE_LABEL, trace);
                    let span = tracing::info_span!("task", trace_id = %trace);
                    self.run_task(task, origin).instrument(span).await
                }
                None => self.run_task(task, origin).await,
            },
            Ok(WorkerMessage::Watch(message)) => {
                self.publish_all(watch::ended(&self.bigquery, &self.lists, message, &self.config))
                    .await
            }
            Ok(WorkerMessage::Cancel(message)) => {
                self.publish_all(cancel::over(&self.bigquery, message, &self.config)).await
            }
            Err(error) => {
                tracing::error!("dead-lettered a message: {error}");
                Reported::Undecodable
            }
        }
    }

    /// A watch or a cancel that is not finished in time, or when the worker stops, is no loss: the coordinator asks again.
    async fn publish_all(&self, ended: impl Stream<Item = Report>) -> Reported {
        let mut ended = pin!(ended);
        let deadline = Instant::now() + DELIVERY_MAX;
        loop {
            let report = tokio::select! {
                biased;
                () = self.stop.cancelled() => None,
                report = ended.next() => report,
                () = tokio::time::sleep_until(deadline) => None,
            };
            let Some(report) = report else { return Reported::Confirmed };
            if self.publish(report).await == Reported::Unconfirmed {
                return Reported::Unconfirmed;
            }
        }
    }

    async fn run_task(&self, task: TaskMessage, origin: &Origin) -> Reported {
        let outcome = tokio::select! {
            biased;
            outcome = self.outcome(&task) => outcome,
            () = self.stop.cancelled() => return self.hand_over(&task).await,
        };
        origin.tell(&task, &outcome, &self.config.name);
        self.publish(self.report(&task, outcome)).await
    }

    async fn outcome(&self, task: &TaskMessage) -> Outcome {
        let (bigquery, config) = (&self.bigquery, &self.config_now());
        if let (Some(epoch), Some(job)) = (task.careful, task.work.job()) {
            match self.writers.way(bigquery, job, epoch, config).await {
                Ok(Way::Free) => {}
                Ok(Way::Taken) => return Outcome::NotYet,
                Err(error) => return operators::bq::outcome_of_error(error),
            }
        }
        match &task.work {
            Work::Bq(job) => operators::bq::run(bigquery, job.as_ref().into(), config).await,
            Work::BqLoad(job) => operators::bq::run(bigquery, job.as_ref().into(), config).await,
            Work::BqExtract(job) => operators::bq::run(bigquery, job.as_ref().into(), config).await,
            Work::Echo { message } => operators::echo::run(task, message),
            Work::HttpCall(request) => operators::http_call::run(request).await,
            Work::BqDdl(work) => operators::bq_ddl::run(bigquery, work, config).await,
            Work::BqWait(wait) => {
                operators::waits::run(bigquery, Awaited::Table(wait), config).await
            }
            Work::GcsWait(wait) => {
                operators::waits::run(bigquery, Awaited::Object(wait), config).await
            }
        }
    }

    /// A worker with little room left waits only briefly for each job: others are to be sent meanwhile.
    fn config_now(&self) -> WorkerConfig {
        let is_full = self.in_hand.load(Ordering::Relaxed) * 2 > usize::from(self.config.prefetch);
        let job_wait = match is_full {
            true => self.config.job_wait.min(BRIEF_WAIT),
            false => self.config.job_wait,
        };
        WorkerConfig { job_wait, ..self.config.clone() }
    }

    /// A worker that stops leaves its jobs running: known ones are watched by others, the rest is delivered again.
    async fn hand_over(&self, task: &TaskMessage) -> Reported {
        let Some(job) = task.work.job() else { return Reported::Interrupted };
        match self.bigquery.find(job, HAND_OVER).await {
            Ok(state) => {
                let outcome = operators::bq::outcome_of(state);
                self.publish(self.report(task, outcome)).await
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
            version: outcome.version(),
            attempt: task.attempt,
            task: task.task,
            try_no: task.try_no,
            task_name: Some(task.task_name.clone()),
            worker: self.config.name.clone(),
            outcome,
        }
    }

    /// Publishes until confirmed, within the patience: a requeued delivery counts towards its limit, a hiccup of the broker
    /// must not.
    async fn publish(&self, report: Report) -> Reported {
        let id = format!("{}-{}-{}", report.attempt, report.task, report.try_no);
        let message = match report.encode() {
            Ok(body) => OutgoingMessage::new(Queue::Reports, id, body),
            Err(error) => {
                tracing::error!("could not write report {id} as JSON: {error}");
                return Reported::Undecodable;
            }
        };
        let pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(100))
            .with_total_delay(Some(self.config.patience))
            .without_max_times()
            .with_jitter();
        let send = || async {
            self.broker.publish(vec![message.clone()]).await.into_iter().collect::<Result<(), _>>()
        };
        let sent = send.retry(pauses).when(PublishError::is_retryable).await;
        match sent {
            Ok(()) => Reported::Confirmed,
            Err(error) => {
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
        Outcome::Fetched { .. } => "fetched its workflow",
        Outcome::NotYet => "waits on",
        Outcome::Unreachable { .. } => "could not reach BigQuery or its server",
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
