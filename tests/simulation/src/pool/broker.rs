//! The broker as one program sees it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use himekuri_broker::{
    Broker, BrokerError, Consumer, Delivery, OutgoingMessage, PublishError, Queue, Settlement,
};
use himekuri_protocol::{Report, WorkerMessage};

use crate::faults::Fault;
use crate::life::Life;

/// How long a confirm is waited for.
const CONFIRM_PATIENCE: Duration = Duration::from_secs(5);

/// A program's way to the broker.
pub(crate) struct SimBroker {
    pub(crate) life: Arc<Life>,
}

impl SimBroker {
    fn strikes(&self, fault: Fault) -> bool {
        self.life.world.faults.strikes(fault, &self.life.world.dice)
    }

    async fn publish_one(&self, message: OutgoingMessage) -> Result<(), PublishError> {
        self.life.enter().await;
        self.life.travel().await;
        let id = message.id.clone();
        if self.strikes(Fault::PublishRefused) {
            return Err(PublishError::Refused { id, queue: message.queue });
        }
        if self.strikes(Fault::MessageDelayed) {
            tokio::time::sleep(self.life.world.dice.millis(100..5_000)).await;
            self.life.leave().await;
        }
        let copies = if self.strikes(Fault::MessageDuplicated) { 2 } else { 1 };
        let report =
            (message.queue == Queue::Reports).then(|| Report::decode(&message.body).ok()).flatten();
        // Of the broker itself, not of the connection: what is sent is sent.
        let sent = self.life.world.broker.publish(vec![message; copies]).await;
        let sent = sent.into_iter().collect::<Result<(), _>>();
        self.life.leave().await;
        sent?;
        if self.strikes(Fault::ConfirmLost) {
            tokio::time::sleep(CONFIRM_PATIENCE).await;
            self.life.leave().await;
            return Err(PublishError::Unconfirmed { id, waited: CONFIRM_PATIENCE });
        }
        if let Some(report) = report {
            self.life.world.ledger.reported((report.attempt, report.task, report.try_no));
        }
        Ok(())
    }
}

#[async_trait]
impl Broker for SimBroker {
    async fn publish(&self, messages: Vec<OutgoingMessage>) -> Vec<Result<(), PublishError>> {
        // Each on its own way: they arrive in any order.
        join_all(messages.into_iter().map(|message| self.publish_one(message))).await
    }

    async fn consume(&self, queue: Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BrokerError> {
        self.life.enter().await;
        let inner = self.life.broker().consume(queue, prefetch).await?;
        let life = Arc::clone(&self.life);
        Ok(Box::new(SimConsumer { life, queue, prefetch, inner, cancelled: false }))
    }

    async fn close(&self) {
        self.life.broker().close().await;
    }
}

struct SimConsumer {
    life: Arc<Life>,
    queue: Queue,
    prefetch: u16,
    inner: Box<dyn Consumer>,
    cancelled: bool,
}

#[async_trait]
impl Consumer for SimConsumer {
    async fn next(&mut self) -> Option<Delivery> {
        loop {
            if self.life.is_dead() {
                std::future::pending::<()>().await;
            }
            match self.inner.next().await {
                Some(delivery) => {
                    let world = &self.life.world;
                    if world.faults.strikes(Fault::ConnectionLost, &world.dice) {
                        // Everything that is not settled goes back, this one as well.
                        drop(delivery);
                        self.life.reconnect();
                        continue;
                    }
                    return Some(self.watched(delivery));
                }
                None if self.cancelled => return None,
                None if self.life.is_dead() => {}
                // The connection broke.
                None => {
                    let again = self.life.broker().consume(self.queue, self.prefetch).await;
                    self.inner = again.ok()?;
                }
            }
        }
    }

    async fn cancel(&mut self) {
        self.cancelled = true;
        self.inner.cancel().await;
    }
}

impl SimConsumer {
    /// Tells the ledger what is acknowledged.
    fn watched(&self, delivery: Delivery) -> Delivery {
        let message = match self.queue {
            Queue::Tasks => WorkerMessage::decode(&delivery.body).ok(),
            Queue::Reports | Queue::Dead => None,
        };
        let Some(WorkerMessage::Task(task)) = message else { return delivery };
        let life = Arc::clone(&self.life);
        delivery.observed(move |settlement| {
            if settlement == Settlement::Ack && !life.is_dead() {
                life.world.ledger.acknowledged((task.attempt, task.task, task.try_no));
            }
        })
    }
}
