//! The consumer: takes deliveries as fast as the prefetch allows and winds up on a stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use himekuri_bigquery::BigQuery;
use himekuri_broker::{Broker, BrokerError, Queue};
use himekuri_telemetry::{gauges, metrics};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::WorkerConfig;
use crate::executor::Executor;
use crate::watch::Lists;
use crate::writers::Writers;

/// One worker.
pub struct Worker {
    executor: Arc<Executor>,
}

impl Worker {
    /// A worker that stops when `stop` is cancelled.
    #[must_use]
    pub fn new(
        broker: Arc<dyn Broker>,
        bigquery: BigQuery,
        config: WorkerConfig,
        stop: CancellationToken,
    ) -> Self {
        let (lists, writers) = (Lists::default(), Writers::default());
        let in_hand = AtomicUsize::new(0);
        let executor = Executor {
            broker,
            bigquery,
            config,
            lists,
            writers,
            in_hand,
            done: AtomicU64::new(0),
            started: Instant::now(),
            stop,
        };
        let executor = Arc::new(executor);
        let seen = Arc::downgrade(&executor);
        gauges::follow(&metrics::worker::DELIVERIES, move || {
            let in_hand = seen.upgrade().map_or(0, |seen| seen.in_hand.load(Ordering::Relaxed));
            f64::from(u32::try_from(in_hand).unwrap_or(u32::MAX))
        });
        gauges::set(&metrics::worker::CAPACITY, f64::from(executor.config.prefetch));
        Self { executor }
    }

    /// Works until stopped; running deliveries then get the drain time of the configuration to wind up.
    ///
    /// # Errors
    /// The broker cannot be reached at the start.
    pub async fn run(self) -> Result<(), BrokerError> {
        let config = &self.executor.config;
        let mut consumer = self.executor.broker.consume(Queue::Tasks, config.prefetch).await?;
        tracing::info!("worker {} takes up to {} tasks at once", config.name, config.prefetch);
        let announcer = Arc::clone(&self.executor);
        let announcing = tokio::spawn(async move { announcer.announce().await });
        let mut running = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                () = self.executor.stop.cancelled() => break,
                Some(ended) = running.join_next() => log_panic(ended),
                delivery = consumer.next() => {
                    let Some(delivery) = delivery else { break };
                    let executor = Arc::clone(&self.executor);
                    running.spawn(async move { executor.run(delivery).await });
                }
            }
        }
        consumer.cancel().await;
        self.drain(running).await;
        // What was delivered and not begun goes back with the consumer.
        drop(consumer);
        announcing.abort();
        self.executor.leave().await;
        self.executor.broker.close().await;
        Ok(())
    }

    async fn drain(&self, mut running: JoinSet<()>) {
        let deadline = Instant::now() + self.executor.config.drain;
        tracing::info!("worker {} winds up {} tasks", self.executor.config.name, running.len());
        while let Ok(Some(ended)) = tokio::time::timeout_at(deadline, running.join_next()).await {
            log_panic(ended);
        }
        if !running.is_empty() {
            tracing::warn!(
                "{} tasks did not wind up in time; they are delivered again",
                running.len()
            );
        }
        running.shutdown().await;
    }
}

/// A panic loses no task: the delivery was dropped unsettled and comes again.
fn log_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a delivery ended abnormally: {error}");
    }
}
