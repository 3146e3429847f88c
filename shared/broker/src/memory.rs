//! The broker inside one process, for `himekuri run` and for tests.
//!
//! It keeps the promises of the crate, delivery limit and dead queue included, so that what works here
//! does not fail on RabbitMQ. It forgets everything when it is dropped.

mod consumer;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::{Broker, BrokerError, Consumer, MAX_BODY_BYTES, OutgoingMessage, PublishError, Queue};
use consumer::MemoryConsumer;
use state::State;

/// Settings of [`MemoryBroker`].
#[derive(Clone, Copy, Debug)]
pub struct MemoryConfig {
    /// How often a message may be returned before it goes to the dead queue; a limit of n means n + 1
    /// deliveries.
    pub delivery_limit: u32,
}

impl Default for MemoryConfig {
    /// The limit of the pool's RabbitMQ queues.
    fn default() -> Self {
        Self { delivery_limit: 20 }
    }
}

/// One connection to the pool's broker inside one process.
#[derive(Debug)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
    connection: u64,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Woken whenever a waiting consumer may find something new.
    changed: Notify,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state, then lets every waiting consumer look.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.changed.notify_waiters();
        result
    }
}

impl MemoryBroker {
    /// The first connection to an empty broker.
    #[must_use]
    pub fn new(config: MemoryConfig) -> Self {
        let mut state = State::new(config.delivery_limit);
        let connection = state.connect();
        let shared = Shared { state: Mutex::new(state), changed: Notify::new() };
        Self { shared: Arc::new(shared), connection }
    }

    /// Another connection to the same queues: closing one leaves the other open.
    #[must_use]
    pub fn connect(&self) -> Self {
        let connection = self.shared.state().connect();
        Self { shared: Arc::clone(&self.shared), connection }
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::new(MemoryConfig::default())
    }
}

impl Drop for MemoryBroker {
    fn drop(&mut self) {
        self.shared.change(|state| state.disconnect(self.connection));
    }
}

#[async_trait]
impl Broker for MemoryBroker {
    async fn publish(&self, messages: Vec<OutgoingMessage>) -> Vec<Result<(), PublishError>> {
        self.shared.change(|state| {
            let is_open = state.is_connected(self.connection);
            messages.into_iter().map(|message| publish_one(state, is_open, message)).collect()
        })
    }

    async fn consume(&self, queue: Queue, prefetch: u16) -> Result<Box<dyn Consumer>, BrokerError> {
        let id = self.shared.state().subscribe(self.connection).ok_or(BrokerError::Closed)?;
        Ok(Box::new(MemoryConsumer::new(Arc::clone(&self.shared), id, queue, prefetch)))
    }

    async fn close(&self) {
        self.shared.change(|state| state.disconnect(self.connection));
    }
}

fn publish_one(
    state: &mut State,
    is_open: bool,
    message: OutgoingMessage,
) -> Result<(), PublishError> {
    if message.body.len() > MAX_BODY_BYTES {
        let size = message.body.len();
        return Err(PublishError::TooLarge { id: message.id, size, limit: MAX_BODY_BYTES });
    }
    if !is_open {
        return Err(PublishError::Closed { id: message.id });
    }
    state.publish(message);
    Ok(())
}
