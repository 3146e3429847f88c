//! Brings reports and dead letters to the driver.

use std::sync::{Arc, LazyLock};

use himekuri_broker::{Broker, BrokerError, Consumer, Delivery, MAX_BODY_BYTES, Queue};
use himekuri_protocol::{FromWorker, MESSAGE_BYTES_MAX, WorkerMessage};
use himekuri_telemetry::metrics::pool::DEAD_LETTERS;
use himekuri_telemetry::{Counter, KeyValue, counter};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::driver::Command;
use crate::workers::Workers;

static DEAD: LazyLock<Counter<u64>> = LazyLock::new(|| counter(&DEAD_LETTERS));

/// The reason of dead letters that are none of our messages.
const UNREADABLE: &str = "unreadable";

/// Unsettled reports: the most a quorum queue's consumer may hold.
const PREFETCH: u16 = 2_000;

const _: () = assert!(MAX_BODY_BYTES <= MESSAGE_BYTES_MAX, "what is sent is read");

/// Who hears what workers say of themselves.
#[derive(Clone)]
pub(crate) struct Ear {
    pub(crate) workers: Arc<Workers>,
    pub(crate) clock: Clock,
}

/// Starts both consumers; they end when `stop` is cancelled or the driver is gone.
///
/// # Errors
/// The broker cannot be reached.
pub(crate) async fn start(
    broker: &Arc<dyn Broker>,
    commands: &mpsc::Sender<Command>,
    ear: &Ear,
    stop: &CancellationToken,
) -> Result<(), BrokerError> {
    let reports = broker.consume(Queue::Reports, PREFETCH).await?;
    let dead = broker.consume(Queue::Dead, PREFETCH).await?;
    let ear = ear.clone();
    let report = move |delivery| report(delivery, &ear);
    tokio::spawn(forward(reports, report, commands.clone(), stop.clone()));
    tokio::spawn(forward(dead, dead_letter, commands.clone(), stop.clone()));
    Ok(())
}

async fn forward(
    mut consumer: Box<dyn Consumer>,
    read: impl Fn(Delivery) -> Option<Command>,
    commands: mpsc::Sender<Command>,
    stop: CancellationToken,
) {
    loop {
        let delivery = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            delivery = consumer.next() => delivery,
        };
        let Some(delivery) = delivery else { break };
        if let Some(command) = read(delivery)
            && commands.send(command).await.is_err()
        {
            break;
        }
    }
    consumer.cancel().await;
}

fn report(delivery: Delivery, ear: &Ear) -> Option<Command> {
    match FromWorker::decode(&delivery.body) {
        Ok(FromWorker::Report(report)) => {
            let (_, settler) = delivery.into_parts();
            Some(Command::Report { report, settler })
        }
        Ok(FromWorker::Presence(presence)) => {
            ear.workers.heard(presence, ear.clock.now());
            settled(delivery.ack());
            None
        }
        Err(error) => {
            tracing::error!("dead-lettered a report: {error}");
            settled(delivery.dead_letter());
            None
        }
    }
}

/// A dead task message fails its task. Anything else in the dead queue belongs to no task that could be failed: it is
/// logged and removed.
fn dead_letter(delivery: Delivery) -> Option<Command> {
    let reason = delivery.death_reason.clone().unwrap_or_else(|| "unknown".to_owned());
    match WorkerMessage::decode(&delivery.body) {
        Ok(WorkerMessage::Task(task)) => {
            let (_, settler) = delivery.into_parts();
            Some(Command::Dead { task: Box::new(task), reason, settler })
        }
        Ok(WorkerMessage::Watch(_) | WorkerMessage::Cancel(_)) => {
            settled(delivery.ack());
            None
        }
        Err(error) => {
            let bytes = delivery.body.len();
            tracing::error!(
                "removed a dead letter of {bytes} bytes that is no task message ({reason}): {error}"
            );
            dead_lettered(UNREADABLE.to_owned());
            settled(delivery.ack());
            None
        }
    }
}

/// Counts a dead letter.
pub(crate) fn dead_lettered(reason: String) {
    DEAD.add(1, &[KeyValue::new("reason", reason)]);
}

/// A lost channel gives the message back by itself.
fn settled(result: Result<(), himekuri_broker::SettleError>) {
    if result.is_err() {
        tracing::debug!("the delivery's channel is gone; the message comes again");
    }
}
