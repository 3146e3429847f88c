//! The broker on RabbitMQ 3.10 and later, without plugins.
//!
//! Each role has a connection of its own and a supervisor: one for publishing, one per consumer. A broker
//! in trouble blocks connections that publish, and acknowledgements must still get through. A supervisor
//! connects, declares the queues, serves, and on any error throws the connection away and starts again
//! after a short random wait; the client library's own recovery stays off, because what is in flight at
//! the time of a loss must be decided here: deliveries come again, publishes are reported unconfirmed.
//!
//! Queues are durable quorum queues written to the weakest supported version: explicit delivery limit,
//! at-least-once dead-lettering with `reject-publish`, prefetch per consumer. On a cluster that was upgraded
//! from 3.9 the feature flag `stream_queue` must be enabled, otherwise RabbitMQ falls back to dead-lettering
//! at most once (<https://www.rabbitmq.com/docs/quorum-queues#activating-at-least-once-dead-lettering>).

mod address;
mod backoff;
mod config;
mod connector;
mod consumer;
mod fitness;
mod greeting;
mod incoming;
mod metrics;
mod outgoing;
mod publisher;
mod queues;
mod session;
mod settling;
mod transport;

use std::sync::Mutex;
use std::time::Instant;

use async_trait::async_trait;
use tokio::{sync::watch, task::JoinHandle};

pub use config::RabbitConfig;

use crate::{Broker, BrokerError, Consumer, OutgoingMessage, PublishError, Queue};
use connector::Connector;
use consumer::RabbitConsumer;
use publisher::Publisher;

/// Most deliveries a quorum queue leaves unsettled per consumer
/// (<https://www.rabbitmq.com/docs/confirms#channel-qos-prefetch>).
const PREFETCH_MAX: u16 = 2_000;

/// The pool's broker on RabbitMQ.
#[derive(Debug)]
pub struct RabbitBroker {
    connector: Connector,
    publisher: Publisher,
    closing: watch::Sender<bool>,
    supervisors: Mutex<Vec<JoinHandle<()>>>,
}

impl RabbitBroker {
    /// Connects, and declares the queues. Later losses of the connection are healed; this first time it fails
    /// at once, because a wrong address does not heal.
    ///
    /// # Errors
    /// When the address is malformed, a certificate cannot be read, nobody answers, the server is no RabbitMQ or too old, its
    /// certificate is not trusted, the credentials or the virtual host are refused, or a queue exists with other arguments.
    pub async fn connect(config: RabbitConfig) -> Result<Self, BrokerError> {
        let connector = Connector::new(config)?;
        connector.look().await?;
        let first = connector.connect("publish").await?;
        let (closing, closed) = watch::channel(false);
        let (publisher, supervisor) = Publisher::start(connector.clone(), first, closed);
        Ok(Self { connector, publisher, closing, supervisors: Mutex::new(vec![supervisor]) })
    }

    /// Whether the connection for publishing is up at the moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.publisher.is_up()
    }

    fn supervisors(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.supervisors.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Broker for RabbitBroker {
    async fn publish(&self, messages: Vec<OutgoingMessage>) -> Vec<Result<(), PublishError>> {
        let began = Instant::now();
        let results = self.publisher.publish(&messages).await;
        metrics::published(&messages, &results, began.elapsed());
        results
    }

    async fn consume(&self, queue: Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BrokerError> {
        if *self.closing.borrow() {
            return Err(BrokerError::Closed);
        }
        let (consumer, supervisor) = RabbitConsumer::start(
            self.connector.clone(),
            queue,
            prefetch.clamp(1, PREFETCH_MAX),
            self.closing.subscribe(),
        )
        .await?;
        let mut supervisors = self.supervisors();
        supervisors.retain(|other| !other.is_finished());
        supervisors.push(supervisor);
        Ok(Box::new(consumer))
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        let supervisors = std::mem::take(&mut *self.supervisors());
        for supervisor in supervisors {
            // A supervisor that panicked has nothing left to close.
            let _ended = supervisor.await;
        }
    }
}
